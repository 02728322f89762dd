"""How rare character n-grams are among the values of a feature, and what texts have in common.

TF-IDF (Spärck Jones 1972) over the 1–2-grams of Chinese and the 3-grams of other texts, as
`grams.py` makes them: 有限公司 counts for little, a rare 字号 for much. Frozen with the model.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.features.coded import Codes, Feature, Floats
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.features.grams import GRAMS_SCHEMA, WIDTH, gram_matrix
from crm_migrate.linkage.rules.types import LinkageRules

SAMPLE = 100_000
"""Values that are counted: those with the smallest numbers."""
_CHUNK = 50_000


def gram_counts(features: Features, rules: LinkageRules) -> pl.DataFrame:
    """feature, gram, values: in how many values each gram stands that stands in two or more.

    The gram WIDTH stands for the number of all values.
    """
    names = {x.similar for c in rules.comparisons for x in c.levels if x.by == "grams"}
    tables = [pl.DataFrame(schema=GRAMS_SCHEMA)]
    for name in sorted(n for n in names if n):
        feature = features[name]
        drawn = np.sort(np.argsort(feature.numbers, kind="stable")[:SAMPLE])
        counts = np.zeros(WIDTH, dtype=np.int64)
        for at in range(0, len(drawn), _CHUNK):
            found = gram_matrix(feature.values.gather(drawn[at : at + _CHUNK]))
            counts += np.bincount(found.indices, minlength=WIDTH)
        often = np.flatnonzero(counts > 1)
        columns = {
            "feature": name,
            "gram": np.append(often, WIDTH),
            "values": np.append(counts[often], len(drawn)),
        }
        tables.append(pl.DataFrame(columns, schema=GRAMS_SCHEMA))
    return pl.concat(tables)


def rarities(counts: pl.DataFrame) -> dict[str, Floats]:
    """By feature the weight of each gram: log(1 + values / values with the gram)."""
    weights = {}
    for (name,), table in counts.group_by("feature", maintain_order=True):
        often = np.ones(WIDTH + 1, dtype=np.float64)
        often[table["gram"].to_numpy()] = table["values"].to_numpy()
        weights[str(name)] = np.log1p(often[WIDTH] / often[:WIDTH]).astype(np.float32)
    return weights


def cosine(feature: Feature, rarity: Floats, a: Codes, b: Codes) -> npt.NDArray[np.float64]:
    """The cosine of the texts of pairs of value codes, to four places."""
    result = np.empty(len(a), dtype=np.float64)
    for at in range(0, len(a), _CHUNK):
        left, right = a[at : at + _CHUNK], b[at : at + _CHUNK]
        codes = np.sort(np.concatenate([left, right]))
        codes = codes[np.diff(codes, prepend=-1) != 0]
        matrix = gram_matrix(feature.values.gather(codes))
        matrix.data = rarity[matrix.indices].astype(np.float64)
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        one, other = np.searchsorted(codes, left), np.searchsorted(codes, right)
        product = np.asarray(matrix[one].multiply(matrix[other]).sum(axis=1)).ravel()
        result[at : at + _CHUNK] = product / np.maximum(length[one] * length[other], 1e-9)
    rounded: npt.NDArray[np.float64] = np.rint(np.minimum(result, 1.0) * 1e4) / 1e4
    return rounded
