"""The sheets of the quarantine workbook: how lines are written, and read back."""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.language import Language, Text
from crm_migrate.model import Entity, Model
from crm_migrate.plan.show.sheets import Sheet, cell_text
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET
from crm_migrate.stages.judge import own_rules
from crm_migrate.stages.kept import STANDARDIZED
from crm_migrate.stages.quality.findings import rule_of
from crm_migrate.stages.session import Session
from crm_migrate.workspace import Run

RECORD = Text("record", "记录")
CHECK = Text("check", "校验")
PLACE = (Text("file", "文件"), Text("sheet", "工作表"), Text("row", "行"))
WHY = Text("why it was set aside", "隔离原因")
WHAT = Text("what to do", "处理建议")
FIXED = (*PLACE, WHY, WHAT, RECORD, CHECK)
_WIDTHS = (18, 14, 8, 40, 40, 10, 10)
_FIELD_WIDTH = 22
_PURPOSE = b"crm-migrate/1 quarantine workbook"
_EXACT = 10**15
"""Whole numbers from here on lose digits in Excel."""


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with a cell: row and column as a person counts them."""

    row: int
    sheet: str
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that may have been corrected; `blurred`: a number that has lost digits."""

    field: str
    label: str
    text: str
    blurred: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it came back."""

    row: int
    sheet: str
    entity: str
    record_id: str
    state: str
    place: tuple[str, ...]
    """File, sheet, row, why, what to do: part of what is checked."""
    check: str
    cells: tuple[Cell, ...] = ()


def check_of(session: Session, line: Line) -> str:
    """24 hex characters that bind a line to what was sent out."""
    key = hmac.new(session.job.keyring.digest_key, _PURPOSE, "sha256").digest()
    parts = [_plain(p) for p in (line.entity, line.record_id, line.state, *line.place)]
    message = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
    return hmac.new(key, message, "sha256").hexdigest()[:24]


def same_text(given: str, known: str | None) -> bool:
    """Whether a cell says what is known; blanks and the apostrophe of safe texts do not count."""
    return _plain(given) == _plain(known or "")


def _plain(text: str) -> str:
    return "".join(cell_text(text).split()).lstrip("'")


def editable(session: Session, entity: Entity) -> list[str]:
    """The fields that may be corrected: no references, and nothing that policy keeps out."""
    policy = session.job.rules.policy
    return [
        f.name
        for f in entity.fields
        if f.references is None
        and policy.treatment(entity.name, f.name, Audience.EXPORT) is not Treatment.FORBID
        and policy.treatment(entity.name, f.name, Audience.WORKSPACE) is not Treatment.FORBID
    ]


def shown(
    session: Session, entity: Entity, records: pl.DataFrame, fields: Sequence[str]
) -> pl.DataFrame:
    """`record_id` and the fields as policy shows them in exports; what it seals is masked."""
    policy = session.job.rules.policy
    columns = [records[RECORD_ID]]
    for name in fields:
        values = records[name]
        if policy.treatment(entity.name, name, Audience.EXPORT) is not Treatment.CLEAR:
            values = mask_series(values, entity.by_name[name].type).alias(name)
        columns.append(values)
    return pl.DataFrame(columns)


def rejected_sheet(
    session: Session,
    run: Run,
    entity: Entity,
    records: pl.DataFrame,
    states: dict[str, str],
    language: Language,
) -> Sheet:
    """The records of an entity that were set aside, a line each; `states` by record id."""
    records = records.sort(FILE, SHEET, ROW, RECORD_ID)
    found = run.read(STANDARDIZED, "x_findings").filter(
        pl.col("entity") == entity.name, pl.col(RECORD_ID).is_in(records[RECORD_ID].implode())
    )
    why = _reasons(run, found, language)
    wanted = [n for n in editable(session, entity) if _worth_a_column(entity, n, records, found)]
    table = shown(session, entity, records, wanted)
    rows: list[list[object]] = []
    for place, cells in zip(
        records.select(RECORD_ID, FILE, SHEET, ROW).rows(), table.select(wanted).rows(), strict=True
    ):
        id, file, sheet, row = place
        told = why.get(id, ("", ""))
        texts = (file or "", sheet or "", str(row or ""), *told)
        line = Line(0, "", entity.name, id, states[id], texts, "")
        line = replace(line, check=check_of(session, line))
        name = f"{entity.name} {id} {line.state}"
        rows.append([*texts, name, line.check, *cells])
    heads = [h.in_language(language) for h in FIXED]
    heads += [entity.by_name[n].label.in_language(language) for n in wanted]
    first = len(FIXED)
    return Sheet(
        title=entity.label.in_language(language),
        head=heads,
        widths=(*_WIDTHS, *[_FIELD_WIDTH] * len(wanted)),
        rows=rows,
        filled_in={first + n: () for n in range(len(wanted))},
        hidden=(FIXED.index(RECORD), FIXED.index(CHECK)),
    )


def _worth_a_column(entity: Entity, name: str, records: pl.DataFrame, found: pl.DataFrame) -> bool:
    field = entity.by_name[name]
    asked = field.required or field.identifying or name in set(found["field"])
    return asked or records[name].null_count() < records.height


def _reasons(run: Run, found: pl.DataFrame, language: Language) -> dict[str, tuple[str, str]]:
    """By record: why it was set aside, and what to do about it."""
    own = own_rules(run)
    reasons: dict[str, tuple[str, str]] = {}
    errors = found.filter(pl.col("severity") == "error").select(RECORD_ID, "rule").unique()
    for (id,), some in errors.sort("rule").group_by([RECORD_ID], maintain_order=True):
        rules = [rule_of(code, own) for code in some["rule"]]
        messages = "\n".join(r.message.in_language(language) for r in rules)
        hints = "\n".join(r.hint.in_language(language) for r in rules)
        reasons[str(id)] = (messages, hints)
    return reasons


def read_lines(path: Path, password: str | None, model: Model) -> Iterator[Line]:
    """The lines of a workbook that came back, sheet by sheet.

    Raises:
        SourceFault: no workbook of ours, a wrong password, or a hidden column is gone.
    """
    from openpyxl import load_workbook

    from crm_migrate.stages.review.workbook import _opened

    try:
        data = path.read_bytes()
        if password is not None and not data.startswith(b"PK"):
            data = _opened(data, password)
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        sheets = [(s.title, [list(r) for r in s.iter_rows(values_only=True)]) for s in book]
    except Exception:  # whatever a parser makes of a foreign file; its words may quote cells
        raise _unreadable(path) from None
    for title, rows in sheets:
        yield from _lines(path, title, rows, model)


def _lines(path: Path, title: str, rows: list[list[Any]], model: Model) -> Iterator[Line]:
    heads = [_text(h) for h in rows[0]] if rows else []
    place = {h.en: n for h in FIXED for n, head in enumerate(heads[: len(FIXED)])
             if head in (h.en, h.zh)}  # fmt: skip
    if len(place) < len(FIXED):
        raise _unreadable(path)
    for number, row in enumerate(rows[1:], 2):
        cells = [row[n] if n < len(row) else None for n in range(len(heads))]
        named = _text(cells[place[RECORD.en]])
        if not named and not any(_text(c) for c in cells):
            continue
        entity, id, state = (*named.split(" "), "", "", "")[:3]
        texts = tuple(_text(cells[place[h.en]]) for h in (*PLACE, WHY, WHAT))
        known = model.by_name.get(entity)
        labels = (
            {t: f.name for f in known.fields for t in (f.label.en, f.label.zh)} if known else {}
        )
        found = tuple(
            Cell(labels[heads[n]], heads[n], _text(cells[n]), _blurred(cells[n]))
            for n in range(len(FIXED), len(heads))
            if heads[n] in labels
        )
        yield Line(number, title, entity, id, state, texts, _text(cells[place[CHECK.en]]), found)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def _blurred(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= _EXACT


def _unreadable(path: Path) -> SourceFault:
    return SourceFault(
        Text(
            "this is no quarantine workbook of ours, or the password is another",
            "不是本工具导出的隔离工作簿,或口令不符",
        ),
        where=path.name,
        remedy=Text(
            "take the file that `crm-migrate quarantine export` wrote, with all its columns",
            "请使用 `crm-migrate quarantine export` 生成的文件,并保留全部列(含隐藏列)",
        ),
    )
