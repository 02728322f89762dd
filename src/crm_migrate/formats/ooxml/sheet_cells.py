"""The cells of a sheet: from their XML to text and the kind they are stored as."""

import re
from dataclasses import dataclass

import polars as pl

from crm_migrate.formats import cells
from crm_migrate.formats.cells import Stored
from crm_migrate.formats.ooxml.strings import runs, unescape

_CELL = r'^r="(?P<column>[A-Z]{1,3})[0-9]+"(?: s="(?P<style>[0-9]+)")?(?: t="(?P<type>\w+)")?'
_VALUE = r"<v[^>/]*>([^<]*)"
_INLINE = r"<is><t[^>/]*>([^<]*)</t></is>"


@dataclass(frozen=True)
class Shared:
    """What the cells of all sheets refer to by number."""

    strings: pl.Series
    styles: pl.Series
    """Style class (see `formats.cells.style_class`) of every cell format."""
    date1904: bool


def parse(found: pl.DataFrame) -> pl.DataFrame:
    """Cell XML → row, column (0-based), style, type, value, formula."""
    xml = pl.col("x")
    out = found.select(
        "row",
        "x",
        xml.str.extract_groups(_CELL).alias("c"),
        xml.str.extract(_VALUE).alias("value"),
        xml.str.contains("<f", literal=True).alias("formula"),
    ).unnest("c")
    names = {n: column_number(n) for n in out["column"].unique().drop_nulls().to_list()}
    out = out.with_columns(
        pl.col("column").replace_strict(names, default=None, return_dtype=pl.Int64)
    )
    if (out["type"] == "inlineStr").any():
        inline = pl.when(pl.col("type") == "inlineStr").then(xml).str.extract(_INLINE)
        out = out.with_columns(pl.coalesce("value", inline).alias("value"))
    empty = pl.col("value").is_null()
    unread = pl.when(empty).then(xml).str.contains("<v|<is|<f").fill_null(False)
    odd = out.select((pl.col("column").is_null() | unread).alias("odd"))["odd"]
    if odd.any():
        out = _parse_odd(out, odd)
    return out.select("row", "column", "style", "type", "value", "formula").filter(
        pl.col("value").is_not_null() | pl.col("formula")
    )


def _parse_odd(out: pl.DataFrame, odd: pl.Series) -> pl.DataFrame:
    """Cells of unusual form: attributes in any order or without a reference, rich text."""
    column = out["column"].to_list()
    row = out["row"].to_list()
    places = odd.arg_true().to_list()
    changes: dict[str, list[object]] = {k: [] for k in ("column", "style", "type", "value")}
    formulas: list[bool] = []
    for at, xml in zip(places, out["x"].gather(places).to_list(), strict=True):
        attributes = dict(re.findall(r'([\w:]+)="([^"]*)"', xml[: xml.find(">")]))
        if "r" in attributes:
            column[at] = column_number(re.sub(r"[0-9]+$", "", attributes["r"]))
        else:
            same_row = at > 0 and row[at - 1] == row[at]
            column[at] = column[at - 1] + 1 if same_row else 0
        changes["column"].append(column[at])
        changes["style"].append(attributes.get("s"))
        changes["type"].append(attributes.get("t"))
        value = re.search(r"<v(?:\s[^>]*)?>([^<]*)</v>", xml)
        inline = re.search(r"<is>(.*?)</is>", xml, re.DOTALL)
        content = value.group(1) if value else runs(inline.group(1)) if inline else None
        changes["value"].append(content)
        formulas.append("<f" in xml)
    for name, values in changes.items():
        dtype = out.schema[name]
        series = out[name].scatter(places, pl.Series(values, dtype=dtype))
        out = out.with_columns(series)
    return out.with_columns(out["formula"].scatter(places, pl.Series(formulas)))


def wide(found: pl.DataFrame, shared: Shared) -> pl.DataFrame:
    """Cells of a piece → one line per row: `row`, `t<column>` (text), `k<column>` (stored)."""
    if not found.height:
        return pl.DataFrame(schema={"row": pl.Int64})
    frame = found.with_columns(pl.col("type").fill_null("n"))
    parts = [
        _kind(frame.filter(pl.col("type") == "n"), shared, "n"),
        _kind(frame.filter(pl.col("type") == "s"), shared, "s"),
        _kind(frame.filter(~pl.col("type").is_in(["n", "s"])), shared, "other"),
    ]
    rendered = pl.concat([p for p in parts if p.height])
    axis = found.select(pl.col("row").unique().sort())
    out = axis
    for (column,), part in sorted(
        rendered.partition_by("column", as_dict=True, include_key=False).items()
    ):
        part = part.select(
            "row", pl.col("text").alias(f"t{column}"), pl.col("stored").alias(f"k{column}")
        )
        if part.height == axis.height and part["row"].equals(axis["row"]):
            out = out.hstack(part.drop("row"))
        else:
            part = part.unique("row", keep="last")
            out = out.join(part, on="row", how="left", maintain_order="left")
    return out


def _kind(frame: pl.DataFrame, shared: Shared, kind: str) -> pl.DataFrame:
    """Text and stored kind of cells of one type."""
    value = frame["value"]
    if not frame.height:
        return frame
    if kind == "s":
        text = shared.strings.gather(value.cast(pl.UInt32))
        stored = pl.repeat(int(Stored.TEXT), frame.height, dtype=pl.UInt8, eager=True)
    elif kind == "n":
        style = shared.styles.gather(frame["style"].cast(pl.UInt32).fill_null(0))
        text, stored = cells.numbers(value, style, date1904=shared.date1904)
    else:
        text, stored = _other(frame)
    text = text.replace("", None)
    stored = (
        pl.select(
            pl.when(text.is_not_null())
            .then(stored)
            .when(frame["formula"] & (frame["type"] != "str"))
            .then(int(Stored.UNCALCULATED))
            .otherwise(int(Stored.EMPTY))
            .cast(pl.UInt8)
        ).to_series()
        if text.null_count()
        else stored
    )
    return frame.select("row", "column").with_columns(text=text, stored=stored)


def _other(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Inline strings, formula strings, booleans, errors, ISO dates."""
    kind, value = frame["type"], unescape(frame["value"])
    out = pl.select(
        text=pl.when(kind == "b")
        .then(pl.when(value == "1").then(pl.lit("true")).otherwise(pl.lit("false")))
        .when(kind == "d")
        .then(value.str.replace(r"T00:00:00(?:\.0+)?Z?$", "").str.replace("T", " ", literal=True))
        .otherwise(value),
        stored=pl.when(kind == "b")
        .then(int(Stored.BOOLEAN))
        .when(kind == "e")
        .then(int(Stored.ERROR))
        .when(kind == "d")
        .then(int(Stored.DATE))
        .otherwise(int(Stored.TEXT))
        .cast(pl.UInt8),
    )
    return out["text"], out["stored"]


def column_number(letters: str) -> int:
    """The place, from 0, of a column that Excel calls `A`, `B` … `XFD`."""
    number = 0
    for ch in letters:
        number = number * 26 + ord(ch) - 64
    return number - 1
