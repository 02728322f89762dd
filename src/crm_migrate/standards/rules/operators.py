"""What operators of the language of rules make of values: comparisons, dates, figures."""

import re
from datetime import date

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Vocabulary
from crm_migrate.project.entities_file import standard_model
from crm_migrate.standards.rules.kinds import Kind, Misread, Typed

_NEAR = 5e-7
"""Numbers that differ by less are equal."""


def literal(value: str, *, text: bool) -> Typed:
    """A text in quotes, or a number."""
    if text:
        return Typed(pl.lit(value), Kind.TEXT, literal=value)
    return Typed(pl.lit(float(value)), Kind.NUMBER, literal=float(value))


def day(text: str) -> Typed:
    """A date in quotes.

    Raises:
        Misread: it is no date.
    """
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Misread(
            Text(f"not a date: '{text}'", f"不是日期：“{text}”"),
            Text("write '2024-01-31'", "写作 '2024-01-31'"),
        ) from None
    return Typed(pl.lit(found), Kind.DATE)


def same_kind(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Both of one kind; a quoted date beside a date is one.

    Raises:
        Misread: they are of two kinds.
    """
    if left.kind is Kind.DATE and isinstance(right.literal, str):
        right = day(right.literal)
    elif right.kind is Kind.DATE and isinstance(left.literal, str):
        left = day(left.literal)
    if left.kind is not right.kind:
        raise Misread(
            Text(f"a {left.kind.en} is compared with a {right.kind.en}",
                 f"{left.kind.zh}不能与{right.kind.zh}比较"),
            Text("texts stand in single quotes, numbers in none", "文本加单引号，数字不加"),
        )  # fmt: skip
    return left, right


def of_kind(value: Typed, kind: Kind) -> pl.Expr:
    """The value, which must be of this kind.

    Raises:
        Misread: it is of another.
    """
    if value.kind is not kind:
        raise Misread(
            Text(f"a {kind.en} is wanted, this is a {value.kind.en}",
                 f"此处应为{kind.zh}，实际为{value.kind.zh}")
        )  # fmt: skip
    return value.expr


def compared(sign: str, left: Typed, right: Typed) -> pl.Expr:
    """A comparison of two values of one kind: `EQ`, `NEQ`, `LT`, `LTE`, `GT` or `GTE`.

    Raises:
        Misread: a text that the vocabulary beside it does not have: it would never be equal.
    """
    for one, other in ((left, right), (right, left)):
        if one.vocabulary is not None and isinstance(other.literal, str):
            _in_vocabulary(other.literal, one.vocabulary)
    a, b = left.expr, right.expr
    if left.kind is Kind.NUMBER:
        a, b = a - b, pl.lit(0.0)
        near = a.abs() < _NEAR
        match sign:
            case "EQ":
                return near
            case "NEQ":
                return ~near
            case "LT":
                return a <= -_NEAR
            case "GT":
                return a >= _NEAR
            case "LTE":
                return a < _NEAR
        return a > -_NEAR
    match sign:
        case "EQ":
            return a == b
        case "NEQ":
            return a != b
        case "LT":
            return a < b
        case "GT":
            return a > b
        case "LTE":
            return a <= b
    return a >= b


def _in_vocabulary(text: str, vocabulary: Vocabulary) -> None:
    # A standard rule may name a standard value that the project's vocabulary goes without.
    standard = standard_model().vocabularies.get(vocabulary.name)
    if text in vocabulary.values or (standard is not None and text in standard.values):
        return
    meant = vocabulary.synonyms.get(text)
    listed = (meant,) if meant else vocabulary.values
    raise Misread(
        Text(f"'{text}' is no value of this field", f"“{text}”不是该字段的取值"),
        Text(f"write {', '.join(listed)}", f"应写作：{'、'.join(listed)}"),
    )


def moved_day(day: Typed, other: Typed, *, forward: bool) -> Typed:
    """A date and days: the date so much later or earlier; of two dates the days between them."""
    if other.kind is Kind.DATE and not forward:
        days = (day.expr - other.expr).dt.total_days().cast(pl.Float64)
        return Typed(days, Kind.NUMBER)
    days = of_kind(other, Kind.NUMBER).cast(pl.Int64)
    moved = day.expr + pl.duration(days=days if forward else -days)
    return Typed(moved.cast(pl.Date), Kind.DATE)


def folded(name: str, value: Typed, *, whole: bool) -> tuple[pl.Expr, Kind]:
    """The figure over a group, and its kind; sums do not depend on the order of the records.

    Raises:
        Misread: a figure that such values do not have.
    """
    if name == "Count":
        counted = value.expr if whole else value.expr.count()
        return counted.cast(pl.Float64), Kind.NUMBER
    if name in ("Sum", "Avg"):
        number = of_kind(value, Kind.NUMBER)
        filled = number.count() > 0
        total = number.sum().round(6)
        if name == "Avg":
            total = (number.sum() / number.count()).round(6)
        return pl.when(filled).then(total), Kind.NUMBER
    if value.kind is Kind.TRUTH:
        raise Misread(Text("min and max want no condition", "min、max 不能用于条件"))
    return (value.expr.min() if name == "Min" else value.expr.max()), value.kind


def like_pattern(pattern: str) -> str:
    r"""The regular expression of a pattern of LIKE.

    >>> like_pattern("9_%.")
    '(?s)^9..*\\.$'
    """
    parts = {"%": ".*", "_": "."}
    return "(?s)^" + "".join(parts.get(c) or re.escape(c) for c in pattern) + "$"
