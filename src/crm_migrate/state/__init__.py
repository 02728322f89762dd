"""Run state: an index in SQLite of what runs, people and plans have made.

What cannot be made again from the sources, the target and the journal are the identities and
the verdicts: they are backed up. No personal data stands in it: record ids are keyed digests;
owners are staff.
"""

from crm_migrate.state.database import back_up, open_state

__all__ = ["back_up", "open_state"]
