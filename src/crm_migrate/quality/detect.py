"""Detection of semantic types, for those who look for it here; see `formats.detect`."""

from crm_migrate.formats.detect import Detected, detect

__all__ = ["Detected", "detect"]
