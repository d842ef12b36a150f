"""Sums that may leave the house, and the checks that they must pass."""
