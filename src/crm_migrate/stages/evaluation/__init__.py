"""How right the linkage is: against a truth, or by verdicts on a sample."""
