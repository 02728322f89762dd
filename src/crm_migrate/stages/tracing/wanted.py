"""Which record people mean: a golden id, a customer code, a target key, or a row of a file."""

from dataclasses import dataclass

import polars as pl

from crm_migrate.errors import NotFound, TargetFault, UsageFault
from crm_migrate.language import Text
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET
from crm_migrate.stages import extract, link, present, survive
from crm_migrate.stages.session import Session
from crm_migrate.stages.tracing.named_customer import golden_in_target
from crm_migrate.state.registry import resolve
from crm_migrate.systems.opening import open_target
from crm_migrate.workspace import Run

CUSTOMER = "customer"
_LEAST_PREFIX = 6


@dataclass(frozen=True, slots=True)
class Ways:
    """By which one way a record is named: id or code, the row of a file, or a key of the CRM."""

    what: str | None = None
    row: str | None = None
    target_key: str | None = None


@dataclass(frozen=True)
class Wanted:
    """The record, its members, and which place led to it.

    `entity` is another one than was asked for, with only the record of the row, where that row
    belongs to no customer (it was quarantined, or refers to nothing).
    """

    golden_id: str | None
    record_ids: list[str]
    asked: str
    entity: str = CUSTOMER


def wanted_record(session: Session, run: Run, ways: Ways, entity: str = CUSTOMER) -> Wanted:
    """The one record of the entity that fits; of a customer, any row that belongs to it.

    Raises:
        NotFound: none does, or there is no such entity.
        UsageFault: several do, or none or several ways were used.
    """
    if sum(way is not None for way in (ways.what, ways.row, ways.target_key)) != 1:
        raise UsageFault(
            Text("name a customer, a --row or a --target-key", "请指定客户、--row 或 --target-key"),
            remedy=Text("crm-migrate trace --help", "crm-migrate trace --help"),
        )
    if f"members.{entity}" not in run.names(link.STAGE):
        raise NotFound(
            Text(f"run {run.id} has no entity '{entity}'", f"运行 {run.id} 中没有对象“{entity}”")
        )
    if ways.row is not None:
        return _by_row(run, ways.row, entity)
    name = str(ways.what if ways.target_key is None else ways.target_key)
    members = run.read(link.STAGE, f"members.{entity}")
    for fitting in _candidates(session, run, members, ways, entity):
        if len(fitting) > 1:
            ids = ", ".join(sorted(fitting)[:5])
            raise UsageFault(
                Text(
                    f"'{name}' fits {len(fitting)} records", f"“{name}”对应 {len(fitting)} 条记录"
                ),
                remedy=Text(f"name one by its golden id: {ids}", f"请用唯一标识指定：{ids}"),
            )
        if fitting:
            return _record(members, fitting.pop(), name, entity)
    raise NotFound(
        Text(f"there is no {entity} '{name}' in run {run.id}",
             f"运行 {run.id} 中没有{entity}“{name}”"),
        remedy=Text("a golden id, customer code or target key; or --row file:sheet:row",
                    "请使用唯一标识、客户编号或目标主键，或 --row 文件:工作表:行"),
    )  # fmt: skip


def _candidates(
    session: Session, run: Run, members: pl.DataFrame, ways: Ways, entity: str
) -> "list[set[str]]":
    """Golden ids by what the name may be, the surest first."""
    ids = members["golden_id"]
    if ways.target_key is not None:
        return _by_key(session, members, ways.target_key, entity)
    name = str(ways.what)
    whole = resolve(session.state, name)
    found = [set(ids.filter(ids == whole))]
    if len(name) >= _LEAST_PREFIX:
        found.append(set(ids.filter(ids.str.starts_with(name))))
    if entity == CUSTOMER:
        golden = run.read(survive.STAGE, CUSTOMER, ["golden_id", "customer_code"])
        found.append(set(golden.filter(pl.col("customer_code") == name)["golden_id"]))
    found += _by_key(session, members, name, entity)
    if entity == CUSTOMER:
        found.append(_by_code_in_crm(run, members, name))
        crosswalk = run.read(survive.STAGE, "crosswalk")
        found.append(set(crosswalk.filter(pl.col("old_code") == name)["golden_id"]))
    return found


