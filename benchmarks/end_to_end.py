"""The whole way: sources → golden customers → sealed plan → applied to PostgreSQL, verified.

    python -m benchmarks end_to_end [--rows 100000] [--plain-rows 10000] [--sqlite]

For a tenth of the rows and for all of them: seconds (wall, processor) and peak memory by stage, as
a table for docs/speed.md, and peak disk; the load beside a bare COPY of the same rows (inserts;
benchmarks/loading.py has staged upserts and guarded updates, too); then 1,000 changed rows planned
against what was loaded; then the same job as a plain script, at a size that it can manage.
PostgreSQL runs with its default fsync; where it is not installed, the target is an SQLite file.
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
from threading import Event, Thread
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
            "ratio": "peak disk",
        },
        *_load_line(large),
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


def _load_line(told: dict[str, float]) -> list[_Line]:
    """First statement to last COMMIT, ledger, base and images included, beside a bare COPY."""
    if not told.get("bare"):
        return []
    return [
        {
            "what": "  loading the customers / bare COPY of the same rows",
            "ours": f"{told['load']:.1f} s",
            "peer": f"{told['bare']:.1f} s",
            "ratio": f"{told['bare'] / told['load']:.0%}",
        }
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
        told["disk"] = max(c["disk"] for c in costs)
        told["load"] = costs[-1]["load"]
        told["bare"] = _bare_copy(url)
        kept = f"  workspace {_gib(root / '.crm-migrate'):.2f} GiB, plan {_gib(root / 'audit'):.2f}"
        print(f"{kept}, at most {told['disk']:.2f} beside the sources")
        if increment:
            first = round(rows * SHARES[0])
            edited = changed(made.rows[:first], CHANGES)
            write_sources(root, pl.concat([edited, made.rows[first:]]), only="sales")
            again = _step(root, "plan")
            told |= {"again": again["wall"], "again_cpu": again["cpu"]}
    return told


def _step(root: Path, verb: str) -> _Cost:
    """One command in a process of its own; prints its stages as lines of a Markdown table."""
    done = _child("benchmarks.stage_clock", str(root), verb, disk=root)
    told = json.loads(done["out"].splitlines()[-1])
    if verb == "plan":
        print("\n  | command | stage | wall s | CPU s | peak GiB |\n  |---|---|---|---|---|")
    for line in told["lines"]:
        gib = f"{line['gib']:.2f}" if "gib" in line else ""
        name = line["stage"].replace("  ", "… ")
        print(f"  | {verb} | {name} | {line['wall']:.2f} | {line['cpu']:.2f} | {gib} |")
    whole = f"{done['wall']:.2f} | {done['cpu']:.2f} | {done['gib']:.2f}"
    print(f"  | {verb} | **whole** | {whole} |", flush=True)
    counts = told["result"].get("counts", {}).get("customer", {})
    if counts:
        print(f"  {counts}")
    wall = {line["stage"].strip(): line["wall"] for line in told["lines"]}
    return {
        "wall": done["wall"],
        "cpu": done["cpu"],
        "gib": done["gib"],
        "disk": done["disk"],
        "customers": float(counts.get("golden", 0)),
        "load": wall.get("load", 0.0) - wall.get("verify", 0.0),
    }


def _bare_copy(url: str) -> float:
    """Seconds to COPY the rows that were loaded into an empty table like theirs; 0: no COPY."""
    if not url.startswith("postgresql"):
        return 0.0
    import psycopg

    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (LIKE accounts INCLUDING ALL)")
        connection.commit()
        with cursor.copy("COPY accounts TO STDOUT") as rows:
            chunks = [bytes(chunk) for chunk in rows]
        seconds = []
        for _ in range(2):
            cursor.execute("TRUNCATE bare")
            connection.commit()
            begun = perf_counter()
            with cursor.copy("COPY bare FROM STDIN") as copy:
                for at in range(0, len(chunks), 10_000):
                    copy.write(b"".join(chunks[at : at + 10_000]))
            connection.commit()
            seconds.append(perf_counter() - begun)
        cursor.execute("DROP TABLE bare")
        connection.commit()
    return min(seconds)


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


def _child(module: str, *arguments: str, disk: Path | None = None) -> dict[str, Any]:
    """Runs a module to its end: its output, wall and CPU seconds, peak GiB of memory and disk."""
    command = [sys.executable, "-m", module, *arguments]
    sizes, ended = [0.0], Event()

    def look() -> None:
        while disk is not None and not ended.wait(0.5):
            sizes.append(_grown(disk))

    begun = perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out)
        looking = Thread(target=look)
        looking.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - begun
        ended.set()
        looking.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{module} failed")
        out.seek(0)
        text = out.read().decode()
    return {
        "out": text,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "gib": usage.ru_maxrss / 2**20,
        "disk": max(*sizes, _grown(disk)) if disk is not None else 0.0,
    }


def _grown(root: Path) -> float:
    """GiB of what the product keeps; files may come and go meanwhile."""
    try:
        return _gib(root / ".crm-migrate") + _gib(root / "audit")
    except FileNotFoundError:
        return 0.0


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
