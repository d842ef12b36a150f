"""Any file that people have: rows with labels, order and missing codes, and a count of what was left out and why."""
