"""What a reviewer sees of a question: the records side by side, and where they differ."""

import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from typing import Any

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.linkage.contract import REVIEW_REASONS
from crm_migrate.model import MULTI_SEPARATOR, Field
from crm_migrate.protection.masking import DIFFERS, UNEQUAL, mask_pair, mask_series
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE, TARGET_SOURCE
from crm_migrate.stages import link, present, standardize
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.session import Session
from crm_migrate.state.review import TASK_SCHEMA, task
from crm_migrate.state.verdicts import WITHDRAWN, verdicts_on
from crm_migrate.workspace import Run

CUSTOMER = "customer"
EVIDENCE = ("name", "mobile", "email")
"""Fields of contacts that are shown beside their customer."""

Spans = list[tuple[int, int]]
"""Places of characters, from and up to."""


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict of somebody that stands."""

    author: str
    verdict: str
    at: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """One question: both sides field by field (masked unless asked for clear), and the reasons.

    `marks`: per row the places in which the left and the right value differ. Of a blind view
    weight, worth, reasons and the verdicts of others are left out. `case`: questions that hang
    together have one. `wants`: people who must say the same.
    """

    task_id: str
    kind: str
    title: str
    status: str
    weight: float | None
    rows: list[tuple[str, str, str]]
    reasons: list[str]
    marks: list[tuple[Spans, Spans]] = field(default_factory=list)
    case: str | None = None
    worth: float | None = None
    records: int | None = None
    wants: int = 1
    assignee: str | None = None
    verdicts: list[Said] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    """The owners among whom a 撞单 is decided."""
    state: str = ""
    """Keyed digest of both records: another one once a value changes."""


@dataclass(frozen=True)
class Tasks:
    """The questions of the newest run."""

    open: int
    tasks: list[Task]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"open": self.open, "tasks": [asdict(t) for t in self.tasks]}


@dataclass(frozen=True)
class Viewing:
    """Who looks, and how: `clear` values, or masks; `blind`: without what others and we think."""

    person: str | None = None
    clear: bool = False
    blind: bool = False
    language: Language = "en"


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


class Records:
    """The records behind some questions, read once from the newest finished run."""

    def __init__(self, session: Session, run: Run, tasks: pl.DataFrame) -> None:
        self._session = session
        self._entity = session.project.model.entity(CUSTOMER)
        doubtful = tasks.filter(pl.col("kind") == "doubtful")
        claimed = tasks.filter(pl.col("kind") != "doubtful")["left_id"]
        self._members = (
            run.scan(link.STAGE, f"members.{CUSTOMER}")
            .filter(pl.col("golden_id").is_in(claimed.implode()))
            .collect()
        )
        sides = [doubtful["left_id"], doubtful["right_id"], self._members[RECORD_ID]]
        self._rows = self._read(run, pl.concat(sides).unique())
        self._contacts = self._children(run)

    def _read(self, run: Run, ids: pl.Series) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for stage in (standardize.STAGE, present.STAGE):
            if CUSTOMER in run.names(stage):
                here = pl.col(RECORD_ID).is_in(ids.implode())
                rows = run.scan(stage, CUSTOMER).filter(here).collect()
                found |= {row[RECORD_ID]: row for row in rows.iter_rows(named=True)}
        return found

    def _children(self, run: Run) -> dict[str, dict[str, str]]:
        """Record id → field of its contacts → values, joined."""
        if "contact" not in run.names(standardize.STAGE):
            return {}
        ids = pl.Series(list(self._rows), dtype=pl.String)
        rows = run.scan(standardize.STAGE, "contact")
        if CUSTOMER not in rows.collect_schema().names():
            return {}
        joined = [
            pl.col(n).drop_nulls().unique().sort().str.join(MULTI_SEPARATOR) for n in EVIDENCE
        ]
        held = rows.filter(pl.col(CUSTOMER).is_in(ids.implode())).group_by(CUSTOMER).agg(joined)
        return {row[CUSTOMER]: row for row in held.collect().iter_rows(named=True)}

    def claims(self, golden: str) -> list[str]:
        """A record per owner of a customer that several claim, by owner."""
        ids = self._members.filter(pl.col("golden_id") == golden)[RECORD_ID].sort()
        by_owner: dict[str, str] = {}
        for id in ids:
            owner = self._rows.get(id, {}).get("owner")
            if owner is not None:
                by_owner.setdefault(owner, id)
        return [by_owner[owner] for owner in sorted(by_owner)]

    def place(self, id: str | None) -> str:
        """Where the record was read."""
        row = self._rows.get(id or "", {})
        source = row.get(SOURCE)
        if source in (None, TARGET_SOURCE):
            return "CRM" + (f" {row['target_key']}" if row.get("target_key") else "")
        parts = (row.get(FILE), row.get(SHEET), row.get(ROW))
        return f"{source} ({':'.join(str(p) for p in parts if p is not None)})"

    def state(self, one: str | None, other: str | None) -> str:
        """Keyed digest of all that two records say; places in files do not count."""
        said = [
            {k: v for k, v in row.items() if v is not None and (k == SOURCE or k[0] != "_")}
            for side in (one, other)
            for row in (self._rows.get(side or "", {}), self._contacts.get(side or "", {}))
        ]
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
        key = self._session.job.keyring.digest_key
        return hmac.new(key, b"review state" + text.encode(), "sha256").hexdigest()[:16]

    def compared(
        self, one: str | None, other: str | None, viewing: Viewing
    ) -> list[tuple[str, str, str]]:
        """Label, left and right value of every field that either has."""
        left, right = self._rows.get(one or "", {}), self._rows.get(other or "", {})
        rows = [(str(Text("source", "来源").in_language(viewing.language)),
                 self.place(one) if one else "", self.place(other) if other else "")]  # fmt: skip
        for known in self._entity.fields:
            if known.references is None:
                pair = left.get(known.name), right.get(known.name)
                rows += self._row(CUSTOMER, known, *pair, viewing)
        contact = self._session.project.model.by_name.get("contact")
        mine, theirs = (self._contacts.get(side or "", {}) for side in (one, other))
        for known in contact.fields if contact is not None else ():
            if known.name in EVIDENCE:
                pair = mine.get(known.name), theirs.get(known.name)
                rows += self._row("contact", known, *pair, viewing)
        return rows

    def _row(
        self, entity: str, known: Field, left: str | None, right: str | None, viewing: Viewing
    ) -> list[tuple[str, str, str]]:
        if not left and not right:
            return []
        label = known.label.in_language(viewing.language)
        if entity != CUSTOMER:
            owner = self._session.project.model.entity(entity).label
            label = f"{owner.in_language(viewing.language)} · {label}"
        policy = self._session.job.rules.policy
        shown = policy.treatment(entity, known.name, Audience.REPORT)
        if shown != Treatment.CLEAR and not viewing.clear:
            left, right = _masked(known, left, right, several=entity != CUSTOMER)
        return [(label, left or "", right or "")]


def _masked(
    known: Field, left: str | None, right: str | None, *, several: bool
) -> tuple[str | None, str | None]:
    """Both values masked; of several joined ones each, and those that only one side has marked."""
    if not several:
        one, other = (pl.Series([v], dtype=pl.String) for v in (left, right))
        before, after = mask_pair(one, other, known.type)
        return before[0], after[0]
    sides = [sorted((v or "").split(MULTI_SEPARATOR)) if v else [] for v in (left, right)]
    texts = []
    for mine, theirs in (sides, sides[::-1]):
        masked = mask_series(pl.Series(mine, dtype=pl.String), known.type)
        odd = [UNEQUAL if theirs and value not in theirs else "" for value in mine]
        texts.append(MULTI_SEPARATOR.join(m + o for m, o in zip(masked, odd, strict=True)))
    return texts[0] or None, texts[1] or None


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
        sides = [row["left_id"], row["right_id"]]
        title = Text("are these the same customer?", "是否为同一客户?")
        reasons = [REVIEW_REASONS.get(row["reason"] or "", Text("", "")).in_language(language)]
        choices = []
    else:
        sides = records.claims(row["left_id"])[:2]
        title = Text("who is to have this customer?", "该客户归谁负责?")
        reasons = [f"{row['right_id']} ({row['departments']})"]
        choices = str(row["right_id"]).split(MULTI_SEPARATOR)
    left, right = ([*sides, None, None])[:2]
    rows = records.compared(left, right, viewing)
    said = [
        Said(v["author"], v["value"] or v["kind"], v["at"], v["reason"])
        for v in verdicts_on(session.state, row["task_id"])
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
        marks=[differing(a, b) if n else ([], []) for n, (_, a, b) in enumerate(rows)],
        case=row["case_id"],
        worth=None if hidden else row["worth"],
        records=row["records"],
        wants=row["wants"],
        assignee=row["assignee"],
        verdicts=[] if hidden else said,
        choices=choices,
        state=records.state(left, right),
    )
