"""Corrections of a quarantine workbook that came back: entered as a whole or not at all.

They are kept sealed, in the name of whoever brought them; the next plan reads the record as
corrected, under its own id.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.instants import rfc3339
from crm_migrate.language import Text
from crm_migrate.mapping.origins import origins
from crm_migrate.model import Entity
from crm_migrate.protection.sealing import seal_column
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.exports.returned import CellFault, same_text
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.kept import MAPPED, STANDARDIZED
from crm_migrate.stages.quarantine.overlay import (
    Corrections,
    overlaid,
    raw_states,
    standing,
)
from crm_migrate.stages.quarantine.sheet import (
    Line,
    check_of_line,
    editable,
    read_lines,
    shown,
)
from crm_migrate.stages.session import Session
from crm_migrate.standards.entity.standardize import standardize
from crm_migrate.state.corrections import (
    Correction,
    add_corrections,
)
from crm_migrate.trust.roles import Action
from crm_migrate.workspace import Run


@dataclass(frozen=True)
class Imported:
    """What a workbook brought. With faults nothing was entered."""

    entered: int
    unchanged: int
    records: int
    """Records that were corrected."""
    accepted: int
    """Of these, those that the rules let pass now."""
    faults: tuple[CellFault, ...] = ()
    still: tuple[CellFault, ...] = ()
    """Corrected records that would be set aside again, and why."""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        listed = {n: [asdict(f) for f in getattr(self, n)] for n in ("faults", "still")}
        return asdict(self) | listed


def import_quarantine(
    session: Session, path: Path, password: str | None, *, by: str | None = None
) -> Imported:
    """Enter the corrections of a workbook in the person's name: all, or none if any is faulty.

    Cells that are as they were sent out, or as they were corrected before, are passed over, so a
    file may be imported again.

    Raises:
        KeyFault: the person may not review.
        SourceFault: the file cannot be opened: no workbook of ours, or a wrong password.
    """
    person = session.acting(by, Action.REVIEW)
    lines = list(read_lines(path, password, session.project.model))
    given = standing(session.job, session.state)
    faults: list[CellFault] = []
    found: list[_Change] = []
    unchanged = 0
    with open_finished(session, stage=STANDARDIZED) as run:
        for entity in session.project.model.entities:
            mine = [line for line in lines if line.entity == entity.name]
            if mine:
                read = _changes(session, run, entity, mine, given)
                faults += read.faults
                found += read.changes
                unchanged += read.unchanged
        faults += [
            _torn(line) for line in lines if line.entity not in session.project.model.by_name
        ]
        if faults:
            return Imported(0, unchanged, 0, 0, tuple(sorted(faults, key=lambda f: f.row)))
        still = _still_rejected(session, run, found, given)
    at = rfc3339(session.job.clock())
    records = {(c.entity, c.record_id) for c in found}
    about: dict[str, str | int | bool | None] = {
        "cells": len(found), "records": len(records), "unchanged": unchanged
    }  # fmt: skip
    # The journal first: no correction stands that it does not know.
    session.record(person.id, "quarantine.imported", about)
    add_corrections(session.state, _sealed(session, found, person.id, at))
    return Imported(
        len(found), unchanged, len(records), len(records) - len(still), still=tuple(still)
    )


@dataclass(frozen=True, slots=True)
class _Change:
    entity: str
    record_id: str
    field: str
    value: str | None
    raw: str
    row: int


@dataclass(frozen=True)
class _Read:
    changes: list[_Change]
    faults: list[CellFault]
    unchanged: int


_TORN = Text(
    "this line is not as it was sent out: altered, copied or from elsewhere",
    "该行与发出时不一致：被改动、复制，或来自其他文件",
)
_STALE = Text(
    "the row changed in the source since the workbook was made; export it again",
    "导出后源数据已有变化，请重新导出",
)
_GONE = Text("this record is no longer in the source", "源数据中已没有这条记录")
_TWICE = Text("this record stands in two lines", "同一记录出现在两行中")


def _torn(line: Line) -> CellFault:
    return CellFault(line.row, line.sheet, "record", str(_TORN))


def _changes(
    session: Session, run: Run, entity: Entity, lines: list[Line], given: Corrections
) -> _Read:
    """What the lines of an entity's sheet say anew."""
    ids = pl.Series([line.record_id for line in lines], dtype=pl.String).unique()
    raw = run.rows(MAPPED, entity.name, RECORD_ID, ids)
    states = dict(zip(raw[RECORD_ID], raw_states(session.job, entity, raw), strict=True))
    now, _ = overlaid(session.job, entity, raw, given)
    fields = editable(session, entity)
    before = {r[RECORD_ID]: r for r in shown(session, entity, raw, fields).iter_rows(named=True)}
    after = {r[RECORD_ID]: r for r in shown(session, entity, now, fields).iter_rows(named=True)}
    clear = {r[RECORD_ID]: r for r in now.iter_rows(named=True)}
    changes: list[_Change] = []
    faults: list[CellFault] = []
    unchanged = 0
    seen: set[str] = set()
    for line in lines:
        id = line.record_id
        if check_of_line(session, line) != line.check:
            faults.append(_torn(line))
        elif id not in states:
            faults.append(CellFault(line.row, line.sheet, "record", str(_GONE)))
        elif states[id] != line.state:
            faults.append(CellFault(line.row, line.sheet, "record", str(_STALE)))
        elif id in seen:
            faults.append(CellFault(line.row, line.sheet, "record", str(_TWICE)))
        else:
            seen.add(id)
            for cell in line.cells:
                known = (
                    before[id].get(cell.field),
                    after[id].get(cell.field),
                    clear[id].get(cell.field),
                )
                if cell.field not in fields:
                    continue
                if cell.wrong is not None:
                    faults.append(CellFault(line.row, line.sheet, cell.label, str(cell.wrong)))
                elif any(same_text(cell.text, k) for k in known):
                    unchanged += bool(cell.text)
                else:
                    value = cell.text.strip() or None
                    changes.append(
                        _Change(entity.name, id, cell.field, value, line.state, line.row)
                    )
    return _Read(changes, faults, unchanged)


