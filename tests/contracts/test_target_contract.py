"""One suite for every target system, on the real thing: what planning and applying rely on.

A system joins by an entry in `MAKERS`: a function that lays `live.SCHEMA` out in an empty
database and returns the target, and a way to run statements as another program would.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_migrate.errors import TargetFault
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import OWN_PREFIX, ConstraintViolated
from tests.contracts.live import Live, sqlite_file
from tests.contracts.mariadb_live import mariadb_database
from tests.contracts.postgres_live import postgres_database

MAKERS = {"mariadb": mariadb_database, "postgres": postgres_database, "sqlite": sqlite_file}


@pytest.fixture(params=sorted(MAKERS))
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Live:
    """Every system in turn, with the schema and nothing in it."""
    return MAKERS[request.param](tmp_path)


def people(**columns: Sequence[str | None]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def test_describes_what_planning_needs(live: Live) -> None:
    """Columns, lengths, vocabulary, defaults, keys and foreign keys are read from the system."""
    table = live.target.describe().table("people")
    assert table.primary_key == ("id",)
    assert [k.columns for k in table.unique_keys] == [("name", "born")]
    assert all(k.checkable for k in table.unique_keys)
    assert table.foreign_keys[0].table == "departments"
    name, kind, amount = (table.column(c) for c in ("name", "kind", "amount"))
    assert (name.nullable, name.length, name.kind) == (False, 30, "text")
    assert kind.vocabulary == ("甲", "乙")
    assert amount.kind == "decimal"
    assert table.column("active").default is not None
    with pytest.raises(TargetFault):
        table.column("fax")
    with pytest.raises(TargetFault):
        live.target.describe().table("nowhere")


def test_fingerprint_follows_the_schema_only(live: Live) -> None:
    """Rows and our own tables do not change the fingerprint; a new column or trigger does."""
    before = live.target.describe().fingerprint
    live.run("INSERT INTO departments VALUES ('销售一部')")
    live.run(f"CREATE TABLE {OWN_PREFIX}base (x INTEGER)")
    assert live.target.describe().fingerprint == before
    live.run("ALTER TABLE people ADD COLUMN fax VARCHAR(20)")
    assert live.target.describe().fingerprint != before


def test_cells_come_back_as_text(live: Live) -> None:
    """What was written is read as stored text; NULL is null, and nothing else is."""
    with live.target.transaction() as t:
        t.insert(
            "people",
            people(
                id=["1", "2"], name=["林测试", ""], amount=["1200000.50", None],
                born=["1990-02-28", None],
            ),
        )  # fmt: skip
    table = live.target.describe().table("people")
    (amount,) = live.target.stored_form(table.column("amount"), pl.Series(["1200000.50"]))
    rows = live.target.read_table("people", ["id", "name", "amount", "born", "active"]).sort("id")
    assert rows.rows() == [
        ("1", "林测试", amount, "1990-02-28", "1"),
        ("2", "", None, None, "1"),
    ]
    assert set(rows.dtypes) == {pl.String()}


def test_rows_by_key(live: Live) -> None:
    """Rows are found by key; a key that does not exist, repeats or is null gives no row more."""
    with live.target.transaction() as t:
        t.insert("people", people(id=["1", "2", "30"], name=["a", "b", "c"]))
    with live.target.reading() as reader:
        found = reader.rows("people", "id", pl.Series(["30", "9", "1", "1", None]), ["name"])
    assert sorted(found.rows()) == [("1", "a"), ("30", "c")]


def test_taken_asks_the_system(live: Live) -> None:
    """Which tuples stand already; a tuple with a null matches nothing."""
    with live.target.transaction() as t:
        t.insert("people", people(id=["1", "2"], name=["a", "b"], born=["2000-01-01", None]))
        wanted = people(
            _n=["x", "y", "z"], name=["a", "b", "a"], born=["2000-01-01", None, "2000-01-02"]
        )
        assert t.taken("people", "id", wanted).rows() == [("x", "1")]


@pytest.mark.parametrize(
    ("rows", "violation"),
    [
        (people(id=["1"], name=["b"]), "unique"),
        (people(id=["2"], name=[None]), "not_null"),
        (people(id=["2"], name=["b"], kind=["丙"]), "check"),
        (people(id=["2"], name=["b"], department=["无"]), "foreign_key"),
        (people(id=["2"], name=["a"], born=["2000-01-01"]), "unique"),
    ],
)
def test_refused_rows_are_named_by_rule(live: Live, rows: pl.DataFrame, violation: str) -> None:
    """A refused row says which rule, never which value, and leaves nothing of its transaction."""
    with live.target.transaction() as t:
        t.insert("people", people(id=["1"], name=["a"], born=["2000-01-01"]))

    def write() -> None:
        with live.target.transaction() as t:
            t.insert("people", people(id=["8"], name=["h"]))
            t.insert("people", rows)

    with pytest.raises(ConstraintViolated) as refused:
        write()
    assert refused.value.violation == violation
    assert refused.value.__cause__ is None
    assert live.target.read_table("people", ["id"]).rows() == [("1",)]


def test_update_counts_the_rows_it_found(live: Live) -> None:
    """An update writes the named columns of the named rows, and says how many there were."""
    with live.target.transaction() as t:
        t.insert("people", people(id=["1", "2"], name=["a", "b"], kind=["甲", "甲"]))
        assert t.update("people", "id", people(_key=["1", "9"], kind=["乙", None])) == 1
    rows = live.target.read_table("people", ["id", "name", "kind"]).sort("id")
    assert rows.rows() == [("1", "a", "乙"), ("2", "b", "甲")]


def test_next_keys_are_free(live: Live) -> None:
    """Numbers for new rows are distinct, and no row has them, whoever set the keys before."""
    with live.target.transaction() as t:
        t.insert("people", people(id=t.next_keys("people", "id", 2), name=["a", "b"]))
        later = t.next_keys("people", "id", 3)
        assert later.n_unique() == 3
        assert t.rows("people", "id", later, []).is_empty()
        t.insert("people", people(id=later, name=["c", "d", "e"]))


def test_deletes_the_rows_it_found(live: Live) -> None:
    """A delete takes the named rows; a row that others refer to stays, and the fault says so."""
    with live.target.transaction() as t:
        t.insert("departments", people(name=["一部", "二部"]))
        t.insert("people", people(id=["1", "2"], name=["a", "b"], department=["一部", None]))
        assert t.delete("people", "id", pl.Series(["2", "9"])) == 1
    with pytest.raises(ConstraintViolated) as refused, live.target.transaction() as t:
        t.delete("departments", "name", pl.Series(["一部"]))
    assert refused.value.violation == "foreign_key"
    assert live.target.read_table("people", ["id"]).rows() == [("1",)]


def test_an_error_undoes_the_transaction(live: Live) -> None:
    """Whatever goes wrong inside, nothing of the transaction stays."""

    def write() -> None:
        with live.target.transaction() as t:
            t.insert("people", people(id=["1"], name=["a"]))
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert live.target.read_table("people", ["id"]).is_empty()


def test_reading_can_not_write(live: Live) -> None:
    """A view for planning is refused every write by the system itself (ask 2)."""
    with live.target.reading() as reader, pytest.raises(Exception, match=r"(?i)read[- ]?only"):
        reader.connection.exec_driver_sql("INSERT INTO departments VALUES ('x')")
    assert live.target.read_table("departments", ["name"]).is_empty()


def test_planning_leaves_no_trace(live: Live) -> None:
    """Describing and reading creates no table, journal or lock file (ask 2)."""
    before = live.files()
    live.target.describe()
    live.target.read_table("people", ["id"])
    assert live.files() == before
    assert not [t for t in live.target.describe().tables if t.startswith(OWN_PREFIX)]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # every example leaves no row
)
@given(
    values=st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=12).filter(lambda t: "\x00" not in t),
            st.decimals(-(10**9), 10**9, places=2, allow_nan=False).map(str),
            st.integers(-(10**15), 10**15).map(str),
            st.sampled_from(["true", "false", "2024-02-29", "007", "1e5", "0.1", " 1 ", "-0"]),
        ),
        min_size=1,
        max_size=6,
    )
)
@pytest.mark.parametrize("column", ["name", "amount", "born", "active"])
def test_stored_form_is_what_is_read_back(
    live: Live, column: str, values: list[str | None]
) -> None:
    """The text that planning foresees is the text that comes back: no preview lies (ask 1)."""
    info = live.target.describe().table("people").column(column)
    foreseen = live.target.stored_form(info, pl.Series("v", values, dtype=pl.String))
    rows = foreseen.fill_null("x") if not info.nullable else foreseen
    frame = pl.DataFrame({"id": [str(n) for n in range(len(values))], "name": ["n"] * len(values)})
    with live.target.transaction() as t:
        for n in range(len(values)):  # one at a time: no unique key meets another row
            t.insert("people", frame[n : n + 1].with_columns(rows[n : n + 1].alias(column)))
            assert t.read_table("people", [column])[column].to_list() == [rows[n]]
            t.connection.exec_driver_sql("DELETE FROM people")


def test_unknown_systems_are_named() -> None:
    """An unsupported kind of system, or no URL at all, says what is supported."""
    for url in ("oracle://host/db", "not a url"):
        with pytest.raises(TargetFault) as fault:
            open_target(url)
        assert fault.value.remedy is not None
        assert "sqlite:///" in fault.value.remedy.en
