"""Cells as people fill them, with what becomes of each: `identifier_vectors.csv`, all invented.

A line is the field's type, what was typed, why, the value that stays in the field, the value that
goes to another field (`field=value`), and the rules that are cited. The expectations were written
from the standards, not from the program.
"""

import csv
from functools import cache
from pathlib import Path

import pytest

from crm_migrate.standards.entity.standardize import standardize

FIELDS = {
    "uscc": ("customer", "uscc"),
    "organisation_code": ("customer", "organisation_code"),
    "registration_number": ("customer", "registration_number"),
    "tax_number": ("customer", "tax_number"),
    "bank_account": ("customer", "billing_account"),
    "id_number": ("contact", "id_number"),
    "travel_document": ("contact", "travel_document"),
    "bank_card": ("contact", "bank_card"),
}
OTHERS = {*(field for _, field in FIELDS.values()), "billing_bank"}


@cache
def vectors() -> list[dict[str, str]]:
    with Path(__file__).with_name("identifier_vectors.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


@pytest.mark.parametrize("type_", FIELDS)
def test_cells_as_people_fill_them(model, mapped, type_: str):
    """R-2.1, R-5.3: each cell gives the value, the move and the findings that are due."""
    entity, field = FIELDS[type_]
    lines = [line for line in vectors() if line["type"] == type_]
    rows = [{"name": "甲", field: line["typed"] or None} for line in lines]
    result = standardize(model.entity(entity), mapped(entity, rows), model, origins={})
    found: dict[str, set[str]] = {}
    for record, at, rule in result.findings.select("record_id", "field", "rule").rows():
        if at == field:
            found.setdefault(record, set()).add(rule)
    got = []
    for line, record in zip(lines, result.records.iter_rows(named=True), strict=True):
        goes = [f"{n}={record[n]}" for n in sorted(OTHERS - {field}) if record.get(n) is not None]
        rules = sorted(found.get(record["record_id"], ()))
        made = {"value": record[field] or "", "goes": " ".join(goes), "rules": " ".join(rules)}
        got.append(line | made)
    assert [line for line in got if line not in lines] == []
    assert len(lines) >= 25


def test_what_stays_is_stable(model, mapped):
    """A value that was brought into form comes out of a second run as it went in."""
    for type_, (entity, field) in FIELDS.items():
        values = [v["value"] for v in vectors() if v["type"] == type_ and v["value"]]
        rows = [{"name": "甲", field: value} for value in values]
        result = standardize(model.entity(entity), mapped(entity, rows), model, origins={})
        assert result.records[field].to_list() == values
