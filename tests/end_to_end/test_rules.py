"""Rules over records and derived fields, from the files to the plan and its trace."""

import shutil

import polars as pl

from crm_migrate.project import load_project
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.session import open_session
from tests.end_to_end.conftest import OPERATOR, Demo

ACTIVE = "extends: standard\nderivations:\n" + "".join(
    f"  customer.{name}: {{active: true}}\n" for name in ("grade", "tier", "lifecycle")
)
RULE = """extends: standard
rules:
  contact.titled:
    field: title
    check: title is not null and customer.name is not null
    message: {en: A contact without a title, zh: 联系人没有职务}
    hint: {en: Ask., zh: 请补录。}
severities:
  uscc.checksum:
    - {source: legacy, severity: "off"}
"""


def table(demo: Demo, stage: str, name: str) -> pl.DataFrame:
    session = open_session(load_project(demo.root))
    try:
        with open_finished(session) as run:
            return run.read(stage, name)
    finally:
        session.close()


def test_examples_say_whether_the_rules_are_as_meant(small: Demo) -> None:
    """`check --rules-test`: the standard's examples hold; a wrong one is named by file and line."""
    small.at("keys")
    told = small.ok("check", "--rules-test")
    assert told["ok"]
    assert told["untested"] == []
    assert told["examples"] >= 60
    examples = small.root / "rules" / "examples.yaml"
    row = "{contract: {amount: 5}, finds: true}"
    examples.write_text(f"records:\n  contract.amount:\n    - {row}\n", "utf-8")
    told = small.run("check", "--rules-test")
    assert told.code == 2
    (differing,) = told.data["differing"]
    assert differing["where"].endswith("examples.yaml:3")
    assert (differing["expected"], differing["found"]) == ("contract1", "-")


def test_a_faulty_rule_is_named_with_file_line_and_remedy(small: Demo) -> None:
    """R-2.2: an unknown field, kinds that do not fit, an error that looks at other records."""
    small.at("keys")
    rules = small.root / "rules" / "records.yaml"
    label = "message: {en: x, zh: x}, hint: {en: x, zh: x}"
    rules.write_text(
        "extends: standard\nrules:\n"
        f"  contract.a: {{field: amount, check: amuont > 1, {label}}}\n"
        f"  contract.b: {{field: amount, check: amount > 'x', {label}}}\n"
        f"  contract.c: {{field: amount, check: customer.kind = 'x', severity: error, {label}}}\n",
        "utf-8",
    )
    faults = small.run("check").data["faults"]
    assert [f["where"].rpartition("/")[2] for f in faults] == [
        "records.yaml:3", "records.yaml:4", "records.yaml:5"
    ]  # fmt: skip
    assert "amount" in faults[0]["remedy"]
    assert all(f["remedy"] for f in faults)


def test_rules_speak_in_the_plan_and_only_what_changed_is_judged_alike(small: Demo) -> None:
    """A project's rule finds over two entities; after a change of a source the findings taken over
    are those of a run from scratch; a severity of the standards is turned off for one source.
    """
    small.at("keys")
    (small.root / "rules" / "records.yaml").write_text(RULE, "utf-8")
    (small.root / "rules" / "derivations.yaml").write_text(ACTIVE, "utf-8")
    small.ok("plan", "--as", OPERATOR)
    first = table(small, "standardized", "x_findings")
    assert first.filter(pl.col("rule") == "contact.titled").height > 0
    weighed = first.filter(pl.col("rule") == "uscc.checksum")
    assert "legacy" not in weighed["source"].to_list()
    service = small.root / "samples" / "service.csv"
    lines = service.read_bytes().splitlines(keepends=True)
    service.write_bytes(b"".join(lines[:-3]))
    small.ok("plan", "--as", OPERATOR)
    names = ("customer", "lineage.customer", "x_derived.customer")
    taken = [
        table(small, "standardized", "x_findings"),
        *(table(small, "golden", n) for n in names),
    ]
    for run in (small.root / ".crm-migrate" / "runs").iterdir():
        if run.is_dir():
            shutil.rmtree(run)
    small.ok("plan", "--as", OPERATOR)
    fresh = [
        table(small, "standardized", "x_findings"),
        *(table(small, "golden", n) for n in names),
    ]
    for one, two in zip(taken, fresh, strict=True):
        assert one.sort(pl.all()).equals(two.sort(pl.all()))


def test_a_derived_grade_is_traced_to_its_rule(small: Demo) -> None:
    """R-2.5: every customer has a grade and a stage; the trace names the rule that gave it."""
    small.at("keys")
    (small.root / "rules" / "derivations.yaml").write_text(ACTIVE, "utf-8")
    small.ok("plan", "--as", OPERATOR)
    golden = table(small, "golden", "customer")
    assert golden["grade"].null_count() == golden["lifecycle"].null_count() == 0
    assert golden["lifecycle"].n_unique() > 1
    known = table(small, "golden", "lineage.customer")
    mine = known.filter(pl.col("rule") == "derived:customer.lifecycle")
    assert mine.height == golden.height
    trace = small.ok("trace", golden["golden_id"][0])
    rules = {c["field"]: c["rule"] for c in trace["cells"]}
    assert rules["lifecycle"] == "derived:customer.lifecycle"
