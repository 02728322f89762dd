"""Linking bare tables: columns recognised, ready-made packs, proposals, best candidates."""
