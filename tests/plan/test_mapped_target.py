"""The mapping beside the target's schema: refused, unchecked, slow; and partial unique keys."""

from typing import Any

import polars as pl
import pytest

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.plan.target.mapped import misfits_of, require_writable, slow_matches, unchecked
from crm_migrate.plan.target.predicate import columns_of, holds
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.protection.policy import Treatment
from crm_migrate.systems.target_schema import (
    Check,
    ColumnInfo,
    ForeignKey,
    TargetSchema,
    TargetTable,
    UniqueKey,
)

MAPPING = TargetMapping.model_validate(
    {
        "target": "crm",
        "entities": {
            "contact": {
                "table": "people",
                "key": "id",
                "match": ["name"],
                "golden_id": "gid",
                "fields": {
                    "name": "full_name",
                    "id_number": {"column": "card", "index": "card_ix"},
                },
                "constants": {"kind": "K"},
            },
        },
    }
)
SEALED = {"contact": {"name": Treatment.CLEAR, "id_number": Treatment.SEAL}}


def schema(*changed: ColumnInfo, **more: Any) -> TargetSchema:
    """A table that everything fits, but for what is changed."""
    columns = {
        c.name: c
        for c in (
            ColumnInfo("id", "int", kind="integer"),
            ColumnInfo("full_name", "text"),
            ColumnInfo("card", "text"),
            ColumnInfo("card_ix", "varchar(16)", length=16),
            ColumnInfo("gid", "varchar(36)", length=36),
            ColumnInfo("kind", "char(1)", length=1, vocabulary=("K", "L")),
            *changed,
        )
    }
    table = TargetTable("people", tuple(columns.values()), ("id",), **more)
    return TargetSchema("sqlite", "crm.db", {"people": table}, "f" * 64)


@pytest.mark.parametrize(
    ("described", "place"),
    [
        (schema(unfit=(Text("no transactions", "不支持事务"),)), ("contact", "table")),
        (schema(ColumnInfo("full_name", "text", generated=True)), ("contact", "fields", "name")),
        (schema(ColumnInfo("kind", "int", kind="integer")), ("contact", "constants", "kind")),
        (schema(ColumnInfo("kind", "x", vocabulary=("P",))), ("contact", "constants", "kind")),
        (schema(ColumnInfo("gid", "char(8)", length=8)), ("contact", "golden_id")),
        (
            schema(ColumnInfo("card_ix", "char(8)", length=8)),
            ("contact", "fields", "id_number", "index"),
        ),
    ],
)
def test_what_can_not_be_written_is_refused(
    described: TargetSchema, place: tuple[str, ...]
) -> None:
    """Unfit tables, computed columns, constants and ids that do not fit: no plan (ask 8)."""
    assert [m.place for m in misfits_of(MAPPING, described)] == [place]
    with pytest.raises(TargetFault, match="/".join(place)):
        require_writable(MAPPING, described)


def test_what_fits_is_not_refused() -> None:
    """Nothing to say of a table that fits."""
    require_writable(MAPPING, schema())
    assert unchecked(MAPPING, schema(), SEALED) == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"triggers": ("on_change",)}, "triggers may refuse"),
        ({"unseen": (Text("whether triggers run", "触发器"),)}, "whether triggers run"),
        ({"checks": (Check("f(full_name) > 2"),)}, "own rules"),
        ({"unique_keys": (UniqueKey((), expression=True),)}, "over an expression"),
        ({"unique_keys": (UniqueKey(("card",)),)}, "sealed cells"),
        ({"unique_keys": (UniqueKey(("full_name", "tenant")),)}, "does not fill tenant"),
        (
            {"unique_keys": (UniqueKey(("full_name",), where="gone = 0", nulls_equal=True),)},
            "empty cell",
        ),
        ({"unique_keys": (UniqueKey(("full_name",), where="f(x) > 1"),)}, "taken to hold"),
        (
            {"foreign_keys": (ForeignKey(("full_name", "kind"), "kinds", ("a", "b")),)},
            "whether kinds holds",
        ),
    ],
)
def test_what_is_left_unchecked_is_said(more: dict[str, Any], words: str) -> None:
    """Whoever approves reads what the CRM may still refuse or change."""
    (said,) = unchecked(MAPPING, schema(**more), SEALED)
    assert words in said.en


def test_matches_want_an_index() -> None:
    """`check` names match columns that no index begins with."""
    assert [m.place for m in slow_matches(MAPPING, schema())] == [("contact", "match")]
    assert not list(slow_matches(MAPPING, schema(indexes=(("full_name", "kind"),))))
    assert not list(slow_matches(MAPPING, schema(unique_keys=(UniqueKey(("full_name",)),))))


@pytest.mark.parametrize(
    ("where", "gone", "expected"),
    [
        ("gone = 0", ["0", "1", None], [True, False, False]),
        ("((gone)::text = 'active'::text)", ["active", "x", None], [True, False, False]),
        ("(deleted_at IS NULL)", ["2025-01-01", None], [False, True]),
        ("deleted_at is not null and gone <> 1", ["1", "0"], [False, False]),
        ("NOT gone", ["f", "t", "0", None], [True, False, True, False]),
        ('"gone"', ["true", "false"], [True, False]),
        ("gone IN ('a', 'b''c')", ["b'c", "c"], [True, False]),
        ("`gone` IS TRUE", ["t", "f"], [True, False]),
    ],
)
def test_partial_keys(where: str, gone: list[str | None], expected: list[bool]) -> None:
    """Predicates of soft deletion are understood in every system's spelling."""
    cells = {c: pl.Series(gone, dtype=pl.String) for c in ("gone",)}
    cells["deleted_at"] = (
        pl.Series(gone, dtype=pl.String) if "NULL)" in where else pl.Series([None] * len(gone))
    )
    assert columns_of(where) is not None
    assert holds(where, cells).to_list() == expected


@pytest.mark.parametrize("where", ["lower(a) = 'x'", "a > 3", "a = 1 OR b = 2", "", "a = b"])
def test_other_predicates_claim_nothing(where: str) -> None:
    """What is not understood is not guessed at."""
    assert columns_of(where) is None
