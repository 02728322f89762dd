"""Measurements: each a ratio against what a user would pick instead, in the same run."""
