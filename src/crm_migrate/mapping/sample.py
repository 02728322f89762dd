"""What a proposal looks at: the first rows of a table, its columns, and what it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

import polars as pl

from crm_migrate.formats.contract import DATA, KIND, Table
from crm_migrate.formats.detect import Detected, detect
from crm_migrate.mapping.headers import Headers, Label, read_label
from crm_migrate.mapping.identity import key_text
from crm_migrate.model import Model, SemanticType
from crm_migrate.systems.sql import SqlTable

ROWS = 200_000
"""Rows of a table that are looked at."""
SUBJECT_WEIGHT = 3.0
"""A table's name counts as much as three columns that name the same entity."""

SHOWS = 0.9
"""Least confidence at which the values under a label that says nothing tell what they are."""
_SHOWN_BY = {
    SemanticType.COMPANY_NAME: "customer",
    SemanticType.USCC: "customer",
    SemanticType.ID_NUMBER: "contact",
}


@dataclass(frozen=True)
class Column:
    """A column's label, values (null where blank) and detected type."""

    name: str
    label: Label
    values: pl.Series
    detected: Detected

    @cached_property
    def keys(self) -> pl.Series:
        """The distinct values as keys."""
        return key_text(self.values).drop_nulls().unique()

    @property
    def filled(self) -> float:
        """Share of rows that are filled."""
        return len(self.values.drop_nulls()) / max(len(self.values), 1)

    @property
    def distinct(self) -> float:
        """Distinct values per filled row."""
        return len(self.keys) / max(len(self.values.drop_nulls()), 1)


@dataclass(frozen=True)
class Sample:
    """A table as the proposal sees it: `entity` is what its rows are about, None when unclear."""

    source: str
    table: Table
    columns: tuple[Column, ...]
    entity: str | None
    key: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table's name in the mapping ("" for a file with one table)."""
        return self.table.info.sheet or ""

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by label."""
        return {c.name: c for c in self.columns}


def take_sample(source: str, table: Table, model: Model, headers: Headers) -> Sample:
    """Read the first rows of a table and see what it is about.

    Raises:
        SourceFault: the table cannot be read.
    """
    rows = _first_rows(table)
    columns = tuple(
        Column(name, read_label(name), rows[name], detect(rows[name], name))
        for name in table.info.columns
    )
    entity = _subject(table, columns, model, headers)
    return Sample(source, table, columns, entity, _key(table, columns, entity, headers))


def table_title(table: Table) -> str:
    """What people call the table: the sheet, or the file without its ending."""
    return table.info.sheet or PurePath(table.info.file).stem


def _first_rows(table: Table) -> pl.DataFrame:
    names = list(table.info.columns)
    parts = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))]
    count = 0
    for batch in table.batches(size=ROWS):
        data = batch.filter(pl.col(KIND) == DATA).select(names)
        parts.append(data)
        count += data.height
        if count >= ROWS:
            break
    text = pl.col(pl.String)
    return pl.concat(parts).select(pl.when(text.str.strip_chars() != "").then(text))


def _subject(table: Table, columns: Sequence[Column], model: Model, headers: Headers) -> str | None:
    scores = dict.fromkeys((e.name for e in model.entities), 0.0)
    named = dict(scores)
    found = headers.subject(table_title(table))
    for column in columns:
        matches = headers.matches(column.label)
        telling = {m.entity for m in matches if not m.generic}
        for entity in {m.entity for m in matches} & scores.keys():
            share = 1 / len(telling) if entity in telling else 0.25
            scores[entity] += share * (column.filled or 1)  # mostly empty: beside the point
            named[entity] += share
        if (
            not matches
            and column.detected.confidence >= SHOWS
            and column.detected.type in _SHOWN_BY
        ):
            scores[_SHOWN_BY[column.detected.type]] += 0.5
        for entity in headers.identifies(column.label):
            if entity in scores:  # customers are referred to everywhere
                scores[entity] += 0.25 if entity == "customer" else 0.5
    if max(scores.values()) == 0:
        return None
    if found in scores:
        scores[str(found)] += SUBJECT_WEIGHT
    best = max(scores, key=lambda e: scores[e])
    return best if max(scores[best], named[best]) >= 1 else None


def _key(
    table: Table, columns: Sequence[Column], entity: str | None, headers: Headers
) -> tuple[str, ...]:
    """Declared by the database, else the first column named like a key that serves as one."""
    if isinstance(table, SqlTable) and table.primary_key:
        return table.primary_key
    for wanted in (entity, ""):
        for column in columns:
            if (
                wanted in headers.identifies(column.label)
                and min(column.filled, column.distinct) >= 0.95
            ):
                return (column.name,)
    return ()
