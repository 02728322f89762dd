"""Verdicts from a review workbook: all of them are entered, or none if any line is faulty.

A line that was altered, sorted apart or copied from elsewhere is refused; so is one whose question
is no longer asked, whose records changed, or that somebody answered otherwise since it was made.
"""

import hmac
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import CrmMigrateError, NotFound, UsageFault
from crm_migrate.language import Text
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.stages.exports.returned import CellFault
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.review.answers import Answer, enter, redacted, require_allowed
from crm_migrate.stages.review.lines import TASK, VERDICT, Line, check_of_line, read_questions
from crm_migrate.stages.review.records import Records
from crm_migrate.stages.session import Session
from crm_migrate.state.review import TASK_SCHEMA, task
from crm_migrate.state.verdicts import answered_meanwhile, standing_on
from crm_migrate.trust.people import Person
from crm_migrate.trust.roles import Action

VERDICTS = {
    **dict.fromkeys(("same", "s", "同一", "相同"), "same"),
    **dict.fromkeys(("different", "d", "不同"), "different"),
    **dict.fromkeys(("unsure", "n", "不确定"), "unsure"),
}
"""What people may write as a verdict on a pair."""

_TORN = Text(
    "this line is not as it was sent out: altered, sorted apart, copied or from elsewhere",
    "该行与发出时不一致：被改动、拆散、复制，或来自其他文件",
)
_STALE = Text(
    "the records changed since the workbook was made; export it again",
    "导出后记录已有变化，请重新导出",
)
_GONE = Text("this question is no longer asked", "此问题已不再需要裁决")
_TWICE = Text("this question stands in the file twice", "此问题在文件中出现两次")
_FORMULA = Text("a formula is no verdict and no comment", "公式不能作为裁决或备注")
_FIRST = Text("verdict and comment go on the first line of the question",
              "裁决与备注请填在该题的第一行")  # fmt: skip
_UNCLEAR = Text("not a verdict: same, different, unsure, or empty",
                "不是有效裁决：同一、不同、不确定，或留空")  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """What a workbook brought. With faults nothing was entered."""

    entered: int
    unchanged: int
    empty: int
    decided: int
    open: int
    faults: tuple[CellFault, ...] = ()
    comments_left: int = 0
    """Comments on verdicts that stood already and say something else: they are not entered."""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"faults": [asdict(f) for f in self.faults]}


def import_reviews(
    session: Session, path: Path, password: str | None, *, by: str | None = None
) -> Imported:
    """Enter the verdicts of a workbook in the name of the person it was made for.

    A verdict that stands already is passed over, so a file may be imported again.

    Raises:
        KeyFault: the person may not review.
        SourceFault: the file cannot be opened: no workbook of ours, or a wrong password.
        UsageFault: somebody answered while it was read.
    """
    person = session.acting(by, Action.REVIEW)
    questions = read_questions(path, password)
    present = _Present(session, questions)
    faults: list[CellFault] = []
    answers: list[Answer] = []
    empty = unchanged = left = 0
    seen: set[str] = set()
    for lines in questions:
        first = lines[0]
        wrong = _torn(session, lines) or _of_another(lines, person) or _misplaced(lines)
        if not wrong and first.name.task in seen:
            wrong = [_fault(first, TASK, _TWICE)]
        seen.add(first.name.task)
        if wrong:
            faults += wrong
            continue
        if not first.verdict.strip():
            empty += 1
            continue
        judged = _judged(session, present, first, person)
        if isinstance(judged, CellFault):
            faults.append(judged)
        elif judged is None:
            unchanged += 1
            left += _says_more(session, first)
        else:
            answers.append(judged)
    if faults:
        return Imported(0, unchanged, empty, 0, 0, tuple(faults))
    about: dict[str, str | int | bool | None] = {
        "entered": len(answers), "unchanged": unchanged, "empty": empty
    }  # fmt: skip
    session.record(person.id, "review.imported", about)
    done = enter(session, person, answers)
    decided = sum(d["status"] == "decided" for d in done)
    waiting = len(done) - decided
    return Imported(len(done), unchanged, empty, decided, waiting, comments_left=left)


def _torn(session: Session, lines: Sequence[Line]) -> list[CellFault]:
    """The lines that are not as they were sent out, or do not make up one whole question."""
    whole = [hmac.compare_digest(check_of_line(session, n), n.check) for n in lines]
    if all(whole):
        places = [str(n) for n in range(len(lines))]
        complete = {n.name.sides for n in lines} == {str(len(lines))}
        if complete and [n.name.place for n in lines] == places:
            return []
        return [_fault(lines[0], TASK, _TORN)]
    return [_fault(n, TASK, _TORN) for n, fine in zip(lines, whole, strict=True) if not fine]