def _sealed(session: Session, changes: list[_Change], author: str, at: str) -> list[Correction]:
    keys = session.job.keyring
    made = []
    for one in changes:
        sealed = seal_column(
            pl.Series([one.value], dtype=pl.String), pl.Series([one.record_id]), one.entity,
            one.field, keys,
        ).values[0]  # fmt: skip
        made.append(Correction(one.entity, one.record_id, one.field, sealed, one.raw, author, at))
    return made


def _still_rejected(
    session: Session, run: Run, changes: list[_Change], given: Corrections
) -> list[CellFault]:
    """The corrected records that the rules would set aside again, with the first reason."""
    from crm_migrate.stages.quality.findings import rule_of

    rules, model = session.job.rules.records, session.project.model
    found = []
    for name in dict.fromkeys(c.entity for c in changes):
        entity, mine = model.entity(name), [c for c in changes if c.entity == name]
        ids = pl.Series([c.record_id for c in mine], dtype=pl.String).unique()
        raw, _ = overlaid(session.job, entity, run.rows(MAPPED, name, RECORD_ID, ids), given)
        for one in mine:
            here = pl.col(RECORD_ID) == one.record_id
            cell = (
                pl.when(here).then(pl.lit(one.value, dtype=pl.String)).otherwise(pl.col(one.field))
            )
            raw = raw.with_columns(cell.alias(one.field))
        columns = origins(name, session.project.mappings.values())
        made = standardize(entity, raw, model, origins=columns, rules=rules)
        rows = {c.record_id: c.row for c in mine}
        for id, code in made.quarantined.select(RECORD_ID, "rule").rows():
            message = rule_of(code, rules.rules).message
            found.append(CellFault(rows[id], entity.label.en, "", str(message)))
    return found
