"""Every rule that the standards may cite, by its code."""

from functools import cache

from crm_migrate.model import SemanticType
from crm_migrate.records import Rule
from crm_migrate.standards import standard
from crm_migrate.standards.entity import (
    business_term,
    markup,
    misplaced,
    misplaced_accounts,
    misplaced_banks,
    misplaced_contacts,
    own_currencies,
    record_rules,
    schema,
    told_beside,
    wordings,
)
from crm_migrate.standards.rules import verification


@cache
def rules() -> dict[str, Rule]:
    """Rules by code, in a fixed order: by type, then records, then the schema.

    Raises:
        ValueError: two different rules share a code.
    """
    found: dict[str, Rule] = {}
    for type_ in SemanticType:
        for rule in standard(type_).RULES:
            if found.setdefault(rule.code, rule) != rule:
                raise ValueError(f"two rules share the code {rule.code}")
    others = (
        record_rules.RULES,
        wordings.RULES,
        markup.RULES,
        own_currencies.RULES,
        misplaced.RULES,
        misplaced_accounts.RULES,
        misplaced_banks.RULES,
        misplaced_contacts.RULES,
        told_beside.RULES,
        business_term.RULES,
        schema.RULES,
        verification.RULES.values(),
    )
    for rule in (r for some in others for r in some):
        if rule.code in found:
            raise ValueError(f"two rules share the code {rule.code}")
        found[rule.code] = rule
    return found


def rule(code: str) -> Rule:
    """The rule of that code, with message and hint in both languages.

    Raises:
        KeyError: no standard has such a rule.

    >>> rule("uscc.checksum").severity.value
    'warning'
    """
    return rules()[code]
