"""Identifiers in each other's columns, and what rules ask of them."""

from datetime import date

import polars as pl
import pytest

from crm_migrate.standards.entity.standardize import standardize
from crm_migrate.standards.rules.compiler import compile_expression
from crm_migrate.standards.rules.kinds import Kind

GOOD = {"name": "北京恒通科技有限公司"}
CODE, ORGANISATION = "91110108551385082Q", "551385082"
OTHER = "91110000600037341L"


@pytest.fixture
def run(model, mapped):
    """Standardize one record; its values and the codes found by field."""

    def once(entity: str, **row: str) -> tuple[dict[str, str], set[tuple[str, str]]]:
        result = standardize(model.entity(entity), mapped(entity, [row]), model, origins={})
        found = result.findings.select("field", "rule").rows()
        return result.records.row(0, named=True), set(found)

    return once


@pytest.mark.parametrize(
    ("stands", "goes", "typed", "value", "rule"),
    [
        ("uscc", "registration_number", "110108 000000016", "110108000000016", "uscc.moved"),
        ("uscc", "organisation_code", "55138508－2", ORGANISATION, "uscc.moved_organisation_code"),
        ("uscc", "tax_number", "110108551385082", "110108551385082", "uscc.moved_tax_number"),
        ("registration_number", "uscc", CODE.lower(), CODE, "registration_number.moved_uscc"),
        ("organisation_code", "uscc", CODE, CODE, "organisation_code.moved_uscc"),
    ],
)
def test_codes_of_companies_go_to_their_own_fields(run, stands, goes, typed, value, rule):
    """R-2.1: what is another identifier, check digit included, moves there with a note."""
    record, found = run("customer", **GOOD, **{stands: typed})
    assert (record[stands], record[goes]) == (None, value)
    assert (stands, rule) in found
    assert not {r for f, r in found if f == stands} - {rule}


def test_what_fails_its_check_stays(run):
    """R-2.1: nine or fifteen characters with a wrong check digit are kept and reported."""
    for typed, rule in (("551385083", "uscc.too_short"), ("110108000000017", "uscc.old_number")):
        record, found = run("customer", **GOOD, uscc=typed)
        assert record["uscc"] == typed
        assert ("uscc", rule) in found


def test_occupied_fields_keep_what_they_hold(run):
    """R-2.1: two different codes wait for a person; equal ones need nobody."""
    record, found = run("customer", **GOOD, uscc=OTHER, registration_number=CODE)
    assert (record["uscc"], record["registration_number"]) == (OTHER, CODE)
    assert ("registration_number", "value.not_moved") in found
    record, found = run("customer", **GOOD, uscc=CODE, registration_number=CODE)
    assert (record["uscc"], record["registration_number"]) == (CODE, None)
    assert ("registration_number", "registration_number.moved_uscc") in found


def test_a_tax_number_of_today_is_the_unified_code(run):
    """R-2.1: a missing code is filled from the tax number, where that is a valid one."""
    record, found = run("customer", **GOOD, tax_number=CODE)
    assert record["uscc"] == record["tax_number"] == CODE
    assert ("uscc", "uscc.from_tax_number") in found
    record, _ = run("customer", **GOOD, tax_number="11010519491231002X")
    assert record["uscc"] is None
    record, _ = run("customer", **GOOD, tax_number=CODE, uscc=OTHER)
    assert record["uscc"] == OTHER


def test_passports_leave_the_column_of_identity_numbers(run):
    """R-2.1: a letter or its name shows a passport or permit; eight digits show nothing."""
    record, found = run("contact", name="张三", id_number="e 12345678")
    assert (record["id_number"], record["travel_document"]) == (None, "E12345678")
    assert ("id_number", "id_number.moved_document") in found
    record, found = run("contact", name="张三", id_number="12345678")
    assert (record["id_number"], record["travel_document"]) == ("12345678", None)
    assert ("id_number", "id_number.format") in found
    for said in ("台胞证12345678", "中国护照 E12345678", "港澳居民来往内地通行证：H12345678"):
        record, found = run("contact", name="张三", id_number=said)
        assert (record["id_number"], record["travel_document"]) == (None, said[-9:].lstrip("证"))


@pytest.mark.parametrize(
    ("entity", "text", "values", "answer"),
    [
        ("customer", "authority(uscc) = '工商'", {"uscc": CODE}, True),
        ("customer", "organisation_class(uscc) = '个体工商户'", {"uscc": CODE}, False),
        ("customer", "organisation_code(uscc) = organisation_code",
         {"uscc": CODE, "organisation_code": ORGANISATION}, True),
        ("customer", "organisation_code(tax_number) = organisation_code(uscc)",
         {"uscc": CODE, "tax_number": "11010519491231002X"}, None),
        ("customer", "region(uscc) = '110108'", {"uscc": CODE}, True),
        ("contact", "province(id_number) = '北京市'", {"id_number": "11010519491231002X"}, True),
        ("contact", "province(id_number) is null", {"id_number": "911156199001010012"}, True),
        ("contact", "birth_date(id_number) <= today()", {"id_number": "110105204912310021"}, False),
        ("contact", "document_kind(id_number) = '居民身份证'",
         {"id_number": "11010519491231002X"}, True),
        ("contact", "document_kind(travel_document) = '护照'",
         {"travel_document": "12345678"}, None),
        ("contact", "document_fits(travel_document, document_kind)",
         {"travel_document": "12345678", "document_kind": "台湾居民来往大陆通行证"}, True),
    ],
)  # fmt: skip
def test_what_rules_may_ask(model, entity: str, text: str, values: dict[str, str], answer):
    """R-2.1: parts of identifiers are there for rules; what cannot be told is unknown."""
    made = compile_expression(text, model.entity(entity), model, Kind.TRUTH)
    names = {n: values.get(n) for n in made.columns}
    frame = pl.DataFrame([names], schema=dict.fromkeys(names, pl.String))
    frame = frame.with_columns(pl.lit(date(2026, 1, 1)).alias("@today"))
    assert frame.select(made.expr).item() is answer
