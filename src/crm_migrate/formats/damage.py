"""What Excel and exports do to cells, found by vectorised rules and never repaired here.

Kinds: `number_as_code` (a code stored as a number), `precision_lost` (more than 15 digits stored
as a number; `1.38E+10`), `float_text` (`13800138000.0`), `leading_zero_lost`, `date_serial` (a
date shown as 45351), `excel_error` (`#N/A`), `no_result` (a formula saved without its result),
`replacement_char` (characters an export could not write), `mojibake` (read in a wrong encoding).
"""

import re

import polars as pl

from crm_migrate.formats.cells import Stored
from crm_migrate.formats.contract import DAMAGE_SCHEMA

EXCEL_ERROR = r"^#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)$"
CODE_HEADER = re.compile(
    r"编号|编码|代码|号码|电话|手机|账号|卡号|证件|身份证|邮编|工号|单号|信用代码|注册号|传真"
    r"|phone|mobile|\btel|\bfax|\bcode|\bid\b|_id$|uscc|card|account|zip|postal",
    re.IGNORECASE,
)
_OTHER_NUMBERS = re.compile(r"[账帐][号户]|单号|订单|account|order", re.IGNORECASE)
"""Numbers of 18 digits without a check of their own: one in a thousand ends in 000."""
AMOUNT_HEADER = re.compile(
    r"金额|预算|价|总额|合计|数量|销售额|收入|费|资本|余额|元\)|元）|amount|budget|price|total|qty"
    r"|quantity|revenue|capital|balance",
    re.IGNORECASE,
)
DATE_HEADER = re.compile(
    r"日期|时间|生日|到期|成立|日$|\bdate|date$|_at$|_on$|birthday", re.IGNORECASE
)

_FLOAT_TEXT = r"^\d{7,}\.0+$|^\d(?:\.\d+)?[eE]\+\d{1,2}$"
_SCIENTIFIC = r"^\d(?:\.(\d+))?[eE]\+(\d{2})$"
_REPLACED = r"\x{FFFD}|^\?{2,}[^\p{Han}]*$"
# UTF-8 read as GBK (锟斤拷), UTF-8 read as Latin-1 (å¼ ä¸‰), uninitialised memory (烫烫)
_MOJIBAKE = r"锟斤拷|烫烫|屯屯|[ÃÂâåäæçèé][\u{80}-\u{BF}‚„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œŸ]"
_TEXT_RULES = (
    ("excel_error", EXCEL_ERROR),
    ("float_text", _FLOAT_TEXT),
    ("replacement_char", _REPLACED),
    ("mojibake", _MOJIBAKE),
)
# A text none of whose characters can take part in a rule is passed over by one cheap look
_SUSPECT = r"^#|^\d.*[.eE+]|^\?\?|\x{FFFD}|锟|烫烫|屯屯|[ÃÂâåäæçèé]"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def damage_in(
    text: pl.Series, row: pl.Series, label: str, stored: pl.Series | None = None
) -> pl.DataFrame:
    """The damage in one column: `text` of the data cells, their `row`, how they were `stored`."""
    frame = pl.DataFrame({"row": row, "text": text})
    if stored is None:
        parts = [*_in_text(frame, label), *_in_digits(frame, label)]
    else:
        frame = frame.with_columns(stored=stored)
        texts = frame.filter(pl.col("stored") == int(Stored.TEXT))
        parts = [*_in_text(texts, label), *_in_digits(texts, label), *_in_stored(frame, label)]
    found = [p.select("row").with_columns(kind=pl.lit(kind)) for kind, p in parts if p.height]
    if not found:
        return pl.DataFrame(schema=DAMAGE_SCHEMA)
    return (
        pl.concat(found)
        .unique()
        .select(pl.col("row").cast(pl.Int64), pl.lit(label).alias("column"), "kind")
        .sort("row", "kind")
    )


def _in_text(frame: pl.DataFrame, label: str) -> list[tuple[str, pl.DataFrame]]:
    suspect = frame.filter(pl.col("text").str.contains(_SUSPECT))
    if not suspect.height:
        return []
    cut = pl.lit(False) if AMOUNT_HEADER.search(label) else _cut_short()
    whole = suspect.filter(~cut)
    parts = [(kind, whole.filter(pl.col("text").str.contains(rule))) for kind, rule in _TEXT_RULES]
    return [("precision_lost", suspect.filter(cut)), *parts]


