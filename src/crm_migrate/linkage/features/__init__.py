"""Values of records as match keys, coded as integers."""
