"""Record linkage: which records are the same customer, and what their golden record says."""
