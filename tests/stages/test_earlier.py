"""What is taken over from an earlier run is what would have been made anew."""

from pathlib import Path

import polars as pl
import pytest

from crm_migrate.project import load_project
from crm_migrate.stages.earlier import Earlier, last_run
from crm_migrate.stages.extract import extract, input_digest
from crm_migrate.stages.session import Session, open_session
from crm_migrate.stages.standardize import standardize
from crm_migrate.trust.setup import parse_person, set_up_keys
from crm_migrate.trust.wrapping import Unprotected
from crm_migrate.workspace import Run
from samples.make_samples import make
from tests.end_to_end.conftest import make_project

Tables = dict[str, pl.DataFrame]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    make(tmp_path / "samples", scale=1 / 16)
    make_project(tmp_path / "project", tmp_path / "samples")
    project = load_project(tmp_path / "project")
    set_up_keys(project.state, [parse_person("operator:operator")], lambda _: Unprotected())
    return open_session(project)


def made(session: Session, run: Run, before: Earlier | None) -> Tables:
    inputs = input_digest(session.job)
    with run.stage("mapped", inputs):
        extract(session.job, run, inputs, before)
    with run.stage("standardized", inputs):
        standardize(session.job, run, before)
    stages = ("mapped", "standardized")
    tables = {f"{s}/{n}": run.read(s, n) for s in stages for n in run.names(s)}
    return {n: f.sort(f.columns) if "/x_" in n else f for n, f in tables.items()}


def test_a_changed_row_is_all_that_is_made_again(session: Session) -> None:
    """R-5.6: two sources as they were, one row of the third another: the tables of a fresh run."""
    with session.workspace.begin("r1") as run, last_run(session.workspace, run, session.job) as no:
        assert no is None
        made(session, run, None)
    path = Path(session.project.source_place("service"))
    lines = path.read_bytes().split(b"\n")
    lines[5] = lines[5].replace(lines[5].split(b",")[3], b"2024-03-05")
    lines[9] = lines[9][:-4] + b"000" + lines[9][-1:]
    path.write_bytes(b"\n".join(lines))
    with (
        session.workspace.begin("r2") as run,
        last_run(session.workspace, run, session.job) as before,
    ):
        assert before is not None
        taken = made(session, run, before)
    with session.workspace.begin("r3") as run:
        fresh = made(session, run, None)
    assert taken.keys() == fresh.keys()
    for name, frame in fresh.items():
        assert frame.equals(taken[name]), name


def test_other_rules_take_nothing_over(session: Session) -> None:
    """R-5.6: where the project's files changed, everything is made anew."""
    with session.workspace.begin("r1") as run:
        made(session, run, None)
    settings = session.project.root / "rules" / "entities.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("跟进中, 处理", "跟进中, 处理了, 处理"), encoding="utf-8")
    other = open_session(load_project(session.project.root))
    with (
        other.workspace.begin("r2") as run,
        last_run(other.workspace, run, other.job) as before,
    ):
        assert before is None
