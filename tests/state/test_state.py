"""The run state: opening, identities, reviews, plans and approvals."""

import os
import sqlite3
from dataclasses import replace

import polars as pl
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from polars.testing import assert_frame_equal
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

import crm_migrate.state.database as database
from crm_migrate.errors import IntegrityFault, NotFound, UsageFault
from crm_migrate.state.approvals import ApprovalEntry, add_approval, approvals_of, mark_used, revoke
from crm_migrate.state.cells import (
    CellOverride,
    end_override,
    overrides,
    set_cell,
    standing_overrides,
)
from crm_migrate.state.database import HEAD, back_up, open_state
from crm_migrate.state.owners import decided_owners
from crm_migrate.state.plans import PlanEntry, add_plan, find_plan, list_plans, set_plan_state
from crm_migrate.state.registry import (
    activate,
    known_members,
    known_tombstones,
    reserve,
    resolve,
    retire,
    store_members,
)
from crm_migrate.state.review import assign, skip, store_tasks, task, task_id, tasks
from crm_migrate.state.schema import IDENTITIES, METADATA
from crm_migrate.state.verdicts import (
    Verdict,
    answered_by,
    give_all,
    last_task_of,
    pair_verdicts,
    verdicts_on,
    withdraw,
)

AT = "2025-03-01T09:00:00Z"


@pytest.fixture
def state(tmp_path):
    engine = open_state(tmp_path / "state")
    yield engine
    engine.dispose()


def identities(*golden: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "golden_id": golden,
            "anchor": [g[1:] for g in golden],
            "customer_code": [f"C{n}" for n in range(len(golden))],
        }
    )


def entered(state) -> list[tuple[str, str, str, str]]:
    """golden_id, status, customer_code and run of each identity."""
    c = IDENTITIES.c
    query = select(c.golden_id, c.status, c.customer_code, c.run).order_by(c.golden_id)
    with state.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def give(state, verdict: Verdict) -> bool:
    """One verdict; whether its task is decided by it."""
    return give_all(state, [verdict])[0]


