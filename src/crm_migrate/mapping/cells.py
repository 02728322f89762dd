"""What a field's cells become: columns joined, patterns, value maps, owners, units."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.formats.placeholders import PLACEHOLDERS
from crm_migrate.mapping import rules
from crm_migrate.model import Field, Model, SemanticType
from crm_migrate.project.mapping_file import FieldSource, ValueMap
from crm_migrate.records import Rule

COMMON_POOL = "公海"
"""The owner of customers that nobody is responsible for."""

_PLAIN_NUMBER = r"^[-+]?[0-9０-９][0-9０-９,，]*([.．][0-9０-９]+)?$"


@dataclass(frozen=True)
class Cells:
    """A field's values for all rows, and the rows where a rule was broken."""

    values: pl.Series
    broken: tuple[tuple[Rule, pl.Series], ...] = ()
    departments: pl.Series | None = field(default=None)
    """For owners: the new owner's department, where the owner map names one."""


def blank_as_null(text: pl.Series) -> pl.Series:
    """The same text; cells that hold nothing but blanks are null."""
    return text.set(text.str.strip_chars() == "", None)


def field_cells(
    rows: pl.DataFrame,
    origin: FieldSource,
    field: Field,
    model: Model,
    value_maps: Mapping[str, ValueMap],
) -> Cells:
    """The raw cells of a field that is not a reference; length = `rows.height`."""
    if origin.constant is not None:
        return Cells(pl.Series([origin.constant] * rows.height, dtype=pl.String))
    values = _joined(rows, origin)
    broken: list[tuple[Rule, pl.Series]] = []
    if origin.pattern is not None:
        found = blank_as_null(extract(values, origin.pattern))
        broken.append((rules.PATTERN_UNMATCHED, values.is_not_null() & found.is_null()))
        values = found
    if origin.unit is not None and origin.unit != field.unit:
        values = with_unit(values, origin.unit)
    if origin.values is None:
        return Cells(values, tuple(broken))
    value_map = value_maps[origin.values]
    if value_map.owners or field.type is SemanticType.OWNER:
        return _owners(values, value_map, tuple(broken))
    return _mapped(values, value_map, field, model, tuple(broken))


def extract(values: pl.Series, pattern: str) -> pl.Series:
    """The first group of `pattern` in each value, null where it does not match.

    Look-around is unknown to Polars' engine; such patterns see each distinct value once.
    """
    try:
        return values.str.extract(pattern, 1)
    except pl.exceptions.ComputeError:
        compiled = re.compile(pattern)
        distinct = values.drop_nulls().unique()
        hits = [m.group(1) if (m := compiled.search(v)) else None for v in distinct]
        new = pl.Series(hits, dtype=pl.String)
        return values.replace_strict(distinct, new, default=None, return_dtype=pl.String)


def with_unit(values: pl.Series, unit: str) -> pl.Series:
    """Plain numbers get the source's unit behind them, which the amount standard converts.

    Text that names its own unit is left alone.

    >>> with_unit(pl.Series(["1200000", "120万元"]), "元").to_list()
    ['1200000元', '120万元']
    """
    plain = values.str.strip_chars().str.contains(_PLAIN_NUMBER)
    return (values.str.strip_chars() + unit).zip_with(plain.fill_null(False), values)


def match_text(values: pl.Series) -> pl.Series:
    """A value as value maps compare it: NFKC, no blanks around."""
    return values.str.normalize("NFKC").str.strip_chars()


def known_values(value_map: ValueMap, field: Field, model: Model) -> dict[str, str | None]:
    """Every spelling that the map or the field's own vocabulary understands."""
    vocabulary = model.vocabularies.get(field.vocabulary or "")
    known: dict[str, str | None] = {}
    if vocabulary is not None:
        known |= vocabulary.synonyms | {v: v for v in vocabulary.values}
    known |= value_map.map
    texts = match_text(pl.Series(list(known), dtype=pl.String)).to_list()
    return dict(zip(texts, known.values(), strict=True))


def _joined(rows: pl.DataFrame, origin: FieldSource) -> pl.Series:
    names = origin.source_columns
    if len(names) == 1:
        return blank_as_null(rows[names[0]])
    filled = [pl.when(pl.col(n).str.strip_chars() != "").then(pl.col(n)) for n in names]
    joined = pl.concat_str(filled, separator=origin.join, ignore_nulls=True)
    return blank_as_null(rows.select(joined.alias("joined"))["joined"])


def _mapped(
    values: pl.Series,
    value_map: ValueMap,
    field: Field,
    model: Model,
    broken: tuple[tuple[Rule, pl.Series], ...],
) -> Cells:
    known = known_values(value_map, field, model)
    text = match_text(values)
    new = _replaced(text, known)
    strange = values.is_not_null() & ~text.is_in(list(known)).fill_null(False)
    if value_map.unmapped == "keep":
        return Cells(values.zip_with(strange, new), broken)
    return Cells(new, (*broken, (rules.UNMAPPED_VALUE, strange)))


def _owners(
    values: pl.Series, value_map: ValueMap, broken: tuple[tuple[Rule, pl.Series], ...]
) -> Cells:
    named = [c.old for c in value_map.owners] + [c.new for c in value_map.owners]
    known = match_text(pl.Series(named, dtype=pl.String)).to_list()
    changes = dict(zip(known, value_map.owners, strict=False))
    staying = {*known[len(value_map.owners) :], COMMON_POOL}
    text = match_text(values)
    # A placeholder that nobody gave a meaning is no owner; its standard says that it is missing.
    unknown = values.is_not_null() & ~text.is_in([*changes, *staying, *PLACEHOLDERS])
    new = _replaced(text, {o: c.new for o, c in changes.items()})
    department = _replaced(text, {o: c.department or None for o, c in changes.items()})
    if value_map.unmapped == "finding":
        broken = (*broken, (rules.UNKNOWN_OWNER, unknown))
    return Cells(
        new.zip_with(text.is_in(list(changes)).fill_null(False), values), broken, department
    )


def _replaced(text: pl.Series, new: Mapping[str, str | None]) -> pl.Series:
    if not new:
        return pl.Series([None] * len(text), dtype=pl.String)
    old = pl.Series(list(new), dtype=pl.String)
    to = pl.Series(list(new.values()), dtype=pl.String)
    return text.replace_strict(old, to, default=None, return_dtype=pl.String)
