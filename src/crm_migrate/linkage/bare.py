"""Linking a bare file with a ready-made pack: no project, no rules to write."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from crm_migrate.errors import Fault, ProjectFault, UsageFault
from crm_migrate.language import Text
from crm_migrate.linkage.contract import Linkage
from crm_migrate.linkage.engines import engine_for
from crm_migrate.linkage.rule_types import SET_KINDS, LinkageRules
from crm_migrate.linkage.rules import parse_rules
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import RECORD_ID


@dataclass(frozen=True)
class Pack:
    """Linkage rules with the headers by which columns of a bare file are recognised."""

    name: str
    rules: LinkageRules
    headers: Mapping[str, tuple[str, ...]]


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
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name_or_path}:{mark.line + 1}" if mark else name_or_path
        raise ProjectFault([Fault(where, Text("not valid YAML", "不是有效的 YAML"))]) from None
    return parse_pack(name_or_path, data)


def parse_pack(name: str, data: Any) -> Pack:
    """A pack from plain data: `headers` and one entity. Raises: ProjectFault."""
    if not isinstance(data, Mapping):
        raise ProjectFault([Fault(name, Text("expected a table of rules", "应为规则表"))])
    headers = data.get("headers") or {}
    rules, faults = parse_rules({k: v for k, v in data.items() if k != "headers"})
    if faults:
        raise ProjectFault([Fault(f"{name} {path}", text) for path, text in faults])
    if len(rules) != 1:
        message = Text("a pack has rules for one entity", "一个规则包只含一个实体的规则")
        raise ProjectFault([Fault(name, message)])
    known = {field: tuple(str(label) for label in labels) for field, labels in headers.items()}
    return Pack(name, next(iter(rules.values())), known)


def recognise(columns: Sequence[str], pack: Pack) -> dict[str, list[str]]:
    """Field → the columns whose header is one of its labels (blanks, case, notes ignored)."""
    labels = {_plain(label): field for field, names in pack.headers.items() for label in names}
    fields = {f for rule in pack.rules.features for f in rule.fields}
    fields.update(f for key in pack.rules.natural_keys for f in key)
    labels |= {_plain(f): f for f in fields}
    found: dict[str, list[str]] = {}
    for column in columns:
        field = labels.get(_plain(column)) or labels.get(_plain(re.sub(r"\d+$", "", column)))
        if field:
            found.setdefault(field, []).append(column)
    return found


def _plain(label: str) -> str:
    """A header without width, case, blanks, marks, and notes in brackets."""
    folded = unicodedata.normalize("NFKC", label).casefold()
    folded = re.sub(r"[((\[【].*?[))\]】]", "", folded)
    return re.sub(r"[\s_\-*:/.]+", "", folded)


def link_file(frame: pl.DataFrame, id_column: str, pack: Pack) -> Linkage:
    """Links the rows of a table; `record_id` in the result is the given id column.

    frame: String columns as they stand in the file. Of several columns for one field all count
    (telephones, mails) or the first that is filled (names).
    Raises: UsageFault when the id column or every known column is missing; CrmMigrateError
    when ids are missing or repeated.
    """
    if id_column not in frame.columns:
        raise UsageFault(
            Text("there is no such id column", "没有该标识列"),
            where=id_column,
            remedy=_listed(frame),
        )
    found = recognise([c for c in frame.columns if c != id_column], pack)
    if not found:
        raise UsageFault(
            Text("no column was recognised by its header", "没有识别出任何列"),
            where=pack.name,
            remedy=Text("name the columns as in the pack's headers", "请按规则包中的表头命名各列"),
        )
    sets = {f for r in pack.rules.features if r.kind in SET_KINDS for f in r.fields}
    records = frame.select(
        pl.col(id_column).cast(pl.String).alias(RECORD_ID),
        *(_field(columns, field in sets).alias(field) for field, columns in found.items()),
    )
    return engine_for(pack.rules).link(records, pack.rules)


def _field(columns: Sequence[str], several: bool) -> pl.Expr:
    """One field from its columns: all values of them, or the first that there is."""
    values = [pl.col(c).cast(pl.String).replace("", None) for c in columns]
    if several:
        joined = pl.concat_str(values, separator=MULTI_SEPARATOR, ignore_nulls=True)
        return joined.replace("", None)
    return pl.coalesce(values)


def _listed(frame: pl.DataFrame) -> Text:
    names = ", ".join(frame.columns)
    return Text(f"columns: {names}", f"现有列：{names}")
