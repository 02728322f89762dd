"""Digests: the same meaning, the same effect; any other meaning, another (user need 5)."""

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_migrate.errors import IntegrityFault, KeyFault, PlanRefused
from crm_migrate.plan.change import AFTER, UNTOUCHED, Plan
from crm_migrate.plan.commitments import as_text, commitments, read_texts
from crm_migrate.plan.diff.entity import diff_entity
from crm_migrate.plan.diff.groups import Standing
from crm_migrate.plan.diff.side import DiffRules
from crm_migrate.plan.digest import (
    effect,
    operation_digests,
    precondition,
    preconditions,
)
from crm_migrate.plan.operations import target_treatments, verify_plan
from crm_migrate.plan.sealed_cells import SealedCells
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.trust.keyed_digest import digest_text, framed, framed_text, purpose_key
from tests.plan.crm import CONTACT, CUSTOMER, KEY, MODEL, TARGET, Crm, applied, golden
from tests.plan.crm import MAPPINGS as TABLES
from tests.plan.plans import CONTACTS, CRM, CUSTOMERS, Keys, plan, planned, policy

MAPPING = TargetMapping(target="crm", entities=TABLES)
EMPTY = ("target_key", "conflicts", "before:名称", "after:名称", "before:z")
TEXT = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=6))


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=8))
def test_preconditions_by_column_are_those_of_single_rows(
    rows: list[tuple[str | None, str | None, str | None]],
) -> None:
    """Loading, planning and a reader of the docs compute the same digest of raw cells."""
    names = ("备注", "a", 'b"c')
    cells = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    single = [precondition(KEY, dict(zip(reversed(names), r[::-1], strict=True))) for r in rows]
    assert preconditions(KEY, cells).to_list() == single


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_operations_are_digested_as_framed_parts(
    cells: list[tuple[str | None, str | None]],
) -> None:
    """The message built by columns is the documented one; untouched cells take no part."""
    operations = pl.DataFrame(
        {
            "golden_id": [f"g{n}" for n in range(len(cells))],
            "target_key": [None] * len(cells),
            "action": ["update"] * len(cells),
            "precondition": ["00"] * len(cells),
            "conflicts": [None] * len(cells),
            "before:名称": [b for b, _ in cells],
            "after:名称": [a for _, a in cells],
            "before:z": [None] * len(cells),
            "after:z": [UNTOUCHED] * len(cells),
        },
        schema_overrides=dict.fromkeys(EMPTY, pl.String),
    )
    found = operation_digests(KEY, "customer", operations, {}).to_list()
    messages = [
        framed_text("customer", f"g{n}", None, "update", "00", None, "名称", "clear", *cell)
        for n, cell in enumerate(cells)
    ]
    key = purpose_key(KEY, "operation")
    assert found == [digest_text(key, m) for m in messages]


def test_planning_again_gives_the_same_effect_though_every_ciphertext_differs() -> None:
    """Neither nonces nor the order of rows are part of the effect."""
    first = planned()
    again = planned(CUSTOMERS[::-1], CONTACTS[::-1])
    sealed = [p.operations["contact"][AFTER + "id_card"].to_list() for p in (first, again)]
    assert sealed[0] != sealed[1]
    assert first.effect == again.effect


@pytest.mark.parametrize(
    "change",
    [
        lambda: planned([CUSTOMERS[0], CUSTOMERS[1] | {"name": "北京乙水商贸有限公司"}]),
        lambda: planned(contacts=[CONTACTS[0] | {"id_number": "110101199003070038"}, CONTACTS[1]]),
        lambda: planned(customers=CUSTOMERS[:1], contacts=CONTACTS[:1]),
        lambda: planned(target=replace(TARGET, fingerprint="0" * 64)),
        lambda: planned(project="另一个项目"),
    ],
)
def test_another_meaning_is_another_effect(change: Callable[[], object]) -> None:
    """A clear cell, a sealed cell, a row, the target's schema, the project."""
    assert change().effect != planned().effect  # type: ignore[attr-defined]


