"""What the data is worth: profile, measures, control totals, data dictionary."""
