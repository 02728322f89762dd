"""From text to integers: every value that linkage looks at, coded once.

Records are taken in the order of their ids, so nothing downstream can depend on row order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.errors import CrmMigrateError
from crm_migrate.language import Text
from crm_migrate.linkage import feature_text, person_text
from crm_migrate.linkage.firm_text import firm_parts
from crm_migrate.linkage.hashing import hash_texts
from crm_migrate.linkage.rule_types import SET_KINDS, LinkageRules
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import RECORD_ID

Codes = npt.NDArray[np.int32]
Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MISSING = -1
MAX_VALUES = 12
"""Values of one record in a set feature that are looked at; the smallest ones are taken."""


@dataclass(frozen=True)
class Feature:
    """`codes` is (records,) or, for sets, (records, k) padded with MISSING; a code is an index
    into `values`, the distinct texts.
    """

    codes: Codes
    values: pl.Series

    @property
    def is_set(self) -> bool:
        """Whether a record may have several values."""
        return self.codes.ndim == 2

    def present(self) -> Mask:
        """Per record, whether it has a value."""
        present: Mask = (self.codes if not self.is_set else self.codes[:, 0]) != MISSING
        return present

    def same(self, left: Indices, right: Indices) -> Mask:
        """Per pair, whether both have a value and agree (for sets: share one)."""
        a, b = self.codes[left], self.codes[right]
        hit: Mask = (a == b) & (a != MISSING) if not self.is_set else np.zeros(len(a), np.bool_)
        if not self.is_set:
            return hit
        for i in range(a.shape[1]):
            mine = a[:, i]
            if not (mine != MISSING).any():
                continue
            for j in range(b.shape[1]):
                hit |= (mine == b[:, j]) & (mine != MISSING)
        return hit

    def different(self, left: Indices, right: Indices) -> Mask:
        """Per pair, whether both have a value and do not agree."""
        present = self.present()
        both: Mask = present[left] & present[right]
        both &= ~self.same(left, right)
        return both

    def texts(self, rows: Indices) -> list[str | None]:
        """The values of some records as Python strings (single-valued features only)."""
        codes = pl.Series(self.codes[rows])
        return self.values.gather(codes.set(codes == MISSING, None)).to_list()

    def without(self, stop: npt.NDArray[np.bool_]) -> "Feature":
        """The feature with the values marked in `stop` taken away."""
        gone = stop[self.codes] & (self.codes != MISSING)
        codes = np.where(gone, np.int32(MISSING), self.codes)
        if self.is_set:  # keep the padding at the end
            order = np.argsort(codes == MISSING, axis=1, kind="stable")
            codes = np.take_along_axis(codes, order, axis=1)
        return replace(self, codes=codes.astype(np.int32))


@dataclass(frozen=True)
class Features:
    """The coded records, in the order of their ids; `hashes` are stable over versions."""

    ids: pl.Series
    hashes: npt.NDArray[np.uint64]
    by_name: dict[str, Feature]
    keys: dict[tuple[str, ...], Feature] = field(default_factory=dict, repr=False)
    """Block keys by rule, once they were made."""

    def __getitem__(self, name: str) -> Feature:
        return self.by_name[name]

    def __len__(self) -> int:
        return len(self.ids)


def build_features(records: pl.DataFrame, rules: LinkageRules) -> Features:
    """Codes every feature that the rules use; fields that the frame lacks are all missing.

    Raises: CrmMigrateError when record ids are missing or repeated.
    """
    ordered = records if records[RECORD_ID].is_sorted() else records.sort(RECORD_ID)
    ids = ordered[RECORD_ID]
    if ids.null_count() or ids.n_unique() != len(ids):
        raise CrmMigrateError(
            Text("record ids are missing or repeated", "记录标识缺失或重复"),
            where=rules.entity,
            remedy=Text("name a column whose values are unique", "请指定取值唯一的列"),
        )
    used = _used(rules)
    coded: dict[str, Feature] = {}
    for rule in rules.features:
        raw = [ordered[f].cast(pl.String) for f in rule.fields if f in ordered.columns]
        if rule.kind == "names" and len(raw) < len(rule.fields):
            raw = []
        for name, feature in _make(rule.kind, rule.name, raw, len(ids), used):
            coded[name] = feature
    return Features(ids, hash_texts(ids), coded)


def _used(rules: LinkageRules) -> set[str]:
    """Names of the features that any rule looks at."""
    names = {n for c in rules.comparisons for level in c.levels for n in level.features()}
    names.update(n for t in (*rules.blocking, *rules.certain) for n in t)
    names.update(v.feature for v in rules.vetoes)
    names.update(v.unless_same for v in rules.vetoes if v.unless_same)
    names.update(n for s in rules.shared for n in (s.feature, s.by))
    if rules.caps.refine:
        names.add(rules.caps.refine)
    return names


def _make(
    kind: str, name: str, raw: list[pl.Series], n: int, used: set[str]
) -> Iterator[tuple[str, Feature]]:
    empty = pl.Series(name, [None] * n, dtype=pl.String)
    if kind in SET_KINDS:
        if name in used:
            joined = (
                pl.select(pl.concat_str(raw, separator=MULTI_SEPARATOR, ignore_nulls=True))
                .to_series()
                .replace("", None)
                if raw
                else empty
            )
            tokens = {
                "phones": feature_text.phones,
                "emails": feature_text.emails,
                "domains": feature_text.domains,
            }[kind]
            yield name, encode_sets(tokens(joined))
        return
    if kind == "names":
        if name in used:
            yield name, encode(person_text.order_free(raw) if raw else empty)
        return
    value = pl.select(pl.coalesce(raw)).to_series().alias(name) if raw else empty
    if kind in ("company_name", "firm_name"):
        chinese = kind == "company_name"
        parts = feature_text.company_parts(value) if chinese else firm_parts(value)
        for part, series in parts.items():
            full_name = name if part == "key" else f"{name}.{part}"
            if full_name in used:
                yield full_name, encode(series)
        if f"{name}.skip" in used:
            yield f"{name}.skip", encode_hashes(feature_text.one_character_less(parts["core"]))
    elif name in used:
        maker: Callable[[pl.Series], pl.Series] = {
            "uscc": feature_text.valid_uscc,
            "exact": feature_text.exact,
            "text": feature_text.fold,
            "person_name": person_text.person_name,
            "date": person_text.dates,
            "address": feature_text.address,
        }[kind]
        yield name, encode(maker(value))


def encode(texts: pl.Series) -> Feature:
    """Codes in order of first appearance (that is, of record ids)."""
    frame = texts.alias("value").to_frame()
    distinct = frame.drop_nulls().unique(maintain_order=True).with_row_index("code")
    coded = frame.join(distinct, on="value", how="left", maintain_order="left")
    codes = coded["code"].cast(pl.Int32).fill_null(MISSING).to_numpy()
    return Feature(codes.astype(np.int32), distinct["value"])


def encode_sets(lists: pl.Series) -> Feature:
    """Codes of a list column, sorted within each record, as a padded matrix."""
    frame = lists.alias("value").to_frame().with_row_index("row")
    long = frame.explode("value").drop_nulls()
    flat = encode(long["value"])
    rows = long["row"].to_numpy().astype(np.int64)
    return Feature(_matrix(rows, flat.codes, len(lists)), flat.values)


def encode_hashes(hashes: npt.NDArray[np.uint64]) -> Feature:
    """Codes of the numbers of each record (0: none) as a padded matrix; there are no texts."""
    rows, columns = np.nonzero(hashes)
    flat = hashes[rows, columns]
    order = np.argsort(flat)
    new = np.concatenate([[False], flat[order][1:] != flat[order][:-1]])[: len(flat)]
    codes = np.empty(len(flat), dtype=np.int32)
    codes[order] = np.cumsum(new, dtype=np.int32)
    return Feature(_matrix(rows, codes, len(hashes)), pl.Series([], dtype=pl.String))


def _matrix(rows: Indices, codes: Codes, height: int) -> Codes:
    """Distinct codes of each row, ascending, padded with MISSING; the first MAX_VALUES."""
    base = int(codes.max(initial=0)) + 1
    wide = np.sort(rows * base + codes)  # np.unique hashes: ten times as slow on millions
    wide = wide[np.diff(wide, prepend=-1) > 0]
    rows = wide // base
    codes = (wide - rows * base).astype(np.int32)
    sizes = np.bincount(rows, minlength=height)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    keep = place < MAX_VALUES
    width = int(place[keep].max()) + 1 if keep.any() else 1
    matrix = np.full((height, width), MISSING, dtype=np.int32)
    matrix[rows[keep], place[keep]] = codes[keep]
    return matrix
