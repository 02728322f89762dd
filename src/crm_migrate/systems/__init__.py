"""Living systems: databases that are read as sources, and the target that is written."""
