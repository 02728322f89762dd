"""Figures that were measured, kept with date and machine in benchmarks/results.json (not in git).

Each benchmark has a table of its own there: what was measured → the figures. A long series of
measurements can so be made one by one, and taken up where it stopped.
"""

import json
import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("results.json")


def kept(benchmark: str) -> dict[str, dict[str, Any]]:
    """What was measured before, by what it is; empty where nothing was."""
    return dict(_all().get(benchmark, {}))


def keep(benchmark: str, what: str, figures: dict[str, Any]) -> None:
    """Write down one measurement, in place of an earlier one of the same."""
    everything = _all()
    told = figures | {"date": date.today().isoformat(), "machine": machine()}
    everything.setdefault(benchmark, {})[what] = told
    new = FILE.with_suffix(".new")
    new.write_text(json.dumps(everything, ensure_ascii=False, indent=1) + "\n", "utf-8")
    new.replace(FILE)


def machine() -> str:
    """Cores, memory, processor and Python: what figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {_processor()}, Python "
        f"{platform.python_version()}"
    )


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text("utf-8").splitlines() if about.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _all() -> dict[str, dict[str, dict[str, Any]]]:
    found = json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}
    return found if isinstance(found, dict) else {}
