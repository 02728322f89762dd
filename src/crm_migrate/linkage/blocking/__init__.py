"""Which pairs are compared at all."""
