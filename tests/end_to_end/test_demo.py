"""The main job on the samples, from empty hands to the audit report, by the real command line."""

import sqlite3
from typing import Any

from openpyxl import load_workbook

from tests.end_to_end.conftest import APPROVER, OPERATOR, Demo
from tests.end_to_end.contents import business_rows, tables


def counts_add_up(counts: dict[str, dict[str, int]]) -> bool:
    return bool(counts) and all(
        c["accepted"] + c["made"] == c["golden"] + c["merged"]
        and c["golden"] == c["insert"] + c["update"] + c["unchanged"] + c["conflict"] + c["skip"]
        for c in counts.values()
    )


def test_plan_says_what_scripts_rely_on(way: Demo) -> None:
    """R-2.1: the plan's JSON has the promised keys, and rows and records add up."""
    plan = way.said["planned"].data
    promised = {"run", "plan", "effect", "evidence", "state", "rows", "counts", "gates", "waiting"}
    assert promised | {"path"} <= plan.keys()
    assert plan["state"] == "approvable"
    rows = plan["rows"]
    assert rows["read"] == rows["non_data"] + rows["quarantined"] + rows["accepted"]
    assert rows["read"] > 10_000
    assert rows["non_data"] > 0
    assert counts_add_up(plan["counts"])
    assert plan["counts"]["customer"]["merged"] > 500  # about a fifth are duplicates
    assert plan["waiting"]["review"] > 0
    assert all({"name", "value", "limit", "passed"} <= gate.keys() for gate in plan["gates"])
    assert (way.snapshots / "planned" / "crm-migrate.yaml").exists()


def test_findings_tell_once_what_a_source_has_no_column_for(way: Demo) -> None:
    """R-2.4: the service desk knows no industries: one line of the summary, none per ticket."""
    folder = way.at("planned").root / "audit" / "plans" / way.said["planned"].data["plan"]
    book = load_workbook(folder / "findings.xlsx", read_only=True)
    weights, lines = {}, 0
    for weight, _, field, finding, file, count, *_ in book["Summary"].iter_rows(
        min_row=2, values_only=True
    ):
        weights[field, file] = finding if field == "industry" else weight
        lines += int(count) if weight != "repaired" and "no column" not in finding else 0
    assert "no column" in weights["industry", "service.csv"]
    assert book["Findings"].max_row == lines + 1
    assert "The source has no column for this" in (folder / "plan.html").read_text("utf-8")


def test_planning_writes_nothing_to_the_target(way: Demo) -> None:
    """R-6.3: a plan leaves the CRM's file as it was, byte for byte."""
    before, after = (way.snapshots / name / "crm" for name in ("keys", "planned"))
    assert [p.name for p in after.iterdir()] == ["crm.db"]
    assert (before / "crm.db").read_bytes() == (after / "crm.db").read_bytes()


def test_show_and_approve(way: Demo) -> None:
    """R-8.3: someone else approves; the same plan is shown, approved and applied."""
    plan = way.said["planned"].data
    shown = way.at("planned").ok("show", "latest")
    assert (shown["plan"], shown["effect"]) == (plan["plan"], plan["effect"])
    approved = way.said["approved"].data
    assert (approved["plan"], approved["state"]) == (plan["plan"], "approved")


def test_apply_does_what_the_plan_said(way: Demo) -> None:
    """R-6.3: what was planned was created and updated, everything was read back, nothing failed."""
    plan, done = way.said["planned"].data, way.said["applied"].data
    assert way.said["applied"].code == 0
    assert done["plan"] == plan["plan"]
    assert done["verified"] is True
    for entity, applied in done["applied"].items():
        planned = plan["counts"][entity]
        assert applied["created"] == planned["insert"], entity
        assert applied["updated"] == planned["update"], entity
        assert applied["failed"] == 0, entity


