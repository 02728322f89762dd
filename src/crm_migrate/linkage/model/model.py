"""The trained model: m, u and weight per level, frozen and readable, without personal values."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from crm_migrate.language import Text

FRACTION = 1024
"""Weights are whole numbers of 1/1024 bit, so that sums do not depend on their order."""

VERSION = 1


@dataclass(frozen=True, slots=True)
class LevelModel:
    """One level: shares among matching (m) and other (u) pairs, and log2(m/u) fixed-point."""

    words: Text
    m: float
    u: float
    weight: int


@dataclass(frozen=True, slots=True)
class ComparisonModel:
    """Levels of one comparison: 0 missing, 1 the strongest, …, the last differs.

    `typical` is the frequency of a common value at which agreement weighs just `weight`
    (0: no adjustment by frequency).
    """

    name: str
    levels: tuple[LevelModel, ...]
    typical: tuple[float, ...]


@dataclass(frozen=True)
class Model:
    """What was learnt from one entity's records; planning with it again gives the same weights.

    `prior` is the fixed-point log odds of two random records being the same. `stop_list` has
    (feature, keyed digest of the value).
    """

    entity: str
    engine: str
    prior: int
    comparisons: tuple[ComparisonModel, ...]
    certain: tuple[tuple[str, ...], ...] = ()
    stop_list: tuple[tuple[str, str], ...] = ()
    version: int = VERSION

    def to_json(self) -> str:
        """The model as indented JSON with sorted keys: the same model, the same text."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "Model":
        """Reads what `to_json` wrote. Raises: KeyError, ValueError on anything else."""
        data: dict[str, Any] = json.loads(text)
        if data["version"] != VERSION:
            raise ValueError("model version")
        comparisons = tuple(
            ComparisonModel(
                c["name"],
                tuple(
                    LevelModel(Text(**x["words"]), x["m"], x["u"], x["weight"]) for x in c["levels"]
                ),
                tuple(c["typical"]),
            )
            for c in data["comparisons"]
        )
        return Model(
            data["entity"],
            data["engine"],
            data["prior"],
            comparisons,
            tuple(tuple(c) for c in data["certain"]),
            tuple((f, v) for f, v in data["stop_list"]),
        )


def fixed(m: float, u: float) -> int:
    """log2(m/u) in 1/1024 bit, at most 25 bits either way."""
    return round(max(-25.0, min(25.0, math.log2(m / u))) * FRACTION)


def weight_of(probability: float) -> int:
    """The fixed-point log odds of a probability, at most 40 bits either way."""
    p = min(max(probability, 1e-12), 1 - 1e-12)
    return round(math.log2(p / (1 - p)) * FRACTION)
