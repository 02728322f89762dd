"""The records behind questions, side by side: as policy shows them in reports, or in clear."""

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import MULTI_SEPARATOR, Field
from crm_migrate.protection.masking import UNEQUAL, mask_pair, mask_series
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.protection.private_persons import covered_pair, persons_of
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE, TARGET_SOURCE
from crm_migrate.stages import link, present, standardize
from crm_migrate.stages.review.viewing import Viewing
from crm_migrate.stages.session import Session
from crm_migrate.workspace import Run

CUSTOMER = "customer"
EVIDENCE = ("name", "mobile", "email")
"""Fields of contacts that are shown beside their customer."""


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
        self._persons: set[str] = set()
        self._rows = self._read(run, pl.concat(sides).unique())
        self._contacts = self._children(run)

    def _read(self, run: Run, ids: pl.Series) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for stage in (standardize.STAGE, present.STAGE):
            if CUSTOMER in run.names(stage):
                here = pl.col(RECORD_ID).is_in(ids.implode())
                rows = run.scan(stage, CUSTOMER).filter(here).collect()
                found |= {row[RECORD_ID]: row for row in rows.iter_rows(named=True)}
                self._persons |= set(rows.filter(persons_of(rows, self._entity))[RECORD_ID])
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

    def sides(self, asked: Mapping[str, Any]) -> list[str]:
        """The records of a question: both of a pair, of a 撞单 one per owner."""
        if asked["kind"] == "doubtful":
            return [asked["left_id"], asked["right_id"]]
        return self._claims(asked["left_id"])

    def _claims(self, golden: str) -> list[str]:
        """A record per owner of a customer that several claim, by owner."""
        ids = self._members.filter(pl.col("golden_id") == golden)[RECORD_ID].sort()
        by_owner: dict[str, str] = {}
        for id in ids:
            owner = self._rows.get(id, {}).get("owner")
            if owner is not None:
                by_owner.setdefault(owner, id)
        return [by_owner[owner] for owner in sorted(by_owner)]

    def place(self, id: str) -> str:
        """Where the record was read."""
        row = self._rows.get(id, {})
        source = row.get(SOURCE)
        if source in (None, TARGET_SOURCE):
            return "CRM" + (f" {row['target_key']}" if row.get("target_key") else "")
        parts = (row.get(FILE), row.get(SHEET), row.get(ROW))
        return f"{source} ({':'.join(str(p) for p in parts if p is not None)})"

    def state(self, sides: Sequence[str]) -> str:
        """Keyed digest of all that some records say; places in files do not count."""
        said = [
            {k: v for k, v in row.items() if v is not None and (k == SOURCE or k[0] != "_")}
            for side in sides
            for row in (self._rows.get(side, {}), self._contacts.get(side, {}))
        ]
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
        key = self._session.job.keyring.digest_key
        return hmac.new(key, b"review state" + text.encode(), "sha256").hexdigest()[:16]

    def beside(self, sides: Sequence[str], viewing: Viewing) -> list[tuple[str, ...]]:
        """Label and a value per record, for every field that one of them has.

        Masks that look alike are marked where they differ from the first record's.
        """
        if len(sides) < 2:
            return [row[:2] for row in self._compared(sides[0], None, viewing)] if sides else []
        rows: dict[str, list[str]] = {}
        for place, id in enumerate(sides):
            other = sides[0] if place else sides[1]
            for label, value, _ in self._compared(id, other, viewing):
                rows.setdefault(label, [""] * len(sides))[place] = value
        return [(label, *values) for label, values in rows.items()]

    def _compared(
        self, one: str, other: str | None, viewing: Viewing
    ) -> list[tuple[str, str, str]]:
        """Label, left and right value of every field that either has."""
        left, right = self._rows.get(one, {}), self._rows.get(other or "", {})
        persons = not self._persons.isdisjoint((one, other))
        rows = [(str(Text("source", "来源").in_language(viewing.language)), self.place(one),
                 self.place(other) if other else "")]  # fmt: skip
        for known in self._entity.fields:
            if known.references is None:
                pair = left.get(known.name), right.get(known.name)
                rows += self._row(CUSTOMER, known, *pair, viewing, persons)
        contact = self._session.project.model.by_name.get("contact")
        mine, theirs = (self._contacts.get(side or "", {}) for side in (one, other))
        for known in contact.fields if contact is not None else ():
            if known.name in EVIDENCE:
                pair = mine.get(known.name), theirs.get(known.name)
                rows += self._row("contact", known, *pair, viewing, persons=False)
        return rows

    def _row(
        self,
        entity: str,
        known: Field,
        left: str | None,
        right: str | None,
        viewing: Viewing,
        persons: bool,
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
        elif not viewing.clear:
            one, two = (pl.Series([v], dtype=pl.String) for v in (left, right))
            one, two = covered_pair(one, two, known.type, pl.Series([persons]))
            left, right = one[0], two[0]
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
