"""Project files written for people: short things on one line, comments kept where they stood."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from crm_migrate.project.mapping_file import FieldSource, SourceMapping, ValueMap
from crm_migrate.project.yaml_file import KeyPath, parse_yaml

WIDTH = 100
_LONG_FORM = {"fields", "tables", "records", "map", "owners", "sources", "entities"}
"""Keys whose content is always spread over lines, one entry each."""


@dataclass(frozen=True, slots=True)
class Comment:
    """Comment lines above a place, and the one behind it; without `#`."""

    above: tuple[str, ...] = ()
    behind: str | None = None


Comments = Mapping[KeyPath, Comment]

_PLAIN = re.compile(r"(?:\.{1,2}/)*[^\W\d_][\w（）()·、/.&+-]*(?: [\w（）()·、/.&+-]+)*")
_RESERVED = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}

END: KeyPath = ("#end",)
"""Place of comments behind the last line."""


def mapping_data(mapping: SourceMapping) -> dict[str, Any]:
    """A source mapping as plain data, without defaults, bare columns in their short form."""
    data: dict[str, Any] = mapping.model_dump(mode="json", exclude_defaults=True)
    tables = []
    for table, model in zip(data["tables"], mapping.tables, strict=True):
        for record, made_of in zip(table["records"], model.records, strict=True):
            record["fields"] = {n: _source(o) for n, o in made_of.fields.items()}
        tables.append({"table": model.table} | table)
    return {"source": mapping.source, "tables": tables}


def value_map_data(values: ValueMap) -> dict[str, Any]:
    """A value map as plain data, without defaults."""
    data: dict[str, Any] = values.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    return data or {"map": {}}


def yaml_text(data: Any, comments: Comments | None = None) -> str:
    """The data as YAML text; reads back as equal data."""
    notes = dict(comments or {})
    lines: list[str] = []
    seen_root = False
    for paths, text in _lines(data, (), 0, ""):
        pad = text[: len(text) - len(text.lstrip())]
        own = paths if seen_root else [(), *paths]
        seen_root = True
        found = [notes.pop(p) for p in own if p in notes]
        lines += [f"{pad}# {a}".rstrip() for c in found for a in c.above]
        behind = "; ".join(c.behind for c in found if c.behind)
        lines.append(f"{text}  # {behind}" if behind else text)
    lines += [f"# {a}".rstrip() for a in notes.get(END, Comment()).above]
    return "\n".join(lines) + "\n"


def read_comments(path: Path, text: str) -> dict[KeyPath, Comment]:
    """The comments of a YAML text by the place that they belong to."""
    file, _ = parse_yaml(path, text)
    at_line: dict[int, KeyPath] = {}
    for place, first in file.lines.items():
        at_line.setdefault(first, place)
    above: list[str] = []
    comments: dict[KeyPath, Comment] = {}
    ends = _content_ends(text)
    for number, line in enumerate(text.splitlines(), 1):
        note = line[ends.get(number, 0) :].strip()
        comment = note.lstrip("#").strip() if note.startswith("#") else None
        if number not in ends:
            above += [comment] if comment is not None else []
        elif number in at_line:
            if above or comment:
                comments[at_line[number]] = Comment(tuple(above), comment)
            above = []
    if above:
        comments[END] = Comment(tuple(above))
    return comments


def _source(origin: FieldSource) -> Any:
    data = origin.model_dump(mode="json", exclude_defaults=True)
    return origin.column if list(data) == ["column"] else data


def _content_ends(text: str) -> dict[int, int]:
    """Line → column behind its last token (lines inside a block scalar: their whole length)."""
    rows = text.splitlines()
    ends: dict[int, int] = {}
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        start, end = token.start_mark, token.end_mark
        if start.index == end.index:
            continue
        for line in range(start.line, end.line):
            ends[line + 1] = len(rows[line])
        if end.column:
            ends[end.line + 1] = max(ends.get(end.line + 1, 0), end.column)
    return ends


def _lines(data: Any, at: KeyPath, indent: int, lead: str) -> Iterator[tuple[list[KeyPath], str]]:
    """(places, text) of every line; `lead` is what stands before the first of them."""
    pad = " " * indent
    if isinstance(data, dict):
        items = [(k, v, f"{_scalar(str(k))}:") for k, v in data.items()]
    else:
        items = [(n, v, "-") for n, v in enumerate(data)]
    for number, (key, value, mark) in enumerate(items):
        here = (*at, key)
        start = f"{lead if number == 0 and lead else pad}{mark}"
        above = [at] if number == 0 and lead else []
        flow = _flow(value)
        if not _spread(key, value) and len(start) + 1 + len(flow) <= WIDTH:
            yield [*above, here, *_below(value, here)], f"{start} {flow}"
        elif not isinstance(value, dict | list):
            yield [*above, here], f"{start} {flow}"
        elif mark == "-":
            yield from _lines(value, here, indent + 2, f"{start} ")
        else:
            yield [*above, here], start
            yield from _lines(value, here, indent + 2, "")


def _spread(key: Any, value: Any) -> bool:
    """Whether the content of `key` is spread over lines, however short it is."""
    if not isinstance(value, dict | list) or not value:
        return False
    if key in _LONG_FORM:
        return True
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return any(_spread(k, v) for k, v in inner)


def _below(value: Any, at: KeyPath) -> Iterator[KeyPath]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*at, key)
            yield from _below(inner, (*at, key))


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """A scalar that reads back as itself, in flow context, too."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return '"' + "".join(map(_quoted, value)) + '"'


def _quoted(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"
