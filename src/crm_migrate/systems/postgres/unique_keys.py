"""Unique keys of PostgreSQL, from what its catalogues say of indexes."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_migrate.systems.postgres.text import Cast, quoted
from crm_migrate.systems.postgres.types import CITEXT
from crm_migrate.systems.target_schema import KeyPart, UniqueKey

Row = Any
Folds = Mapping[int, tuple[bool, bool]]
"""By nondeterministic collation (oid): whether it ignores case and accents."""


def unique_keys(
    indexes: Sequence[Row], columns: Sequence[Row], folds: Folds
) -> tuple[UniqueKey, ...]:
    """The unique keys of one table; `indexes` and `columns`: its rows in the catalogues."""
    known = {c.attnum: c for c in columns}
    keys = []
    for index in indexes:
        if not (index.indisunique or index.indisexclusion) or index.indisprimary:
            continue
        plain = [n for n in index.key if n]
        folded = [folds.get(c, (False, False)) for c in index.collations]
        other = any(
            n and c and c != known[n].attcollation
            for n, c in zip(index.key, index.collations, strict=True)
        )
        lowered = index.expressions is not None and "lower(" in index.expressions.lower()
        parts, behind = _parts(index, known, folds)
        keys.append(
            UniqueKey(
                columns=tuple(known[n].attname for n in (sorted(behind) if parts else plain)),
                case_insensitive=lowered
                or any(case for case, _ in folded)
                or any(Cast(known[n].base_type).name == CITEXT for n in plain),
                accent_insensitive=any(accent for _, accent in folded),
                where=index.predicate,
                # Under another collation than its column's, absence can't be asked for either.
                expression=len(plain) < len(index.key)
                or other
                or index.indisexclusion
                or bool(parts),
                nulls_equal=index.nulls_equal,
                parts=() if other else parts,
            )
        )
    return tuple(keys)


def _parts(
    index: Row, columns: Mapping[int, Row], folds: Folds
) -> tuple[tuple[KeyPart, ...], frozenset[int]]:
    """What an index with expressions or generated columns compares, and the columns behind it."""
    texts = index.parts or [""] * len(index.key)
    made = {n: columns[n].made_of for n in index.key if n and columns[n].attgenerated}
    expressions = 0 in index.key
    foreign = any(c in folds for n, c in zip(index.key, index.collations, strict=True) if not n)
    hidden = any(m is None for m in made.values()) or (expressions and index.parts is None)
    if foreign or hidden or index.indisexclusion or not (expressions or made):
        return (), frozenset()
    parts, behind = [], set(index.spoken_of or ())
    if any(columns[n].attgenerated for n in behind if n in columns):
        return (), frozenset()
    for number, text in zip(index.key, texts, strict=True):
        if not number:
            parts.append(KeyPart(text, text))
            continue
        name = quoted(columns[number].attname)
        generated = number in made
        parts.append(KeyPart(name, columns[number].default_value if generated else name))
        behind |= set(made[number]) if generated else {number}
    return tuple(parts), frozenset(behind)
