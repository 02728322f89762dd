"""What people type into the field of a company name beside the name, or by mistake."""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.residue import mask_where
from crm_migrate.standards.contract import Masks
from crm_migrate.standards.reading.company_notes import STATE
from crm_migrate.standards.reading.personal_data import Finding, with_mobile
from crm_migrate.standards.reading.personal_rules import OF_KINDS

_MISTYPED = (
    r"公司司|限公$|责任?公$|责公司|有[线现县险献显][责公]|有限[工攻]司|有限公[^司]|有限限|限限公|有限有限|"
    r"公司公司|有公限司|限有公司|有限司公"
)
_SEVERAL = r"限(?:责任)?公司.{4,}限(?:责任)?公司$|[\p{Han})]{5,}[/;、][\p{Han}(]{5,}"
_NOTE = (
    rf"\((?:已|待|拟)?(?:{STATE})[^()]*\)$|[-,;:!/](?:已|待|拟)?(?:{STATE})$"
    rf"|^\(?(?:已|待)?(?:{STATE})[):!,-]|公司\(?[0-9]{{1,3}}\)?$|[(][^()]*客户[)]$"
)
"""A note that could not be taken off."""
_NOTED = [*STATE.split("|"), "客户", *(f"公司{sign}{n}" for n in range(10) for sign in ("", "("))]
"""One of them is in every note."""

MISTYPED = Rule(
    "company_name.mistyped",
    Severity.WARNING,
    Text("The legal form in the name looks mistyped", "名称中的组织形式疑似笔误"),
    Text(
        "Perhaps 有限公司 is meant; check the licence.",
        "如“有线公司”多为“有限公司”，请核对营业执照。",
    ),
)
NOTE = Rule(
    "company_name.note",
    Severity.WARNING,
    Text(
        "A note beside the name (struck off, void, repeated …) or a number behind it; a note is"
        " taken off",
        "名称旁有备注（如已注销、作废、重复）或尾随编号；备注已从名称中去除",
    ),
    Text(
        "Check whether the record is still needed, and enter the state in its own field.",
        "请确认该记录是否仍需保留，并将状态填写在对应字段。",
    ),
)
SEVERAL = Rule(
    "company_name.several",
    Severity.WARNING,
    Text("The cell seems to hold the names of two companies", "一格中疑似有两个企业名称"),
    Text(
        "Make two records of it, or keep the right name.", "请拆分为两条记录，或只保留正确的名称。"
    ),
)
RULES: tuple[Rule, ...] = (MISTYPED, NOTE, SEVERAL, OF_KINDS[Finding.MOBILE])


def slips(value: pl.Series, open_: pl.Series, odd: pl.Series) -> Masks:
    """Each rule with its rows. `value`: canonical names; `open_`: those that may hold slips at
    all; `odd`: those of an unusual form.

    >>> names = pl.Series(["恒通有线公司", "恒通有限公司(已注销)", "恒通有限公司上海恒达有限公司"])
    >>> every = names.is_not_null()
    >>> for rule, rows in slips(names, every, every):
    ...     print(rule.code, rows.to_list())
    company_name.mistyped [True, False, False]
    company_name.several [False, False, True]
    company_name.note [False, True, False]
    free_text.mobile_found [False, False, False]
    """
    suspect = mask_where(value, open_, lambda few: few.str.contains(f"{_MISTYPED}|{_SEVERAL}"))
    yield MISTYPED, mask_where(value, suspect, lambda few: few.str.contains(_MISTYPED))
    yield SEVERAL, mask_where(value, suspect, lambda few: few.str.contains(_SEVERAL))
    noted = mask_where(value, odd, lambda few: few.str.contains_any(_NOTED))
    yield NOTE, mask_where(value, noted, lambda few: few.str.contains(_NOTE))
    yield OF_KINDS[Finding.MOBILE], mask_where(value, odd, with_mobile)
