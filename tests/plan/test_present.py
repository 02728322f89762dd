"""The target's rows as records, and golden values as the target stores them (R-2.3, R-3.2)."""

import polars as pl
import pytest

from crm_migrate.model import Entity
from crm_migrate.plan.target.form import to_target
from crm_migrate.plan.target.present import present_records, resolve_references, smallest_keys
from crm_migrate.project.mapping_file import TargetColumn, TargetEntity
from crm_migrate.records import record_id
from tests.plan.crm import (
    ACCOUNTS,
    CONTACT,
    CUSTOMER,
    MODEL,
    PEOPLE,
    RECORD_KEY,
    USERS,
    columns_of,
    frame,
)


def present(entity: Entity, mapping: TargetEntity, *rows: dict[str, str | None]) -> pl.DataFrame:
    stored = frame(list(rows), columns_of(mapping))
    return present_records(entity, mapping, stored, USERS, RECORD_KEY, target="crm")


def test_rows_become_records_with_identity_and_provenance() -> None:
    """Identity is the row's key; place and ordinal are provenance, in the order of the keys."""
    found = present(CUSTOMER, ACCOUNTS, {"id": "10", "account_name": "乙"}, {"id": "9"})
    assert found["target_key"].to_list() == ["9", "10"]
    assert found["record_id"][1] == record_id(RECORD_KEY, "@target", "customer", "10")
    assert found.select("_source", "_file", "_sheet", "_row").row(1) == (
        "@target",
        "crm",
        "accounts",
        2,
    )


def test_values_and_owners_are_read_back_and_unknown_ones_do_not_pass_for_empty() -> None:
    """Reverse value maps and look-ups; what they do not know stays as stored."""
    found = present(
        CUSTOMER,
        ACCOUNTS,
        {"id": "1", "status": "W", "owner_id": "8", "parent_id": "7", "memo": ""},
        {"id": "2", "status": "Z", "owner_id": "99"},
    )
    first, second = found.to_dicts()
    assert (first["customer_type"], first["owner"], first["parent"]) == (
        "成交客户",
        "周舟",
        "@key:7",
    )
    assert first["remark"] is None
    assert (second["customer_type"], second["owner"]) == ("Z", "99")


@pytest.mark.parametrize(
    ("entity", "field", "stored", "canonical"),
    [
        ("contract", "amount", "1200000.00", "1200000"),
        ("contract", "amount", "0.50", "0.5"),
        ("contract", "amount", "1200", "1200"),
        ("contract", "signed_on", "2024-02-29 00:00:00", "2024-02-29"),
        ("contract", "signed_on", "2024-02-29T00:00:00.000", "2024-02-29"),
        ("contact", "primary", "1", "true"),
        ("contact", "primary", "f", "false"),
        ("contact", "name", "1.00", "1.00"),
    ],
)
def test_databases_print_values_differently(
    entity: str, field: str, stored: str, canonical: str
) -> None:
    """Numbers, dates and booleans are compared in canonical text."""
    mapping = TargetEntity(table="t", key="id", fields={field: TargetColumn(column="c")})
    rows = pl.DataFrame({"id": ["1"], "c": [stored]})
    found = present_records(MODEL.entity(entity), mapping, rows, {}, RECORD_KEY)
    assert found[field].to_list() == [canonical]


def test_references_are_resolved_where_golden_ids_are_known() -> None:
    """Several rows of one golden record lead to the same id; others stay keys."""
    rows = [{"id": str(n), "account_id": k} for n, k in enumerate(("11", "12", "13", None))]
    found = present(CONTACT, PEOPLE, *rows)
    known = pl.DataFrame({"target_key": ["11", "12"], "golden_id": ["g1", "g1"]})
    resolved = resolve_references(CONTACT, found, {"customer": known})
    assert resolved["customer"].to_list() == ["g1", "g1", "@key:13", None]


def test_the_row_that_we_wrote_is_taken_before_a_smaller_key() -> None:
    """Otherwise the smallest key, by number."""
    rows = pl.DataFrame(
        {"golden_id": ["g1", "g1", "g1", None], "target_key": ["9", "10", "8", "1"]}
    )
    base = pl.DataFrame({"golden_id": ["g1"], "target_key": ["10"]})
    assert smallest_keys(rows)[0]["target_key"].to_list() == ["8"]
    first, others = smallest_keys(rows, base)
    assert first["target_key"].to_list() == ["10"]
    assert others["target_key"].to_list() == ["8", "9"]


def test_an_ambiguous_look_up_does_not_fit() -> None:
    """User need 16: the first of several matches is never used."""
    users = {"users": pl.DataFrame({"id": ["7", "8", "9"], "name": ["陈晨", "陈晨", "周舟"]})}
    field, column = CUSTOMER.by_name["owner"], ACCOUNTS.fields["owner"]
    values = pl.Series(["陈晨", "周舟", None])
    text, fits = to_target(field, column, None, values, users)
    assert text.to_list() == [None, "9", None]
    assert fits.to_list() == [False, True, True]
    assert to_target(field, column, None, values, {})[1].to_list() == [False, False, True]
