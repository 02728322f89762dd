"""Golden cells that a person sets: where all sources are wrong, or none has the value.

A set cell stands above survivorship until the source values that it was set against change, until
it expires, or until it is withdrawn. The value is stored sealed; who set it when and why is
journaled, and plan, trace and lineage name it.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.instants import rfc3339
from crm_migrate.language import Language, Text
from crm_migrate.model import Entity, SemanticType
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.protection.sealing import seal_column
from crm_migrate.records import PROVENANCE, RECORD_ID, ROW, Severity
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.golden.overrides import opened_value, sources_digest
from crm_migrate.stages.kept import GOLDEN
from crm_migrate.stages.quality.findings import rule_of
from crm_migrate.stages.review.answers import redacted
from crm_migrate.stages.session import Session
from crm_migrate.stages.tracing.wanted import Ways, wanted_record
from crm_migrate.standards.entity.standardize import standardize
from crm_migrate.state.cells import (
    CellOverride,
    end_override,
    overrides,
    set_cell,
)
from crm_migrate.trust.roles import Action

_DECIDED_ELSEWHERE = ("customer_code", "owner", "department")


@dataclass(frozen=True, slots=True)
class Cell:
    """A golden cell that a person set; the value masked unless asked for clear."""

    number: int
    entity: str
    golden_id: str
    field: str
    label: str
    value: str
    author: str
    at: str
    reason: str
    expires_at: str | None
    state: str
    """stands, expired, withdrawn, replaced, source (it changed) or gone (the customer)."""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def set_golden_cell(
    session: Session,
    customer: str,
    field: str,
    value: str,
    *,
    reason: str,
    by: str | None = None,
    days: int | None = None,
    anyway: bool = False,
    entity: str = "customer",
    language: Language = "en",
) -> Cell:
    """Set a cell of a golden record from the next plan on; `days` until it expires (None: never).

    Raises:
        NotFound: there is no such record.
        UsageFault: no such field, one that is decided elsewhere or kept out of the CRM, or a value
            that the standards refuse, or doubt (unless `anyway`).
        KeyFault: the person may not review.
    """
    person = session.acting(by, Action.REVIEW)
    known = session.project.model.entity(entity)
    _require_settable(session, known, field)
    with open_finished(session) as run:
        wanted = wanted_record(session, run, Ways(customer), entity)
        golden_id = str(wanted.golden_id)
        records = run.read(GOLDEN, f"records.{entity}")
        own = records.filter(pl.col(RECORD_ID).is_in(wanted.record_ids))
    canonical = _canonical(session, known, own, field, value, anyway)
    sealed = seal_column(
        pl.Series([canonical]), pl.Series([golden_id]), entity, field, session.job.keyring
    )
    now = session.job.clock()
    override = CellOverride(
        entity=entity,
        golden_id=golden_id,
        field=field,
        value=str(sealed.values[0]),
        sources=sources_digest(session.job, entity, field, own[field]),
        author=person.id,
        at=rfc3339(now),
        reason=redacted(reason) or "",
        expires_at=None if days is None else rfc3339(now + timedelta(days=days)),
    )
    about: dict[str, str | int | bool | None] = {
        "entity": entity, "golden": golden_id, "field": field, "expires": override.expires_at
    }  # fmt: skip
    session.record(person.id, "cell.set", about)
    number = set_cell(session.state, override)
    return next(c for c in list_cells(session, language=language) if c.number == number)


def withdraw_cell(session: Session, number: int, *, by: str | None = None) -> int:
    """Let the sources decide about the cell again.

    Raises:
        NotFound: none of that number stands.
        KeyFault: the person may not review.
    """
    person = session.acting(by, Action.REVIEW)
    end_override(session.state, number, "withdrawn", rfc3339(session.job.clock()))
    session.record(person.id, "cell.withdrawn", {"override": number})
    return number


def list_cells(
    session: Session,
    *,
    by: str | None = None,
    clear: bool = False,
    everything: bool = True,
    language: Language = "en",
) -> list[Cell]:
    """The cells that people set, the oldest first; only those that stand unless `everything`.

    Raises:
        KeyFault: clear values were asked for, and the person may not review.
    """
    listed = overrides(session.state)
    if clear:
        person = session.acting(by, Action.REVIEW)
        session.record(person.id, "cell.shown", {"cells": listed.height})
    now = rfc3339(session.job.clock())
    cells = []
    for row in listed.iter_rows(named=True):
        known = session.project.model.entity(row["entity"]).by_name[row["field"]]
        shown = opened_value(session.job, row)
        if not clear:
            shown = mask_series(shown, known.type)
        over = row["expires_at"] is not None and row["expires_at"] <= now
        cells.append(
            Cell(
                number=row["override_id"],
                entity=row["entity"],
                golden_id=row["golden_id"],
                field=row["field"],
                label=known.label.in_language(language),
                value=shown[0],
                author=row["author"],
                at=row["at"],
                reason=row["reason"],
                expires_at=row["expires_at"],
                state=row["ended_why"] or ("expired" if over else "stands"),
            )
        )
    return [c for c in cells if everything or c.state == "stands"]


def _require_settable(session: Session, entity: Entity, field: str) -> None:
    known = entity.by_name.get(field)
    if known is None:
        names = ", ".join(entity.field_names)
        raise UsageFault(
            Text(f"{entity.name} has no field '{field}'", f"{entity.name} 没有字段“{field}”"),
            remedy=Text(f"one of: {names}", f"可选：{names}"),
        )
    forbidden = session.job.rules.policy.treatment(entity.name, field, Audience.TARGET)
    elsewhere = field in _DECIDED_ELSEWHERE or known.type is SemanticType.REFERENCE
    if elsewhere or forbidden is Treatment.FORBID:
        raise UsageFault(
            Text(f"{field} cannot be set by hand", f"{field} 不能人工改值"),
            remedy=Text(
                "owners are decided by `review`, codes and references follow from the records, and"
                " forbidden fields stay out of the CRM",
                "负责人由 `review` 裁决，编号与引用由记录决定，策略禁止的字段不得进入 CRM",
            ),
        )


def _canonical(
    session: Session, entity: Entity, own: pl.DataFrame, field: str, value: str, anyway: bool
) -> str:
    """The value in its standard form, judged beside the other values of the record."""
    place = {n: pl.lit(None, dtype=pl.String).alias(n) for n in PROVENANCE if n != ROW}
    mapped = own.head(1).with_columns(
        *place.values(), pl.lit(None, pl.Int64).alias(ROW), pl.lit(value).alias(field)
    )
    done = standardize(entity, mapped, session.project.model, origins={})
    found = done.findings.filter(pl.col("field") == field)
    grave = {str(Severity.ERROR)} | (set() if anyway else {str(Severity.WARNING)})
    wrong = found.filter(pl.col("severity").is_in(sorted(grave)))
    canonical = done.records[field][0] if done.records.height else None
    if wrong.height or not canonical:
        rule = rule_of(wrong["rule"][0]) if wrong.height else None
        message = rule.message if rule else Text("the value is empty", "值为空")
        raise UsageFault(
            message,
            where=f"{entity.name}.{field}",
            remedy=rule.hint if rule else Text("give a value", "请提供值"),
        )
    return str(canonical)
