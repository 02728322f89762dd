"""Policy: coverage of every field, and what is refused (R-5.3)."""

from importlib.resources import files

import pytest
import yaml

from crm_migrate.language import Text
from crm_migrate.model import Entity, Field, Level, Model, SemanticType
from crm_migrate.protection.policy import Audience, Kind, Treatment, parse_policy

STARTER = yaml.safe_load((files("crm_migrate") / "starter" / "policy.yaml").read_text("utf-8"))


def starter_model() -> Model:
    """Entities, fields, types and levels of the starter; what policy looks at."""
    data = yaml.safe_load((files("crm_migrate") / "starter" / "entities.yaml").read_text("utf-8"))
    entities = tuple(
        Entity(
            name,
            Text(name, name),
            tuple(
                Field(
                    f,
                    SemanticType(d["type"]),
                    Text(f, f),
                    level=Level(d.get("level", "internal")),
                )
                for f, d in entity["fields"].items()
            ),
        )
        for name, entity in data["entities"].items()
    )
    return Model(entities, {})


def where(at) -> str:
    return "rules/policy.yaml:" + ".".join(map(str, at))


def test_starter_covers_every_field_of_the_standard_model():
    """No field of the form is without a treatment for any audience."""
    policy, faults = parse_policy(STARTER, starter_model(), where)
    assert faults == []
    model = starter_model()
    for entity in model.entities:
        for field in entity.fields:
            for audience in Audience:
                assert policy.treatment(entity.name, field.name, audience) in Treatment


def test_starter_says_what_the_regime_says():
    """R-5.3: ids sealed, cards forbidden, business phones clear in the CRM, masked in reports."""
    policy, _ = parse_policy(STARTER, starter_model(), where)
    assert policy.treatment("contact", "id_number", Audience.TARGET) is Treatment.SEAL
    assert policy.fields(Audience.WORKSPACE, Treatment.FORBID) == [("contact", "bank_card")]
    assert policy.treatment("contact", "mobile", Audience.TARGET) is Treatment.CLEAR
    assert policy.treatment("contact", "mobile", Audience.REPORT) is Treatment.MASK
    assert policy.treatment("customer", "billing_account", Audience.TARGET) is Treatment.CLEAR
    assert policy.free_text == {Kind.ID_NUMBER, Kind.BANK_CARD, Kind.PASSWORD}


def test_uncovered_field_is_a_fault_and_forbidden():
    """A field without policy is a fault that names it; unusable, it lets nothing through."""
    data = {"levels": {"internal": {"workspace": "clear", "target": "clear", "report": "clear"}}}
    field = Field("code", SemanticType.CODE, Text("c", "c"))
    model = Model((Entity("customer", Text("c", "c"), (field,)),), {})
    policy, faults = parse_policy(data, model, where)
    assert [f.message.en for f in faults] == ["customer.code has no treatment for export"]
    assert faults[0].where == "rules/policy.yaml:levels.internal"
    assert policy.treatment("customer", "code", Audience.EXPORT) is Treatment.FORBID


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"fields": {"customer.nmae": {"target": "clear"}}}, "fields.customer.nmae"),
        ({"fields": {"customer.name": {"target": "mask"}}}, "fields.customer.name.target"),
        ({"fields": {"customer.name": {"crm": "clear"}}}, "fields.customer.name.crm"),
        ({"fields": {"customer.name": "clear"}}, "fields.customer.name."),
        ({"fields": ["customer.name"]}, "fields"),
        ({"levels": {**STARTER["levels"], "top": {}}}, "levels.top"),
        ({"free_text": ["passport"]}, "free_text.0"),
        ({"feilds": {}}, "feilds"),
    ],
)
def test_each_fault_names_its_place(change, place):
    """Unknown fields, audiences, treatments, levels and kinds are reported where they stand."""
    _, faults = parse_policy({**STARTER, **change}, starter_model(), where)
    assert f"rules/policy.yaml:{place}" in [f.where for f in faults]


def test_all_faults_are_reported_together():
    """One look shows every fault; an empty file is a fault per field, not a crash."""
    _, faults = parse_policy(None, starter_model(), where)
    fields = sum(len(e.fields) for e in starter_model().entities)
    assert len(faults) == fields * len(Audience)


def test_what_the_workspace_forbids_is_forbidden_everywhere():
    """What never enters the workspace has no other audience."""
    data = {**STARTER, "fields": {"contact.title": {"workspace": "forbid"}}}
    policy, faults = parse_policy(data, starter_model(), where)
    assert faults == []
    assert policy.treatment("contact", "title", Audience.TARGET) is Treatment.FORBID
