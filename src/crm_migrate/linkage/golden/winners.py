"""Which record of a cluster wins: by columns, over rows that stand cluster by cluster.

`Clusters` orders the rows by cluster and record id and numbers the clusters; a preference is one
number per row, the smallest preferred; ties go on to the next preference, at last to the smaller
record id, which stands first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.golden.rules import (
    SOURCE_FIELD,
    Condition,
    FieldGroup,
    Preference,
    SurvivorshipRules,
)
from crm_migrate.records import RECORD_ID, SOURCE

Rows = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Won:
    """For each cluster in which the fields are filled: the winning row and why.

    `rule` indexes the group's preferences; -1 where no other value stood against it, and their
    number where only the record id decided. `losers`: distinct other values.
    """

    cluster: Rows
    row: Rows
    rule: Rows
    losers: Rows


@dataclass(frozen=True)
class Clusters:
    """Rows of clusters of several records: `rows` in the order of cluster and record id."""

    rows: pl.DataFrame
    cluster: Rows
    """Number of each row's cluster, ascending."""
    rules: SurvivorshipRules
    doubts: pl.DataFrame | None = None
    """record_id, field: values that are doubtful by the standards."""
    _fixed: dict[Preference, Numbers] = field(default_factory=dict)

    def winners(self, group: FieldGroup, names: Sequence[str]) -> Won:
        """The winning row of every cluster that has a value in one of the fields."""
        filled = self.rows.select(pl.any_horizontal(pl.col(n).is_not_null() for n in names))
        rows = np.flatnonzero(filled.to_series().to_numpy())
        cluster = self.cluster[rows]
        values = self.rows.select(names)
        keys = [
            np.zeros(len(rows)) if p.kind == "most_frequent" else self._key(p, names)[rows]
            for p in group.preferences
        ]
        best = first_best(keys, cluster)
        other = _differs(values, rows, rows[np.repeat(best, _sizes(cluster))])
        doubtful = np.isin(cluster, cluster[other])
        if doubtful.any() and any(p.kind == "most_frequent" for p in group.preferences):
            common = _frequency(values[rows[doubtful]], cluster[doubtful])
            for key, preference in zip(keys, group.preferences, strict=True):
                if preference.kind == "most_frequent":
                    key[doubtful] = -common
                    if preference.when is not None:
                        key[doubtful] *= self._holds(preference.when)[rows[doubtful]]
            best = first_best(keys, cluster)
            other = _differs(values, rows, rows[np.repeat(best, _sizes(cluster))])
        return _decided(keys, values, rows, cluster, best, np.flatnonzero(other))

    def _key(self, preference: Preference, names: Sequence[str]) -> Numbers:
        """The preference's number for every row; computed once where no field matters to it."""
        if preference in self._fixed:
            return self._fixed[preference]
        if preference.kind == "most_valid":
            numbers = self._doubts(names)
        else:
            key = sort_key(preference, names, self.rules, self.rows.columns).cast(pl.Float64)
            found = self.rows.select(key.alias("key")).to_series()
            if len(found) != self.rows.height:  # the same for all
                found = found.new_from_index(0, self.rows.height)
            numbers = found.to_numpy()
        if preference.when is not None:
            numbers = np.where(self._holds(preference.when), numbers, 0.0)
        if preference.kind in ("most_trusted", "most_recent", "prefer"):
            self._fixed[preference] = numbers
        return numbers

    def _holds(self, condition: Condition) -> npt.NDArray[np.bool_]:
        """Per row whether the condition holds for its cluster."""
        column = SOURCE if condition.field == SOURCE_FIELD else condition.field
        if column not in self.rows.columns or not self.rows.height:
            return np.full(self.rows.height, condition.negated)
        values = self.rows[column]
        has = values.is_in(list(condition.values)) if condition.values else values.is_not_null()
        sizes = _sizes(self.cluster)
        starts = np.cumsum(sizes) - sizes
        some = np.logical_or.reduceat(has.fill_null(False).to_numpy(), starts)
        return np.asarray(np.repeat(some, sizes) != condition.negated)

    def _doubts(self, names: Sequence[str]) -> Numbers:
        """How many of a row's values in these fields are doubtful."""
        if self.doubts is None:
            return np.zeros(self.rows.height)
        at = self.doubts.filter(pl.col("field").is_in(list(names)))
        counted = at.group_by(RECORD_ID).agg(pl.col("field").n_unique().cast(pl.Float64))
        found = self.rows.select(RECORD_ID).join(
            counted, on=RECORD_ID, how="left", maintain_order="left"
        )
        return found["field"].fill_null(0.0).to_numpy()


