"""The target as planning sees it: what stands there as records, and what its columns can hold."""
