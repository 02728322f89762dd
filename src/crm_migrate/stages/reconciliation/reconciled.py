"""What a reconciliation of source and target found, as figures and tables."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.loading.precondition import LEFT_REASONS
from crm_migrate.loading.reconcile import LOADED, OUTCOMES, UNKNOWN, Reconciled
from crm_migrate.plan.show.risks import reason_text

MOST_CELLS = 50_000
"""Differing cells, and records, that a workbook lists; the rest is counted."""


@dataclass(frozen=True)
class EntityReport:
    """One entity: what was found, the records with their places, and cells that had a value."""

    found: Reconciled
    places: pl.DataFrame
    """RECORD_ID and provenance."""
    filled: int
    shown: pl.DataFrame
    """The differing cells, masked."""


@dataclass(frozen=True)
class Report:
    """Source ↔ target for one run. `plan`: the plan whose apply is reconciled, if any."""

    run: str
    plan: str | None
    entities: dict[str, EntityReport]
    labels: dict[str, str]
    fields: dict[str, str]
    file: str | None = None

    @property
    def adds_up(self) -> bool:
        """Whether every cell of every accepted record has exactly one outcome."""
        return all(e.found.adds_up(e.filled) for e in self.entities.values())

    @property
    def explained(self) -> bool:
        """Whether nothing was edited since, and every record that is missing says why."""
        return all(
            not e.found.cells.get("edited_since") and UNKNOWN not in e.found.rows
            for e in self.entities.values()
        )

    def to_json(self) -> dict[str, Any]:
        """What scripts read: figures only."""
        return {
            "run": self.run,
            "plan": self.plan,
            "adds_up": self.adds_up,
            "explained": self.explained,
            "entities": {
                name: {
                    "records": e.found.records.height,
                    "rows": e.found.rows,
                    "filled": e.filled,
                    "cells": {o: e.found.cells.get(o, 0) for o in OUTCOMES},
                    "fields": {
                        field: {o: n for f, o, n in e.found.fields.iter_rows() if f == field}
                        for field in e.found.fields["field"].unique(maintain_order=True)
                    },
                }
                for name, e in self.entities.items()
            },
            "file": self.file,
        }


def row_reason(reason: str) -> Text:
    """Why a record stands in the CRM, or does not, in words."""
    if reason == LOADED:
        return Text("in the CRM", "已在 CRM 中")
    if reason == UNKNOWN:
        return Text("not applied", "未执行")
    return LEFT_REASONS.get(reason) or reason_text(reason)
