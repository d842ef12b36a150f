"""What a notebook declares, shows and records."""
