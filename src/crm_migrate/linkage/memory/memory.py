"""What an incremental run takes over from the last one: which records stood in which blocks, what
the pairs weighed, and how they were clustered. No values: numbers, places and weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from crm_migrate.linkage.deciding.clustering import Clusters
from crm_migrate.linkage.deciding.decision import Decisions
from crm_migrate.linkage.deciding.judgements import standing
from crm_migrate.linkage.features.coded import MISSING, Hashes, Indices, Mask
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.features.hashing import mix
from crm_migrate.linkage.model.frozen import Frozen
from crm_migrate.linkage.model.model import Model
from crm_migrate.linkage.model.scoring import Scored
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.records import RECORD_ID

SAID_SCHEMA = {"left_id": pl.String(), "right_id": pl.String(), "verdict": pl.String()}
_ROW_SEED = 20_260_101
_FLAGS = ("certain", "joined", "rivals", "witness", "kept", "tie", "cut")


@dataclass(frozen=True)
class Memory:
    """records, by record_id: `row` (a number for what the record said), `label` (place of the
    first record of its cluster), and its block keys (`key_…`, 0: none). pairs: `left`, `right`
    (places in `records`), `weight`, `levels` (bytes), `reason`, and what was decided: before
    verdicts (`joined`, `rivals`, `witness`) and in the end (`kept`, `tie`, `cut`). said: the
    verdicts that stood. capped: as in `Linkage`.
    """

    frozen: Frozen
    records: pl.DataFrame
    pairs: pl.DataFrame
    said: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SAID_SCHEMA))
    capped: pl.DataFrame = field(default_factory=pl.DataFrame)

    def tables(self) -> dict[str, pl.DataFrame]:
        """Everything as tables with names."""
        return {
            "model": pl.DataFrame({"model": [self.frozen.model.to_json()]}),
            "counts": self.frozen.counts,
            "stopped": self.frozen.stopped,
            "shared": self.frozen.shared,
            "grams": self.frozen.grams,
            "records": self.records,
            "pairs": self.pairs,
            "said": self.said,
            "capped": self.capped,
        }

    @staticmethod
    def of(tables: Mapping[str, pl.DataFrame]) -> "Memory":
        """From what `tables` gave. Raises: KeyError, ValueError where it is something else."""
        model = Model.from_json(tables["model"]["model"][0])
        fixed = (tables[name] for name in ("counts", "stopped", "shared", "grams"))
        frozen = Frozen(model, *fixed)
        return Memory(frozen, tables["records"], tables["pairs"], tables["said"], tables["capped"])


def remember(
    frozen: Frozen,
    ids: pl.Series,
    rows: Hashes,
    keys: Mapping[str, Indices],
    scored: Scored,
    weighed: Decisions,
    decisions: Decisions,
    found: Clusters,
) -> Memory:
    """The memory of a run; `weighed` are the decisions before verdicts."""
    records = pl.DataFrame({RECORD_ID: ids}).with_columns(
        pl.Series("row", rows),
        pl.Series("label", found.label.astype(np.uint32)),
        *(pl.Series(name, numbers) for name, numbers in keys.items()),
    )
    final = {name: np.zeros(len(scored.left), dtype=np.bool_) for name in ("kept", "tie", "cut")}
    joined = np.flatnonzero(decisions.joined)
    final["kept"][joined], final["tie"][joined] = found.kept, found.tie
    final["cut"][joined] = found.cut
    pairs = pl.DataFrame(
        {
            "left": scored.left.astype(np.uint32),
            "right": scored.right.astype(np.uint32),
            "weight": scored.weight,
            "reason": weighed.reason,
            "certain": scored.certain,
            "joined": weighed.joined,
            "rivals": weighed.rivals,
            "witness": weighed.witness,
            **final,
            **{
                f"level_{i}": np.ascontiguousarray(scored.levels[:, i])
                for i in range(scored.levels.shape[1])
            },
        }
    )
    return Memory(frozen, records, pairs)


def recall(pairs: pl.DataFrame, left: Indices, right: Indices) -> tuple[Scored, Decisions]:
    """Remembered pairs, whose records now stand in other places."""
    levels = [pairs[c].to_numpy() for c in pairs.columns if c.startswith("level_")]
    flags = {name: _mask(pairs[name]) for name in _FLAGS}
    table = np.stack(levels, axis=1) if levels else np.zeros((pairs.height, 0), dtype=np.uint8)
    scored = Scored(left, right, pairs["weight"].to_numpy(), table, flags["certain"])
    reason = pairs["reason"].to_numpy()
    return scored, Decisions(flags["joined"], reason, flags["rivals"], flags["witness"])


def _mask(column: pl.Series) -> Mask:
    return column.to_numpy()


def said_by(verdicts: pl.DataFrame | None) -> pl.DataFrame:
    """The verdicts that stand."""
    if verdicts is None or verdicts.is_empty():
        return pl.DataFrame(schema=SAID_SCHEMA)
    return standing(verdicts).select(list(SAID_SCHEMA))


def row_numbers(records: pl.DataFrame, order: Indices | None, rules: LinkageRules) -> Hashes:
    """Per record, in the given order, a number for everything that the rules look at."""
    fields = sorted({name for rule in rules.features for name in rule.fields})
    there = [
        pl.col(f) if f in records.columns else pl.lit(None, pl.String).alias(f) for f in fields
    ]
    numbers = records.select(there).hash_rows(seed=_ROW_SEED)
    return (numbers if order is None else numbers.gather(order)).to_numpy()


def block_numbers(features: Features, rules: LinkageRules) -> dict[str, Indices]:
    """Per record a number for the block that it stands in by each rule (0: none); of a rule with
    a set, one per value: `key_0`, `key_1_0`, `key_1_1`, …
    """
    keys = {}
    for i, rule in enumerate(rules.blocking):
        sets = [features[name] for name in rule if features[name].is_set]
        width = sets[0].codes.shape[1] if sets else 1
        for j in range(width):
            numbers = np.zeros(len(features), dtype=np.uint64)
            there = np.ones(len(features), dtype=np.bool_)
            for name in rule:
                feature = features[name]
                codes = feature.codes[:, j] if feature.is_set else feature.codes
                there &= codes != MISSING
                if len(feature.values):
                    numbers = mix(numbers ^ feature.numbers[codes])
            short = (numbers >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
            keys[f"key_{i}_{j}" if sets else f"key_{i}"] = np.where(there, short, np.uint32(0))
    return keys


def in_blocks_of(keys: pl.DataFrame, asked: Mapping[str, Indices]) -> Mask:
    """Records that share a block with one of the asked; keys may meet by chance, never miss."""
    hit: Mask = np.zeros(keys.height, dtype=np.bool_)
    for column in keys.columns:
        rule = column.split("_")[1]
        some = [v for name, v in asked.items() if name.split("_")[1] == rule]
        wanted = np.unique(np.concatenate(some)) if some else np.empty(0, dtype=np.uint32)
        wanted = wanted[wanted != 0]
        if not len(wanted):
            continue
        table = np.zeros(1 << 20, dtype=np.bool_)
        table[wanted & np.uint32((1 << 20) - 1)] = True
        numbers = keys[column].to_numpy()
        maybe = np.flatnonzero(table[numbers & np.uint32((1 << 20) - 1)])
        hit[maybe[np.isin(numbers[maybe], wanted)]] = True
    return hit
