"""Why one customer is as it is, and what became of it over all plans."""
