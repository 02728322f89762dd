"""Run state: an index in SQLite of what runs, people and plans have made.

What cannot be made again from the sources, the target and the journal are the identities and
the verdicts: they are backed up. No personal data stands in it: record ids are keyed digests;
owners are staff.
"""
