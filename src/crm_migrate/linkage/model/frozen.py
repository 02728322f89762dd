"""What a later run takes over as it is: the model, how frequent values are, what is shared by many.

Values stand in these tables as numbers (`Feature.numbers`), which hold under one version of
Polars; they are kept in the encrypted workspace only.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_migrate.linkage.features.coded import Feature, Indices
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.features.shared_values import Stopped
from crm_migrate.linkage.model.model import Model
from crm_migrate.linkage.rules.types import LinkageRules

FEW = 2
"""A value in so many records or fewer counts as in so many: agreement takes two."""
COUNTS_SCHEMA = {"feature": pl.String(), "value": pl.UInt64(), "records": pl.Int64()}


@dataclass(frozen=True)
class Frozen:
    """counts: feature, value, records (more than FEW). stopped: feature, value. shared: the
    report on the stopped values as in `Linkage.shared_values`. grams: as in `rarity.gram_counts`.
    """

    model: Model
    counts: pl.DataFrame
    stopped: pl.DataFrame
    shared: pl.DataFrame
    grams: pl.DataFrame


def freeze(
    model: Model,
    features: Features,
    rules: LinkageRules,
    stopped: Stopped,
    grams: pl.DataFrame,
) -> Frozen:
    """The model with the frequencies of the values at hand."""
    return Frozen(model, value_counts(features, rules), stopped.values, stopped.report, grams)


def value_counts(features: Features, rules: LinkageRules) -> pl.DataFrame:
    """How often the values occur whose frequency is weighed; those in few records are left out."""
    names = {x.same[0] for c in rules.comparisons for x in c.levels if x.frequency and x.same}
    tables = [pl.DataFrame(schema=COUNTS_SCHEMA)]
    for name in sorted(names):
        counts = features[name].counts()
        often = np.flatnonzero(counts > FEW)
        columns = {
            "feature": name, "value": features[name].numbers[often], "records": counts[often],
        }  # fmt: skip
        tables.append(pl.DataFrame(columns, schema=COUNTS_SCHEMA).sort("value"))
    return pl.concat(tables)


def known_counts(feature: Feature, name: str, counts: pl.DataFrame) -> Indices:
    """Per value, in how many records it stood when the tables were made; FEW where in fewer."""
    table = counts.filter(pl.col("feature") == name)
    values, often = table["value"].to_numpy(), table["records"].to_numpy()
    result = np.full(len(feature.values), FEW, dtype=np.int64)
    if len(values):
        place = np.minimum(np.searchsorted(values, feature.numbers), len(values) - 1)
        found = values[place] == feature.numbers
        result[found] = often[place[found]]
    return result
