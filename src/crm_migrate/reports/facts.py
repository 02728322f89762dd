"""What a plan and its application leave for the reports: figures only, no personal data."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class InputFacts:
    """One source table: where it came from, its digest, its rows, and what was left behind."""

    source: str
    table: str
    file: str
    sha256: str
    read: int
    non_data: int
    quarantined: int
    accepted: int
    left_behind: tuple[str, ...]
    """Columns that the allow-list leaves out."""


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """How often a rule spoke."""

    rule: str
    severity: str
    message_en: str
    message_zh: str
    count: int


@dataclass(frozen=True, slots=True)
class LinkageFacts:
    """How customers were joined."""

    engine: str
    records: int
    crm_rows: int
    pairs: int
    edges: int
    clusters: int
    largest_cluster: int
    review: int
    owner_conflicts: int
    model: str
    """SHA-256 of the trained model."""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """Everything that a report says about how a plan came about."""

    inputs: tuple[InputFacts, ...]
    findings: tuple[FindingFacts, ...]
    linkage: LinkageFacts
    redacted: dict[str, int]
    """`entity.field` → cells in which forbidden content was replaced before anything was stored."""
    duplicates_in_crm: int
    seconds: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "PlanFacts":
        """What `to_json` gave."""
        inputs = (
            InputFacts(**i | {"left_behind": tuple(i["left_behind"])}) for i in data["inputs"]
        )
        return PlanFacts(
            inputs=tuple(inputs),
            findings=tuple(FindingFacts(**f) for f in data["findings"]),
            linkage=LinkageFacts(**data["linkage"]),
            redacted=dict(data["redacted"]),
            duplicates_in_crm=data["duplicates_in_crm"],
            seconds=dict(data["seconds"]),
        )


@dataclass(frozen=True, slots=True)
class TotalFacts:
    """Control total of an entity and year; amounts are decimal texts in the field's unit."""

    entity: str
    year: str
    plan: str
    """Over all golden records of the plan."""
    loaded: str
    """Over those of them that stand in the CRM."""
    target: str
    """As the CRM has these now."""


@dataclass(frozen=True, slots=True)
class ApplyFacts:
    """What became of an applied plan."""

    plan_id: str
    applied_at: str
    applied_by: str
    counts: dict[str, dict[str, int]]
    """Entity → created, updated, deleted, unchanged, skipped, failed."""
    verified: bool
    differing: int
    """Written rows that read back differently."""
    totals: tuple[TotalFacts, ...] = ()

    @property
    def totals_differ(self) -> int:
        """Control totals that are not those of what was loaded: the CRM's own amounts stand."""
        return sum(t.loaded != t.target for t in self.totals)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "ApplyFacts":
        """What `to_json` gave."""
        totals = tuple(TotalFacts(**t) for t in data.get("totals", ()))
        return ApplyFacts(**{**data, "totals": totals})


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """Who signed what about a plan; `decision`: approve, reject, override or revoke."""

    person: str
    name: str
    role: str
    decision: str
    at: str
    reason: str
    about: str = ""
    """Of an override the gate with its figure; of a revocation whose decision was taken back."""


@dataclass(frozen=True, slots=True)
class GateFacts:
    """A gate that was missed: what it measured, and what followed."""

    label_en: str
    label_zh: str
    figure: str
    bound: str
    """`≤` or `≥` and the limit."""
    on_failure: str
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """One plan as the report lists it."""

    plan_id: str
    state: str
    created_at: str
    created_by: str
    effect: str
    evidence: str
    approvals: tuple[ApprovalFacts, ...]
    applied: ApplyFacts | None
    demands: tuple[str, ...] = ()
    """In words, who must approve."""
    missing: tuple[str, ...] = ()
    """In words, who must still approve."""
    gates: tuple[GateFacts, ...] = ()
    """Those that were missed, also those that only warned."""
    reverses: str | None = None
    scope: str | None = None
    """In words, the part that the plan is confined to."""
    """The plan that this one takes back."""
