"""What is wrong with the form of a YAML file, in both languages: pydantic's errors in our words."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from crm_migrate.language import Text

KeyPath = tuple[str | int, ...]

_OURS = "Value error, "
_TEXTS: Mapping[str, Callable[[Mapping[str, Any]], Text]] = {
    "extra_forbidden": lambda _: Text("there is no such setting here", "此处没有这一设置"),
    "missing": lambda _: Text("is missing", "缺少此项"),
    "literal_error": lambda c: _one_of(c["expected"]),
    "enum": lambda c: _one_of(c["expected"]),
    "string_type": lambda _: Text("must be a text; numbers in quotes", "须为文本；数字请加引号"),
    "bool_type": lambda _: Text("must be true or false", "须为 true 或 false"),
    "bool_parsing": lambda _: Text("must be true or false", "须为 true 或 false"),
    "int_type": lambda _: Text("must be a whole number", "须为整数"),
    "int_parsing": lambda _: Text("must be a whole number", "须为整数"),
    "int_from_float": lambda _: Text("must be a whole number", "须为整数"),
    "float_type": lambda _: Text("must be a number", "须为数字"),
    "float_parsing": lambda _: Text("must be a number", "须为数字"),
    "date_type": lambda _: Text("must be a day, as 2027-12-31", "须为日期，如 2027-12-31"),
    "date_parsing": lambda _: Text("must be a day, as 2027-12-31", "须为日期，如 2027-12-31"),
    "date_from_datetime_parsing": lambda _: Text(
        "must be a day, as 2027-12-31", "须为日期，如 2027-12-31"
    ),
    "tuple_type": lambda _: Text("must be a list", "须为列表"),
    "list_type": lambda _: Text("must be a list", "须为列表"),
    "dict_type": lambda _: Text("must be a group of `name: value`", "须为“名称: 值”的组合"),
    "model_type": lambda _: Text("must be a group of `name: value`", "须为“名称: 值”的组合"),
    "model_attributes_type": lambda _: Text(
        "must be a group of `name: value`", "须为“名称: 值”的组合"
    ),
    "string_too_short": lambda _: Text("must not be empty", "不能为空"),
    "too_short": lambda _: Text("must not be empty", "不能为空"),
    "greater_than": lambda c: Text(f"must be more than {c['gt']}", f"须大于 {c['gt']}"),
    "greater_than_equal": lambda c: Text(f"must be at least {c['ge']}", f"不得小于 {c['ge']}"),
    "less_than": lambda c: Text(f"must be less than {c['lt']}", f"须小于 {c['lt']}"),
    "less_than_equal": lambda c: Text(f"must be at most {c['le']}", f"不得大于 {c['le']}"),
}


def form_faults(error: ValidationError) -> Iterator[tuple[KeyPath, Text]]:
    """Key path and what is wrong there, the path in front.

    A validator of ours tells both languages as `English | 中文`; no value is ever repeated.
    """
    for item in error.errors(include_url=False, include_input=False):
        at = tuple(item["loc"])
        name = ".".join(str(part) for part in at)
        text = _told(item["type"], item["msg"], item.get("ctx", {}))
        yield at, Text(f"{name}: {text.en}", f"{name}：{text.zh}") if name else text


def _told(kind: str, message: str, context: Mapping[str, Any]) -> Text:
    known = _TEXTS.get(kind)
    if known is not None:
        return known(context)
    english, bar, chinese = message.removeprefix(_OURS).partition(" | ")
    return Text(english, chinese if bar else english)


def _one_of(expected: str) -> Text:
    names = re.findall(r"'([^']*)'", expected)
    return Text(f"must be one of {', '.join(names)}", f"须为以下之一：{'、'.join(names)}")
