"""How good the data is: measures, control totals, findings, dictionary, verification."""
