"""What of a mapped record may enter the workspace: forbidden values are cut out before.

Runs on a batch straight after mapping, so that a forbidden value is never written, not even
encrypted (R-1.2, R-5.3). That something was cut out is a finding; the value is in none.
"""

from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, SemanticType
from crm_migrate.protection.free_text import redact
from crm_migrate.protection.policy import Audience, Kind, Policy, Treatment
from crm_migrate.records import Rule, Severity, concat_findings, findings_where

FORBIDDEN = Rule(
    "policy.forbidden",
    Severity.REPAIR,
    Text(
        "The data policy forbids this field; its value was not taken over",
        "数据策略禁止采集该字段，其值未被采集",
    ),
    Text("Remove the column from the source's mapping.", "请从来源映射中删除该列。"),
)
CUT_OUT = {
    Kind.ID_NUMBER: Rule(
        "free_text.id_number",
        Severity.REPAIR,
        Text("An identity number was cut out of the text", "文本中的证件号码已被移除"),
        Text("It must not be entered into the CRM.", "证件号码不得录入 CRM。"),
    ),
    Kind.BANK_CARD: Rule(
        "free_text.bank_card",
        Severity.REPAIR,
        Text("A bank card number was cut out of the text", "文本中的银行卡号已被移除"),
        Text("It must not be entered into the CRM.", "银行卡号不得录入 CRM。"),
    ),
    Kind.MOBILE: Rule(
        "free_text.mobile",
        Severity.REPAIR,
        Text("A mobile number was cut out of the text", "文本中的手机号码已被移除"),
        Text("Enter it in the field for it.", "请录入对应的字段。"),
    ),
    Kind.EMAIL: Rule(
        "free_text.email",
        Severity.REPAIR,
        Text("A mail address was cut out of the text", "文本中的电子邮箱已被移除"),
        Text("Enter it in the field for it.", "请录入对应的字段。"),
    ),
    Kind.TRAVEL_DOCUMENT: Rule(
        "free_text.travel_document",
        Severity.REPAIR,
        Text(
            "The number of a passport was cut out of the text", "文本中的护照或通行证号码已被移除"
        ),
        Text("The CRM has no place for it.", "CRM 不采集此项。"),
    ),
    Kind.PLATE: Rule(
        "free_text.plate",
        Severity.REPAIR,
        Text("A number plate was cut out of the text", "文本中的车牌号已被移除"),
        Text("The CRM has no place for it.", "CRM 不采集此项。"),
    ),
    Kind.PASSWORD: Rule(
        "free_text.password",
        Severity.REPAIR,
        Text("A password was cut out of the text", "文本中的密码已被移除"),
        Text("Have it changed: many people could read it.", "该密码可能已被多人看到，请通知更换。"),
    ),
    Kind.SOCIAL_ACCOUNT: Rule(
        "free_text.social_account",
        Severity.REPAIR,
        Text("A WeChat or QQ account was cut out of the text", "文本中的微信号或 QQ 号已被移除"),
        Text("Enter it in the field for it.", "请录入对应的字段。"),
    ),
    Kind.HOME_ADDRESS: Rule(
        "free_text.home_address",
        Severity.REPAIR,
        Text("A home address was cut out of the text", "文本中的家庭住址已被移除"),
        Text("The CRM has no place for it.", "CRM 不采集此项。"),
    ),
    Kind.BIRTH_DATE: Rule(
        "free_text.birth_date",
        Severity.REPAIR,
        Text("A birth date was cut out of the text", "文本中的出生日期已被移除"),
        Text("The CRM has no place for it.", "CRM 不采集此项。"),
    ),
}
_TEXTS = frozenset(
    {
        SemanticType.TEXT,
        SemanticType.FREE_TEXT,
        SemanticType.TITLE,
        SemanticType.COMPANY_NAME,
        SemanticType.ADDRESS,
        SemanticType.TAGS,
    }
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The records as they may be stored, and a finding for each value that was touched."""

    records: pl.DataFrame
    findings: pl.DataFrame


def admit(
    records: pl.DataFrame,
    entity: Entity,
    policy: Policy,
    columns: dict[str, dict[str, str]] | None = None,
) -> Admitted:
    """Empty forbidden fields and cut personal numbers out of texts.

    `records` has `record_id`, the provenance columns and any of the entity's fields as Strings;
    `columns` maps a field to {source name: source column} for the findings.
    """
    findings: list[pl.DataFrame] = []
    changed: list[pl.Series] = []

    def report(field: str, rule: Rule, mask: pl.Series) -> None:
        if mask.any():
            origin = (columns or {}).get(field)
            findings.append(
                findings_where(
                    records, mask, entity=entity.name, field=field, rule=rule, columns=origin
                )
            )

    for field in entity.fields:
        if field.name not in records.columns:
            continue
        values = records[field.name]
        if policy.treatment(entity.name, field.name, Audience.WORKSPACE) is Treatment.FORBID:
            report(field.name, FORBIDDEN, values.is_not_null())
            changed.append(
                pl.Series(field.name, [None], dtype=pl.String).new_from_index(0, len(values))
            )
        elif field.type in _TEXTS:
            redacted = redact(values, policy.free_text)
            for kind, mask in redacted.found.items():
                report(field.name, CUT_OUT[kind], mask)
            changed.append(redacted.text.alias(field.name))
    return Admitted(records.with_columns(changed), concat_findings(findings))