def _of_another(lines: Sequence[Line], person: Person) -> list[CellFault]:
    """A workbook speaks for whom it was made: else one person's answers would count as two's."""
    known = lines[0].name.person
    if known == person.id:
        return []
    return [_fault(lines[0], TASK, Text(
        f"this was made for {known}: {known} imports it, or export one of your own",
        f"此文件是为 {known} 导出的：请由 {known} 导入，或另行导出您自己的"))]  # fmt: skip


def _misplaced(lines: Sequence[Line]) -> list[CellFault]:
    found = [_fault(n, VERDICT, _FORMULA) for n in lines if n.computed]
    return found + [
        _fault(n, VERDICT, _FIRST) for n in lines[1:] if n.verdict.strip() or n.comment.strip()
    ]


def _judged(
    session: Session, present: "_Present", first: Line, person: Person
) -> CellFault | Answer | None:
    """The answer to a question; None where it stands already."""
    asked = present.task(first.name.task)
    if asked is None or asked["status"] == "gone":
        return _fault(first, TASK, _GONE)
    answer = _answer(first, asked)
    if answer is None:
        choices = str(asked["right_id"]).split(MULTI_SEPARATOR)
        named = Text("one of: " + ", ".join(choices), "可选:" + "、".join(choices))
        return _fault(first, VERDICT, _UNCLEAR if asked["kind"] == "doubtful" else named)
    if present.state(asked) != first.name.state:
        return _fault(first, TASK, _STALE)
    try:
        require_allowed(session, person, answer)
        if _stands(session, asked, answer, person):
            return None
    except CrmMigrateError as error:
        return _fault(first, VERDICT, error.message)
    return answer


def _says_more(session: Session, first: Line) -> bool:
    """Whether the line of a verdict that stands has a comment that is not on record."""
    if not first.comment.strip():
        return False
    known = {verdict["reason"] for verdict in standing_on(session.state, first.name.task)}
    return redacted(first.comment) not in known


def _answer(first: Line, asked: dict[str, Any]) -> Answer | None:
    """What the line says; None where that is no answer to this question."""
    said = first.verdict.strip()
    about = {"reason": first.comment, "seen": int(first.name.seen)}
    if asked["kind"] == "doubtful":
        verdict = VERDICTS.get(said.casefold())
        return None if verdict is None else Answer(first.name.task, verdict, **about)  # type: ignore[arg-type]
    owners = {owner.strip(): owner for owner in str(asked["right_id"]).split(MULTI_SEPARATOR)}
    if said not in owners:
        return None
    return Answer(first.name.task, "owner", owner=owners[said], **about)  # type: ignore[arg-type]


def _stands(session: Session, asked: dict[str, Any], answer: Answer, person: Person) -> bool:
    """Whether it was said already.

    Raises:
        UsageFault: something else was said since the workbook was made.
    """
    for verdict in standing_on(session.state, asked["task_id"]):
        if answer.verdict == "owner":
            counts = verdict["department"] == person.department
            alike = verdict["value"] == answer.owner
        else:
            counts = asked["wants"] == 1 or verdict["author"] == person.id
            alike = verdict["kind"] == answer.verdict
        if counts and alike:
            return True
        if counts and answer.seen is not None and verdict["verdict_id"] > answer.seen:
            raise answered_meanwhile(asked["task_id"])
    return False


class _Present:
    """The questions, and the records behind them, as they are now."""

    def __init__(self, session: Session, questions: Sequence[Sequence[Line]]) -> None:
        self._tasks: dict[str, dict[str, Any]] = {}
        for id in dict.fromkeys(lines[0].name.task for lines in questions):
            try:
                self._tasks[id] = task(session.state, id)
            except (NotFound, UsageFault):
                continue
        frame = pl.DataFrame(list(self._tasks.values()), schema=TASK_SCHEMA, orient="row")
        with open_finished(session, stage="linked") as run:
            self._records = Records(session, run, frame)

    def task(self, id: str) -> dict[str, Any] | None:
        """The question; None: it was never asked here."""
        return self._tasks.get(id)

    def state(self, asked: dict[str, Any]) -> str:
        """Digest of the records as they would be shown now."""
        return self._records.state(self._records.sides(asked))


def _fault(line: Line, column: Text, message: Text) -> CellFault:
    return CellFault(line.row, line.sheet, str(column), str(message))
