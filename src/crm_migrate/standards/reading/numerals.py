"""Amounts in Chinese numerals: capital (壹佰贰拾万元整) and everyday (一百二十万).

Basis: 《支付结算办法》 annex 1 (1997), rules for writing amounts.
"""

import re
from decimal import Decimal

_DIGITS = {
    c: value
    for value, characters in enumerate(
        ["零〇○", "一壹弌", "二贰两貳", "三叁叄", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖"]
    )
    for c in characters
}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_STEP = re.compile("([0-9][0-9.]*)(千万|[亿万千百元块角分])")
_STEP_SIZES: dict[str, Decimal | int] = {
    "亿": 10**8, "千万": 10**7, "万": 10**4, "千": 1000, "百": 100, "元": 1, "块": 1,
    "角": Decimal("0.1"), "分": Decimal("0.01"),
}  # fmt: skip
_DIGIT = f"[{''.join(_DIGITS)}]"
_SKIPPED = re.compile(
    rf"[亿億](?![零〇○]|$)(?!.*[万萬])|[万萬](?![零〇○亿億]|$|{_DIGIT}[千仟])|"
    rf"[千仟](?![零〇○万萬亿億]|$|{_DIGIT}[百佰])|[百佰](?![零〇○万萬亿億]|$|{_DIGIT}[十拾])"
)
"""A place left out without 零: 三万五 is 35,000 to some and 30,005 by the letter."""
_POINT = re.compile(rf"^([^点]+)点({_DIGIT}+)([十百千]?[万亿]?)[元圆]?$")
_CENTS = {"角": Decimal("0.1"), "分": Decimal("0.01")}


def decimal_of(words: str) -> str | None:
    """The amount in 元 as a plain decimal; None where the words are no number.

    >>> decimal_of("壹佰贰拾万元整"), decimal_of("一千二百"), decimal_of("叁元伍角")
    ('1200000', '1200', '3.5')
    >>> decimal_of("三亿零五万"), decimal_of("1亿2000万"), decimal_of("面议") is None
    ('300050000', '120000000', True)
    >>> decimal_of("一点二亿"), decimal_of("三点五"), decimal_of("100元5角")
    ('120000000', '3.5', '100.5')
    >>> decimal_of("三万五") is None, decimal_of("120万5") is None
    (True, True)
    """
    negative = words[:1] in ("负", "-")
    body = words.removeprefix("负").removeprefix("-").rstrip("整正")
    if body[:1].isascii():
        return _in_steps(body, negative=negative)
    pointed = _POINT.match(body)
    if pointed:
        return _with_point(*pointed.groups(), negative=negative)
    yuan, mark, cents = body.partition("元") if "元" in body else body.partition("圆")
    whole = _whole(yuan) if yuan else 0
    fraction = _fraction(cents)
    if whole is None or fraction is None or not (yuan or cents) or (cents and not mark):
        return None
    return _written(whole + fraction, negative=negative)


def number_of(words: str) -> int | None:
    """A whole number, read out digit by digit or with tens; None where the words are none.

    >>> number_of("二〇二四"), number_of("二十九"), number_of("廿九"), number_of("两三")
    (2024, 29, 29, None)
    """
    if len(words) != 2 and words and all(c in _DIGITS for c in words):
        return int("".join(str(_DIGITS[c]) for c in words))
    return _whole(words.replace("廿", "二十").replace("卅", "三十")) if words else None


def _whole(words: str) -> int | None:
    if _SKIPPED.search(words):
        return None
    total = section = digit = 0
    # 两 digits in a row are a number read out (二〇二四), never an amount.
    pending = False
    for character in words:
        if character in _DIGITS:
            if pending and digit:
                return None
            digit, pending = _DIGITS[character], True
        elif character in _TENS:
            section += (digit if pending else 1) * _TENS[character]
            digit, pending = 0, False
        elif character in _MYRIADS:
            total = (
                (total + section + digit) * _MYRIADS[character]
                if total < _MYRIADS[character]
                else total + (section + digit) * _MYRIADS[character]
            )
            section = digit = 0
            pending = False
        else:
            return None
    return total + section + digit


def _in_steps(body: str, *, negative: bool) -> str | None:
    """1亿2000万: numbers in digits, each before a smaller unit than the one before."""
    total, last = Decimal(0), Decimal(10**9)
    if _STEP.sub("", body).strip("元"):
        return None  # 120万5 is 120.5万 to some
    for number, unit in _STEP.findall(body):
        size = Decimal(_STEP_SIZES[unit])
        if size >= last or number.count(".") > 1 or number.endswith("."):
            return None
        total, last = total + Decimal(number) * size, size
    return _written(total, negative=negative)


def _with_point(whole: str, part: str, unit: str, *, negative: bool) -> str | None:
    """一点二亿: read out with a point, in a unit."""
    before, size = _whole(whole), _whole("一" + unit)
    if before is None or size is None:
        return None
    digits = "".join(str(_DIGITS[c]) for c in part)
    return _written(Decimal(f"{before}.{digits}") * size, negative=negative)


def _written(total: Decimal | int, *, negative: bool) -> str:
    text = format(-total if negative and total else total, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _fraction(words: str) -> Decimal | None:
    total, digit = Decimal(0), None
    for character in words:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _CENTS and digit is not None:
            total += digit * _CENTS[character]
            digit = None
        else:
            return None
    return None if digit else total
