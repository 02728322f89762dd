"""The committed samples are what samples/README.md claims."""

import csv
import re
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import yaml
from sqlalchemy import create_engine, inspect, select
from stdnum import luhn
from stdnum.cn import ric, uscc

from samples.generator import (
    crm,
    crm_schema,
    identifiers,
    legacy,
    legacy_schema,
    sales,
    service,
    staff,
    world,
)  # fmt: skip
from samples.make_samples import make

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
CODE, PHONE = sales.COLUMNS.index("统一社会信用代码"), sales.COLUMNS.index("联系方式")


@pytest.fixture(scope="module")
def truth() -> list[dict[str, str]]:
    with (SAMPLES / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def book() -> openpyxl.Workbook:
    return openpyxl.load_workbook(SAMPLES / "sales.xlsx")


@pytest.fixture(scope="module")
def sheet(book: openpyxl.Workbook) -> list[tuple[object, ...]]:
    return [tuple(row) for row in book[sales.SHEET].iter_rows(values_only=True)]


@pytest.fixture(scope="module")
def rows(sheet: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [row for row in sheet[3:] if isinstance(row[0], int)]


@pytest.fixture(scope="module")
def tickets() -> list[dict[str, str]]:
    with (SAMPLES / "service.csv").open(encoding="gb18030", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def old() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{SAMPLES / 'legacy.db'}?mode=ro", uri=True)
    yield connection
    connection.close()


@pytest.fixture
def new() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    with sqlite3.connect(f"file:{SAMPLES / 'crm.db'}?mode=ro", uri=True) as stored:
        stored.backup(connection)
    stored.close()
    yield connection
    connection.close()


def count(database: sqlite3.Connection, query: str) -> int:
    return int(database.execute(query).fetchone()[0])


def test_sizes(truth: list[dict[str, str]]) -> None:
    """R-1.1: about 3,000 customers in three channels and a CRM, a fifth of them repeated."""
    by_source = Counter(t["source"] for t in truth)
    assert by_source["sales"] in range(1350, 1450)
    assert by_source["service"] in range(1000, 1200)
    assert by_source["legacy"] in range(1850, 1950)
    assert by_source["crm"] == 360
    seen = Counter()
    for source in ("sales", "service", "legacy"):
        seen.update({t["customer"] for t in truth if t["source"] == source})
    assert len(seen) in range(2900, 3300)
    assert 0.15 < sum(n > 1 for n in seen.values()) / len(seen) < 0.30
    assert sum(p.stat().st_size for p in SAMPLES.glob("*.*")) < 6_000_000


def test_truth_holds_no_personal_values(truth: list[dict[str, str]]) -> None:
    """R-5.4: the truth names records by key and row only."""
    for line in truth:
        assert re.fullmatch(r"(XS|GD|KH)?\d*", line["key"])
        assert line["customer"].isdigit()


def test_sales_workbook_has_the_marks_of_a_real_one(
    book: openpyxl.Workbook, sheet: list[tuple[object, ...]], rows: list[tuple[object, ...]]
) -> None:
    """R-1.1: banner, merged header of two rows, line break, totals, notes, hidden parts."""
    page = book[sales.SHEET]
    assert book["参数"].sheet_state == "hidden"
    merged = {str(r) for r in page.merged_cells.ranges}
    assert {"A1:V1", "A2:A3", "B2:G2", "H2:K2", "L2:S2", "U2:V2"} <= merged
    assert sheet[0][0]
    assert not any(sheet[0][1:])
    assert "统一社会\n信用代码" in sheet[2]
    end = 3 + len(rows)
    assert sheet[end][0] == "合计"
    assert str(sheet[end + 2][0]).startswith("注：")
    assert page.column_dimensions["V"].hidden
    assert sum(d.hidden for d in page.row_dimensions.values()) == 3


def test_sales_codes_are_damaged_as_excel_does(rows: list[tuple[object, ...]]) -> None:
    """R-2.1: codes as numbers, 15-digit registration numbers, missing codes; the rest valid."""
    codes = [row[CODE] for row in rows]
    damaged = [c for c in codes if isinstance(c, (int, float)) and c > 10**17]
    assert len(damaged) >= 20
    shown = [f"{Decimal(str(c)):f}" for c in damaged]
    assert all(s.endswith("000") for s in shown)
    # One in 31 fits its check digit by chance: only the lost digits themselves give it away.
    assert sum(uscc.is_valid(s) for s in shown) < 0.1 * len(shown)
    old_numbers = [c for c in codes if len(str(c)) == 15]
    assert 0.06 < len(old_numbers) / len(codes) < 0.14
    assert any(isinstance(c, int) for c in old_numbers)
    assert all(identifiers_agree(str(c)) for c in old_numbers)
    assert sum(c is None for c in codes) > 100
    whole = [str(c) for c in codes if isinstance(c, str) and len(c) == 18]
    valid = sum(uscc.is_valid(c.upper()) for c in whole)
    assert 0.93 < valid / len(whole) < 1  # a few are mistyped


def identifiers_agree(number: str) -> bool:
    """ISO 7064 MOD 11,10 over all 15 digits leaves 1."""
    product = 10
    for digit in number[:-1]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (product + int(number[-1])) % 10 == 1


def test_sales_cells_vary_as_people_do(rows: list[tuple[object, ...]]) -> None:
    """R-2.1: numbers and text for telephones, dates and amounts; hostile text stays text."""
    phones = [row[PHONE] for row in rows]
    assert sum(isinstance(p, int) for p in phones) > 400
    assert any(isinstance(p, str) and p.endswith(".0") for p in phones)
    assert any(isinstance(p, str) and "E+" in p for p in phones)
    dates = [row[sales.COLUMNS.index("登记日期")] for row in rows]
    for style in (r"\d{4}/\d{1,2}/\d{1,2}", r"\d{4}年\d{1,2}月\d{1,2}日", r"\d{8}"):
        assert any(isinstance(d, str) and re.fullmatch(style, d) for d in dates)
    assert any(not isinstance(d, (str, int)) for d in dates)
    budgets = {str(row[sales.COLUMNS.index("年采购预算(万元)")]) for row in rows}
    assert {"120万元", "1,200", "80 万"} <= budgets
    demands = [str(row[sales.COLUMNS.index("需求描述")]) for row in rows]
    assert any(d.startswith("=cmd") for d in demands)


def test_service_file_is_gb18030_and_messy(tickets: list[dict[str, str]]) -> None:
    """R-1.1, R-5.3: not UTF-8; odd telephones, traditional characters, secrets in remarks."""
    data = (SAMPLES / "service.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert tuple(tickets[0]) == service.COLUMNS
    phones = [t["联系电话"] for t in tickets]
    assert any(p.startswith("+86") for p in phones)
    assert any("、" in p or "/" in p for p in phones)
    assert any(p != unicodedata.normalize("NFKC", p) for p in phones)
    assert any("責" in t["客户名称"] or "電" in t["客户名称"] for t in tickets)
    words = [unicodedata.normalize("NFKC", t["问题描述"] + t["备注"]) for t in tickets]
    ids = [m for w in words if (m := re.search(r"身份证.*?(\d{17}[\dX])", w))]
    cards = [m.group(1) for w in words if (m := re.search(r"(?:银行卡|卡号 )([\d ]{19,23})", w))]
    assert len(ids) > 30
    assert all(ric.calc_check_digit(m.group(1)) == m.group(1)[-1] for m in ids)
    assert len(cards) > 10
    assert all(luhn.is_valid(c.replace(" ", "")) for c in cards)
    numbers = Counter(t["工单编号"] for t in tickets)
    assert numbers.pop("") > 2
    assert sum(n > 1 for n in numbers.values()) > 2


def test_legacy_has_orphans_groups_and_shared_switchboards(old: sqlite3.Connection) -> None:
    """R-1.4: children of deleted customers, group parents, numbers that many share."""
    for table in ("contacts", "orders", "follow_ups", "tags", "attachments"):
        orphans = (
            f"SELECT count(*) FROM {table} WHERE cust_id NOT IN (SELECT cust_id FROM customers)"
        )
        assert count(old, orphans) > 0, table
    # The orphans lie where the old system declares no foreign key.
    assert old.execute("PRAGMA foreign_key_check").fetchall() == []
    assert count(old, "SELECT count(*) FROM customers WHERE parent_id IS NOT NULL") > 60
    shared = "SELECT max(n) FROM (SELECT count(*) n FROM customers GROUP BY tel HAVING tel <> '')"
    assert count(old, shared) >= 8
    assert count(old, "SELECT count(*) FROM contacts WHERE id_number IS NOT NULL") > 100
    ids = old.execute("SELECT id_number FROM contacts WHERE id_number IS NOT NULL").fetchall()
    assert all(ric.calc_check_digit(i) == i[-1] for (i,) in ids)


def test_branches_have_codes_of_their_own(old: sqlite3.Connection) -> None:
    """R-1.4: a branch carries its head office's name but never its code: they must not merge."""
    pairs = old.execute(
        "SELECT b.uscc, h.uscc FROM customers b JOIN customers h ON b.parent_id = h.cust_id "
        "WHERE b.cust_name LIKE '%分公司' AND b.uscc IS NOT NULL AND h.uscc IS NOT NULL"
    ).fetchall()
    assert len(pairs) > 30
    assert all(branch != head for branch, head in pairs)


def test_cases_that_need_people(truth: list[dict[str, str]]) -> None:
    """R-1.5, R-3.3: 15 customers with two owners, 40 doubtful pairs."""
    cases = Counter(t["case"] for t in truth)
    assert cases["two_owners"] == 15
    assert cases["doubtful_same"] + cases["doubtful_other"] == 40
    for line in truth:
        assert line["case"] != "doubtful_other" or line["customer"] != line["other"]
        assert line["case"] != "doubtful_same" or line["customer"] == line["other"]


def test_two_owners_belong_to_two_departments() -> None:
    """R-1.5: only the 撞单 customers have owners that differ after the owner map."""
    whole = world.build()
    owners: dict[int, set[str]] = {}
    for source in ("sales", "service", "legacy"):
        for entry in whole.entries[source]:
            owners.setdefault(entry.customer.number, set()).add(entry.owner)
    several = [names for names in owners.values() if len(names) > 1]
    assert len(several) == 15
    assert all(len({staff.department(n) for n in names}) == 2 for names in several)


def test_crm_is_not_empty_and_defends_itself(new: sqlite3.Connection) -> None:
    """The target has data, unique keys, vocabularies, foreign keys and triggers."""
    new.execute("PRAGMA foreign_keys = ON")
    assert new.execute("PRAGMA foreign_key_check").fetchall() == []
    assert count(new, "SELECT count(*) FROM accounts") == 360
    for table in ("account_contacts", "products", "contracts", "deals", "cases", "account_tags"):
        assert count(new, f"SELECT count(*) FROM {table}") > 0, table
    for statement in (
        "UPDATE accounts SET account_status = 'sleeping' WHERE id = 1",
        "UPDATE accounts SET account_name = NULL WHERE id = 1",
        "UPDATE accounts SET owner_user_id = 999 WHERE id = 1",
        "UPDATE accounts SET account_no = 'A100002' WHERE id = 1",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            new.execute(statement)
    before = count(new, "SELECT updated_at IS NULL FROM accounts WHERE id = 1")
    stamp = new.execute("SELECT updated_at FROM accounts WHERE id = 1").fetchone()
    new.execute("UPDATE accounts SET note = 'x' WHERE id = 1")
    assert before == 0
    assert new.execute("SELECT updated_at FROM accounts WHERE id = 1").fetchone() != stamp


def test_crm_rows_were_edited_by_hand(new: sqlite3.Connection) -> None:
    """Some CRM rows differ from the sources in telephone, address or status."""
    whole = world.build()
    accounts = crm.build(whole, legacy.build(whole)).tables["accounts"]
    true = {c.uscc: c for c in whole.in_crm if c.uscc}
    known = [(a, true[str(a["credit_code"])]) for a in accounts if a["credit_code"] in true]
    assert sum(a["tel"] != c.phone for a, c in known) > 10
    assert sum(str(a["street_address"]).find("迁址") > 0 for a, _ in known) > 10
    assert sum(a["account_name"] != c.name for a, c in known) > 10


def test_the_same_seed_gives_the_same_cells(
    tmp_path: Path, rows: list[tuple[object, ...]], old: sqlite3.Connection
) -> None:
    """The committed files are what the generator makes, cell by cell; also in other databases."""
    make(tmp_path, legacy_url=f"sqlite:///{tmp_path / 'elsewhere.db'}")
    again = openpyxl.load_workbook(tmp_path / "sales.xlsx")[sales.SHEET]
    made = [tuple(r) for r in again.iter_rows(values_only=True)]
    assert made[3 : 3 + len(rows)] == rows
    for name in ("service.csv", "truth.csv"):
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes()
    assert not (tmp_path / "legacy.db").exists()
    engine = create_engine(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    with engine.connect() as connection:
        for table in legacy_schema.METADATA.sorted_tables:
            key = next(iter(table.primary_key.columns))
            values = [tuple(r) for r in connection.execute(select(key).order_by(key))]
            stored = old.execute(f"SELECT {key.name} FROM {table.name} ORDER BY 1").fetchall()
            assert values == stored
    engine.dispose()


def test_crm_tables_follow_target_mapping() -> None:
    """R-2.3: every table and column that mappings/target.yaml names exists in the CRM."""
    target = yaml.safe_load((ROOT / "mappings" / "target.yaml").read_text("utf-8"))
    engine = create_engine(f"sqlite:///{SAMPLES / 'crm.db'}")
    inspector = inspect(engine)
    for name, entity in target["entities"].items():
        columns = {c["name"] for c in inspector.get_columns(entity["table"])}
        for field, column in entity["fields"].items():
            wanted = column if isinstance(column, str) else column["column"]
            assert wanted in columns, (name, field)
    engine.dispose()
    order = list(target["entities"])
    assert order.index("product") < order.index("order")
    assert {t.name for t in crm_schema.METADATA.sorted_tables} >= {
        e["table"] for e in target["entities"].values()
    }


def test_scale_multiplies_the_customers() -> None:
    """A smaller or larger world keeps its proportions and its unique telephones."""
    small = world.build(scale=0.1)
    assert len(small.entries["sales"]) in range(135, 147)
    mobiles = [p.mobile for c in small.customers for p in c.people]
    assert len(mobiles) == len(set(mobiles))


def test_check_digits_agree_with_published_examples() -> None:
    """GB 32100-2015 and GB 11714-1997: the generator's arithmetic gives the known check digits."""
    for code in ("91110000600037341L", "91110108551385082Q", "9111010894Y6W19290"):
        assert identifiers.uscc_check(code[:17]) == code[17]
        assert identifiers.organisation_check(code[8:16]) == code[16]
