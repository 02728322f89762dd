"""Delimited files in every encoding and shape that exports come in."""

import os
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.errors import SourceFault
from crm_migrate.formats import open_file
from crm_migrate.formats.contract import KIND, Table
from crm_migrate.records import ROW

SIMPLIFIED = (
    "客户名称,联系电话,备注\n"
    "安岭机械有限公司,13800000001,重要客户\n北岸贸易有限公司,0571-88001000,等待回复\n"
)
TRADITIONAL = (
    "客戶名稱,聯絡電話,備註\n"
    "臺灣電子股份有限公司,02-27001000,重要客戶\n國際貿易公司,02-27001001,等待回覆\n"
)


def table_of(path: Path, content: bytes, **options: str) -> Table:
    path.write_bytes(content)
    (table,) = open_file(path, **options)  # type: ignore[arg-type]
    return table


def data_of(table: Table) -> pl.DataFrame:
    return pl.concat(list(table.batches())).filter(pl.col(KIND) == "data")


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8-sig"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "gbk", "gb18030"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "utf-8", "utf-8"),
        ("Name,City\nMüller & Söhne,Köln\nCafé Crème,Orléans\n", "cp1252", "cp1252"),
    ],
)
def test_encodings(tmp_path: Path, text: str, written: str, found: str) -> None:
    """R-1.1: byte-order mark, UTF-8, GB18030, Big5, UTF-16 and Western text are told apart."""
    table = table_of(tmp_path / "a.csv", text.encode(written))
    assert table.info.encoding == found
    first = text.splitlines()[0].split(",")
    assert list(table.info.columns) == first
    assert data_of(table)[first[0]].to_list() == [r.split(",")[0] for r in text.splitlines()[1:]]


def test_encoding_is_decided_by_the_whole_file(tmp_path: Path) -> None:
    """R-1.1: a long ASCII beginning does not hide Chinese text at the end."""
    text = "code,name\n" + "".join(f"A{i:05d},plain name\n" for i in range(20000)) + "A9,安岭机械\n"
    table = table_of(tmp_path / "late.csv", text.encode("gbk"))
    assert table.info.encoding == "gb18030"
    assert data_of(table)["name"][-1] == "安岭机械"


def test_stated_encoding_wins_and_is_checked(tmp_path: Path) -> None:
    """R-2.3: an override is used; one that does not fit is a fault with the line."""
    content = SIMPLIFIED.encode("gbk")
    assert table_of(tmp_path / "a.csv", content, encoding="gbk").info.encoding == "gbk"
    with pytest.raises(SourceFault, match="not utf-8"):
        open_file(tmp_path / "a.csv", encoding="utf-8")


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    """R-1.1: the delimiter is found; decimal commas do not confuse it."""
    rows = [
        ["客户名称", "年预算", "城市"],
        ["安岭机械", "1.5" if delimiter == "," else "1,5", "杭州"],
    ]
    text = "\n".join(delimiter.join(r) for r in [*rows, rows[1]])
    assert table_of(tmp_path / "a.txt", text.encode()).info.columns == (
        "客户名称",
        "年预算",
        "城市",
    )


def test_rows_are_lines_of_the_file(tmp_path: Path) -> None:
    """R-2.1: quoted line breaks and blank lines do not shift the row a person is sent to."""
    text = '\r\n"客户\r\n名称",电话\r\n"安岭,\r\n机械",1\r\n\r\n"说""甲""",2\r\n合计,3\r\n'
    table = table_of(tmp_path / "a.csv", text.encode())
    frame = pl.concat(list(table.batches()))
    assert frame.select(ROW, KIND).rows() == [
        (1, "blank"), (2, "header"), (4, "data"), (6, "blank"), (7, "data"), (8, "totals"),
    ]  # fmt: skip
    assert table.info.columns == ("客户名称", "电话")
    assert data_of(table)["客户名称"].to_list() == ["安岭,\n机械", '说"甲"']


def test_banner_before_a_wider_table(tmp_path: Path) -> None:
    """R-1.1: a title line narrower than the table cuts no column off."""
    text = "2024年客户名单\n\n客户名称,电话,城市\n安岭机械,88001000,杭州\n北岸贸易,88001001,宁波\n"
    table = table_of(tmp_path / "a.csv", text.encode())
    assert (table.info.header.first_row if table.info.header else None) == 3
    assert data_of(table).height == 2


def test_ragged_lines_lose_nothing(tmp_path: Path) -> None:
    """R-1.1: a line with more fields than the others keeps them in a column of its own."""
    body = "".join(f"第{i}公司,8800{i:04d}\n" for i in range(300))
    table = table_of(
        tmp_path / "a.csv", ("客户名称,电话\n" + body + "末位公司,88009999,多出\n").encode()
    )
    assert table.info.columns == ("客户名称", "电话", "列C")
    assert data_of(table)["列C"].drop_nulls().to_list() == ["多出"]


def test_no_header(tmp_path: Path) -> None:
    """R-1.1: a list without labels loses no row."""
    text = "".join(f"第{i}贸易公司,1380000{i:04d},2024-01-{i + 1:02d}\n" for i in range(20))
    table = table_of(tmp_path / "a.csv", text.encode())
    assert (table.info.header, table.info.rows) == (None, 20)


