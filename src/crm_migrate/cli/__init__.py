"""The command line: each verb is a thin shell around a documented function."""
