"""Match keys: the forms of values that are compared, never shown and never stored."""

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.hashing import mix
from crm_migrate.standards import company_name, uscc

SKIP_LENGTHS = (4, 12)
"""Name cores of these lengths get one-character-less keys; shorter ones would collide."""


def fold(raw: pl.Series) -> pl.Series:
    """NFKC, lower case, without blanks and punctuation; null when nothing is left."""
    return (
        raw.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"[^\p{L}\p{N}]", "")
        .replace("", None)
    )


def exact(raw: pl.Series) -> pl.Series:
    """Trimmed, NFKC; null when empty."""
    return raw.str.normalize("NFKC").str.strip_chars().replace("", None)


def address(raw: pl.Series) -> pl.Series:
    """Folded, without the words for administrative levels, which people leave out at will."""
    shorter = fold(raw).str.replace_all(r"[省市区县镇乡]|自治[区州县]|中国", "")
    return shorter.replace("", None)


def valid_uscc(raw: pl.Series) -> pl.Series:
    """The unified social credit code where its form and check character are right (GB 32100)."""
    code = raw.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[\s\-]", "")
    shaped = code.str.contains(r"^[1-9A-HJ-NP-Y][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$")
    return code.set(~(shaped.fill_null(False) & uscc.is_valid(code)), None)


def phones(raw: pl.Series) -> pl.Series:
    """Lists of digit strings: without country code, separators and extension; 7 digits or more."""
    text = raw.str.normalize("NFKC").str.split(";")
    number = (
        pl.element()
        .str.replace(r"(?i)(转|ext\.?|x|#).*$", "")
        .str.replace_all(r"\D", "")
        .str.replace(r"^(?:00)?86(1[3-9]\d{9}|0\d{9,11})$", "$1")
    )
    long_enough = pl.element().filter(pl.element().str.len_chars() >= 7)
    frame = text.alias("value").to_frame()
    return frame.select(pl.col("value").list.eval(number).list.eval(long_enough)).to_series()


def emails(raw: pl.Series) -> pl.Series:
    """Lists of lower-case addresses."""
    text = raw.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s", "")
    frame = text.str.split(";").alias("value").to_frame()
    well_formed = pl.element().filter(pl.element().str.contains(r"^[^@]+@[^@]+\.[^@]+$"))
    return frame.select(pl.col("value").list.eval(well_formed)).to_series()


FREE_MAIL = [
    "gmail.com", "googlemail.com", "hotmail.com", "outlook.com", "live.com", "msn.com",
    "yahoo.com", "yahoo.co.uk", "icloud.com", "me.com", "aol.com", "gmx.de", "gmx.net", "web.de",
    "t-online.de", "protonmail.com", "mail.com", "mail.ru", "yandex.ru", "qq.com", "foxmail.com",
    "163.com", "126.com", "yeah.net", "sina.com", "sina.cn", "sohu.com", "aliyun.com", "139.com",
    "189.cn", "21cn.com", "orange.fr", "free.fr", "libero.it",
]  # fmt: skip
"""Domains that say nothing about a company."""


def domains(raw: pl.Series) -> pl.Series:
    """Lists of host names of web and mail addresses, without `www.` and free mailboxes.

    >>> domains(pl.Series(["a@Acme.example;x@gmail.com", "https://www.acme.example/shop"])).to_list()
    [['acme.example'], ['acme.example']]
    """
    text = raw.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s", "")
    host = pl.element().str.replace(r"^[a-z]+://", "").str.replace(r"^.*@", "")
    host = host.str.replace(r"[/?#:].*$", "").str.replace(r"^www\d?\.", "")
    named = pl.element().filter(
        pl.element().str.contains(r"^[^.]+(\.[^.]+)+$") & ~pl.element().is_in(FREE_MAIL)
    )
    frame = text.str.split(";").alias("value").to_frame()
    return frame.select(pl.col("value").list.eval(host).list.eval(named)).to_series()


_REGION_WORDS = r"[省市]|(?:[壮回]族|维吾尔)?自治区|特别行政区"
"""What people leave out of a region at will: 山东省 is 山东, 潍坊市 is 潍坊."""
_WHOLE_FORM = r"有限|股份|合伙|合作社|事务所|银行|医院|[A-Za-z]"
_VAGUE_FORM = ["公司", "集团", "集团公司", "总公司", "中心", "厂", "店", "行", "社", "部"]


def company_parts(raw: pl.Series) -> dict[str, pl.Series]:
    """The key of the full name and its parts.

    key: the whole name; full: the same, only where a legal form shows that it is a full name;
    core: trade name and business; brand: trade name (字号); region; form: a legal form that
    tells entities apart; branch: its name, `-` for the head office.
    """
    name = raw.str.replace("有限责任公司", "有限公司", literal=True).alias("name")
    distinct = name.drop_nulls().unique(maintain_order=True)
    split = company_name.parts(distinct).with_columns(
        name=distinct, key=company_name.match_key(distinct).replace("", None)
    )
    form = pl.col("legal_form").str.strip_prefix("集团")
    made = split.select(
        "name",
        "key",
        full=pl.when(pl.col("legal_form").str.contains(_WHOLE_FORM)).then("key"),
        core=_folded(pl.concat_str("stem", "industry_word", ignore_nulls=True)),
        brand=_folded(pl.col("stem")),
        region=pl.col("region").str.replace_all(_REGION_WORDS, ""),
        form=pl.when(~form.is_in(_VAGUE_FORM)).then(form),
        branch=pl.when(pl.col("key").is_not_null()).then(pl.col("branch").fill_null("-")),
    )
    rows = name.to_frame().join(made, on="name", how="left", maintain_order="left")
    return {part: rows[part] for part in made.columns if part != "name"}


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
