"""Search: many seeds, what broke in them, and the smallest run that still shows it."""
