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


def test_an_empty_cell_counts_where_the_expression_says_so(crm: Crm) -> None:
    """coalesce(note, '') keeps new rows without a note apart, too: found at plan time (ask 8)."""
    crm.run("UPDATE clients SET department = '二部' WHERE title = 'ABC公司'")
    if crm.system == "mariadb":
        crm.run(
            "ALTER TABLE clients ADD COLUMN told VARCHAR(8) CHARACTER SET utf8mb3"
            " AS (COALESCE(note, '')) VIRTUAL, ADD UNIQUE KEY by_note (department, told)"
        )
    else:
        crm.run("CREATE UNIQUE INDEX by_note ON clients (department, coalesce(note, ''))")
    rows = [
        {"golden_id": "a-stands", "name": "第一家", "department": "二部"},
        {"golden_id": "b-first", "name": "第二家", "department": "一部"},
        {"golden_id": "c-twice", "name": "第三家", "department": "一部"},
        {"golden_id": "d-noted", "name": "第四家", "department": "一部", "remark": "有"},
        {"golden_id": "e-none", "name": "第五家"},
        {"golden_id": "f-none", "name": "第六家"},
    ]
    plan = planned(crm.target, rows)
    found = {
        g: (reason, set((names or "").split(";"))) for g, (reason, names) in judged(plan).items()
    }
    taken, fine = ("unique_taken", {"department", "note"}), ("new", {""})
    assert found == {
        "a-stands": taken, "b-first": fine, "c-twice": taken,
        "d-noted": fine, "e-none": fine, "f-none": fine,
    }  # fmt: skip
    applied = apply(
        plan, crm.target, MAPPING, Keys(), model=MODEL, approved=approved(plan),
        clock=lambda: NOW, journal=lambda _event, _objects: None,
    )  # fmt: skip
    assert applied.left.is_empty()
    emptied = [{"golden_id": "d-noted", "name": "第四家", "department": "二部"}]
    assert judged(planned(crm.target, emptied, "p2"))["d-noted"] == ("changed", None)


@pytest.mark.parametrize("crm", ["postgres"], indirect=True)
def test_rules_of_domains_are_judged_ahead(crm: Crm) -> None:
    """CHECKs of a domain, and of the domain that it is made of: the server computes them over the
    cells when the plan is made; one that it may not compute is listed as not checked (ask 8).
    """
    crm.run("CREATE DOMAIN short AS varchar(30) CHECK (length(VALUE) < 14)")
    crm.run("CREATE DOMAIN host AS short CHECK (VALUE ~ '[.]' AND VALUE <> 'VALUE')")
    crm.run("CREATE DOMAIN yuan AS numeric(6, 2) CHECK (VALUE >= 0) CHECK (VALUE < 5000)")
    crm.run("ALTER TABLE clients ALTER COLUMN site TYPE host, ALTER COLUMN budget TYPE yuan")
    site, budget = ("does_not_fit", "website"), ("does_not_fit", "annual_budget")
    rows: dict[str, tuple[dict[str, str], tuple[str, str | None]]] = {
        "a-fine": ({"name": "第一家", "website": "a.example"}, ("new", None)),
        "b-long": ({"name": "第二家", "website": "longer.example"}, site),
        "c-dot": ({"name": "第三家", "website": "example"}, site),
        "d-low": ({"name": "第四家", "annual_budget": "-1"}, budget),
        "e-high": ({"name": "第五家", "annual_budget": "5000"}, budget),
        "f-none": ({"name": "第六家"}, ("new", None)),
    }
    plan = planned(crm.target, [{"golden_id": g, **row} for g, (row, _) in rows.items()])
    assert judged(plan) == {golden_id: said for golden_id, (_, said) in rows.items()}
    applied = apply(
        plan, crm.target, MAPPING, Keys(), model=MODEL, approved=approved(plan),
        clock=lambda: NOW, journal=lambda _event, _objects: None,
    )  # fmt: skip
    assert applied.left.is_empty()
    treatments = {"customer": dict.fromkeys(MAPPING.entities["customer"].fields, Treatment.CLEAR)}
    assert unchecked(MAPPING, crm.target.describe(), treatments) == ()
    crm.run("CREATE FUNCTION acts(text) RETURNS bool LANGUAGE sql AS 'SELECT true'")
    crm.run("ALTER DOMAIN short ADD CHECK (acts(VALUE))")
    (told,) = unchecked(MAPPING, crm.target.describe(), treatments)
    assert "acts" in told.en
    assert '"site"' in told.en
