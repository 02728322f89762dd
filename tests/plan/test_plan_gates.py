"""Gates: figures against limits (R-6.5)."""

from crm_migrate.plan.gates import LABELS, blocking, evaluate, parse_gates
from crm_migrate.project.entities_file import starter_file


def test_the_standard_gates_warn_of_open_reviews_and_block_on_totals() -> None:
    """A doubtful pair is loaded apart; an amount that differs stops the plan."""
    rules, faults = parse_gates(starter_file("gates.yaml").data)
    assert not faults
    assert set(rules) == set(LABELS)
    figures = {"open_reviews": 3, "quarantined_share": 0.1}
    gates = {g.name: g for g in evaluate(rules, figures)}
    assert not gates["open_reviews"].passed
    assert not blocking(tuple(gates.values()))
    blocked = blocking(evaluate(rules, figures | {"control_totals_differ": 1}))
    assert [g.name for g in blocked] == ["control_totals_differ"]


def test_faults_are_reported_together_with_their_place() -> None:
    """Unknown gates, wrong limits and unknown consequences."""
    data = {
        "gates": {
            "unheard_of": {"limit": 1},
            "conflicts": {"limit": "many"},
            "open_reviews": {"limit": 1, "on_failure": "panic"},
            "does_not_fit": {"limit": -1},
            "owner_conflicts": 3,
            "changed_share": {"limit": 0.5},
        }
    }
    rules, faults = parse_gates(data)
    assert list(rules) == ["changed_share"]
    assert [at for at, _ in faults] == [f"gates/{n}" for n in list(data["gates"])[:5]]
    assert parse_gates(None) == parse_gates([])
