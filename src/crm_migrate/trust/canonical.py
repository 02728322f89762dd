"""Canonical JSON: the one byte form of a statement that is digested and signed.

The subset of RFC 8785 in which it equals compact, sorted `json.dumps`: no floats, ASCII
keys, integers below 2^53.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

_LARGEST_INTEGER = 2**53 - 1


def canonical_json(statement: Json) -> bytes:
    """The canonical UTF-8 bytes of a statement.

    Raises:
        ValueError: it holds a float, a key that is not ASCII, or an integer of 2^53 or more.

    >>> canonical_json({"b": 1, "a": ["中", None]}).decode()
    '{"a":["中",null],"b":1}'
    """
    _require_subset(statement)
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _require_subset(value: object) -> None:
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) > _LARGEST_INTEGER:
            raise ValueError("canonical JSON holds integers below 2^53 only")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError("canonical JSON has ASCII keys only")
            _require_subset(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _require_subset(item)
    else:
        raise ValueError(f"canonical JSON cannot hold a {type(value).__name__}")
