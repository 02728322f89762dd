"""Source ↔ target, cell by cell: every cell has one outcome, and the reasons are the right ones."""

import polars as pl
import pytest

from crm_migrate.language import Text
from crm_migrate.loading.reconcile import (
    Reconciled,
    Side,
    filled_cells,
    reasons_of,
    reconcile,
)
from crm_migrate.model import Entity, Field, SemanticType
from crm_migrate.records import RECORD_ID

_T = SemanticType.TEXT
FIELDS = ("name", "city", "phone", "card", "note")
ENTITY = Entity("customer", Text("c", "c"), tuple(Field(f, _T, Text(f, f)) for f in FIELDS))


def frame(key: str, rows: dict[str, tuple[str | None, ...]]) -> pl.DataFrame:
    """A row per key: name, city, phone, card, note."""
    return pl.DataFrame(
        [(k, *cells) for k, cells in rows.items()],
        schema=dict.fromkeys((key, *FIELDS), pl.String),
        orient="row",
    )


RAW = {
    "r1": ("远山机械有限公司", " 苏州", "021 555", "6222", "甲"),
    "r2": ("远山机械", "苏州", None, None, "乙"),
    "r3": ("白云厂", "南京", "1", None, None),
    "r4": ("黑石厂", "无锡", "2", "6333", None),
}
STANDARD = RAW | {"r1": ("远山机械有限公司", "苏州", "021-555", "6222", "甲")}
GOLDEN = {
    "g1": ("远山机械有限公司", "苏州", "021-555", "6222", "甲"),
    "g3": RAW["r3"],
    "g4": RAW["r4"],
}
MEMBERS = {"r1": "g1", "r2": "g1", "r3": "g3", "r4": "g4"}


@pytest.fixture
def found() -> Reconciled:
    """g1 stands as we left it, g3 was edited since, g4 was never written."""
    present = frame("golden_id", {"g1": (*GOLDEN["g1"][:2], "CRM 电话", "sealed", None),
                                  "g3": ("白云厂", "南京市", "1", None, None)})  # fmt: skip
    members = pl.DataFrame(list(MEMBERS.items()), schema=[RECORD_ID, "golden_id"], orient="row")
    lineage = pl.DataFrame({"golden_id": ["g1"], "field": ["name"], RECORD_ID: ["r1"]})
    side = Side(
        present.with_columns(target_key=pl.col("golden_id").str.tail(1)),
        pl.DataFrame({"golden_id": ["g1", "g3"], "as_left": [True, False]}),
        pl.DataFrame({"golden_id": ["g4"], "reason": ["unique_taken"]}),
    )
    return reconcile(
        ENTITY,
        frame(RECORD_ID, RAW),
        frame(RECORD_ID, STANDARD),
        members,
        frame("golden_id", GOLDEN),
        lineage,
        side,
        mapped=["name", "city", "phone", "card"],
        sealed=["card"],
        most=100,
    )


def outcomes(found: Reconciled, field: str) -> dict[str, int]:
    return {o: n for f, o, n in found.fields.iter_rows() if f == field}


def test_every_cell_has_one_outcome(found: Reconciled) -> None:
    """The outcomes add up to the cells that have a value in a source (ask 10)."""
    filled = filled_cells(ENTITY, frame(RECORD_ID, STANDARD))
    assert sum(found.cells.values()) == filled == 15
    assert found.adds_up(filled)


def test_the_reasons(found: Reconciled) -> None:
    """Standardized, won by another, kept by the CRM, edited since, sealed, missing, not mapped."""
    assert outcomes(found, "name") == {"equal": 2, "survivorship": 1, "missing": 1}
    assert outcomes(found, "city") == {
        "standardized": 1, "equal": 1, "edited_since": 1, "missing": 1,
    }  # fmt: skip
    assert outcomes(found, "phone") == {"kept": 1, "equal": 1, "missing": 1}
    assert outcomes(found, "card") == {"sealed": 1, "missing": 1}
    assert outcomes(found, "note") == {"not_mapped": 2}


def test_records_say_why_they_are_missing(found: Reconciled) -> None:
    """A record without a row in the CRM has the plan's own reason."""
    assert found.rows == {"loaded": 3, "unique_taken": 1}
    assert found.records.select(RECORD_ID, "target_key", "same", "other").rows() == [
        ("r1", "1", 3, 2),
        ("r2", "1", 1, 2),
        ("r3", "3", 2, 1),
        ("r4", None, 0, 4),
    ]


def test_differing_cells_are_listed_up_to_a_limit(found: Reconciled) -> None:
    """Each with both values and the record that won; beyond the limit they are only counted."""
    assert found.differing.rows() == [
        ("r2", "name", "远山机械", "远山机械有限公司", "r1", "survivorship"),
        ("r3", "city", "南京", "南京市", None, "edited_since"),
        ("r1", "phone", "021-555", "CRM 电话", None, "kept"),
    ]


def test_reasons_of_plan_and_apply() -> None:
    """What apply left counts before what the plan skipped."""
    operations = {
        "customer": pl.DataFrame(
            {
                "golden_id": ["a", "b", "c"],
                "action": ["skip", "insert", "conflict"],
                "reason": ["does_not_fit", "new", "conflict"],
            }
        )
    }
    left = {"customer": pl.DataFrame({"golden_id": ["b"], "reason": ["taken"]})}
    assert dict(reasons_of(operations, left)["customer"].rows()) == {
        "a": "does_not_fit", "b": "taken", "c": "conflict",
    }  # fmt: skip
