"""Columns of text: characters, decimals, masks, and work on the few values that need it."""
