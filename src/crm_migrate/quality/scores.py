"""From counts to values: measures, dimensions and the score of any part of the data.

A measure's A and B are sums over its cells, each times weight(entity) · weight(field). A dimension
is the weighted mean of its measures (rates as 1 − X), the score that of the dimensions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_migrate.project.quality_file import Weights
from crm_migrate.project.quality_measures import (
    QUALITY_MEASURES,
    SCORE,
    Dimension,
    measures_of,
)
from crm_migrate.quality.counts import ALL


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure of some part of the data; `good` and `total` (A and B) are weighted."""

    value: float
    good: float
    total: float


@dataclass(frozen=True)
class Values:
    """What was measured of some part of the data; what had nothing to judge is left out."""

    measures: Mapping[str, Figure]
    dimensions: Mapping[str, float]
    score: float | None

    def of(self, name: str) -> float | None:
        """A measure, a dimension or `score`."""
        if name == SCORE:
            return self.score
        if name in self.measures:
            return self.measures[name].value
        return self.dimensions.get(name)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "score": _rounded(self.score),
            "dimensions": {n: _rounded(v) for n, v in self.dimensions.items()},
            "measures": {
                n: {"value": _rounded(f.value), "numerator": f.good, "denominator": f.total}
                for n, f in self.measures.items()
            },
        }


@dataclass(frozen=True)
class Scores:
    """The values of every part: by phase, entity, source and field."""

    weighted: pl.DataFrame
    """COUNTS_SCHEMA with `good` and `total` as weighted floats."""
    weights: Weights

    def part(
        self,
        phase: str,
        entity: str | None = None,
        field: str | None = None,
        source: str = ALL,
    ) -> Values:
        """The values of a part; None: of all entities, of all fields."""
        wanted = (pl.col("phase") == phase) & (pl.col("source") == source)
        if entity is not None:
            wanted &= pl.col("entity") == entity
        if field is not None:
            wanted &= pl.col("field") == field
        return self._values(self.weighted.filter(wanted))

    def parts(self, phase: str, by: tuple[str, ...]) -> dict[tuple[str, ...], Values]:
        """The values of every part at once, by columns of COUNTS_SCHEMA.

        Over all sources, unless `source` is one of the columns.
        """
        rows = self.weighted.filter(pl.col("phase") == phase)
        rows = rows.filter((pl.col("source") != ALL) == ("source" in by))
        if "field" in by:
            rows = rows.filter(pl.col("field") != ALL)
        found = {}
        for key, part in rows.group_by(list(by), maintain_order=True):
            found[tuple(str(k) for k in key)] = self._values(part)
        return found

    def _values(self, rows: pl.DataFrame) -> Values:
        summed = rows.group_by("measure").agg(pl.col("good", "total").sum())
        sums = {name: (good, total) for name, good, total in summed.iter_rows()}
        measures = {}
        for name, measure in QUALITY_MEASURES.items():
            good, total = sums.get(name, (0.0, 0.0))
            value = measure.value(good, total)
            if value is not None:
                measures[name] = Figure(value, good, total)
        dimensions = {}
        for dimension in Dimension:
            value = self._mean(measures, measures_of(dimension))
            if value is not None:
                dimensions[str(dimension)] = value
        weights = {d: self.weights.dimensions.get(Dimension(d), 1.0) for d in dimensions}
        return Values(measures, dimensions, mean(dimensions, weights))

    def _mean(self, measures: Mapping[str, Figure], names: tuple[str, ...]) -> float | None:
        known = {n: measures[n].value for n in names if n in measures}
        good = {n: 1 - v if QUALITY_MEASURES[n].rate else v for n, v in known.items()}
        return mean(good, {n: self.weights.measures.get(n, 1.0) for n in good})


def scores(counts: pl.DataFrame, weights: Weights) -> Scores:
    """The counts (COUNTS_SCHEMA) under the weights."""
    field = pl.concat_str("entity", "field", separator=".")
    weight = _weight(pl.col("entity"), weights.entities) * _weight(field, weights.fields)
    return Scores(counts.with_columns(pl.col("good", "total") * weight), weights)


def _weight(name: pl.Expr, known: Mapping[str, float]) -> pl.Expr:
    if not known:
        return pl.lit(1.0)
    return name.replace_strict(dict(known), default=1.0, return_dtype=pl.Float64)


def mean(values: Mapping[str, float], weights: Mapping[str, float]) -> float | None:
    """The weighted mean; None where nothing weighs.

    >>> mean({"a": 1.0, "b": 0.5}, {"a": 1.0, "b": 3.0})
    0.625
    """
    total = sum(weights[n] for n in values)
    return sum(v * weights[n] for n, v in values.items()) / total if total else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
