"""What people ask of a plan's scope: pilots, lists, shares, follow-ups, workbooks that came back.

Files are read at once, so that a fault in one shows before the sources are read; what it means in
a run's golden records, scope.py says.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.formats import open_file
from crm_migrate.language import Text
from crm_migrate.loading.ledger.plan_lock import ENDED
from crm_migrate.plan.show.returned import read_returned, returned_plan
from crm_migrate.plan.show.view import Comment
from crm_migrate.stages.apply import Done
from crm_migrate.stages.planning.plans import plan_header, resolve_plan
from crm_migrate.stages.planning.remarks import read_remarks
from crm_migrate.stages.session import Session
from crm_migrate.trust.roles import Action

_REFUSED = ("not_null", "check", "trigger", "does_not_fit")
"""Why a row was left (`LEFT_REASONS`) that would be left for the same reason again."""


@dataclass(frozen=True)
class Listing:
    """A file's columns of texts: one of them names customers. Without a name: no file."""

    name: str
    columns: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Asked:
    """What people ask of a plan; all demands hold together.

    `rejected`: what was corrected in the quarantine workbook alone.
    `where`: `field=value,value`. `share`: of the customers, between 0 and 1. `customers`: codes or
    golden ids. `groups`: golden ids that head groups, left by plan `follows`. `excluded`: golden
    ids; `comments` came with them in the workbook of plan `after`.
    """

    where: tuple[str, ...] = ()
    share: float | None = None
    listings: tuple[Listing, ...] = ()
    customers: tuple[str, ...] = ()
    rejected: bool = False
    groups: tuple[str, ...] = ()
    follows: str | None = None
    excluded: tuple[str, ...] = ()
    after: str | None = None
    comments: tuple[Comment, ...] = ()

    @property
    def confines(self) -> bool:
        """Whether anything but exclusions is asked."""
        return bool(
            self.where
            or self.share is not None
            or self.listings
            or self.customers
            or self.groups
            or self.rejected
        )

    def to_json(self, found: Sequence[str]) -> dict[str, Any]:
        """To be kept beside the plan; comments are kept apart.

        Lists are kept as the customers that were `found`: a file holds what is nobody's business.
        """
        names = [listing.name for listing in self.listings] + [""] * bool(self.customers)
        named = tuple(Listing(name, (tuple(found),)) for name in names)
        kept = asdict(replace(self, listings=named, customers=()))
        del kept["comments"]
        return kept

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Asked":
        """What `to_json` made."""
        lists = [Listing(i["name"], tuple(map(tuple, i["columns"]))) for i in content["listings"]]
        return cls(
            where=tuple(content["where"]),
            share=content["share"],
            listings=tuple(lists),
            customers=tuple(content["customers"]),
            rejected=bool(content.get("rejected")),
            groups=tuple(content["groups"]),
            follows=content["follows"],
            excluded=tuple(content["excluded"]),
            after=content["after"],
        )


def read_listing(path: Path) -> Listing:
    """The texts of a file of customers, by column.

    Raises:
        SourceFault: the file cannot be read.
    """
    columns: dict[tuple[int, str], list[str]] = {}
    for number, table in enumerate(open_file(path)):
        for label in table.info.columns:  # a list without a head loses no line
            columns.setdefault((number, label), [label])
        for batch in table.batches():
            for label in table.info.columns:
                columns[number, label] += batch[label].drop_nulls().to_list()
    texts = (tuple(dict.fromkeys(v.strip() for v in values)) for values in columns.values())
    return Listing(path.name, tuple(texts))


def with_exclusions(
    session: Session, asked: Asked, paths: Sequence[Path], by: str | None = None
) -> Asked:
    """What is asked, and what workbooks of one plan say that came back.

    Where nothing else is asked, the new plan is confined to what the plan of the workbooks was.

    Raises:
        SourceFault: a file cannot be read.
        UsageFault: a row was changed, or the files belong to several plans, or to none.
        NotFound: there is no such plan.
    """
    excluded: dict[str, None] = {}
    comments: dict[Comment, None] = {}
    plans = set()
    for path in paths:
        entry, _ = resolve_plan(session, returned_plan(path))
        key = session.job.keyring.plan_key(entry.plan_id)
        found = read_returned(path, entry.plan_id, key)
        plans.add(entry.plan_id)
        excluded |= dict.fromkeys(found.excluded)
        comments |= dict.fromkeys(found.comments)
        about: dict[str, str | int | bool | None] = {
            "plan": entry.plan_id,
            "workbook": sha256(path.read_bytes()).hexdigest(),
            "excluded": len(found.excluded),
            "comments": len(found.comments),
        }
        session.record(session.person(by, Action.PLAN).id, "plan.returned", about)
    if len(plans) > 1:
        raise UsageFault(
            Text("these workbooks belong to several plans", "这些工作簿属于不同的计划"),
            where=", ".join(sorted(plans)),
            remedy=Text("give those of one plan", "请只提供同一计划的工作簿"),
        )
    after = plans.pop() if plans else None
    if after is not None and not asked.confines:
        kept = read_remarks(session, after).asked
        asked = Asked.from_json(dict(kept)) if kept else asked
    # People who take a customer's mark away want it in again: the workbook carries the old marks.
    return replace(asked, excluded=tuple(excluded), comments=tuple(comments), after=after)


def to_follow_up(session: Session, done: Done) -> tuple[str, ...]:
    """Groups that an apply left and that another plan may write; of an ended migration only."""
    header = plan_header(session, done.plan_id)
    if header is None or header.kind != "migration" or done.applied.state not in ENDED:
        return ()
    left = done.applied.left.filter(~pl.col("reason").is_in(_REFUSED).fill_null(False))
    return tuple(left["group"].unique().sort())
