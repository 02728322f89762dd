"""What only MariaDB and MySQL have: collations, engines, warnings that lose data, half batches."""

import threading
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from crm_migrate.errors import TargetFault
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import ConstraintViolated, TargetSystem, TransientFault
from crm_migrate.systems.target_schema import ForeignKey
from tests.servers.mariadb import MariaServer, shared_server


class Crm:
    """A fresh database with one or more tables, its target, and other programs beside it."""

    def __init__(self, server: MariaServer) -> None:
        self.server, self.database = server, server.create_database()
        self.target: TargetSystem = open_target(server.url(self.database))

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        return self.server.run(self.database, statement)

    def count(self, table: str = "t") -> int:
        return int(self.run(f"SELECT COUNT(*) FROM {table}")[0][0])


@pytest.fixture
def crm() -> Iterator[Crm]:
    """An empty database."""
    made = Crm(shared_server())
    yield made
    made.server.drop_database(made.database)


def cells(**columns: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


@pytest.mark.parametrize("scheme", ["mariadb", "mysql", "mysql+pymysql", "mariadb+pymysql"])
def test_urls(crm: Crm, scheme: str) -> None:
    """The usual spellings of the address lead to the same target; the password is never shown."""
    url = crm.server.url(crm.database).replace("mariadb", scheme)
    target = open_target(url.replace("root@", "root:geheim@"))
    assert target.database == f"127.0.0.1:{crm.server.port}/{crm.database}"
    assert open_target(url).describe().tables == {}
    with pytest.raises(TargetFault) as fault:
        target.describe()
    assert "geheim" not in str(fault.value.describe("en"))
    assert "GRANT" in str(fault.value.remedy)


def test_columns_are_described_with_their_limits(crm: Crm) -> None:
    """Lengths, octets, character sets, ranges, vocabularies, generated and self-set columns."""
    crm.run(
        "CREATE TABLE t (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, a VARCHAR(20),"
        " old VARCHAR(20) CHARACTER SET utf8mb3, g CHAR(9) CHARACTER SET gbk, note TEXT,"
        " e ENUM('甲','it''s') NOT NULL, s SET('x','y'), k VARCHAR(5) CHECK (k IN ('P', 'W')),"
        " d DECIMAL(12, 2), tiny TINYINT, big BIGINT UNSIGNED, bit1 BIT, b VARBINARY(7),"
        " up VARCHAR(40) AS (UPPER(a)) STORED, at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP"
        " ON UPDATE CURRENT_TIMESTAMP, UNIQUE (a), UNIQUE (note(10)), KEY (d, k))"
    )
    table = crm.target.describe().table("t")
    column = table.column
    assert (column("a").length, column("a").characters) == (20, None)
    assert column("a").collation == "utf8mb4_general_ci"
    assert (column("old").characters, column("g").characters) == ("bmp", "gbk")
    assert (column("note").length, column("note").octets) == (None, 65535)
    assert (column("e").vocabulary, column("k").vocabulary) == (("甲", "it's"), ("P", "W"))
    assert (column("d").precision, column("d").scale) == (12, 2)
    assert (column("tiny").low, column("tiny").high) == (-128, 127)
    assert (column("big").low, column("big").high) == (0, 2**64 - 1)
    assert (column("bit1").kind, column("b").kind, column("b").octets) == ("boolean", "binary", 7)
    assert column("up").generated
    assert not column("at").generated
    assert "on update" in (column("at").default or "")
    assert column("id").default == "auto_increment"
    assert column("a").default is None
    keys = {k.columns: k for k in table.unique_keys}
    assert (keys[("a",)].case_insensitive, keys[("a",)].accent_insensitive) == (True, True)
    assert not keys[("note",)].checkable
    assert table.indexes == (("d", "k"),)


def test_the_fingerprint_is_the_same_for_all_users(crm: Crm) -> None:
    """Neither inserted rows nor a user's rights change it, though triggers are not shown to who
    may only read: what was planned with read rights can be applied by another user. Who is shown
    them has them in the fingerprint of his tables, and a trigger that is made anew changes it.
    """
    crm.run("CREATE TABLE p (id INT PRIMARY KEY)")
    crm.run(
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(20) DEFAULT ') x=1',"
        " p INT REFERENCES p (id) ON DELETE CASCADE, CHECK (p < 9))"
    )
    before = crm.target.describe()
    crm.run("INSERT INTO t (a) VALUES ('x'), ('y')")
    crm.run("CREATE TRIGGER up BEFORE INSERT ON t FOR EACH ROW SET NEW.a = UPPER(NEW.a)")
    described = crm.target.describe()
    assert described.fingerprint == before.fingerprint
    assert (described.table("t").triggers, described.table("t").unseen) == (("up",), ())
    reader = crm.server.create_user(crm.database, "GRANT SELECT ON {database}.* TO {user}")
    writer = crm.server.create_user(
        crm.database,
        "GRANT SELECT ON {database}.* TO {user}",
        "GRANT INSERT ON {database}.t TO {user}",
    )
    seen = [open_target(crm.server.url(crm.database, user)).describe() for user in (reader, writer)]
    assert {s.fingerprint for s in seen} == {before.fingerprint}
    assert [bool(s.table("t").unseen) for s in seen] == [True, False]
    assert [s.table("t").triggers for s in seen] == [(), ("up",)]
    assert {s.table("t").foreign_keys for s in seen} == {(ForeignKey(("p",), "p", ("id",)),)}
    blind, sighted = (s.fingerprint_of(["t"]) for s in seen)
    assert (blind, sighted) == (before.fingerprint, described.fingerprint_of(["t"]))
    assert len({blind, sighted, before.fingerprint_of(["t"])}) == 3
    assert seen[1].fingerprint_of(["t", "p"]) == before.fingerprint  # p's are not shown
    crm.run("DROP TRIGGER up")
    crm.run("CREATE TRIGGER up BEFORE INSERT ON t FOR EACH ROW SET NEW.a = LOWER(NEW.a)")
    assert crm.target.describe().fingerprint_of(["t"]) != sighted
    crm.run("ALTER TABLE t MODIFY a VARCHAR(21)")
    assert crm.target.describe().fingerprint != before.fingerprint


def test_other_engines_are_unfit(crm: Crm) -> None:
    """MyISAM knows no transaction: the description says that the table can't be written safely."""
    crm.run("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM")
    (why,) = crm.target.describe().table("t").unfit
    assert "MyISAM" in why.en


EQUAL = {
    "utf8mb4_general_ci": [{"abc", "ABC", "ÀBC", "abc  "}, {"𠮷", "𠀀"}, {"ß", "s"}],
    "utf8mb4_unicode_ci": [{"abc", "ABC", "ÀBC", "abc  "}, {"ß", "ss"}, {"林"}, {"木"}],
    "utf8mb4_bin": [{"abc", "abc  "}, {"ABC"}, {"𠮷"}, {"𠀀"}],
    "utf8mb4_nopad_bin": [{"abc"}, {"abc  "}],
    "utf8mb4_unicode_nopad_ci": [{"abc", "ABC"}, {"abc  "}],
    "gbk_chinese_ci": [{"abc", "ABC", "abc "}, {"林"}, {"木"}],
}


@pytest.mark.parametrize("collation", sorted(EQUAL))
def test_equality_is_the_servers(crm: Crm, collation: str) -> None:
    """Abc = ABC = ÀBC, trailing blanks, 𠮷 = 𠀀 under general_ci: the forms say
    what a unique key of the server says (ask 8).
    """
    characters = collation.partition("_")[0]
    crm.run(
        "CREATE TABLE t (n INT AUTO_INCREMENT PRIMARY KEY,"
        f" a VARCHAR(9) CHARACTER SET {characters} COLLATE {collation})"
    )
    info = crm.target.describe().table("t").column("a")
    values = sorted(v for group in EQUAL[collation] for v in group)
    forms = dict(zip(values, crm.target.equality_form(info, pl.Series(values)), strict=True))
    with crm.target.transaction() as t:
        t.insert("t", cells(a=list(values)))
        asked = t.taken("t", "n", cells(_n=list(values), a=list(values)))
    standing = dict(crm.run("SELECT n, a FROM t"))
    pairs = {(n, standing[int(key)]) for n, key in asked.rows()}
    assert pairs == {(a, b) for a in values for b in values if forms[a] == forms[b]}
    assert all(len({forms[v] for v in group}) == 1 for group in EQUAL[collation])
    assert len(set(forms.values())) == len(EQUAL[collation])


def test_null_and_many_values_keep_their_place(crm: Crm) -> None:
    """Forms come back row by row, repeated values and nulls included, in any number."""
    crm.run("CREATE TABLE t (a VARCHAR(30))")
    info = crm.target.describe().table("t").column("a")
    values = pl.Series("v", [None, "B", "b", *(f"公司{n % 15_000}" for n in range(30_000))])
    forms = crm.target.equality_form(info, values)
    assert (forms[0], forms[1] == forms[2], len(forms)) == (None, True, 30_003)
    assert forms.n_unique() == 15_002


@pytest.mark.parametrize(
    ("column", "value", "violation"),
    [
        ("a VARCHAR(3)", "四个汉字", "value"),
        ("a VARCHAR(9) CHARACTER SET utf8mb3", "𠮷野", "value"),
        ("a VARCHAR(9) CHARACTER SET gbk", "한국", "value"),
        ("a INT", "12x", "value"),
        ("a TINYINT", "300", "value"),
        ("a INT UNSIGNED", "-1", "value"),
        ("a DECIMAL(4, 1)", "12345", "value"),
        ("a DECIMAL(4, 1)", "1.26", "value"),
        ("a DATE", "2025-02-30", "value"),
        ("a ENUM('x')", "y", "value"),
        ("a VARCHAR(9) NOT NULL", None, "not_null"),
        ("a INT CHECK (a > 5)", "1", "check"),
    ],
)
def test_nothing_is_cut_rounded_or_replaced(
    crm: Crm, column: str, value: str | None, violation: str
) -> None:
    """What MariaDB would cut, round or write as `?` is refused; nothing of the batch stays."""
    crm.server.run("mysql", "SET GLOBAL sql_mode = ''")  # as lenient as servers come
    crm.run(f"CREATE TABLE t (id INT PRIMARY KEY, {column})")
    with pytest.raises(ConstraintViolated) as refused, crm.target.transaction() as t:
        t.insert("t", cells(id=["1"], a=[value]))
    assert refused.value.violation == violation
    assert refused.value.__cause__ is None
    assert crm.count() == 0


def test_duplicates_in_one_batch_are_refused(crm: Crm) -> None:
    """LOAD DATA LOCAL alone would skip the second row with a warning."""
    crm.run("CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9) UNIQUE)")
    with pytest.raises(ConstraintViolated) as refused, crm.target.transaction() as t:
        t.insert("t", cells(id=["1", "2"], a=["abc", "ÀBC "]))
    assert refused.value.violation == "unique"
    assert crm.count() == 0


def test_cells_of_every_kind_come_back(crm: Crm) -> None:
    """Special characters, bytes, bits, zero dates, GBK: one spelling, written and read."""
    crm.run(
        "CREATE TABLE t (id INT PRIMARY KEY, a LONGTEXT, g VARCHAR(9) CHARACTER SET gbk,"
        " b VARBINARY(9), one BIT, bits BIT(9), d DATE, at DATETIME(3), f DOUBLE, s FLOAT,"
        " c CHAR(9))"
    )
    tricky = "a\tb\\c\nd\re\x1ff'\"%s 𠮷 \\N x'00'"
    row = cells(
        id=["1"], a=[tricky], g=["林"], b=["x'00FF27'"], one=["1"], bits=["300"],
        d=["0000-00-00"], at=["2025-01-02 03:04:05.670"], f=["0.1"], s=["0.1"], c=["尾 "],
    )  # fmt: skip
    with crm.target.transaction() as t:
        t.insert("t", row)
    read = crm.target.read_table("t", row.columns)
    expected = row.with_columns(s=pl.lit("0.10000000149011612"), c=pl.lit("尾"))
    assert read.rows() == expected.rows()
    with crm.target.transaction() as t:
        again = t.rows("t", "id", pl.Series(["1"]), row.columns[1:])
        assert again.drop("_key").rows() == read.drop("id").rows()
        assert t.update("t", "id", read.rename({"id": "_key"})) == 1
    assert crm.target.read_table("t", row.columns).rows() == expected.rows()
    table = crm.target.describe().table("t")
    for name in row.columns[1:]:
        if name != "d":  # no canonical value is a zero date
            form = crm.target.stored_form(table.column(name), row[name])
            assert form.to_list() == read[name].to_list(), name


def test_binary_columns_take_bytes(crm: Crm) -> None:
    """Frames may hold bytes, as sealed before-images are."""
    crm.run("CREATE TABLE t (id INT PRIMARY KEY, image LONGBLOB)")
    image = bytes(range(256)) * 400
    with crm.target.transaction() as t:
        t.insert("t", pl.DataFrame({"id": ["1"], "image": [image]}))
    assert crm.run("SELECT image FROM t") == [(image,)]


def test_without_local_infile(crm: Crm) -> None:
    """Where the server forbids LOAD DATA LOCAL, the same rows are written another way."""
    crm.run("CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(99))")
    crm.server.run("mysql", "SET GLOBAL local_infile = 0")
    try:
        with crm.target.transaction() as t:
            t.insert("t", cells(id=["1", "2"], a=["100% \\N\t\"'", None]))
            assert t.update("t", "id", cells(_key=["2"], a=["%s"])) == 1
    finally:
        crm.server.run("mysql", "SET GLOBAL local_infile = 1")
    assert crm.run("SELECT a FROM t ORDER BY id") == [("100% \\N\t\"'",), ("%s",)]


@pytest.mark.parametrize("swallowed", [False, True])
def test_a_lock_timeout_leaves_no_half_batch(crm: Crm, swallowed: bool) -> None:
    """After error 1205 InnoDB itself would let the first half be committed; here nothing stays,
    even where somebody goes on.
    """
    crm.run("CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9))")
    crm.run("INSERT INTO t VALUES (1, 'x')")
    target = type(crm.target)(crm.target._url, wait=1)  # type: ignore[attr-defined, call-arg]
    other = crm.server.connect(crm.database, autocommit=False)
    other.cursor().execute("UPDATE t SET a = 'y' WHERE id = 1")

    def write() -> None:
        with target.transaction() as t:
            t.insert("t", cells(id=["2"], a=["half"]))
            try:
                t.update("t", "id", cells(_key=["1"], a=["z"]))
            except TransientFault:
                if not swallowed:
                    raise

    with pytest.raises(TransientFault) as fault:
        write()
    other.rollback()
    other.close()
    assert fault.value.passing == "lock_timeout"
    assert crm.run("SELECT * FROM t") == [(1, "x")]


def test_a_deadlock_is_told(crm: Crm) -> None:
    """The transaction that the server sacrifices says so, and leaves nothing."""
    crm.run("CREATE TABLE t (id INT PRIMARY KEY, a INT)")
    crm.run("CREATE TABLE weight (id INT PRIMARY KEY)")
    crm.run("INSERT INTO t VALUES (1, 0), (2, 0)")
    other = crm.server.connect(crm.database, autocommit=False)
    with other.cursor() as cursor:
        cursor.execute("INSERT INTO weight SELECT seq FROM seq_1_to_1000")  # too dear to sacrifice
        cursor.execute("UPDATE t SET a = 1 WHERE id = 2")
    crossing = threading.Thread(
        target=lambda: other.cursor().execute("UPDATE t SET a = 1 WHERE id = 1")
    )

    def write() -> None:
        with crm.target.transaction() as t:
            t.update("t", "id", cells(_key=["1"], a=["5"]))
            crossing.start()
            t.update("t", "id", cells(_key=["2"], a=["5"]))

    with pytest.raises(TransientFault) as fault:
        write()
    crossing.join()
    other.rollback()
    other.close()
    assert fault.value.passing == "deadlock"
    assert crm.run("SELECT a FROM t") == [(0,), (0,)]


def test_a_killed_connection_is_told(crm: Crm) -> None:
    """A lost connection is a fault that may pass, and the next transaction works."""
    crm.run("CREATE TABLE t (id INT PRIMARY KEY)")

    def write() -> None:
        with crm.target.transaction() as t:
            t.insert("t", cells(id=["1"]))
            (number,) = t.connection.exec_driver_sql("SELECT CONNECTION_ID()").one()
            crm.server.run("mysql", f"KILL {number}")
            t.insert("t", cells(id=["2"]))

    with pytest.raises(TransientFault) as fault:
        write()
    assert fault.value.passing == "connection"
    with crm.target.transaction() as t:
        t.insert("t", cells(id=["3"]))
    assert crm.run("SELECT * FROM t") == [(3,)]


def test_numbers_that_others_take_meanwhile(crm: Crm) -> None:
    """Numbers are free when handed out; who takes one before they are used makes a key race, and
    from the first insert on the counter is past them.
    """
    crm.run("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(9))")
    crm.run("INSERT INTO t (a) VALUES ('x')")

    def write() -> None:
        with crm.target.transaction() as t:
            keys = t.next_keys("t", "id", 3)
            crm.run("INSERT INTO t (a) VALUES ('theirs')")
            t.insert("t", cells(id=keys.to_list(), a=["a", "b", "c"]))

    with pytest.raises(TransientFault) as fault:
        write()
    assert fault.value.passing == "key_race"
    with crm.target.transaction() as t:
        keys = t.next_keys("t", "id", 3)
        first, *others = keys.to_list()
        t.insert("t", cells(id=[first], a=["a"]))
        crm.run("INSERT INTO t (a) VALUES ('later')")
        t.insert("t", cells(id=others, a=["b", "c"]))
    assert not set(keys) & {str(n) for (n,) in crm.run("SELECT id FROM t WHERE a = 'later'")}
    assert crm.count() == 6


def test_a_signal_of_a_trigger_is_named(crm: Crm) -> None:
    """SIGNAL SQLSTATE '45000' is the CRM's own refusal; its words may quote a value and are kept
    back.
    """
    crm.run("CREATE TABLE t (id INT PRIMARY KEY)")
    crm.run(
        "CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW"
        " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'secret words'"
    )
    with pytest.raises(ConstraintViolated) as refused, crm.target.transaction() as t:
        t.insert("t", cells(id=["1"]))
    assert refused.value.violation == "trigger"
    assert "secret" not in str(refused.value.describe("en"))


def test_rights(crm: Crm) -> None:
    """SELECT is enough to plan; what is missing to apply is named, and the GRANTs that are printed
    suffice (ask 2).
    """
    crm.run("CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9))")
    tables = ["t", "crm_migrate_base"]
    user = crm.server.create_user(crm.database, "GRANT SELECT ON {database}.* TO {user}")
    target = open_target(crm.server.url(crm.database, user))
    assert target.describe().table("t").unseen
    assert target.lacking(tables, "plan") == ()
    assert "INSERT on t" in target.lacking(tables, "apply")
    info = target.describe().table("t").column("a")
    assert target.equality_form(info, pl.Series(["A", "a"])).n_unique() == 1

    def write() -> None:
        with target.transaction() as t:
            t.connection.exec_driver_sql("CREATE TABLE crm_migrate_base (id INT PRIMARY KEY)")
            t.insert("t", cells(id=["1"]))
            t.update("t", "id", cells(_key=["1"], a=["x"]))
            t.delete("t", "id", pl.Series(["1"]))

    with pytest.raises(TargetFault) as fault:
        write()
    assert "GRANT" in str(fault.value.remedy)
    for statement in target.grants(tables, "apply"):
        crm.run(statement)
    target = open_target(
        crm.server.url(crm.database, user)
    )  # rights count from the next connection
    assert target.lacking(tables, "apply") == ()
    write()


def test_one_snapshot(crm: Crm) -> None:
    """What others commit while planning reads is not seen half."""
    crm.run("CREATE TABLE t (id INT PRIMARY KEY)")
    with crm.target.reading() as reader:
        crm.run("INSERT INTO t VALUES (1)")
        assert reader.read_table("t", ["id"]).is_empty()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mariadb://root@127.0.0.1:1/x", "can't be reached"),
        ("mariadb://root@127.0.0.1:{port}/no_such_database", "no such database"),
        ("mariadb://nobody@127.0.0.1:{port}/mysql", "not let this user in"),
        ("mariadb://root@127.0.0.1", "names no database"),
    ],
)
def test_what_cannot_be_opened(url: str, words: str) -> None:
    """Each way not to reach the target has its own words and remedy."""
    with pytest.raises(TargetFault, match=words) as fault:
        open_target(url.format(port=shared_server().port)).describe()
    assert fault.value.remedy is not None
