"""Match keys: the forms of values that are compared, never shown and never stored."""

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.features.hashing import mix
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.standards import (
    company_name,
    id_number,
    organisation_code,
    registration_number,
    tax_number,
    uscc,
)
from crm_migrate.standards.columns.residue import change_where, unless_matching

# Values that are in canonical form already: the common case, told apart by one quick regex.
_FOLDED = r"^[\x{4e00}-\x{9fa5}0-9a-z]+$"
_PLAIN = r"^[!-~\x{4e00}-\x{9fa5}]+$"
_LOWER = r"^[!-@\[-~]+$"
_CODE = r"^[1-9A-HJ-NP-Y][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"

_EXTENSION = r"^(.*(?:^|\D)[1-9]\d{6,7})[-—/]\d{1,5}$"
_ROAD = r"(\p{Han}+?(?:大道|大街|路|街|道|巷|弄))\d"

SKIP_LENGTHS = (4, 12)
"""Name cores of these lengths get one-character-less keys; shorter ones would collide."""


def fold(raw: pl.Series) -> pl.Series:
    """NFKC, lower case, without blanks and punctuation; null when nothing is left."""
    return unless_matching(raw, _FOLDED, _fold).replace("", None)


def _fold(raw: pl.Series) -> pl.Series:
    lower = raw.str.normalize("NFKC").str.to_lowercase()
    return lower.str.replace_all(r"[^\p{L}\p{N}]", "")


def exact(raw: pl.Series) -> pl.Series:
    """Trimmed, NFKC; null when empty."""
    return unless_matching(
        raw, _PLAIN, lambda few: few.str.normalize("NFKC").str.strip_chars()
    ).replace("", None)


def address(raw: pl.Series) -> pl.Series:
    """Folded, without the words for administrative levels, which people leave out at will."""
    shorter = fold(raw).str.replace_all(r"[省市区县镇乡]|自治[区州县]|中国", "")
    return shorter.replace("", None)


def address_parts(raw: pl.Series) -> dict[str, pl.Series]:
    """road: the road with its house number, without what stands before and behind it; number:
    the house number alone.

    >>> parts = address_parts(pl.Series(["烟台市莱山区青杨大道219号3幢", "青杨大道219号", "东门"]))
    >>> parts["road"].to_list(), parts["number"].to_list()
    (['青杨大道219', '青杨大道219', None], ['219', '219', None])
    """
    plain = fold(raw)
    road = plain.str.extract(_ROAD, 1).str.replace(r"^.*[省市区县镇乡]", "")
    number = plain.str.extract(r"(\d+)号", 1)
    return {"road": road + number, "number": number}


def valid_uscc(raw: pl.Series) -> pl.Series:
    """The unified social credit code where its form and check character are right (GB 32100)."""
    code = unless_matching(raw, _CODE, _compact)
    shaped = code.str.contains(_CODE)
    return code.set(~(shaped.fill_null(False) & uscc.is_valid(code)), None)


def _compact(raw: pl.Series) -> pl.Series:
    return raw.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[\s\-]", "")


def organisation(raw: pl.Series) -> pl.Series:
    """The organisation code (GB 11714), however told: characters 9–17 of a valid unified code, the
    code itself, or the end of a tax number from before 2015; null where none is valid.

    >>> organisation(pl.Series(["91110108MA01KP2T5U", "MA01KP2T-5", "110108551385082"])).to_list()
    ['MA01KP2T5', 'MA01KP2T5', '551385082']
    """
    unified = valid_uscc(raw).str.slice(8, 9)
    rest = raw.set(unified.is_not_null(), None)
    if not rest.null_count() < len(rest):
        return unified
    code = organisation_code.normalise(rest)
    code = code.set(~organisation_code.is_valid(code) | (code == _NO_ORGANISATION), None)
    number = tax_number.normalise(rest)
    old = tax_number.old_organisation_fits(number) & ~registration_number.is_valid(number)
    old = old & ~id_number.is_old_person(
        number
    )  # a sole trader's number: the owner's, of each shop
    return pl.select(pl.coalesce(unified, code, number.set(~old, None).str.slice(6))).to_series()


def registration(raw: pl.Series) -> pl.Series:
    """The business registration number (工商注册号) where its check digit is right.

    >>> registration(pl.Series(["110108 000000016", "110108000000017"])).to_list()
    ['110108000000016', None]
    """
    number = registration_number.normalise(raw)
    wrong = ~registration_number.is_valid(number) | number.is_in(_NO_REGISTRATION)
    return number.set(wrong, None)


_NO_ORGANISATION = "000000000"
_NO_REGISTRATION = ["123456789012345"]
"""What people type to fill the field, and passes the check."""


def phones(raw: pl.Series) -> pl.Series:
    """One number each, as digits without country code, separators and extension; null below 7.

    A landline that is written internationally gets its 0 back: +86 571 … is 0571 ….

    >>> phones(pl.Series(["+86 138-0013-8000", "0571-8888 6666转802", "110"])).to_list()
    ['13800138000', '057188886666', None]
    >>> phones(pl.Series(["+86-571-88886666", "0571-88886666-802", "010-8888-6666"])).to_list()
    ['057188886666', '057188886666', '01088886666']
    """
    digits = unless_matching(raw, r"^(?:1[3-9]\d{9}|0[1-9]\d{8,10})$", _digits)
    return digits.set(digits.str.len_chars() < 7, None)


