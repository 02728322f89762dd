"""YAML files read with the line of every value, so that a fault can name `file:line`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from crm_migrate.errors import Fault
from crm_migrate.language import Text

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

KeyPath = tuple[str | int, ...]


_HOW_TO_WRITE = Text(
    "here or in the line before: indent with blanks, never with tabs; put a text with `: ` or ` #`"
    " in quotes; close every bracket and quotation mark",
    "请检查该行及上一行：缩进用空格而不用制表符；含“: ”或“ #”的文本加引号；括号与引号须成对",
)


@dataclass(frozen=True)
class YamlFile:
    """One parsed file: plain data, and the 1-based line of each key path."""

    path: Path
    data: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def where(self, at: KeyPath = ()) -> str:
        """`file:line` of the key path, or of its nearest known ancestor.

        Parts that the file does not have (a validator's own tags) are skipped.
        """
        known: KeyPath = ()
        for part in at:
            if (*known, part) in self.lines:
                known = (*known, part)
        return f"{self.path}:{self.lines.get(known, 1)}"

    def fault(self, at: KeyPath, message: Text, remedy: Text | None = None) -> Fault:
        """A fault at that key path."""
        return Fault(self.where(at), message, remedy)


def parse_yaml(path: Path, text: str) -> tuple[YamlFile, list[Fault]]:
    """Parse YAML text; broken syntax and repeated keys are returned as faults, never raised."""
    faults: list[Fault] = []
    lines: dict[KeyPath, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        data = loader.construct_document(node) if node is not None else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = str(getattr(error, "problem", None) or "not YAML")
        message = Text(f"not valid YAML: {problem}", f"不是有效的 YAML:{problem}")
        return YamlFile(path, {}), [Fault(f"{path}:{line}", message, _HOW_TO_WRITE)]
    except ValueError:  # 2027-13-31 has the form of a date
        return YamlFile(path, {}), [_no_date(path, text)]
    if node is not None:
        _walk(node, (), lines, path, faults)
    return YamlFile(path, data, lines), faults


def _no_date(path: Path, text: str) -> Fault:
    """The first value that has the form of a date and is none."""
    line = 1
    for token in yaml.scan(text):
        if isinstance(token, yaml.ScalarToken) and token.plain:
            try:
                yaml.load(token.value, _Loader)  # noqa: S506  # a safe loader
            except ValueError:
                line = token.start_mark.line + 1
                break
            except yaml.YAMLError:
                continue
    message = Text("there is no such day or time", "没有这一日期或时间")
    return Fault(f"{path}:{line}", message, Text("write 2027-12-31", "写作 2027-12-31"))


def read_yaml(path: Path) -> tuple[YamlFile, list[Fault]]:
    """Read and parse one file; a file that cannot be read is a fault, too."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return YamlFile(path, {}), [Fault(str(path), Text("file not found", "找不到文件"))]
    except OSError as error:
        message = Text(f"cannot be read: {error.strerror}", f"无法读取：{error.strerror}")
        return YamlFile(path, {}), [Fault(str(path), message)]
    except UnicodeDecodeError:
        message = Text("is not UTF-8 text", "不是 UTF-8 文本")
        remedy = Text("save the file as UTF-8", "请将文件另存为 UTF-8 编码")
        return YamlFile(path, {}), [Fault(str(path), message, remedy)]
    return parse_yaml(path, text)


def _walk(
    node: Any, at: KeyPath, lines: dict[KeyPath, int], path: Path, faults: list[Fault]
) -> None:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in seen:
                message = Text(f"key '{name}' stands twice", f"键“{name}”重复")
                faults.append(Fault(f"{path}:{line}", message))
            seen.add(name)
            lines[(*at, name)] = line
            _walk(value, (*at, name), lines, path, faults)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*at, index), lines, path, faults)
