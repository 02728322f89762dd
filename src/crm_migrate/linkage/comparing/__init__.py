"""The level of every pair in every comparison, and what forbids a match."""
