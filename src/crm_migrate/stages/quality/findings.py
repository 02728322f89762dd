"""The findings workbook: what is wrong where, masked, for the people who correct the sources."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import polars as pl

from crm_migrate.errors import NotFound
from crm_migrate.language import Language, Text
from crm_migrate.mapping import damage
from crm_migrate.mapping import rules as mapping_rules
from crm_migrate.model import Model
from crm_migrate.plan.show.html import SEVERITY_TEXTS
from crm_migrate.plan.show.sheets import Marked, Sheet, Style, workbook_bytes
from crm_migrate.protection.admission import CUT_OUT, FORBIDDEN
from crm_migrate.protection.policy import Policy
from crm_migrate.records import Rule
from crm_migrate.stages import standardize
from crm_migrate.stages.golden.several_customers import (
    SEVERAL_CUSTOMERS,
    people_at_several_customers,
)
from crm_migrate.stages.judge import own_rules
from crm_migrate.stages.planning.doubles import doubles_sheet
from crm_migrate.stages.quality.found_cells import with_cells
from crm_migrate.standards import email
from crm_migrate.standards.catalog import rule as standard_rule
from crm_migrate.standards.entity.record_rules import REQUIRED
from crm_migrate.standards.reading import mail_domains
from crm_migrate.workspace import Run

MOST, SAMPLE = 50_000, 10_000
"""Lines of the workbook: all, or of more than `MOST` a sample; the rest is counted in its last."""

NO_COLUMN = Rule(
    REQUIRED.code,
    REQUIRED.severity,
    Text(
        "The source has no column for this required value",
        "该来源没有此必填项的列",
    ),
    Text(
        "Nothing to do where another source has it; else map a column, or ask for the values.",
        "其他来源已有该项时无需处理；否则请补充映射或补录。",
    ),
)
"""What `required.missing` says where the source has no such column at all."""
ABSENT = (pl.col("rule") == REQUIRED.code) & pl.col("column").is_null()
"""Findings of that kind: a whole source lacks the column, and each of its records tells so."""
_MEANT = Text(" Probably meant: {domain}.", "疑似应为 {domain}。")
SEVERITY_LOOKS = {"error": Style.WARN, "warning": Style.CAUTION, "repair": Style.NEW}
_ORDER = {"error": 0, "warning": 1, "repair": 2}
_PLACE = ("_order", "source", "file", "sheet", "row", "field", "rule")


def rule_of(code: str, own: Mapping[str, Rule] = MappingProxyType({})) -> Rule:
    """The rule of a code, wherever it was declared; `own`: see `stages.judge.own_rules`.

    Raises:
        NotFound: neither a package nor the project declares it.
    """
    return own[code] if code in own else _declared(code)


@cache
def _declared(code: str) -> Rule:
    declared = (
        *damage.RULES.values(),
        *mapping_rules.RULES,
        FORBIDDEN,
        *CUT_OUT.values(),
        SEVERAL_CUSTOMERS,
    )
    for rule in declared:
        if rule.code == code:
            return rule
    try:
        return standard_rule(code)
    except KeyError:
        raise NotFound(Text(f"no rule '{code}'", f"没有规则“{code}”")) from None


def findings_workbook(
    run: Run, model: Model, policy: Policy, language: Language, doubles: pl.DataFrame
) -> bytes:
    """How often each rule spoke of which field; then one line per finding: file, sheet, row,
    column, field, masked value, rule, hint; then the rows that stand double in the CRM, if any.

    Repairs are only counted, and so are required values that a source has no column for.
    `doubles`: see `stages.planning.doubles`.
    """

    def t(en: str, zh: str) -> str:
        return zh if language == "zh" else en

    every = pl.concat([run.read(standardize.STAGE, "x_findings"), people_at_several_customers(run)])
    found = every.filter((pl.col("severity") != "repair") & ~ABSENT)
    listed = _sampled(found)
    ordered = with_cells(listed, run, model, policy).sort(*_PLACE)
    own = own_rules(run)
    rows = [_line(row, model, language, own) for row in ordered.iter_rows(named=True)]
    if found.height > listed.height:
        rest = found.height - listed.height
        rows.append((t(f"{rest} more", f"另有 {rest} 条"),))
    head = (
        t("weight", "级别"), t("file", "文件"), t("sheet", "工作表"), t("row", "行"),
        t("column", "列"), t("entity", "对象"), t("field", "字段"),
        t("value (masked)", "值（脱敏）"), t("finding", "问题"), t("what to do", "处理建议"),
        t("rule", "规则"),
    )  # fmt: skip
    widths = (8, 18, 16, 8, 24, 10, 16, 22, 44, 44, 24)
    lines = Sheet(t("Findings", "数据问题"), head, widths, rows)
    more = [] if doubles.is_empty() else [doubles_sheet(doubles, model, language)]
    return workbook_bytes([_summary(every, model, language, own), lines, *more])


def _sampled(found: pl.DataFrame) -> pl.DataFrame:
    """All findings; of too many the errors first, and of each rule in each file the first ones."""
    order = pl.col("severity").replace_strict(_ORDER, return_dtype=pl.Int8)
    found = found.with_columns(order.alias("_order"))
    if found.height <= MOST:
        return found
    turn = pl.int_range(pl.len()).over("rule", "source", "file", "field")
    return found.sort(*_PLACE).sort("_order", turn, maintain_order=True).head(SAMPLE)


def _summary(
    found: pl.DataFrame, model: Model, language: Language, own: Mapping[str, Rule]
) -> Sheet:
    """How often each rule spoke of a field in a file; what is gravest and most frequent first,
    what whole sources lack behind the other warnings.
    """
    counted = found.group_by("severity", "rule", "file", "entity", "field", absent=ABSENT).len()
    rows = []
    for severity, code, file, entity, field, absent, count in counted.iter_rows():
        rule = NO_COLUMN if absent else rule_of(code, own)
        rows.append(
            (
                (_ORDER[severity], absent, -count),
                _weight(severity, language),
                *_labels(model, language, entity, field),
                rule.message.in_language(language),
                file,
                count,
                rule.hint.in_language(language),
                code,
            )
        )
    rows.sort(key=lambda row: (row[0], row[-1], *map(str, row[2:5])))
    head = (
        Text("weight", "级别"),
        Text("entity", "对象"),
        Text("field", "字段"),
        Text("finding", "问题"),
        Text("file", "文件"),
        Text("count", "数量"),
        Text("what to do", "处理建议"),
        Text("rule", "规则"),
    )
    return Sheet(
        Text("Summary", "汇总").in_language(language),
        [text.in_language(language) for text in head],
        (8, 12, 20, 50, 20, 10, 56, 28),
        [row[1:] for row in rows],
    )


def _weight(severity: str, language: Language) -> Marked:
    return Marked(SEVERITY_TEXTS[severity].in_language(language), SEVERITY_LOOKS[severity])


def _labels(model: Model, language: Language, entity: str, field: str) -> tuple[str, str]:
    """What entity and field are called."""
    known = model.by_name.get(entity)
    part = known.by_name.get(field) if known else None
    return (
        known.label.in_language(language) if known else entity,
        part.label.in_language(language) if part else field,
    )


def _line(
    row: dict[str, object], model: Model, language: Language, own: Mapping[str, Rule]
) -> tuple[object, ...]:
    rule = rule_of(str(row["rule"]), own)
    return (
        _weight(str(row["severity"]), language),
        row["file"],
        row["sheet"],
        row["row"],
        row["column"],
        *_labels(model, language, str(row["entity"]), str(row["field"])),
        row["value"],
        rule.message.in_language(language),
        rule.hint.in_language(language) + _meant(rule, row["value"], language),
        rule.code,
    )


def _meant(rule: Rule, shown: object, language: Language) -> str:
    """The domain that a mistyped mail address was probably meant to have: a mask leaves it."""
    if rule.code != email.TYPO.code or not isinstance(shown, str):
        return ""
    domain = mail_domains.meant_domain(pl.Series([shown])).item()
    return _MEANT.in_language(language, domain=domain) if domain else ""
