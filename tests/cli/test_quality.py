"""`quality` from the command line: gates on its figures, weights, faults, drill-down."""

from pathlib import Path

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits


def test_gates_on_any_measure(command: Command, project: Path) -> None:
    """R-6.5: a figure of `quality` blocks, with the value that `quality` shows."""
    gates = project / "rules" / "gates.yaml"
    gates.write_text(
        "extends: standard\ngates:\n"
        "  quality.customer.industry.completeness: {at_least: 0.999}\n"
        "  quality.customer.repetition: {limit: 0.5}\n"
        "  quality.before.customer.score: {at_least: 0.1, on_failure: warn}\n",
        "utf-8",
    )
    planned = fits(command("-C", project, "plan", "--json"), "plan", 3)
    assert planned["state"] == "blocked"
    found = {g["name"]: g for g in planned["gates"] if g["name"].startswith("quality.")}
    shown = fits(command("-C", project, "quality", "--json"), "quality")
    customer = shown["entities"]["customer"]
    field = customer["fields"]["industry"]["after"]["dimensions"]
    name = "quality.customer.industry.completeness"
    assert found[name]["value"] == field["completeness"]
    repeated = customer["after"]["measures"]["repetition"]["value"]
    assert found["quality.customer.repetition"]["value"] == repeated
    assert found["quality.before.customer.score"]["passed"]
    gates.write_text("extends: standard\ngates:\n  quality.customer.beauty: {limit: 1}\n", "utf-8")
    refused = command("-C", project, "quality", "--json")
    assert refused.code == 2
    assert "gates.yaml:3" in refused.data["error"]["message"]


def test_weights_and_their_faults(command: Command, planned: Path) -> None:
    """Weights change the score, not the plan; a fault names file and line."""
    before = command("-C", planned, "quality", "--json").data["before"]
    rules = planned / "rules" / "quality.yaml"
    rules.write_text("extends: standard\nweights:\n  dimensions: {completeness: 90}\n", "utf-8")
    after = command("-C", planned, "quality", "--json").data["before"]
    assert after["dimensions"] == before["dimensions"]
    assert abs(after["score"] - after["dimensions"]["completeness"]) < 0.05
    rules.write_text("extends: standard\nunique:\n  - customer.shoe_size\n", "utf-8")
    refused = command("-C", planned, "quality", "--json")
    assert refused.code == 2
    assert "quality.yaml:3" in refused.data["error"]["message"]


def test_what_people_see(command: Command, planned: Path) -> None:
    """R-4.2: tables with formula, numerator and denominator; the fields of one entity; a fault."""
    shown = command("-C", planned, "quality")
    assert shown.code == 0, shown.err
    assert "repetition rate" in shown.out
    assert "1 − A/B" in shown.out
    fields = command("-C", planned, "--lang", "zh", "quality", "--entity", "customer")
    assert "治理前 → 治理后" in fields.out
    assert command("-C", planned, "quality", "--entity", "nobody").code == 2
    assert command("-C", planned, "quality", "--out", "q.pdf", "--json").code == 2
    assert command("-C", planned, "quality", "R0", "--json").data["error"]["code"] == "not-found"
