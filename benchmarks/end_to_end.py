"""The whole way: sources → golden customers → sealed plan → applied to PostgreSQL, verified.

    python -m benchmarks end_to_end [--rows 100000] [--plain-rows 10000] [--sqlite]

For a tenth of the rows and for all of them: seconds (wall, processor), peak memory and disk by
stage; then 1,000 changed rows planned against what was loaded; then the same job as a plain
script, at a size that it can manage. PostgreSQL runs with its default fsync; where it is not
installed, the target is an SQLite file.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from benchmarks.customer_project import SHARES, make_project, write_sources
from benchmarks.invented_customers import changed, customers

CHANGES = 1_000
_Line = dict[str, str]
_Cost = dict[str, float]


def run(options: Sequence[str] = ()) -> list[_Line]:
    """Both sizes, the increment and the plain script; prints as it goes."""
    parser = argparse.ArgumentParser("python -m benchmarks end_to_end")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--plain-rows", type=int, default=10_000)
    parser.add_argument("--sqlite", action="store_true")
    chosen = parser.parse_args(list(options))
    rows, plain_rows = chosen.rows, min(chosen.plain_rows, chosen.rows)
    small = _way(rows // 10, chosen.sqlite, increment=False)
    large = _way(rows, chosen.sqlite, increment=True)
    ours, plain = _plain(plain_rows, chosen.sqlite)
    return [
        {
            "what": f"{rows:,} rows → {large['customers']:,.0f} customers, applied and verified",
            "ours": f"{large['wall']:.0f} s",
            "peer": f"{large['cpu']:.0f} s CPU",
            "ratio": f"{large['gib']:.1f} GiB",
        },
        {
            "what": f"  growth from {rows // 10:,} to {rows:,} rows (10 x)",
            "ours": f"{large['cpu'] / small['cpu']:.1f} x CPU",
            "peer": f"{large['disk']:.2f} GiB",
            "ratio": "disk",
        },
        {
            "what": f"  {CHANGES:,} changed rows of {rows:,} to a finished plan",
            "ours": f"{large['again']:.0f} s",
            "peer": f"{large['again_cpu']:.0f} s CPU",
            "ratio": "",
        },
        {
            "what": f"{plain_rows:,} rows / pandas + recordlinkage + SQLAlchemy, as far as it goes",
            "ours": f"{ours:.1f} s",
            "peer": f"{plain:.1f} s",
            "ratio": f"{plain / ours:.2f} x",
        },
    ]


def _way(rows: int, sqlite: bool, *, increment: bool) -> dict[str, float]:
    print(f"\n{rows:,} rows", flush=True)
    made = customers(rows)
    with tempfile.TemporaryDirectory() as folder, _target(Path(folder), sqlite) as url:
        root = Path(folder) / "project"
        make_project(root, made.rows, url)
        costs = [_step(root, verb) for verb in ("plan", "approve", "apply")]
        told = {name: sum(c[name] for c in costs) for name in ("wall", "cpu")}
        told["gib"] = max(c["gib"] for c in costs)
        told["customers"] = costs[0]["customers"]
        told["disk"] = _gib(root / ".crm-migrate") + _gib(root / "audit")
        print(f"  workspace {_gib(root / '.crm-migrate'):.2f} GiB, plan {_gib(root / 'audit'):.2f}")
        if increment:
            first = round(rows * SHARES[0])
            edited = changed(made.rows[:first], CHANGES)
            write_sources(root, pl.concat([edited, made.rows[first:]]), only="sales")
            again = _step(root, "plan")
            told |= {"again": again["wall"], "again_cpu": again["cpu"]}
    return told


def _step(root: Path, verb: str) -> _Cost:
    """One command in a process of its own; prints its stages."""
    done = _child("benchmarks.stage_clock", str(root), verb)
    told = json.loads(done["out"].splitlines()[-1])
    for line in told["lines"]:
        gib = f"{line['gib']:8.2f}" if "gib" in line else ""
        print(f"  {verb:<8}{line['stage']:<24}{line['wall']:9.2f}{line['cpu']:9.2f}{gib}")
    counts = told["result"].get("counts", {}).get("customer", {})
    print(
        f"  {verb:<32}{done['wall']:9.2f}{done['cpu']:9.2f}{done['gib']:8.2f}  {counts}", flush=True
    )
    golden = float(counts.get("golden", 0))
    return {"wall": done["wall"], "cpu": done["cpu"], "gib": done["gib"], "customers": golden}


def _plain(rows: int, sqlite: bool) -> tuple[float, float]:
    """Seconds of ours and of the plain script on the same rows."""
    made = customers(rows)
    with tempfile.TemporaryDirectory() as folder, _target(Path(folder), sqlite) as url:
        root = Path(folder) / "project"
        make_project(root, made.rows, url)
        done = _child("benchmarks.plain_script", str(root), url)
        print(f"\nplain script, {rows:,} rows: {done['out'].strip()}  peak {done['gib']:.2f} GiB")
        print(f"ours, {rows:,} rows")
        ours = sum(_step(root, verb)["wall"] for verb in ("plan", "approve", "apply"))
    return ours, done["wall"]


def _child(module: str, *arguments: str) -> dict[str, Any]:
    """Runs a module to its end: its output, wall seconds, CPU seconds, peak GiB."""
    command = [sys.executable, "-m", module, *arguments]
    begun = perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{module} failed")
        out.seek(0)
        text = out.read().decode()
    return {
        "out": text,
        "wall": perf_counter() - begun,
        "cpu": usage.ru_utime + usage.ru_stime,
        "gib": usage.ru_maxrss / 2**20,
    }


def _gib(folder: Path) -> float:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**30


@contextmanager
def _target(folder: Path, sqlite: bool) -> Iterator[str]:
    """The URL of an empty database."""
    from tests.servers.postgres import PostgresServer, lack

    if sqlite or lack():
        yield f"sqlite:///{folder}/crm.db"
        return
    with PostgresServer(fsync=True) as server:
        yield server.url(server.create_database())
