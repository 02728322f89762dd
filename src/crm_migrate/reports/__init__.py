"""Versioned documents: the audit report, its cover and revisions."""
