"""Read models: what people ask about, folded from the journal, to be dropped and folded anew at any time."""
