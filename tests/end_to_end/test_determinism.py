"""What a run decides depends on the data alone: not on row order, file names or the time of day."""

from pathlib import Path

import polars as pl
import pytest

from tests.end_to_end.conftest import OPERATOR, Demo
from tests.end_to_end.contents import stage_tables
from tests.end_to_end.shuffled import shuffle_project

PLACES = ("_file", "_sheet", "_row")
"""Where a record stood: what a shuffle may change."""


@pytest.fixture(scope="module")
def stages(way: Demo) -> tuple[dict[str, dict[str, pl.DataFrame]], dict[str, object]]:
    """Stage tables of the plan on the samples, and of the plan on the shuffled samples."""
    way.at("planned")
    found = {f"straight {s}": stage_tables(way.root, s) for s in ("standardized", "golden")}
    way.at("keys")
    shuffle_project(way.root)
    plan = way.ok("plan", "--as", OPERATOR)
    found |= {f"shuffled {s}": stage_tables(way.root, s) for s in ("standardized", "golden")}
    return found, plan


def compared(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    frames = {n: f.drop(PLACES, strict=False) for n, f in tables.items() if not n.startswith("x_")}
    return {name: frame.sort(frame.columns) for name, frame in frames.items()}


def test_record_ids_and_standard_values(
    stages: tuple[dict[str, dict[str, pl.DataFrame]], dict[str, object]],
) -> None:
    """R-2.4: shuffled rows and renamed files give the same record ids and standardized cells."""
    straight, shuffled = (
        compared(stages[0][f"{w} standardized"]) for w in ("straight", "shuffled")
    )
    assert straight.keys() == shuffled.keys()
    for name, frame in straight.items():
        ids = set(frame["record_id"]) ^ set(shuffled[name]["record_id"])
        assert len(ids) == 0, f"{name}: {len(ids)} record ids differ"
        assert frame.equals(shuffled[name]), name


def test_golden_ids_and_records(
    stages: tuple[dict[str, dict[str, pl.DataFrame]], dict[str, object]],
) -> None:
    """R-2.4: the same golden ids, golden records, codes and lineage."""
    straight, shuffled = (compared(stages[0][f"{w} golden"]) for w in ("straight", "shuffled"))
    assert straight.keys() == shuffled.keys()
    assert straight["customer"].height > 2_000
    for name, frame in straight.items():
        assert frame.equals(shuffled[name]), name


def test_effect(
    way: Demo, stages: tuple[dict[str, dict[str, pl.DataFrame]], dict[str, object]]
) -> None:
    """R-6.3: the effect digest and all counts are the same."""
    first, second = way.said["planned"].data, stages[1]
    assert second["effect"] == first["effect"]
    assert second["counts"] == first["counts"]
    assert second["rows"] == first["rows"]


def test_planning_twice_gives_the_same_effect(small: Demo) -> None:
    """R-6.3: planning again with nothing changed: same effect, though every ciphertext differs."""
    small.at("planned")
    before = plan_bytes(small.root)
    again = small.ok("plan", "--as", OPERATOR)
    first = small.said["planned"].data
    assert again["plan"] != first["plan"]
    assert again["effect"] == first["effect"]
    assert again["counts"] == first["counts"]
    assert plan_bytes(small.root).keys() > before.keys()
    assert not set(before.values()) & (set(plan_bytes(small.root).values()) - set(before.values()))


def plan_bytes(root: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in root.rglob("*.crmplan")}


def test_lost_run_state(small: Demo) -> None:
    """Without the run state the target's base keeps the ids; nothing twice."""
    small.at("applied")
    for file in small.state.glob("state.db*"):
        file.unlink()
    assert small.ok("plan", "--as", OPERATOR)["state"] == "empty"
