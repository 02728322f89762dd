"""Records that could not be taken: out to people as a workbook, corrections back in."""
