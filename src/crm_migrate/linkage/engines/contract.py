"""What every linkage engine gives back, and what it is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from crm_migrate.language import Text
from crm_migrate.linkage.memory.memory import Memory
from crm_migrate.linkage.model.model import FRACTION, Model
from crm_migrate.linkage.rules.types import LinkageRules

Progress = Callable[[str, int, int], None]
"""Called with (step, done, total)."""


def no_progress(step: str, done: int, total: int) -> None:
    """Shows nothing."""


STEPS: dict[str, Text] = {
    "features": Text("names and numbers in parts", "拆分名称与号码"),
    "blocking": Text("blocks", "分块"),
    "training": Text("learning weights", "学习权重"),
    "scoring": Text("comparing pairs", "比较记录对"),
    "clustering": Text("clusters", "聚类"),
}
"""Stages of an engine that take a while, in words."""

REVIEW_REASONS: dict[str, Text] = {
    "doubtful": Text("the weights decide neither way", "证据不足以判定"),
    "unsupported": Text(
        "only one thing speaks for it; a second is missing", "只有一项一致，缺少旁证"
    ),
    "contradiction": Text(
        "what would make it certain is contradicted by something else", "确定性证据与其他信息矛盾"
    ),
    "veto": Text("a veto stands against the match", "存在否决项"),
    "essential": Text("an essential field differs", "关键字段不同"),
    "tie": Text("it fits two records that must not be joined", "与两个不可合并的记录同样吻合"),
    "cut": Text("the group grew too large and was cut here", "聚类过大，在此处切开"),
    "verdicts": Text("verdicts of people contradict each other here", "人工裁决在此互相矛盾"),
    "raised": Text("a person raised the question", "由人工提出"),
    "sample": Text("drawn at random, to measure precision", "随机抽取，用于测算准确率"),
}
"""Reason codes of the `review` table, in words."""

CERTAIN = Text("decisive agreement: {features}", "决定性一致：{features}")
RARITY = Text("how rare the common values are", "共同取值的稀有程度")
PRIOR = Text("chance of any two records being the same", "任意两条记录相同的先验概率")
NO_PAIR = Text("this pair was not scored", "该记录对未被评分")


@dataclass(frozen=True)
class Linkage:
    """The result of linking one entity. All tables are in a fixed order.

    pairs: left_id, right_id (left < right), match_weight (bits), match_probability, certain
    (Boolean), and per comparison a column of its name with the level (0 missing, 1 the
    strongest, …, the last differs). edges: left_id, right_id, match_weight: what was joined.
    clusters: record_id, cluster_id (the smallest record id in it), singletons included.
    review: left_id, right_id, match_weight, match_probability, reason (`REVIEW_REASONS`).
    capped_blocks: rule, block (keyed digest), records, pairs, not_compared. shared_values:
    feature, value (keyed digest), records, distinct.
    """

    pairs: pl.DataFrame
    edges: pl.DataFrame
    clusters: pl.DataFrame
    review: pl.DataFrame
    capped_blocks: pl.DataFrame
    shared_values: pl.DataFrame
    model: Model | None
    seconds: Mapping[str, float] = field(default_factory=dict)
    compared: int = 0
    """Pairs that blocking brought together."""
    memory: Memory | None = None
    """What an incremental run takes over from this one."""

    def summary(self) -> dict[str, object]:
        """Counts for reports: records, pairs, edges, clusters, largest_cluster, review, …"""
        sizes = self.clusters.group_by("cluster_id").len()
        return {
            "records": self.clusters.height,
            "pairs": self.pairs.height,
            "edges": self.edges.height,
            "clusters": sizes.height,
            "largest_cluster": int(sizes["len"].max() or 0),  # type: ignore[arg-type]
            "review": self.review.height,
            "capped_blocks": self.capped_blocks.to_dicts(),
            "seconds": dict(self.seconds),
        }

    def explain(self, left_id: str, right_id: str) -> list[Text]:
        """Why the two records (do not) match: one line per comparison, then what was decided."""
        low, high = sorted((left_id, right_id))
        at = (pl.col("left_id") == low) & (pl.col("right_id") == high)
        found = self.pairs.filter(at)
        if found.is_empty() or self.model is None:
            return [NO_PAIR]
        row = found.row(0, named=True)
        lines, total = [_line(PRIOR, self.model.prior)], self.model.prior
        for comparison in self.model.comparisons:
            level = comparison.levels[row[comparison.name]]
            words = Text(
                f"{comparison.name}: {level.words.en}", f"{comparison.name}：{level.words.zh}"
            )
            lines.append(_line(words, level.weight))
            total += level.weight
        rest = round(row["match_weight"] * FRACTION) - total
        if rest:
            lines.append(_line(RARITY, rest))
        if row["certain"]:
            rules = ", ".join("+".join(c) for c in self.model.certain)
            lines.append(CERTAIN.fill(features=rules))
        for reason in self.review.filter(at)["reason"]:
            lines.append(REVIEW_REASONS[reason])
        return lines


def _line(words: Text, weight: int) -> Text:
    bits = weight / FRACTION
    return Text(f"{words.en} ({bits:+.1f} bits)", f"{words.zh}（{bits:+.1f} 比特）")


class Engine(Protocol):
    """Links the records of one entity. `verdicts` as in `judgements.VERDICT_COLUMNS`."""

    def link(
        self, records: pl.DataFrame, rules: LinkageRules, verdicts: pl.DataFrame | None = None
    ) -> Linkage:
        """The linkage of `records` (record_id and String columns)."""
        ...
