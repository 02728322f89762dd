"""What is taken over from an earlier run is what would have been made anew."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.project import load_project
from crm_migrate.records import PROVENANCE
from crm_migrate.stages.extract import extract
from crm_migrate.stages.incremental.earlier import Earlier, changed, last_run, made_by, since
from crm_migrate.stages.link import link
from crm_migrate.stages.present import read_target
from crm_migrate.stages.session import Session, open_session
from crm_migrate.stages.source_digests import input_digest
from crm_migrate.stages.standardize import standardize
from crm_migrate.stages.survive import make_golden
from crm_migrate.standards.rules.allowed import Allowance
from crm_migrate.trust.setup import parse_person, set_up_keys
from crm_migrate.trust.wrapping import Unprotected
from crm_migrate.workspace import Run
from samples.make_samples import make
from tests.end_to_end.conftest import make_project

Tables = dict[str, pl.DataFrame]
STAGES = ("mapped", "standardized", "golden")


@pytest.fixture
def session(tmp_path: Path) -> Session:
    make(tmp_path / "samples", scale=1 / 16)
    make_project(tmp_path / "project", tmp_path / "samples")
    project = load_project(tmp_path / "project")
    set_up_keys(project.state, [parse_person("operator:operator")], lambda _: Unprotected())
    return open_session(project)


def made(session: Session, run: Run, before: Earlier | None) -> Tables:
    """The tables of the row stages, but for those that say what changed."""
    inputs = input_digest(session.job)
    with run.stage("mapped", inputs):
        extract(session.job, run, inputs, before)
    with run.stage("standardized", inputs):
        standardize(session.job, run, before)
    read_target(session.job, run)
    with run.stage("linked", inputs):
        link(session.job, run, session.state)
    with run.stage("golden", inputs):
        make_golden(session.job, run, session.state, before)
    tables = {f"{s}/{n}": run.read(s, n) for s in STAGES for n in run.names(s)}
    return {n: f for n, f in tables.items() if "x_changed" not in n and "x_since" not in n}


def again(session: Session, name: str) -> tuple[Run, Earlier, Tables]:
    """A run that takes over from the last one."""
    with (
        session.workspace.begin(name) as run,
        last_run(session.workspace, run, session.job) as before,
    ):
        assert before is not None
        return run, before, made(session, run, before)


def edit(path: Path, chance: random.Random) -> None:
    """Change, leave out, repeat and move some lines of a CSV file."""
    head, *lines = path.read_bytes().rstrip(b"\n").split(b"\n")
    for _ in range(4):
        at = chance.randrange(len(lines))
        cells = lines[at].split(b",")
        other = chance.choice(lines).split(b",")
        match chance.randrange(5):
            case 0 if len(cells) == len(other):
                place = chance.randrange(len(cells))
                cells[place] = other[place]
                lines[at] = b",".join(cells)
            case 1:
                del lines[at]
            case 2:
                lines.insert(chance.randrange(len(lines)), lines[at])
            case 3:
                lines.append(lines.pop(at))
            case _:
                lines[at] = b"," * (len(cells) - 1)
    path.write_bytes(b"\n".join([head, *lines]) + b"\n")


def test_random_edits_are_taken_in_as_if_made_anew(session: Session) -> None:
    """R-5.6: run after run over edited files, table by table what a fresh run makes."""
    chance = random.Random(7)
    with session.workspace.begin("r0") as run, last_run(session.workspace, run, session.job) as no:
        assert no is None
        old = made(session, run, None)
    places = [Path(session.project.source_place(n)) for n in session.project.settings.sources]
    model = session.project.model
    files = [p for p in places if p.suffix == ".csv"]
    for number in range(1, 5):
        for path in files if number == 4 else [chance.choice(files)]:
            edit(path, chance)
        run, before, taken = again(session, f"r{number}")
        assert all(since(run, stage, before) is before for stage in STAGES)
        with session.workspace.begin(f"a{number}") as other:  # sorts before the others
            fresh = made(session, other, None)
        assert taken.keys() == fresh.keys()
        for name, frame in fresh.items():
            both = (frame, taken[name])
            same = [f.sort(f.columns) if "/x_" in name else f for f in both]
            assert same[0].equals(same[1]), name
        for stage, entity in (n.split("/") for n in fresh):
            if stage != "mapped" and entity in model.by_name:
                told = dict(changed(run, stage, entity).iter_rows())
                name = f"{stage}/{entity}"
                assert told == expected(old[name], fresh[name]), name
        old = fresh


def expected(old: pl.DataFrame, new: pl.DataFrame) -> dict[str, str]:
    """What changed, record by record."""
    then, now = (
        {r[0]: r for r in f.drop(PROVENANCE, strict=False).iter_rows()} for f in (old, new)
    )
    told = {i: "new" if i not in then else "changed" for i in now if then.get(i) != now[i]}
    return told | dict.fromkeys(then.keys() - now.keys(), "gone")


def test_nothing_changed_is_nothing_made_again(session: Session) -> None:
    """R-5.6: the same files: nothing is listed as changed, and every table is the same."""
    with session.workspace.begin("r0") as run:
        old = made(session, run, None)
    run, _, taken = again(session, "r1")
    assert all(f.equals(old[n]) for n, f in taken.items() if "/x_" not in n)
    lists = [n for s in STAGES for n in run.names(s) if n.startswith("x_changed")]
    assert lists
    assert all(run.read(s, n).is_empty() for s in STAGES for n in lists if n in run.names(s))


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


def test_what_has_expired_since_is_not_taken_over(session: Session) -> None:
    """An allow-list counts as of the day: once an entry has expired, the earlier run was made by
    other rules.
    """
    entry = Allowance("91350200303000001X", until=date(2027, 12, 31))
    records = replace(session.job.rules.records, allowed={"customer.uscc": (entry,)})
    rules = replace(session.job.rules, records=records)

    def on(day: int) -> str:
        now = datetime(2027, 12, day, tzinfo=UTC)
        return made_by(replace(session.job, rules=rules, clock=lambda: now))

    assert on(30) == on(31)
    later = replace(session.job, rules=rules, clock=lambda: datetime(2028, 1, 1, tzinfo=UTC))
    assert made_by(later) == made_by(session.job) != on(31)
