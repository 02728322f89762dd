"""The difference between golden records and what stands in the target: pure, by columns."""