def _in_digits(frame: pl.DataFrame, label: str) -> list[tuple[str, pl.DataFrame]]:
    """Damage that was done before the text was written: an export of an already damaged sheet."""
    rounded = (pl.col("text").str.len_bytes() == 18) & pl.col("text").str.ends_with("000")
    long = frame.filter(rounded).filter(pl.col("text").str.contains(r"^[0-9]{18}$"))
    lost = long.filter(~_checks(long["text"])) if long.height else long
    parts = [] if _OTHER_NUMBERS.search(label) else [("precision_lost", lost)]
    if DATE_HEADER.search(label):
        parts.append(("date_serial", frame.filter(_is_serial())))
    return parts


def _cut_short() -> pl.Expr:
    """Numbers of 11 digits and more as `9.13101E+17`, which has not all of them."""
    decimals = pl.col("text").str.extract(_SCIENTIFIC, 1).str.len_bytes().fill_null(0)
    power = pl.col("text").str.extract(_SCIENTIFIC, 2).cast(pl.UInt32, strict=False)
    return ((power >= 10) & (power > decimals)).fill_null(False)


def _checks(text: pl.Series) -> pl.Series:
    """Whether 18 digits satisfy the check of a resident id (GB 11643) or USCC (GB 32100)."""
    digits = [text.str.slice(i, 1).cast(pl.Int32) for i in range(18)]
    resident = sum((d * w for d, w in zip(digits, _ID_WEIGHTS, strict=False)), start=digits[0] * 0)
    company = sum((d * w for d, w in zip(digits, _USCC_WEIGHTS, strict=False)), start=digits[0] * 0)
    id_check = (12 - resident % 11) % 11  # 10 is written X and cannot be a digit
    uscc_check = (31 - company % 31) % 31
    return (id_check == digits[17]) | (uscc_check == digits[17])


def _is_serial() -> pl.Expr:
    """Day numbers of 1954 to 2064, the serials that are dates in customer data."""
    return pl.col("text").str.contains(r"^\d{5}$") & pl.col("text").cast(
        pl.Int64, strict=False
    ).is_between(20_000, 60_000)


def _in_stored(frame: pl.DataFrame, label: str) -> list[tuple[str, pl.DataFrame]]:
    """Damage that the stored kind of a cell gives away."""
    kind = pl.col("stored")
    parts = [
        ("excel_error", frame.filter(kind == int(Stored.ERROR))),
        ("no_result", frame.filter(kind == int(Stored.UNCALCULATED))),
    ]
    whole = frame.filter((kind == int(Stored.NUMBER)) & pl.col("text").str.contains(r"^\d+$"))
    if not whole.height:
        return parts
    length = pl.col("text").str.len_chars()
    amount = AMOUNT_HEADER.search(label) is not None
    as_code = (
        length.is_between(1, 15)
        if CODE_HEADER.search(label)
        else length.is_between(11, 15) & (not amount)
    )
    parts.append(("precision_lost", whole.filter(length >= 16)))
    parts.append(("number_as_code", whole.filter(as_code)))
    dates = frame.filter(kind == int(Stored.DATE)).height
    if DATE_HEADER.search(label) or dates > whole.height:
        parts.append(("date_serial", whole.filter(_is_serial())))
    return [*parts, ("leading_zero_lost", _without_zero(frame, whole))]


def _without_zero(frame: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """Numbers shorter than the zero-led texts of the same column, all of one length."""
    zero_led = frame.filter(
        (pl.col("stored") == int(Stored.TEXT)) & pl.col("text").str.contains(r"^0\d+$")
    )
    lengths = zero_led["text"].str.len_chars().unique()
    if len(lengths) != 1:
        return whole.clear()
    length, full = pl.col("text").str.len_chars(), int(lengths.item())
    mobile = pl.col("text").str.contains(r"^1[3-9]\d{9}$")  # beside land lines with area codes
    return whole.filter(length.is_between(full - 3, full - 1) & ~mobile)
