"""Runs are kept as long as the project says, then their keys are shredded (R-5.5)."""

from datetime import UTC, datetime, timedelta

from crm_migrate.stages.planning.plans import list_plans
from crm_migrate.stages.session import Session

OPEN = ("approvable", "approved")
"""Plans in these states can still be applied, which needs their run."""


def sweep(session: Session) -> list[str]:
    """Destroy the runs that are older than `retention_days`; the newest stays, and what an
    open plan needs, which the plan's own expiry ends.

    Raises:
        WorkspaceFault: another run is at work.
    """
    oldest = session.job.clock() - timedelta(days=session.project.settings.retention_days)
    over = [run for run in session.workspace.run_ids()[:-1] if begun_at(run) < oldest]
    needed = {plan.run for plan in list_plans(session) if plan.state in OPEN} if over else set()
    over = [run for run in over if run not in needed]
    for run in over:
        session.workspace.destroy(run)
        session.record("system", "run.destroyed", {"run": run})
    return over


def begun_at(run: str) -> datetime:
    """When a run began, from its id `20250301T093000-5f2c`."""
    return datetime.strptime(run.partition("-")[0], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
