"""Which customer people mean: a golden id, a customer code, a target key, or a row of a file."""

from dataclasses import dataclass

import polars as pl

from crm_migrate.errors import NotFound, TargetFault, UsageFault
from crm_migrate.language import Text
from crm_migrate.loading.target_ledger import read_base
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET
from crm_migrate.stages import extract, link, survive
from crm_migrate.stages.session import Session
from crm_migrate.state.registry import resolve
from crm_migrate.systems.opening import open_target
from crm_migrate.workspace import Run

CUSTOMER = "customer"
_LEAST_PREFIX = 6


@dataclass(frozen=True)
class Wanted:
    """The customer, its records, and which place led to it.

    `entity` is another one, with only the record of the row, where that row belongs to no customer
    (it was quarantined, or refers to nothing).
    """

    golden_id: str | None
    record_ids: list[str]
    asked: str
    entity: str = CUSTOMER


def wanted_customer(session: Session, run: Run, what: str | None, row: str | None) -> Wanted:
    """The one customer that fits.

    Raises:
        NotFound: none does.
        UsageFault: several do, or neither or both ways were used.
    """
    if (what is None) == (row is None):
        raise UsageFault(
            Text("name a customer, or a --row", "请指定客户,或用 --row 指定行"),
            remedy=Text("crm-migrate trace --help", "crm-migrate trace --help"),
        )
    if row is not None:
        return _by_row(run, row)
    name = str(what)
    members = run.read(link.STAGE, "members.customer")
    for fitting in _candidates(session, run, members, name):
        if len(fitting) > 1:
            ids = ", ".join(sorted(fitting)[:5])
            raise UsageFault(
                Text(
                    f"'{name}' fits {len(fitting)} customers", f"“{name}”对应 {len(fitting)} 个客户"
                ),
                remedy=Text(f"name one by its golden id: {ids}", f"请用唯一标识指定:{ids}"),
            )
        if fitting:
            return _customer(members, fitting.pop(), name)
    raise NotFound(
        Text(f"there is no customer '{name}' in run {run.id}",
             f"运行 {run.id} 中没有客户“{name}”"),
        remedy=Text("a golden id, customer code or target key; or --row file:sheet:row",
                    "请使用唯一标识、客户编号或目标主键,或 --row 文件:工作表:行"),
    )  # fmt: skip


def _candidates(session: Session, run: Run, members: pl.DataFrame, name: str) -> "list[set[str]]":
    """Golden ids by what the name may be, the surest first."""
    ids = members["golden_id"]
    whole = resolve(session.state, name)
    found = [set(ids.filter(ids == whole))]
    if len(name) >= _LEAST_PREFIX:
        found.append(set(ids.filter(ids.str.starts_with(name))))
    golden = run.read(survive.STAGE, CUSTOMER, ["golden_id", "customer_code"])
    found.append(set(golden.filter(pl.col("customer_code") == name)["golden_id"]))
    found.append(set(members.filter(pl.col("target_key") == name)["golden_id"]))
    try:
        base = read_base(open_target(session.project.target_url), CUSTOMER)
        loaded = set(base.filter(pl.col("target_key") == name)["golden_id"])
        found.append(loaded & set(ids))
    except TargetFault:
        pass  # the CRM is out of reach: the other ways stay
    crosswalk = run.read(survive.STAGE, "crosswalk")
    found.append(set(crosswalk.filter(pl.col("old_code") == name)["golden_id"]))
    return found


def _customer(members: pl.DataFrame, golden: str, asked: str) -> Wanted:
    records = members.filter(pl.col("golden_id") == golden)[RECORD_ID].sort().to_list()
    return Wanted(golden, records, asked)


def _by_row(run: Run, row: str) -> Wanted:
    file, _, rest = row.partition(":")
    sheet, _, number = rest.rpartition(":")
    if not number.isdigit():
        raise UsageFault(
            Text("a row is file:sheet:row, or file:row", "行写作 文件:工作表:行,或 文件:行"),
            where=row,
        )
    at = (pl.col(FILE) == file) & (pl.col(ROW) == int(number))
    if sheet:
        at = at & (pl.col(SHEET) == sheet)
    members = run.read(link.STAGE, "members.customer")
    left: Wanted | None = None
    prefix = "x_"
    names = [n for n in run.names(extract.STAGE) if not n.startswith(prefix)]
    for name in sorted(names, key=lambda n: n != CUSTOMER):
        here = run.read(extract.STAGE, name, [RECORD_ID, FILE, SHEET, ROW]).filter(at)
        if here.is_empty():
            continue
        golden = _golden_of(run, name, here[RECORD_ID], members)
        if golden is not None:
            return _customer(members, golden, row)
        left = left or Wanted(None, here[RECORD_ID].to_list(), row, name)
    if left is not None:
        return left
    raise NotFound(
        Text(f"run {run.id} has no record of {row}", f"运行 {run.id} 中没有来自 {row} 的记录"),
        remedy=Text(
            "file and sheet as in the findings, the row as in the file",
            "文件与工作表名同数据问题清单,行号同源文件",
        ),
    )


def _golden_of(run: Run, name: str, ids: pl.Series, members: pl.DataFrame) -> str | None:
    """The customer of these records: they are it, or refer to it."""
    wanted = ids.implode()
    if name == CUSTOMER:
        held = members.filter(pl.col(RECORD_ID).is_in(wanted))["golden_id"]
    elif f"records.{name}" in run.names(link.STAGE):
        records = run.read(link.STAGE, f"records.{name}")
        if CUSTOMER not in records.columns:
            return None
        referred = records.filter(pl.col(RECORD_ID).is_in(wanted))[CUSTOMER].drop_nulls()
        held = referred.filter(referred.is_in(members["golden_id"].implode()))
    else:
        return None
    return str(held[0]) if len(held) else None
