"""One module a notebook: its question, its variants, its printed numbers."""