def _by_key(session: Session, members: pl.DataFrame, key: str, entity: str) -> "list[set[str]]":
    """By the key of the row that the run saw, that stands there, or that stood there."""
    found = [set(members.filter(pl.col("target_key") == key)["golden_id"])]
    try:
        with open_target(session.project.target_url).reading() as reader:
            known = golden_in_target(reader, entity, "target_key", key)
    except TargetFault:
        return found  # the CRM is out of reach: the other ways stay
    living = {resolve(session.state, golden) for golden in known}
    return [*found, living & set(members["golden_id"])]


def _by_code_in_crm(run: Run, members: pl.DataFrame, code: str) -> set[str]:
    """By the code of any row of the CRM, of those too that stand double beside another."""
    rows = run.read(present.STAGE, CUSTOMER) if CUSTOMER in run.names(present.STAGE) else None
    if rows is None or "customer_code" not in rows.columns:
        return set()
    ids = rows.filter(pl.col("customer_code") == code)[RECORD_ID]
    return set(members.filter(pl.col(RECORD_ID).is_in(ids.implode()))["golden_id"])


def _record(members: pl.DataFrame, golden: str, asked: str, entity: str) -> Wanted:
    records = members.filter(pl.col("golden_id") == golden)[RECORD_ID].sort().to_list()
    return Wanted(golden, records, asked, entity)


def _by_row(run: Run, row: str, entity: str) -> Wanted:
    file, _, rest = row.partition(":")
    sheet, _, number = rest.rpartition(":")
    if not number.isdigit():
        raise UsageFault(
            Text("a row is file:sheet:row, or file:row", "行写作 文件:工作表:行，或 文件:行"),
            where=row,
        )
    at = (pl.col(FILE) == file) & (pl.col(ROW) == int(number))
    if sheet:
        at = at & (pl.col(SHEET) == sheet)
    members = run.read(link.STAGE, f"members.{entity}")
    left: Wanted | None = None
    names = [n for n in run.names(extract.STAGE) if not n.startswith("x_")]
    if entity != CUSTOMER:
        names = [n for n in names if n == entity]
    for name in sorted(names, key=lambda n: n != entity):
        here = run.read(extract.STAGE, name, [RECORD_ID, FILE, SHEET, ROW]).filter(at)
        if here.is_empty():
            continue
        golden = _golden_of(run, name, here[RECORD_ID], members, entity)
        if golden is not None:
            return _record(members, golden, row, entity)
        left = left or Wanted(None, here[RECORD_ID].to_list(), row, name)
    if left is not None:
        return left
    raise NotFound(
        Text(f"run {run.id} has no record of {row}", f"运行 {run.id} 中没有来自 {row} 的记录"),
        remedy=Text(
            "file and sheet as in the findings, the row as in the file",
            "文件与工作表名同数据问题清单，行号同源文件",
        ),
    )


def _golden_of(
    run: Run, name: str, ids: pl.Series, members: pl.DataFrame, entity: str
) -> str | None:
    """The record of these rows: they are it, or refer to it where it is a customer."""
    wanted = ids.implode()
    if name == entity:
        held = members.filter(pl.col(RECORD_ID).is_in(wanted))["golden_id"]
    elif entity == CUSTOMER and f"records.{name}" in run.names(link.STAGE):
        records = run.read(link.STAGE, f"records.{name}")
        if CUSTOMER not in records.columns:
            return None
        referred = records.filter(pl.col(RECORD_ID).is_in(wanted))[CUSTOMER].drop_nulls()
        held = referred.filter(referred.is_in(members["golden_id"].implode()))
    else:
        return None
    return str(held[0]) if len(held) else None
