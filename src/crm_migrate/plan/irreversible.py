"""What of a plan can't be taken back once it is applied, in words, for whoever approves it (R-6.5).

A rollback restores cells. It does not undo what the CRM does by itself when rows change, gives no
number a second time, and leaves alone what people have edited since.
"""

from collections.abc import Mapping

import polars as pl

from crm_migrate.language import Text
from crm_migrate.plan.change import Action
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.systems.target import TargetSchema

_WRITES = [str(a) for a in (Action.INSERT, Action.UPDATE, Action.DELETE)]


def irreversible(
    schema: TargetSchema,
    mapping: Mapping[str, TargetEntity],
    operations: Mapping[str, pl.DataFrame],
    merges: int = 0,
) -> tuple[Text, ...]:
    """What can't be taken back of these operations; nothing where nothing is written."""
    written = {
        name: frame
        for name, frame in operations.items()
        if frame["action"].is_in(_WRITES).any() and name in mapping
    }
    if not written and not merges:
        return ()
    tables = [schema.table(mapping[name].table) for name in written]
    triggers = sorted({t for table in tables for t in table.triggers})
    found = []
    if triggers:
        named = ", ".join(triggers)
        found.append(
            Text(
                f"what the CRM's triggers do when rows change, such as sending mails: {named}",
                f"CRM 触发器随记录变更所做的事(如发送邮件):{named}",
            )
        )
    numbered = sum(
        frame.filter(pl.col("action") == Action.INSERT).height
        for name, frame in written.items()
        if schema.table(mapping[name].table).column(mapping[name].key).kind == "integer"
    )
    if numbered:
        found.append(
            Text(
                f"the numbers that {numbered:,} new rows get: loaded again later, they get others",
                f"{numbered:,} 条新记录的系统编号:撤回后再次导入会得到新编号",
            )
        )
    if merges:
        found.append(
            Text(
                f"what other programs noted of the keys of {merges:,} merged rows",
                f"其他系统中对 {merges:,} 条被合并记录主键的引用",
            )
        )
    found.append(
        Text(
            "the point of no return of each customer is its first edit in the CRM after the apply:"
            " from then on a rollback leaves the customer as it is",
            "每个客户的不可撤回点:执行后在 CRM 中的首次修改;此后回滚将保留该客户",
        )
    )
    return tuple(found)
