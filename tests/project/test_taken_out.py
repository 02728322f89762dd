"""Parts of the standard model taken out by a project: the packaged rules speak of them no more."""

from dataclasses import replace
from pathlib import Path

import pytest

from crm_migrate.errors import ProjectFault
from crm_migrate.model import Model
from crm_migrate.project import Project, load_project
from crm_migrate.project.entities_file import starter_file
from crm_migrate.project.rule_files import VerifierRule, Weighing
from crm_migrate.project.taken_out import taken_out
from crm_migrate.project.yaml_file import read_yaml
from crm_migrate.stages.job import Rules, parse_rules

FIELDS = {
    "customer": {"uscc", "enterprise_type", "phone", "email", "term_from", "remark", "department"},
    "contact": {"bank_card", "primary", "id_number", "mobile"},
    "contract": {"signed_on"},
}


def without(model: Model, fields: dict[str, set[str]], entities: set[str]) -> Model:
    """The model without some of its fields and entities."""
    kept = [
        replace(e, fields=tuple(f for f in e.fields if f.name not in fields.get(e.name, ())))
        for e in model.entities
        if e.name not in entities
    ]
    return replace(model, entities=tuple(kept))


def parsed(project: Project, model: Model, **written: dict[str, object]) -> Rules:
    """The packaged rules for that model, and what a project writes into a file beside them."""
    out = taken_out(model)
    files = {}
    for name, file in project.rules.items():
        data = out.rules(name, starter_file(f"{name}.yaml").data)
        if name in written:
            data = {**data, **written[name]}
        files[name] = replace(file, data=data)
    return parse_rules(replace(project, model=model, rules=files))


def test_packaged_rules_leave_out_what_was_taken_out(root: Path) -> None:
    """Fields and entities can be taken out of the model; every rule of what stays still stands."""
    project = load_project(root)
    model = without(project.model, FIELDS, {"lead", "opportunity", "attachment"})
    rules, whole = parsed(project, model), parsed(project, project.model)
    stand, stood = ({j.rule.code for j in r.records.judgements} for r in (rules, whole))
    assert {"customer.region", "customer.form_of_name", "order.before_contract"} <= stood - stand
    assert {"customer.created_later", "contract.amount", "order.other_customer"} <= stand
    reachable = next(j for j in rules.records.judgements if j.rule.code == "contact.unreachable")
    assert (reachable.field, reachable.required) == ("phone", ("phone", "email"))
    assert set(rules.linkage) == set(whole.linkage) - {"lead", "opportunity", "attachment"}


def test_own_rules_of_missing_fields_are_faults(root: Path) -> None:
    """What the project writes itself about a missing field is told, with the rule's name."""
    project = load_project(root)
    model = without(project.model, {"contract": {"ends_on"}}, set())
    own = {"field": "amount", "check": "ends_on is not null"}
    texts = {"message": {"en": "x", "zh": "x"}, "hint": {"en": "x", "zh": "x"}}
    with pytest.raises(ProjectFault) as caught:
        parsed(project, model, records={"rules": {"contract.open": {**own, **texts}}})
    assert [f.message.en for f in caught.value.faults] == [
        "contract.open: contract has no field 'ends_on'"
    ]


def test_faults_of_form_are_told_in_both_languages(root: Path) -> None:
    """Unknown keys, missing texts, wrong words: in the user's language, never in a library's."""
    project = load_project(root)
    wrong = {
        "contract.a": {"field": "amount", "check": "amount > 1", "mesage": "x"},
        "contract.b": {"unique": ["number"], "required": ["number"], "severity": "fatal"},
    }
    with pytest.raises(ProjectFault) as caught:
        parsed(project, project.model, records={"rules": wrong})
    told = [f.message for f in caught.value.faults]
    assert "rules.contract.a.mesage: there is no such setting here" in [t.en for t in told]
    assert "rules.contract.b.severity：须为以下之一：error、warning、repair" in [t.zh for t in told]
    assert not [t.zh for t in told if "permitted" in t.zh or "Input" in t.zh]


def test_what_yaml_reads_otherwise_than_people(tmp_path: Path) -> None:
    """A bare `off` is a severity; a day that does not exist is a fault with its line."""
    assert Weighing.model_validate({"severity": False}).severity == "off"
    path = tmp_path / "allowed.yaml"
    path.write_text("allowed:\n  customer.uscc:\n    - {until: 2027-13-31}\n", "utf-8")
    (fault,) = read_yaml(path)[1]
    assert (fault.where, fault.message.en) == (f"{path}:3", "there is no such day or time")


def test_a_verifier_stands_behind_https_or_on_this_machine() -> None:
    """R-5.2: with or without a port, this machine is this machine; a name like it is not."""
    for url in ("http://localhost/verify", "http://127.0.0.1:8080/v", "http://[::1]/v"):
        assert VerifierRule(kind="http", url=url, fields=("customer.uscc",)).url == url
    for url in ("http://localhost.example.com/v", "http://register.example.com:80/v"):
        with pytest.raises(ValueError, match="https://"):
            VerifierRule(kind="http", url=url, fields=("customer.uscc",))
