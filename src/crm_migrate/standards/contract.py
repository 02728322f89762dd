"""What every field standard offers: four verbs over Polars columns, and the rules it may cite."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Field, Model, Vocabulary
from crm_migrate.records import Rule, Severity

Masks = Iterator[tuple[Rule, pl.Series]]
"""Rules that were broken (or repairs that were made), each with the rows where it holds."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a standard may need to know of the field: unit, vocabulary, currencies."""

    unit: str | None = None
    vocabulary: Vocabulary | None = None
    foreign: bool = False
    """Amounts in other currencies are kept: a field beside says which."""


PLAIN = Context()
"""A field without unit or vocabulary."""


def context_of(field: Field, model: Model) -> Context:
    """The context in which the field's values are read.

    Raises:
        KeyError: the field names a vocabulary that the model does not have.
    """
    vocabulary = model.vocabularies[field.vocabulary] if field.vocabulary else None
    return Context(field.unit, vocabulary, foreign=field.currency is not None)


class Standard(Protocol):
    """A module of this package. Columns are Polars Strings, null where a value is missing.

    None of the verbs looks at other fields, at the clock or at the order of the rows, and
    `normalise(normalise(x)) == normalise(x)`.
    """

    BASIS: Text
    """The standard and edition that the module follows."""
    NORMALISED: Rule
    """The repair that is cited when `normalise` changed more than blanks at the ends."""
    RULES: tuple[Rule, ...]
    """Every rule that `validate` may cite, `NORMALISED` included."""

    def normalise(self, raw: pl.Series, context: Context = PLAIN) -> pl.Series:
        """The canonical text of each value.

        Never guesses: text that it cannot read is kept (tidied) in fields that hold text, and
        becomes null in fields whose target is no text (dates, amounts, vocabularies, …); both
        are reported by `validate`.
        """
        ...

    def validate(self, raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
        """The rules that are broken; `value` is `normalise(raw)`, or what was moved here."""
        ...

    def format(self, value: pl.Series) -> pl.Series:
        """The canonical text as it is shown to people."""
        ...

    def mask(self, value: pl.Series) -> pl.Series:
        """The canonical text with its confidential part covered by `*`."""
        ...


ONE_DIGIT = f"^(?:{'|'.join(f'{digit}+' for digit in range(10))})$"
"""One digit over and over: typed to get past a form that wants a number."""
_UPWARDS = "1234567890" * 3
INVENTED = f"{ONE_DIGIT}|^0?(?:{'|'.join(_UPWARDS[:n] for n in range(8, 31))})$"
"""`ONE_DIGIT`, or digits counting up from 1 (or 0)."""


def made_up(type_code: str, en: str, zh: str) -> Rule:
    """The warning `<type>.made_up` of a standard: the number matches `INVENTED`."""
    return Rule(
        f"{type_code}.made_up",
        Severity.WARNING,
        Text(
            f"The {en} is one digit repeated, or digits that count up",
            f"{zh}为同一数字重复或连续数字，疑似随意填写",
        ),
        Text("Ask for the document and enter the number.", "请核对证照并补录。"),
    )


def letters_read(type_code: str, en: str, zh: str) -> Rule:
    """The repair `<type>.letters_read`: letters were read as digits, and all checks fit then."""
    return Rule(
        f"{type_code}.letters_read",
        Severity.REPAIR,
        Text(
            f"Letters in the {en} were read as the digits that they look like (O as 0, I as 1 …); "
            "its check digit fits then",
            f"{zh}中的字母已按形近数字读取（O 读作 0、I 读作 1 等），读取后校验位相符",
        ),
        Text(
            "Nothing to do; compare it with the document if it matters much.",
            "无需处理；重要数据可再与证照核对。",
        ),
    )


def normalised(type_code: str, en: str, zh: str) -> Rule:
    """The repair rule `<type>.normalised` of a standard for `en` / `zh`."""
    return Rule(
        f"{type_code}.normalised",
        Severity.REPAIR,
        Text(f"The {en} was brought into its standard form", f"{zh}已转换为标准格式"),
        Text(
            "Nothing to do; correct the source if the new form is wrong.",
            "无需处理；如转换后不正确，请修改源数据。",
        ),
    )
