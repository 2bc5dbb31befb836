"""Trading strategies: what each wants at a tick, how much of it the desk's budget allows, and what is left out."""
