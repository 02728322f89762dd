"""Proposing rules from data: which columns look like what, and what blocking on them would cost.

The proposal is the ready-made pack that fits best, cut down to the columns that are there, with
the headers of this file: people may read, change and keep it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import yaml

from crm_migrate.linkage.bare.columns import recognise, records_of
from crm_migrate.linkage.bare.pack import Pack, load_pack, pack_data, pack_names, parse_pack
from crm_migrate.linkage.blocking.blocks import block_keys, members
from crm_migrate.linkage.features.features import build_features
from crm_migrate.linkage.rules.types import FEATURE_PARTS

MAX_ROWS = 300_000
"""Rows of a larger file by which pairs are estimated: they grow with the square."""


@dataclass(frozen=True, slots=True)
class ColumnSeen:
    """A column of the file: the field it is taken for (None: none), shares of 1."""

    column: str
    field: str | None
    filled: float
    distinct: float


@dataclass(frozen=True, slots=True)
class BlockSeen:
    """What a blocking key would cost: pairs of records, and the rows of its largest block."""

    rule: str
    pairs: int
    largest_block: int


@dataclass(frozen=True)
class Suggestion:
    """A pack, the columns, blocking keys, columns that could be the id, and the rules as YAML."""

    pack: str
    columns: tuple[ColumnSeen, ...]
    blocks: tuple[BlockSeen, ...]
    ids: tuple[str, ...]
    rules: str


def suggest(
    frame: pl.DataFrame, id_column: str | None = None, pack: str | None = None
) -> Suggestion:
    """Rules for the rows of a table (columns as they stand in the file).

    pack: start from this one; else from the one whose fields the most columns fit.
    Raises: UsageFault when no column is recognised by any pack, or there is no such pack.
    """
    ids = _ids(frame)
    name = id_column or (ids[0] if ids else None)
    rows = frame.with_row_index("_row").with_columns(pl.col("_row").cast(pl.String))
    rest = rows.drop(name) if name else rows
    chosen = load_pack(pack) if pack else _fitting(rest)
    records, found = records_of(rest, "_row", chosen)
    data = _cut_down(pack_data(chosen.name), found, chosen)
    known = {column: field for field, columns in found.items() for column in columns}
    columns = tuple(_seen(frame[c], known.get(c)) for c in frame.columns)
    blocks = _blocks(records, parse_pack(chosen.name, data))
    text = _text(chosen.name, data, columns, blocks, name)
    return Suggestion(chosen.name, columns, blocks, tuple(ids), text)


def _ids(frame: pl.DataFrame) -> list[str]:
    """Columns without gaps whose values are all different."""
    return [
        c
        for c in frame.columns
        if frame.height and not frame[c].null_count() and frame[c].n_unique() == frame.height
    ]


def _fitting(frame: pl.DataFrame) -> Pack:
    """The pack that knows the most columns; Chinese names go to company-cn, Latin to company."""
    packs = [load_pack(name) for name in pack_names()]
    columns = [c for c in frame.columns if c != "_row"]

    def fit(pack: Pack) -> tuple[int, int]:
        found = recognise(columns, pack, frame)
        if not found:
            return 0, 0
        records, _ = records_of(frame, "_row", pack)
        return sum(len(c) for c in found.values()), _script(records, pack.name)

    return max(packs, key=fit)


def _script(records: pl.DataFrame, pack: str) -> int:
    """1 where names are in the script that the pack is made for."""
    if "name" not in records.columns:
        return 0
    han = records["name"].str.contains(r"\p{Han}").fill_null(False).mean() or 0.0
    return int((float(han) >= 0.5) == (pack == "company-cn"))  # type: ignore[arg-type]


def _seen(values: pl.Series, field: str | None) -> ColumnSeen:
    there = values.cast(pl.String).str.strip_chars().replace("", None).drop_nulls()
    rows = max(len(values), 1)
    return ColumnSeen(
        values.name,
        field,
        round(len(there) / rows, 3),
        round(there.n_unique() / max(len(there), 1), 3),
    )


def _cut_down(
    data: Mapping[str, Any], found: Mapping[str, list[str]], pack: Pack
) -> dict[str, Any]:
    """The rules of a pack without what asks for columns that are not there."""
    entity, body = next((k, v) for k, v in data.items() if k not in ("headers", "split", "version"))
    there = set(found)
    for full, halves in pack.split.items():
        there |= set(halves) if full in found else set()
    features = {
        name: spec | {"from": [f for f in spec["from"] if f in there]}
        for name, spec in body["features"].items()
        if set(spec["from"]) & there and (spec["as"] != "names" or set(spec["from"]) <= there)
    }
    names = {f"{n}.{part}" for n, s in features.items() for part in FEATURE_PARTS[s["as"]]}
    names |= set(features)

    def whole(rule: list[str]) -> bool:
        return set(rule) <= names

    compare = {}
    for name, levels in body["compare"].items():
        kept = [x for x in levels if whole(_asked(x))]
        if kept and kept[0] == levels[0]:
            compare[name] = kept
    cut: dict[str, Any] = {**body, "features": features, "compare": compare}
    cut["block"] = [r for r in body["block"] if whole(r)]
    cut["support"] = min(int(body.get("support", 2)), len(compare))
    cut["certain"] = [r for r in body.get("certain", []) if whole(r)]
    cut["essential"] = [c for c in body.get("essential", []) if c in compare]
    cut["vetoes"] = [
        {k: v for k, v in rule.items() if k != "unless_same" or v in names}
        for rule in body.get("vetoes", [])
        if rule["different"] in names
    ]
    cut["disagreements"] = [
        rule | {k: [c for c in rule[k] if c in compare] for k in ("alike", "unless") if k in rule}
        for rule in body.get("disagreements", [])
        if set(rule["differs"]) <= set(compare)
    ]
    cut["shared"] = {
        name: rule for name, rule in body.get("shared", {}).items() if whole([name, rule["by"]])
    }
    caps = dict(body.get("caps", {}))
    if caps.get("refine") not in names:
        caps.pop("refine", None)
    cut["caps"] = caps
    headers = {f: columns for f, columns in found.items() if f in there | set(pack.split)}
    split = {f: list(h) for f, h in pack.split.items() if f in found}
    body_kept = {key: value for key, value in cut.items() if value not in ([], {}, None)}
    return {"headers": headers, **({"split": split} if split else {}), entity: body_kept}


def _asked(level: Mapping[str, Any]) -> list[str]:
    """Every feature that a level asks for."""
    asked = [*level.get("same", []), *level.get("compatible", []), *level.get("unlike", [])]
    return [*asked, *([level["similar"]] if "similar" in level else [])]


def _blocks(records: pl.DataFrame, pack: Pack) -> tuple[BlockSeen, ...]:
    """Pairs and largest block per blocking key, scaled up where not all rows were looked at."""
    some = records.head(MAX_ROWS)
    scale = (records.height / max(some.height, 1)) ** 2
    features = build_features(some, pack.rules)
    seen = []
    for rule in pack.rules.blocking:
        keys, _ = members(block_keys(features, rule))
        sizes = np.bincount(keys).astype(np.int64) if len(keys) else np.zeros(1, dtype=np.int64)
        pairs = int((sizes * (sizes - 1) // 2).sum() * scale)
        seen.append(BlockSeen("+".join(rule), pairs, int(sizes.max())))
    return tuple(seen)


def _text(
    pack: str,
    data: Mapping[str, Any],
    columns: tuple[ColumnSeen, ...],
    blocks: tuple[BlockSeen, ...],
    id_column: str | None,
) -> str:
    """The rules as YAML, with what was seen in comments."""
    lines = [
        f"# Proposed from the data, after the pack {pack}. Use it: crm-migrate link FILE"
        f" --id {id_column or 'COLUMN'} --rules THIS --out FILE",
        "# column → field · filled · distinct",
        *(
            f"#   {_inline(c.column)} → {c.field or '-'} · {c.filled:.0%} · {c.distinct:.0%}"
            for c in columns
        ),
        "# blocking key · pairs · largest block (blocks above caps.block are refined)",
        *(f"#   {b.rule} · {b.pairs:,} · {b.largest_block:,}" for b in blocks),
    ]
    body = yaml.dump(dict(data), allow_unicode=True, sort_keys=False, width=160, Dumper=_Readable)
    return "\n".join(lines) + "\n" + body


def _inline(text: str) -> str:
    return " ".join(text.split())


class _Readable(yaml.SafeDumper):
    """Lists and the innermost tables on one line, as people write them."""

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        plain = all(isinstance(item, str) for item in sequence)
        return super().represent_sequence(tag, sequence, flow_style=plain)

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        rule = {"as", "same", "similar", "different", "differs", "by", "limit", "block", "match"}
        plain = bool(rule & set(mapping)) and "features" not in mapping
        return super().represent_mapping(tag, mapping, flow_style=plain)

    def ignore_aliases(self, data: Any) -> bool:
        return True
