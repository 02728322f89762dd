"""A sheet of operations: a line per changed cell, to be checked, commented and left out."""

from collections.abc import Iterator, Sequence

from crm_migrate.language import Language, Text
from crm_migrate.plan.show.cells import CellChange
from crm_migrate.plan.show.returned import (
    CHECK_HEAD,
    COMMENT,
    EXCLUDE,
    PLAN_HEAD,
    RECORD,
    YES,
    row_check,
)
from crm_migrate.plan.show.sheets import Marked, Sheet, Style, cell_text
from crm_migrate.plan.show.view import EntityView, OperationView, PlanView

_CUSTOMER = "customer"
_KEPT = Text("stays; contested", "保留（有冲突）")
_HEAD = (
    (Text("action", "动作"), 10),
    (RECORD, 32),
    (Text("CRM key", "CRM 主键"), 10),
    (Text("reason", "原因"), 30),
    (Text("field", "字段"), 16),
    (Text("before", "变更前"), 24),
    (Text("after", "变更后"), 46),
    (Text("origin", "取值依据"), 30),
    (COMMENT, 24),
)


def operation_sheet(view: PlanView, entity: EntityView, key: bytes) -> Sheet:
    """The entity's operations; customers carry a column for exclusions. `key`: see `row_check`."""
    language, plan_id = view.language, view.header.plan_id
    customer = entity.name == _CUSTOMER
    columns = [*_HEAD, (EXCLUDE, 10)] if customer else list(_HEAD)
    said = {(c.entity, c.golden_id): c.text for c in view.comments}
    operations = [*entity.operations, *(view.heads if customer else ())]

    def rows() -> Iterator[Sequence[object]]:
        for o in operations:
            check = row_check(key, plan_id, entity.name, o.golden_id, cell_text(o.title))
            marks: list[object] = [Marked(said.get((entity.name, o.golden_id), ""), Style.OPEN)]
            if customer:
                mark = YES.in_language(language) if o.excluded else ""
                marks.append(Marked(mark, Style.OPEN))
            ids = Marked(f"{entity.name}:{o.golden_id}", Style.LINE), Marked(check, Style.LINE)
            for line in _lines(o, language):
                yield *line, *marks, *ids

    place = len(_HEAD) - 1
    choices = {place + 1: (YES.in_language(language),)} if customer else {}
    return Sheet(
        entity.label,
        [*(t.in_language(language) for t, _ in columns), PLAN_HEAD + plan_id, CHECK_HEAD],
        [*(w for _, w in columns), 8, 9],
        rows(),
        filled_in={place: (), **choices},
        hidden=(len(columns), len(columns) + 1),
    )


def _lines(o: OperationView, language: Language) -> Iterator[Sequence[object]]:
    reason = f"{o.reason}: {o.conflicts}" if o.conflicts else o.reason
    held = o.action in ("conflict", "skip", "delete")
    action = Marked(o.action_label, Style.WARN) if held else o.action_label
    common = (action, o.title, o.target_key, reason)
    if o.action in ("update", "conflict") and o.cells:  # a line per cell, to be checked one by one
        for c in o.cells:
            yield (*common, *_cell(c, language))
    else:
        cells = "；".join(f"{c.label}: {c.after or c.before}" for c in o.cells)
        yield (*common, "", "", cells, "")


def _cell(c: CellChange, language: Language) -> Sequence[object]:
    if c.kept:
        return c.label, c.before, _KEPT.in_language(language), c.origin
    return c.label, Marked(c.before, Style.OLD), Marked(c.after or "∅", Style.NEW), c.origin
