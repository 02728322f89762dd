"""Golden records: their ids, kept over merge and split, and the values that survive."""
