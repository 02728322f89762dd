"""What only PostgreSQL has: its types and collations, sequences, locks, rights and refusals."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl
import psycopg
import pytest
from sqlalchemy import make_url

from crm_migrate.errors import TargetFault
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.postgres.target import PostgresTarget
from crm_migrate.systems.target import ConstraintViolated, TransientFault
from crm_migrate.systems.target_schema import KeyPart, UniqueKey
from tests.servers.postgres import PostgresServer, postgres_database, postgres_server

__all__ = ["postgres_database", "postgres_server"]


@dataclass(frozen=True)
class Crm:
    """A database, and what other programs do in it."""

    server: PostgresServer
    name: str

    def run(self, *statements: str, user: str = "postgres") -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            rows = self.server.run(self.name, statement, user)
        return rows

    def target(self, user: str = "postgres", query: str = "", wait: float = 0.3) -> PostgresTarget:
        return PostgresTarget(make_url(self.server.url(self.name, user) + query), wait=wait)


@pytest.fixture
def crm(postgres_server: PostgresServer, postgres_database: str) -> Crm:
    """An empty database."""
    return Crm(postgres_server, postgres_database)


def cells(**columns: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def test_columns_say_what_they_hold(crm: Crm) -> None:
    """Enumerations, domains, checks, digits, ranges, identities and generated columns (ask 8)."""
    crm.run(
        "CREATE TYPE grade AS ENUM ('甲', '乙')",
        "CREATE DOMAIN code AS varchar(8) NOT NULL CHECK (VALUE IN ('A', 'it''s'))",
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, g grade, c code,"
        " k text CHECK (k IS NULL OR k = 'x' OR k = 'y'), n numeric(8, 3),"
        " s smallint CHECK (s > 0),"
        " p char(4), \"占比\" text CHECK (\"占比\" IN ('高', '低')),"
        " up text GENERATED ALWAYS AS (upper(k)) STORED, at timestamptz DEFAULT now(), b bytea)",
        "CREATE VIEW v AS SELECT * FROM t",
    )
    schema = crm.target().describe()
    assert list(schema.tables) == ["t"]
    table = schema.table("t")
    column = table.column
    assert (column("g").vocabulary, column("g").type) == (("甲", "乙"), "public.grade")
    assert (column("c").vocabulary, column("c").length) == (("A", "it's"), 8)
    assert not column("c").nullable
    assert column("k").vocabulary == ("x", "y")
    assert column("占比").vocabulary == ("高", "低")
    assert (column("n").precision, column("n").scale) == (8, 3)
    assert (column("s").low, column("s").high, column("s").vocabulary) == (-32768, 32767, ())
    assert (column("p").length, column("p").kind) == (4, "text")
    assert column("up").generated
    assert column("id").default == "identity"
    assert (column("at").kind, column("b").kind) == ("time", "binary")
    assert table.unfit == ()


def test_keys_with_all_their_conditions(crm: Crm) -> None:
    """Partial, expression, case- and null-insensitive unique keys are told apart (ask 8)."""
    crm.run(
        "CREATE EXTENSION citext",
        "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
        "CREATE TABLE t (id int PRIMARY KEY, a text, b citext, c text COLLATE ci, d text, e text,"
        " gone date, UNIQUE NULLS NOT DISTINCT (d), EXCLUDE (e WITH =))",
        "CREATE UNIQUE INDEX i1 ON t (lower(a))",
        "CREATE UNIQUE INDEX i2 ON t (a) WHERE gone IS NULL",
        "CREATE UNIQUE INDEX i3 ON t (b) INCLUDE (d)",
        "CREATE UNIQUE INDEX i4 ON t (c)",
        "CREATE INDEX i5 ON t (gone, a)",
    )
    table = crm.target().describe().table("t")
    keys = table.unique_keys
    lowered = (KeyPart("lower(a)", "lower(a)"),)
    assert UniqueKey(("a",), case_insensitive=True, expression=True, parts=lowered) in keys
    assert UniqueKey(("a",), where="(gone IS NULL)") in keys
    assert UniqueKey(("b",), case_insensitive=True) in keys
    assert UniqueKey(("c",), case_insensitive=True, accent_insensitive=True) in keys
    assert UniqueKey(("d",), nulls_equal=True) in keys
    assert UniqueKey(("e",), expression=True) in keys
    assert len(keys) == 6
    assert ("gone", "a") in table.indexes


def test_only_immutable_expressions_are_asked_for(crm: Crm) -> None:
    """What calls a function that may change, act or is not allowed to the user stays unchecked;
    a value over which an expression fails is left out alone (ask 2).
    """
    crm.run(
        "CREATE FUNCTION acts(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
        "CREATE FUNCTION folded(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)'",
        "CREATE FUNCTION secret(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'",
        "REVOKE EXECUTE ON FUNCTION secret(text) FROM PUBLIC",
        "CREATE TABLE t (id int PRIMARY KEY, a text, b text, n numeric, d date,"
        " low text GENERATED ALWAYS AS (lower(a)) STORED, CONSTRAINT k1 CHECK (acts(a) <> 'x'),"
        " CONSTRAINT k2 CHECK (d <= current_date), CONSTRAINT k3 CHECK (100 / n > 1))",
        "CREATE UNIQUE INDEX i1 ON t (folded(b))",
        "CREATE UNIQUE INDEX i2 ON t (secret(b))",
        "CREATE UNIQUE INDEX i3 ON t (low)",
        "CREATE USER reader",
        "GRANT SELECT ON t TO reader",
    )
    target = crm.target("reader")
    table = target.describe().table("t")
    assert [c.columns for c in table.checks] == [(), (), ("n",)]
    assert [k.askable for k in table.unique_keys] == [True, False, True]
    assert table.unique_keys[2].parts == (KeyPart('"low"', "lower(a)"),)
    with target.reading() as reader:
        numbers = cells(_n=["a", "b", "c", "d"], n=["0", "50", "200", None])
        verdict = f"CASE WHEN NOT ({table.checks[2].expression}) THEN 1 END"
        found = dict(reader.computed("t", [verdict], numbers).rows())
    assert found == {"b": None, "c": "1", "d": None}


def test_the_server_says_what_is_equal(crm: Crm) -> None:
    """Citext and ICU collations decide what is taken and what equal forms are (ask 8)."""
    crm.run(
        "CREATE EXTENSION citext",
        "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
        "CREATE TABLE t (id int PRIMARY KEY, b citext, c text COLLATE ci, p char(5), n numeric,"
        " d date, gone bool DEFAULT false)",
        "INSERT INTO t VALUES (1, 'Ab', 'Éa', 'x', 1.50, '2024-01-02')",
    )
    target = crm.target()
    with target.reading() as reader:

        def taken(column: str, *wanted: str, where: str | None = None) -> list[str]:
            names = [str(n) for n in range(len(wanted))]
            asked = cells(_n=list(names), **{column: list(wanted)})
            return sorted(reader.taken("t", "id", asked, where=where)["_n"].to_list())

        assert taken("b", "aB", "ac") == ["0"]
        assert taken("c", "ea", "EA", "eb") == ["0", "1"]
        assert taken("p", "x", "x  ", "y") == ["0", "1"]
        assert taken("n", "1.5", "1.500", "1.51", "none") == ["0", "1"]
        assert taken("d", "2024-01-02", "2024-1-2", "02.30.2024") == ["0", "1"]
        assert taken("b", "ab", where="gone") == []
        assert reader.rows("t", "d", pl.Series(["no date", "2024-01-02"]), ["id"]).rows() == [
            ("2024-01-02", "1")
        ]
    table = target.describe().table("t")

    def forms(column: str, *values: str | None) -> list[str | None]:
        return target.equality_form(table.column(column), pl.Series(values)).to_list()

    assert forms("b", "AB", "ab", None) == ["ab", "ab", None]
    one, two, other = forms("c", "Éa", "ea", "eb")
    assert one == two != other
    assert forms("p", "x ", "x") == ["x", "x"]
    assert forms("n", "1.50", "1.5", "2", "10") == ["1.5", "1.5", "2", "10"]


TYPES = {
    "bool": ["true", "false"],
    "bytea": ["x'00FF'", "x''"],
    "timestamptz": ["2024-02-29 08:30:00+00", "2024-01-01 00:00:00.5+00"],
    "timestamp": ["2024-02-29 00:00:00"],
    "date": ["2024-02-29"],
    "time": ["08:30:00"],
    "float8": ["0.1", "1e+300"],
    "numeric": ["1.50", "123456789012345678901234567890.123"],
    "bigint": ["-9223372036854775808"],
    "jsonb": ['{"a": "甲"}'],
    "json": ['{"b":1,  "a":2}'],
    "text[]": ['{甲,"a b",NULL}'],
    "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    "inet": ["192.168.1.0/24"],
    "char(4)": ["ab"],
    "varchar(9)": ["", " ", "\\N", "\\.", "a\tb\nc\r", '"', "'", "NULL", "𠮷"],
    "interval": ["1 day 02:00:00"],
}


def test_stored_text_written_back_is_the_same_cell(crm: Crm) -> None:
    """Every type has one spelling, in reads, previews and writes; NULL is nothing else (ask 1)."""
    names = {f"c{n}": kind for n, kind in enumerate(TYPES)}
    listed = ", ".join(f"{n} {kind}" for n, kind in names.items())
    crm.run(
        f"CREATE TABLE t (id int PRIMARY KEY, {listed})",
        "ALTER ROLE postgres SET DateStyle TO 'German'",
    )
    target = crm.target()
    height = max(map(len, TYPES.values()))
    padded = {n: TYPES[kind] + [None] * (height - len(TYPES[kind])) for n, kind in names.items()}
    frame = cells(id=[str(n) for n in range(height)], **padded)
    other = frame.with_columns(("1" + pl.col("id")).alias("id"))
    with target.transaction() as t:
        t.insert("t", frame)
        t.insert("t", other.select("id"))
        changed = other.rename({"id": "_key"})
        assert t.update("t", "id", changed) == height
    crm.run("ALTER ROLE postgres RESET DateStyle")
    stored = target.read_table("t", frame.columns).sort(pl.col("id").cast(pl.Int64))
    assert stored[:height].equals(frame)
    assert stored[height:].drop("id").equals(frame.drop("id"))
    table = target.describe().table("t")
    for name in names:
        assert target.stored_form(table.column(name), frame[name]).equals(frame[name]), names[name]


def test_previews_refuse_what_the_server_refuses(crm: Crm) -> None:
    """One bad value among many stops no other, and words like `today` are no dates (ask 1)."""
    crm.run(
        "CREATE TYPE grade AS ENUM ('甲', '乙')",
        "CREATE DOMAIN short AS varchar(3) CHECK (VALUE <> 'bad')",
        "CREATE TABLE t (id int PRIMARY KEY, d date, n numeric(5, 2), v varchar(3), g grade,"
        " s short, j jsonb, u uuid)",
    )
    target = crm.target()
    table = target.describe().table("t")

    def stored(column: str, *values: str | None) -> list[str | None]:
        return target.stored_form(table.column(column), pl.Series(values)).to_list()

    assert stored("d", "2024-2-9", "2024-02-30", "today", "infinity", None, "") == [
        "2024-02-09", None, None, None, None, None
    ]  # fmt: skip
    assert stored("n", "1.005", "1000", "NaN", "1e2") == ["1.01", None, None, "100.00"]
    assert stored("v", "甲乙丙", "abcd", "abc  ", "a\x00") == ["甲乙丙", None, "abc", None]
    assert stored("g", "甲", "丙") == ["甲", None]
    assert stored("s", "abc", "abcd", "bad") == ["abc", None, None]
    assert stored("j", '{"a":1}', "{") == ['{"a": 1}', None]
    assert stored("id", "true", "007", "2147483648") == ["1", "7", None]
    many = [f"{n:04}-01-01" if n % 7 else "?" for n in range(1, 3000)]
    assert stored("d", *many) == [v if v != "?" else None for v in many]


def test_any_name_is_quoted(crm: Crm) -> None:
    """Tables and columns may be called anything: quotes, percent signs, blanks, key words."""
    crm.run('CREATE TABLE "Or""der %s" (id int PRIMARY KEY, "占比 %" text, "select" text)')
    target = crm.target()
    with target.transaction() as t:
        t.insert('Or"der %s', cells(id=["1"], **{"占比 %": ["x"], "select": [None]}))
        assert t.update('Or"der %s', "id", cells(_key=["1"], **{"占比 %": ["50%"]})) == 1
        wanted = cells(_n=["a"], **{"占比 %": ["50%"]})
        assert t.taken('Or"der %s', "id", wanted).rows() == [("a", "1")]
    assert target.read_table('Or"der %s', ["占比 %", "select"]).rows() == [("50%", None)]


def test_the_fingerprint_sees_triggers_functions_and_indexes(crm: Crm) -> None:
    """Schema drift is noticed wherever it could change what is written, and only there (ask 8)."""
    crm.run(
        "CREATE TABLE t (id serial PRIMARY KEY, a text)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER on_t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
    )
    target = crm.target()
    assert target.describe().table("t").triggers == ("on_t",)
    seen = {target.describe().fingerprint}
    crm.run("INSERT INTO t (a) VALUES ('x')", "ANALYZE t", "CREATE TABLE crm_migrate_base (x int)")
    assert {target.describe().fingerprint} == seen
    crm.run("ALTER ROLE postgres SET search_path TO public, pg_catalog")
    assert {target.describe().fingerprint} == seen
    crm.run("ALTER ROLE postgres RESET search_path")
    for change in (
        "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RETURN NULL; END'",
        "ALTER TABLE t DISABLE TRIGGER on_t",
        "CREATE INDEX by_a ON t (a)",
        "ALTER TABLE t ADD CHECK (a <> '')",
        "ALTER TABLE t ALTER a SET DEFAULT 'y'",
    ):
        crm.run(change)
        fresh = target.describe().fingerprint
        assert fresh not in seen, change
        seen.add(fresh)
    assert target.describe().table("t").triggers == ()


def test_tables_that_can_not_be_written_safely_are_named(crm: Crm) -> None:
    """Partitions, row security, no primary key, unlogged, rules: unfit, and why (ask 8)."""
    crm.run(
        "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (9)",
        "CREATE TABLE secured (id int PRIMARY KEY)",
        "ALTER TABLE secured ENABLE ROW LEVEL SECURITY",
        "CREATE TABLE keyless (a text)",
        "CREATE UNLOGGED TABLE gone (id int PRIMARY KEY)",
        "CREATE TABLE ruled (id int PRIMARY KEY)",
        "CREATE RULE r AS ON INSERT TO ruled DO INSTEAD NOTHING",
        "CREATE TABLE heir (x int) INHERITS (ruled)",
        "CREATE ROLE clerk LOGIN",
    )
    try:
        tables = crm.target("clerk").describe().tables
        assert "parts_1" not in tables
        found = {n: " ".join(t.en for t in table.unfit) for n, table in tables.items()}
        for name, word in (
            ("parts", "partitioned"),
            ("secured", "row-level"),
            ("keyless", "primary key"),
            ("gone", "unlogged"),
            ("ruled", "rules"),
            ("ruled", "inherit"),
        ):
            assert word in found[name], name
        assert crm.target().describe().table("secured").unfit == ()
    finally:
        crm.run("DROP ROLE clerk")


def test_keys_come_from_the_sequence_and_pass_over_taken_ones(crm: Crm) -> None:
    """Serial and identity columns give numbers that nobody else gets, even when they lag behind."""
    crm.run(
        "CREATE TABLE s (id serial PRIMARY KEY, a text)",
        "CREATE TABLE i (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text)",
        "CREATE SEQUENCE own START 5",
        "CREATE TABLE d (id int PRIMARY KEY DEFAULT nextval('own'), a text)",
        "INSERT INTO s (id) SELECT generate_series(1, 3000)",
        "INSERT INTO s (id) VALUES (3005)",
    )
    target = crm.target()
    with target.transaction() as t:
        assert t.next_keys("s", "id", 6).to_list() == [
            "3006",
            "3007",
            "3008",
            "3009",
            "3010",
            "3011",
        ]
        numbers = t.next_keys("i", "id", 2)
        assert numbers.to_list() == ["1", "2"]
        t.insert("i", pl.DataFrame({"id": numbers, "a": ["x", "y"]}))
        assert t.next_keys("d", "id", 1).to_list() == ["5"]
        assert crm.run("INSERT INTO s (a) VALUES ('other') RETURNING id") == [(3012,)]


def test_a_key_taken_by_another_program_is_a_race(crm: Crm) -> None:
    """Without a sequence, a number that another program took meanwhile is asked for anew."""
    crm.run("CREATE TABLE t (id int PRIMARY KEY, a text)")

    def write() -> None:
        with crm.target().transaction() as t:
            numbers = t.next_keys("t", "id", 1)
            crm.run("INSERT INTO t VALUES (1, 'other')")
            t.insert("t", pl.DataFrame({"id": numbers, "a": ["ours"]}))

    with pytest.raises(TransientFault) as fault:
        write()
    assert fault.value.passing == "key_race"
    assert crm.run("SELECT a FROM t") == [("other",)]


def test_rows_are_locked_until_the_end(crm: Crm) -> None:
    """Rows that were checked stay as they are; who waits too long gets a passing fault (ask 3)."""
    crm.run(
        "CREATE TABLE t (id int PRIMARY KEY, a text)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')"
    )

    def second() -> None:
        with crm.target().transaction() as other:
            assert other.rows("t", "id", pl.Series(["2"]), ["a"]).height == 1
            other.update("t", "id", cells(_key=["1"], a=["z"]))

    with crm.target().transaction() as t:
        t.rows("t", "id", pl.Series(["1"]), ["a"])
        with pytest.raises(TransientFault) as fault:
            second()
    assert fault.value.passing == "lock_timeout"


def test_a_deadlock_passes(crm: Crm) -> None:
    """Two programs that wait for each other: one is told that it may try again (ask 3)."""
    crm.run(
        "CREATE TABLE t (id int PRIMARY KEY, a text)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')"
    )
    crm.run("ALTER DATABASE " + crm.name + " SET deadlock_timeout = '100ms'")
    target, both = crm.target(wait=20), threading.Barrier(2, timeout=30)
    found: list[str] = []

    def cross(first: str, then: str) -> None:
        try:
            with target.transaction() as t:
                t.rows("t", "id", pl.Series([first]), [])
                both.wait()
                t.rows("t", "id", pl.Series([then]), [])
        except TransientFault as fault:
            found.append(fault.passing)

    threads = [threading.Thread(target=cross, args=pair) for pair in (("1", "2"), ("2", "1"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == ["deadlock"]


@pytest.mark.parametrize(
    ("rows", "violation"),
    [
        (cells(id=["1"], up=["9"]), "foreign_key"),  # deferred: refused at COMMIT
        (cells(id=["1"], short=["geheim-1"]), "value"),
        (cells(id=["1"], amount=["x"]), "value"),
        (cells(id=["99999999999"]), "value"),
        (cells(id=["1"], short=["no"]), "trigger"),
        (cells(id=["1"], short=["a\x00"]), "value"),
    ],
)
def test_refusals_name_the_rule_and_no_value(crm: Crm, rows: pl.DataFrame, violation: str) -> None:
    """Whatever the server says of a row, only the kind of rule and the names are passed on."""
    crm.run(
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t DEFERRABLE INITIALLY DEFERRED,"
        " short varchar(3), amount numeric(5, 2))",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN IF NEW.short = ''no'' THEN RAISE EXCEPTION ''geheim''; END IF; RETURN NEW; END'",
        "CREATE TRIGGER on_t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
    )
    with pytest.raises(ConstraintViolated) as refused, crm.target().transaction() as t:
        t.insert("t", rows)
    fault = refused.value
    assert fault.violation == violation
    assert "geheim" not in f"{fault} {fault.where} {fault.remedy} {fault.__cause__}"
    assert crm.run("SELECT count(*) FROM t") == [(0,)]


def test_triggers_can_be_silenced_but_references_are_kept(crm: Crm) -> None:
    """Without triggers the CRM's own do not run; foreign keys and unique keys hold all the same."""
    crm.run(
        "CREATE TABLE d (name text PRIMARY KEY)",
        "CREATE TABLE t (id int PRIMARY KEY, d text REFERENCES d ON DELETE CASCADE, n int UNIQUE)",
        "CREATE TABLE w (id int PRIMARY KEY, n int UNIQUE DEFERRABLE)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.n := 7; RETURN NEW; END'",
        "CREATE TRIGGER on_t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "INSERT INTO d VALUES ('a'), ('b')",
    )
    target = crm.target()
    assert target.can_silence()
    with target.transaction(triggers=False) as t:
        t.insert("t", cells(id=["1", "2"], d=["a", None], n=["1", "2"]))
        assert t.delete("d", "name", pl.Series(["b"])) == 1
    assert crm.run("SELECT n FROM t ORDER BY id") == [(1,), (2,)]

    def refused(write: Callable[[PostgresTarget], None]) -> str:
        with pytest.raises(ConstraintViolated) as fault:
            write(target)
        return fault.value.violation

    def orphan(target: PostgresTarget) -> None:
        with target.transaction(triggers=False) as t:
            t.insert("t", cells(id=["3"], d=["nowhere"]))

    def lost(target: PostgresTarget) -> None:
        with target.transaction(triggers=False) as t:
            t.update("t", "id", cells(_key=["2"], d=["nowhere"]))

    def cascade(target: PostgresTarget) -> None:
        with target.transaction(triggers=False) as t:
            t.delete("d", "name", pl.Series(["a"]))

    assert [refused(w) for w in (orphan, lost, cascade)] == ["foreign_key"] * 3
    with pytest.raises(TargetFault, match="deferrable"), target.transaction(triggers=False) as t:
        t.insert("w", cells(id=["1"], n=["1"]))
    assert crm.run("SELECT count(*) FROM t") == [(2,)]


