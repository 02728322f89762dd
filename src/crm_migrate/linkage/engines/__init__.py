"""Whole linkages behind one contract: native, natural key, recordlinkage, incremental."""
