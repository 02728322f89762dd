"""PostgreSQL: as a target, and its tables as sources."""
