"""Small helpers behind the notebooks: one job a module, data in, data out."""
