"""Questions that people raise themselves: a customer that is two, two customers that are one."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

import polars as pl

from crm_migrate.errors import NotFound, UsageFault
from crm_migrate.language import Text
from crm_migrate.linkage.deciding.worth import worth
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET
from crm_migrate.stages import link, standardize
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.review.answers import Answer, enter
from crm_migrate.stages.review.questions import CUSTOMER, affected, as_tasks
from crm_migrate.stages.session import Session
from crm_migrate.stages.tracing.wanted import Ways, wanted_record
from crm_migrate.state.review import RAISED, add_tasks
from crm_migrate.trust.roles import Action
from crm_migrate.workspace import Run

MOST_PAIRS = 2_000
"""Verdicts that one command may give."""


def split_customer(
    session: Session, customer: str, records: Sequence[str], *, by: str | None = None, reason: str
) -> dict[str, Any]:
    """These records of a customer are another one: apart from the rest, together among themselves.

    `customer`: golden id, customer code or key of the CRM. `records`: rows of files
    (`file:sheet:row`), record ids or keys of the CRM. The next plan splits what was merged, also
    after it was loaded, and what hangs on the records goes with them.

    Raises:
        NotFound: there is no such customer or record.
        UsageFault: a record belongs to another customer, or none would be left.
        KeyFault: the person may not review.
    """
    person = session.acting(by, Action.REVIEW)
    with open_finished(session, stage="linked") as run:
        wanted = wanted_record(session, run, Ways(customer))
        off = sorted({_record(run, name) for name in records})
        rest = [id for id in wanted.record_ids if id not in off]
        strangers = set(off) - set(wanted.record_ids)
        if strangers or not rest:
            raise UsageFault(
                Text(f"not all of these are records of {customer}", f"并非都是 {customer} 的记录")
                if strangers
                else Text("no record would be left", "拆分后不能不留任何记录"),
                where=", ".join(sorted(strangers)) or customer,
                remedy=Text(f"see them: crm-migrate trace {customer}",
                            f"请用 crm-migrate trace {customer} 查看其记录"),
            )  # fmt: skip
        apart = dict.fromkeys(product(off, rest), "different")
        ids = raise_pairs(session, run, apart | dict.fromkeys(combinations(off, 2), "same"))
    return _decided(session, ids, person.id, reason)


def join_customers(
    session: Session, one: str, other: str, *, by: str | None = None, reason: str
) -> dict[str, Any]:
    """Two customers are one: named like in `split_customer`, or by a row of a file.

    Raises:
        NotFound: there is no such customer.
        UsageFault: it is the same one already.
        KeyFault: the person may not review.
    """
    person = session.acting(by, Action.REVIEW)
    with open_finished(session, stage="linked") as run:
        found = [
            wanted_record(session, run, Ways(row=n) if ":" in n else Ways(n)) for n in (one, other)
        ]
        if found[0].golden_id == found[1].golden_id or not all(w.record_ids for w in found):
            raise UsageFault(
                Text("these are one customer already", "两者已是同一客户"), where=f"{one}, {other}"
            )
        pair = (found[0].record_ids[0], found[1].record_ids[0])
        ids = raise_pairs(session, run, {pair: "same"})
    return _decided(session, ids, person.id, reason)


def _record(run: Run, name: str) -> str:
    """The one record that is meant."""
    members = run.read(link.STAGE, f"members.{CUSTOMER}")
    exact = members.filter((pl.col(RECORD_ID) == name) | (pl.col("target_key") == name))
    if exact.height == 1:
        return str(exact[RECORD_ID][0])
    file, _, rest = name.partition(":")
    sheet, _, number = rest.rpartition(":")
    if number.isdigit():
        at = (pl.col(FILE) == file) & (pl.col(ROW) == int(number))
        at = at & (pl.col(SHEET) == sheet) if sheet else at
        rows = run.read(standardize.STAGE, CUSTOMER, [RECORD_ID, FILE, SHEET, ROW]).filter(at)
        if rows.height == 1:
            return str(rows[RECORD_ID][0])
    raise NotFound(
        Text(f"there is no customer record '{name}'", f"没有客户记录“{name}”"),
        remedy=Text(
            "name it by file:sheet:row, record id or key of the CRM",
            "请用 文件:工作表:行、记录标识或 CRM 主键 指定",
        ),
    )


def raise_pairs(
    session: Session, run: Run, verdicts: Mapping[tuple[str, str], str]
) -> dict[str, str]:
    """The questions about these pairs of records, asked where they are not yet.

    Result: task id → the verdict of its pair.

    Raises:
        UsageFault: more than MOST_PAIRS at once.
    """
    every = {tuple(sorted(pair)): verdict for pair, verdict in verdicts.items()}
    if len(every) > MOST_PAIRS:
        raise UsageFault(Text(f"{len(every)} pairs at once are too many", "一次涉及的记录对过多"))
    golden = run.read(link.STAGE, f"members.{CUSTOMER}", [RECORD_ID, "golden_id"])
    pairs = pl.DataFrame(list(every), schema=["left_id", "right_id"], orient="row")
    for side in ("left", "right"):
        named = golden.rename({RECORD_ID: f"{side}_id", "golden_id": f"{side}_golden"})
        pairs = pairs.join(named, on=f"{side}_id", how="left", maintain_order="left")
    asked = pairs.with_columns(
        pl.lit(None, dtype=pl.Float64).alias("match_weight"),
        pl.lit(None, dtype=pl.Float64).alias("match_probability"),
        pl.lit(RAISED).alias("reason"),
    )
    ids = pl.concat([pairs["left_golden"], pairs["right_golden"]]).unique()
    rated = worth(asked, affected(run, ids))
    tasks = add_tasks(session.state, as_tasks(session, run, rated), CUSTOMER, run.id)
    return dict(zip(tasks, every.values(), strict=True))


def _decided(session: Session, ids: dict[str, str], by: str, reason: str) -> dict[str, Any]:
    person = session.acting(by, Action.REVIEW)
    done = enter(session, person, [Answer(id, v, reason) for id, v in ids.items()])
    return {"tasks": done, "open": sum(d["status"] == "open" for d in done)}
