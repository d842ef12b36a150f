"""From rows to tidy estimates. Knows no study, no file and no figure."""
