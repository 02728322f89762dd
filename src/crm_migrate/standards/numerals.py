"""Amounts in Chinese numerals: capital (壹佰贰拾万元整) and everyday (一百二十万).

Basis: 《支付结算办法》 annex 1 (1997), rules for writing amounts.
"""

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
_CENTS = {"角": Decimal("0.1"), "分": Decimal("0.01")}


def decimal_of(words: str) -> str | None:
    """The amount in 元 as a plain decimal; None where the words are no number.

    >>> decimal_of("壹佰贰拾万元整"), decimal_of("一千二百"), decimal_of("叁元伍角")
    ('1200000', '1200', '3.5')
    >>> decimal_of("三亿零五万"), decimal_of("面议") is None
    ('300050000', True)
    """
    negative = words.startswith("负")
    body = words.removeprefix("负").rstrip("整正")
    yuan, mark, cents = body.partition("元") if "元" in body else body.partition("圆")
    whole = _whole(yuan) if yuan else 0
    fraction = _fraction(cents)
    if whole is None or fraction is None or not (yuan or cents) or (cents and not mark):
        return None
    total = whole + fraction
    text = format(-total if negative and total else total, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def number_of(words: str) -> int | None:
    """A whole number, read out digit by digit or with tens; None where the words are none.

    >>> number_of("二〇二四"), number_of("二十九"), number_of("廿九"), number_of("两三")
    (2024, 29, 29, None)
    """
    if len(words) != 2 and words and all(c in _DIGITS for c in words):
        return int("".join(str(_DIGITS[c]) for c in words))
    return _whole(words.replace("廿", "二十").replace("卅", "三十")) if words else None


def _whole(words: str) -> int | None:
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
