"""R-5.3: no personal value of the samples stands in clear anywhere a run leaves it.

Also after a hard kill in the middle of each stage. Left out are the samples themselves and, in the
target, the columns that policy leaves clear. `tests/leaks` shows that the search finds things.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.end_to_end.conftest import OPERATOR, REPOSITORY, Demo
from tests.leaks.sample_values import sample_values
from tests.leaks.scanner import ENCRYPTED_PARQUET_MAGIC, Hit, scan

NEVER_CLEAR = {"id", "card"}
"""Kinds that may stand nowhere in the target, not even in its free pages."""

STAGES = (
    # what the files opened for writing are called, the how manieth, milliseconds after it;
    # pages and workbooks have no name until they are whole, and then get one
    (r"journal\.jsonl$", 1, 250),  # the sources are being read
    (r"/mapped/", 4, 5),
    (r"/standardized/", 5, 5),
    (r"/present/", 6, 5),
    (r"/linked/", 5, 5),
    (r"/golden/", 9, 5),
    (r"/audit/plans/.*crmplan", 1, 20),
    (r"/audit/plans/[^/]+(?:/[^/]+)?$", 3, 0.2),
    (r"/audit/plans/.*html", 1, 0),
    (r"/audit/plans/.*xlsx", 1, 0),
)
APPLY_POINTS = ((3, 4), (3, 9), (2, 15))
"""Database openings of `apply`, and milliseconds after."""


@pytest.fixture(scope="module")
def values() -> frozenset[str]:
    return sample_values(REPOSITORY / "samples")


class Search:
    """Searches what a command left, each state of a file once."""

    def __init__(self, demo: Demo, values: Iterable[str]) -> None:
        self._demo = demo
        self._values = values
        self._seen: set[tuple[Path, int, int]] = set()

    def hits(self) -> list[Hit]:
        """Hits outside the samples and the target."""
        found = []
        for folder in (self._demo.root, self._demo.temporary):
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                state = (path, path.stat().st_size, path.stat().st_mtime_ns)
                apart = {"samples", "crm"} & set(path.relative_to(folder).parts)
                if not apart and state not in self._seen:
                    self._seen.add(state)
                    found += scan(path, self._values)
        return found


def clear_columns(root: Path) -> set[str]:
    """`table.column` of the target that policy leaves clear."""
    from crm_migrate.project import load_project
    from crm_migrate.protection.policy import Audience, Treatment
    from crm_migrate.stages.job import parse_rules

    project = load_project(root)
    policy = parse_rules(project).policy
    return {
        f"{table.table}.{column.column}"
        for entity, table in project.target.entities.items()
        for field, column in table.fields.items()
        if policy.treatment(entity, field, Audience.TARGET) == Treatment.CLEAR
    }


def in_the_open(demo: Demo, values: Iterable[str]) -> list[Hit]:
    """Hits in the target and its journals that policy does not allow."""
    allowed = clear_columns(demo.root)
    # Raw bytes hold the clear columns, too: there only what no column may hold counts.
    return [
        hit
        for hit in scan(demo.target.parent, values)
        if (hit.kind in NEVER_CLEAR if hit.inner == "" else hit.inner not in allowed)
    ]


def test_nothing_after_the_whole_job(way: Demo, values: frozenset[str]) -> None:
    """State, audit folder, pages, workbooks, reports and temporary folder hold no value."""
    way.at("reported")
    way.ok("review", "list", "--as", OPERATOR)
    way.ok("runs")
    assert Search(way, values).hits() == []


def test_the_samples_would_be_found(way: Demo, values: frozenset[str]) -> None:
    """The same search over the project's samples finds every kind of value."""
    way.at("keys")
    assert {h.kind for h in scan(way.root / "samples", values)} == {
        "id", "card", "mail", "mobile", "phone",
    }  # fmt: skip


def test_target_holds_only_what_policy_leaves_clear(way: Demo, values: frozenset[str]) -> None:
    """Identity and card numbers stand nowhere in the CRM, nor anything in our own tables."""
    way.at("applied")
    assert in_the_open(way, values) == []


def test_workspace_is_encrypted_and_private(way: Demo) -> None:
    """Every stage table is encrypted Parquet; no file of the state is readable by others."""
    way.at("applied")
    tables = list(way.state.rglob("*.parquet"))
    assert len(tables) > 50
    assert {p.read_bytes()[:4] for p in tables} == {ENCRYPTED_PARQUET_MAGIC}
    others = [p.name for p in way.state.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    assert others == []


def test_nothing_after_a_kill_in_each_stage_of_plan(small: Demo) -> None:
    """Killed in the middle of each stage in turn, each time going on from there; one run in all."""
    small.at("keys")
    values = sample_values(small.samples)
    search = Search(small, values)
    for pattern, number, delay in STAGES:
        dead = small.killed(pattern, number, delay, "plan", "--as", OPERATOR)
        assert dead.code == -9, f"{pattern}: {dead.code} {dead.said}"
        assert search.hits() == [], pattern
    again = small.ok("plan", "--as", OPERATOR)
    assert again["effect"] == small.said["planned"].data["effect"]
    assert again["counts"] == small.said["planned"].data["counts"]
    assert len(list((small.state / "runs").iterdir())) == 1
    assert search.hits() == []


def test_nothing_after_kills_of_apply(small: Demo) -> None:
    """Killed several times on its way, hot journal included."""
    small.at("approved")
    values = sample_values(small.samples)
    search = Search(small, values)
    for number, delay in APPLY_POINTS:
        dead = small.killed(r"crm\.db", number, delay, "apply", "latest", "--as", OPERATOR)
        assert dead.code == -9, f"{number}: {dead.code} {dead.said}"
        assert search.hits() == []
    assert in_the_open(small, values) == []