@pytest.fixture
def roles(crm: Crm) -> Iterator[Crm]:
    """A table, and two users without any right on it."""
    crm.run(
        "CREATE TABLE t (id serial PRIMARY KEY, a text)",
        "INSERT INTO t (a) VALUES ('x')",
        "CREATE ROLE planner LOGIN",
        "CREATE ROLE writer LOGIN",
    )
    yield crm
    crm.run("DROP OWNED BY planner, writer", "DROP ROLE planner", "DROP ROLE writer")


def test_read_rights_suffice_for_planning_and_the_grants_for_applying(roles: Crm) -> None:
    """What is lacking is named, the printed GRANTs give exactly that, and it is enough (ask 2)."""
    planner, writer = roles.target("planner"), roles.target("writer")
    with pytest.raises(TargetFault) as fault:
        planner.read_table("t", ["a"])
    assert fault.value.remedy is not None
    assert 'GRANT SELECT ON "public"."t" TO "planner"' in fault.value.remedy.en
    assert planner.lacking(["t"], "plan") == ("SELECT on t",)
    roles.run(*planner.grants(["t"], "plan"))
    assert planner.lacking(["t"], "plan") == ()
    assert planner.read_table("t", ["a"]).rows() == [("x",)]
    assert "INSERT on t" in planner.lacking(["t"], "apply")
    assert "USAGE on public.t_id_seq" in writer.lacking(["t"], "apply")
    assert "CREATE on schema public" in writer.lacking(["t"], "apply")
    roles.run(*writer.grants(["t"], "apply"))
    assert writer.lacking(["t"], "apply") == ()
    with writer.transaction() as t:
        t.connection.exec_driver_sql("CREATE TABLE crm_migrate_base (x int)")
        t.insert("t", pl.DataFrame({"id": t.next_keys("t", "id", 1), "a": ["y"]}))
        assert t.rows("t", "a", pl.Series(["y"]), ["id"]).rows() == [("y", "2")]
    assert not writer.can_silence()
    assert "SELECT on crm_migrate_base" in planner.lacking(["t"], "plan")


