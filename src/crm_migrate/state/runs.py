"""The runs that were begun, and how they ended."""

from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Engine

from crm_migrate.state.schema import RUNS

Status = Literal["begun", "done", "failed", "destroyed"]


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One run; `kind` says what it was for (`plan`, `clean`, `profile`). Times are RFC 3339 UTC."""

    run: str
    kind: str
    status: Status
    begun_at: str
    ended_at: str | None = None
    input_digest: str | None = None


def begin_run(state: Engine, run: RunEntry) -> None:
    """Enter a run, or note that a known one goes on."""
    with state.begin() as connection:
        known = update(RUNS).where(RUNS.c.run == run.run).values(status="begun", ended_at=None)
        if connection.execute(known).rowcount == 0:
            connection.execute(insert(RUNS).values(**asdict(run)))


def end_run(state: Engine, run: str, status: Status, at: str) -> None:
    """Note how a run ended."""
    with state.begin() as connection:
        connection.execute(update(RUNS).where(RUNS.c.run == run).values(status=status, ended_at=at))


def list_runs(state: Engine) -> list[RunEntry]:
    """All runs, the newest first."""
    query = select(RUNS).order_by(RUNS.c.begun_at.desc(), RUNS.c.run.desc())
    with state.connect() as connection:
        return [
            RunEntry(**{str(name): value for name, value in row.items()})
            for row in connection.execute(query).mappings()
        ]
