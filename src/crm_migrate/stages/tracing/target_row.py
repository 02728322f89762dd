"""The row of the CRM that a golden record became, and what the target ledger says about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import inspect, select

from crm_migrate.language import Language
from crm_migrate.loading.ledger.rows import base_before
from crm_migrate.loading.ledger.tables import LEDGER
from crm_migrate.model import Entity
from crm_migrate.project import Project
from crm_migrate.protection.policy import Audience, Policy, Treatment
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetReader

Shown = Callable[[pl.Series, str], str | None]
"""Values of one row and the field's name → what this person may see."""


@dataclass(frozen=True, slots=True)
class TargetCell:
    """A cell of the row as it stands now."""

    label: str
    column: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """An entry of the target ledger: what a plan did to the row, and when."""

    plan: str
    action: str
    result: str
    reason: str | None
    at: str
    reverses: str | None
    """The plan that this one took back."""


@dataclass(frozen=True, slots=True)
class TargetRow:
    """The row; `stands` is false where the ledger knows it but the CRM has it no more."""

    table: str
    key: str
    stands: bool
    cells: list[TargetCell]
    written: list[Written]


def target_row(
    project: Project,
    policy: Policy,
    entity: Entity,
    golden: str,
    known: list[str],
    shown: Shown,
    sealed: str,
    language: Language,
    reverses: Callable[[str], str | None],
) -> TargetRow | None:
    """The row that our base, one of the `known` keys, or else the ledger names; None: no such row.

    `reverses`: the plan that a plan took back.

    Raises:
        TargetFault: the target cannot be read.
    """
    mapping = project.target.entities.get(entity.name)
    if mapping is None:
        return None
    with open_target(project.target_url).reading() as reader:
        based = base_before(reader, entity.name, pl.Series([golden]))
        entries = _entries(reader, entity.name, golden)
        earlier = [key for *_, key in reversed(entries) if key is not None]
        keys = [*based["target_key"], *known, *earlier]
        written = [
            Written(plan, action, result, reason, at, reverses(plan))
            for plan, action, result, reason, at, _ in entries
        ]
        if not keys:
            return None
        columns = {c.column: f for f, c in mapping.fields.items()}
        row = reader.rows(mapping.table, mapping.key, pl.Series(keys[:1]), list(columns))
    cells = []
    for column, field in columns.items():
        value = shown(row[column], field) if row.height else None
        if value is None:
            continue
        if policy.treatment(entity.name, field, Audience.TARGET) == Treatment.SEAL:
            value = sealed
        cells.append(TargetCell(entity.by_name[field].label.in_language(language), column, value))
    return TargetRow(mapping.table, keys[0], row.height > 0, cells, written)


def _entries(reader: TargetReader, entity: str, golden: str) -> list[tuple[Any, ...]]:
    """plan_id, action, result, reason, at and target_key of the ledger's entries, in order."""
    if not inspect(reader.connection).has_table(LEDGER.name):
        return []
    names = ("plan_id", "action", "result", "reason", "at", "target_key")
    chosen = (
        select(*(LEDGER.c[n] for n in names))
        .where(LEDGER.c.entity == entity, LEDGER.c.golden_id == golden)
        .order_by(LEDGER.c.at, LEDGER.c.plan_id)
    )
    return [tuple(row) for row in reader.connection.execute(chosen)]
