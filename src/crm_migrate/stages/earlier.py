"""What the last run made of inputs that are the same now: taken over instead of made again.

A source whose file has the same digest is not mapped again, and a record that is the same in
every raw cell and in its place is not standardized again: mapping looks at one table, the
standards at one record. Both hold only under the same project files and the same code, so
`made_by` names them. Whatever cannot be read of the earlier run is simply made anew.

So that later stages can confine their work, too, the stages `standardized` and `golden` leave

- `x_since`: no line where there is nothing to compare with, else one: `run`, the id of the earlier
  run, and `digest`, the mark of the stage's tables there;
- `x_changed.<entity>`, only where `x_since` has a line: `record_id` (in `golden`: `golden_id`) and
  `change`, one of `new`, `changed`, `gone`, in the order of the ids.

A record that is not listed stands in both runs and is equal in every field, references included;
of standardized records the place (`_file`, `_sheet`, `_row`) is not compared. Verdicts, the
registry and the CRM's rows are no part of it: whoever depends on them compares them.
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
from crm_migrate.model import Entity
from crm_migrate.records import RECORD_ID, SOURCE
from crm_migrate.stages.job import Job
from crm_migrate.standards.catalog import rules
from crm_migrate.workspace import Run, Workspace

MAPPED, STANDARDIZED = "mapped", "standardized"
SINCE = "x_since"
_CHANGED = "x_changed."
NEW, CHANGED, GONE = "new", "changed", "gone"


@dataclass(frozen=True)
class Known:
    """Records of an entity that need not be standardized again: in standard form."""

    records: pl.DataFrame
    findings: pl.DataFrame
    again: pl.DataFrame
    """The raw records that are new, changed or were turned away."""


@dataclass(frozen=True)
class TakenSource:
    """What a source's tables became: lines of `x_rows`, raw records by entity, and the rest."""

    rows: pl.DataFrame
    records: dict[str, pl.DataFrame]
    findings: pl.DataFrame
    ambiguous: pl.DataFrame
    totals: pl.DataFrame


@dataclass(frozen=True)
class Earlier:
    """The last run that was made by the same project and code."""

    run: Run
    rows: pl.DataFrame
    _mapped: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False)
    """Tables of raw records, kept from the first source that is taken over to their last use."""

    def source(self, name: str, digest: str) -> TakenSource | None:
        """What was made of the source; None where its content is not surely the same."""
        lines = self.rows.filter(pl.col("source") == name)
        if not digest or lines.is_empty() or not (lines["sha256"] == digest).all():
            return None
        tables = [n for n in self.run.names(MAPPED) if not n.startswith("x_")]
        try:
            own = {n: self._raw(n).filter(pl.col(SOURCE) == name) for n in tables}
            found, ambiguous, totals = (
                self.run.read(MAPPED, table).filter(pl.col("source") == name)
                for table in ("x_findings", "x_ambiguous", "x_totals")
            )
        except (NotFound, IntegrityFault):
            return None
        held = {n: frame for n, frame in own.items() if frame.height}
        return TakenSource(lines, held, found, ambiguous, totals)

    def known(self, entity: Entity, mapped: pl.DataFrame) -> Known | None:
        """The records of `mapped` that were standardized before, raw cell by raw cell the same."""
        try:
            raw = self._raw(entity.name)
            self._mapped.pop(entity.name, None)
            done = self.run.read(STANDARDIZED, entity.name)
            found = self.run.read(STANDARDIZED, "x_findings")
        except (NotFound, IntegrityFault):
            return None
        if raw.schema != mapped.schema or set(done.columns) != set(mapped.columns):
            return None
        place = raw.select(RECORD_ID).with_row_index("_place")
        placed = mapped.select(RECORD_ID).join(
            place, on=RECORD_ID, how="left", maintain_order="left"
        )
        at = placed["_place"]
        same = at.is_not_null()
        for name in mapped.columns:
            same = same & mapped[name].eq_missing(raw[name].gather(at))
        same = same & mapped[RECORD_ID].is_in(done[RECORD_ID].implode())
        kept = mapped.filter(same)
        if kept.is_empty():
            return None
        # References are told anew which of their records exist.
        references = [f.name for f in entity.references()]
        records = done.drop(references).join(
            kept.select(RECORD_ID, *references), on=RECORD_ID, how="inner", maintain_order="left"
        )
        findings = found.filter(
            (pl.col("entity") == entity.name) & pl.col("rule").is_in(list(rules()))
        )
        findings = findings.join(kept.select(RECORD_ID), on=RECORD_ID, how="semi")
        return Known(records.select(mapped.columns), findings, mapped.filter(~same))

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

    def _raw(self, name: str) -> pl.DataFrame:
        if name not in self._mapped:
            self._mapped[name] = self.run.read(MAPPED, name)
        return self._mapped[name]


def since(run: Run, stage: str, before: Earlier | None) -> Earlier | None:
    """`before`, if the stage's `x_changed` tables compare with just that run and its tables."""
    if before is None or SINCE not in run.names(stage):
        return None
    told = run.read(stage, SINCE).rows()
    return before if told == [(before.run.id, before.mark(stage))] else None


def changed(run: Run, stage: str, entity: str) -> pl.DataFrame:
    """The entity's records that are new, changed or gone (see the top); empty where none is."""
    if _CHANGED + entity in run.names(stage):
        return run.read(stage, _CHANGED + entity)
    return pl.DataFrame(schema={RECORD_ID: pl.String, "change": pl.String})


def made_by(job: Job) -> str:
    """Digest of all that decides beside the sources: project files, this code, Polars."""
    parts = (job.project.digest, _code(), pl.__version__)
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
