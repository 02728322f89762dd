"""The sheet on which stewards decide: two lines a question, differing places in colour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

from crm_migrate.language import Text
from crm_migrate.plan.show.sheets import cell_text
from crm_migrate.stages.review.view import Task, Viewing

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

VERDICT = Text("verdict", "裁决")
COMMENT = Text("comment", "备注")
SIDE = Text("side", "方")
WHY = Text("why it is asked", "提出原因")
TASK = Text("#task", "#任务")
CHECK = Text("#check", "#校验")
FIXED = (VERDICT, COMMENT, SIDE, WHY, TASK, CHECK)
"""The columns before those of the fields; the last two are hidden."""
VERDICTS = {
    **dict.fromkeys(("same", "s", "同一", "相同"), "same"),
    **dict.fromkeys(("different", "d", "不同"), "different"),
    **dict.fromkeys(("unsure", "不确定"), "unsure"),
    "": "",
}
"""What people may write as a verdict."""
_CHOICES = (Text("same", "同一"), Text("different", "不同"), Text("unsure", "不确定"))
_WIDTHS = (12, 28, 6, 26, 8, 8)
_FIELD_WIDTH = 22


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a record of a question. `state`: digest of both records' clear values; `values`:
    the cells of the fields as shown; `check` binds all of them.
    """

    row: int
    task: str
    side: str
    state: str
    values: tuple[str, ...]
    check: str = ""
    verdict: str = ""
    comment: str = ""


def review_sheet(tasks: Sequence[Task], check: Callable[[Line], str], viewing: Viewing) -> bytes:
    """The .xlsx file, made in memory; protected against slips but for verdicts and comments."""
    from xlsxwriter import Workbook

    fields = list(dict.fromkeys(label for task in tasks for label, _, _ in task.rows))
    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(buffer, options) as book:
        font = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
        looks = {
            "text": book.add_format({**font, "text_wrap": True, "num_format": "@"}),
            "head": book.add_format({**font, "bold": True, "font_color": "#FFFFFF",
                                     "bg_color": "#1F5FA8", "text_wrap": True}),
            "open": book.add_format({**font, "locked": False, "bg_color": "#FFFBE6",
                                     "text_wrap": True, "num_format": "@"}),
            "differs": book.add_format({**font, "bold": True, "font_color": "#B3261E"}),
            "unequal": book.add_format({**font, "text_wrap": True, "num_format": "@",
                                        "bg_color": "#FDF6EA"}),
        }  # fmt: skip
        page = book.add_worksheet(Text("review", "复核").in_language(viewing.language))
        heads = [h.in_language(viewing.language) for h in FIXED] + fields
        for place, head in enumerate(heads):
            page.write_string(0, place, cell_text(head), looks["head"])
            hidden = {"hidden": FIXED[place : place + 1] in ((TASK,), (CHECK,))}
            width = _WIDTHS[place] if place < len(FIXED) else _FIELD_WIDTH
            page.set_column(place, place, width, None, hidden)
        for number, task in enumerate(tasks):
            _write(page, 1 + 2 * number, task, fields, check, looks, viewing)
        last = 2 * len(tasks)
        choices = [c.in_language(viewing.language) for c in _CHOICES]
        page.data_validation(1, 0, last, 0, {"validate": "list", "source": choices})
        page.protect("", {"format_columns": True, "format_rows": True})
        page.freeze_panes(1, 3)
    return buffer.getvalue()


def _write(
    page: "Worksheet",
    row: int,
    task: Task,
    fields: Sequence[str],
    check: Callable[[Line], str],
    looks: "dict[str, Format]",
    viewing: Viewing,
) -> None:
    """The two lines of a question."""
    shown = {label: (left, right) for label, left, right in task.rows}
    marks = {label: m for (label, _, _), m in zip(task.rows, task.marks, strict=True)}
    for side, letter in enumerate("AB"):
        values = tuple(shown.get(label, ("", ""))[side] for label in fields)
        line = Line(row + side + 1, task.task_id, letter, task.state, values)
        line = replace(line, check=check(line))
        # The second line's verdict and comment stay locked: a question has one answer.
        for place in (0, 1):
            page.write_blank(row + side, place, None, looks["open" if side == 0 else "text"])
        why = "; ".join(task.reasons) if side == 0 else ""
        for place, text in ((2, letter), (3, why), (4, f"{line.task} {line.state}"),
                            (5, line.check)):  # fmt: skip
            page.write_string(row + side, place, cell_text(text), looks["text"])
        for number, label in enumerate(fields):
            spans = marks.get(label, ([], []))[side]
            left, right = shown.get(label, ("", ""))
            look = looks["unequal" if left != right or spans else "text"]
            at = (row + side, len(FIXED) + number)
            _write_marked(page, at, values[number], spans, look, looks["differs"])


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