def test_damage_of_an_export(tmp_path: Path) -> None:
    """R-3.1: damage that was done before the export is found in the text."""
    text = (
        "姓名,手机,证件号码,备注,登记日期\n张一,13800000001.0,110105194912310000,#N/A,45351\n"
        "李二,1.38E+10,11010519491231002X,锟斤拷,2024-01-01\n王三,13800000003,,????,2024-01-02\n"
    )
    table = table_of(tmp_path / "a.csv", text.encode())
    assert set(table.damage().rows()) == {
        (2, "手机", "float_text"), (3, "手机", "precision_lost"), (2, "证件号码", "precision_lost"),
        (2, "备注", "excel_error"), (3, "备注", "mojibake"), (4, "备注", "replacement_char"),
        (2, "登记日期", "date_serial"),
    }  # fmt: skip
    assert data_of(table)["备注"][0] is None


def test_numbers_cut_short_by_their_notation(tmp_path: Path) -> None:
    """R-3.1: 9.13101E+17 has lost its digits and is no code; written in full it has them all."""
    text = (
        "税号,账号,注册资本\n9.13101E+17,6.22202E+18,1.2E+10\n"
        "1.380013800012E+10,1.3800138000E+10,500\n"
    )
    table = table_of(tmp_path / "a.csv", text.encode())
    assert set(table.damage().rows()) == {
        (2, "税号", "precision_lost"), (2, "账号", "precision_lost"), (2, "注册资本", "float_text"),
        (3, "税号", "float_text"), (3, "账号", "float_text"),
    }  # fmt: skip


def test_file_cut_inside_a_character(tmp_path: Path) -> None:
    """R-1.1: a transfer that broke off is a fault, in UTF-8 and in GB18030."""
    for encoding in ("utf-8", "gb18030"):
        whole = (SIMPLIFIED * 5).encode(encoding).rstrip(b"\n")
        (tmp_path / "cut.csv").write_bytes(whole[:-1])
        with pytest.raises(SourceFault, match="ends inside a character"):
            open_file(tmp_path / "cut.csv")


def test_a_single_broken_character_is_damage(tmp_path: Path) -> None:
    """R-3.1: one unreadable byte among thousands costs one cell a warning, not the whole file."""
    content = (SIMPLIFIED * 200).encode("gb18030")
    at = content.rfind("等".encode("gb18030"))
    table = table_of(tmp_path / "a.csv", content[:at] + b"\xff" + content[at + 2 :])
    assert table.damage()["kind"].to_list() == ["replacement_char"]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_stray_nul_is_damage_of_its_cell(tmp_path: Path, encoding: str) -> None:
    """R-3.1: a NUL byte in a text is taken out and costs its cell a warning; the rest is read."""
    text = '客户名称,备注\n甲公司,"第一行\n第二行"\n乙\0公司,好\n丙公司,\0\n'
    table = table_of(tmp_path / "a.csv", text.encode(encoding))
    assert table.info.encoding == encoding
    (batch,) = table.batches()
    data = batch.filter(pl.col("_kind") == "data")
    assert data["客户名称"].to_list() == ["甲公司", "乙公司", "丙公司"]
    assert data["备注"].to_list()[1:] == ["好", None]
    assert table.damage().rows() == [
        (4, "客户名称", "replacement_char"),
        (5, "备注", "replacement_char"),
    ]


def test_unclosed_quotation_mark(tmp_path: Path) -> None:
    """R-1.1: a quotation mark that swallows the rest of the file is a fault with its row."""
    text = '客户名称,备注\n甲公司,好\n乙公司,"说\n' + "丙公司,好\n" * 50
    (tmp_path / "a.csv").write_text(text, "utf-8")
    with pytest.raises(SourceFault, match="row 3"):
        open_file(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "content",
    [b"", b" \n\n", b"\x00\x01\x02\x03" * 40, b"\x00\x01\x02ab,c\n", b"a,b\n" + bytes(40)],
)
def test_empty_and_binary(tmp_path: Path, content: bytes) -> None:
    """R-1.1: empty files and binary junk are named as such."""
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SourceFault) as caught:
        open_file(tmp_path / "a.csv")
    assert caught.value.remedy is not None


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """R-1.1: nothing there, or a folder, in words."""
    with pytest.raises(SourceFault, match="no such file"):
        open_file(tmp_path / "none.csv")
    with pytest.raises(SourceFault, match="folder"):
        open_file(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights do not bind this user")
def test_file_without_rights(tmp_path: Path) -> None:
    """R-5.1: a file that may not be read is a fault of rights, not of format."""
    (tmp_path / "a.csv").write_bytes(b"a,b\n")
    (tmp_path / "a.csv").chmod(0)
    with pytest.raises(SourceFault, match="right"):
        open_file(tmp_path / "a.csv")


def test_unknown_column_is_a_fault(tmp_path: Path) -> None:
    """R-2.3: asking for a column that is not there names those that are."""
    table = table_of(tmp_path / "a.csv", SIMPLIFIED.encode())
    with pytest.raises(SourceFault) as caught:
        table.batches(["邮箱"])
    assert caught.value.remedy is not None
    assert "联系电话" in caught.value.remedy.zh
