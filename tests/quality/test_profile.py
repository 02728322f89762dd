"""The profile: what is in files that nobody has seen before."""

import json
import random
import sqlite3
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from crm_migrate.errors import SourceFault
from crm_migrate.formats import open_file
from crm_migrate.formats.detect import detect
from crm_migrate.model import SemanticType as T
from crm_migrate.quality.profile import profile, profile_path, to_json

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc(n: int) -> str:
    body = f"91330108MA{n:07d}"
    total = sum(_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + _ALPHABET[(31 - total % 31) % 31]


def card(n: int) -> str:
    body = f"622202{n:012d}"
    digits = [int(c) for c in reversed(body)]
    total = sum(d if i % 2 else (d * 2) // 10 + (d * 2) % 10 for i, d in enumerate(digits))
    return body + str(-total % 10)


COLUMNS: dict[T, tuple[str, list[str]]] = {
    T.USCC: ("代码", [uscc(i) for i in range(40)]),
    T.ID_NUMBER: ("号码", [f"33010819{60 + i}0{1 + i % 9}15{i:03d}X" for i in range(40)]),
    T.BANK_CARD: ("卡", [card(i * 7919) for i in range(40)]),
    T.MOBILE: ("联系", [f"138-{i:04d}-{i * 7:04d}" for i in range(40)]),
    T.PHONE: ("联系", [f"0571-88{i:06d}转{i}" if i % 2 else f"1390000{i:04d}" for i in range(40)]),
    T.EMAIL: ("联系", [f"user{i}@example.com" for i in range(40)]),
    T.WEBSITE: ("主页", [f"www.example{i}.com" for i in range(40)]),
    T.COMPANY_NAME: ("名称", [f"杭州{c}岭机械有限公司" for c in "安北辰东南西春夏秋冬"]),
    T.PERSON_NAME: ("甲", [f"{s}{g}" for s in "王李张刘陈" for g in ("建国", "敏", "晓雯")]),
    T.DATE: ("乙", [f"2024/{1 + i % 12}/{1 + i % 28}" for i in range(40)]),
    T.AMOUNT: ("丙", [f"{i * 13}.5" for i in range(40)]),
    T.INTEGER: ("丁", [str(i * 17) for i in range(40)]),
    T.PERCENTAGE: ("戊", ["30%", "60%", "90%"]),
    T.INDUSTRY: ("己", ["制造业-专用设备", "批发和零售业", "住宿和餐饮业", "建筑业"]),
    T.ADDRESS: ("庚", [f"浙江省杭州市西湖区文三路{i}号" for i in range(40)]),
    T.VOCABULARY: ("辛", ["潜在客户", "成交客户", "流失客户"] * 10),
    T.CODE: ("壬", [f"KH{i:06d}" for i in range(40)]),
    T.TEXT: ("癸", ["蓝色", "轻便", "小包装", "耐热", "常温", "加厚"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(COLUMNS))
def test_type_is_known_by_its_values(kind: T) -> None:
    """R-2.3: a label that says nothing does not keep a column from being recognised."""
    _, values = COLUMNS[kind]
    found = detect(pl.Series(values), "x")
    assert found.type == kind
    assert 0 < found.confidence <= 1


def test_label_settles_what_values_leave_open() -> None:
    """R-2.3: whole numbers under 金额 are amounts; dates under 电话 stay dates."""
    numbers = pl.Series([str(i * 1000) for i in range(30)])
    assert detect(numbers, "业务信息/合同金额").type == T.AMOUNT
    assert detect(pl.Series(COLUMNS[T.DATE][1]), "电话").type == T.DATE
    assert detect(pl.Series(COLUMNS[T.PERSON_NAME][1]), "负责人").type == T.OWNER
    assert detect(pl.Series([], dtype=pl.String), "手机").confidence == 0


@pytest.mark.parametrize(("letter", "start"), [("S", 1000), ("N", 40), ("A", 10), ("C", 130)])
def test_running_numbers_are_codes(letter: str, start: int) -> None:
    """R-2.3: a letter and a running number identify rows; they name no industry."""
    values = [f"{letter}{n:02d}" for n in range(start, start + 60)]
    assert detect(pl.Series(values), "x").type == T.CODE
    assert detect(pl.Series([f"A{n:03d}" for n in range(60)]), "x").type == T.CODE


def test_industry_codes_repeat_and_exist() -> None:
    """R-2.3: divisions of GB/T 4754 on many rows are industries; under 行业 a few suffice."""
    codes = ["C35", "C3511", "F51", "A01", "I65"]
    assert detect(pl.Series(codes * 8), "x").type == T.INDUSTRY
    assert detect(pl.Series(codes), "所属行业").type == T.INDUSTRY
    assert detect(pl.Series(["C99", "Z12", "S10", "N40"] * 8), "x").type != T.INDUSTRY


def test_detection_does_not_depend_on_row_order() -> None:
    """R-2.3: a sorted and a shuffled column are the same column."""
    values = [f"1380000{i:04d}" if i % 3 else f"0571-8800{i:04d}" for i in range(6000)]
    shuffled = random.Random(7).sample(values, len(values))
    assert detect(pl.Series(values), "x") == detect(pl.Series(shuffled), "x")


def sheet(path: Path) -> None:
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.title = "客户"
    ws.append(["客户登记表"])
    ws.append(["客户名称", "手机", "统一社会信用代码"])
    ws.append([" 安岭机械有限公司", 13800000001, uscc(1)])
    ws.append(["北岸贸易有限公司", "１３８００００００２", uscc(2)])
    ws.append(["辰光电子有限公司", "13800000003、13800000004", 110105194912310000])
    ws.append(["辰光电子有限公司", None, "#N/A"])
    wb.save(path)


def test_profile_of_a_sheet(tmp_path: Path) -> None:
    """R-4.1: counts, types and damage with rows as a person counts them."""
    sheet(tmp_path / "a.xlsx")
    (table,) = profile(open_file(tmp_path / "a.xlsx"))
    name, mobile, code = table.columns
    assert (table.rows, table.header and table.header.first_row) == (4, 2)
    assert (name.filled, name.distinct, mobile.filled, code.filled) == (4, 3, 3, 3)
    assert [c.type for c in table.columns] == [T.COMPANY_NAME, T.MOBILE, T.USCC]
    assert {(d.kind, d.count, d.rows) for c in table.columns for d in c.damage} == {
        ("padding", 1, (3,)), ("number_as_code", 1, (3,)), ("full_width", 1, (4,)),
        ("several_values", 1, (5,)), ("precision_lost", 1, (5,)), ("excel_error", 1, (6,)),
    }  # fmt: skip


def test_json_is_what_scripts_read(tmp_path: Path) -> None:
    """R-4.1: the JSON object has exactly the documented keys."""
    sheet(tmp_path / "a.xlsx")
    document = json.loads(json.dumps(to_json(profile_path(tmp_path / "a.xlsx"))))
    (table,) = document["tables"]
    assert list(table) == ["source", "sheet", "header", "encoding", "rows", "columns"]
    assert table["header"] == {"first_row": 2, "last_row": 2}
    assert list(table["columns"][0]) == [
        "name", "type", "confidence", "filled", "distinct", "damage",
    ]  # fmt: skip
    assert table["columns"][0]["damage"] == [{"kind": "padding", "count": 1, "rows": [3]}]


def test_folder_database_and_url(tmp_path: Path) -> None:
    """R-1.1: a folder is profiled file by file, databases in it and by URL as well."""
    sheet(tmp_path / "a.xlsx")
    (tmp_path / "b.csv").write_text("姓名,手机\n王建,13800000001\n", "utf-8")
    (tmp_path / "~$a.xlsx").write_bytes(b"lock")
    (tmp_path / "readme.md").write_text("no table", "utf-8")
    with sqlite3.connect(tmp_path / "c.db") as db:
        db.execute("CREATE TABLE contacts (id INTEGER PRIMARY KEY, mail TEXT)")
        db.execute("INSERT INTO contacts VALUES (1, 'a@example.com')")
    db.close()
    assert [t.source for t in profile_path(tmp_path)] == ["a.xlsx", "b.csv", "c.db"]
    (table,) = profile_path(f"sqlite:///{tmp_path / 'c.db'}")
    assert (table.sheet, table.rows, table.columns[1].type) == ("contacts", 1, T.EMAIL)


def test_faulty_files_of_a_folder(tmp_path: Path) -> None:
    """R-1.1: one broken file does not hide the others when faults are collected."""
    sheet(tmp_path / "a.xlsx")
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04 broken")
    faults: list[SourceFault] = []
    assert [t.source for t in profile_path(tmp_path, on_fault=faults.append)] == ["a.xlsx"]
    assert [f.where for f in faults] == ["b.xlsx"]
    with pytest.raises(SourceFault):
        profile_path(tmp_path)


def test_profiling_writes_nothing(tmp_path: Path) -> None:
    """`profile` needs no project and leaves no file behind."""
    sheet(tmp_path / "a.xlsx")
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    profile_path(tmp_path)
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before
