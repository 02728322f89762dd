"""Examples beside the rules: rows as they stand in a source, and what is expected of them.

    records:
      customer.region:
        - {customer: {uscc: 91310000…, address: 北京市朝阳区…}, finds: true}
    derivations:
      customer.grade:
        - {customer: {size: 大型}, contract: {amount: 600万, signed_on: 2025-12-01}, gives: …}

`finds`: true (each row of the rule's entity), false (none) or the ids of rows. `gives`: the value,
or values by id. Rows get an `id` where none is given, and refer to the only row of another entity
where they do not say to which. `as_of` is the day as of which they are judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, Model, SemanticType
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE
from crm_migrate.standards.entity.standardize import standardize
from crm_migrate.standards.rules.derivations import Derived, evaluate
from crm_migrate.standards.rules.judging import judged_alone, judged_together
from crm_migrate.standards.rules.records import Judgement

DAY = date(2026, 1, 1)
"""As of which examples are judged that do not say so."""
_SOURCE = "example"
_KNOWN = {"finds", "gives", "as_of"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One example: where it stands (key path), whether it came out as expected."""

    at: tuple[str | int, ...]
    rule: str
    expected: str
    found: str

    @property
    def differs(self) -> bool:
        """Whether it did not."""
        return self.expected != self.found


class FaultyExample(ValueError):
    """An example that cannot be run."""

    def __init__(self, message: Text) -> None:
        super().__init__(message.en)
        self.message = message


def run_record_example(
    at: tuple[str | int, ...], rule: Judgement, example: Any, model: Model
) -> Outcome:
    """What a rule finds in the rows of an example.

    Raises:
        FaultyExample: it is not of the form above.
    """
    tables, today = _tables(example, rule.entity, model)
    records = tables[rule.entity]
    broken = (
        judged_alone([rule], records)
        if rule.of_record
        else judged_together([rule], model.entity(rule.entity), tables, today)
    )
    found = [str(n) for _, _, mask in broken for n in records[RECORD_ID].filter(mask)]
    wanted = example.get("finds")
    if isinstance(wanted, bool):
        wanted = records[RECORD_ID].to_list() if wanted else []
    if not isinstance(wanted, list):
        raise FaultyExample(
            Text("`finds` is true, false or ids", "finds 须为 true、false 或编号列表")
        )
    return Outcome(at, rule.rule.code, _told(sorted(map(str, wanted))), _told(sorted(found)))


def run_derivation_example(
    at: tuple[str | int, ...], derived: Derived, example: Any, model: Model
) -> Outcome:
    """What a derivation gives for the rows of an example.

    Raises:
        FaultyExample: it is not of the form above.
    """
    tables, today = _tables(example, derived.entity, model)
    made = evaluate(derived, model.entity(derived.entity), tables, today, RECORD_ID)
    found = {str(i): v for i, v in made.rows()}
    wanted = example.get("gives")
    if not isinstance(wanted, Mapping):
        wanted = dict.fromkeys(found, wanted)
    shown = ({str(k): None if v is None else str(v) for k, v in wanted.items()}, found)
    name = f"{derived.entity}.{derived.field}"
    told = (_told([f"{k}: {v}" for k, v in sorted(one.items())]) for one in shown)
    return Outcome(at, name, *told)


def _told(parts: list[str]) -> str:
    return ", ".join(parts) or "-"


def _tables(example: Any, main: str, model: Model) -> tuple[dict[str, pl.DataFrame], date]:
    if not isinstance(example, Mapping) or main not in example:
        raise FaultyExample(Text(f"an example needs rows of {main}", f"样例须含对象 {main} 的行"))
    given: dict[str, list[dict[str, Any]]] = {}
    for name, rows in example.items():
        if name in _KNOWN:
            continue
        if name not in model.by_name:
            raise FaultyExample(Text(f"unknown entity '{name}'", f"未知的实体“{name}”"))
        listed = rows if isinstance(rows, list) else [rows]
        if not all(isinstance(row, Mapping) for row in listed):
            raise FaultyExample(Text("a row is field: value", "每行须为“字段: 值”"))
        numbered = enumerate(listed, 1)
        given[name] = [{"id": f"{name}{n}", **row} for n, row in numbered]
    only = {name: rows[0]["id"] for name, rows in given.items() if len(rows) == 1}
    tables = {n: _standardized(model.entity(n), rows, only, model) for n, rows in given.items()}
    day = example.get("as_of", DAY)
    if not isinstance(day, date):
        raise FaultyExample(Text("`as_of` is a date: 2026-01-31", "as_of 须为日期，如 2026-01-31"))
    return tables, day


def _standardized(
    entity: Entity, rows: list[dict[str, Any]], only: Mapping[str, Any], model: Model
) -> pl.DataFrame:
    """The rows brought into standard form; none is set aside."""
    unknown = {k for row in rows for k in row} - {*entity.field_names, "id", "source"}
    if unknown:
        name = sorted(unknown)[0]
        raise FaultyExample(
            Text(f"{entity.name} has no field '{name}'", f"{entity.label.zh}没有字段“{name}”")
        )
    columns: dict[str, list[str | None]] = {
        RECORD_ID: [str(row["id"]) for row in rows],
        SOURCE: [str(row.get("source", _SOURCE)) for row in rows],
        FILE: [_SOURCE] * len(rows),
        SHEET: [None] * len(rows),
    }
    for field in entity.fields:
        columns[field.name] = [_cell(row.get(field.name)) for row in rows]
        if field.type is SemanticType.REFERENCE and field.references != entity.name:
            filler = only.get(str(field.references))
            columns[field.name] = [
                (None if filler is None else str(filler)) if field.name not in row else own
                for row, own in zip(rows, columns[field.name], strict=True)
            ]
    schema = dict.fromkeys(columns, pl.String)
    frame = pl.DataFrame(columns, schema=schema).with_row_index(ROW, offset=1)
    mapped = frame.with_columns(pl.col(ROW).cast(pl.Int64))
    identifying = {f.name for f in entity.fields if f.identifying}
    made = standardize(_undemanding(entity, identifying), mapped, model, origins={})
    return made.records


def _undemanding(entity: Entity, identifying: set[str]) -> Entity:
    """The entity without the demand that a record can be identified: examples are short."""
    from dataclasses import replace

    fields = (replace(f, identifying=False) if f.name in identifying else f for f in entity.fields)
    return replace(entity, fields=tuple(fields))


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
