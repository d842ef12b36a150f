"""From tidy rows to figures, and numbers and words for people."""
