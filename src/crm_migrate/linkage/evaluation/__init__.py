"""How right a linkage is: against a truth, or by verdicts on a sample."""
