"""Personal data in free text: found and replaced before the text is written anywhere.

A text is cut into tokens: maximal runs of digits, in which single blanks, dashes and dots may
stand and which may be full-width, and what is between them. Whole columns of runs are judged
at once; only a run that is too long for one number (two numbers written side by side) is
searched value by value.

Judged a resident id: 18 characters (or 15 of the old form) with the code of a province and a
birth date that exists. The check character is not demanded: a number with a typing error, or
whose tail a spreadsheet lost, still identifies its holder. Judged a bank card: 16 to 19 digits
that pass the Luhn sum and do not begin with 0, and that are no id and no valid credit code.
Where in doubt, a number is cut out: a lost order number costs less than a leaked id.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl

from crm_migrate.protection.policy import Kind
from crm_migrate.standards import bank_card, uscc
from crm_migrate.standards.columns.residue import change_where, holds, mask_where
from crm_migrate.standards.places.divisions import PROVINCE_CODES
from crm_migrate.standards.reading import labelled_data
from crm_migrate.standards.reading.personal_data import MAIL, PLATE, TRAVEL_DOCUMENT

LONGEST_REMARK = 500
"""Characters of a comment or reason that are kept."""
PLACEHOLDERS = {
    Kind.ID_NUMBER: "[证件号码]",
    Kind.BANK_CARD: "[银行卡号]",
    Kind.MOBILE: "[手机号码]",
    Kind.EMAIL: "[电子邮箱]",
    Kind.TRAVEL_DOCUMENT: "[护照号码]",
    Kind.PLATE: "[车牌号]",
    Kind.PASSWORD: "[登录凭证]",
    Kind.SOCIAL_ACCOUNT: "[社交账号]",
    Kind.HOME_ADDRESS: "[个人住址]",
    Kind.BIRTH_DATE: "[出生日期]",
}
_WORDED = {
    Kind.EMAIL: (MAIL, "", ""),
    Kind.TRAVEL_DOCUMENT: (TRAVEL_DOCUMENT, "${1}", "${2}"),
    Kind.PLATE: (PLATE, "", "${1}"),
    Kind.PASSWORD: (labelled_data.PASSWORD, "${1}", ""),
    Kind.SOCIAL_ACCOUNT: (labelled_data.SOCIAL_ACCOUNT, "${1}${2}${3}", ""),
    Kind.HOME_ADDRESS: (labelled_data.HOME_ADDRESS, "${1}${2}${3}", ""),
    Kind.BIRTH_DATE: (labelled_data.BIRTH_DATE, "${1}", "${2}"),
}
"""Kinds that one pattern finds, and what of it stays before and behind the placeholder."""
_LABELLED = (Kind.PASSWORD, Kind.SOCIAL_ACCOUNT, Kind.HOME_ADDRESS, Kind.BIRTH_DATE)
"""Kinds that only stand beside one of `labelled_data.WORDS`."""

_DIGIT = "[0-9０-９]"
_BETWEEN = "[ \u00a0\u3000.·•‐‑‒–—―_/－-]"
_RUN = f"{_DIGIT}(?:{_BETWEEN}?{_DIGIT})*(?:{_BETWEEN}?[XxＸｘ×Χ])?"
_TOKEN = f"{_RUN}|[^0-9０-９]+"
_WORTH_A_LOOK = f"{_DIGIT}(?:{_BETWEEN}?{_DIGIT}){{9}}"  # ten digits or more
_WIDE = {chr(ord("０") + n): str(n) for n in range(10)} | {"Ｘ": "X", "ｘ": "X", "×": "X", "Χ": "X"}

_PROVINCES = "|".join(sorted({*PROVINCE_CODES, "83"}))
_DAY = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_ID_18 = f"(?:{_PROVINCES})[0-9]{{4}}(?:18|19|20)[0-9]{{2}}{_DAY}[0-9]{{3}}[0-9X]"
_ID_15 = f"(?:{_PROVINCES})[0-9]{{4}}[0-9]{{2}}{_DAY}[0-9]{{3}}"
_CREDIT_CODE = f"^(?:1[1239]|5[1239]|9[123])(?:{_PROVINCES})[0-9]{{14}}$"  # GB 32100-2015, table 1
_ID_LENGTH = 18
_SHORTEST, _LONGEST = 11, 19


@dataclass(frozen=True, slots=True)
class Redacted:
    """The texts with placeholders, and for each kind the rows where it was found."""

    text: pl.Series
    found: dict[Kind, pl.Series]


def redact(texts: pl.Series, kinds: Collection[Kind]) -> Redacted:
    """Replace what is of the kinds by its placeholder; `kinds` is `Policy.free_text`.

    >>> redact(pl.Series(["证件 110105 19491231 002X 已核"]), [Kind.ID_NUMBER]).text.to_list()
    ['证件 [证件号码] 已核']
    >>> redact(pl.Series(["护照 E12345678，京A·12345"]), list(PLACEHOLDERS)).text.to_list()
    ['护照 [护照号码]，[车牌号]']
    >>> redact(pl.Series(["登录密码：ab12!，1985年3月生"]), list(PLACEHOLDERS)).text.to_list()
    ['登录密码[登录凭证]，[出生日期]']
    """
    found: dict[Kind, pl.Series] = {}
    every = pl.Series([True]).new_from_index(0, len(texts))
    labelled = texts.str.contains(labelled_data.WORDS) if {*kinds} & {*_LABELLED} else every
    for kind, (pattern, before, behind) in _WORDED.items():
        if kind in kinds:
            look = labelled if kind in _LABELLED else every
            rows = mask_where(texts, look, lambda few, p=pattern: few.str.contains(p))  # type: ignore[misc]
            found[kind] = rows
            put = before + PLACEHOLDERS[kind] + behind
            texts = change_where(
                texts,
                rows,
                lambda few, p=pattern, put=put: few.str.replace_all(p, put),  # type: ignore[misc]
            )
    numbers = _redact_numbers(texts, [kind for kind in kinds if kind not in _WORDED])
    return Redacted(numbers.text, found | numbers.found)


def redact_sentence(text: str) -> str:
    """What a person says about the work (a reason, a comment), without personal numbers of any
    kind: people do write them, and reasons are kept in clear, signed and shown in reports.

    >>> redact_sentence("已电话核对 13912345678")
    '已电话核对 [手机号码]'
    """
    return str(redact(pl.Series([text]), list(Kind)).text[0])


def redact_remark(text: str) -> str:
    """As `redact_sentence`, cut after `LONGEST_REMARK` characters: a cell of a workbook holds far
    more, and all of it would be kept for good.
    """
    return redact_sentence(text if len(text) <= LONGEST_REMARK else text[:LONGEST_REMARK] + "…")


def _redact_numbers(texts: pl.Series, kinds: Collection[Kind]) -> Redacted:
    none = pl.Series([False]).new_from_index(0, len(texts))
    found = {kind: none.clone() for kind in kinds}
    rows = holds(texts.str.contains(_WORTH_A_LOOK)).arg_true()
    if not len(rows) or not kinds:
        return Redacted(texts, found)
    cut = pl.DataFrame({"row": rows, "token": texts.gather(rows).str.extract_all(_TOKEN)})
    tokens = cut.explode("token")
    judged = _judge(tokens["token"], kinds)
    whole = (
        tokens.with_columns(judged["text"])
        .group_by("row", maintain_order=True)
        .agg(pl.col("text").str.join(""))
    )
    for kind in kinds:
        hits = tokens["row"].filter(judged[kind]).unique()
        found[kind] = found[kind].scatter(hits, True) if len(hits) else found[kind]
    return Redacted(texts.clone().scatter(whole["row"], whole["text"]), found)


def _judge(tokens: pl.Series, kinds: Collection[Kind]) -> pl.DataFrame:
    """`text`: the tokens as they are to be written; for each kind, whether it stands in them."""
    kind = _kind(_digits(tokens))
    text = tokens
    for wanted in kinds:
        text = text.set(holds(kind == wanted), PLACEHOLDERS[wanted])
    # What is no single number may be several side by side.
    long = tokens.str.contains(f"^{_DIGIT}") & (tokens.str.len_chars() > _SHORTEST)
    text = change_where(text, kind.is_null() & long, lambda runs: _search(runs, kinds))
    found = {str(k): text.str.contains(PLACEHOLDERS[k], literal=True) for k in kinds}
    # A text that held the placeholder before does not hold the number.
    found = {k: mask & (text != tokens) for k, mask in found.items()}
    return pl.DataFrame({"text": text.alias("text"), **found})


def _digits(tokens: pl.Series) -> pl.Series:
    """The bare half-width characters of runs of digits; null for other tokens."""
    run = tokens.str.contains(f"^{_DIGIT}")
    bare = tokens.set(~run, None).str.replace_all(_BETWEEN, "")
    return bare.str.replace_many(_WIDE).str.to_uppercase()


def _kind(digits: pl.Series) -> pl.Series:
    """The kind of number that the bare characters are as a whole, or null."""
    is_id = holds(digits.str.contains(f"^(?:{_ID_18}|{_ID_15})$"))
    shaped = holds(digits.str.contains(r"^[1-9][0-9]{15,18}$")) & ~is_id
    card = mask_where(digits, shaped, bank_card.checksum_fits)
    credit_code = mask_where(digits, card, lambda few: few.str.contains(_CREDIT_CODE))
    card &= ~mask_where(digits, credit_code, _is_credit_code)
    mobile = holds(digits.str.contains(r"^(?:0{0,2}86)?1[3-9][0-9]{9}$"))
    kind = pl.Series([None], dtype=pl.String).new_from_index(0, len(digits))
    for mask, name in ((is_id, Kind.ID_NUMBER), (card, Kind.BANK_CARD), (mobile, Kind.MOBILE)):
        kind = kind.set(mask, str(name))
    return kind


def _is_credit_code(digits: pl.Series) -> pl.Series:
    # One number in 31 fits the check character by chance, one in 341 both.
    return uscc.checksum_fits(digits) & uscc.organisation_fits(digits)


def _search(runs: pl.Series, kinds: Collection[Kind]) -> pl.Series:
    """Runs with the numbers inside them replaced; all windows of all runs are judged at once."""
    windows = [list(_windows(run)) for run in runs]
    texts = [
        run[start:end] for run, spans in zip(runs, windows, strict=True) for start, end in spans
    ]
    judged = iter(_kind(_digits(pl.Series(texts, dtype=pl.String))).to_list())
    replaced = [
        _replace(run, [(span, next(judged)) for span in spans], kinds)
        for run, spans in zip(runs, windows, strict=True)
    ]
    return pl.Series(replaced, dtype=pl.String)


def _windows(run: str) -> Iterator[tuple[int, int]]:
    """Where a number may stand in a run: from left to right, the longest first.

    Between separators a number may have any length; inside a longer group of digits only the
    18 characters of an id are told apart from chance.
    """
    gaps = [m.span() for m in re.finditer(_BETWEEN, run)]
    starts = [0, *(end for _, end in gaps)]
    ends = [*(start for start, _ in gaps), len(run)]
    for group, start in enumerate(starts):
        for end in reversed(ends[group : group + _LONGEST]):
            yield start, end
            if not _is_digit(run, end - 1):  # the X may belong to what follows
                yield start, end - 1
        if ends[group] - start > _ID_LENGTH:
            for inner in range(start, ends[group] - _ID_LENGTH + 1):
                yield inner, inner + _ID_LENGTH


def _replace(
    run: str, judged: list[tuple[tuple[int, int], str | None]], kinds: Collection[Kind]
) -> str:
    parts: list[str] = []
    done = 0
    for (start, end), kind in judged:
        # Chance makes cards of one in ten windows inside a long group: ids only.
        inside = end - start == _ID_LENGTH and (_is_digit(run, start - 1) or _is_digit(run, end))
        if kind is not None and start >= done and (kind == Kind.ID_NUMBER or not inside):
            wanted = Kind(kind) in kinds
            parts += [run[done:start], PLACEHOLDERS[Kind(kind)] if wanted else run[start:end]]
            done = end
    return "".join([*parts, run[done:]])


def _is_digit(run: str, place: int) -> bool:
    return 0 <= place < len(run) and run[place].isdecimal()
