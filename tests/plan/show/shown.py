"""A small plan with hostile and personal values, and its view."""

from dataclasses import replace
from functools import cache

import polars as pl

from crm_migrate.language import Language
from crm_migrate.plan.change import Plan
from crm_migrate.plan.gates import gate_label
from crm_migrate.plan.header import ControlTotal, Gate
from crm_migrate.plan.operations import count_actions
from crm_migrate.plan.show.names import Names
from crm_migrate.plan.show.view import Comment, PlanView, plan_view
from crm_migrate.project.mapping_file import TargetMapping
from tests.plan.crm import CONTACT, CUSTOMER, MAPPINGS, MODEL, USERS, Crm, golden
from tests.plan.in_memory import InMemory, held_back
from tests.plan.plans import header, planned, policy

HOSTILE = "=cmd|'/c calc'!A1"
SCRIPT = "<script>alert(1)</script>有限公司"
PERSONAL = ("13800138000", "110101199003070011", "hanmei@mail.example", "韩梅梅")
CUSTOMERS: list[dict[str, str | None]] = [
    {"golden_id": "g1", "name": "上海甲木科技有限公司", "grade": "重点客户"},
    {"golden_id": "g2", "name": HOSTILE, "customer_type": "潜在客户", "owner": "周舟"},
    {"golden_id": "g3", "name": SCRIPT, "remark": "电话 13800138000"},
]
CONTACTS: list[dict[str, str | None]] = [
    {"golden_id": "c1", "customer": "g1", "name": PERSONAL[3], "mobile": PERSONAL[0],
     "id_number": PERSONAL[1], "email": PERSONAL[2]},
]  # fmt: skip
STANDING = {"id": "11", "account_name": "上海甲木科技有限公司", "grade": "普通客户"}


@cache
def view(language: Language) -> PlanView:
    """The view in a language."""
    crm = Crm(CUSTOMER, [STANDING], {"11": "g1"})
    found = planned(CUSTOMERS, CONTACTS, sides={"customer": crm})
    counts = {e: count_actions(f, accepted=f.height + 1) for e, f in found.operations.items()}
    gates = (
        Gate("does_not_fit", gate_label("does_not_fit", MODEL), 2, 0, False, "warn"),
        Gate(
            "changed_share",
            gate_label("changed_share", MODEL),
            0.75,
            0.5,
            False,
            "block",
            share=True,
        ),
        Gate("open_reviews", gate_label("open_reviews", MODEL), 3, 0, False, "warn"),
    )
    totals = (
        ControlTotal("customer", "sales", "销售一部", "2024", 2, "1200000.5", "1200000.5"),
        ControlTotal("customer", "sales", "销售二部", "2024", 1, "10", "9"),
    )
    lineage = pl.DataFrame(
        {"golden_id": ["g1"], "field": ["grade"], "record_id": ["r"],
         "rule": ["most_trusted"], "source": ["sales"]}
    )  # fmt: skip
    made = header(
        counts=counts, gates=gates, control_totals=totals, waiting={"review": 3},
        treatments=found.treatments,
    )  # fmt: skip
    made = replace(made, held=held_back(found.operations))
    plan = Plan(made, found.operations, {"customer": lineage})
    records = {"customer": golden(CUSTOMER, *CUSTOMERS), "contact": golden(CONTACT, *CONTACTS)}
    places = pl.DataFrame(
        {"record_id": ["r"], "_file": ["sales.xlsx"], "_sheet": ["客户"], "_row": [12]}
    )
    target = TargetMapping(target="crm", entities=MAPPINGS)

    names = Names(MODEL, policy(), language, records.get, {"customer": places}.get, lookups=USERS)
    return plan_view(
        InMemory(plan), state="approvable", model=MODEL, target=target, names=names,
        findings=(("error", "record.unidentified", "无法识别", 4),), author="李工",
        comments=(Comment("customer", "g1", "上海甲木科技有限公司", "等级请再核实"),),
    )  # fmt: skip