def test_a_schema_of_its_own(crm: Crm) -> None:
    """`?schema=` chooses the schema; tables of the same name elsewhere are not touched."""
    crm.run(
        "CREATE TABLE public.t (id int PRIMARY KEY)",
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.t (id int PRIMARY KEY, a text, other int REFERENCES public.t)",
        "CREATE TABLE public.crm_migrate_base (x int)",
    )
    target = open_target(crm.server.url(crm.name) + "?schema=sales")
    table = target.describe().table("t")
    assert [c.name for c in table.columns] == ["id", "a", "other"]
    assert table.foreign_keys[0].table == "public.t"
    elsewhere = crm.target().describe().table("t")
    assert "another schema" in elsewhere.unseen[0].en
    with target.transaction() as t:
        t.insert("t", cells(id=["1"], a=["x"]))
        t.connection.exec_driver_sql("CREATE TABLE crm_migrate_base (y int)")
    assert crm.run("SELECT a FROM sales.t") == [("x",)]
    assert crm.run("SELECT * FROM sales.crm_migrate_base") == []
    with pytest.raises(TargetFault, match="schema"):
        open_target(crm.server.url(crm.name) + "?schema=nowhere").describe()


def test_a_database_in_gb2312(postgres_server: PostgresServer) -> None:
    """What EUC_CN can't hold is foreseen, written text comes back, and asking hurts nothing."""
    name = postgres_server.create_database(encoding="EUC_CN", locale="C")
    crm = Crm(postgres_server, name)
    crm.run("CREATE TABLE t (id int PRIMARY KEY, a varchar(10), d date)")
    target = crm.target()
    table = target.describe().table("t")
    assert table.column("a").characters == "gb2312"
    values = pl.Series(["陈晨", "𠮷野", "ñ"])
    assert target.stored_form(table.column("a"), values).to_list() == ["陈晨", None, None]
    assert target.stored_form(table.column("d"), pl.Series(["2024-01-01", "1ñ"])).to_list() == [
        "2024-01-01", None
    ]  # fmt: skip
    with target.transaction() as t:
        t.insert("t", cells(id=["1"], a=["陈晨"]))
        wanted = cells(_n=["x", "y"], a=["𠮷野", "陈晨"])
        assert t.taken("t", "id", wanted).rows() == [("y", "1")]
        with pytest.raises(ConstraintViolated) as refused:
            t.insert("t", cells(id=["2"], a=["𠮷野"]))
        assert refused.value.violation == "value"
    postgres_server.drop_database(name)


