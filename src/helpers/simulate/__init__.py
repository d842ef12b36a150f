"""Made-up data, and nothing else."""
