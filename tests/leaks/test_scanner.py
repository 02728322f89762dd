"""The search for leaks is tested before it is believed: planted values are found everywhere."""

import base64
import bz2
import gzip
import io
import lzma
import os
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.comments import Comment

from tests.leaks.sample_values import sample_values
from tests.leaks.scanner import Hit, kind_of, normal_form, scan

SAMPLES = Path(__file__).parents[2] / "samples"

MOBILE, LANDLINE, MAIL = "13955501234", "0571-55501234", "Wen.Lan@planted.example"
ID, CARD = "11010519491231002X", "6222021234567890128"
VALUES = (MOBILE, LANDLINE, MAIL, ID, CARD)
ALL = {"mobile", "phone", "mail", "id", "card"}
TEXT = f"客户 {MOBILE} 固话{LANDLINE},邮箱 {MAIL};证件{ID}卡 {CARD}。\n"
WIDE = TEXT.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)})


def kinds(hits: list[Hit], encoding: str | None = None) -> set[str]:
    return {h.kind for h in hits if encoding is None or h.encoding == encoding}


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16-le", "utf-16-be", "utf-16"])
def test_text_in_every_encoding(tmp_path: Path, codec: str) -> None:
    """R-5.3: every kind of value is found as UTF-8, GB18030 and UTF-16 bytes of both orders."""
    (tmp_path / "log.txt").write_bytes(b"\x07" + TEXT.encode(codec))
    assert kinds(scan(tmp_path, VALUES)) == ALL


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16-le", "utf-16-be"])
def test_full_width_forms(tmp_path: Path, codec: str) -> None:
    """Full-width digits and letters hide nothing, in any encoding."""
    (tmp_path / "notes").write_bytes(WIDE.encode(codec))
    assert kinds(scan(tmp_path, VALUES)) == ALL


def test_separators_and_neighbours_hide_nothing(tmp_path: Path) -> None:
    """Dashes, blanks, prefixes and cells that touch each other do not hide a value."""
    written = "+86 139-5550-1234|(0571) 5550 1234|6222 0212 3456 7890 128|110105194912310 02x"
    (tmp_path / "a").write_text(written)
    assert kinds(scan(tmp_path, VALUES)) == ALL - {"mail"}
    (tmp_path / "a").write_text("77" + MOBILE + MAIL.upper() + "expo" + ID + CARD + "057155501234")
    assert kinds(scan(tmp_path, VALUES)) == ALL


def test_hexadecimal_and_base64(tmp_path: Path) -> None:
    """Values that were encoded once more are found."""
    (tmp_path / "a.json").write_text(f'{{"before": "{TEXT.encode().hex()}"}}')
    assert kinds(scan(tmp_path / "a.json", VALUES), "hex") == ALL
    (tmp_path / "b.html").write_bytes(b"data:;base64," + base64.b64encode(TEXT.encode()))
    assert kinds(scan(tmp_path / "b.html", VALUES), "base64") == ALL


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """gzip, bzip2 and xz are unpacked."""
    (tmp_path / "log").write_bytes(pack(TEXT.encode()))
    assert kinds(scan(tmp_path, VALUES)) == ALL


def test_archives_in_archives(tmp_path: Path) -> None:
    """A gzipped UTF-16 text in a ZIP in a ZIP is found and its place is named."""
    inner, outer = io.BytesIO(), tmp_path / "plan.crmplan"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep.gz", gzip.compress(TEXT.encode("utf-16")))
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/inner.bin", inner.getvalue())
    hits = scan(tmp_path, VALUES)
    assert kinds(hits) == ALL
    assert {h.inner for h in hits} == {"data/inner.bin!deep.gz!gzip"}
    with tarfile.open(tmp_path / "pack.tar", "w") as tar:
        tar.add(outer, "member")
    assert kinds(scan(tmp_path / "pack.tar", VALUES)) == ALL


def test_workbook(tmp_path: Path) -> None:
    """Shared strings, numbers, comments and hidden sheets of a workbook are found."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([MAIL, int(MOBILE)])
    hidden = book.create_sheet("hidden")
    hidden.sheet_state = "hidden"
    hidden["C7"] = ID
    hidden["D9"].comment = Comment(f"card {CARD}", "x")
    hidden["E2"] = f"tel {LANDLINE}"
    book.save(tmp_path / "book.xlsx")
    hits = scan(tmp_path, VALUES)
    assert kinds(hits) == ALL
    with zipfile.ZipFile(tmp_path / "book.xlsx", "a") as archive:  # as Excel stores text
        archive.writestr("xl/sharedStrings.xml", f"<sst><si><t>{TEXT}</t></si></sst>")
    hits = scan(tmp_path, VALUES)
    assert kinds([h for h in hits if h.inner == "xl/sharedStrings.xml"]) == ALL


@pytest.mark.parametrize("compression", ["zstd", "uncompressed"])
def test_parquet(tmp_path: Path, compression: Literal["zstd", "uncompressed"]) -> None:
    """Compressed pages, dictionaries and statistics are read back; numbers, too."""
    frame = pl.DataFrame({"a": [MAIL, "z", MAIL], "b": [int(MOBILE), 1, 2], "c": [TEXT, "", None]})
    frame.write_parquet(tmp_path / "t.parquet", compression=compression)
    hits = scan(tmp_path, VALUES)
    assert kinds(hits) == ALL
    assert {"a", "b", "c", "b (statistics)"} <= {h.inner for h in hits}


def test_parquet_dictionary_and_metadata(tmp_path: Path) -> None:
    """A dictionary column and the file's own metadata are searched."""
    table = pa.table({"d": pa.array([ID, ID, "y"]).dictionary_encode()})
    pq.write_table(
        table.replace_schema_metadata({"note": CARD}), tmp_path / "t", compression="zstd"
    )
    assert kinds(scan(tmp_path, VALUES)) == {"id", "card"}


