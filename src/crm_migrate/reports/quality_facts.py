"""What a run says about data quality: counts only, no personal data; kept for the trend."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.plan.header import ControlTotal
from crm_migrate.quality.counts import COUNTS_SCHEMA

FORMAT = 1


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule spoke of a field of a source, and against which measure that counts."""

    rule: str
    severity: str
    kind: str
    entity: str
    field: str
    source: str
    count: int
    message: Text
    hint: Text


@dataclass(frozen=True)
class QualityFacts:
    """The counts of one run (`counts`: COUNTS_SCHEMA)."""

    run: str
    at: str
    """When the run began, RFC 3339."""
    counts: pl.DataFrame
    rules: tuple[RuleCount, ...]
    totals: tuple[ControlTotal, ...]

    @property
    def day(self) -> date:
        """The day that dates are held against."""
        return date.fromisoformat(self.at[:10])

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "format": FORMAT,
            "run": self.run,
            "at": self.at,
            "counts": [list(row) for row in self.counts.iter_rows()],
            "rules": [asdict(r) for r in self.rules],
            "totals": [asdict(t) for t in self.totals],
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "QualityFacts":
        """What `to_json` gave."""
        return QualityFacts(
            run=data["run"],
            at=data["at"],
            counts=pl.DataFrame(data["counts"], schema=COUNTS_SCHEMA, orient="row"),
            rules=tuple(
                RuleCount(**{**r, "message": Text(**r["message"]), "hint": Text(**r["hint"])})
                for r in data["rules"]
            ),
            totals=tuple(ControlTotal(**t) for t in data["totals"]),
        )


@dataclass(frozen=True, slots=True)
class Example:
    """A finding with its place and the masked cell."""

    rule: str
    file: str
    sheet: str
    row: int | None
    column: str
    entity: str
    field: str
    value: str
