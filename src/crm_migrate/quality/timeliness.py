"""Timeliness (GB/T 36344-2018, 05): dates that are possible, recent enough and in order."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import polars as pl

from crm_migrate.model import Entity, SemanticType
from crm_migrate.project.quality_file import Current, Period
from crm_migrate.project.quality_measures import BEFORE
from crm_migrate.quality.counts import ALL, Line, by_source
from crm_migrate.records import SOURCE

OF = "_of"
"""Column that names the golden record which a row is, or is a part of."""


def period_lines(
    phase: str, entity: Entity, records: pl.DataFrame, period: Period, today: date
) -> Iterator[Line]:
    """Dates from `period.earliest` to the day of the run; those that may lie ahead: no end.

    records: with `_source`, of golden records the list of their sources; so everywhere here.
    """
    ahead = {n.partition(".")[2] for n in period.future if n.startswith(entity.name + ".")}
    for field in entity.fields:
        if field.type is not SemanticType.DATE or field.name not in records.columns:
            continue
        value = pl.col(field.name)
        fits = value >= period.earliest.isoformat()
        if field.name not in ahead:
            fits &= value <= today.isoformat()
        judged = records.select(fits.alias("fits"), SOURCE).drop_nulls("fits")
        yield from _counted(phase, entity.name, field.name, "period", judged, "fits")


def current_lines(
    phase: str,
    entity: Entity,
    rows: Mapping[str, pl.DataFrame],
    rule: Current,
    today: date,
) -> Iterator[Line]:
    """Records whose latest date is recent enough.

    rows: by entity the dates of its records, `_of` (the golden record of `entity` that they
    belong to) and `_source`: before, only dates of the same source count.
    """
    keys = [OF, SOURCE] if phase == BEFORE else [OF]
    parts = []
    for name in rule.dates:
        other, _, field = name.partition(".")
        if other in rows and field in rows[other].columns:
            given = rows[other].select(*keys, pl.col(field).alias("date"))
            parts.append(given.drop_nulls())
    if not parts:
        return
    # A date in the future says nothing about when somebody last looked.
    dated = pl.concat(parts).filter(pl.col("date") <= today.isoformat())
    latest = dated.group_by(keys).agg(pl.col("date").max())
    own = rows[entity.name].select(OF, SOURCE).join(latest, on=keys, how="inner")
    edge = (today - timedelta(days=rule.within_days)).isoformat()
    judged = own.with_columns((pl.col("date") >= edge).alias("fits"))
    yield from _counted(phase, entity.name, ALL, "current", judged, "fits")


def sequence_lines(
    phase: str,
    entity: Entity,
    records: pl.DataFrame,
    referred: Mapping[str, pl.DataFrame],
    pairs: Sequence[tuple[str, str]],
) -> Iterator[Line]:
    """Pairs of dates of which the first is not later. `referred`: records by entity, by `_id`."""
    judged = []
    for first, second in pairs:
        frame = records.select(
            _date(records, entity, first, referred).alias("first"),
            _date(records, entity, second, referred).alias("second"),
            SOURCE,
        ).drop_nulls(["first", "second"])
        judged.append(frame.with_columns((pl.col("first") <= pl.col("second")).alias("fits")))
    if judged:
        yield from _counted(phase, entity.name, ALL, "sequence", pl.concat(judged), "fits")


def _date(
    records: pl.DataFrame, entity: Entity, name: str, referred: Mapping[str, pl.DataFrame]
) -> pl.Series:
    reference, _, field = name.rpartition(".")
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, records.height)
    if not reference:
        return records[field] if field in records.columns else nothing
    other = referred.get(entity.by_name[reference].references or "")
    if other is None or reference not in records.columns or field not in other.columns:
        return nothing
    of = other.select(pl.col("_id").alias(reference), pl.col(field).alias("_date"))
    joined = records.select(reference).join(
        of.unique(reference), on=reference, how="left", maintain_order="left"
    )
    return joined["_date"]


def _counted(
    phase: str, entity: str, field: str, measure: str, judged: pl.DataFrame, fits: str
) -> Iterator[Line]:
    yield (phase, entity, ALL, field, measure, int(judged[fits].sum()), judged.height)
    for source, good, total in by_source(judged).agg(pl.col(fits).sum(), pl.len()).iter_rows():
        yield (phase, entity, source, field, measure, int(good), int(total))
