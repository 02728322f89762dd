"""Which customer people mean, without any run: the run state and the target still know it."""

from sqlalchemy import inspect, select

from crm_migrate.errors import NotFound, UsageFault
from crm_migrate.language import Text
from crm_migrate.loading.ledger.tables import BASE, LEDGER
from crm_migrate.stages.session import Session
from crm_migrate.state.registry import golden_ids_of, resolve
from crm_migrate.systems.target import TargetReader

CUSTOMER = "customer"
LEAST_PREFIX = 6
"""Characters of a golden id that name it."""


def named_customer(session: Session, reader: TargetReader, name: str) -> str:
    """The golden id behind a golden id (or its beginning), customer code or target key.

    Raises:
        NotFound: no customer is known by that name.
        UsageFault: several are.
    """
    for found in _candidates(session, reader, name):
        if len(found) > 1:
            ids = ", ".join(sorted(found)[:5])
            raise UsageFault(
                Text(f"'{name}' fits {len(found)} customers", f"“{name}”对应 {len(found)} 个客户"),
                remedy=Text(f"name one by its golden id: {ids}", f"请用唯一标识指定：{ids}"),
            )
        if found:
            return found.pop()
    raise NotFound(
        Text(f"there is no customer '{name}'", f"没有客户“{name}”"),
        remedy=Text(
            "a golden id, customer code or target key",
            "请使用唯一标识、客户编号或目标主键",
        ),
    )


def _candidates(session: Session, reader: TargetReader, name: str) -> list[set[str]]:
    """Golden ids by what the name may be, the surest first; a merged one is the one that stays."""
    known = golden_ids_of(session.state, CUSTOMER, name)
    prefixed = known.by_prefix if len(name) >= LEAST_PREFIX else set()
    ledger = [golden_in_target(reader, CUSTOMER, c, name) for c in ("target_key", "golden_id")]
    found = [known.same, known.by_code, *ledger, prefixed]
    return [{resolve(session.state, g) for g in ids} for ids in found]


def golden_in_target(reader: TargetReader, entity: str, column: str, name: str) -> set[str]:
    """Golden ids of rows that stand in the target under that name, else of rows that stood there.

    `column`: `target_key` or `golden_id`.
    """
    for table in (BASE, LEDGER):
        if not inspect(reader.connection).has_table(table.name):
            continue
        named = (table.c.entity == entity) & (table.c[column] == name)
        chosen = select(table.c.golden_id).where(named).distinct()
        ids = {row.golden_id for row in reader.connection.execute(chosen)}
        if ids:
            return ids
    return set()
