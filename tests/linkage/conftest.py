"""The shipped rules, as the tests of linkage use them."""

from pathlib import Path

import pytest
import yaml

import crm_migrate
from crm_migrate.language import Text
from crm_migrate.linkage.golden.rules import SurvivorshipRules, parse_survivorship
from crm_migrate.linkage.rules.parse import parse_rules
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.model import Entity, Field, SemanticType

STARTER = Path(crm_migrate.__file__).parent / "starter"


@pytest.fixture(scope="session")
def model_fields() -> dict[str, list[str]]:
    entities = yaml.safe_load((STARTER / "entities.yaml").read_text(encoding="utf-8"))["entities"]
    return {name: list(body["fields"]) for name, body in entities.items()}


@pytest.fixture(scope="session")
def shipped(model_fields: dict[str, list[str]]) -> dict[str, LinkageRules]:
    data = yaml.safe_load((STARTER / "linkage.yaml").read_text(encoding="utf-8"))
    rules, faults = parse_rules(data, model_fields)
    assert faults == []
    return rules


@pytest.fixture(scope="session")
def customer_rules(shipped: dict[str, LinkageRules]) -> LinkageRules:
    return shipped["customer"]


@pytest.fixture(scope="session")
def survivorship(model_fields: dict[str, list[str]]) -> SurvivorshipRules:
    data = yaml.safe_load((STARTER / "survivorship.yaml").read_text(encoding="utf-8"))
    rules, faults = parse_survivorship(data, model_fields)
    assert faults == []
    return rules


@pytest.fixture(scope="session")
def customer(model_fields: dict[str, list[str]]) -> Entity:
    fields = tuple(
        Field(name, SemanticType.TEXT, Text(name, name)) for name in model_fields["customer"]
    )
    return Entity("customer", Text("customer", "客户"), fields)
