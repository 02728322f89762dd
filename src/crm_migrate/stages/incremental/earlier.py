"""What the last run made of inputs that are the same now: taken over instead of made again.

A source whose file has the same digest is not read again, and a record that is the same in every
raw cell, in its place and in what mapping found is not standardized again: mapping looks at one
table, the standards at one record. Both hold only under the same project files and the same code,
so `made_by` names them. Whatever cannot be read of the earlier run is simply made anew.

So that later stages can confine their work, the stages `mapped`, `standardized`, `golden` leave

- `x_since`: no line where there is nothing to compare with, else one: `run`, the id of the earlier
  run, and `digest`, the mark of the stage's tables there;
- `x_changed.<entity>`, only where `x_since` has a line: `record_id` (in `golden`: `golden_id`) and
  `change`, one of `new`, `changed`, `gone`, in the order of the ids.

A record that is not listed stands in both runs and is equal in every field, references included;
of standardized records the place (`_file`, `_sheet`, `_row`) is not compared. Of raw records those
are listed as changed, too, that stand in another place or of which mapping found something else.
Verdicts, the registry and the CRM's rows are no part of it: whoever depends on them compares them.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import polars as pl

import crm_migrate
from crm_migrate.errors import IntegrityFault, KeyFault, NotFound
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.job import Job
from crm_migrate.workspace import Run, Workspace

MAPPED, STANDARDIZED = "mapped", "standardized"
SINCE = "x_since"
CHANGE = "change"
NEW, CHANGED, GONE = "new", "changed", "gone"


@dataclass(frozen=True)
class TakenSource:
    """What a source's tables became, but for the records: lines of `x_rows`, and the rest."""

    rows: pl.DataFrame
    findings: pl.DataFrame
    ambiguous: pl.DataFrame
    totals: pl.DataFrame


@dataclass(frozen=True)
class Earlier:
    """The last run that was made by the same project and code."""

    run: Run
    rows: pl.DataFrame
    _mapped: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False)
    """Tables of raw records, from the first use to the last."""

    def readable(self) -> bool:
        """Whether the tables of the stage `mapped` are all there and as they were written."""
        try:
            for name in self.run.names(MAPPED):
                table = self.run.read(MAPPED, name)
                if not name.startswith("x_"):
                    self._mapped[name] = table
        except (NotFound, IntegrityFault):
            return False
        return True

    def source(self, name: str, digest: str) -> TakenSource | None:
        """What was made of the source; None where its content is not surely the same."""
        lines = self.rows.filter(pl.col("source") == name)
        if not digest or lines.is_empty() or not (lines["sha256"] == digest).all():
            return None
        try:
            found, ambiguous, totals = (
                self.run.read(MAPPED, table).filter(pl.col("source") == name)
                for table in ("x_findings", "x_ambiguous", "x_totals")
            )
        except (NotFound, IntegrityFault):
            return None
        return TakenSource(lines, found, ambiguous, totals)

    def raw(self, name: str) -> pl.DataFrame | None:
        """An entity's raw records, once; `readable` has read them."""
        return self._mapped.pop(name, None)

    def done(self, stage: str) -> bool:
        """Whether the stage ended well in that run."""
        record = self.run.manifest.stages.get(stage)
        return record is not None and record.input_digest is not None

    def mark(self, stage: str) -> str:
        """SHA-256 over the names and ciphertext digests of the stage's tables in that run."""
        outputs = self.run.manifest.stages[stage].outputs if self.done(stage) else {}
        lines = sorted(
            f"{name}\t{output.sha256}\t{output.base.sha256 if output.base else ''}"
            for name, output in outputs.items()
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def since(run: Run, stage: str, before: Earlier | None) -> Earlier | None:
    """`before`, if the stage's `x_changed` tables compare with just that run and its tables."""
    if before is None or SINCE not in run.names(stage):
        return None
    told = run.read(stage, SINCE).rows()
    return before if told == [(before.run.id, before.mark(stage))] else None


def changed(run: Run, stage: str, entity: str) -> pl.DataFrame:
    """The entity's records that are new, changed or gone (see the top); empty where none is."""
    if changes_of(entity) in run.names(stage):
        return run.read(stage, changes_of(entity))
    return pl.DataFrame(schema={RECORD_ID: pl.String, CHANGE: pl.String})


def changes_of(entity: str) -> str:
    """The name of the table that says what changed of an entity."""
    return f"x_changed.{entity}"


def made_by(job: Job) -> str:
    """Digest of all that decides beside the sources: project files (of allow-lists what has not
    expired), this code, Polars.
    """
    allowed = sorted(job.rules.records.as_of(job.clock().date()).allowed.items())
    parts = (job.project.digest, repr(allowed), _code(), pl.__version__)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@contextmanager
def last_run(workspace: Workspace, current: Run, job: Job) -> Iterator[Earlier | None]:
    """The newest other run, if it can be taken over from."""
    others = [name for name in workspace.run_ids() if name != current.id]
    try:
        run = workspace.open(others[-1]) if others else None
        rows = run.read(MAPPED, "x_rows") if run is not None else pl.DataFrame()
    except (NotFound, KeyFault, IntegrityFault):
        run, rows = None, pl.DataFrame()
    if run is None or "made_by" not in rows.columns or not (rows["made_by"] == made_by(job)).all():
        yield None
        return
    with run:
        yield Earlier(run, rows)


@cache
def _code() -> str:
    root = Path(crm_migrate.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
