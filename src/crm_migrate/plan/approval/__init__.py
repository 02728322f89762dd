"""Who must approve a plan, who did, and whether it counts: signed statements about its digests."""
