"""Matching one list against another: a department's short names against an official register."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.linkage.bare.candidates_for import best_candidates
from crm_migrate.stages.bare.named_columns import column_named, columns_named
from crm_migrate.stages.bare.table_files import write_table
from crm_migrate.stages.bare.tables_read import BareTable, only_table, read_tables, tables_that
from crm_migrate.stages.memory import peak_mib

LEAD = 0.1
"""A best candidate that leads the second by less is ambiguous, unless its name alone is equal."""
MATCH, AMBIGUOUS, OTHER, NONE = "match", "ambiguous", "other", "none"
VERDICTS = {
    MATCH: Text("match", "匹配"),
    AMBIGUOUS: Text("ambiguous", "不唯一"),
    OTHER: Text("other candidate", "其他候选"),
    NONE: Text("none", "无匹配"),
}
_AGREES = {
    "name": Text("same name", "名称相同"),
    "short_name": Text("same but for region or legal form", "除地区或组织形式外相同"),
    "trade_name": Text("same trade name", "字号相同"),
    "spoken": Text("sounds the same in letters", "拼音或首字母相同"),
    "similar": Text("similar characters", "字符相近"),
}
_DIFFERS = {
    "region": Text("other region", "地区不同"),
    "form": Text("other legal form", "组织形式不同"),
    "branch": Text("branch against head office", "分支机构与总部"),
    "trade_name": Text("other trade name", "字号不同"),
}
_FURTHER = {
    "same": Text("same {column}", "{column}相同"),
    "similar": Text("similar {column}", "{column}相近"),
    "differs": Text("other {column}", "{column}不同"),
    "missing": Text("{column} missing", "{column}缺失"),
}


@dataclass(frozen=True)
class Matched:
    """The table of candidates, one row per candidate and one per row of LEFT without any.

    table: the columns of LEFT, verdict, rank, score, reasons, the columns of RIGHT (a name that
    LEFT has, too, gets `_right` behind it).
    """

    table: pl.DataFrame
    counts: dict[str, int]
    on: tuple[tuple[str, str], ...]
    right_name: str
    """What the name column of RIGHT is called in the table."""
    left_tables: tuple[str, ...] = ()
    """Sheets that were not read: they lack a column that `on` names."""
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        pairs = [{"left": a, "right": b} for a, b in self.on]
        left = {"unused_tables": list(self.left_tables)}
        return {**self.counts, "on": pairs, **left, "seconds": self.seconds, "peak_mib": peak_mib()}


def match_files(
    left: Path,
    right: Path,
    on: Sequence[str],
    *,
    top: int = 3,
    at_least: float = 0.5,
    sheet: str | None = None,
    encoding: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Matched:
    """The best `top` rows of `right` for each row of `left`.

    on: columns by which the rows are compared, the first one the name: `column` where both files
    call it alike, else `left=right`; see `columns_named`. Of a workbook the sheet is read that has
    these columns.

    Raises:
        SourceFault: a file cannot be read, or has several tables.
        UsageFault: no such column.
    """
    tell = progress or (lambda *_: None)
    seconds: dict[str, float] = {}
    begun = time.perf_counter()
    mine, left_out = _with_columns(read_tables(left, sheet, encoding=encoding), on, 0)
    tell(str(Text("reading", "读取")), 1, 2)
    theirs, right_out = _with_columns(read_tables(right, sheet, encoding=encoding), on, 1)
    tell(str(Text("reading", "读取")), 2, 2)
    seconds["read"] = round(time.perf_counter() - begun, 3)
    pairs = tuple(_columns(text, mine, theirs, (left.name, right.name)) for text in on)
    begun = time.perf_counter()
    tell(str(Text("matching", "匹配")), 0, 1)
    found = best_candidates(
        [mine[a] for a, _ in pairs], [theirs[b] for _, b in pairs], top=top, at_least=at_least
    ).pairs
    tell(str(Text("matching", "匹配")), 1, 1)
    seconds["match"] = round(time.perf_counter() - begun, 3)
    table, counts = _told(mine, theirs, found, pairs)
    right_name = _names(mine, theirs)[1][pairs[0][1]]
    return Matched(table, counts, pairs, right_name, tuple(left_out + right_out), seconds)


def write_matches(matched: Matched, out: Path) -> None:
    """Write the table in the format of the suffix. Raises: as `write_table`."""
    write_table(out, matched.table)


def _columns(
    text: str, mine: pl.DataFrame, theirs: pl.DataFrame, names: tuple[str, str]
) -> tuple[str, str]:
    """The two columns that `column` or `left=right` names."""
    if columns_named(text, mine.columns) and columns_named(text, theirs.columns):
        asked = text, text
    else:
        asked = _sides(text)
    found = []
    for column, frame, name in zip(asked, (mine, theirs), names, strict=True):
        if not columns_named(column, frame.columns):
            listed, first = ", ".join(frame.columns), asked[0]
            raise UsageFault(
                Text(f"there is no column '{column}'", f"没有列“{column}”"),
                where=name,
                remedy=Text(
                    f"columns: {listed}. Where the files differ: --on {first}=OTHER",
                    f"现有列：{listed}。两个文件列名不同时：--on {first}=另一列名",
                ),
            )
        found.append(column_named(column, frame.columns, name))
    return found[0], found[1]


def _sides(text: str) -> tuple[str, str]:
    """What `left=right`, or a column of both, is called on each side."""
    first, _, second = text.partition("=")
    return first.strip(), second.strip() or first.strip()


def _with_columns(
    tables: list[BareTable], on: Sequence[str], side: int
) -> tuple[pl.DataFrame, list[str]]:
    """The rows of the table with all columns, and the places of the others."""

    def holds(rows: pl.DataFrame) -> bool:
        return all(
            columns_named(text, rows.columns) or columns_named(_sides(text)[side], rows.columns)
            for text in on
        )

    taken, others = tables_that(tables, holds)
    if len({tuple(t.rows.columns) for t in taken}) > 1:
        only_table(taken)  # which of them is for people to say
    return pl.concat([t.rows for t in taken]), [t.place for t in others]


def _told(
    mine: pl.DataFrame,
    theirs: pl.DataFrame,
    found: pl.DataFrame,
    on: tuple[tuple[str, str], ...],
) -> tuple[pl.DataFrame, dict[str, int]]:
    verdicts = _verdicts(found)
    every = pl.DataFrame({"left_row": range(mine.height)}, schema={"left_row": pl.Int64})
    rows = every.join(verdicts, on="left_row", how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("verdict").fill_null(NONE))
    counts = dict(rows.group_by("verdict").len().iter_rows())
    told = rows.join(found, on="left_row", how="left", maintain_order="left").with_columns(
        reasons=_reasons(on),
        verdict=pl.when(pl.col("verdict") == MATCH, pl.col("rank") > 1)
        .then(pl.lit(OTHER))
        .otherwise("verdict")
        .replace_strict(_words(VERDICTS), return_dtype=pl.String),
    )
    own, names = _names(mine, theirs)
    there = pl.Series(told["right_row"])
    table = pl.concat(
        [
            mine[told["left_row"]].rename(own),
            told.select("verdict", "rank", pl.col("score").cast(pl.Float64).round(4), "reasons"),
            theirs[there.fill_null(0)]
            .select(
                pl.when(pl.Series(there.is_not_null())).then(pl.col(c)).alias(names[c])
                for c in theirs.columns
            )
            if theirs.height
            else pl.DataFrame(schema=dict.fromkeys(names.values(), pl.String)).clear(told.height),
        ],
        how="horizontal",
    )  # fmt: skip
    result = {
        "left": mine.height,
        "right": theirs.height,
        "candidates": found.height,
        "matched": counts.get(MATCH, 0),
        "ambiguous": counts.get(AMBIGUOUS, 0),
        "unmatched": counts.get(NONE, 0),
    }
    return table, result


def _verdicts(found: pl.DataFrame) -> pl.DataFrame:
    """left_row, verdict: match where the best candidate leads, else ambiguous."""
    score = pl.col("score").sort_by("rank")
    best, second = score.first(), score.get(1, null_on_oob=True)
    agrees = pl.col("agrees").sort_by("rank")
    only_equal = (agrees.first() == "name") & (agrees.get(1, null_on_oob=True) != "name")
    clear = second.is_null() | (best - second >= LEAD) | only_equal
    return found.group_by("left_row").agg(
        verdict=pl.when(clear).then(pl.lit(MATCH)).otherwise(pl.lit(AMBIGUOUS))
    )


def _names(mine: pl.DataFrame, theirs: pl.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    """What the columns of both files are called in the result, where names stand twice."""
    ours = {"verdict", "rank", "score", "reasons"}
    left = {c: f"{c}_left" if c in ours else c for c in mine.columns}
    taken = ours | set(left.values())
    return left, {c: f"{c}_right" if c in taken else c for c in theirs.columns}


def _words(texts: dict[str, Text]) -> dict[str, str]:
    return {key: str(text) for key, text in texts.items()}


def _reasons(on: tuple[tuple[str, str], ...]) -> pl.Expr:
    """What agrees, what differs, and what the further columns say, in words."""
    between = str(Text("; ", "；"))
    said = [pl.col("agrees").replace_strict(_words(_AGREES), default=None)]
    differs = pl.col("differs").list.eval(
        pl.element().replace_strict(_words(_DIFFERS), default=None, return_dtype=pl.String)
    )
    said.append(differs.list.join(between).replace("", None))
    for place, (column, _) in enumerate(on[1:]):
        words = {key: str(text.fill(column=column)) for key, text in _FURTHER.items()}
        word = pl.col("further").list.get(place, null_on_oob=True)
        said.append(word.replace_strict(words, default=None, return_dtype=pl.String))
    return pl.concat_str(said, separator=between, ignore_nulls=True).replace("", None)
