"""Golden cells that no source gave: set by people, or derived from other data."""
