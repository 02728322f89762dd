"""What of a plan can't be taken back once it is applied, in words, for whoever approves it (R-6.5).

A rollback restores cells. It does not undo what the CRM does by itself when rows change, gives no
number a second time, and leaves alone what people have edited since.
"""

from collections.abc import Mapping

import polars as pl

from crm_migrate.language import Text
from crm_migrate.plan.change import Action
from crm_migrate.plan.merging.moves import count_moves
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.systems.target_schema import TargetSchema

_WRITES = [str(a) for a in (Action.INSERT, Action.UPDATE, Action.DELETE)]


def irreversible(
    schema: TargetSchema,
    mapping: Mapping[str, TargetEntity],
    operations: Mapping[str, pl.DataFrame],
    moves: pl.DataFrame | None = None,
) -> tuple[Text, ...]:
    """What can't be taken back of these operations and moves; nothing where nothing is written."""
    merges = count_moves(moves, "merge")
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
                f"CRM 触发器随记录变更所做的事（如发送邮件）：{named}",
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
                f"{numbered:,} 条新记录的系统编号：撤回后再次导入会得到新编号",
            )
        )
    if merges:
        found.append(
            Text(
                f"what other programs noted of the keys of {merges:,} merged rows",
                f"其他系统中对 {merges:,} 条被合并记录主键的引用",
            )
        )
    if moves is not None:
        found += _of_moves(schema, mapping, moves)
    found.append(
        Text(
            "the point of no return of each customer is its first edit in the CRM after the apply:"
            " from then on a rollback leaves the customer as it is",
            "每个客户的不可撤回点：执行后在 CRM 中的首次修改；此后回滚将保留该客户",
        )
    )
    return tuple(found)


def _of_moves(
    schema: TargetSchema, mapping: Mapping[str, TargetEntity], moves: pl.DataFrame
) -> list[Text]:
    """Re-parented rows that can't be told from others, and cells that no image holds."""
    found = []
    nameless = moves.filter((pl.col("kind") == "reparent") & pl.col("key_column").is_null())
    if nameless.height:
        named = ", ".join(nameless["table"].unique().sort())
        found.append(
            Text(
                f"{nameless.height:,} rows that move over stay there, since their tables have no"
                f" key of a single column: {named}",
                f"{nameless.height:,} 条随迁记录无法移回（所在表没有单列主键）：{named}",
            )
        )
    for entity in moves.filter(pl.col("kind") == "merge")["entity"].unique().sort():
        policy, table = mapping[entity].merge, schema.table(mapping[entity].table)
        binary = [c.name for c in table.columns if c.kind == "binary"]
        if policy is not None and policy.delete and binary:
            named = ", ".join(binary)
            found.append(
                Text(
                    f"binary columns of rows that a merge deletes from {table.name}: {named}",
                    f"合并后删除的 {table.name} 记录中的二进制字段：{named}",
                )
            )
    return found
