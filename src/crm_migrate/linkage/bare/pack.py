"""Ready-made packs of rules, by which bare files are linked: no project, no rules to write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from crm_migrate.errors import Fault, ProjectFault, UsageFault
from crm_migrate.language import Text
from crm_migrate.linkage.rules.parse import parse_rules
from crm_migrate.linkage.rules.types import LinkageRules


@dataclass(frozen=True)
class Pack:
    """Linkage rules with the headers by which columns of a bare file are recognised.

    `split`: a field with full names → the fields for surname and given name made from it.
    """

    name: str
    rules: LinkageRules
    headers: Mapping[str, tuple[str, ...]]
    split: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def pack_names() -> list[str]:
    """The packs that come with the product."""
    folder = resources.files("crm_migrate") / "starter" / "packs"
    return sorted(
        p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")
    )


def load_pack(name_or_path: str) -> Pack:
    """A shipped pack by name, or one from a YAML file.

    Raises: UsageFault when there is no such pack, ProjectFault when it is faulty.
    """
    return parse_pack(name_or_path, pack_data(name_or_path))


def pack_data(name_or_path: str) -> Any:
    """The plain data of a pack.

    Raises: UsageFault when there is no such pack, ProjectFault when it is not YAML.
    """
    if name_or_path in pack_names():
        folder = resources.files("crm_migrate") / "starter" / "packs"
        text = (folder / f"{name_or_path}.yaml").read_text(encoding="utf-8")
    elif Path(name_or_path).is_file():
        text = Path(name_or_path).read_text(encoding="utf-8")
    else:
        known = ", ".join(pack_names())
        raise UsageFault(
            Text("no such rules file or pack", "没有这样的规则文件或规则包"),
            where=name_or_path,
            remedy=Text(f"packs: {known}", f"可用规则包：{known}"),
        )
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name_or_path}:{mark.line + 1}" if mark else name_or_path
        raise ProjectFault([Fault(where, Text("not valid YAML", "不是有效的 YAML"))]) from None


def parse_pack(name: str, data: Any) -> Pack:
    """A pack from plain data: `headers`, `split` and one entity. Raises: ProjectFault."""
    if not isinstance(data, Mapping):
        raise ProjectFault([Fault(name, Text("expected a table of rules", "应为规则表"))])
    headers, split = data.get("headers") or {}, data.get("split") or {}
    named = isinstance(headers, Mapping) and all(isinstance(v, list) for v in headers.values())
    if not named:
        message = Text("`headers` must list labels per field", "`headers` 应为每个字段列出表头")
        raise ProjectFault([Fault(f"{name} headers", message)])
    halved = isinstance(split, Mapping) and all(
        isinstance(v, list) and len(v) == 2 for v in split.values()
    )
    if not halved:
        message = Text("`split` must name two fields", "`split` 应指定两个字段")
        raise ProjectFault([Fault(f"{name} split", message)])
    rules, faults = parse_rules({k: v for k, v in data.items() if k not in ("headers", "split")})
    if faults:
        raise ProjectFault([Fault(f"{name} {path}", text) for path, text in faults])
    if len(rules) != 1:
        message = Text("a pack has rules for one entity", "一个规则包只含一个实体的规则")
        raise ProjectFault([Fault(name, message)])
    known = {f: tuple(str(label) for label in labels) for f, labels in headers.items()}
    halves = {f: (str(a), str(b)) for f, (a, b) in split.items()}
    return Pack(name, next(iter(rules.values())), known, halves)
