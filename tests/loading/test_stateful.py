"""Arbitrary histories of a CRM: sources change, people work in it, plans are made, killed, applied.

Whatever happens in whatever order: what a plan says is what apply does; applying twice is
applying once; what a person typed since planning stands; a rollback leaves every row that nobody
touched since as it was before; counts add up.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Engine, event

from crm_migrate.errors import PlanRefused
from crm_migrate.loading.applied import Applied
from crm_migrate.loading.apply import apply
from crm_migrate.plan.change import AFTER, UNTOUCHED, Plan
from crm_migrate.plan.digest import cell_columns
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import NOW, Keys, approved
from tests.loading.test_plan_and_apply import (
    MAPPING,
    MODEL,
    SCHEMA,
    customers,
    planned,
    records_of,
)
from tests.loading.test_rollback import taking_back

VARIETIES = (
    "",
    "CREATE TRIGGER seen AFTER UPDATE OF note ON clients"
    " BEGIN UPDATE clients SET created_by = 'trigger' WHERE no = new.no; END;",
    "CREATE TRIGGER tidy AFTER INSERT ON persons WHEN new.mobile LIKE '% %'"
    " BEGIN UPDATE persons SET mobile = trim(mobile) WHERE id = new.id; END;",
    "CREATE UNIQUE INDEX notes ON clients (note COLLATE NOCASE) WHERE note IS NOT NULL;",
)
"""What the CRM may have beside its tables."""
TABLES = ("clients", "persons")


class Killed(BaseException):
    """The process dies here; nothing of ours gets to run any more."""


@contextmanager
def dying_at(statement: int | None) -> Iterator[None]:
    """Dies just before that SQL statement or commit (None: never)."""
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            raise Killed

    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, count)
    try:
        yield
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(Engine, name, count)


class History(RuleBasedStateMachine):
    """One CRM, and what may happen to it."""

    @initialize(
        variety=st.sampled_from(VARIETIES), drawn=st.lists(customers, min_size=1, max_size=5)
    )
    def lay_out(self, variety: str, drawn: list[dict[str, Any]]) -> None:
        """A CRM of one kind, empty, and sources."""
        self.folder = Path(tempfile.mkdtemp())
        self.file = self.folder / "crm.db"
        self.sql(SCHEMA + variety)
        self.target = SqliteTarget(self.file)
        self.drawn = drawn
        self.plan: Plan | None = None
        self.typed: dict[tuple[str, str], str | None] = {}
        """Notes that people typed since the plan was made, by table and key (None: deleted)."""
        self.plans = 0
        self.done: tuple[Plan, dict[str, list[tuple[Any, ...]]]] | None = None
        """The plan applied last and what stood in the CRM before it; None once it is taken back."""
        self.touched: set[tuple[str, str]] = set()
        """Table and key of rows that somebody wrote since then."""

    def teardown(self) -> None:
        """The CRM is thrown away."""
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def sql(self, script: str, *values: object) -> list[tuple[Any, ...]]:
        """What another program does, or sees."""
        connection = sqlite3.connect(self.file)
        try:
            with connection:
                if values or script.startswith("SELECT"):
                    return connection.execute(script, values).fetchall()
                connection.executescript(script)
                return []
        finally:
            connection.close()

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """All business rows."""
        return {t: self.sql(f"SELECT * FROM {t} ORDER BY 1") for t in TABLES}

    @rule(drawn=st.lists(customers, min_size=1, max_size=5))
    def sources_change(self, drawn: list[dict[str, Any]]) -> None:
        """The next plan has other golden records."""
        self.drawn = drawn

    @rule()
    def make_plan(self) -> None:
        """Plan; made twice at once, it says the same, and the CRM is as it was."""
        before = self.contents()
        self.plans += 1
        self.plan = planned(self.target, records_of(self.drawn), f"p{self.plans}")
        again = planned(self.target, records_of(self.drawn), "other")
        assert again.header.effect == self.plan.header.effect
        assert self.contents() == before
        self.typed = {}

    @rule(which=st.integers(0, 9), note=st.sampled_from(["人工", "又改", "好客户"]))
    def someone_edits(self, which: int, note: str) -> None:
        """A person types a note into a customer's row."""
        keys = self.sql("SELECT no FROM clients ORDER BY no")
        if not keys:
            return
        key = keys[which % len(keys)][0]
        try:
            self.sql("UPDATE clients SET note = ? WHERE no = ?", note, key)
        except sqlite3.IntegrityError:  # somebody else has that note, where notes are unique
            return
        self.typed["clients", str(key)] = note
        self.touched.add(("clients", str(key)))

    @rule(which=st.integers(0, 9))
    def someone_deletes(self, which: int) -> None:
        """A person deletes a contact."""
        keys = self.sql("SELECT id FROM persons ORDER BY id")
        if keys:
            key = keys[which % len(keys)][0]
            self.sql("DELETE FROM persons WHERE id = ?", key)
            self.typed["persons", key] = None
            self.touched.add(("persons", key))

    @rule(number=st.integers(0, 5))
    def someone_enters(self, number: int) -> None:
        """A person enters a customer that the sources have, too."""
        code = f"91310000MA1FL{number:04}X"
        if not self.sql("SELECT 1 FROM clients WHERE credit_code = ?", code):
            self.sql("INSERT INTO clients (title, credit_code) VALUES (?, ?)", "手工录入", code)
            ((key,),) = self.sql("SELECT max(no) FROM clients")
            self.touched.add(("clients", str(key)))

    @precondition(lambda self: self.plan is not None)
    @rule(kills=st.lists(st.integers(1, 120), max_size=3))
    def apply_it(self, kills: list[int]) -> None:
        """Apply, killed now and then, to the end; then once more."""
        plan = self.plan
        assert plan is not None
        self.done, self.touched = (plan, self.contents()), set()
        self.carry_out(plan, kills)
        self.plan = None

    @precondition(lambda self: self.done is not None)
    @rule(kills=st.lists(st.integers(1, 120), max_size=2))
    def take_it_back(self, kills: list[int]) -> None:
        """Take the last plan back, killed now and then: what nobody touched since is as before."""
        plan, before = self.done
        self.plans += 1
        back = taking_back(plan, self.target, f"r{self.plans}", mapping=MAPPING, model=MODEL)
        kept = {
            str(key)
            for frame in back.operations.values()
            for key in frame.filter(pl.col("action") == "skip")["target_key"].drop_nulls()
        }
        self.carry_out(back, kills)
        self.done, self.plan = None, None
        if self.touched or kept:  # a group is kept as a whole; what it is, is tested elsewhere
            return
        assert self.contents() == before

    def carry_out(self, plan: Plan, kills: list[int]) -> None:
        """Apply, killed now and then, to the end; then once more, which is refused."""
        for statement in kills:
            try:
                with dying_at(statement):
                    self.run(plan)
                break
            except Killed:
                continue
            except PlanRefused:  # it had come to its end before it died
                break
        try:
            self.check(plan, self.run(plan))
        except PlanRefused:
            assert kills
        before = self.contents()
        with pytest.raises(PlanRefused):
            self.run(plan)
        assert self.contents() == before

    def run(self, plan: Plan) -> Applied:
        """One attempt."""
        return apply(
            plan, self.target, MAPPING, Keys(), model=MODEL, approved=approved(plan),
            clock=lambda: NOW, journal=lambda _event, _objects: None, batch_groups=2, limit=1.0,
        )  # fmt: skip

    def check(self, plan: Plan, applied: Applied) -> None:
        """What the plan said is what stands, row by row; the rest was left, and is listed."""
        assert applied.adds_up
        assert set(applied.verified.differing["kind"]) <= {"target_changed"}
        changed = set(applied.verified.differing.select("golden_id", "column").rows())
        left = set(applied.left.select("entity", "golden_id").rows())
        base = self.sql("SELECT entity, golden_id, target_key FROM crm_migrate_base")
        keys = {(entity, golden): key for entity, golden, key in base}
        for entity, frame in plan.operations.items():
            mapping = MAPPING.entities[entity]
            stored = self.target.read_table(mapping.table, [mapping.key, *cell_columns(frame)])
            rows = {row[mapping.key]: row for row in stored.iter_rows(named=True)}
            if plan.header.kind == "rollback" and entity == "customer":
                gone = frame.filter(pl.col("action") == "delete")["golden_id"]
                assert all((entity, g) in left or (entity, g) not in keys for g in gone)
            for operation in frame.filter(pl.col("action").is_in(["insert", "update"])).iter_rows(
                named=True
            ):
                golden = operation["golden_id"]
                if (entity, golden) in left:
                    continue
                for column in cell_columns(frame):
                    after = operation[AFTER + column]
                    if after == UNTOUCHED or (golden, column) in changed:
                        continue
                    if after is not None and after.startswith("@"):
                        after = keys.get(("customer", after[1:]), after)
                    key = operation["target_key"] or keys[entity, golden]
                    assert rows[key][column] == after

    @invariant()
    def people_keep_what_they_typed(self) -> None:
        """An edit made since planning is never written over, a deleted row never comes back."""
        for (table, key), note in getattr(self, "typed", {}).items():
            if table == "clients":
                assert self.sql("SELECT note FROM clients WHERE no = ?", key) == [(note,)]
            else:
                assert self.sql("SELECT 1 FROM persons WHERE id = ?", key) == []


TestHistory = pytest.mark.filterwarnings("ignore::ResourceWarning")(History.TestCase)
TestHistory.settings = settings(
    max_examples=25,
    stateful_step_count=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
