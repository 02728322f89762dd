"""`rules/verification.yaml`: whom to ask a second time about which fields (R-2.4)."""

from typing import Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Model, SemanticType
from crm_migrate.project.rule_files import VerificationFile, VerifierRule
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.rules.faults import FaultAt, validated

Verifiers = dict[str, VerifierRule]
RULES: dict[str, Rule] = {
    "dns_mx": Rule(
        "verification.mail_domain",
        Severity.WARNING,
        Text("The mail domain does not exist or receives no mail",
             "邮箱域名不存在或不接收邮件（经二次核验）"),
        Text("Ask for the address again; `crm-migrate verify` asks about it anew.",
             "请重新核实邮箱地址；可用 `crm-migrate verify` 再次核验。"),
    ),
    "http": Rule(
        "verification.register",
        Severity.WARNING,
        Text("The register that was asked does not confirm the value",
             "经外部登记系统二次核验，该值不正确"),
        Text("Compare it with the original document; `crm-migrate verify` asks about it anew.",
             "请与原始证照核对；可用 `crm-migrate verify` 再次核验。"),
    ),
}  # fmt: skip
"""What is found of values that a verifier refuted, by its kind."""


def parse_verification(data: Any, model: Model) -> tuple[Verifiers, list[FaultAt]]:
    """The active verifiers, and every fault."""
    file, faults = validated(VerificationFile, data)
    if file is None:
        return {}, faults
    for name, given in file.verifiers.items():
        for place in given.fields:
            entity_name, _, field = place.partition(".")
            entity = model.by_name.get(entity_name)
            known = entity.by_name.get(field) if entity is not None else None
            at = ("verifiers", name, "fields")
            if known is None:
                faults.append((at, Text(f"no field '{place}'", f"没有字段“{place}”"), None))
            elif given.kind == "dns_mx" and known.type is not SemanticType.EMAIL:
                faults.append((at, Text(f"{place} holds no mail addresses",
                                        f"{place} 不是邮箱字段"), None))  # fmt: skip
    return {n: v for n, v in file.verifiers.items() if v.active}, faults


def subjects(verifier: VerifierRule, values: pl.Series) -> pl.Series:
    """What is asked about each value: of mail only the domain leaves the machine."""
    if verifier.kind == "dns_mx":
        return values.str.extract(r"@([^@;]+)$").str.to_lowercase()
    return values
