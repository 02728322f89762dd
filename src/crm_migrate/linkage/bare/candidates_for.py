"""For each row of one table its best candidates in another, with a score and what speaks for it.

The first column is a name: beside its character n-grams (`retrieval`) its parts count, region,
trade name, legal form, branch; a name in letters also finds the one in characters that is read so
(`spoken`). Further columns (address, telephone) support or contradict it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.bare.retrieval import Found, TextIndex, ranked
from crm_migrate.linkage.features.company_keys import company_parts
from crm_migrate.linkage.features.firm_keys import firm_parts
from crm_migrate.linkage.features.spoken import spoken_pairs
from crm_migrate.standards.company_name import match_key

Floats = npt.NDArray[np.float32]

NAME, SHORT_NAME, TRADE_NAME, SIMILAR = "name", "short_name", "trade_name", "similar"
SPOKEN = "spoken"
REGION, FORM, BRANCH = "region", "form", "branch"
FURTHER_WEIGHT = 0.4
"""What a further column weighs beside the name (1)."""
SAME_CORE = 0.85
"""Least score of a name that is the same but for region and legal form."""
PENALTIES = {REGION: 0.75, FORM: 0.95, BRANCH: 0.7, TRADE_NAME: 0.9}
"""By what a score is multiplied where both names have the part and it is another."""


SCHEMA = {
    "left_row": pl.Int64(),
    "right_row": pl.Int64(),
    "score": pl.Float32(),
    "rank": pl.Int64(),
    "agrees": pl.String(),
    "differs": pl.List(pl.String()),
    "further": pl.List(pl.String()),
}


@dataclass(frozen=True)
class Candidates:
    """One row per pair: left_row, right_row (0-based), rank (1 …), score (0–1), agrees (what of
    the names is the same: name, short_name, trade_name, spoken or similar), differs (list of
    region, form, branch, trade_name), further (list: per further column same, similar, differs,
    missing).
    """

    pairs: pl.DataFrame


def best_candidates(
    left: Sequence[pl.Series], right: Sequence[pl.Series], *, top: int = 3, at_least: float = 0.5
) -> Candidates:
    """The best rows of `right` for each row of `left`, at most `top` with `at_least` the score.

    left, right: the same number of String columns; the first of each is the name.
    """
    if not len(left[0]) or not len(right[0]):
        return Candidates(pl.DataFrame(schema=SCHEMA))
    names = match_key(left[0]).replace("", None), match_key(right[0]).replace("", None)
    index = TextIndex(names[1], names[0])
    found = _with_equal(index.best(max(2 * top, 10)), *names)
    if len(left) > 1:
        found = _with_further(found, left[1:], right[1:], top)
    spoken = spoken_pairs(left[0], right[0])
    found = _together(found, spoken)
    said = _said(found, spoken)
    score, agrees, differs = _judged(index, found, left[0], right[0], names, said)
    further, total, weight = [], score.astype(np.float64), np.ones(len(score))
    for mine, theirs in zip(left[1:], right[1:], strict=True):
        near, word = _similarity(mine, theirs, found)
        there = word != "missing"
        total = total + np.where(there, FURTHER_WEIGHT * near, 0.0)
        weight = weight + np.where(there, FURTHER_WEIGHT, 0.0)
        further.append(pl.Series(word.tolist(), dtype=pl.String))
    score = (total / weight).astype(np.float32)
    good = np.flatnonzero(score >= at_least)
    best = ranked(found.left[good], found.right[good], score[good], top)
    return Candidates(_table(best, found, agrees, differs, further))


def _table(
    best: Found, found: Found, agrees: pl.Series, differs: pl.Series, further: list[pl.Series]
) -> pl.DataFrame:
    said = pl.DataFrame(
        {"left_row": found.left, "right_row": found.right, "agrees": agrees, "differs": differs}
    ).with_columns(
        pl.concat_list(further).alias("further")
        if further
        else pl.lit([], dtype=pl.List(pl.String)).alias("further")
    )
    chosen = pl.DataFrame({"left_row": best.left, "right_row": best.right, "score": best.score})
    place = np.arange(len(best.left)) - np.searchsorted(best.left, best.left, side="left")
    return chosen.with_columns(pl.Series("rank", place + 1)).join(
        said, on=["left_row", "right_row"], how="left", maintain_order="left"
    )


def _with_equal(found: Found, mine: pl.Series, theirs: pl.Series) -> Found:
    """The found pairs and those whose names are equal (the first few of each name)."""
    listed = theirs.alias("key").to_frame().with_row_index("right").drop_nulls("key")
    listed = listed.filter(pl.int_range(pl.len()).over("key") < 10)
    asked = mine.alias("key").to_frame().with_row_index("left").drop_nulls("key")
    equal = asked.join(listed, on="key")
    return _together(found, equal)


def _with_further(
    found: Found, left: Sequence[pl.Series], right: Sequence[pl.Series], top: int
) -> Found:
    """The found pairs and those that the further columns lead to."""
    for mine, theirs in zip(left, right, strict=True):
        keys = match_key(mine).replace("", None), match_key(theirs).replace("", None)
        more = TextIndex(keys[1], keys[0]).best(top)
        good = more.score >= 0.8
        found = _together(found, pl.DataFrame({"left": more.left[good], "right": more.right[good]}))
        found = _with_equal(found, *keys)
    return found


def _together(found: Found, more: pl.DataFrame) -> Found:
    both = pl.concat(
        [
            pl.DataFrame({"left": found.left, "right": found.right}),
            more.select(pl.col("left", "right").cast(pl.Int64)),
        ]
    )
    both = both.unique().sort("left", "right")
    left, right = both["left"].to_numpy(), both["right"].to_numpy()
    return Found(left, right, np.zeros(len(left), dtype=np.float32))


def _said(found: Found, spoken: pl.DataFrame) -> Floats:
    """Per found pair the score of sounding the same; 0 where it does not."""
    pairs = pl.DataFrame({"left": found.left, "right": found.right})
    scores = pairs.join(spoken, on=["left", "right"], how="left", maintain_order="left")["score"]
    return scores.fill_null(0.0).to_numpy()


def _judged(
    index: TextIndex,
    found: Found,
    left: pl.Series,
    right: pl.Series,
    keys: Sequence[pl.Series],
    said: Floats,
) -> tuple[Floats, pl.Series, pl.Series]:
    """Score of the names, what of them agrees, and which parts differ."""
    chinese = bool((left.str.contains(r"\p{Han}").fill_null(False).mean() or 0) >= 0.3)  # type: ignore[operator]
    rows = np.unique(found.right)
    mine = _parts(left, chinese)[pl.Series(found.left)]
    theirs = _parts(right.gather(rows), chinese)[pl.Series(np.searchsorted(rows, found.right))]
    same = {part: _same(mine[part], theirs[part]) for part in ("core", "brand")}
    same_name = _same(keys[0].gather(found.left), keys[1].gather(found.right))
    score = index.scores(found.left, found.right)
    score = np.where(same["core"], np.maximum(score, SAME_CORE), score)
    differs = {part: _different(mine[part], theirs[part]) for part in (REGION, FORM, BRANCH)}
    differs[TRADE_NAME] = _different(mine["brand"], theirs["brand"])
    differs = {part: unlike & (said == 0) for part, unlike in differs.items()}
    for part, penalty in PENALTIES.items():
        score = np.where(differs[part], score * penalty, score)
    score = np.maximum(score, said)
    score = np.where(same_name, 1.0, np.minimum(score, 0.99)).astype(np.float32)
    agrees = np.select(
        [same_name, same["core"], same["brand"], said > 0],
        [NAME, SHORT_NAME, TRADE_NAME, SPOKEN],
        SIMILAR,
    )
    words = pl.DataFrame(
        {
            part: pl.Series([part] * len(score), dtype=pl.String).set(
                pl.Series(~differs[part] | same_name), None
            )
            for part in PENALTIES
        }
    )
    listed = words.select(pl.concat_list(pl.all()).list.drop_nulls()).to_series()
    return score, pl.Series(agrees.tolist(), dtype=pl.String), listed


def _parts(names: pl.Series, chinese: bool) -> pl.DataFrame:
    """Columns core, brand, region, form, branch of each name."""
    if chinese:
        parts = company_parts(names)
    else:
        parts = firm_parts(names)
        parts["brand"] = parts["lead"]
        parts["region"] = pl.Series([None] * len(names), dtype=pl.String)
    return pl.DataFrame({p: parts[p] for p in ("core", "brand", "region", "form", "branch")})


def _same(a: pl.Series, b: pl.Series) -> npt.NDArray[np.bool_]:
    return (a == b).fill_null(False).to_numpy()


def _different(a: pl.Series, b: pl.Series) -> npt.NDArray[np.bool_]:
    """Both are there, and neither holds the other (江苏 and 江苏南京 do not differ)."""
    frame = pl.DataFrame({"a": a, "b": b})
    apart = (
        (pl.col("a") != pl.col("b"))
        & ~pl.col("a").str.contains(pl.col("b"), literal=True)
        & ~pl.col("b").str.contains(pl.col("a"), literal=True)
    )
    return frame.select(apart.fill_null(False)).to_series().to_numpy()


def _similarity(
    mine: pl.Series, theirs: pl.Series, found: Found
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.str_]]:
    """Per pair the similarity of a further column, 0–1, and its word."""
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    a, b = (match_key(s).replace("", None) for s in (mine, theirs))
    one, two = a.gather(found.left), b.gather(found.right)
    there = (one.is_not_null() & two.is_not_null()).to_numpy()
    near = np.zeros(len(found.left))
    at = np.flatnonzero(there)
    near[at] = process.cpdist(
        one.gather(at).to_list(),
        two.gather(at).to_list(),
        scorer=Levenshtein.normalized_similarity,
        dtype=np.float64,
    )
    word = np.select([~there, near == 1.0, near >= 0.6], ["missing", "same", "similar"], "differs")
    return near, word
