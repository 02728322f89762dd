"""Records that are gone, known again by what they say: rows without a key of their own change.

A record whose source declares a key keeps its id whatever else changes. One without is named after
its content, so a corrected telephone number makes another record of it, and what people said about
the old one would be lost. Its *traits* (a keyed digest per field; no value) are kept with the
question; the one record that shares the most of them, and at least half, takes its place.
"""

import json
from collections.abc import Callable, Sequence

import polars as pl

from crm_migrate.records import RECORD_ID, SOURCE

LEAST = 2
"""Traits in common without which a record is not known again."""
_LENGTH = 16

Digest = Callable[[str, pl.Series], pl.Series]
"""Name of a field and its values → keyed digests; null stays null."""


def traits_of(records: pl.DataFrame, digest: Digest) -> pl.DataFrame:
    """record_id and a column per trait (and `_source`): shortened keyed digests.

    records: record_id, `_source` and whatever a record is known by, all of it text.
    """
    held = [n for n in records.columns if n != RECORD_ID]
    shortened = [digest(n, records[n]).str.slice(0, _LENGTH).alias(n) for n in held]
    return pl.DataFrame([records[RECORD_ID], *shortened])


def as_text(traits: pl.DataFrame) -> pl.DataFrame:
    """record_id, traits: the traits as JSON text, to be kept with a question."""
    texts = [
        json.dumps({n: v for n, v in row.items() if n != RECORD_ID and v is not None})
        for row in traits.iter_rows(named=True)
    ]
    return pl.DataFrame({RECORD_ID: traits[RECORD_ID], "traits": pl.Series(texts, dtype=pl.String)})


def successors(lost: Sequence[tuple[str, str]], traits: pl.DataFrame) -> dict[str, str]:
    """Lost record id → the record that takes its place.

    lost: record id and its traits as text. traits: those of the records at hand. The place stays
    empty where no record of the same source shares half of the traits, or where two share as many.
    """
    fields = [n for n in traits.columns if n not in (RECORD_ID, SOURCE)]
    known = {id: json.loads(text) for id, text in lost if text}
    hits = [pl.DataFrame(schema=dict.fromkeys(("lost", RECORD_ID), pl.String))]
    for field in fields:
        rows = [(id, held.get(SOURCE), held[field]) for id, held in known.items() if field in held]
        wanted = pl.DataFrame(rows, schema=["lost", "_from", field], orient="row")
        wanted = wanted.cast(pl.String)
        found = wanted.join(traits.drop_nulls(field), on=field)
        if SOURCE in traits.columns:
            found = found.filter(pl.col(SOURCE).eq_missing(pl.col("_from")))
        hits.append(found.select("lost", RECORD_ID))
    counted = pl.concat(hits).group_by("lost", RECORD_ID).len("shared")
    had = {id: sum(n in held for n in fields) for id, held in known.items()}
    best = (
        counted.with_columns(
            had=pl.col("lost").replace_strict(had, default=0, return_dtype=pl.Int64),
            rivals=(pl.col("shared") == pl.col("shared").max().over("lost")).sum().over("lost"),
        )
        .filter(pl.col("shared") == pl.col("shared").max().over("lost"))
        .filter((pl.col("shared") >= LEAST) & (2 * pl.col("shared") >= pl.col("had")))
        .filter(pl.col("rivals") == 1)
    )
    return dict(best["lost", RECORD_ID].rows())
