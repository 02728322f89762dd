"""The native engine against Splink 5 on DuckDB: same blocking, levels and pairs, in one run.

    python -m benchmarks linkage                                    100 k, Chinese and Latin
    python -m benchmarks linkage --rows 1000000 --heavy             ≥ 20 M pairs
    python -m benchmarks linkage --rows 100000 --hot 5000           5,000 rows share one number
    python -m benchmarks linkage --rows 3000000 --engines native    growth
    python -m benchmarks linkage --engines native,splink,splink-characters,recordlinkage
    python -m benchmarks linkage --rows 1000000 --engines native,native-shuffled    same result?

Every engine runs in a process of its own, which tells its seconds, processor seconds and peak
memory. Reading and tidying the rows is excluded. Splink comes with the extra `bench`.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DEFAULT = ("native", "splink", "splink-characters", "recordlinkage")
RECORDLINKAGE_ROWS = 100_000
"""The toolkit takes minutes beyond."""


def run(options: Sequence[str] = ()) -> list[dict[str, str]]:
    """One line per engine and data set."""
    asked = _options(options)
    engines = asked.engines.split(",")
    if find_spec("splink") is None and any(e.startswith("splink") for e in engines):
        print("!! SPLINK IS NOT INSTALLED: not measured (pip install '.[bench]')", flush=True)
        engines = [e for e in engines if not e.startswith("splink")]
    if asked.rows > RECORDLINKAGE_ROWS:
        engines = [e for e in engines if e != "recordlinkage"]
    results = []
    for script in asked.scripts.split(","):
        found = {}
        for engine in engines:
            print(f"  {script} {asked.rows:,} {engine} …", flush=True)
            found[engine] = _child(engine, script, asked)
            print(f"    {json.dumps(found[engine])}", flush=True)
        results += _lines(found, script, asked)
        digests = {told["digest"] for name, told in found.items() if name.startswith("native")}
        if len(digests) > 1:
            raise SystemExit("other rows, chunks and threads gave another result")
    return results


def _options(options: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks linkage")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--heavy", action="store_true", help="block on the contact, too")
    parser.add_argument("--hot", type=int, default=0, help="rows that share one telephone")
    parser.add_argument("--cap", type=int, default=10**6, help="largest block compared whole")
    parser.add_argument("--level", default="medium", help="corruption: light, medium, heavy")
    parser.add_argument("--scripts", default="chinese,latin")
    parser.add_argument("--engines", default=",".join(DEFAULT))
    parser.add_argument("--u-pairs", type=float, default=1e7)
    return parser.parse_args(options)


def _child(engine: str, script: str, asked: argparse.Namespace) -> dict[str, Any]:
    request = vars(asked) | {"engine": engine, "script": script}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.linkage_child", json.dumps(request)],
        cwd=HERE.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _lines(
    found: dict[str, dict[str, Any]], script: str, asked: argparse.Namespace
) -> list[dict[str, str]]:
    extra = (" heavy" if asked.heavy else "") + (f" hot {asked.hot}" if asked.hot else "")
    own = found.get("native")
    lines = []
    for engine, told in found.items():
        ratio = ""
        if own and engine != "native":
            faster, less = (told[k] / own[k] for k in ("seconds", "cpu"))
            ratio = f"{faster:.1f} x, cpu {less:.1f} x"
        lines.append(
            {
                "what": f"{script} {asked.rows:,}{extra} {engine}: s, cpu s, GiB",
                "ours": f"{told['seconds']:.1f} {told['cpu']:.1f}",
                "peer": f"{told['gib']:.2f} GiB",
                "ratio": ratio,
            }
        )
        lines.append(
            {
                "what": f"  {told['compared']:,} pairs; P/R/F1 of pairs, of clusters",
                "ours": "/".join(f"{v:.3f}" for v in told["pairs"]),
                "peer": "/".join(f"{v:.3f}" for v in told["clusters"]),
                "ratio": "",
            }
        )
    return lines