@pytest.mark.parametrize(("edited", "same"), [("credit_code", False), ("memo", True)])
def test_an_edit_in_the_crm_counts_only_in_cells_that_the_plan_replaces(
    edited: str, same: bool
) -> None:
    """An edit to a planned cell changes the effect, an edit elsewhere doesn't."""
    row = CRM.rows[0] | {edited: "" if edited == "credit_code" else "新备注"}
    other = planned(sides={"customer": replace(CRM, rows=[row])})
    assert (other.effect == planned().effect) is same


def test_unchanged_rows_are_no_part_of_the_effect() -> None:
    """A plan that writes nothing has the effect of the target alone."""
    same = [CUSTOMERS[0] | {"uscc": None}]
    assert planned(same, []).effect == effect(TARGET, "演示", {})


def test_commitments_are_bound_to_their_cell() -> None:
    """Equal values of two customers or fields do not show as equal; null has none."""
    ids, values = pl.Series(["g1", "g2", "g3"]), pl.Series(["x", "x", None])
    found = commitments(KEY, "customer", "name", ids, values).to_list()
    other = commitments(KEY, "customer", "remark", ids, values).to_list()
    assert found[2] is None
    assert len({*found[:2], *other[:2]}) == 4
    assert all(len(c or "") == 16 for c in found[:2])


def test_sealed_cells_are_bound_indexed_and_open_again() -> None:
    """R-5.3: the identity number is sealed in the plan and verified when it is opened."""
    made = plan()
    row = made.operations["contact"].filter(golden_id="c1").row(0, named=True)
    assert row["after:id_card"].startswith("cm1.")
    assert len(row["after:id_card_index"]) == 16
    verify_plan(made, MAPPING, digest_key=KEY, keys=Keys())


def _with_cell(made: Plan, entity: str, column: str, value: object) -> Plan:
    frame = made.operations[entity]
    cell = pl.when(pl.arange(frame.height) == 0).then(pl.lit(value)).otherwise(column)
    operations = made.operations | {entity: frame.with_columns(cell.alias(column))}
    return replace(made, operations=operations)


@pytest.mark.parametrize(
    ("entity", "column", "value"),
    [
        ("customer", "after:account_name", "别的公司"),
        ("customer", "after:status", "L"),
        ("customer", "golden_id", "g9"),
        ("customer", "action", "skip"),
        ("customer", "precondition", "0" * 32),
        ("contact", "after:mobile", "13900139000"),
        ("contact", "after:created_by", "someone"),
        ("contact", "op_digest", "0" * 64),
    ],
)
def test_an_altered_operation_is_refused(entity: str, column: str, value: str) -> None:
    """What was approved is exactly what would be written."""
    with pytest.raises(PlanRefused):
        verify_plan(_with_cell(plan(), entity, column, value), MAPPING, digest_key=KEY, keys=Keys())


def test_a_sealed_cell_that_was_moved_and_a_wrong_index_are_found() -> None:
    """Ciphertext is never copied between rows."""
    made = plan()
    wrong = _with_cell(made, "contact", "after:id_card_index", "0" * 16)
    with pytest.raises(IntegrityFault):
        verify_plan(wrong, MAPPING, digest_key=KEY, keys=Keys())
    contacts = made.operations["contact"].with_columns(pl.col("after:id_card").sort())
    moved = replace(made, operations=made.operations | {"contact": contacts})
    with pytest.raises((IntegrityFault, PlanRefused)):
        verify_plan(moved, MAPPING, digest_key=KEY, keys=Keys())


def test_a_row_left_out_and_another_projects_keys_are_found() -> None:
    """The effect covers every row; keys of another project open nothing."""
    made = plan()
    fewer = made.operations | {"customer": made.operations["customer"].head(1)}
    with pytest.raises(PlanRefused):
        verify_plan(replace(made, operations=fewer), MAPPING, digest_key=KEY, keys=Keys())
    with pytest.raises(KeyFault):
        verify_plan(made, MAPPING, digest_key=KEY, keys=Keys(b"o" * 32))


