"""The repository's own project: its mappings on its samples, and what `init` would propose."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.formats import open_file
from crm_migrate.formats.contract import Table
from crm_migrate.mapping.apply import Mapped, map_table
from crm_migrate.mapping.reading import pair_tables, read_rows
from crm_migrate.mapping.references import resolve_orphans
from crm_migrate.mapping.suggest import suggest
from crm_migrate.model import SemanticType
from crm_migrate.project import Project, load_project
from crm_migrate.project.mapping_file import SourceMapping
from crm_migrate.standards import standard
from crm_migrate.standards.contract import Context
from crm_migrate.systems.sql import sql_tables

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(ROOT)


@pytest.fixture(scope="module")
def tables(project: Project) -> dict[str, list[Table]]:
    found: dict[str, list[Table]] = {}
    for name in project.mappings:
        place = project.source_place(name)
        found[name] = list(sql_tables(place)) if "://" in place else open_file(place)
    return found


@pytest.fixture(scope="module")
def mapped(project: Project, tables: dict[str, list[Table]]) -> list[Mapped]:
    made = []
    for name, mapping in project.mappings.items():
        for table, wanted in pair_tables(tables[name], mapping)[0]:
            rows = read_rows(table, wanted, name).rows
            info = table.info
            place = (name, info.file, info.sheet)
            made.append(
                map_table(rows, wanted, *place, project.model, project.value_maps, bytes(32))
            )
    return made


def test_every_data_row_yields_a_record(mapped: list[Mapped]) -> None:
    """Rows in are rows with a record, or rows that are named as having none."""
    assert sum(m.counts.rows for m in mapped) > 3000
    assert sum(m.counts.without_record for m in mapped) == 0


def test_record_ids_are_unique_over_all_sources(mapped: list[Mapped]) -> None:
    """No two records of any table, entity or source share an id."""
    ids = pl.concat([f["record_id"] for m in mapped for f in m.records.values()])
    assert ids.null_count() == 0
    assert ids.is_unique().all()


def test_references_lead_somewhere_or_are_found(project: Project, mapped: list[Mapped]) -> None:
    """Orphans of the old CRM are found once each; all other references hold."""
    names = [e.name for e in project.model.entities]
    frames = {
        n: pl.concat([m.records[n] for m in mapped if n in m.records])
        for n in names
        if any(n in m.records for m in mapped)
    }
    ambiguous = pl.concat([m.ambiguous for m in mapped])
    resolved = resolve_orphans(frames, project.model, ambiguous)
    before = sum(
        int(frames[n][f.name].count()) for n in frames for f in project.model.entity(n).references()
    )
    after = sum(
        int(f[r.name].count())
        for n, f in resolved.records.items()
        for r in project.model.entity(n).references()
    )
    assert before - after == resolved.findings.height
    assert 0 < resolved.findings.height < 0.05 * before
    again = resolve_orphans(resolved.records, project.model, ambiguous)
    assert again.findings.is_empty()


def test_proposals_agree_with_what_people_decided(
    project: Project, tables: dict[str, list[Table]]
) -> None:
    """R-2.3: nine in ten fields of the hand-made mappings are what `init` proposes."""
    proposal = suggest(tables, project.model)
    wanted = _pairs(project.mappings.values())
    found = _pairs(proposal.mappings.values())
    assert len(wanted & found) >= 0.9 * len(wanted)
    assert len(found - wanted) <= 0.1 * len(found)


def _pairs(mappings: Iterable[SourceMapping]) -> set[tuple[str, str, str, str, str]]:
    return {
        (m.source, t.table, r.entity, field, column)
        for m in mappings
        for t in m.tables
        for r in t.records
        for field, origin in r.fields.items()
        for column in origin.source_columns
    }


def test_units_of_the_source_reach_the_field(project: Project, mapped: list[Mapped]) -> None:
    """A budget in 元 becomes 万元 in the standard form."""
    legacy = next(
        m.records["customer"]
        for m in mapped
        if "customer" in m.records and m.records["customer"]["_source"][0] == "legacy"
    )
    raw = legacy["annual_budget"].drop_nulls()
    assert raw.str.ends_with("元").all()
    value = standard(SemanticType.AMOUNT).normalise(raw, Context(unit="万元"))
    plain = raw.str.strip_suffix("元").cast(pl.Float64)
    assert (value.cast(pl.Float64) * 10000 - plain).abs().max() == pytest.approx(0, abs=0.01)
