"""One engine on one data set, in this process alone; prints one JSON object.

    python -m benchmarks.linkage_child '{"engine": "native", "rows": 100000, …}'

The rows are invented anew from the seed, so that nothing travels between processes.
"""

import json
import resource
import sys
from time import perf_counter, process_time
from typing import Any

import polars as pl

from benchmarks import linkage_native
from benchmarks.invented_companies import companies, tidied
from benchmarks.stage_clock import peak_gib, reset_peak
from crm_migrate.linkage.bare.pack import load_pack
from crm_migrate.linkage.evaluation.truth import threshold_curve


def main() -> None:
    """Link and print."""
    asked = json.loads(sys.argv[1])
    made = companies(asked["rows"], script=asked["script"], level=asked["level"], hot=asked["hot"])
    rows = tidied(made.rows)
    engine = asked["engine"]
    if engine == "company-cn":  # as shipped, on the rows as they were typed
        rows, rules = made.rows.rename({"code": "uscc"}), load_pack("company-cn").rules

        def work() -> dict[str, Any]:
            return linkage_native.link(rows, rules, "native")
    elif engine.startswith("splink"):
        from benchmarks import linkage_splink

        functions = "characters" if engine == "splink-characters" else "own"

        def work() -> dict[str, Any]:
            return linkage_splink.link(
                rows, heavy=asked["heavy"], functions=functions, u_pairs=asked["u_pairs"]
            )
    else:
        rules = linkage_native.task(heavy=asked["heavy"], cap=asked["cap"])

        def work() -> dict[str, Any]:
            return linkage_native.link(rows, rules, engine)

    reset_peak()
    before, wall, cpu = peak_gib(), perf_counter(), process_time()
    found = work()
    told = {
        "seconds": round(perf_counter() - wall, 2),
        "cpu": round(process_time() - cpu, 2),
        "gib": round(max(peak_gib(), resource_gib(before)), 2),
        "stages": found.get("stages", {}),
    }
    if "table" in found:
        found["compared"] = linkage_splink.compared(found["table"], heavy=asked["heavy"])
    if "digest" in found:
        told["digest"] = found["digest"]()
    told |= {"compared": found["compared"], "capped": found.get("capped", 0)}
    told["pairs"] = scores(edge_counts(found["edges"], made.truth), made.truth)
    told["best"] = best(found["scored"], made.truth)
    told["clusters"] = scores(cluster_counts(found["clusters"], made.truth), made.truth)
    print(json.dumps(told))


def resource_gib(before: float) -> float:
    """Peak of the process, where the kernel's mark cannot be reset; never below `before`."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return before if peak > before else peak


def scores(counts: tuple[int, int], truth: pl.DataFrame) -> tuple[float, float, float]:
    """Precision, recall, F1 from (right pairs, all pairs found)."""
    right, found = counts
    precision, recall = right / max(found, 1), right / max(_pairs(truth, ["truth"]), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return round(precision, 4), round(recall, 4), round(f1, 4)


def best(scored: pl.DataFrame, truth: pl.DataFrame) -> tuple[float, float]:
    """The best F1 of pairs that any threshold reaches, and its bits: it does not hang on whether
    many pairs of one kind lie just above or just below the threshold that is set.
    """
    curve = threshold_curve(scored, truth, _pairs(truth, ["truth"]))
    bits, f1 = curve.sort("f1", "threshold").select("threshold", "f1").row(-1)
    return round(f1, 4), bits


def edge_counts(edges: pl.DataFrame, truth: pl.DataFrame) -> tuple[int, int]:
    """Right edges, all edges."""
    left = truth.rename({"record_id": "left_id", "truth": "left"})
    right = truth.rename({"record_id": "right_id", "truth": "right"})
    both = edges.join(left, on="left_id").join(right, on="right_id")
    return both.filter(pl.col("left") == pl.col("right")).height, edges.height


def cluster_counts(clusters: pl.DataFrame, truth: pl.DataFrame) -> tuple[int, int]:
    """Pairs of records in one cluster: the right ones, all."""
    joined = clusters.join(truth, on="record_id")
    return _pairs(joined, ["cluster_id", "truth"]), _pairs(joined, ["cluster_id"])


def _pairs(frame: pl.DataFrame, by: list[str]) -> int:
    size = pl.col("len").cast(pl.Int64)
    return int(frame.group_by(by).len().select((size * (size - 1) // 2).sum()).item())


if __name__ == "__main__":
    main()