def test_the_target_holds_what_was_counted(way: Demo) -> None:
    """Rows of the CRM before + created = rows after; the CRM's own rows are all still there."""
    created = {e: c["created"] for e, c in way.said["applied"].data["applied"].items()}
    before = business_rows(way.snapshots / "approved" / "crm" / "crm.db")
    after = business_rows(way.snapshots / "applied" / "crm" / "crm.db")
    for entity, table in (("customer", "accounts"), ("contact", "account_contacts"),
                          ("order", "sales_orders"), ("ticket", "cases")):  # fmt: skip
        assert len(after[table]) == len(before[table]) + created[entity], entity
        assert {r[0] for r in before[table]} <= {r[0] for r in after[table]}
    assert before["users"] == after["users"]
    assert "crm_migrate_base" in tables(way.snapshots / "applied" / "crm" / "crm.db")


def test_planning_again_finds_nothing_to_do(way: Demo) -> None:
    """R-2.1: after apply the next plan is empty, and the report stays at V1.0."""
    way.at("reported")
    plan = way.ok("plan", "--as", OPERATOR)
    assert plan["state"] == "empty"
    assert counts_add_up(plan["counts"])
    for entity, counts in plan["counts"].items():
        assert (counts["insert"], counts["update"]) == (0, 0), entity
    assert way.ok("audit", "verify")["result"] == "OK"
    again = way.ok("audit", "report", "--as", OPERATOR)
    assert (version(again), again["new"]) == ("V1.0", False)


def test_a_changed_source_makes_v1_1(small: Demo) -> None:
    """R-7.3: a corrected source cell is one update, and the next report is V1.1."""
    small.at("reported")
    assert version(small.said["reported"].data) == "V1.0"
    with sqlite3.connect(small.root / "samples" / "legacy.db") as legacy:
        legacy.execute("UPDATE products SET list_price = list_price + 1 WHERE prod_id ="
                       " (SELECT min(prod_id) FROM products)")  # fmt: skip
    legacy.close()
    plan = small.ok("plan", "--as", OPERATOR)
    changed = {e: (c["insert"], c["update"]) for e, c in plan["counts"].items()}
    assert changed.pop("product") == (0, 1)
    assert set(changed.values()) == {(0, 0)}
    refuse_the_file_of_another_plan(small, plan["plan"])
    small.ok("approve", "latest", "--as", APPROVER, "--reason", "price list")
    assert small.ok("apply", "latest", "--as", OPERATOR)["applied"]["product"]["updated"] == 1
    assert version(small.ok("audit", "report", "--as", OPERATOR)) == "V1.1"
    assert small.ok("audit", "verify")["result"] == "OK"
    assert small.ok("plan", "--as", OPERATOR)["state"] == "empty"


def refuse_the_file_of_another_plan(small: Demo, plan: str) -> None:
    """The first plan's file under the second one's name is neither approved nor applied."""
    path = small.root / "audit" / "plans" / plan / f"{plan}.crmplan"
    first = small.said["planned"].data["plan"]
    kept = path.read_bytes()
    path.write_bytes((path.parents[1] / first / f"{first}.crmplan").read_bytes())
    for arguments in (("approve", plan, "--as", APPROVER), ("apply", plan, "--as", OPERATOR)):
        ran = small.run(*arguments)
        assert (ran.code, ran.error["code"]) in ((1, "integrity"), (1, "refused")), ran.said
    path.write_bytes(kept)


def version(report: dict[str, Any]) -> str:
    return str(report["version"])


def test_sources_and_crm_are_reconciled(way: Demo) -> None:
    """R-6.6: each cell of each accepted record has one outcome; records without a row say why."""
    planned = way.said["planned"].data
    found = way.at("applied").ok("reconcile", "latest")
    assert (found["plan"], found["adds_up"], found["explained"]) == (planned["plan"], True, True)
    for entity, counts in planned["counts"].items():
        held = found["entities"][entity]
        assert held["records"] == counts["accepted"] + counts["made"], entity
        assert sum(held["rows"].values()) == held["records"], entity
        assert held["cells"]["edited_since"] == 0, entity


def test_amounts_in_the_crm_are_those_that_were_loaded(way: Demo) -> None:
    """R-6.6: control totals by year, read from the CRM itself, agree with the golden records."""
    assert way.said["applied"].data["totals_differ"] == 0
