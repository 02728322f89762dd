"""An address in several columns (省, 市, 区, 街道) is one: the largest part comes first."""

from collections.abc import Collection

import polars as pl

from crm_migrate.mapping.headers import Headers
from crm_migrate.mapping.sample import Column, Sample
from crm_migrate.project.mapping_file import FieldSource

REGIONS = ("province", "city", "district")
DETAIL = "detail"
_REPEATED = 0.1
"""From this share of rows on in which the detail names the region itself, it is left out."""


def address_parts(
    sample: Sample, address: FieldSource | None, taken: Collection[str], headers: Headers
) -> tuple[Column, ...]:
    """The columns of which the address is made; empty where one column holds all of it.

    address: where it comes from without them. taken: columns that other fields have.
    """
    parts = {
        headers.address_parts[c.label.name]: c
        for c in sample.columns
        if c.label.name in headers.address_parts and c.name not in taken
    }
    if address is not None and address.column is not None:
        parts[DETAIL] = sample.by_name[address.column]
    if DETAIL not in parts:
        return ()
    detail = parts[DETAIL]
    regions = [parts[r] for r in REGIONS if r in parts and not _names(detail, parts[r])]
    return (*regions, detail) if regions or address is None else ()


def _names(detail: Column, region: Column) -> bool:
    """Whether the details begin with their regions, or name them soon."""
    stem = region.values.str.strip_chars().str.replace("[省市区县]$", "")
    both = pl.DataFrame({"detail": detail.values, "stem": stem}).drop_nulls()
    if both.is_empty():
        return True
    said = both.select(pl.col("detail").str.head(12).str.contains(pl.col("stem"), literal=True))
    return int(said.to_series().sum()) > _REPEATED * both.height
