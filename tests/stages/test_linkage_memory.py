"""What `plan` takes over of the last linkage comes to the same as linking everything."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.project import load_project
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.extract import extract
from crm_migrate.stages.incremental import linkage_memory
from crm_migrate.stages.incremental.earlier import last_run
from crm_migrate.stages.incremental.linkage_memory import STAGE, differing, recalled
from crm_migrate.stages.link import link, linkage_told
from crm_migrate.stages.present import read_target
from crm_migrate.stages.session import Session, open_session
from crm_migrate.stages.source_digests import input_digest
from crm_migrate.stages.standardize import standardize
from crm_migrate.trust.setup import parse_person, set_up_keys
from crm_migrate.trust.wrapping import Unprotected
from samples.make_samples import make
from tests.end_to_end.conftest import make_project

TABLES = ("records.customer", "members.customer", "review.customer", "pairs.customer", "x_model")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A small project in which few records, too, are linked by what changed."""
    monkeypatch.setattr(linkage_memory, "FROM_RECORDS", 10)
    make(tmp_path / "samples", scale=1 / 16)
    make_project(tmp_path / "project", tmp_path / "samples")
    project = load_project(tmp_path / "project")
    set_up_keys(project.state, [parse_person("operator:operator")], lambda _: Unprotected())
    return open_session(project)


def linked(session: Session, name: str) -> tuple[dict[str, object], dict[str, pl.DataFrame]]:
    """The stages up to `linked`, the last run at hand: the figures and the tables."""
    with (
        session.workspace.begin(name) as run,
        last_run(session.workspace, run, session.job) as before,
    ):
        inputs = input_digest(session.job)
        with run.stage("mapped", inputs):
            extract(session.job, run, inputs, before)
        with run.stage("standardized", inputs):
            standardize(session.job, run, before)
        read_target(session.job, run)
        with run.stage("linked", inputs):
            link(session.job, run, session.state, before)
        return linkage_told(run)["customer"], {t: run.read(STAGE, t) for t in TABLES}


def test_a_second_plan_compares_only_what_changed(session: Session, tmp_path: Path):
    """R-3.1, R-8.1: nothing changed: the same tables; one line gone: that record, no other."""
    figures, first = linked(session, "r1")
    assert figures["pass"] == "full"
    figures, second = linked(session, "r2")
    assert figures["pass"] == "incremental"
    assert figures["changed"] == 0
    assert figures["model_of"] == "r1"
    assert all(first[t].equals(second[t]) for t in TABLES)
    path = next((tmp_path / "project").rglob("*.csv"), None) or next(tmp_path.rglob("*.csv"))
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(lines[:5] + lines[6:]))
    figures, third = linked(session, "r3")
    assert figures["pass"] == "incremental"
    lost = set(second["records.customer"][RECORD_ID]) - set(third["records.customer"][RECORD_ID])
    assert len(lost) <= 1
    assert third["x_model"].equals(first["x_model"])


def test_after_many_incremental_runs_a_full_one_says_where_it_differs(
    session: Session, monkeypatch: pytest.MonkeyPatch
):
    """The full pass uses the same model and counts the pairs on which it differs: none here."""
    monkeypatch.setattr(linkage_memory, "TURNS", 1)
    _, first = linked(session, "r1")
    linked(session, "r2")
    figures, third = linked(session, "r3")
    assert figures["pass"] == "full"
    assert figures["differs"] == 0
    assert all(first[t].equals(third[t]) for t in TABLES)
    assert recalled(None, "customer") is None


def test_a_full_pass_on_request_names_the_pairs_on_which_it_differs(session: Session):
    """R-8.1: everything compared and trained anew; what stood one and is apart now is named."""
    _, first = linked(session, "r1")
    with (
        session.workspace.begin("r2") as run,
        last_run(session.workspace, run, session.job) as before,
    ):
        found = recalled(before, "customer")
        assert found is not None
        memory = found[0]
        clusters = first["members.customer"].select(RECORD_ID, cluster_id="golden_id")
        ids = memory.records[RECORD_ID]
        same = Linkage(*[pl.DataFrame()] * 2, clusters, *[pl.DataFrame()] * 3, model=None)
        assert differing(memory, same, ids).is_empty()
        one = clusters.filter(pl.len().over("cluster_id") == 2)[RECORD_ID][0]
        alone = pl.when(pl.col(RECORD_ID) == one).then(pl.lit("x")).otherwise("cluster_id")
        apart = replace(same, clusters=clusters.with_columns(cluster_id=alone))
        (told,) = differing(memory, apart, ids).rows()
        assert one in told[:2]
        assert told[2] == "before"
        inputs = input_digest(session.job)
        with run.stage("mapped", inputs):
            extract(session.job, run, inputs, before)
        with run.stage("standardized", inputs):
            standardize(session.job, run, before)
        read_target(session.job, run)
        with run.stage("linked", inputs):
            link(session.job, run, session.state, before, afresh=True)
        told = linkage_told(run)["customer"]
        assert (told["pass"], told["model_of"], told["differs"]) == ("full", "r2", 0)
