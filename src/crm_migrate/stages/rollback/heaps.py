"""What a rollback does, or did, in three heaps: taken back, kept, failed; and with what reasons."""

from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.language import Text, current_language
from crm_migrate.loading.precondition import LEFT_REASONS
from crm_migrate.plan.approval.deciding import PlanState
from crm_migrate.plan.change import Action as Change
from crm_migrate.plan.file.parts import SUFFIX
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.reasons import REASONS
from crm_migrate.plan.show.risks import reason_text
from crm_migrate.stages.apply import Done
from crm_migrate.stages.planning.plans import entity_labels, state_of
from crm_migrate.stages.session import Session

KEPT_ROWS = 1_000
"""Kept rows that the JSON names; all of them stand in the plan."""


@dataclass(frozen=True)
class Heaps:
    """Rows of one entity: taken back (or to be), kept, failed, without anything to take back."""

    reversed: int = 0
    kept: int = 0
    failed: int = 0
    nothing: int = 0
    let_go: int = 0
    """Rows that the plan had only taken over: they are no longer ours, nothing in them changes."""


@dataclass(frozen=True)
class RolledBack:
    """A rollback, planned or carried out (`done`)."""

    header: PlanHeader
    state: PlanState
    path: Path
    files: tuple[Path, ...]
    labels: dict[str, str]
    by_entity: dict[str, Heaps]
    kept_rows: tuple[tuple[str, str, str], ...]
    """Entity, golden id and reason code of rows that are kept or failed (KEPT_ROWS at most)."""
    reasons: dict[str, int]
    """Reason code (without detail) → how many rows are kept or failed for it."""
    merges: Heaps
    """Merges taken apart, and kept together; counted apart from the rows."""
    done: Done | None = None

    def total(self, heap: str) -> int:
        """Rows of a heap over all entities."""
        return sum(getattr(heaps, heap) for heaps in self.by_entity.values())

    @property
    def ready(self) -> bool:
        """Whether it can be carried out now, or goes on where it was interrupted."""
        return self.done is None and self.state == "approved"

    @property
    def waits(self) -> bool:
        """Whether somebody must approve it first."""
        return self.done is None and self.state == "approvable"

    @property
    def ok(self) -> bool:
        """Nothing failed, and not everything had to be kept."""
        if self.done is not None and (not self.done.ok or self.total("failed")):
            return False
        done = ("reversed", "nothing", "let_go")
        return not self.total("kept") or any(self.total(heap) for heap in done)

    @property
    def next_step(self) -> str:
        """The next sensible command."""
        plan = self.header.plan_id
        if self.done is not None:
            return "crm-migrate audit report"
        if self.state == "approvable" and self.header.target.sandbox:
            return f"crm-migrate approve {plan} --sandbox, crm-migrate apply {plan}"
        if self.state == "approvable":
            return f"crm-migrate approve {plan} --as …, crm-migrate apply {plan}"
        if self.state == "approved":
            return f"crm-migrate apply {plan}"
        return f"crm-migrate show {plan} --open"

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        return {
            "run": self.header.run,
            "plan": self.header.plan_id,
            "reverses": self.header.reverses,
            "effect": self.header.effect,
            "state": self.done.applied.state if self.done else self.state,
            "reversed": self.total("reversed"),
            "kept": self.total("kept"),
            "failed": self.total("failed"),
            "nothing": self.total("nothing"),
            "let_go": self.total("let_go"),
            "merges": {"reversed": self.merges.reversed, "kept": self.merges.kept},
            "reparented": self.header.reparented,
            "verified": self.done.facts.verified if self.done else None,
            "by_entity": {name: asdict(heaps) for name, heaps in self.by_entity.items()},
            "kept_rows": [
                {"entity": entity, "golden_id": golden, "reason": reason}
                for entity, golden, reason in self.kept_rows
            ],
            "files": [str(f) for f in self.files],
        }


def reason_words(code: str) -> Text:
    """Why a row is kept or failed, in words."""
    known = code.partition(":")[0] in REASONS
    return reason_text(code) if known else LEFT_REASONS.get(code, Text(code, code))


def rolled_back(
    session: Session,
    header: PlanHeader,
    operations: dict[str, pl.DataFrame],
    merged: int,
    files: tuple[Path, ...],
) -> RolledBack:
    """The rollback as planned; `merged`: merges that could have been taken apart."""
    by_entity: dict[str, Heaps] = {}
    kept: list[tuple[str, str, str]] = []
    for name, frame in operations.items():
        acted = pl.col("action").is_in([str(a) for a in _ACTING])
        left = frame.filter(pl.col("action") == Change.SKIP)
        kept += [(name, g, r) for g, r in left.select("golden_id", "reason").iter_rows()]
        reversed_rows = frame.filter(acted).height
        let_go = frame.filter(~acted & pl.col("adopt")).height
        nothing = frame.height - reversed_rows - left.height - let_go
        by_entity[name] = Heaps(reversed_rows, left.height, 0, nothing, let_go)
    folder = session.plan_folder(header.plan_id)
    return RolledBack(
        header=header,
        state=state_of(session, header),
        path=folder / f"{header.plan_id}{SUFFIX}",
        files=files,
        labels=entity_labels(session, current_language()),
        by_entity=by_entity,
        kept_rows=tuple(kept[:KEPT_ROWS]),
        reasons=_counted(kept),
        merges=Heaps(header.merges, merged - header.merges),
    )


def _counted(rows: list[tuple[str, str, str]]) -> dict[str, int]:
    return dict(Counter(reason.partition(":")[0] for _, _, reason in rows).most_common())


_ACTING = (Change.INSERT, Change.UPDATE, Change.DELETE)


def with_outcome(planned: RolledBack, done: Done) -> RolledBack:
    """What apply left stands with what was kept or, where the target refused it, with failed."""
    by_entity = {}
    for name, heaps in planned.by_entity.items():
        mine = done.applied.left.filter(pl.col("entity") == name)
        failed = mine.filter(pl.col("result") == "failed").height
        written = min(mine.height, heaps.reversed)  # a row only let go is left with its group
        by_entity[name] = replace(
            heaps,
            reversed=heaps.reversed - written,
            let_go=heaps.let_go - (mine.height - written),
            kept=heaps.kept + mine.height - failed,
            failed=failed,
        )
    named = done.applied.left.select("entity", "golden_id", "reason").iter_rows()
    left = [(entity, golden, reason or "") for entity, golden, reason in named]
    reasons = Counter(planned.reasons) + Counter(_counted(left))
    return replace(
        planned,
        by_entity=by_entity,
        kept_rows=(*left, *planned.kept_rows)[:KEPT_ROWS],
        reasons=dict(reasons.most_common()),
        merges=_merges_after(planned.merges, done.applied.merges),
        done=done,
        state="applied",
    )


def _merges_after(planned: Heaps, taken_apart: int) -> Heaps:
    left = planned.reversed - taken_apart
    return replace(planned, reversed=taken_apart, kept=planned.kept + left)
