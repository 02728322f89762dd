"""Whether cells fit what the target declares: kind, length, characters, range, list, NOT NULL.

Beside the target's own `stored_form`, which is null for what a column refuses: this also holds
for systems that declare a limit and do not enforce it (SQLite), and for texts that never were
canonical values (value maps, look-ups).
"""

import polars as pl

from crm_migrate.systems.repertoire import beyond
from crm_migrate.systems.target_schema import ColumnInfo, TargetTable

_FORMS = {
    "integer": r"^[+-]?\d+$",
    "decimal": r"^[+-]?\d+(\.\d+)?$",
    "real": r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$",
    "boolean": r"^(0|1|t|f|true|false)$",
    "date": r"^\d{4}-\d{2}-\d{2}([ T]00:00:00(\.0+)?)?$",
}


def misfits(info: ColumnInfo, text: pl.Series) -> pl.Series:
    """Mask of the stored texts that the column would refuse or mangle; null fits."""
    t = pl.col("t")
    wrong = pl.repeat(False, pl.len())
    if info.kind in _FORMS:
        wrong = wrong | ~t.str.contains(_FORMS[info.kind])
    if info.vocabulary:
        wrong = wrong | ~t.is_in(list(info.vocabulary))
    if info.kind in ("integer", "decimal"):
        wrong = wrong | _out_of_range(info)
    found = pl.DataFrame({"t": text}).select(wrong.fill_null(False).alias("m")).to_series()
    if info.kind == "text":
        found = found | beyond(info, text)
    return found.rename("")


def rounded(info: ColumnInfo, values: pl.Series) -> pl.Series:
    """Mask of the canonical numbers of which the column would keep fewer digits; null keeps all."""
    scale = 0 if info.kind == "integer" else info.scale
    if info.kind not in ("integer", "decimal") or scale is None:
        return pl.repeat(False, len(values), eager=True)
    behind = values.str.extract(r"^[+-]?\d*\.(\d+)$").str.strip_chars_end("0")
    return (behind.str.len_chars() > scale).fill_null(False)


def _out_of_range(info: ColumnInfo) -> pl.Expr:
    """Too small or large for the column, or with more digits than it keeps."""
    t = pl.col("t")
    wrong = pl.lit(False)
    whole = t.str.extract(r"^[+-]?(\d+)").str.strip_chars_start("0")
    if info.kind == "integer":
        number = t.str.strip_prefix("+").cast(pl.Int128, strict=False)
        for bound, beside in ((info.low, number.lt), (info.high, number.gt)):
            if bound is not None:
                wrong = wrong | beside(pl.lit(bound, dtype=pl.Int128))
        return wrong
    behind = t.str.extract(r"\.(\d*)$").fill_null("").str.strip_chars_end("0")
    if info.scale is not None:
        wrong = wrong | (behind.str.len_chars() > info.scale)
        if info.precision is not None:
            wrong = wrong | (whole.str.len_chars() > info.precision - info.scale)
    if info.low == 0:
        wrong = wrong | t.str.contains(r"^-.*[1-9]")
    return wrong


def demanded_columns(table: TargetTable) -> list[str]:
    """Columns that an insert must fill: NOT NULL without a default, and no key of the system's."""
    return [
        c.name
        for c in table.columns
        if not c.nullable
        and c.default is None
        and not c.generated
        and c.name not in table.primary_key
    ]