def first_best(keys: Sequence[Numbers], cluster: Rows) -> Rows:
    """Place of the first row of each cluster with the smallest keys, compared in order.

    >>> first_best([np.array([1.0, 0.0, 0.0, 5.0])], np.array([0, 0, 0, 2])).tolist()
    [1, 3]
    """
    if not len(cluster):
        return np.empty(0, dtype=np.int64)
    sizes = _sizes(cluster)
    starts = np.cumsum(sizes) - sizes
    alive = np.ones(len(cluster), dtype=np.bool_)
    for key in keys:
        low = np.minimum.reduceat(np.where(alive, key, np.inf), starts)
        alive &= key == np.repeat(low, sizes)
    at = np.flatnonzero(alive)
    place: Rows = at[_first(cluster[at])]
    return place


def sort_key(
    preference: Preference, names: Sequence[str], rules: SurvivorshipRules, columns: Sequence[str]
) -> pl.Expr:
    """A number that is smallest for the preferred record (not for most_frequent)."""
    kind = preference.kind
    if kind == "most_trusted":
        trusted = preference.values or rules.trusted
        if not trusted or SOURCE not in columns:
            return pl.lit(0)
        ranks = list(range(len(trusted)))
        return pl.col(SOURCE).replace_strict(
            list(trusted), ranks, default=len(ranks), return_dtype=pl.Int64
        )
    if kind == "most_recent":
        recent = preference.field or rules.recent
        if recent is None or recent not in columns:
            return pl.lit(0)
        date = pl.col(recent).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        return -date.cast(pl.Int64).fill_null(-(10**7))
    if kind == "most_complete":
        return -pl.sum_horizontal(pl.col(n).is_not_null() for n in names).cast(pl.Int64)
    if kind == "longest":
        return -pl.sum_horizontal(
            pl.col(n).str.len_chars().fill_null(0).cast(pl.Int64) for n in names
        )
    if kind == "most_restrictive":  # a single refusal stands against any number of consents
        return pl.sum_horizontal((pl.col(n) != "false").fill_null(True) for n in names)
    column = SOURCE if preference.field == SOURCE_FIELD else str(preference.field)
    if column not in columns:
        return pl.lit(0)
    wanted = pl.col(column)
    held = wanted.is_in(list(preference.values)) if preference.values else wanted.is_not_null()
    return (~held.fill_null(False)).cast(pl.Int64)


def _decided(
    keys: Sequence[Numbers],
    values: pl.DataFrame,
    rows: Rows,
    cluster: Rows,
    best: Rows,
    others: Rows,
) -> Won:
    """The winners with the preference that decided against the best row of another value."""
    rule = np.full(len(best), -1, dtype=np.int64)
    losers = np.zeros(len(best), dtype=np.int64)
    if len(others):
        rival = others[first_best([k[others] for k in keys], cluster[others])]
        where = np.searchsorted(cluster[best], cluster[rival])
        rule[where] = len(keys)
        for number in reversed(range(len(keys))):
            apart = keys[number][best[where]] != keys[number][rival]
            rule[where[apart]] = number
        losers[where] = _distinct(values[rows[others]], cluster[others])
    return Won(cluster[best], rows[best], rule, losers)


def _differs(values: pl.DataFrame, mine: Rows, theirs: Rows) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(mine), dtype=np.bool_)
    for column in values.get_columns():
        found |= column.gather(mine).ne_missing(column.gather(theirs)).to_numpy()
    return found


def _frequency(values: pl.DataFrame, cluster: Rows) -> Numbers:
    """How many rows of its cluster have the row's value."""
    named = values.with_columns(pl.Series("@cluster", cluster))
    count = named.select(pl.len().over(named.columns).cast(pl.Float64))
    return count.to_series().to_numpy()


def _distinct(values: pl.DataFrame, cluster: Rows) -> Rows:
    """Number of distinct values of each cluster, by cluster."""
    distinct = values.with_columns(pl.Series("@cluster", cluster)).unique()
    counted = distinct.group_by("@cluster").len().sort("@cluster")
    return counted["len"].cast(pl.Int64).to_numpy()


def _first(cluster: Rows) -> npt.NDArray[np.bool_]:
    return np.concatenate([[True], cluster[1:] != cluster[:-1]])[: len(cluster)]


def _sizes(cluster: Rows) -> Rows:
    """Rows of each cluster, in order."""
    starts = np.flatnonzero(_first(cluster))
    return np.diff(np.append(starts, len(cluster)))