def _digits(raw: pl.Series) -> pl.Series:
    narrow = unless_matching(raw, r"^[ -~]*$", lambda few: few.str.normalize("NFKC"))
    number = narrow.str.replace(r"(?i)(转|ext\.?|x|#).*$", "").str.strip_chars()
    number = number.str.replace(_EXTENSION, "$1").str.replace_all(r"\D", "").str.replace(r"^00", "")
    number = number.str.replace(r"^86(1[3-9]\d{9}|0\d{9,11})$", "$1")
    return number.str.replace(r"^86(10\d{8}|2\d{9}|[3-9]\d{9,10})$", "0$1")


def emails(raw: pl.Series) -> pl.Series:
    """One address each, in lower case; null where it is none.

    >>> emails(pl.Series(["Info@Hengtong.example", "无"])).to_list()
    ['info@hengtong.example', None]
    """
    text = unless_matching(raw, _LOWER, _lowered)
    return text.set(~text.str.contains(r"^[^@]+@[^@]+\.[^@]+$"), None)


def _lowered(raw: pl.Series) -> pl.Series:
    return raw.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s", "")


FREE_MAIL = [
    "gmail.com", "googlemail.com", "hotmail.com", "outlook.com", "live.com", "msn.com",
    "yahoo.com", "yahoo.co.uk", "icloud.com", "me.com", "aol.com", "gmx.de", "gmx.net", "web.de",
    "t-online.de", "protonmail.com", "mail.com", "mail.ru", "yandex.ru", "qq.com", "foxmail.com",
    "163.com", "126.com", "yeah.net", "sina.com", "sina.cn", "sohu.com", "aliyun.com", "139.com",
    "189.cn", "21cn.com", "orange.fr", "free.fr", "libero.it",
]  # fmt: skip
"""Domains that say nothing about a company."""


def domains(raw: pl.Series) -> pl.Series:
    """Host name of one web or mail address each, without `www.`; null for free mailboxes.

    >>> domains(pl.Series(["a@Acme.example", "x@gmail.com", "https://www.acme.example/shop"])).to_list()
    ['acme.example', None, 'acme.example']
    """
    host = _lowered(raw).str.replace(r"^[a-z]+://", "").str.replace(r"^.*@", "")
    host = host.str.replace(r"[/?#:].*$", "").str.replace(r"^www\d?\.", "")
    named = host.str.contains(r"^[^.]+(\.[^.]+)+$") & ~host.is_in(FREE_MAIL)
    return host.set(~named, None)


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


def _without_notes(few: pl.Series) -> pl.Series:
    bare = few.str.replace_all(r"[^\p{L}\p{N})）]+$", "").str.replace(_NOTE, "")
    bare = bare.str.replace_all(r"[^\p{L}\p{N})）]+$", "")
    return bare.str.replace_all(r"(\p{Han})[\s·•・]+(\p{Han})", "$1$2").replace("", None)


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
    split = company_name.parts(name).with_columns(
        key=company_name.match_key(name).replace("", None)
    )
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


def _plain_branch(branch: pl.Expr) -> pl.Expr:
    """无锡市分公司 is 无锡分公司; `-` for the head office."""
    return branch.str.replace(r"^(\p{Han}{2,})[省市]", "$1").fill_null("-")


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}]", "").replace("", None)


def one_character_less(core: pl.Series) -> npt.NDArray[np.uint64]:
    """Per text a number for each character left out in turn: one typo keeps one of them.

    (texts, 12); 0 where there is nothing to leave out. The number is a polynomial hash of the
    characters that remain: two different texts share one once in 2^63.
    """
    low, high = SKIP_LENGTHS
    length = core.str.len_chars().fill_null(0).to_numpy().astype(np.int64)
    rows = np.flatnonzero((length >= low) & (length <= high))
    result = np.zeros((len(core), high), dtype=np.uint64)
    for at in range(0, len(rows), _CHUNK):
        some = rows[at : at + _CHUNK]
        rest = _without_each(core.gather(some), high)
        result[some] = np.where(np.arange(high) < length[some, None], rest, np.uint64(0))
    return result


def _without_each(texts: pl.Series, width: int) -> npt.NDArray[np.uint64]:
    """(texts, width): hash of each text without its i-th character; never 0."""
    padded = str(texts.str.pad_end(width, "\0").str.join("").item())
    points = np.frombuffer(padded.encode("utf-32-le"), dtype="<u4").reshape(-1, width)
    with np.errstate(over="ignore"):
        terms = np.where(points > 0, mix(points.astype(np.uint64)), np.uint64(0)) * _POWERS[:width]
        before = np.cumsum(terms, axis=1, dtype=np.uint64) - terms
        after = terms.sum(axis=1, dtype=np.uint64)[:, None] - before - terms
        return mix(before + after * _INVERSE) | np.uint64(1)


_CHUNK = 100_000
_STEP = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
_POWERS = np.array([pow(_STEP, i, 2**64) for i in range(SKIP_LENGTHS[1])], dtype=np.uint64)
_INVERSE = np.uint64(pow(_STEP, -1, 2**64))
