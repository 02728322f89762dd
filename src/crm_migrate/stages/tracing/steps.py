"""The steps that a trace tells, from the cells of a source to the row in the CRM."""

import dataclasses
from dataclasses import asdict, dataclass
from typing import Any

from crm_migrate.stages.tracing.target_row import TargetRow


@dataclass(frozen=True, slots=True)
class SourceCell:
    """A cell of a member: as it was read, as it was standardized, and what was found about it."""

    field: str
    label: str
    column: str | None
    raw: str | None
    value: str | None
    same: bool
    """Whether standardizing left the value as it was (masks may look alike)."""
    findings: list[str] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Member:
    """One record of the customer, and where it was read (`@target`: a row of the CRM)."""

    record_id: str
    source: str
    file: str
    sheet: str | None
    row: int | None
    target_key: str | None
    quarantined: bool
    cells: list[SourceCell]


@dataclass(frozen=True, slots=True)
class Link:
    """Why two members are, or might be, the same: one line per comparison, in bits."""

    left_id: str
    right_id: str
    weight: float | None
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class GoldenCell:
    """A cell of the golden record: which member won, by which rule, against how many others."""

    field: str
    label: str
    value: str | None
    record_id: str | None
    rule: str
    losers: int


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that the plan writes."""

    label: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """What the run's plan does to the customer, and to what hangs on it."""

    plan: str
    action: str
    reason: str
    cells: list[Change]
    children: dict[str, dict[str, int]]
    """Entity → action → operations in the same atomic group."""


@dataclass(frozen=True)
class Trace:
    """The way of one customer, or of another record. Values are masked unless `clear`."""

    run: str
    entity: str
    asked: str
    golden_id: str | None
    customer_code: str | None
    clear: bool
    members: list[Member]
    links: list[Link]
    cells: list[GoldenCell]
    operation: Operation | None
    rollbacks: list[Operation]
    """What plans that took the run's plan back did, or would do, to the customer."""
    target: TargetRow | None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)
