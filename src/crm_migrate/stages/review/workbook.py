"""Questions as a workbook for stewards, and their verdicts back from it.

Two lines per question, one record each, a field per column; what differs is marked. Verdict and
comment are filled in on the first line. Hidden columns name the question and bind both lines to
what was shown (keyed digest), so a line that was altered, sorted apart or copied from elsewhere is
refused; so is one whose question is no longer asked, or whose records changed since.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import NotFound, SourceFault, UsageFault
from crm_migrate.language import Language, Text
from crm_migrate.plan.show.sheets import cell_text
from crm_migrate.stages.bare.table_files import protect
from crm_migrate.stages.exports import export
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.planning.plans import rfc3339
from crm_migrate.stages.review.reviews import decide_review, queue
from crm_migrate.stages.review.sheet import (
    CHECK,
    COMMENT,
    FIXED,
    TASK,
    VERDICT,
    VERDICTS,
    Line,
    review_sheet,
)
from crm_migrate.stages.review.view import Records, Viewing, view
from crm_migrate.stages.session import Session
from crm_migrate.state.review import TASK_SCHEMA, task
from crm_migrate.state.verdicts import WITHDRAWN, verdicts_on
from crm_migrate.trust.people import Action

MOST = 5_000
"""Questions of a workbook."""
_PURPOSE = b"crm-migrate/1 review workbook"


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with a cell: row and column as a person counts them."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Imported:
    """What a workbook brought. With faults nothing was entered."""

    entered: int
    unchanged: int
    empty: int
    decided: int
    open: int
    faults: tuple[CellFault, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"faults": [asdict(f) for f in self.faults]}


def export_reviews(
    session: Session,
    out: Path,
    password: str,
    *,
    by: str | None = None,
    clear: bool = False,
    blind: bool = False,
    mine: bool = False,
    limit: int = 500,
    days: int | None = None,
    language: Language = "en",
) -> export.Exported:
    """Write the open doubtful pairs into `exports/`, under a password; masked unless `clear`.

    Raises:
        KeyFault: the person may not review.
        UsageFault: a place outside of `exports/`, a short password, or nothing to decide.
    """
    person = session.acting(by, Action.REVIEW)
    path = export.place(session, out)
    export.require_password(password)
    asked = queue(session, person, mine=mine).filter(pl.col("kind") == "doubtful")
    asked = asked.head(min(limit, MOST))
    if asked.is_empty():
        raise UsageFault(
            Text("there is nothing to decide", "没有待裁决的任务"),
            remedy=Text("crm-migrate review list", "crm-migrate review list"),
        )
    viewing = Viewing(person.id, clear, blind, language)
    with open_finished(session, stage="linked") as run:
        records = Records(session, run, asked)
        run_id = run.id
    shown = [view(session, records, row, viewing) for row in asked.iter_rows(named=True)]
    sheet = review_sheet(shown, lambda line: _check(session, line), viewing)
    now = session.job.clock()
    kept = days if days is not None else session.project.settings.retention_days
    made = export.Exported(
        file=path.name,
        what="review-clear" if clear else "review-masked",
        run=run_id,
        by=person.id,
        rows=len(shown),
        made_at=rfc3339(now),
        expires_at=rfc3339(now + timedelta(days=kept)),
    )
    export.keep(session, made, protect(sheet, password))
    return made


def import_reviews(
    session: Session, path: Path, password: str | None, *, by: str | None = None
) -> Imported:
    """Enter the verdicts of a workbook in the person's name: all of them, or none if any is faulty.

    A verdict that stands already is passed over, so a file may be imported again.

    Raises:
        KeyFault: the person may not review.
        SourceFault: the file cannot be opened: no workbook of ours, or a wrong password.
    """
    person = session.acting(by, Action.REVIEW)
    lines = list(_read(path, password))
    faults: list[CellFault] = []
    verdicts: list[tuple[str, str, str]] = []
    empty = unchanged = 0
    records = _Present(session, lines)
    for first, second in zip(lines[::2], lines[1::2], strict=False):
        answer = VERDICTS.get(first.verdict.strip().casefold())
        wrong = _faults(session, records, first, second, answer)
        if wrong:
            faults += wrong
        elif not answer:
            empty += 1
        elif _stands(session, first.task, person.id, answer):
            unchanged += 1
        else:
            verdicts.append((first.task, answer, first.comment))
    if len(lines) % 2:
        faults.append(CellFault(lines[-1].row, TASK.en, str(_TORN)))
    if faults:
        return Imported(0, unchanged, empty, 0, 0, tuple(faults))
    done = [
        decide_review(session, id, answer, by=person.id, reason=note)
        for id, answer, note in verdicts
    ]
    decided = sum(d["status"] == "decided" for d in done)
    about: dict[str, str | int | bool | None] = {
        "entered": len(done), "unchanged": unchanged, "empty": empty
    }  # fmt: skip
    session.record(person.id, "review.imported", about)
    return Imported(len(done), unchanged, empty, decided, len(done) - decided)


_TORN = Text(
    "this line is not as it was sent out: altered, sorted apart, copied or from elsewhere",
    "该行与发出时不一致:被改动、拆散、复制,或来自其他文件",
)
_STALE = Text(
    "the records changed since the workbook was made; export it again",
    "导出后记录已有变化,请重新导出",
)
_GONE = Text("this question is no longer asked", "此问题已不再需要裁决")
_UNCLEAR = Text("not a verdict: same, different, unsure, or empty",
                "不是有效裁决:同一、不同、不确定,或留空")  # fmt: skip


def _faults(
    session: Session, records: "_Present", first: Line, second: Line, answer: str | None
) -> list[CellFault]:
    """What is wrong with the two lines of a question."""
    faults = []
    for line in (first, second):
        whole = hmac.compare_digest(_check(session, line), line.check)
        if not whole or line.task != first.task or (line.side == "A") != (line is first):
            faults.append(CellFault(line.row, TASK.en, str(_TORN)))
    if faults:
        return faults
    if second.verdict.strip() or second.comment.strip():
        faults.append(CellFault(second.row, VERDICT.en, str(Text(
            "verdict and comment go on the first line of the question",
            "裁决与备注请填在该题的第一行"))))  # fmt: skip
    if answer is None:
        faults.append(CellFault(first.row, VERDICT.en, str(_UNCLEAR)))
    if not answer:
        return faults
    try:
        asked = task(session.state, first.task)
    except NotFound:
        asked = {"status": "gone"}
    if asked["status"] == "gone":
        faults.append(CellFault(first.row, TASK.en, str(_GONE)))
    elif records.changed(first):
        faults.append(CellFault(first.row, TASK.en, str(_STALE)))
    return faults


class _Present:
    """The records of the questions as they are now."""

    def __init__(self, session: Session, lines: Sequence[Line]) -> None:
        self._session = session
        self._tasks: dict[str, dict[str, Any]] = {}
        for id in dict.fromkeys(line.task for line in lines):
            try:
                self._tasks[id] = task(session.state, id)
            except (NotFound, UsageFault):
                continue
        self._records: Records | None = None
        if self._tasks:
            frame = pl.DataFrame(list(self._tasks.values()), schema=TASK_SCHEMA, orient="row")
            with open_finished(session, stage="linked") as run:
                self._records = Records(session, run, frame)

    def changed(self, first: Line) -> bool:
        """Whether the question would show other values now."""
        asked = self._tasks.get(first.task)
        if asked is None or self._records is None:
            return True
        return self._records.state(asked["left_id"], asked["right_id"]) != first.state


def _check(session: Session, line: Line) -> str:
    """24 hex characters that bind a line to what was shown; blanks and apostrophes do not count."""
    key = hmac.new(session.job.keyring.digest_key, _PURPOSE, "sha256").digest()
    parts = (line.task, line.side, line.state, *line.values)
    plain = ["".join(cell_text(p).split()).lstrip("'") for p in parts]
    message = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in plain)
    return hmac.new(key, message, "sha256").hexdigest()[:24]


def _stands(session: Session, id: str, person: str, answer: str) -> bool:
    return any(
        v["author"] == person and v["kind"] == answer and v["superseded_by"] is None
        for v in verdicts_on(session.state, id)
        if v["kind"] != WITHDRAWN
    )


def _read(path: Path, password: str | None) -> Iterator[Line]:
    """The lines of questions of a workbook, in the order of the file."""
    from openpyxl import load_workbook

    try:
        data = path.read_bytes()
        if password is not None and not data.startswith(b"PK"):
            data = _opened(data, password)
        sheet = load_workbook(BytesIO(data), read_only=True, data_only=True).worksheets[0]
        rows = [[_text(c) for c in row] for row in sheet.iter_rows(values_only=True)]
    except Exception:  # whatever a parser makes of a foreign file; its words may quote cells
        raise _unreadable(path) from None
    heads = rows[0] if rows else []
    place = {
        column.en: heads.index(found[0])
        for column in FIXED
        if (found := [h for h in heads if h in (column.en, column.zh)])
    }
    if len(place) < len(FIXED):
        raise _unreadable(path)
    end = max(place[c.en] for c in (TASK, CHECK)) + 1
    for number, row in enumerate(rows[1:], 2):
        cells = {name: row[at] if at < len(row) else "" for name, at in place.items()}
        if not any(cells.values()):
            continue
        task_id, _, state = cells[TASK.en].partition(" ")
        yield Line(
            row=number,
            task=task_id,
            side=cells["side"],
            state=state,
            values=tuple((*row, *[""] * len(heads))[end : len(heads)]),
            check=cells[CHECK.en],
            verdict=cells[VERDICT.en],
            comment=cells[COMMENT.en],
        )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _opened(data: bytes, password: str) -> bytes:
    from msoffcrypto import OfficeFile

    book, clear = OfficeFile(BytesIO(data)), BytesIO()
    book.load_key(password=password, verify_password=True)
    book.decrypt(clear)
    return clear.getvalue()


def _unreadable(path: Path) -> SourceFault:
    return SourceFault(
        Text(
            "this is no review workbook of ours, or the password is another",
            "不是本工具导出的复核工作簿,或口令不符",
        ),
        where=path.name,
        remedy=Text(
            "take the file that `crm-migrate review export` wrote, with all its columns",
            "请使用 `crm-migrate review export` 生成的文件,并保留全部列(含隐藏列)",
        ),
    )
