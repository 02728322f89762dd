"""Expression keys, functional keys and CHECK rules on real servers: found when the plan is made."""

import pytest

from crm_migrate.errors import PlanRefused
from crm_migrate.loading.apply import apply
from crm_migrate.plan.target.mapped import unchecked
from crm_migrate.protection.policy import Treatment
from tests.loading.small_crm import NOW, Keys, approved
from tests.loading.test_fits_on_servers import MAPPING, Crm, crm, judged, planned
from tests.loading.test_plan_and_apply import MODEL

__all__ = ["crm"]


def ruled(crm: Crm) -> None:
    """A key over `lower(trim(site))`, a rule over two columns, and one over the name."""
    rules = "CHECK (budget IS NULL OR budget >= 10 OR note IS NOT NULL)"
    if crm.system == "sqlite":  # a column may be added with its rule, a rule not alone
        crm.run(f"ALTER TABLE clients ADD COLUMN x1 INTEGER {rules}")
        crm.run("ALTER TABLE clients ADD COLUMN x2 INTEGER CHECK (length(title) > 1)")
    else:
        crm.run(f"ALTER TABLE clients ADD CONSTRAINT r1 {rules}")
        crm.run("ALTER TABLE clients ADD CONSTRAINT r2 CHECK (char_length(title) > 1)")
    if crm.system == "mariadb":
        crm.run(
            "ALTER TABLE clients ADD COLUMN folded VARCHAR(40) COLLATE utf8mb4_bin"
            " AS (LOWER(TRIM(site))) VIRTUAL, ADD UNIQUE KEY by_site (folded)"
        )
    else:
        crm.run("CREATE UNIQUE INDEX by_site ON clients (lower(trim(site)))")


def test_expression_keys_and_rules_are_judged_ahead(crm: Crm) -> None:
    """lower(trim(…)) against rows that stand and among new ones, CHECKs over one and two columns:
    skipped with the fields at plan time, and what is planned is not refused (ask 8).
    """
    ruled(crm)
    fine, taken = ("new", None), ("unique_taken", "site")
    rules = ("does_not_fit", "annual_budget;remark")
    rows: dict[str, tuple[dict[str, str], tuple[str, str | None]]] = {
        "a-stands": ({"name": "站点一", "website": " ABC.Example "}, taken),
        "b-free": ({"name": "站点二", "website": "new.example"}, fine),
        "c-twice": ({"name": "站点三", "website": "NEW.example "}, taken),
        "d-none": ({"name": "站点四"}, fine),
        "e-small": ({"name": "金额小", "annual_budget": "9.5"}, rules),
        "f-noted": ({"name": "有说明", "annual_budget": "9.5", "remark": "已核实"}, fine),
        "g-large": ({"name": "金额大", "annual_budget": "10"}, fine),
        "h-short": ({"name": "短"}, ("does_not_fit", "name")),
    }
    plan = planned(crm.target, [{"golden_id": g, **row} for g, (row, _) in rows.items()])
    assert judged(plan) == {golden_id: said for golden_id, (_, said) in rows.items()}
    applied = apply(
        plan, crm.target, MAPPING, Keys(), model=MODEL, approved=approved(plan),
        clock=lambda: NOW, journal=lambda _event, _objects: None,
    )  # fmt: skip
    assert applied.left.is_empty()
    changed = {"golden_id": "b-free", "name": "站点二", "website": "abc.EXAMPLE"}
    assert judged(planned(crm.target, [changed], "p2"))["b-free"] == taken
    same = {"golden_id": "b-free", "name": "站点二", "website": "New.example"}
    assert judged(planned(crm.target, [same], "p3"))["b-free"] == ("changed", None)
    treatments = {"customer": dict.fromkeys(MAPPING.entities["customer"].fields, Treatment.CLEAR)}
    assert unchecked(MAPPING, crm.target.describe(), treatments) == ()


def test_someone_was_quicker(crm: Crm) -> None:
    """An expression key that another program takes after planning is found before anything
    is written: the stale row counts against the limit (ask 8).
    """
    ruled(crm)
    rows = [("a", "站点一", "one.example"), ("b", "站点二", "two.example")]
    named = [{"golden_id": g, "name": name, "website": site} for g, name, site in rows]
    plan = planned(crm.target, named)
    crm.run("INSERT INTO clients (title, tenant, site) VALUES ('抢先一步', 7, ' ONE.example')")
    with pytest.raises(PlanRefused, match="1 of 2 groups"):
        apply(
            plan, crm.target, MAPPING, Keys(), model=MODEL, approved=approved(plan),
            clock=lambda: NOW, journal=lambda _event, _objects: None,
        )  # fmt: skip
    assert crm.run("SELECT count(*) FROM clients WHERE title LIKE '站点%'") == [(0,)]


@pytest.mark.parametrize("crm", ["postgres"], indirect=True)
def test_empty_is_a_value_where_the_key_says_so(crm: Crm) -> None:
    """UNIQUE NULLS NOT DISTINCT: a second row without a value is found at plan time (ask 8)."""
    crm.run("UPDATE clients SET note = 'x' || no, department = '二部' WHERE tenant = 7")
    crm.run("CREATE UNIQUE INDEX by_note ON clients (department, note) NULLS NOT DISTINCT")
    rows = [
        {"golden_id": "a", "name": "第一家", "department": "一部"},
        {"golden_id": "b", "name": "第二家", "department": "一部"},
        {"golden_id": "c", "name": "第三家"},
        {"golden_id": "d", "name": "第四家", "remark": "有"},
    ]
    said = judged(planned(crm.target, rows))
    taken = ("unique_taken", "department;note")
    assert said == {"a": ("new", None), "b": taken, "c": taken, "d": ("new", None)}
