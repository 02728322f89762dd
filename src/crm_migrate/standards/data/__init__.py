"""Tables of the standards, each with its source and edition in its first lines."""
