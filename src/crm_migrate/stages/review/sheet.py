"""The sheets on which stewards decide: a line per record, the places that differ in colour."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from crm_migrate.language import Text
from crm_migrate.plan.show.sheets import cell_text
from crm_migrate.stages.review.lines import CHECK, FIXED, TASK, Line, Name, side_letter
from crm_migrate.stages.review.view import Task
from crm_migrate.stages.review.viewing import Viewing

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

SHEETS = {
    "doubtful": Text("doubtful pairs", "疑似重复"),
    "owner_conflict": Text("two owners", "撞单"),
}
"""A sheet for each kind of question that is asked."""
_CHOICES = (Text("same", "同一"), Text("different", "不同"), Text("unsure", "不确定"))
_LONGEST_LIST = 255
"""Characters of a list of choices in a cell (Excel's limit)."""
_WIDTHS = (12, 28, 6, 26, 8, 8)
_FIELD_WIDTH = 22
Check = Callable[[Line], str]


def review_workbook(tasks: Sequence[Task], check: Check, viewing: Viewing) -> bytes:
    """The .xlsx file, made in memory; protected against slips but for verdicts and comments."""
    from xlsxwriter import Workbook

    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(buffer, options) as book:
        looks = _looks(book)
        for kind, title in SHEETS.items():
            asked = [t for t in tasks if t.kind == kind]
            if asked:
                page = book.add_worksheet(title.in_language(viewing.language))
                _write_sheet(page, asked, check, looks, viewing)
    return buffer.getvalue()


def _looks(book: "Workbook") -> "dict[str, Format]":
    font = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
    wrapped = {**font, "text_wrap": True, "num_format": "@"}
    head = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F5FA8", "text_wrap": True}
    return {
        "text": book.add_format(wrapped),
        "head": book.add_format({**font, **head}),
        "open": book.add_format({**wrapped, "locked": False, "bg_color": "#FFFBE6"}),
        "differs": book.add_format({**font, "bold": True, "font_color": "#B3261E"}),
        "unequal": book.add_format({**wrapped, "bg_color": "#FDF6EA"}),
    }


def _write_sheet(
    page: "Worksheet",
    tasks: Sequence[Task],
    check: Check,
    looks: "dict[str, Format]",
    viewing: Viewing,
) -> None:
    fields = list(dict.fromkeys(label for task in tasks for label, *_ in task.rows))
    heads = [h.in_language(viewing.language) for h in FIXED] + fields
    for place, head in enumerate(heads):
        page.write_string(0, place, cell_text(head), looks["head"])
        hidden = {"hidden": FIXED[place : place + 1] in ((TASK,), (CHECK,))}
        width = _WIDTHS[place] if place < len(FIXED) else _FIELD_WIDTH
        page.set_column(place, place, width, None, hidden)
    row = 1
    for task in tasks:
        _offer(page, row, task, viewing)
        row += _write(page, row, task, fields, check, looks, viewing)
    page.protect("", {"format_columns": True, "format_rows": True})
    page.freeze_panes(1, 3)


def _offer(page: "Worksheet", row: int, task: Task, viewing: Viewing) -> None:
    """The choices of a question, as far as a list in a cell can hold them."""
    choices = task.choices or [c.in_language(viewing.language) for c in _CHOICES]
    if len(",".join(choices)) <= _LONGEST_LIST and not any("," in c for c in choices):
        page.data_validation(row, 0, row, 0, {"validate": "list", "source": choices})


def _write(
    page: "Worksheet",
    row: int,
    task: Task,
    fields: Sequence[str],
    check: Check,
    looks: "dict[str, Format]",
    viewing: Viewing,
) -> int:
    """The lines of a question; how many."""
    shown = {label: values for label, *values in task.rows}
    marks = {label: m for (label, *_), m in zip(task.rows, task.marks, strict=True)}
    sides = max((len(values) for values in shown.values()), default=0)
    for side in range(sides):
        values = [shown[label][side] if label in shown else "" for label in fields]
        name = Name(task.task_id, task.state, str(task.seen), viewing.person or "", str(side),
                    str(sides))  # fmt: skip
        line = Line(row + side + 1, "", name, tuple(t for p in zip(fields, values, strict=True)
                                                    for t in p))  # fmt: skip
        line = replace(line, check=check(line))
        # Further lines' verdict and comment stay locked: a question has one answer.
        for place in (0, 1):
            page.write_blank(row + side, place, None, looks["text" if side else "open"])
        why = "" if side else "; ".join(task.reasons)
        for place, text in ((2, side_letter(side)), (3, why), (4, name.text), (5, line.check)):
            page.write_string(row + side, place, cell_text(text), looks["text"])
        for number, label in enumerate(fields):
            spans = marks[label][side] if label in marks else []
            unequal = bool(spans) or len(set(shown.get(label, []))) > 1
            at = (row + side, len(FIXED) + number)
            look = looks["unequal" if unequal else "text"]
            _write_marked(page, at, values[number], spans, look, looks["differs"])
    return sides


def _write_marked(
    page: "Worksheet",
    at: tuple[int, int],
    value: str,
    spans: Sequence[tuple[int, int]],
    look: "Format",
    differs: "Format",
) -> None:
    """A cell whose differing places are in colour."""
    text = cell_text(value)
    if not text:
        page.write_blank(*at, None, look)
        return
    shift = len(text) - len(value)  # the apostrophe before what looks like a formula
    places = [(a + shift, b + shift) for a, b in spans if b > a]
    if shift not in (0, 1) or not places or (len(places) == 1 and places[0] == (0, len(text))):
        page.write_string(*at, text, look)
        return
    parts: list[object] = []
    end = 0
    for start, stop in places:
        if start > end:
            parts.append(text[end:start])
        parts += [differs, text[start:stop]]
        end = stop
    if end < len(text):
        parts.append(text[end:])
    if sum(isinstance(p, str) for p in parts) < 2:
        page.write_string(*at, text, look)
    else:
        page.write_rich_string(*at, *parts, look)
