"""Plan, run and render: what `make all` and `make run` do."""
