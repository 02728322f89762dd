"""Match keys of company names: the name without notes and former names, and its parts."""

import polars as pl

from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.standards import company_name
from crm_migrate.standards.columns.residue import change_where
from crm_migrate.standards.reading.company_parts import parts

_REGION_WORDS = r"[省市]|(?:[壮回]族|维吾尔)?自治区|特别行政区"
"""What people leave out of a region at will: 山东省 is 山东, 潍坊市 is 潍坊."""
_PROVINCE = (
    r"^(?:河北|山西|内蒙古?|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|广西|海南|四川|贵州|"
    r"云南|西藏|陕西|甘肃|青海|宁夏|新疆|台湾)(\p{Han}{2,})$"
)
"""A province before its city says nothing more: 山东青岛 is 青岛."""
_WHOLE_FORM = r"有限|股份|合伙|合作社|事务所|银行|医院|[A-Za-z]"
_VAGUE_FORM = ["公司", "集团", "集团公司", "总公司", "中心", "厂", "店", "行", "社", "部"]
_DEPARTMENT = (
    r"(?:行政|财务|采购|人事|人力资源|销售|市场|技术|工程|生产|研发|质检|品质|设备|仓储|物流|后勤|总务|信息|法务|"
    r"客服|售后|运营)[部科处室组]"
)
_ASIDE = r"[*·•・\-—_#!！?？()（）\[\]【】]|\p{Han}\s|[部科处室组]$"
"""Names with none of these have no note and nothing between their characters."""
_NOTE = (
    r"[\s\-—_]*[(\[【（]?(?:已?(?:停用|作废|注销|迁址|搬迁|合并|删除)|重复|旧|勿用|不用|待核实|待确认|"
    rf"测试|老客户|新客户|重点客户|VIP|{_DEPARTMENT})[)\]】）]?$|"
    r"(?:[\s\-—_]*[(\[【（]|[\-—_]+)(?:新|老|\p{Han}{1,4}(?:[部科处室组转收]|对账|大区|片区|经手|介绍))"
    r"[)\]】）]?$"
)
"""What people write behind a company's name to remember something by; no registered name ends
with a department, nor with anything in brackets but a legal form.
"""
_OTHER_NAME = r"[(（\[【〔]\s*[原曾现更变改前旧以又已简俗别商]|[:：]"
"""Names with none of these tell of no other name."""


def names_told(raw: pl.Series) -> list[pl.Series]:
    """The names themselves, and the former ones told beside them, several between separators."""
    if not raw.str.contains(_OTHER_NAME).any():
        return [raw]
    told = company_name.split(raw)
    former = told["former"].str.replace_all("[;；]", MULTI_SEPARATOR)
    return [told["value"], former]


def full_names(raw: pl.Series) -> pl.Series:
    """The key of each full name; null where no legal form shows that it is one."""
    return company_parts(raw)["full"]


def company_parts(raw: pl.Series) -> dict[str, pl.Series]:
    """The key of the full name and its parts.

    Notes behind a name (停用, 重复, *), names told beside it (曾用名, 简称) and marks within it are
    no part of it. key: the whole name; full: the same, only where a legal form shows that it is a
    full name;
    core: trade name and business; brand: trade name (字号); industry: the business; region: the
    city without its province, where both are told; form: a legal form that tells entities apart;
    branch: its name, `-` for the head office.
    """
    tells = raw.str.contains(_OTHER_NAME)
    raw = change_where(raw, tells, lambda few: company_name.split(few)["value"])
    raw = change_where(raw, raw.str.contains(_ASIDE), _without_notes)
    name = change_where(
        raw,
        raw.str.contains("有限责任公司", literal=True),
        lambda few: few.str.replace("有限责任公司", "有限公司", literal=True),
    )
    split = parts(name).with_columns(key=company_name.match_key(name).replace("", None))
    form = pl.col("legal_form").str.strip_prefix("集团")
    # The head of a group is none of its members: 恒通集团 is not short for 恒通电力设备.
    group = pl.col("legal_form").str.starts_with("集团")
    or_group = pl.coalesce("industry_word", pl.lit("集团"))
    trade = pl.when(group).then(or_group).otherwise("industry_word")
    made = split.select(
        "key",
        full=pl.when(pl.col("legal_form").str.contains(_WHOLE_FORM)).then("key"),
        core=_folded(pl.concat_str("stem", trade, ignore_nulls=True)),
        brand=_folded(pl.col("stem")),
        region=pl.col("region").str.replace_all(_REGION_WORDS, "").str.replace(_PROVINCE, "$1"),
        form=pl.when(~form.is_in(["", *_VAGUE_FORM])).then(form),
        industry=pl.when(group).then(pl.lit("集团")).otherwise("industry_word"),
        branch=pl.when(pl.col("key").is_not_null()).then(_plain_branch(pl.col("branch"))),
    )
    return {part: made[part] for part in made.columns}


def _without_notes(few: pl.Series) -> pl.Series:
    bare = few.str.replace_all(r"[^\p{L}\p{N})）]+$", "").str.replace(_NOTE, "")
    bare = bare.str.replace_all(r"[^\p{L}\p{N})）]+$", "")
    return bare.str.replace_all(r"(\p{Han})[\s·•・]+(\p{Han})", "$1$2").replace("", None)


def _plain_branch(branch: pl.Expr) -> pl.Expr:
    """无锡市分公司 is 无锡分公司; `-` for the head office."""
    return branch.str.replace(r"^(\p{Han}{2,})[省市]", "$1").fill_null("-")


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}]", "").replace("", None)
