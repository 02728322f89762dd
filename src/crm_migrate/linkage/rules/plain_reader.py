"""Reading plain data, as YAML gives it, without ever raising: faults are noted with their paths."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_migrate.language import Text
from crm_migrate.linkage.rules.types import FaultAt


class PlainReader:
    """Reads values of a table and notes in `faults` what is wrong with them."""

    def __init__(self, entity: str, body: Mapping[str, Any], faults: list[FaultAt]) -> None:
        self.entity, self.body, self.faults = entity, body, faults

    def fault(self, path: str, en: str, zh: str) -> None:
        """Notes what is wrong at a path."""
        self.faults.append((f"{self.entity}/{path}", Text(en, zh)))

    def number(self, path: str, value: Any, low: float, high: float) -> float:
        """A number within bounds; `low` where it is none."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            try:  # YAML 1.1 reads 1e-6 as text
                value = float(str(value))
            except ValueError:
                self.fault(path, "expected a number", "应为数字")
                return low
        if not low <= value <= high:
            self.fault(path, f"must lie between {low} and {high}", f"必须在 {low} 与 {high} 之间")
            return low
        return float(value)

    def table(self, key: str) -> Mapping[str, Any]:
        """A table of the body; empty where it is none."""
        value = self.body.get(key) or {}
        if not isinstance(value, Mapping):
            self.fault(key, "expected a table", "应为键值表")
            return {}
        return value

    def items(self, key: str) -> Sequence[Any]:
        """A list of the body; empty where it is none."""
        value = self.body.get(key) or []
        if not isinstance(value, list | tuple):
            self.fault(key, "expected a list", "应为列表")
            return []
        return value

    def strings(self, path: str, value: Any) -> list[str]:
        """A name or a list of names; empty where it is neither."""
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(i, str) for i in items):
            self.fault(path, "expected names", "应为名称列表")
            return []
        return list(items)
