"""Merges in the target: carried out, read back, and taken back."""
