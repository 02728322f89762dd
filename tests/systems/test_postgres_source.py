"""PostgreSQL as a source: what COPY delivers is what the other sources deliver."""

from collections.abc import Iterator

import polars as pl
import psycopg
import pytest

from crm_migrate.errors import SourceFault
from crm_migrate.formats.contract import KIND
from crm_migrate.records import ROW
from crm_migrate.systems.sql import ForeignKey, sql_tables
from tests.servers.postgres import PostgresServer, postgres_database, postgres_server

__all__ = ["postgres_database", "postgres_server"]


@pytest.fixture
def legacy(postgres_server: PostgresServer, postgres_database: str) -> str:
    """URL of an old order system."""
    for statement in (
        "CREATE TABLE customers (id text PRIMARY KEY, name text, tel varchar(20), scan bytea)",
        "CREATE DOMAIN money2 AS numeric(14, 2)",
        "CREATE TABLE orders (no text PRIMARY KEY, cust text REFERENCES customers, amount money2,"
        " ordered timestamp, paid boolean, weight float8, tags text[], more json, due date,"
        ' seen timestamptz, "备注 %" char(6))',
        "INSERT INTO customers VALUES ('K2', '北岸贸易', '13800000002.0', NULL),"
        " ('K1', '安岭机械', '  ', '\\x89504e4700ff'), ('K3', '辰光电子', '', '\\xb1b8d7a2')",
        "INSERT INTO orders VALUES ('O2', 'K1', 1200000, '2024-02-29', true, 12, '{a,甲}',"
        " '{\"b\":1}', 'infinity', '2024-02-29 08:30:15.5+08', '无'),"
        " ('O1', 'K2', 80.10, '2024-02-29 08:30:15.25', false, 1.5e3, '{}', NULL, '2024-03-01',"
        " '2024-02-29 00:00:00+00', ' ')",
    ):
        postgres_server.run(postgres_database, statement)
    return postgres_server.url(postgres_database) + "?options=-c%20TimeZone%3DUTC"


def test_rows_are_in_key_order_and_canonical(legacy: str) -> None:
    """R-2.1: numbers, dates, booleans and lists are canonical text, however large the batches."""
    customers, orders = sql_tables(legacy)
    assert orders.foreign_keys == (ForeignKey(("cust",), "customers", ("id",)),)
    assert (orders.info.rows, customers.info.rows) == (2, 3)
    assert "postgres@" not in orders.info.file
    for size in (1, 100):
        read = pl.concat(list(orders.batches(size=size)))
        assert read.rows() == [
            ("O1", "K2", "80.1", "2024-02-29 08:30:15", "false", "1500", "[]", None,
             "2024-03-01", "2024-02-29", None, 1, "data"),
            ("O2", "K1", "1200000", "2024-02-29", "true", "12", '["a", "甲"]', '{"b":1}',
             "infinity", "2024-02-29 00:30:15+00:00", "无", 2, "data"),
        ]  # fmt: skip


def test_binary_cells_and_damage(legacy: str) -> None:
    """R-1.1: text in binary columns is read in UTF-8 or GBK; what is no text is reported."""
    (customers,) = sql_tables(legacy, ["customers"])
    frame = pl.concat(list(customers.batches(["scan", "tel"])))
    assert frame.columns == ["scan", "tel", ROW, KIND]
    assert frame["scan"].to_list() == [None, None, "备注"]
    assert frame["tel"].to_list() == [None, "13800000002.0", None]
    assert set(customers.damage().rows()) == {(1, "scan", "binary"), (2, "tel", "float_text")}


def test_faults_name_the_place_and_no_password(legacy: str) -> None:
    """R-2.3: what can't be read says so, without the server's words and without the password."""
    (orders,) = sql_tables(legacy, ["orders"])
    with psycopg.connect(legacy.partition("?")[0]) as connection:
        connection.execute("DROP TABLE orders")
    with pytest.raises(SourceFault, match="no longer there") as gone:
        list(orders.batches())
    assert gone.value.__cause__ is None
    with pytest.raises(SourceFault) as caught:
        sql_tables(legacy.partition("?")[0].replace("postgres@", "postgres:geheim@") + "_none")
    assert "geheim" not in f"{caught.value.describe('en')}"


@pytest.fixture(params=["EUC_CN", "SQL_ASCII"])
def old(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> Iterator[str]:
    """A database of the nineties: GBK bytes, some of which are no characters there."""
    name = postgres_server.create_database(encoding=request.param, locale="C")
    address = postgres_server.url(name)
    with psycopg.connect(address, client_encoding=request.param, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, a text, b text)")
        with connection.cursor().copy("COPY t FROM STDIN") as copy:
            copy.write(b"1\t" + "陈晨".encode("gb2312") + b"\tx\n")
            copy.write(b"2\t" + b"\xa2\xa1\xfe\xfe" + b"\t\\N\n")  # ⅰ; nothing in GB2312
            if request.param == "SQL_ASCII":
                copy.write(b"3\t" + "陈晨".encode() + b"\t" + "镕".encode("gbk") + b"\n")
                copy.write(b"4\t\xff\xff\ty\n")
    yield address
    postgres_server.drop_database(name)


def test_old_encodings(old: str) -> None:
    """R-1.1: EUC_CN and SQL_ASCII databases are read, cell by cell where they mix encodings."""
    (table,) = sql_tables(old)
    frame = pl.concat(list(table.batches()))
    assert frame.row(0)[:3] == ("1", "陈晨", "x")
    assert frame.row(1)[1] == b"\xa2\xa1\xfe\xfe".decode("gb18030")
    assert frame.row(1)[2] is None
    if frame.height > 2:
        assert frame.row(2)[1:3] == ("陈晨", "镕")
        assert frame.row(3)[1:3] == (None, "y")
        assert (4, "a", "binary") in table.damage().rows()


def test_views_and_other_schemas(postgres_server: PostgresServer, postgres_database: str) -> None:
    """R-1.1: a view, a table of another schema and an empty table are read like any other."""
    for statement in (
        "CREATE SCHEMA old",
        "CREATE TABLE old.t (id int, a text)",
        "INSERT INTO old.t VALUES (1, 'x')",
        "CREATE VIEW v AS SELECT a || '!' AS b FROM old.t",
        "CREATE TABLE nothing (a text)",
    ):
        postgres_server.run(postgres_database, statement)
    tables = sql_tables(postgres_server.url(postgres_database), ["old.t", "v", "nothing"])
    assert [pl.concat(list(t.batches())).rows() for t in tables[:2]] == [
        [("1", "x", 1, "data")],
        [("x!", 1, "data")],
    ]
    assert list(tables[2].batches()) == []
