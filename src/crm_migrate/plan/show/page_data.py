"""The operations of a page as compact JSON, from which its script makes the rows that are seen.

Tens of thousands of table rows would take a browser many seconds; as data they take none.
"""

import json
from typing import Any

from crm_migrate.plan.show.cells import CellChange
from crm_migrate.plan.show.risks import ACTION_LABELS
from crm_migrate.plan.show.view import OperationView, PlanView

ORDER = ("conflict", "skip", "delete", "update", "insert")
"""Actions in the order of the page, the risky ones first."""


class _Table:
    """Texts that repeat, each written once."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Where the text stands in the table."""
        return self.places.setdefault(text, len(self.places))


def page_data(view: PlanView) -> str:
    """JSON that may stand in a script element: no `<` is left in it.

    `rows`: [entity, action, title, CRM key, reason, conflicts, cells]; a cell is [label, before,
    after, origin, kept]. Numbers refer to `entities`, `actions` and `texts`.
    """
    texts = _Table()
    texts.place("")
    rows = [
        (ORDER.index(o.action), place, _row(place, o, texts))
        for place, entity in enumerate(view.entities)
        for o in entity.operations
        if o.action in ORDER
    ]
    rows.sort(key=lambda r: r[:2])  # stable: as the view has them within an entity
    content: dict[str, Any] = {
        "entities": [[e.name, e.label, e.total, len(e.operations)] for e in view.entities],
        "actions": [[a, ACTION_LABELS[a].in_language(view.language)] for a in ORDER],
        "rows": [row for _, _, row in rows],
        "texts": list(texts.places),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _row(place: int, o: OperationView, texts: _Table) -> list[Any]:
    return [
        place,
        ORDER.index(o.action),
        o.title,
        o.target_key,
        texts.place(o.reason),
        o.conflicts,
        [_cell(c, texts) for c in o.cells],
    ]


def _cell(c: CellChange, texts: _Table) -> list[Any]:
    parts: list[Any] = [texts.place(c.label), c.before, c.after, texts.place(c.origin)]
    return [*parts, 1] if c.kept else parts