def test_a_database_without_a_character_set_is_unfit(postgres_server: PostgresServer) -> None:
    """SQL_ASCII keeps bytes of any kind: such a database is no target."""
    name = postgres_server.create_database(encoding="SQL_ASCII", locale="C")
    crm = Crm(postgres_server, name)
    crm.run("CREATE TABLE t (id int PRIMARY KEY)")
    assert "SQL_ASCII" in crm.target().describe().table("t").unfit[0].en
    postgres_server.drop_database(name)


def test_no_connection_says_why_and_no_password(crm: Crm) -> None:
    """No server, no database, a read-only one: each has its own words and a remedy (R-2.1)."""
    secret = "s3cr3t-w0rd"
    base = f"postgresql://postgres:{secret}@127.0.0.1"
    cases = [
        (f"{base}:1/crm", "can't be reached"),
        (f"{base}:{crm.server.port}/nowhere", "no such database"),
    ]
    for url, words in cases:
        with pytest.raises(TargetFault, match=words) as fault:
            open_target(url).describe()
        assert fault.value.remedy is not None
        assert secret not in f"{fault.value} {fault.value.where} {fault.value.remedy}"
    crm.run("CREATE TABLE t (id int PRIMARY KEY)")
    crm.run(f"ALTER DATABASE {crm.name} SET default_transaction_read_only = on")
    with pytest.raises(TargetFault, match="read-only"), crm.target().transaction() as t:
        t.insert("t", cells(id=["1"]))
    assert secret not in repr(open_target(f"{base}/crm"))


