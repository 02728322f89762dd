"""From text to integers: every value that linkage looks at, coded once.

Records are taken in the order of their ids, so nothing downstream can depend on row order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from crm_migrate.errors import CrmMigrateError
from crm_migrate.language import Text
from crm_migrate.linkage.features import company_keys, match_keys, person_keys, sounds
from crm_migrate.linkage.features.coded import (
    MISSING,
    Codes,
    Feature,
    Floats,
    Hashes,
    Indices,
    encode,
    encode_hashes,
    encode_long,
    number,
)
from crm_migrate.linkage.features.firm_keys import firm_parts
from crm_migrate.linkage.features.hashing import hash_texts
from crm_migrate.linkage.features.shortened_keys import one_character_less
from crm_migrate.linkage.rules.types import SET_KINDS, LinkageRules
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import RECORD_ID


@dataclass(frozen=True)
class Features:
    """The coded records, in the order of their ids; `hashes` are stable over versions."""

    ids: pl.Series
    hashes: Hashes
    by_name: dict[str, Feature]
    keys: dict[tuple[str, ...], Feature] = field(default_factory=dict, repr=False)
    """Block keys by rule, once they were made."""
    rarity: dict[str, Floats] = field(default_factory=dict, repr=False)
    """By feature, how rare each n-gram is (`rarity.py`), where a rule compares by `grams`."""

    def __getitem__(self, name: str) -> Feature:
        return self.by_name[name]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def drawn(self) -> Indices:
        """The records in the order of their hashes: samples are taken from its beginning."""
        return np.argsort(self.hashes, kind="stable")


def build_features(records: pl.DataFrame, rules: LinkageRules) -> Features:
    """Codes every feature that the rules use; fields that the frame lacks are all missing.

    Raises: CrmMigrateError when record ids are missing or repeated.
    """
    order = id_order(records[RECORD_ID])
    ids = records[RECORD_ID] if order is None else records[RECORD_ID].gather(order)
    if ids.null_count() or (ids == ids.shift(1)).any():
        raise CrmMigrateError(
            Text("record ids are missing or repeated", "记录标识缺失或重复"),
            where=rules.entity,
            remedy=Text("name a column whose values are unique", "请指定取值唯一的列"),
        )
    used = _used(rules)
    coded: dict[str, Feature] = {}
    for rule in rules.features:
        raw = [records[f].cast(pl.String) for f in rule.fields if f in records.columns]
        raw = raw if order is None else [column.gather(order) for column in raw]
        if rule.kind == "names" and len(raw) < len(rule.fields):
            raw = []
        for name, feature in _make(rule.kind, rule.name, raw, len(ids), used):
            coded[name] = feature
    return Features(ids, hash_texts(ids), coded)


def id_order(ids: pl.Series) -> Indices | None:
    """The order of the ids as texts; None where they are in order already."""
    if ids.is_sorted():
        return None
    if not ids.null_count() and (ids.str.len_bytes() == ids.str.len_chars()).all():
        heads = str(ids.str.slice(0, 8).str.pad_end(8, "\0").str.join("").item())
        order = np.argsort(np.frombuffer(heads.encode(), dtype=">u8").astype(np.uint64))
        if ids.gather(order).is_sorted():  # the first eight characters tell (almost) all apart
            return order
    return ids.arg_sort().to_numpy().astype(np.int64)


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
            raw = _names_told(raw) if kind == "company_names" else raw
            rows, single = _each(raw)
            clean = {
                "company_names": _full_names,
                "phones": match_keys.phones,
                "emails": match_keys.emails,
                "domains": match_keys.domains,
            }[kind](single)
            there = np.flatnonzero(clean.is_not_null().to_numpy())
            yield name, encode_long(rows[there], clean.gather(there), n)
        return
    if kind == "names":
        if name in used:
            yield name, encode(person_keys.order_free(raw) if raw else empty)
        return
    if kind in _CODES:
        if name in used:
            codes = [_CODES[kind](column) for column in raw]
            yield name, encode(pl.select(pl.coalesce(codes)).to_series() if raw else empty)
        return
    value = pl.select(pl.coalesce(raw)).to_series().alias(name) if raw else empty
    if kind == "address":
        yield from _address_parts(name, value, used)
    elif kind in ("company_name", "firm_name"):
        yield from _name_parts(kind, name, value, used)
    elif name in used:
        maker: Callable[[pl.Series], pl.Series] = {
            "exact": match_keys.exact,
            "text": match_keys.fold,
            "person_name": person_keys.person_name,
            "date": person_keys.dates,
        }[kind]
        yield name, encode(maker(value))


_CODES: dict[str, Callable[[pl.Series], pl.Series]] = {
    "uscc": match_keys.valid_uscc,
    "organisation": match_keys.organisation,
    "registration": match_keys.registration,
}


def _names_told(raw: list[pl.Series]) -> list[pl.Series]:
    """The names of each record and those told beside them. Where no record tells of a second one
    there are none: what one name says, the feature of the name says.
    """
    told = [name for column in raw for name in company_keys.names_told(column)]
    several = [column for column in told if column.null_count() < len(column)]
    return several if len(several) > 1 else []


def _full_names(single: pl.Series) -> pl.Series:
    """The keys of full names, each distinct name looked at once."""
    whole = encode(single)
    keys = encode(company_keys.full_names(whole.values))
    codes = pl.Series(_of(whole.codes, keys.codes))
    return keys.values.gather(codes.set(codes == MISSING, None))


def _name_parts(
    kind: str, name: str, value: pl.Series, used: set[str]
) -> Iterator[tuple[str, Feature]]:
    """The key of a company's name and its parts, each distinct name taken apart once."""
    whole = encode(value)
    split = company_keys.company_parts if kind == "company_name" else firm_parts
    parts = split(whole.values)
    key = encode(parts["key"])
    for part, series in parts.items():
        full_name = name if part == "key" else f"{name}.{part}"
        if full_name not in used or part == "core":
            continue
        of_names = key
        if part == "full":  # the key, where it is there
            there = series.is_not_null().to_numpy()
            of_names = Feature(np.where(there, key.codes, np.int32(MISSING)), key.values)
        elif part != "key":
            of_names = encode(series)
        yield full_name, Feature(_of(whole.codes, of_names.codes), of_names.values)
    if not used & {f"{name}.{part}" for part in ("core", "skip", "sound", "initials")}:
        return
    cores = encode(parts["core"])
    rows = _of(whole.codes, cores.codes)
    yield f"{name}.core", Feature(rows, cores.values)
    if f"{name}.skip" in used:
        shorter = encode_hashes(one_character_less(cores.values))
        yield f"{name}.skip", Feature(_of(rows, shorter.codes), shorter.values)
    yield from _sounds(name, cores, rows, used)


