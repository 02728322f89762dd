"""The workspace: each run's stage tables, encrypted, and what has been done so far."""

from crm_migrate.workspace.run import Run
from crm_migrate.workspace.runs import Workspace

__all__ = ["Run", "Workspace"]
