"""Invented sample data: `make_samples` writes the files, `generator` holds how."""
