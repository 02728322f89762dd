"""The native engine on the comparison task that `linkage_splink` sets for Splink."""

from hashlib import sha256
from typing import Any

import polars as pl

from crm_migrate.linkage.engines.native import NativeEngine
from crm_migrate.linkage.engines.toolkit import RecordLinkageEngine
from crm_migrate.linkage.rules.parse import parse_rules
from crm_migrate.linkage.rules.types import LinkageRules

EXACT = ("code", "phone", "email", "name", "address", "contact")
BLOCKS = (("code",), ("phone",), ("email",), ("name",), ("address",))
HEAVY = ("contact",)
"""The further blocking rule of the heavy task: a value that many records share."""
FUZZY: dict[str, tuple[tuple[str, float], ...]] = {
    "code": (("edit", 0.94),),
    "phone": (("edit", 0.9),),
    "email": (),
    "name": (("jaro_winkler", 0.92), ("jaro_winkler", 0.8)),
    "address": (("jaro_winkler", 0.9),),
    "contact": (),
}
"""Below the exact level of each field: measure and limit; for codes and numbers, one edit
(Levenshtein: DuckDB's Damerau–Levenshtein takes six times as long)."""
FREQUENCY = ("name", "contact")
MATCH, REVIEW = 0.95, 0.3


def task(*, heavy: bool = False, cap: int = 10**6) -> LinkageRules:
    """Six comparisons with levels, term frequency on two; no veto, no stop-list, no support."""
    blocks = [*BLOCKS, HEAVY] if heavy else BLOCKS
    body: dict[str, Any] = {
        "features": {f: {"from": [f], "as": "exact"} for f in EXACT},
        "block": [list(b) for b in blocks],
        "compare": {
            f: [
                {"same": [f], "frequency": f in FREQUENCY, "m": 0.6, "u": 1e-5},
                *({"similar": f, "by": b, "at_least": a, "m": 0.1, "u": 1e-3} for b, a in FUZZY[f]),
            ]
            for f in EXACT
        },
        "thresholds": {"match": MATCH, "review": REVIEW},
        "support": 1,
        "caps": {"block": cap, "refine": "name", "cluster": 10**8},
    }
    rules, faults = parse_rules({"company": body})
    if faults:
        raise ValueError(str(faults))
    return rules["company"]


def link(rows: pl.DataFrame, rules: LinkageRules, engine: str) -> dict[str, Any]:
    """Pairs compared, edges (left_id, right_id), clusters (record_id, cluster_id) and stages."""
    if engine == "native-shuffled":
        rows = rows.sample(fraction=1, shuffle=True, seed=3)
        found = NativeEngine(threads=1, chunk=300_001).link(rows, rules)
    else:
        chosen = NativeEngine() if engine == "native" else RecordLinkageEngine()
        found = chosen.link(rows, rules)
    tables = (found.pairs, found.edges, found.clusters)
    return {
        "digest": lambda: sha256("".join(t.write_csv() for t in tables).encode()).hexdigest()[:16],
        "compared": found.compared,
        "edges": found.edges.select("left_id", "right_id"),
        "scored": found.pairs.select("left_id", "right_id", "match_weight"),
        "clusters": found.clusters,
        "capped": found.capped_blocks.height,
        "stages": dict(found.seconds),
    }
