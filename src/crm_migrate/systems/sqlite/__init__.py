"""SQLite as a target: a CRM in one file, and the sandbox."""
