"""What a reviewer sees of a question: the records side by side, and where they differ."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from typing import Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.linkage.engines.contract import REVIEW_REASONS
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.protection.masking import DIFFERS, UNEQUAL
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.review.records import Records
from crm_migrate.stages.review.viewing import Viewing
from crm_migrate.stages.session import Session
from crm_migrate.state.review import TASK_SCHEMA, task
from crm_migrate.state.verdicts import WITHDRAWN, verdicts_on

Spans = list[tuple[int, int]]
"""Places of characters, from and up to."""


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict of somebody that stands."""

    author: str
    department: str
    verdict: str
    at: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """One question: its sides field by field (masked unless asked for clear), and the reasons.

    A doubtful pair has two sides, a 撞单 one per owner. `rows`: label and a value per side;
    `marks`: per row and side the places that differ from the first one's. Of a blind view
    weight, worth, reasons and the verdicts of others are left out. `case`: questions that hang
    together have one. `wants`: people who must say the same.
    """

    task_id: str
    kind: str
    title: str
    status: str
    weight: float | None
    rows: list[tuple[str, ...]]
    reasons: list[str]
    marks: list[tuple[Spans, ...]] = field(default_factory=list)
    case: str | None = None
    worth: float | None = None
    records: int | None = None
    wants: int = 1
    assignee: str | None = None
    verdicts: list[Said] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    """The owners among whom a 撞单 is decided."""
    state: str = ""
    """Keyed digest of the records: another one once a value changes."""
    seen: int = 0
    """Number of the last verdict on it when it was shown; 0: there was none."""


@dataclass(frozen=True)
class Tasks:
    """The questions of the newest run."""

    open: int
    tasks: list[Task]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"open": self.open, "tasks": [asdict(t) for t in self.tasks]}


def differing(left: str, right: str) -> tuple[Spans, Spans]:
    """The places in which two texts differ; of masks that look alike, those that are marked.

    Where one is missing nothing differs.

    >>> differing("恒通科技", "恒通贸易")
    ([(2, 4)], [(2, 4)])
    """
    if not left or not right:
        return [], []
    if left == right:
        marked = [(n, n + 1) for n, c in enumerate(left) if c in (DIFFERS, UNEQUAL)]
        return marked, marked
    codes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    changed = [code for code in codes if code[0] != "equal"]
    one = [(a, b) for _, a, b, _, _ in changed if a < b]
    other = [(a, b) for _, _, _, a, b in changed if a < b]
    return one, other


def views(session: Session, tasks: pl.DataFrame, viewing: Viewing) -> list[Task]:
    """The questions as they are shown; empty where no run is finished."""
    if tasks.is_empty() or not session.workspace.run_ids():
        return []
    with open_finished(session, stage="linked") as run:
        records = Records(session, run, tasks)
    return [view(session, records, row, viewing) for row in tasks.iter_rows(named=True)]


class Upcoming:
    """Questions one after the other; the records of the next ones are read ahead."""

    def __init__(self, session: Session, viewing: Viewing, ahead: int = 20) -> None:
        self._session, self._viewing, self._ahead = session, viewing, ahead
        self._known: set[str] = set()
        self._records: Records | None = None

    def task(self, id: str, following: Sequence[str] = ()) -> Task:
        """The question as it stands now; `following`: those that come after it.

        Raises:
            NotFound: there is no such task, or no finished run.
        """
        if self._records is None or id not in self._known:
            wanted = [id, *following][: self._ahead]
            rows = [task(self._session.state, n) for n in wanted]
            frame = pl.DataFrame(rows, schema=TASK_SCHEMA, orient="row")
            with open_finished(self._session, stage="linked") as run:
                self._records = Records(self._session, run, frame)
            self._known = set(wanted)
        row = task(self._session.state, id)
        return view(self._session, self._records, row, self._viewing)


def view(session: Session, records: Records, row: dict[str, Any], viewing: Viewing) -> Task:
    """One question as it is shown."""
    language = viewing.language
    if row["kind"] == "doubtful":
        title = Text("are these the same customer?", "是否为同一客户？")
        reasons = [REVIEW_REASONS.get(row["reason"] or "", Text("", "")).in_language(language)]
        choices = []
    else:
        title = Text("who is to have this customer?", "该客户归谁负责？")
        reasons = [f"{row['right_id']} ({row['departments'] or '-'})"]
        choices = str(row["right_id"]).split(MULTI_SEPARATOR)
    sides = records.sides(row)
    rows = records.beside(sides, viewing)
    everything = verdicts_on(session.state, row["task_id"])
    said = [
        Said(v["author"], v["department"], v["value"] or v["kind"], v["at"], v["reason"])
        for v in everything
        if v["superseded_by"] is None and v["kind"] != WITHDRAWN
    ]
    spoken = any(v.author == viewing.person for v in said)
    hidden = viewing.blind and row["kind"] == "doubtful" and not spoken
    return Task(
        task_id=row["task_id"],
        kind=row["kind"],
        title=title.in_language(language),
        status=row["status"],
        weight=None if hidden else row["match_weight"],
        rows=rows,
        reasons=[] if hidden else [r for r in reasons if r],
        marks=[_marks(values) if n else _nowhere(values) for n, (_, *values) in enumerate(rows)],
        case=row["case_id"],
        worth=None if hidden else row["worth"],
        records=row["records"],
        wants=row["wants"],
        assignee=row["assignee"],
        verdicts=[] if hidden else said,
        choices=choices,
        state=records.state(sides),
        seen=max((v["verdict_id"] for v in everything), default=0),
    )


def _marks(values: Sequence[str]) -> tuple[Spans, ...]:
    """The places of each value that differ from the first one; of that, from the second."""
    if len(values) < 2:
        return _nowhere(values)
    first, *others = values
    return (differing(first, others[0])[0], *(differing(first, o)[1] for o in others))


def _nowhere(values: Sequence[str]) -> tuple[Spans, ...]:
    return tuple([] for _ in values)
