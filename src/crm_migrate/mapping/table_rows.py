"""A table's mapping as rows that people can check one by one, and back: pure, no file involved."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm_migrate.language import Text
from crm_migrate.model import Model
from crm_migrate.project.mapping_file import FieldSource, RecordMapping, TableMapping

COLUMN = Text("column", "列")
KEY = Text("key of the table", "本表主键")
LEFT = Text("not collected", "不采集")
CONSTANT = Text("constant: {value}", "常量：{value}")
SAME_ROW = Text("the {entity} of the same row", "同一行的{entity}")
LOOK_UP = Text("look-up in {table}", "按主键查找：{table}")

Place = tuple[str, str]
"""(record, field); a second contact of a row is the record `contact#2`, ("", "") is nowhere."""
NOWHERE: Place = ("", "")


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One source column and the field it goes to. `tag` names its place before any change."""

    tag: str
    column: str
    place: Place
    how: Text
    values: str = ""
    unit: str = ""
    reason: str = ""
    confidence: float | None = None
    confirmed: bool | None = None
    comment: str = ""
    fixed: bool = False
    """Constants and references: people confirm them here, but change them in the file."""


def record_names(table: TableMapping) -> list[str]:
    """The table's records as places call them: customer, contact, contact#2."""
    seen: Counter[str] = Counter()
    names = []
    for record in table.records:
        seen[record.entity] += 1
        count = seen[record.entity]
        names.append(record.entity if count == 1 else f"{record.entity}#{count}")
    return names


def rows_of(
    table: TableMapping, model: Model, comments: Mapping[Place | str, str] | None = None
) -> list[MappingRow]:
    """All known columns of the table in the order of the mapping; `comments` by place or column."""
    notes = comments or {}
    rows: list[MappingRow] = []
    for name, record in zip(record_names(table), table.records, strict=True):
        for field, origin in record.fields.items():
            rows += _rows_of_field((name, field), origin, model, notes.get((name, field), ""))
    mapped = {r.column for r in rows}
    keys = [*table.key, *(c for r in table.records for c in r.key or ())]
    for how, columns in ((KEY, keys), (LEFT, table.ignore)):
        for column in dict.fromkeys(columns):
            if column not in mapped:
                rows.append(
                    MappingRow(f"//{column}", column, NOWHERE, how, comment=notes.get(column, ""))
                )
                mapped.add(column)
    return rows


def _rows_of_field(
    place: Place, origin: FieldSource, model: Model, comment: str
) -> Iterator[MappingRow]:
    how, fixed = COLUMN, True
    if origin.constant is not None:
        how = CONSTANT.fill(value=origin.constant)
    elif origin.record is not None:
        label = model.entity(origin.record).label
        how = Text(SAME_ROW.en.format(entity=label.en), SAME_ROW.zh.format(entity=label.zh))
    elif origin.table is not None:
        how = LOOK_UP.fill(table="/".join(filter(None, (origin.source, origin.table))))
    else:
        fixed = False
    for column in origin.source_columns or ("",):
        yield MappingRow(
            tag=f"{place[0]}/{place[1]}/{column}",
            column=column,
            place=place,
            how=how,
            values=origin.values or "",
            unit=origin.unit or "",
            reason=origin.reason or "",
            confidence=origin.confidence,
            confirmed=origin.confirmed,
            comment=comment,
            fixed=fixed,
        )


def with_rows(table: TableMapping, rows: Sequence[MappingRow], model: Model) -> TableMapping:
    """The table's mapping after people changed `rows` (all rows of `rows_of`, and new ones).

    Raises:
        ValueError: two of the rows contradict each other; the text says which.
    """
    wanted: dict[Place, list[MappingRow]] = {}
    for row in rows:
        if row.place != NOWHERE:
            wanted.setdefault(row.place, []).append(row)
    records = dict(zip(record_names(table), table.records, strict=True))
    changed: dict[str, RecordMapping] = {}
    for name in _in_order(list(records), [place[0] for place in wanted], model):
        before = records.get(name)
        fields = _fields(name, before, wanted)
        if not any(o.record is None for o in fields.values()):
            continue  # nothing but references is left of it
        if before is None:
            fields = _references(name, [*changed], model) | fields
        entity = name.partition("#")[0]
        base = before or RecordMapping(entity=entity, fields={})
        requires = tuple(f for f in base.requires if f in fields)
        changed[name] = base.model_copy(update={"fields": fields, "requires": requires})
    used = {c for r in changed.values() for o in r.fields.values() for c in o.source_columns}
    used |= {*table.key, *(c for r in changed.values() for c in r.key or ())}
    ignore = [*table.ignore, *(r.column for r in rows if r.place == NOWHERE and r.how is not KEY)]
    return table.model_copy(
        update={
            "records": tuple(changed.values()),
            "ignore": tuple(c for c in dict.fromkeys(ignore) if c not in used),
        }
    )


def _fields(
    name: str, before: RecordMapping | None, wanted: Mapping[Place, list[MappingRow]]
) -> dict[str, FieldSource]:
    """The record's fields, those that were there before first and in their order."""
    old = dict(before.fields) if before is not None else {}
    names = dict.fromkeys([*old, *(f for r, f in wanted if r == name)])
    return {
        field: _source(old.get(field), wanted[name, field], f"{name}.{field}")
        for field in names
        if (name, field) in wanted
    }


def _source(old: FieldSource | None, rows: Sequence[MappingRow], place: str) -> FieldSource:
    fixed = [r for r in rows if r.fixed]
    if fixed and len(fixed) < len(rows):
        raise ValueError(place)
    said = {r.confirmed for r in rows}
    confirmed = said.pop() if len(said) == 1 else False if False in said else None
    if fixed and old is not None:
        return old.model_copy(update={"confirmed": confirmed})
    columns = tuple(dict.fromkeys(r.column for r in rows))
    values = next((r.values for r in rows if r.values), None)
    unit = next((r.unit for r in rows if r.unit), None)
    change = {"values": values, "unit": unit, "confirmed": confirmed}
    if old is not None and old.source_columns == columns:
        return old.model_copy(update=change)
    own = {"column": columns[0]} if len(columns) == 1 else {"columns": columns}
    join = {"join": old.join} if old is not None else {}
    return FieldSource.model_validate({**own, **join, **change})


def _references(name: str, others: Sequence[str], model: Model) -> dict[str, FieldSource]:
    """A new record refers to the records of its row where it can."""
    entity = model.entity(name.partition("#")[0])
    return {
        f.name: FieldSource(record=f.references)
        for f in entity.references()
        if f.references in others
    }


def _in_order(old: Sequence[str], wanted: Sequence[str], model: Model) -> list[str]:
    """The records in their old order; new ones where what they refer to stands before them."""
    rank = {e.name: n for n, e in enumerate(model.entities)}
    order = list(old)
    for name in dict.fromkeys(n for n in wanted if n not in order):
        own = rank[name.partition("#")[0]]
        later = (n for n, o in enumerate(order) if rank[o.partition("#")[0]] > own)
        order.insert(next(later, len(order)), name)
    return order