def _sounds(
    name: str, cores: Feature, names: Codes, used: set[str]
) -> Iterator[tuple[str, Feature]]:
    """How the core of the name sounds, and its initials."""
    if f"{name}.sound" in used:
        codes, first = number(sounds.syllables(cores.values))
        values = pl.Series(sounds.syllables(cores.values)[first], dtype=pl.UInt64)
        yield f"{name}.sound", Feature(_of(names, codes), values)
    if f"{name}.initials" in used:
        letters = encode(sounds.initials(cores.values))
        yield f"{name}.initials", Feature(_of(names, letters.codes), letters.values)


def _address_parts(name: str, value: pl.Series, used: set[str]) -> Iterator[tuple[str, Feature]]:
    if name in used:
        yield name, encode(match_keys.address(value))
    if f"{name}.road" in used or f"{name}.number" in used:
        for part, series in match_keys.address_parts(value).items():
            if f"{name}.{part}" in used:
                yield f"{name}.{part}", encode(series)


def _of(outer: Codes, inner: Codes) -> Codes:
    """Codes of codes: MISSING where either is."""
    if not len(inner):
        return np.full((len(outer), *inner.shape[1:]), MISSING, dtype=np.int32)
    found = inner[outer]
    found[outer == MISSING] = MISSING
    return found


def _each(raw: list[pl.Series]) -> tuple[Indices, pl.Series]:
    """Every single value of multi-valued columns, and the row it stands in."""
    rows, values = [np.empty(0, dtype=np.int64)], [pl.Series([], dtype=pl.String)]
    for column in raw:
        there = column.is_not_null()
        several = there & column.str.contains(MULTI_SEPARATOR, literal=True)
        alone = (there & ~several).arg_true().to_numpy()
        rows.append(alone.astype(np.int64))
        values.append(column.gather(alone))
        split = column.filter(several).str.split(MULTI_SEPARATOR)
        sizes = split.list.len().to_numpy()
        rows.append(np.repeat(several.arg_true().to_numpy().astype(np.int64), sizes))
        values.append(split.explode().cast(pl.String))
    return np.concatenate(rows), pl.concat([v.alias("value") for v in values])
