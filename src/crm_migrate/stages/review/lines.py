"""The lines of a review workbook: what binds them to what was sent out, and how they are read back.

A question has one line per record. Its verdict and comment stand on the first. Two hidden columns
name the question, whom it was made for and what they knew (`#task`), and bind the line to all of
that and to its cells (`#check`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from crm_migrate.language import Text
from crm_migrate.stages.exports.returned import (
    Formula,
    ReturnedSheet,
    WorkbookKind,
    check_of,
    read_sheets,
    text_of,
)
from crm_migrate.stages.session import Session

REVIEW = WorkbookKind(
    b"crm-migrate/1 review workbook", Text("review workbook", "复核工作簿"), "review export"
)
VERDICT = Text("verdict", "裁决")
COMMENT = Text("comment", "备注")
SIDE = Text("side", "方")
WHY = Text("why it is asked", "提出原因")
TASK = Text("#task", "#任务")
CHECK = Text("#check", "#校验")
FIXED = (VERDICT, COMMENT, SIDE, WHY, TASK, CHECK)
"""The columns before those of the fields; the last two are hidden."""


class Name(NamedTuple):
    """What the hidden column says of a line.

    `place` of so many `sides`, from 0; `state`: digest of the records' clear values; `seen`: see
    `Verdict`; `person`: in whose name the question is answered.
    """

    task: str
    state: str
    seen: str
    person: str
    place: str
    sides: str

    @property
    def text(self) -> str:
        """As it stands in the cell."""
        return " ".join(self)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `cells`: the heads and cells of the fields as shown."""

    row: int
    sheet: str
    name: Name
    cells: tuple[str, ...]
    check: str = ""
    verdict: str = ""
    comment: str = ""
    computed: bool = False
    """A formula stands where people write."""


def side_letter(place: int) -> str:
    """How a line of a question is called: A, B, …"""
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def check_of_line(session: Session, line: Line) -> str:
    """24 hex characters that bind a line to what was shown."""
    return check_of(session, REVIEW, (*line.name, *line.cells))


def read_questions(path: Path, password: str | None) -> list[list[Line]]:
    """The questions of a workbook, line by line, in the order of the file.

    Raises:
        SourceFault: no workbook of ours, a wrong password, or a hidden column is gone.
    """
    ours = [s for s in read_sheets(path, password, REVIEW) if _heads(s) & _words(FIXED)]
    if not ours:
        raise REVIEW.unreadable(path)
    found: list[list[Line]] = []
    for sheet in ours:
        lines: list[Line] = []
        for line in _lines(path, sheet):
            if lines and (line.name.place == "0" or line.name.task != lines[-1].name.task):
                found.append(lines)
                lines = []
            lines.append(line)
        found += [lines] if lines else []
    return found


def _lines(path: Path, sheet: ReturnedSheet) -> Iterator[Line]:
    heads = [text_of(h) for h in sheet.rows[0]]
    places = {
        column.en: heads.index(found[0])
        for column in FIXED
        if (found := [h for h in heads if h in (column.en, column.zh)])
    }
    if len(places) < len(FIXED):
        raise REVIEW.unreadable(path)
    end = max(places[c.en] for c in (TASK, CHECK)) + 1
    for number, row in enumerate(sheet.rows[1:], 2):
        filled = [*row, *[None] * (len(heads) - len(row))]
        cells = {name: text_of(filled[at]) for name, at in places.items()}
        written = [filled[places[c.en]] for c in (VERDICT, COMMENT)]
        computed = any(isinstance(v, Formula) for v in written)
        if not computed and not any(cells.values()):
            continue
        words = [*cells[TASK.en].split(" "), *[""] * len(Name._fields)][: len(Name._fields)]
        yield Line(
            row=number,
            sheet=sheet.title,
            name=Name(*words),
            cells=tuple(t for h, c in zip(heads[end:], filled[end:], strict=False)
                        for t in (h, text_of(c))),
            check=cells[CHECK.en],
            verdict=cells[VERDICT.en],
            comment=cells[COMMENT.en],
            computed=computed,
        )  # fmt: skip


def _heads(sheet: ReturnedSheet) -> set[str]:
    return {text_of(head) for head in sheet.rows[0]} if sheet.rows else set()


def _words(columns: Sequence[Text]) -> set[str]:
    return {word for column in columns for word in (column.en, column.zh)}
