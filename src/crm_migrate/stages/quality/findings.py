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
from crm_migrate.plan.show.sheets import Sheet, workbook_bytes
from crm_migrate.protection.admission import CUT_OUT, FORBIDDEN
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Policy, Treatment
from crm_migrate.records import RECORD_ID, Rule
from crm_migrate.stages import extract, standardize
from crm_migrate.stages.judge import own_rules
from crm_migrate.stages.planning.doubles import doubles_sheet
from crm_migrate.standards.catalog import rule as standard_rule
from crm_migrate.workspace import Run

MOST, SAMPLE = 50_000, 10_000
"""Lines of the workbook: all, or of more than `MOST` a sample; the rest is counted in its last."""

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
    declared = (*damage.RULES.values(), *mapping_rules.RULES, FORBIDDEN, *CUT_OUT.values())
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
    """How often each rule spoke; then one line per finding: file, sheet, row, column, field,
    masked value, rule, hint; then the rows that stand double in the CRM, where there are.

    Repairs are only counted. `doubles`: see `stages.doubles`.
    """

    def t(en: str, zh: str) -> str:
        return zh if language == "zh" else en

    every = run.read(standardize.STAGE, "x_findings")
    found = every.filter(pl.col("severity") != "repair")
    listed = _sampled(found)
    ordered = _with_masks(listed, run, model, policy).sort(*_PLACE)
    own = own_rules(run)
    rows = [_line(row, model, language, own) for row in ordered.iter_rows(named=True)]
    if found.height > listed.height:
        rest = found.height - listed.height
        rows.append((t(f"{rest} more", f"另有 {rest} 条"),))
    head = (
        t("weight", "级别"), t("file", "文件"), t("sheet", "工作表"), t("row", "行"),
        t("column", "列"), t("entity", "对象"), t("field", "字段"), t("value (masked)", "值(脱敏)"),
        t("finding", "问题"), t("what to do", "处理建议"), t("rule", "规则"),
    )  # fmt: skip
    widths = (8, 18, 16, 8, 24, 10, 16, 22, 44, 44, 24)
    lines = Sheet(t("Findings", "数据问题"), head, widths, rows)
    more = [] if doubles.is_empty() else [doubles_sheet(doubles, model, language)]
    return workbook_bytes([_summary(every, language, own), lines, *more])


def _sampled(found: pl.DataFrame) -> pl.DataFrame:
    """All findings; of too many the errors first, and of each rule in each file the first ones."""
    order = pl.col("severity").replace_strict(_ORDER, return_dtype=pl.Int8)
    found = found.with_columns(order.alias("_order"))
    if found.height <= MOST:
        return found
    turn = pl.int_range(pl.len()).over("rule", "source", "file", "field")
    return found.sort(*_PLACE).sort("_order", turn, maintain_order=True).head(SAMPLE)


def _summary(found: pl.DataFrame, language: Language, own: Mapping[str, Rule]) -> Sheet:
    counted = found.group_by("severity", "rule", "file").len()
    rows = [
        (
            _ORDER[severity],
            -count,
            SEVERITY_TEXTS[severity].in_language(language),
            rule_of(code, own).message.in_language(language),
            file,
            count,
            rule_of(code, own).hint.in_language(language),
            code,
        )
        for severity, code, file, count in counted.iter_rows()
    ]
    rows.sort(key=lambda row: (row[0], row[1], row[-1], str(row[4])))
    head = (
        Text("weight", "级别"),
        Text("finding", "问题"),
        Text("file", "文件"),
        Text("count", "数量"),
        Text("what to do", "处理建议"),
        Text("rule", "规则"),
    )
    return Sheet(
        Text("Summary", "汇总").in_language(language),
        [text.in_language(language) for text in head],
        (8, 50, 24, 10, 60, 28),
        [row[2:] for row in rows],
    )


def _with_masks(found: pl.DataFrame, run: Run, model: Model, policy: Policy) -> pl.DataFrame:
    """The findings with `value`: the raw cell, masked as policy says for reports."""
    parts = []
    for (entity, field), some in found.group_by(["entity", "field"], maintain_order=True):
        name, known = str(entity), model.by_name.get(str(entity))
        empty = pl.lit(None, dtype=pl.String).alias("value")
        if known is None or field not in known.by_name or name not in run.names(extract.STAGE):
            parts.append(some.with_columns(empty))
            continue
        raw = run.read(extract.STAGE, name, [RECORD_ID, str(field)]).rename({str(field): "value"})
        joined = some.join(raw.unique(RECORD_ID), on=RECORD_ID, how="left", maintain_order="left")
        if policy.treatment(name, str(field), Audience.REPORT) != Treatment.CLEAR:
            masked = mask_series(joined["value"], known.by_name[str(field)].type)
            joined = joined.with_columns(masked.alias("value"))
        parts.append(joined)
    return pl.concat(parts) if parts else found.with_columns(value=pl.lit(None, dtype=pl.String))


def _line(
    row: dict[str, object], model: Model, language: Language, own: Mapping[str, Rule]
) -> tuple[object, ...]:
    rule = rule_of(str(row["rule"]), own)
    entity = model.by_name.get(str(row["entity"]))
    field = entity.by_name.get(str(row["field"])) if entity else None
    return (
        SEVERITY_TEXTS[str(row["severity"])].in_language(language),
        row["file"],
        row["sheet"],
        row["row"],
        row["column"],
        entity.label.in_language(language) if entity else row["entity"],
        field.label.in_language(language) if field else row["field"],
        row["value"],
        rule.message.in_language(language),
        rule.hint.in_language(language),
        rule.code,
    )
