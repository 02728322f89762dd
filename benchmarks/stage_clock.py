"""Measures the stages of one command from within: wall, processor and memory, stage by stage.

    python -m benchmarks.stage_clock FOLDER plan|approve|apply

Prints one JSON object. The functions that a stage consists of are wrapped by name; the product
knows nothing of it. Peak memory is the kernel's own mark (VmHWM), reset before every stage.
"""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

STAGES = {
    "plan": (
        ("crm_migrate.pipeline", "input_digest"),
        ("crm_migrate.pipeline", "extract"),
        ("crm_migrate.pipeline", "standardize"),
        ("crm_migrate.pipeline", "read_target"),
        ("crm_migrate.pipeline", "link"),
        ("crm_migrate.pipeline", "make_golden"),
        ("crm_migrate.pipeline", "compare"),
        ("crm_migrate.pipeline", "write_plan"),
    ),
    "approve": (),
    "apply": (
        ("crm_migrate.stages.apply", "open_checked"),
        ("crm_migrate.stages.apply", "verify_plan"),
        ("crm_migrate.stages.apply", "_memberships"),
        ("crm_migrate.stages.apply", "load"),
        ("crm_migrate.stages.apply", "_settle"),
    ),
}
INNER = {
    "plan": (
        ("crm_migrate.stages.changes", "plan_operations"),
        ("crm_migrate.plan.operations", "diff_entity"),
        ("crm_migrate.plan.operations", "with_digests"),
        ("crm_migrate.plan.operations", "seal_operations"),
        ("crm_migrate.plan.operations", "effect"),
        ("crm_migrate.plan.file.writer", "encrypt"),
        ("crm_migrate.stages.planning.write", "write_all_pages"),
        ("crm_migrate.stages.planning.write", "_enter"),
    ),
    "approve": (),
    "apply": (
        ("crm_migrate.loading.apply", "look"),
        ("crm_migrate.loading.batches", "write_batch"),
        ("crm_migrate.loading.batches", "verify"),
    ),
}
"""Parts of stages, timed too; their memory counts with their stage."""

_Line = dict[str, float | str]


def peak_gib() -> float:
    """Highest resident memory since the mark was reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


def reset_peak() -> None:
    """Begin a new mark, where the kernel allows it."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def watch(places: tuple[tuple[str, str], ...], lines: list[_Line], *, inner: bool) -> None:
    """Wrap the functions: each call adds a line."""
    for module_name, name in places:
        module = import_module(module_name)
        setattr(module, name, _timed(getattr(module, name), name.lstrip("_"), lines, inner))


def _timed(
    function: Callable[..., Any], name: str, lines: list[_Line], inner: bool
) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        if not inner:
            reset_peak()
        wall, cpu = perf_counter(), process_time()
        try:
            return function(*args, **kwargs)
        finally:
            line: _Line = {
                "stage": ("  " if inner else "") + name,
                "wall": round(perf_counter() - wall, 2),
                "cpu": round(process_time() - cpu, 2),
            }
            if not inner:
                line["gib"] = round(peak_gib(), 2)
            told = [before for before in lines if before["stage"] == line["stage"]]
            if told and inner:  # one line for all calls
                for kind in ("wall", "cpu"):
                    told[0][kind] = round(float(told[0][kind]) + float(line[kind]), 2)
            else:
                lines.append(line)

    return timed


def main() -> None:
    """Carry out one command and print what it cost."""
    wall, cpu = perf_counter(), process_time()
    root, verb = Path(sys.argv[1]), sys.argv[2]
    pipeline = import_module("crm_migrate.pipeline")
    from benchmarks.customer_project import APPROVERS, OPERATOR
    from crm_migrate.project import load_project

    lines: list[_Line] = [
        {"stage": "start", "wall": round(perf_counter() - wall, 2), "cpu": round(process_time(), 2)}
    ]
    watch(STAGES[verb], lines, inner=False)
    watch(INNER[verb], lines, inner=True)
    session = pipeline.open_session(load_project(root))
    try:
        if verb == "plan":
            done = pipeline.plan(session, by=OPERATOR)
        elif verb == "approve":
            for name in APPROVERS:
                done = pipeline.decide(session, "latest", "approve", by=name, reason="benchmark")
        else:
            done = pipeline.apply_plan(session, "latest", by=OPERATOR)
    finally:
        session.close()
    result = done.to_json()
    total = {"wall": round(perf_counter() - wall, 2), "cpu": round(process_time() - cpu, 2)}
    print(json.dumps({"lines": lines, "total": total, "result": result}, ensure_ascii=False))


if __name__ == "__main__":
    main()
