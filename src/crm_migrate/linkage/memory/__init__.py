"""What a run leaves for the next one, and what changed since."""
