"""The native engine against Splink 5 on DuckDB: same blocking, levels and pairs, cell by cell.

    python -m benchmarks linkage                                     100 k, Chinese and Latin
    python -m benchmarks linkage --rows 1000000 --heavy              ≥ 20 M pairs
    python -m benchmarks linkage --rows 1000000 --hot 5000           5,000 rows share one number
    python -m benchmarks linkage --rows 3000000 --engines native     growth
    python -m benchmarks linkage --rows 1000000 --engines native,native-shuffled   same result?
    python -m benchmarks linkage --matrix                            all of them, one at a time
    python -m benchmarks linkage --matrix --list                     what is still missing

A cell is one engine on one data set, in a process of its own, which tells its seconds, processor
seconds and peak memory; reading and tidying the rows is excluded. What was measured is kept in
results.json and not measured again, so the matrix can be taken up where it stopped; `--again`
measures anew. Splink comes with the extra `bench`.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.results import keep, kept

HERE = Path(__file__).resolve().parent
NATIVE, SHUFFLED, RECORDLINKAGE = "native", "native-shuffled", "recordlinkage"
PACK = "company-cn"
"""The shipped pack with its vetoes and name parts, on the same companies as they were typed."""
SPLINK = ("splink", "splink-characters")
SCRIPTS = ("chinese", "latin")
UNCAPPED = 10**6
"""A cap that no block reaches: Splink has none, and pair counts are to be the same."""
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement. `heavy`: blocked on the contact, too; `hot`: rows that share a number."""

    script: str
    rows: int
    heavy: bool
    hot: int
    cap: int
    engine: str
    level: str = "medium"
    u_pairs: float = 1e7

    @property
    def data(self) -> str:
        """The data set, in words; the same for every engine on the same task."""
        words = [self.script, f"{self.rows:,}"]
        words += ["heavy"] if self.heavy else []
        words += [f"hot {self.hot:,}"] if self.hot else []
        return " ".join(words + ([self.level] if self.level != "medium" else []))

    @property
    def name(self) -> str:
        """What the cell is called in results.json."""
        capped = f" cap {self.cap}" if self.cap < UNCAPPED else ""
        sampled = f" u {self.u_pairs:g}" if self.u_pairs != 1e7 and "splink" in self.engine else ""
        return f"{self.data} {self.engine}{capped}{sampled}"


def matrix() -> list[Cell]:
    """Chinese and Latin × 100 k, 1 M, 1 M heavy, 1 M with a hot key × engines; growth to 3 M."""
    tasks = ((100_000, False, 0), (1_000_000, False, 0), (1_000_000, True, 0))
    hot = (1_000_000, False, 5_000)
    cells = [
        Cell(script, *task, UNCAPPED, engine)
        for task, script, engine in product((*tasks, hot), SCRIPTS, (NATIVE, *SPLINK))
    ]
    for script in SCRIPTS:
        cells.append(Cell(script, *hot, 200, NATIVE))
        cells.append(Cell(script, 100_000, False, 0, UNCAPPED, RECORDLINKAGE))
        cells.append(Cell(script, 1_000_000, False, 0, UNCAPPED, SHUFFLED))
        cells.append(Cell(script, 3_000_000, False, 0, UNCAPPED, NATIVE))
    sizes = (100_000, 1_000_000, 3_000_000)
    return cells + [Cell("chinese", rows, False, 0, 200, PACK) for rows in sizes]


def run(options: Sequence[str] = ()) -> list[dict[str, str]]:
    """Two lines per cell: seconds and memory, then precision, recall and F1."""
    asked = _options(options)
    cells = matrix() if asked.matrix else _cells(asked)
    if find_spec("splink") is None and any(c.engine in SPLINK for c in cells):
        print("!! SPLINK IS NOT INSTALLED: not measured (pip install '.[bench]')", flush=True)
        cells = [c for c in cells if c.engine not in SPLINK]
    known = {} if asked.again else kept("linkage")
    if asked.list:
        for cell in cells:
            print(f"  {'kept   ' if cell.name in known else 'missing'}  {cell.name}")
        cells = [c for c in cells if c.name in known]
    for cell in cells:
        if cell.name in known:
            continue
        print(f"  {cell.name} …", flush=True)
        known[cell.name] = _measured(cell)
        keep("linkage", cell.name, known[cell.name])
        print(f"    {json.dumps(known[cell.name])}", flush=True)
    _same_results(cells, known)
    return [line for cell in cells for line in _lines(cell, known)]


def _options(options: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks linkage")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--heavy", action="store_true", help="block on the contact, too")
    parser.add_argument("--hot", type=int, default=0, help="rows that share one telephone")
    parser.add_argument("--cap", type=int, default=UNCAPPED, help="largest block compared whole")
    parser.add_argument("--level", default="medium", help="corruption: light, medium, heavy")
    parser.add_argument("--scripts", default=",".join(SCRIPTS))
    parser.add_argument("--engines", default=",".join((NATIVE, *SPLINK, RECORDLINKAGE)))
    parser.add_argument("--u-pairs", type=float, default=1e7)
    parser.add_argument("--matrix", action="store_true", help="all cells")
    parser.add_argument("--list", action="store_true", help="say what is kept, measure nothing")
    parser.add_argument("--again", action="store_true", help="measure what is kept, too")
    return parser.parse_args(options)


def _cells(asked: argparse.Namespace) -> list[Cell]:
    engines = asked.engines.split(",")
    if asked.rows > 100_000:  # the toolkit takes minutes beyond
        engines = [e for e in engines if e != RECORDLINKAGE]
    return [
        Cell(script, asked.rows, asked.heavy, asked.hot, asked.cap, engine, asked.level,
             asked.u_pairs)
        for script, engine in product(asked.scripts.split(","), engines)
    ]  # fmt: skip


def _measured(cell: Cell) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.linkage_child", json.dumps(asdict(cell))],
        cwd=HERE.parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _same_results(cells: Sequence[Cell], known: dict[str, Figures]) -> None:
    """Raises: SystemExit where other rows, chunks and threads gave another result."""
    for cell in cells:
        own = known.get(cell.name.replace(SHUFFLED, NATIVE))
        if cell.engine == SHUFFLED and own and own["digest"] != known[cell.name]["digest"]:
            raise SystemExit(f"{cell.data}: other rows, chunks and threads gave another result")


def _lines(cell: Cell, known: dict[str, Figures]) -> list[dict[str, str]]:
    told, ratio = known[cell.name], ""
    own = known.get(f"{cell.data} {NATIVE}")
    if own and cell.engine != NATIVE:
        faster, less = (told[k] / own[k] for k in ("seconds", "cpu"))
        ratio = f"{faster:.1f} x, cpu {less:.1f} x"
    return [
        {
            "what": f"{cell.name}: s, cpu s, GiB",
            "ours": f"{told['seconds']:.1f} {told['cpu']:.1f}",
            "peer": f"{told['gib']:.2f} GiB",
            "ratio": ratio,
        },
        {
            "what": f"  {told['compared']:,} pairs; P/R/F1 of pairs, of clusters; best F1, at bits",
            "ours": "/".join(f"{v:.3f}" for v in told["pairs"]),
            "peer": "/".join(f"{v:.3f}" for v in told["clusters"]),
            "ratio": "{:.3f}, {:g}".format(*told["best"]) if "best" in told else "",
        },
    ]
