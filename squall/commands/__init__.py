"""One command a file: `cli.py` lists them, `options.py` and `outputs.py` hold what they share."""
