"""Readable personal data for people, made by one verb only."""
