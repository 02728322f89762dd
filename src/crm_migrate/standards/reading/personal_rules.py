"""What is told of each kind of personal data that stands in a text.

Basis: GB/T 35273-2020, PIPL art. 28 and 29.
"""

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.reading.personal_data import Finding

NUMBERS = Rule(
    "free_text.personal_number",
    Severity.WARNING,
    Text(
        "The text seems to hold an identity or bank card number",
        "文本中疑似含有证件号码或银行卡号",
    ),
    Text(
        "Remove the number: it must not be entered into the CRM.",
        "请删除该号码：此类信息不得录入 CRM。",
    ),
)


def _told(kind: Finding, en: str, zh: str, field_en: str, field_zh: str) -> Rule:
    return Rule(
        f"free_text.{kind}",
        Severity.WARNING,
        Text(f"The text seems to hold {en}", f"文本中疑似含有{zh}"),
        Text(f"{field_en}, and take it out of the text.", f"{field_zh}，并从文本中删除。"),
    )


_OWN_FIELD = ("Enter it in the field of the contact", "请录入联系人的对应字段")
_NO_PLACE = (
    "The CRM has no place for it: check whether it is needed",
    "CRM 不采集此项，请确认是否必要",
)
SENSITIVE = Rule(
    f"free_text.{Finding.SENSITIVE}",
    Severity.WARNING,
    Text(
        "The text seems to hold sensitive personal information (religion, health, offences,"
        " family)",
        "文本中疑似含有敏感个人信息（宗教信仰、健康、违法记录、婚育等）",
    ),
    Text(
        "Take it out of the text, unless there is a stated purpose and a separate consent (PIPL"
        " art. 28 and 29).",
        "请从文本中删除；确需保留的，须有特定目的并取得单独同意（个人信息保护法第 28、29 条）。",
    ),
)
OF_KINDS = {
    Finding.NUMBER: NUMBERS,
    Finding.MOBILE: _told(Finding.MOBILE, "a mobile number", "手机号码", *_OWN_FIELD),
    Finding.EMAIL: _told(Finding.EMAIL, "a mail address", "电子邮箱", *_OWN_FIELD),
    Finding.TRAVEL_DOCUMENT: _told(
        Finding.TRAVEL_DOCUMENT,
        "the number of a passport or permit",
        "护照或通行证号码",
        *_NO_PLACE,
    ),
    Finding.PLATE: _told(Finding.PLATE, "a number plate", "车牌号", *_NO_PLACE),
    Finding.PASSWORD: _told(
        Finding.PASSWORD,
        "a password",
        "密码",
        "Have the password changed: many people could read it",
        "该密码可能已被多人看到，请通知更换",
    ),
    Finding.SOCIAL_ACCOUNT: _told(
        Finding.SOCIAL_ACCOUNT, "a WeChat or QQ account", "微信号或 QQ 号", *_OWN_FIELD
    ),
    Finding.HOME_ADDRESS: _told(
        Finding.HOME_ADDRESS, "somebody's home address", "家庭住址", *_NO_PLACE
    ),
    Finding.BIRTH_DATE: _told(Finding.BIRTH_DATE, "a birth date", "出生日期", *_NO_PLACE),
    Finding.SENSITIVE: SENSITIVE,
}
"""What is told of each kind of personal data."""