def test_what_policy_forbids_never_appears() -> None:
    """R-5.3: a forbidden field is no part of the operations, and is counted."""
    mapping = TABLES["contact"]
    held = mapping.model_copy(
        update={
            "fields": mapping.fields
            | {"bank_card": mapping.fields["mobile"].model_copy(update={"column": "card"})}
        }
    )

    side = Crm(CONTACT, mapping=held).side()
    rows = golden(CONTACT, CONTACTS[1]).with_columns(bank_card=pl.lit("6222020000000000000"))
    rules = DiffRules(digest_key=KEY, treatments=target_treatments(policy(), "contact", held))
    found = diff_entity(CONTACT, MODEL, rows, side, {}, rules)
    assert found.forbidden == {"bank_card": 1}
    assert "after:card" not in found.operations.columns


def test_a_sealed_cell_is_opened_only_when_it_must_be() -> None:
    """Raw digest and commitment together say that a sealed cell is as we left it."""
    first = planned([], [], sides={"customer": Crm(CUSTOMER)})
    assert first.operations["contact"].is_empty()
    sealed = planned().operations["contact"].filter(golden_id="c1").row(0, named=True)
    row = {"id": "1", "full_name": "李雷", "id_card": sealed["after:id_card"]}
    crm = Crm(CONTACT, [row], {"1": "c1"})
    crm.base = applied(
        crm, CONTACT, pl.DataFrame([{k: sealed[k] for k in ("golden_id", "commitments")}])
    )
    opened: list[int] = []

    def opener(entity: str, field: str, ids: pl.Series, cells: pl.Series) -> pl.Series:
        opened.append(len(cells))
        return SealedCells(Keys()).open(entity, field, ids, cells)

    def action(number: str) -> tuple[str, str]:
        rules = DiffRules(
            digest_key=KEY,
            treatments=target_treatments(policy(), "contact", TABLES["contact"]),
            open_sealed=opener,
        )
        rows = golden(CONTACT, {"golden_id": "c1", "name": "李雷", "id_number": number})
        none = Standing(
            pl.DataFrame(
                schema={
                    "golden_id": pl.String,
                    "group": pl.String,
                    "rank": pl.Int64,
                    "stands": pl.Boolean,
                    "waits": pl.Boolean,
                }
            )
        )
        found = diff_entity(CONTACT, MODEL, rows, crm.side(), {"customer": none}, rules)
        row = found.operations.row(0, named=True)
        return row["action"], row["reason"]

    assert action("110101199003070011") == ("unchanged", "same")
    assert opened == []
    assert action("110101199003070038") == ("update", "changed")
    assert opened == [1]
    crm.rows = [row | {"mobile": "13700137000"}]
    assert action("110101199003070011") == ("unchanged", "same")
    crm.rows = [row | {"id_card": "someone typed this"}]
    assert action("110101199003070011") == ("unchanged", "edited")


def test_the_base_keeps_one_commitment_per_golden_cell() -> None:
    """What is written into the base is read again, field by field."""
    row = planned().operations["customer"].filter(golden_id="g2").row(0, named=True)
    kept = read_texts(pl.Series([row["commitments"]]), ["name", "remark", "customer_type", "new"])
    assert [kept[f][0] is not None for f in kept.columns] == [True, False, True, False]
    golden_ids, name = pl.Series(["g2"]), pl.Series(["北京乙水商贸有限公司"])
    assert kept["name"][0] != commitments(KEY, "contact", "name", golden_ids, name)[0]


def test_commitments_of_several_layouts_stand_side_by_side() -> None:
    """A base keeps rows of older mappings: other fields, another order, or none at all."""
    old = as_text([pl.Series("b", ["1" * 16, None]), pl.Series("a", ["2" * 16, "3" * 16])])
    new = as_text([pl.Series("a", ["4" * 16])])
    found = read_texts(pl.concat([old, new, pl.Series(["{}"])]), ["a", "b"])
    assert found["a"].to_list() == ["2" * 16, "3" * 16, "4" * 16, None]
    assert found["b"].to_list() == ["1" * 16, None, None, None]


@given(st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=6))
def test_framed_messages_are_the_same_by_columns_and_one_by_one(
    rows: list[list[str | None]],
) -> None:
    """Whatever stands in a cell, the parts of a message keep apart."""
    cells = pl.DataFrame(rows, schema=dict.fromkeys("abc", pl.String), orient="row")
    made = cells.select(pl.concat_str(framed(c) for c in "abc")).to_series().to_list()
    assert made == [framed_text(*row) for row in rows]
    assert len(set(made)) == len({tuple(row) for row in rows})
