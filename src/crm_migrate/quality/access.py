"""Accessibility (GB/T 36344-2018, 06): what could be read, was accepted, has a place in the CRM."""

from collections.abc import Iterator

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.project.quality_measures import BEFORE
from crm_migrate.quality.counts import ALL, Line
from crm_migrate.quality.judged import Judged
from crm_migrate.records import SOURCE


def access_lines(rows: pl.DataFrame) -> Iterator[Line]:
    """Rows that yielded a record, by entity of their root record and source.

    rows: `source`, `root`, `read`, `non_data`, `no_record`.
    """
    summed = rows.with_columns((pl.col("read") - pl.col("non_data")).alias("data"))
    for keys in (["root"], ["root", "source"]):
        found = summed.group_by(keys).agg(pl.col("data", "no_record").sum())
        for row in found.iter_rows(named=True):
            place = (BEFORE, str(row["root"]), str(row.get("source", ALL)), ALL)
            data = int(row["data"])
            yield (*place, "readable", data - int(row["no_record"]), data)


def usable_lines(entity: Entity, raw: pl.DataFrame, accepted: pl.DataFrame) -> Iterator[Line]:
    """Records that were accepted, not quarantined, per source and over all."""
    place = (BEFORE, entity.name)
    yield (*place, ALL, ALL, "usable", accepted.height, raw.height)
    good = dict(accepted.group_by(SOURCE).len().iter_rows())
    for source, total in raw.group_by(SOURCE).len().iter_rows():
        yield (*place, source, ALL, "usable", int(good.get(source, 0)), total)


def reach_lines(golden: Judged, held: frozenset[str]) -> Iterator[Line]:
    """Filled golden cells that have a column in the CRM (`held`: fields that have one)."""
    sums: dict[str, list[int]] = {}
    for field in golden.entity.field_names:
        if field not in golden.records.columns:
            continue
        filled = golden.records[field].is_not_null().to_numpy()
        reached = filled if field in held else golden.nowhere
        for *_, source, _, _, good, total in golden.cells(field, "readable", reached, filled):
            known = sums.setdefault(source, [0, 0])
            known[0] += good
            known[1] += total
    for source, (good, total) in sums.items():
        yield (golden.phase, golden.entity.name, source, ALL, "readable", good, total)