def test_encrypted_parquet_shows_nothing(tmp_path: Path) -> None:
    """An encrypted stage table can't be opened without its key, and holds nothing in clear."""
    frame = pl.DataFrame({MAIL: [TEXT, CARD], "n": [int(MOBILE), 1]})
    path = tmp_path / "t.parquet"
    keys = pl.ParquetEncryptionProperties(
        footer_key=os.urandom(32), aad_prefix=b"here", store_aad_prefix=False
    )
    frame.write_parquet(path, compression="uncompressed", encryption=keys)
    assert scan(tmp_path, VALUES) == []
    with pytest.raises(pl.exceptions.ComputeError):
        pl.read_parquet(path)
    with pytest.raises(OSError):
        pq.read_table(path)


def test_sqlite_rows_blobs_and_numbers(tmp_path: Path) -> None:
    """Rows are read table by table: numbers as integers, packed BLOBs, UTF-16 databases."""
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute('CREATE TABLE "odd ""name" (a TEXT, b INTEGER, c BLOB)')
        row = (LANDLINE, int(MOBILE), gzip.compress(TEXT.encode()))
        database.execute('INSERT INTO "odd ""name" VALUES (?, ?, ?)', row)
    hits = scan(tmp_path, VALUES)
    assert kinds(hits) == ALL
    assert {'odd "name.b', 'odd "name.c!gzip'} <= {h.inner for h in hits}
    with sqlite3.connect(tmp_path / "wide.db") as database:
        database.execute("PRAGMA encoding = 'UTF-16'")
        database.execute("CREATE TABLE t (a TEXT)")
        database.execute("INSERT INTO t VALUES (?)", (TEXT,))
    assert kinds(scan(tmp_path / "wide.db", VALUES), "utf-16") == ALL


def test_sqlite_deleted_rows(tmp_path: Path) -> None:
    """A row that was deleted still stands in the free pages, and is found there."""
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE t (a TEXT)")
        database.executemany("INSERT INTO t VALUES (?)", [(TEXT * 20,)] * 50)
        database.commit()
        database.execute("DELETE FROM t")
    database.close()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM t").fetchone() == (0,)
        assert database.execute("PRAGMA freelist_count").fetchone() != (0,)
    hits = scan(tmp_path, VALUES)
    assert kinds(hits) == ALL
    assert {h.inner for h in hits} == {""}


@pytest.mark.parametrize(("mode", "suffix"), [("wal", "-wal"), ("persist", "-journal")])
def test_sqlite_journals(tmp_path: Path, mode: str, suffix: str) -> None:
    """What stands only in a write-ahead log or a rollback journal is found there."""
    path = tmp_path / "state.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("CREATE TABLE t (a TEXT)")
    database.execute("INSERT INTO t VALUES (?)", (TEXT,))
    database.execute(f"PRAGMA journal_mode = {mode}")
    database.execute("UPDATE t SET a = a || 'x'")
    hits = scan(tmp_path, VALUES)
    assert kinds([h for h in hits if h.path.name == f"state.db{suffix}"]) == ALL
    assert kinds([h for h in hits if h.inner == "t.a"]) == ALL  # a WAL database opens, too
    database.close()


def test_file_names(tmp_path: Path) -> None:
    """A value in a file's name is found."""
    (tmp_path / f"{MOBILE}.txt").touch()
    assert [h.inner for h in scan(tmp_path, VALUES)] == ["(file name)"]


def test_masks_and_other_numbers_are_no_hits(tmp_path: Path) -> None:
    """Masked values, random bytes and other numbers are not taken for values."""
    (tmp_path / "a").write_text("139****1234 110105********002X 6222****0128 13955501235 Wen@x.cn")
    (tmp_path / "b").write_bytes(os.urandom(300_000))
    (tmp_path / "c").write_text(os.urandom(50_000).hex())
    assert scan(tmp_path, VALUES) == []


def test_a_hit_carries_no_value(tmp_path: Path) -> None:
    """What the search reports can stand in test output: place, kind and a digest's beginning."""
    (tmp_path / "a").write_text(TEXT)
    for hit in scan(tmp_path, VALUES):
        assert not any(normal_form(v) in normal_form(repr(hit)) for v in VALUES)


def test_short_numbers_are_refused(tmp_path: Path) -> None:
    """A number that stands everywhere by chance is no value to search for."""
    with pytest.raises(ValueError, match="ten digits"):
        scan(tmp_path, ["55501234"])


def test_sample_values_are_found_in_the_samples() -> None:
    """Every value that was collected from the samples is found there, each file contributing."""
    values = sample_values(SAMPLES)
    found = scan(SAMPLES, values)
    assert len({h.digest for h in found}) > 0.99 * len(values)  # eight digits may coincide
    assert {"sales.xlsx", "service.csv", "legacy.db", "crm.db"} <= {h.path.name for h in found}
    assert {kind_of(v) for v in values} == ALL
    assert not [h for h in found if h.path.suffix in (".py", ".md", ".sh") and h.kind != "mail"]