def test_a_wrong_password_and_a_server_that_dies() -> None:
    """A refused password is no passing fault; a killed server is, and its rows are as before."""
    with PostgresServer(fsync=True) as server:
        crm = Crm(server, server.create_database())
        crm.run(
            "CREATE TABLE t (id int PRIMARY KEY)",
            "CREATE ROLE clerk LOGIN PASSWORD 'right'",
        )
        assert server.folder is not None
        rules = server.folder / "data" / "pg_hba.conf"
        rules.write_text("host all clerk 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
        crm.run("SELECT pg_reload_conf()")
        with pytest.raises(TargetFault, match="password") as fault:
            open_target(f"postgresql://clerk:wrong@127.0.0.1:{server.port}/{crm.name}").describe()
        assert not isinstance(fault.value, TransientFault)

        def write() -> None:
            with crm.target().transaction() as t:
                t.insert("t", cells(id=["1"]))
                server.kill()
                t.insert("t", cells(id=["2"]))

        with pytest.raises(TransientFault) as lost:
            write()
        assert lost.value.passing == "connection"
        with pytest.raises(TransientFault) as gone:
            crm.target().describe()
        assert gone.value.passing == "connection"
        server.start()
        assert crm.target().read_table("t", ["id"]).is_empty()


def test_psycopg_2_urls_are_taken(crm: Crm) -> None:
    """A URL that names another driver leads to the same target."""
    url = crm.server.url(crm.name).replace("postgresql://", "postgresql+psycopg2://")
    assert open_target(url).database == f"127.0.0.1:{crm.server.port}/{crm.name}"
    with open_target(url).reading() as reader, pytest.raises(psycopg.Error):
        reader.connection.connection.driver_connection.execute("CREATE TABLE x (y int)")


def test_a_right_that_a_trigger_needs_is_told_as_the_triggers(roles: Crm) -> None:
    """The writer may write the table, but not the log of its trigger, which is named."""
    writer = roles.target("writer")
    roles.run(*writer.grants(["t"], "apply"))
    roles.run(
        "CREATE TABLE change_log (a text)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO change_log VALUES (NEW.a); RETURN NEW; END $$",
        "CREATE TRIGGER noted BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()",
    )
    with pytest.raises(TargetFault) as fault, writer.transaction() as t:
        t.insert("t", pl.DataFrame({"id": ["9"], "a": ["geheim"]}))
    told = str(fault.value.describe("en"))
    assert "note()" in told
    assert "GRANT SELECT" not in told
    assert "geheim" not in told


def test_a_user_who_sees_no_table_is_told_about_the_schema(roles: Crm) -> None:
    """Without USAGE on the CRM's schema nothing is seen: the remedy names schema and rights."""
    roles.run("CREATE SCHEMA elsewhere", "CREATE TABLE elsewhere.client (id int PRIMARY KEY)")
    roles.run("DROP TABLE t", "ALTER ROLE planner SET search_path = elsewhere")
    with pytest.raises(TargetFault) as fault:
        roles.target("planner").describe().table("client")
    assert "?schema=" in str(fault.value.remedy)
