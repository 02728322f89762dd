"""What each row of a grid is: header, data, totals, notes, or blank."""

import re
from collections.abc import Sequence

import polars as pl

from crm_migrate.formats.contract import BANNER, BLANK, DATA, HEADER, KIND, NOTE, TOTALS, Header

_TOTALS = (
    r"^(?:合\s*计|总\s*计|小\s*计|累\s*计|共\s*计|汇\s*总|总\s*数|本页小计|本页合计)(?:\s*[:：].*|\s*[\d(（].*)?$"
    r"|(?i)^(?:grand\s+total|sub-?\s?total|total|sum)s?\s*[:：]?$"
)
_NOTE = (
    r"^(?:注|备注|说明|附注|注意|填表说明|填写说明|填表人|制表人?|审核人?|填报人|统计人|打印时间|导出时间"
    r"|数据来源|填报单位|制表时间|制表日期)\s*\d*\s*[:：].*|^※|^\*{1,2}注"
    r"|(?i)^(?:notes?|remarks?|source|prepared by)\s*[:：]"
)


_INSTRUCTION = re.compile(
    r"必填|选填|非必填|可选|示例|例如|例[:：]|格式[:：]|请填写|下拉选择|required|optional|e\.g\.",
    re.IGNORECASE,
)


def _at(rows: pl.Series, number: int) -> int:
    """The place of the row that people call `number`."""
    return int(rows.search_sorted(number))


def row_kinds(
    text: pl.DataFrame,
    rows: pl.Series,
    header: Header | None,
    merged: Sequence[tuple[int, int, int, int]],
) -> pl.Series:
    """The kind of every row."""
    if text.width == 0:
        return pl.repeat(BLANK, len(rows), dtype=pl.String, eager=True)
    columns = [pl.col(c) for c in text.columns]
    first = pl.coalesce(pl.col(c) for c in text.columns[:3]).str.strip_chars()
    facts = text.select(
        rows.alias("n"),
        pl.sum_horizontal(c.is_not_null() for c in columns).alias("filled"),
        pl.coalesce(columns).str.strip_chars().alias("lead"),
        first.str.contains(_TOTALS).fill_null(False).alias("total"),
        first.str.contains(_NOTE).fill_null(False).alias("note"),
    )
    last_header = header.last_row if header else 0
    first_header = header.first_row if header else 0
    n, filled = pl.col("n"), pl.col("filled")
    if header is not None:  # a header printed again on every page
        labels = text.row(_at(rows, last_header))
        same = text.select(
            pl.all_horizontal(
                pl.col(c).eq_missing(pl.lit(v, dtype=pl.String))
                for c, v in zip(text.columns, labels, strict=True)
            ).alias("same")
        )["same"]
    else:
        same = pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True)
    facts = facts.with_columns(same.alias("same"))
    wide = {m[0] for m in merged if m[3] - m[2] >= 1}
    notes = _tail(facts, text.width, last_header, wide) | _instructions(text, rows, last_header)
    few = filled <= max(2, text.width // 2)
    kind = (
        pl.when(filled == 0)
        .then(pl.lit(BLANK))
        .when(n < first_header)
        .then(pl.lit(BANNER))
        .when((n <= last_header) | pl.col("same"))
        .then(pl.lit(HEADER))
        .when(pl.col("total") & (text.width > 1))
        .then(pl.lit(TOTALS))
        .when((pl.col("note") & few & (text.width > 1)) | n.is_in(list(notes)))
        .then(pl.lit(NOTE))
        .otherwise(pl.lit(DATA))
    )
    return facts.select(kind.alias(KIND))[KIND]


def _instructions(text: pl.DataFrame, rows: pl.Series, last_header: int) -> set[int]:
    """The row right under a template's header that says what to fill in (`必填`, `选填`)."""
    if not last_header:
        return set()
    at = _at(rows, last_header) + 1
    cells = [c for c in text.row(at) if c] if at < text.height else []
    said = sum(1 for c in cells if _INSTRUCTION.match(c.strip()))
    return {rows[at]} if cells and said * 2 >= len(cells) else set()


def _tail(facts: pl.DataFrame, width: int, last_header: int, wide: set[int]) -> set[int]:
    """Rows of notes under the table: sparse rows after the last full one that read like prose.

    A sparse row is left data unless it stands apart (a blank row before it), is merged over
    several columns, or is a long text alone: losing a record is worse than keeping a note.
    """
    if width < 3:
        return set()
    found: set[int] = set()
    gap_above = False
    tail = facts.filter(pl.col("n") > last_header).tail(60).rows(named=True)
    sparse = max(1, width // 3)
    last_full = max((r["n"] for r in tail if r["filled"] > sparse), default=None)
    if last_full is None:
        return set()
    for r in tail:
        if r["n"] <= last_full:
            continue
        if r["filled"] == 0:
            gap_above = True
            continue
        alone = r["filled"] == 1 and len(r["lead"] or "") >= 20
        if gap_above or alone or r["n"] in wide:
            found.add(r["n"])
    return found
