"""The header of a plan file as JSON: clear, sorted, so that it can be signed byte by byte."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from crm_migrate.instants import rfc3339
from crm_migrate.language import Text
from crm_migrate.plan.file.parts import entity_of
from crm_migrate.plan.header import (
    ControlTotal,
    Demand,
    EntityCounts,
    Gate,
    Held,
    PlanHeader,
    RowCounts,
    TargetIdentity,
)

FORMAT = 3
READABLE = (2, 3)
"""Plans of format 2 hold the operations of an entity in one part."""


def header_json(header: PlanHeader) -> bytes:
    """The header as compact, sorted UTF-8 JSON; times are RFC 3339 in UTC."""
    content = asdict(header)
    content["created_at"] = rfc3339(header.created_at)
    content["expires_at"] = rfc3339(header.expires_at)
    # Objects are sorted by name; the order of entities is their dependency order.
    content["order"] = list(header.counts)
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def parse_header(data: bytes) -> PlanHeader:
    """What `header_json` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is no header of this format.
    """
    content: dict[str, Any] = json.loads(data)
    order = content.pop("order")
    if content["format"] not in READABLE or sorted(order) != sorted(content["counts"]):
        raise ValueError("format")
    gates = tuple(Gate(**{**g, "label": Text(**g["label"])}) for g in content["gates"])
    return PlanHeader(
        **{
            **content,
            "created_at": datetime.fromisoformat(content["created_at"]),
            "expires_at": datetime.fromisoformat(content["expires_at"]),
            "target": TargetIdentity(**content["target"]),
            "rows": RowCounts(**content["rows"]),
            "counts": {e: EntityCounts(**content["counts"][e]) for e in order},
            "gates": gates,
            "control_totals": tuple(ControlTotal(**t) for t in content["control_totals"]),
            "files": _ordered(content["files"], order),
            "irreversible": tuple(Text(**t) for t in content["irreversible"]),
            "unchecked": tuple(Text(**t) for t in content["unchecked"]),
            "scope": Text(**content["scope"]) if content["scope"] else None,
            "held": tuple(Held(**h) for h in content["held"]),
            "demands": tuple(
                Demand(**{**d, "roles": tuple(d["roles"])}) for d in content["demands"]
            ),
        }
    )


def _ordered(files: Mapping[str, str], entities: list[str]) -> dict[str, str]:
    place = {entity: number for number, entity in enumerate(entities)}
    names = sorted(files, key=lambda n: (place.get(entity_of(n), len(place)), n))
    return {name: files[name] for name in names}
