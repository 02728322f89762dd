"""Who said what about a plan, and what of it counts."""
