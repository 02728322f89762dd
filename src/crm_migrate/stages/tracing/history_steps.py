"""What a history tells: plan by plan who, when and what, before and after (R-7.1)."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CellStep:
    """A cell that was written, as the person may see it."""

    field: str
    label: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class RowStep:
    """What a plan did to one row, or why it left it.

    `unknown`: what of its cells cannot be told any more: `before`, `after`, `cells`, or null.
    """

    entity: str
    label: str
    golden_id: str
    target_key: str | None
    action: str
    result: str
    reason: str | None
    at: str
    cells: list[CellStep]
    unknown: str | None


@dataclass(frozen=True, slots=True)
class MoveStep:
    """A row that was merged into another, or a cell that was pointed at the row that stays."""

    entity: str
    kind: str
    table: str
    row_key: str
    column: str | None
    before: str | None
    after: str | None
    result: str
    at: str


@dataclass(frozen=True, slots=True)
class Act:
    """Who did something, and when; `what` is the decision, where it is one."""

    person: str
    name: str
    at: str
    what: str


@dataclass(frozen=True)
class PlanStep:
    """One plan that touched the customer, the people behind it, and what it did."""

    plan: str
    kind: str
    reverses: str | None
    state: str | None
    started_at: str
    finished_at: str | None
    planned: Act | None
    approved: list[Act]
    applied: Act | None
    rows: list[RowStep]
    moves: list[MoveStep]


@dataclass(frozen=True, slots=True)
class Standing:
    """A row as the target has it now; `edited`: not as the last plan left it (null: gone)."""

    entity: str
    label: str
    golden_id: str
    target_key: str
    last_plan: str
    edited: bool | None


@dataclass(frozen=True)
class History:
    """Every change of a customer and of what belongs to it. Values are masked unless `clear`."""

    asked: str
    golden_id: str
    former_ids: list[str]
    clear: bool
    steps: list[PlanStep]
    now: list[Standing]
    unknown: list[str]
    """In words, what this history cannot tell."""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)
