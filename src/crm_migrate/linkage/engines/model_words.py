"""A trained model for people: m, u and weight per level, and how a pair's weight comes about."""

from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Text
from crm_migrate.linkage.engines.contract import PRIOR, RARITY, Linkage
from crm_migrate.linkage.model.model import FRACTION, Model


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One level of one comparison. m, u: shares among matching and other pairs; bits: log2(m/u)."""

    comparison: str
    words: Text
    m: float
    u: float
    bits: float
    missing: bool
    """The level of pairs that lack the value; it weighs nothing."""
    by_frequency: bool
    """Whether agreeing on a rare value weighs more, on a frequent one less."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one comparison adds to a pair's weight, in bits."""

    words: Text
    bits: float


def level_rows(model: Model) -> list[LevelRow]:
    """Every level of every comparison, the strongest first, missing last."""
    rows = []
    for comparison in model.comparisons:
        levels = list(enumerate(comparison.levels))
        for number, level in [*levels[1:], levels[0]]:
            typical = comparison.typical[number - 1 : number] if number else ()
            rows.append(
                LevelRow(
                    comparison.name,
                    level.words,
                    level.m,
                    level.u,
                    level.weight / FRACTION,
                    number == 0,
                    any(typical),
                )
            )
    return rows


def steps(linkage: Linkage, left_id: str, right_id: str) -> list[Step]:
    """From the chance of any two records to the pair's weight; empty where it was not scored."""
    low, high = sorted((left_id, right_id))
    found = linkage.pairs.filter((pl.col("left_id") == low) & (pl.col("right_id") == high))
    if found.is_empty() or linkage.model is None:
        return []
    row, model = found.row(0, named=True), linkage.model
    told = [Step(PRIOR, model.prior / FRACTION)]
    for comparison in model.comparisons:
        level = comparison.levels[row[comparison.name]]
        words = Text(f"{comparison.name}: {level.words.en}", f"{comparison.name}：{level.words.zh}")
        told.append(Step(words, level.weight / FRACTION))
    rest = row["match_weight"] - sum(step.bits for step in told)
    if abs(rest) * FRACTION >= 1:
        told.append(Step(RARITY, rest))
    return told