def test_migrations_make_what_the_code_expects(state):
    """The migrated tables equal the declared ones, and HEAD names the newest migration."""
    with state.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == HEAD
    config = Config()
    folder = os.path.dirname(database.__file__)  # noqa: PTH120
    config.set_main_option("script_location", f"{folder}/migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


@pytest.mark.skipif(os.name != "posix", reason="mode bits")
def test_only_the_owner_may_read(tmp_path, state):
    """The database and the files that SQLite puts beside it are 0600."""
    reserve(state, identities("ga"), "customer", "r1", AT)
    for path in (tmp_path / "state").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path.name


def test_reopening_keeps_everything(tmp_path, state):
    """A second process sees what the first wrote."""
    reserve(state, identities("ga"), "customer", "r1", AT)
    state.dispose()
    again = open_state(tmp_path / "state")
    assert entered(again) == [("ga", "reserved", "C0", "r1")]
    again.dispose()


@pytest.mark.parametrize("content", [b"rubbish" * 500, None])
def test_damaged_or_newer_state_is_said_so(tmp_path, content):
    """Rubbish, or tables of a newer version, are an IntegrityFault with a remedy."""
    folder = tmp_path / "state"
    folder.mkdir()
    if content:
        (folder / "state.db").write_bytes(content)
    else:
        open_state(folder).dispose()
        with sqlite3.connect(folder / "state.db") as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
    with pytest.raises(IntegrityFault) as caught:
        open_state(folder)
    assert caught.value.remedy


def test_backup_is_a_whole_state(tmp_path, state):
    """R-5.6: the copy opens by itself and holds the identities."""
    reserve(state, identities("ga"), "customer", "r1", AT)
    (tmp_path / "backup").mkdir()
    back_up(state, tmp_path / "backup" / "state.db")
    copy = open_state(tmp_path / "backup")
    assert entered(copy) == [("ga", "reserved", "C0", "r1")]
    copy.dispose()


def test_identities_are_reserved_then_final(state):
    """A plan reserves, an apply makes final; a later plan does not touch what is final."""
    reserve(state, identities("ga", "gb"), "customer", "r1", AT)
    activate(state, pl.Series("golden_id", ["ga"]))
    changed = identities("ga", "gb").with_columns(customer_code=pl.lit("C9"))
    reserve(state, changed, "customer", "r2", AT)
    assert entered(state) == [("ga", "active", "C0", "r1"), ("gb", "reserved", "C9", "r2")]


def test_members_move_and_tombstones_resolve(state):
    """On a merge the records move, and the old golden id leads to the new one."""
    reserve(state, identities("ga", "gb", "gc"), "customer", "r1", AT)
    members = pl.DataFrame({"record_id": ["r1", "r2"], "golden_id": ["ga", "gb"]})
    store_members(state, members, "customer", "r1")
    store_members(state, members.with_columns(golden_id=pl.lit("ga")), "customer", "r2")
    retire(state, pl.DataFrame({"golden_id": ["gb", "gc"], "into": ["ga", "gb"]}))
    assert known_members(state, "customer").rows() == [("r1", "ga", AT), ("r2", "ga", AT)]
    expected = pl.DataFrame({"golden_id": ["gb", "gc"], "into": ["ga", "gb"]})
    assert_frame_equal(known_tombstones(state, "customer"), expected)
    assert resolve(state, "gc") == "ga"
    assert resolve(state, "unknown") == "unknown"


def test_record_ids_are_per_entity(state):
    """One source row can yield a customer and a contact under the same record id."""
    one = pl.DataFrame({"record_id": ["r1"], "golden_id": ["ga"]})
    store_members(state, one, "customer", "r1")
    store_members(state, one.with_columns(golden_id=pl.lit("gz")), "contact", "r1")
    assert known_members(state, "customer")["golden_id"].to_list() == ["ga"]
    assert known_members(state, "contact")["golden_id"].to_list() == ["gz"]


def test_many_members_in_batches(state):
    """More rows than one batch come back complete and in order."""
    ids = pl.int_range(250_000, eager=True).cast(pl.String).str.zfill(8)
    members = pl.DataFrame({"record_id": ids, "golden_id": "g" + ids})
    store_members(state, members.sample(fraction=1.0, shuffle=True, seed=1), "customer", "r1")
    assert_frame_equal(known_members(state, "customer").select("record_id", "golden_id"), members)


PAIR = pl.DataFrame({"left_id": ["b"], "right_id": ["a"], "match_weight": [1.5]})


def test_a_decided_question_is_not_asked_again(state):
    """R-3.3: the same pair in a later run is the same task, decided as before."""
    store_tasks(state, PAIR, "doubtful", "customer", "r1")
    (id,) = tasks(state)["task_id"]
    assert id == task_id("doubtful", "customer", "a", "b")
    assert give(state, Verdict(id, "different", "anna", "销售一部", AT))
    store_tasks(state, PAIR, "doubtful", "customer", "r2")
    assert tasks(state).height == 0
    assert task(state, id)["status"] == "decided"


def test_questions_that_no_longer_arise_are_gone(state):
    """A pair that a later run no longer doubts is closed, and opens again when it comes back."""
    store_tasks(state, PAIR, "doubtful", "customer", "r1")
    store_tasks(state, PAIR.clear(), "doubtful", "customer", "r2")
    assert tasks(state).height == 0
    assert tasks(state, status="gone").height == 1
    store_tasks(state, PAIR, "doubtful", "customer", "r3")
    assert tasks(state, kind="doubtful").height == 1


def test_later_verdict_supersedes(state):
    """Verdicts are only added; the last one on a pair counts, unsure opens the task again."""
    store_tasks(state, PAIR, "doubtful", "customer", "r1")
    (id,) = tasks(state)["task_id"]
    give(state, Verdict(id, "same", "anna", "销售一部", AT))
    assert pair_verdicts(state, "customer")["verdict"].to_list() == ["same"]
    assert not give(state, Verdict(id, "unsure", "ben", "销售二部", AT))
    assert pair_verdicts(state, "customer")["verdict"].to_list() == ["unsure"]
    assert pair_verdicts(state, "contact").height == 0
    assert task(state, id)["status"] == "open"
    with state.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM verdicts").scalar() == 2


def conflict(state) -> str:
    frame = pl.DataFrame(
        {"left_id": ["ga"], "right_id": ["li;wang"], "departments": ["销售一部;销售二部"]}
    )
    store_tasks(state, frame, "owner_conflict", "customer", "r1")
    return str(tasks(state, kind="owner_conflict")["task_id"][0])


def owner(id: str, department: str, owner: str) -> Verdict:
    return Verdict(id, "owner", "someone", department, AT, owner, "销售一部")


def test_owner_conflict_needs_both_departments(state):
    """R-1.5: 撞单 waits until both departments name the same owner."""
    id = conflict(state)
    assert not give(state, owner(id, "销售一部", "li"))
    assert not give(state, owner(id, "销售二部", "wang"))
    assert decided_owners(state).height == 0
    assert give(state, owner(id, "销售二部", "li"))
    assert decided_owners(state).rows() == [("ga", "li;wang", "li", "销售一部")]
    assert not give(state, owner(id, "销售一部", "wang"))
    assert decided_owners(state).height == 0


def test_unfitting_verdicts_are_refused(state):
    """A third department, an owner not in conflict, and the wrong kind of answer are refused."""
    id = conflict(state)
    for verdict in (
        owner(id, "财务部", "li"),
        owner(id, "销售一部", "zhao"),
        Verdict(id, "same", "anna", "销售一部", AT),
    ):
        with pytest.raises(UsageFault):
            give(state, verdict)
    with pytest.raises(NotFound):
        give(state, owner("nothing", "销售一部", "li"))


def test_several_verdicts_are_entered_together_or_not_at_all(state):
    """R-3.3: one that takes the place of a verdict which its author has not seen refuses all."""
    pairs = pl.concat([PAIR, PAIR.with_columns(pl.lit("zz").alias("right_id"))])
    store_tasks(state, pairs, "doubtful", "customer", "r1")
    one, two = tasks(state)["task_id"].sort()
    give(state, Verdict(two, "same", "anna", "销售一部", AT))
    (known,) = (v["verdict_id"] for v in verdicts_on(state, two))
    answers = [Verdict(id, "different", "ben", "销售二部", AT, seen=0) for id in (one, two)]
    with pytest.raises(UsageFault):
        give_all(state, answers)
    assert verdicts_on(state, one) == []
    assert len(verdicts_on(state, two)) == 1
    assert give_all(state, [answers[0], replace(answers[1], seen=known)]) == [True, True]


def plan(id: str, at: str = AT) -> PlanEntry:
    return PlanEntry(id, "r1", "effect", "evidence", "open", f"plans/{id}.plan", at, "anna")


def test_plans_are_found_by_the_beginning_of_their_id(state):
    """An id, its unambiguous beginning, or nothing for the newest."""
    with pytest.raises(NotFound):
        find_plan(state)
    add_plan(state, plan("p-aa1"))
    add_plan(state, plan("p-aa12", "2025-03-02T09:00:00Z"))
    add_plan(state, plan("p-bb", "2025-03-03T09:00:00Z"))
    assert find_plan(state).plan_id == "p-bb"
    assert find_plan(state, "p-b").plan_id == "p-bb"
    assert find_plan(state, "p-aa1").plan_id == "p-aa1"
    for unknown in ("p-a", "p-c", "p_b", "%"):
        with pytest.raises(NotFound):
            find_plan(state, unknown)
    set_plan_state(state, "p-bb", "applied")
    assert [p.state for p in list_plans(state)] == ["applied", "open", "open"]
    with pytest.raises(NotFound):
        set_plan_state(state, "p-c", "applied")


def test_approval_stands_until_used_revoked_or_expired(state):
    """R-6.3: an approval counts once; afterwards it is kept as proof only."""
    until = "2025-03-08T09:00:00Z"
    for id in ("a1", "a2", "a3"):
        add_approval(
            state, ApprovalEntry(id, "effect", "evidence", "ben", "approve", "{}", AT, until)
        )
    add_approval(state, ApprovalEntry("a4", "effect", "evidence", "carl", "reject", "{}", AT))
    assert mark_used(state, "a1", AT)
    assert not mark_used(state, "a1", AT)
    assert revoke(state, "a2", AT)
    assert not mark_used(state, "a2", AT)
    standing = [a.approval_id for a in approvals_of(state, "effect") if a.stands(AT)]
    assert standing == ["a3"]
    assert not any(a.stands(until) for a in approvals_of(state, "effect"))
    assert approvals_of(state, "other") == []


def two(state, **more: object) -> str:
    """A task that wants two people."""
    frame = PAIR.with_columns(pl.lit(2).alias("wants"), **{n: pl.lit(v) for n, v in more.items()})
    store_tasks(state, frame, "doubtful", "customer", "r1")
    return str(tasks(state)["task_id"][0])


def test_two_people_must_concur(state):
    """R-3.3: one verdict leaves the task open; disagreement does, too, until a third decides."""
    id = two(state)
    assert not give(state, Verdict(id, "same", "anna", "一部", AT))
    assert pair_verdicts(state, "customer").is_empty()
    assert not give(state, Verdict(id, "different", "ben", "二部", AT))
    assert [v["superseded_by"] for v in verdicts_on(state, id)] == [None, None]
    assert give(state, Verdict(id, "same", "cleo", "三部", AT))
    assert pair_verdicts(state, "customer")["verdict"].to_list() == ["same"]


def test_a_standing_verdict_outlives_a_stricter_policy(state):
    """What one person decided when one sufficed counts, though the run now wants two."""
    store_tasks(state, PAIR, "doubtful", "customer", "r1")
    (id,) = tasks(state)["task_id"]
    assert give(state, Verdict(id, "same", "anna", "一部", AT))
    store_tasks(state, PAIR.with_columns(wants=pl.lit(2)), "doubtful", "customer", "r2")
    assert task(state, id)["wants"] == 1
    assert pair_verdicts(state, "customer").height == 1


def test_a_verdict_is_taken_back_and_stays_on_record(state):
    """Undo adds a withdrawal; what the verdict had superseded stands again."""
    store_tasks(state, PAIR, "doubtful", "customer", "r1")
    (id,) = tasks(state)["task_id"]
    give(state, Verdict(id, "same", "anna", "一部", AT))
    give(state, Verdict(id, "different", "ben", "二部", AT))
    assert last_task_of(state, "ben") == id
    assert withdraw(state, id, "ben", "二部", AT)
    assert pair_verdicts(state, "customer")["verdict"].to_list() == ["same"]
    assert not withdraw(state, id, "anna", "一部", AT)
    assert task(state, id)["status"] == "open"
    assert [v["kind"] for v in verdicts_on(state, id)] == [
        "same", "different", "withdrawn", "withdrawn"
    ]  # fmt: skip
    with pytest.raises(UsageFault):
        withdraw(state, id, "anna", "一部", AT)


@pytest.mark.parametrize(
    "statement", ["DELETE FROM verdicts", "UPDATE verdicts SET kind = 'different'"]
)
def test_the_database_refuses_to_change_what_was_said(state, statement: str):
    """R-7.1: verdicts are only ever added to, by whatever program."""
    store_tasks(state, PAIR, "doubtful", "customer", "r1")
    give(state, Verdict(tasks(state)["task_id"][0], "same", "anna", "一部", AT))
    with pytest.raises(IntegrityError, match="only ever added"), state.begin() as connection:
        connection.exec_driver_sql(statement)


def test_tasks_come_by_worth_and_skipped_ones_last(state):
    """Ties go by id; what a person put off comes last for them alone, until they answer it."""
    frame = pl.DataFrame(
        {"left_id": ["a", "c", "e"], "right_id": ["b", "d", "f"], "worth": [1.0, 7.0, 7.0]}
    )
    store_tasks(state, frame, "doubtful", "customer", "r1")
    ordered = tasks(state)["task_id"].to_list()
    assert tasks(state)["worth"].to_list() == [7.0, 7.0, 1.0]
    assert ordered[:2] == sorted(ordered[:2])
    skip(state, ordered[0], "anna", AT)
    assert tasks(state, skipped_by="anna")["task_id"].to_list() == [*ordered[1:], ordered[0]]
    assert tasks(state, skipped_by="ben")["task_id"].to_list() == ordered
    give(state, Verdict(ordered[0], "unsure", "anna", "一部", AT))
    assert tasks(state, skipped_by="anna")["task_id"].to_list() == ordered


def test_what_people_raise_stays_open_and_contradictions_open_again(state):
    """A raised question waits for its second person over runs; a contradicted one is asked anew."""
    id = two(state, reason="raised")
    store_tasks(state, PAIR.clear(), "doubtful", "customer", "r2")
    assert task(state, id)["status"] == "open"
    for person in ("anna", "ben"):
        give(state, Verdict(id, "same", person, "一部", AT))
    assert task(state, id)["status"] == "decided"
    store_tasks(state, PAIR.with_columns(reason=pl.lit("verdicts")), "doubtful", "customer", "r3")
    assert task(state, id)["status"] == "open"
    assert answered_by(state, "anna") == {id}


def test_tasks_are_assigned(state):
    """A task is one person's, or anybody's again; it is found by the beginning of its id."""
    store_tasks(state, PAIR, "doubtful", "customer", "r1")
    (id,) = tasks(state)["task_id"]
    assign(state, [id], "anna")
    assert tasks(state, assignee="anna").height == 1
    assert task(state, id[:8])["task_id"] == id
    assign(state, [id], None)
    assert tasks(state, assignee="anna").is_empty()


def test_set_cells_stand_until_they_end(state):
    """R-7.1: a second override replaces the first; an expired or ended one stands no more."""
    first = CellOverride("customer", "g1", "name", "sealed", "d", "anna", AT, "moved",
                         "2025-04-01T00:00:00Z")  # fmt: skip
    one = set_cell(state, first)
    two_ = set_cell(state, replace(first, field="phone", expires_at=None))
    assert standing_overrides(state, "2025-03-31T00:00:00Z").height == 2
    assert standing_overrides(state, "2025-04-01T00:00:00Z")["override_id"].to_list() == [two_]
    again = set_cell(state, replace(first, at="2025-03-02T00:00:00Z"))
    assert overrides(state)["ended_why"].to_list() == ["replaced", None, None]
    end_override(state, again, "withdrawn", AT)
    with pytest.raises(NotFound):
        end_override(state, one, "withdrawn", AT)
