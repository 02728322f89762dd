"""The sample mappings are total: they know every column and every value of the samples."""

import csv
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from crm_migrate.project.mapping_file import SourceMapping, TargetMapping, ValueMap

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "mappings"
SHEET, LABELS = "客户登记表", (2, 3)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def sheet_rows() -> list[dict[str, str]]:
    page = openpyxl.load_workbook(ROOT / "samples/sales.xlsx")[SHEET]
    cells = [list(r) for r in page.iter_rows(values_only=True)]
    groups, labels, group = cells[1], cells[2], None
    names = []
    for above, below in zip(groups, labels, strict=True):
        group = above or group
        names.append(f"{group}/{below}".replace("\n", "") if below else str(above))
    return [
        {n: "" if v is None else str(v) for n, v in zip(names, row, strict=True)}
        for row in cells[3:]
        if isinstance(row[0], int)
    ]


def tables() -> Iterator[tuple[str, str, list[dict[str, str]]]]:
    """(source, table, rows as text) of all samples."""
    yield "sales", SHEET, sheet_rows()
    with (ROOT / "samples/service.csv").open(encoding="gb18030", newline="") as file:
        yield "service", "", list(csv.DictReader(file))
    database = sqlite3.connect(f"file:{ROOT / 'samples/legacy.db'}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
        rows = database.execute(f"SELECT * FROM {name}").fetchall()
        yield (
            "legacy",
            name,
            [{k: "" if r[k] is None else str(r[k]) for k in r.keys()} for r in rows],  # noqa: SIM118
        )
    database.close()


@pytest.fixture(scope="module")
def samples() -> dict[tuple[str, str], list[dict[str, str]]]:
    return {(source, table): rows for source, table, rows in tables()}


@pytest.fixture(scope="module")
def mappings() -> list[SourceMapping]:
    names = ("sales", "service", "legacy")
    return [SourceMapping.model_validate(read(MAPPINGS / f"{n}.yaml")) for n in names]


def test_every_column_is_mapped_or_left_behind_on_purpose(
    samples: dict[tuple[str, str], list[dict[str, str]]], mappings: list[SourceMapping]
) -> None:
    """R-1.2, R-2.3: the allow-list and the ignored columns together are the columns there are."""
    for mapping in mappings:
        for table in mapping.tables:
            columns = set(samples[(mapping.source, table.table)][0])
            assert set(table.columns()) | set(table.ignore) == columns, table.table
            assert not set(table.columns()) & set(table.ignore)
    assert sum(len(m.tables) for m in mappings) == len(samples)


def test_value_maps_are_total(
    samples: dict[tuple[str, str], list[dict[str, str]]], mappings: list[SourceMapping]
) -> None:
    """R-1.5, R-2.3: every owner, department, code and state of the sources has its new value."""
    entities = read(ROOT / "src/crm_migrate/starter/entities.yaml")
    for mapping in mappings:
        for table in mapping.tables:
            for record in table.records:
                for name, origin in record.fields.items():
                    if origin.values is None:
                        continue
                    values = ValueMap.model_validate(
                        read(MAPPINGS / f"values/{origin.values}.yaml")
                    )
                    known = set(values.map) | {o.old for o in values.owners} | {""}
                    field = entities["entities"][record.entity]["fields"][name]
                    vocabulary = entities["vocabularies"].get(field.get("vocabulary"), {})
                    known |= set(vocabulary) | {s for v in vocabulary.values() for s in v}
                    rows = samples[(mapping.source, table.table)]
                    found = {row[origin.column or ""] for row in rows}
                    assert found <= known, (table.table, name)


def test_new_owners_stand_in_the_crm() -> None:
    """R-1.5: every new owner, the common pool included, is a user of the target."""
    target = TargetMapping.model_validate(read(MAPPINGS / "target.yaml"))
    assert target.owners is not None
    owners = ValueMap.model_validate(read(MAPPINGS / "values/owners.yaml")).owners
    database = sqlite3.connect(f"file:{ROOT / 'samples/crm.db'}?mode=ro", uri=True)
    query = f"SELECT {target.owners.match}, dept FROM {target.owners.table}"
    users = dict(database.execute(query).fetchall())
    database.close()
    assert {(o.new, o.department) for o in owners} == set(users.items())
