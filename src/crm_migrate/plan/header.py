"""The clear part of a plan: counts, gates, digests, who must approve; no personal data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crm_migrate.language import Text

PlanKind = Literal["migration", "rollback"]


@dataclass(frozen=True)
class EntityCounts:
    """accepted + made = golden + merged; golden = insert + update + delete + unchanged + conflict +
    skip.

    `accepted` are records of the sources. `made` are those that no source has: tags 疑似重复, and
    rows of the CRM that take part because they are merged. Of a rollback, `golden` counts the rows
    that its plan had written.
    """

    accepted: int = 0
    golden: int = 0
    merged: int = 0
    insert: int = 0
    update: int = 0
    delete: int = 0
    unchanged: int = 0
    conflict: int = 0
    skip: int = 0
    made: int = 0

    def adds_up(self) -> bool:
        """Whether both equations of the class docstring hold."""
        written = self.insert + self.update + self.delete
        planned = written + self.unchanged + self.conflict + self.skip
        records = self.accepted + self.made
        return records == self.golden + self.merged and self.golden == planned


@dataclass(frozen=True)
class RowCounts:
    """Rows of all sources: read = non_data + quarantined + accepted."""

    read: int
    non_data: int
    quarantined: int
    accepted: int

    def adds_up(self) -> bool:
        """Whether the equation of the class docstring holds."""
        return self.read == self.non_data + self.quarantined + self.accepted


@dataclass(frozen=True)
class ControlTotal:
    """Sum of an amount by entity, department and year: from the source's own path and the plan."""

    entity: str
    source: str
    department: str
    year: str
    count: int
    source_amount: str
    """Decimal text, in the field's unit, computed straight from the source."""
    plan_amount: str
    """The same sum over the golden records of the plan (all actions)."""


@dataclass(frozen=True)
class Gate:
    """One gate: `value` measured, `limit` demanded, and what happens when it does not pass."""

    name: str
    label: Text
    value: float
    limit: float
    passed: bool
    on_failure: Literal["block", "extra_approval", "warn"] = "block"
    bound: Literal["at_most", "at_least"] = "at_most"
    """Whether `limit` is the largest or the smallest figure that passes."""
    share: bool = False
    """Whether value and limit are shares between 0 and 1."""


@dataclass(frozen=True)
class Demand:
    """`count` people of one of `roles` (and of `department`, where named) must approve.

    One person may serve several demands. `because` says which rule asks: `size`, `department`,
    `entity:<name>`, `merges`, `deletes` or `gate:<name>`.
    """

    count: int
    roles: tuple[str, ...] = ("approver",)
    department: str | None = None
    because: str = "size"


@dataclass(frozen=True)
class Held:
    """How many operations of an entity are conflicts or left out, for one reason."""

    entity: str
    action: str
    reason: str
    """A reason code with its detail, as in the operations."""
    count: int


@dataclass(frozen=True)
class TargetIdentity:
    """Server, database and schema fingerprint; our own tables do not change it."""

    name: str
    system: str
    database: str
    fingerprint: str
    sandbox: bool


@dataclass(frozen=True)
class PlanHeader:
    """The clear part of a plan file: no personal data."""

    plan_id: str
    run: str
    format: int
    created_at: datetime
    created_by: str
    expires_at: datetime
    project: str
    target: TargetIdentity
    effect: str
    evidence: str
    evidence_parts: dict[str, str]
    """Hex digests by name: inputs, rules, linkage model, gates, as-of date, …"""
    rows: RowCounts
    counts: dict[str, EntityCounts]
    gates: tuple[Gate, ...]
    control_totals: tuple[ControlTotal, ...]
    waiting: dict[str, int]
    """Open decisions: `review` (doubtful pairs), `owner_conflict` (撞单)."""
    treatments: dict[str, str]
    """`entity.field` → treatment in the target, for fields that are not clear."""
    files: dict[str, str]
    """Name of each encrypted part → SHA-256 of its ciphertext."""
    kind: PlanKind = "migration"
    reverses: str | None = None
    """The plan that a rollback takes back."""
    scope: Text | None = None
    """In words, the subset that the plan is confined to (pilot, follow-up); None: everything."""
    merges: int = 0
    reparented: int = 0
    irreversible: tuple[Text, ...] = ()
    """What can't be taken back once applied."""
    unchecked: tuple[Text, ...] = ()
    """What was not checked, and why."""
    demands: tuple[Demand, ...] = (Demand(1),)
    """Who must approve, by the policy that the plan was made under."""
    author_signature: str = ""
    """The author's signature over the header but `files`, `held` and itself (authorship.py)."""
    held: tuple["Held", ...] = ()
    """What is not written, by reason, and how many; filled when the file is written."""
