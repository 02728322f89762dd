"""Databases as sources: order, canonical text, and no trace left behind."""

import datetime as dt
import sqlite3
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.errors import SourceFault
from crm_migrate.formats.contract import KIND
from crm_migrate.records import ROW
from crm_migrate.systems.canonical_text import canonical_text
from crm_migrate.systems.sql import ForeignKey, sql_tables


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    file = tmp_path / "legacy.db"
    with sqlite3.connect(file) as db:
        db.executescript(
            "CREATE TABLE orders (no TEXT PRIMARY KEY, cust TEXT REFERENCES customers(id),"
            " amount NUMERIC(14,2), ordered DATE, paid BOOLEAN);"
            "CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT, tel TEXT, scan BLOB);"
        )
        db.executemany(
            "INSERT INTO customers VALUES (?,?,?,?)",
            [
                ("K2", "北岸贸易", "13800000002.0", None),
                ("K1", "安岭机械", "  ", b"\x89PNG\x00\xff"),
            ],
        )
        db.execute("INSERT INTO customers VALUES ('K3', CAST(? AS TEXT), '', ?)",
                   ("辰光电子".encode("gbk"), "备注".encode()))  # fmt: skip
        db.executemany(
            "INSERT INTO orders VALUES (?,?,?,?,?)",
            [("O2", "K1", 1200000.0, "2024-02-29", 1), ("O1", "K2", 80.1, "0000-00-00", 0)],
        )
    db.close()
    return file


def test_tables_keys_and_counts(legacy: Path) -> None:
    """R-1.1: tables come referred first, with primary and foreign keys and row counts."""
    customers, orders = sql_tables(f"sqlite:///{legacy}")
    assert (customers.info.sheet, orders.info.sheet) == ("customers", "orders")
    assert (customers.info.file, customers.info.rows, orders.info.rows) == ("legacy.db", 3, 2)
    assert (customers.primary_key, orders.primary_key) == (("id",), ("no",))
    assert orders.foreign_keys == (ForeignKey(("cust",), "customers", ("id",)),)


def test_rows_are_in_key_order_and_canonical(legacy: Path) -> None:
    """R-2.1: amounts, dates and booleans are canonical text; `_row` counts in key order."""
    (orders,) = sql_tables(f"sqlite:///{legacy}", ["orders"])
    assert pl.concat(list(orders.batches(size=1))).rows() == [
        ("O1", "K2", "80.1", "0000-00-00", "false", 1, "data"),
        ("O2", "K1", "1200000", "2024-02-29", "true", 2, "data"),
    ]


def test_old_encodings_and_binary_cells(legacy: Path) -> None:
    """R-1.1: GBK text in a UTF-8 database is read; what is no text is null and reported."""
    (customers,) = sql_tables(f"sqlite:///{legacy}", ["customers"])
    frame = pl.concat(list(customers.batches(["name", "tel", "scan"])))
    assert frame["name"].to_list() == ["安岭机械", "北岸贸易", "辰光电子"]
    assert frame["tel"].to_list() == [None, "13800000002.0", None]
    assert frame["scan"].to_list() == [None, None, "备注"]
    assert set(customers.damage().rows()) == {(1, "scan", "binary"), (2, "tel", "float_text")}
    assert frame.columns == ["name", "tel", "scan", ROW, KIND]


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_reading_leaves_no_trace(legacy: Path, journal: str) -> None:
    """R-5.1: reading creates no file beside the database and changes none of its bytes."""
    db = sqlite3.connect(legacy)
    db.execute(f"PRAGMA journal_mode={journal}")
    db.close()
    before, files = legacy.read_bytes(), sorted(p.name for p in legacy.parent.iterdir())
    for table in sql_tables(f"sqlite:///{legacy}"):
        list(table.batches())
        table.damage()
    assert legacy.read_bytes() == before
    assert sorted(p.name for p in legacy.parent.iterdir()) == files


def test_missing_file_is_not_created(tmp_path: Path) -> None:
    """R-1.1: a wrong path is a fault, never a new empty database."""
    with pytest.raises(SourceFault, match="no such database file"):
        sql_tables(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    ["nonsense://user:geheim@db.example/crm", "not a url geheim",
     "mysql+pymysql_x://u:geheim@127.0.0.1:1/x"],
)  # fmt: skip
def test_faults_never_show_the_password(url: str) -> None:
    """R-5: whatever goes wrong with a URL, its password stays out of the message."""
    with pytest.raises(SourceFault) as caught:
        sql_tables(url)
    shown = f"{caught.value.describe('en')}{caught.value.describe('zh')}"
    assert "geheim" not in shown
    assert caught.value.remedy is not None


def test_file_that_is_no_database(tmp_path: Path) -> None:
    """R-1.1: a file that is no database is a fault with place and remedy."""
    (tmp_path / "x.db").write_bytes(b"junk" * 500)
    with pytest.raises(SourceFault) as caught:
        sql_tables(f"sqlite:///{tmp_path / 'x.db'}")
    assert caught.value.where == "x.db"


def test_unknown_table_and_column(legacy: Path) -> None:
    """R-2.3: what was asked for and is not there is named, with what is."""
    with pytest.raises(SourceFault, match="kunden") as caught:
        sql_tables(f"sqlite:///{legacy}", ["kunden"])
    assert caught.value.remedy is not None
    assert "customers" in caught.value.remedy.en
    (customers,) = sql_tables(f"sqlite:///{legacy}", ["customers"])
    with pytest.raises(SourceFault, match="mail"):
        next(customers.batches(["mail"]))


def test_views_and_tables_without_key(legacy: Path) -> None:
    """R-1.1: views can be named; a table without a key keeps the order it was written in."""
    with sqlite3.connect(legacy) as db:
        db.executescript(
            "CREATE VIEW big AS SELECT id, name FROM customers WHERE id < 'K3';"
            "CREATE TABLE log (x TEXT); INSERT INTO log VALUES ('b'), ('a');"
        )
    db.close()
    big, log = sql_tables(f"sqlite:///{legacy}", ["big", "log"])
    assert pl.concat(list(big.batches())).height == 2
    assert pl.concat(list(log.batches()))["x"].to_list() == ["b", "a"]


def test_canonical_text_of_driver_values() -> None:
    """R-2.1: every type a driver delivers has one written form."""
    from decimal import Decimal

    values = [Decimal("1200000.00"), Decimal("1E+3"), dt.datetime(2024, 2, 29), True, 1.5,
              dt.datetime(2024, 2, 29, 8, 30), b"abc", 12, {"a": "甲"}]  # fmt: skip
    text, undecodable = canonical_text(values)
    assert text.to_list() == [
        "1200000", "1000", "2024-02-29", "true", "1.5", "2024-02-29 08:30:00", "abc", "12",
        '{"a": "甲"}',
    ]  # fmt: skip
    assert undecodable == ()
