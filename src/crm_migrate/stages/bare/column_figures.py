"""How well the columns of bare files are filled, how much in them is right, and what goes wrong
in most of one: then the column rather than its values is what to look at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from crm_migrate.language import Text
from crm_migrate.mapping.origins import origins
from crm_migrate.model import Model
from crm_migrate.quality.rule_kinds import CELL_FAULTS, SETTLED, Kind, kind_of, own_kinds
from crm_migrate.records import RECORD_ID, Rule, Severity
from crm_migrate.stages.bare.standardize import StandardizedFiles
from crm_migrate.stages.bare.told_rules import told_rule

MOST, FEW = 0.5, 10
"""From this share of a column, and this many values on, its findings are one of the column."""

_CELL = ["source", "sheet", "entity", "field"]
_NOTHING = frozenset(
    {
        "cell.placeholder",
        "cell.excel_error",
        "damage.excel_error",
        "damage.no_result",
        "boolean.unknown",
    }
)
"""Rules by which a cell holds nothing at all."""

_HOLDS = {
    "bank_account.personal_card": Text("card numbers of persons", "个人银行卡号"),
    "industry.section_only": Text(
        "sections of industry, without the division", "行业门类（未到大类）"
    ),
    "industry.unknown": Text("an industry list of your own", "自定义行业分类"),
    "mobile.landline": Text("landline numbers", "固定电话"),
    "phone.moved_mobile": Text("mobile numbers", "手机号码"),
    "phone.no_area_code": Text("local numbers without area code", "不带区号的电话"),
    "date.incomplete": Text("months or years, not days", "年月，而非日期"),
    "uscc.moved": Text("registration numbers", "工商注册号"),
    "uscc.moved_tax_number": Text("tax numbers", "税号"),
    "uscc.moved_organisation_code": Text("organisation codes", "组织机构代码"),
    "registration_number.moved_uscc": Text("unified social credit codes", "统一社会信用代码"),
    "organisation_code.moved_uscc": Text("unified social credit codes", "统一社会信用代码"),
    "id_number.moved_document": Text("numbers of travel documents", "出入境证件号码"),
    "website.moved_mail": Text("mail addresses", "邮箱"),
    "email.moved_website": Text("web addresses", "网址"),
    "person_name.company": Text("names of companies", "企业名称"),
    "person_name.moved_title": Text("names with job titles", "姓名与职务"),
    "customer.person_as_company": Text("names of persons", "个人姓名"),
    "percentage.fraction": Text(
        "fractions of 1 (0.13 for 13 %)", "小数形式的比例（0.13 表示 13%）"
    ),
    "free_text.personal_number": Text("identity or bank card numbers", "证件号码或银行卡号"),
    "free_text.mobile": Text("mobile numbers", "手机号码"),
    "address.no_region": Text("addresses without province and city", "不含省市的地址"),
}
"""By rule: what a column holds where most of its values break it."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule spoke of a field; `share` of the values (of what is missing: of the
    records), null for repairs and for what no column holds.
    """

    severity: str
    rule: Rule
    kind: Kind
    entity: str
    field: str
    column: str | None
    count: int
    share: float | None

    @property
    def of_column(self) -> bool:
        """Whether it speaks of most of a column."""
        return self.share is not None and self.share >= MOST and self.count >= FEW

    def suspicion(self) -> Text | None:
        """What is probably the matter with the column; None where only some values are wrong."""
        if not self.of_column or self.kind in (Kind.MISSING, Kind.ROW):
            return None
        holds = _HOLDS.get(self.rule.code) or _OF_KIND.get(self.kind, _ANOTHER)
        return Text(
            f"{self.share:.0%} of the values; probably the column holds {holds.en}",
            f"占该列取值的 {self.share:.0%}；该列疑似为{holds.zh}",
        )


_ANOTHER = Text("something else, or values written in a way of their own", "其他内容或特有写法")
_OF_KIND = {
    Kind.RELATED: Text("what belongs to other rows or columns", "与其他行或列错位的内容"),
    Kind.KEY: Text("values that do not tell records apart", "无法区分记录的内容"),
    Kind.FORM: Text("several values in a cell, or notes beside them", "同格多值或附有说明的内容"),
}


def column_figures(result: StandardizedFiles) -> pl.DataFrame:
    """One line per table and field with a column: source, sheet, entity, field, and the numbers
    `records`, `filled` (cells that hold a value) and `valid` (values that no rule doubts).
    """
    found = result.findings.drop_nulls(RECORD_ID)
    own = own_kinds(result.rules)
    codes = found["rule"].unique().to_list()
    faults = [c for c in codes if kind_of(c, own) in CELL_FAULTS and c not in SETTLED]
    # What was moved to its own field is a value, too, though a wrong one here.
    moved = [c for c in codes if kind_of(c, own) is Kind.EMPTY and c not in _NOTHING]
    empty = pl.col("rule").is_in(list(_NOTHING))
    warned = pl.col("severity") != str(Severity.REPAIR)
    wrong = pl.col("rule").is_in(moved) | (warned & pl.col("rule").is_in(faults))
    cells = (
        found.lazy()
        .filter(empty | wrong)
        .group_by(*_CELL, RECORD_ID)
        .agg(empty.any().alias("empty"))
        .group_by(_CELL)
        .agg(pl.col("empty").sum().cast(pl.Int64), (~pl.col("empty")).sum().alias("wrong"))
        .collect()
    )
    joined = result.filled.join(cells, on=_CELL, how="left", nulls_equal=True)
    filled = (pl.col("filled") - pl.col("empty").fill_null(0)).clip(0)
    return joined.with_columns(
        filled.alias("filled"),
        (filled - pl.col("wrong").cast(pl.Int64).fill_null(0)).clip(0).alias("valid"),
    ).drop("empty", "wrong")


def rule_counts(result: StandardizedFiles) -> list[RuleCount]:
    """How often each rule spoke of which field of which column: the gravest and most frequent
    first.
    """
    place = ["entity", "field", "column"]
    figures = _by_column(result)
    every = {row[:3]: row[3:] for row in figures.select(*place, "records", "filled").iter_rows()}
    own, kinds = result.rules.rules, own_kinds(result.rules)
    lines = []
    counted = result.findings.group_by("severity", "rule", *place).len()
    for severity, code, entity, field, column, count in counted.iter_rows():
        records, filled = every.get((entity, field, column), (0, 0))
        kind = kind_of(code, kinds)
        whole = records if kind in (Kind.MISSING, Kind.ROW) else filled
        told = severity != str(Severity.REPAIR) and whole > 0
        share = min(count / whole, 1.0) if told else None
        rule = told_rule(code, own)
        lines.append(RuleCount(severity, rule, kind, entity, field, column, count, share))
    order = ["error", "warning", "repair"]
    return sorted(
        lines,
        key=lambda c: (order.index(c.severity), -c.count, c.rule.code, c.field, c.column or ""),
    )


def _by_column(result: StandardizedFiles) -> pl.DataFrame:
    """The figures of all tables together, by entity, field and the header of the column."""
    figures = column_figures(result)
    names = {e: origins(e, result.found.sources) for e in result.filled["entity"].unique()}
    columns = [
        names[entity].get((source, field))
        for source, entity, field in figures.select("source", "entity", "field").iter_rows()
    ]
    return (
        figures.with_columns(pl.Series("column", columns, dtype=pl.String))
        .drop_nulls("column")
        .group_by("entity", "field", "column")
        .agg(pl.col("records", "filled", "valid").sum())
    )


class Share(NamedTuple):
    """Of a column: the share of records with a value, and of values that no rule doubts."""

    filled: float | None
    valid: float | None


NOTHING = Share(None, None)
Shares = Mapping[tuple[str, str | None, str, str], Share]
"""By source, sheet, entity and field."""


def shares(result: StandardizedFiles) -> Shares:
    """How each field of each table is filled, and how much of it is right; None of nothing."""
    numbers = column_figures(result).select(*_CELL, "records", "filled", "valid")
    return {
        tuple(place): Share(_share(filled, records), _share(valid, filled))
        for *place, records, filled, valid in numbers.iter_rows()
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def field_label(model: Model, main: str, entity: str, field: str) -> Text:
    """What people call a field; what the row says of others with its entity before it."""
    known = model.by_name.get(entity)
    part = known.by_name.get(field) if known else None
    if known is None or part is None:
        return Text(field, field)
    if entity == main:
        return part.label
    return Text(f"{known.label.en} · {part.label.en}", f"{known.label.zh} · {part.label.zh}")
