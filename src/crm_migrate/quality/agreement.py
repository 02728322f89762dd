"""Do records repeat each other, and agree where they do? Repetition, uniqueness, consistency."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crm_migrate.model import Entity, SemanticType
from crm_migrate.project.quality_measures import AFTER, BEFORE
from crm_migrate.quality.counts import ALL, Line, Mask, by_source
from crm_migrate.records import RECORD_ID, SOURCE


def repetition_lines(
    entity: Entity, members: pl.DataFrame, doubtful: pl.DataFrame
) -> Iterator[Line]:
    """Records that are the same thing as another, before; suspected ones, after.

    members: `record_id`, `golden_id`, `_source`. doubtful: open pairs by `left_golden`,
    `right_golden`; the second of each pair counts as repeated.
    """
    second = pl.Series("golden_id", [], dtype=pl.String)
    if doubtful.height:
        second = doubtful.select(pl.max_horizontal("left_golden", "right_golden")).to_series()
    golden = pl.col("golden_id")
    figures = (
        pl.len(),
        golden.n_unique().alias("different"),
        golden.filter(~golden.is_in(second.unique().implode())).n_unique().alias("unsuspected"),
    )
    whole = members.select(pl.lit(ALL).alias(SOURCE), *figures)
    for source, total, different, unsuspected in pl.concat(
        [whole, members.group_by(SOURCE).agg(figures)]
    ).iter_rows():
        yield (BEFORE, entity.name, source, ALL, "repetition", different, total)
        yield (AFTER, entity.name, source, ALL, "repetition", unsuspected, different)


def distinct_lines(
    phase: str, entity: Entity, records: pl.DataFrame, fields: Sequence[str]
) -> Iterator[Line]:
    """Different among filled values of fields that must be unique, per source and over all.

    records: with `_source`, of golden records the list of their sources.
    """
    for field in fields:
        if field not in records.columns:
            continue
        held = records.select(pl.col(field).alias("value"), SOURCE).drop_nulls("value")
        of = (phase, entity.name)
        yield (*of, ALL, field, "distinct", held["value"].n_unique(), held.height)
        counted = by_source(held).agg(pl.len(), pl.col("value").n_unique().alias("n"))
        for source, total, different in counted.iter_rows():
            yield (*of, source, field, "distinct", different, total)


def same_lines(
    entity: Entity, records: pl.DataFrame, members: pl.DataFrame, excepted: frozenset[str]
) -> Iterator[Line]:
    """Whether the records of one customer or thing agree; a golden record has one value each.

    records: standardized, with `_source`. Free text, tags, codes of a system and references are
    not compared, nor what `excepted` names.
    """
    own = members.select(RECORD_ID, "golden_id")
    rows = records.join(own, on=RECORD_ID)
    rows = rows.filter(pl.col("golden_id").is_duplicated()).sort("golden_id")
    if rows.is_empty():
        return
    group = (rows["golden_id"] != rows["golden_id"].shift()).fill_null(True).cum_sum().to_numpy()
    sources = rows[SOURCE].unique().sort().to_list()
    codes = rows[SOURCE].replace_strict(sources, range(len(sources)), return_dtype=pl.Int64)
    for field in entity.fields:
        if field.type in _NOT_COMPARED or field.name in excepted or field.name not in rows.columns:
            continue
        good, judged, groups = _agreeing(rows[field.name], group)
        place = (entity.name, field.name)
        yield (BEFORE, place[0], ALL, place[1], "same", int(good.sum()), int(judged.sum()))
        yield (AFTER, place[0], ALL, place[1], "same", groups, groups)
        for at, source in enumerate(sources):
            mine = codes.to_numpy() == at
            both = int((good & mine).sum()), int((judged & mine).sum())
            yield (BEFORE, place[0], source, place[1], "same", *both)
            shared = _runs(group[judged & mine])
            yield (AFTER, place[0], source, place[1], "same", shared, shared)


def _runs(ascending: NDArray[np.int64]) -> int:
    """How many different numbers there are."""
    return int(np.count_nonzero(np.diff(ascending)) + 1) if len(ascending) else 0


_NOT_COMPARED = (
    SemanticType.FREE_TEXT,
    SemanticType.TAGS,
    SemanticType.CODE,
    SemanticType.REFERENCE,
)


def _agreeing(values: pl.Series, group: NDArray[np.int64]) -> tuple[Mask, Mask, int]:
    """Cells that agree with all others of their group, cells that have others, such groups.

    `group` ascends: the records of one group stand together.
    """
    filled = values.is_not_null().to_numpy()
    agree, judged = np.zeros(len(filled), np.bool_), np.zeros(len(filled), np.bool_)
    held = group[filled]
    if not len(held):
        return agree, judged, 0
    # Numbers for texts, equal where the texts are.
    coded = values.drop_nulls().cast(pl.Categorical).to_physical().to_numpy()
    starts = np.flatnonzero(np.r_[True, held[1:] != held[:-1]])
    sizes = np.diff(np.r_[starts, len(held)])
    several = sizes > 1
    same = np.minimum.reduceat(coded, starts) == np.maximum.reduceat(coded, starts)
    judged[filled] = np.repeat(several, sizes)
    agree[filled] = np.repeat(several & same, sizes)
    return agree, judged, int(several.sum())
