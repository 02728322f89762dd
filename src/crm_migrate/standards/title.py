"""Job title 职务.

Basis: the table of usual titles with their synonyms and levels (`data/titles.csv`, its edition
and sources stand in it). A title that is not in it is kept as text.
"""

from functools import cache

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact, narrow, simplified
from crm_migrate.standards.columns.residue import change_distinct, change_where, holds, mask_where
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.data.tables import Table
from crm_migrate.standards.rule_families import normalised
from crm_migrate.standards.text import OF_CHARACTERS, characters

BASIS = Text("table of usual titles (2026-11)", "常用职务表（2026-11）")
_JOINTS = r"\s*(?:兼任?|[/、,;&+|])\s*"
_LABEL = r"^(?:职务|职位|岗位|职称|头衔|title|position)\s*[:]\s*"
_GONE = r"\s*[(]?(?:已)?(?:离职|离任|离开|调走|调离|退休|辞职)[)]?$"
_DEPARTMENT = (
    r"^(?:采购|销售|市场|财务|行政|人事|人力资源|技术|生产|运营|工程|项目|质量|品质|物流|仓储|客服|研发|设备|"
    r"安全|综合|业务|商务|法务|审计|信息|后勤|总经理办公|办公)(?:管理)?(?:部门?|处|科|室|中心)$"
)
_NO_TITLE = r"^(?:[0-9\p{P}\p{S}\s]+|联系人|客户|先生|女士|小姐|男|女|在职|离职|本人|其他|其它)$"

NORMALISED = normalised("title", "job title", "职务")
NO_TITLE = Rule(
    "title.not_a_title",
    Severity.WARNING,
    Text("This is no job title", "填写的不是职务"),
    Text("Enter the position in the company, or leave it empty.", "请填写在企业中的职务，或留空。"),
)
DEPARTMENT = Rule(
    "title.department",
    Severity.WARNING,
    Text("A department stands in place of the job title", "填写的是部门，不是职务"),
    Text("Enter the position, like 采购经理.", "请填写职务，如“采购经理”。"),
)
LEFT = Rule(
    "title.left",
    Severity.WARNING,
    Text(
        "A note beside the title says that the person has left (like 离职)",
        "职务旁注明已离开（如“离职”）",
    ),
    Text("Ask for the contact of today.", "请核实现任联系人。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, NO_TITLE, DEPARTMENT, LEFT, *OF_CHARACTERS)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The usual name where the table has it; several are joined by 兼; other titles as typed.

    >>> normalise(pl.Series(["总 经理", "ceo", "采購部經理", "Sales  Manager"])).to_list()
    ['总经理', '首席执行官', '采购经理', '销售经理']
    >>> normalise(pl.Series(["董事长/总经理", "装备部 调度长", "采购/后勤"])).to_list()
    ['董事长兼总经理', '装备部调度长', '采购/后勤']
    """
    unusual = ~raw.is_in(list(_levels()))
    return change_where(raw, unusual, lambda few: change_distinct(few, _repaired))


def _repaired(raw: pl.Series) -> pl.Series:
    kept = narrow(raw)
    for beside in (f"(?i){_LABEL}", _GONE):
        bare = kept.str.replace(beside, "")
        kept = bare.zip_with(holds(bare != ""), kept)
    kept = kept.str.replace_all(r"(\p{Han})\s+", "$1").str.replace_all(r"\s+(\p{Han})", "$1")
    # The text itself is one of the table before it is taken apart at its signs.
    whole = _known(kept)
    parts = pl.DataFrame({"part": kept.str.replace_all(_JOINTS, "兼").str.split("兼")})
    parts = parts.with_row_index("row").explode("part")
    read = parts.with_columns(_known(parts["part"]).alias("part")).group_by("row").agg(
        pl.col("part").unique(maintain_order=True).str.join("兼", ignore_nulls=False)
    )  # fmt: skip
    joined = read.sort("row")["part"]
    return whole.zip_with(whole.is_not_null(), joined.zip_with(joined.is_not_null(), kept))


def _known(text: pl.Series) -> pl.Series:
    return _key(text).replace_strict(_spellings(), default=None, return_dtype=pl.String)


def _key(text: pl.Series) -> pl.Series:
    return simplified(compact(text)).str.to_uppercase().str.replace_all(r"[.\-]", "")


def levels(value: pl.Series) -> pl.Series:
    """The level of each title, 1 (decides) to 5 (staff), by its ending; null where unknown.

    >>> levels(pl.Series(["总经理", "华东区销售总监", "采购经理助理", "调度长"])).to_list()
    [1, 2, 5, None]
    """
    ending = value.str.extract(_endings(), 1)
    return ending.replace_strict(_levels(), default=None, return_dtype=pl.Int8)


@cache
def _levels() -> dict[str, int]:
    return {row["title"]: int(row["level"]) for row in Table("titles").rows}


@cache
def _spellings() -> dict[str, str]:
    """Key → title; a title's own name goes before any synonym."""
    meant = {s: r["title"] for r in Table("titles").rows for s in r["synonyms"].split(";") if s}
    meant |= {title: title for title in _levels()}
    keys = _key(pl.Series(list(meant), dtype=pl.String)).to_list()
    return dict(zip(keys, meant.values(), strict=True))


@cache
def _endings() -> str:
    return f"({'|'.join(_levels())})$"


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Words and signs that are no title, departments, notes that the person has left."""
    unusual = value.is_not_null() & ~holds(value.is_in(list(_levels())))
    yield NO_TITLE, mask_where(value, unusual, lambda few: few.str.contains(_NO_TITLE))
    yield from characters(value.set(~unusual, None))
    yield DEPARTMENT, mask_where(value, unusual, lambda few: few.str.contains(_DEPARTMENT))
    changed = value.is_not_null() & holds(raw != value)
    yield LEFT, mask_where(raw, changed, lambda few: narrow(few).str.contains(_GONE))


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """As it is: a position tells nothing about a person without the name."""
    return value
