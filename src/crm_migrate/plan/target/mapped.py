"""The mapping beside the target's schema: what can't be written at all, what can't be checked
ahead, and what would be slow.

Pure: schema and mapping are handed in. What can't be written is refused before a plan is made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.plan.sealed_cells import index_columns
from crm_migrate.plan.target.fit import misfits
from crm_migrate.plan.target.predicate import columns_of
from crm_migrate.project.mapping_file import TargetEntity, TargetMapping
from crm_migrate.protection.blind_index import INDEX_CHARACTERS
from crm_migrate.protection.policy import Treatment
from crm_migrate.systems.target_schema import Check, TargetSchema, TargetTable, UniqueKey

GOLDEN_CHARACTERS = 36
"""`g`, 32 hex characters, and a running number where an id was founded again."""

Treatments = Mapping[str, Mapping[str, Treatment]]
"""Entity → field → treatment in the target."""


@dataclass(frozen=True)
class Misfit:
    """A line of `mappings/target.yaml` that the target's schema does not allow.

    `place`: keys of the file below `entities`.
    """

    place: tuple[str, ...]
    message: Text
    remedy: Text | None = None


def require_writable(mapping: TargetMapping, schema: TargetSchema) -> None:
    """Refuse a mapping that can't be written.

    Raises:
        TargetFault: a mapped table is unfit, or a mapped column can't be written; a table or
            column is missing.
    """
    found = list(misfits_of(mapping, schema))
    if not found:
        return
    first = found[0]
    places = ["/".join(m.place) for m in found]
    raise TargetFault(
        Text(
            "; ".join(f"{p}: {m.message.en}" for p, m in zip(places, found, strict=True)),
            ";".join(f"{p}:{m.message.zh}" for p, m in zip(places, found, strict=True)),
        ),
        where=schema.database,
        remedy=first.remedy,
    )


def misfits_of(mapping: TargetMapping, schema: TargetSchema) -> Iterator[Misfit]:
    """Everything in the mapping that the schema does not allow; what is missing is left out."""
    for name, entity in mapping.entities.items():
        table = schema.tables.get(entity.table)
        if table is None:
            continue
        for why in table.unfit:
            yield Misfit(
                (name, "table"),
                Text(
                    f"table {table.name} can't be written: {why.en}",
                    f"表 {table.name} 无法写入：{why.zh}",
                ),
            )
        yield from _columns_misfit(name, entity, table)


def _columns_misfit(name: str, entity: TargetEntity, table: TargetTable) -> Iterator[Misfit]:
    held = {c.name: c for c in table.columns}
    for place, column in _written(entity):
        if column in held and held[column].generated:
            yield Misfit(
                (name, *place),
                Text(
                    f"the CRM computes {column} itself: it can't be written",
                    f"字段 {column} 由 CRM 自动计算，无法写入",
                ),
                Text("take it out of the mapping", "请从映射中删除该字段"),
            )
    for column, value in entity.constants.items():
        if column in held and misfits(held[column], pl.Series([value])).any():
            yield Misfit(
                (name, "constants", column),
                Text(
                    f"this constant does not fit column {column} ({held[column].type})",
                    f"该常量与字段 {column}({held[column].type})的限制不符",
                ),
            )
    wide: list[tuple[tuple[str, ...], str, int]] = [
        (("fields", field, "index"), c.index, INDEX_CHARACTERS)
        for field, c in entity.fields.items()
        if c.index is not None
    ]
    if entity.golden_id is not None:
        wide.append((("golden_id",), entity.golden_id, GOLDEN_CHARACTERS))
    for place, column, width in wide:
        info = held.get(column)
        if info is None:
            continue
        narrow = info.length is not None and info.length < width
        if info.kind != "text" or narrow:
            yield Misfit(
                (name, *place),
                Text(
                    f"column {column} ({info.type}) can't hold {width} characters",
                    f"字段 {column}({info.type})放不下 {width} 个字符",
                ),
            )


def _written(entity: TargetEntity) -> Iterator[tuple[tuple[str, ...], str]]:
    """Places of the mapping and the columns that they write."""
    for field, column in entity.fields.items():
        yield ("fields", field), column.column
        if column.index is not None:
            yield ("fields", field, "index"), column.index
    for constant in entity.constants:
        yield ("constants", constant), constant
    if entity.golden_id is not None:
        yield ("golden_id",), entity.golden_id


def unchecked(
    mapping: TargetMapping, schema: TargetSchema, treatments: Treatments
) -> tuple[Text, ...]:
    """What the target may still refuse or change although the plan foresees it, in words.

    About the entities in `treatments`, which are those that the plan writes.
    """
    found: list[Text] = []
    for name in treatments:
        entity = mapping.entities[name]
        table = schema.table(entity.table)
        if table.triggers:
            named = ", ".join(table.triggers)
            found.append(
                Text(
                    f"{table.name}: its triggers may refuse or change rows ({named})",
                    f"{table.name}：其触发器可能拒绝或修改记录({named})",
                )
            )
        found += table.unseen
        open_rules = [
            c.text for c in table.checks if not _asked_ahead(entity, table, c, treatments[name])
        ]
        if open_rules:
            rules = "; ".join(open_rules)
            found.append(
                Text(
                    f"{table.name}: the CRM's own rules ({rules})",
                    f"{table.name}:CRM 自身的校验规则({rules})",
                )
            )
        for key in table.unique_keys:
            found += _unasked(entity, table, key, treatments[name])
        written = {column for _, column in _written(entity)}
        for foreign in table.foreign_keys:
            if len(foreign.columns) > 1 and set(foreign.columns) & written:
                columns = ", ".join(foreign.columns)
                found.append(
                    Text(
                        f"{table.name}: whether {foreign.table} holds the values of ({columns})",
                        f"{table.name}:({columns})的取值在 {foreign.table} 中是否存在",
                    )
                )
    return tuple(dict.fromkeys(found))


def _asked_ahead(
    entity: TargetEntity, table: TargetTable, check: Check, treatments: Mapping[str, Treatment]
) -> bool:
    """Whether planning has the target compute a rule over all that it would write."""
    referring = {c for key in table.foreign_keys for c in key.columns}
    clear = {
        c.column
        for f, c in entity.fields.items()
        if c.column not in referring and treatments.get(f) not in (Treatment.SEAL, Treatment.INDEX)
    }
    return bool(check.columns) and clear.issuperset(check.columns)


def _unasked(
    entity: TargetEntity,
    table: TargetTable,
    key: UniqueKey,
    treatments: Mapping[str, Treatment],
) -> Iterator[Text]:
    """What about a unique key is left to the moment of writing."""
    sealed = {c.column for f, c in entity.fields.items() if treatments.get(f) is Treatment.SEAL}
    indexes = set(index_columns(entity, treatments).values())
    clear = {c.column for c in entity.fields.values()} - sealed
    known = clear | set(entity.constants) | indexes | ({entity.golden_id} - {None})
    named, columns = ", ".join(key.columns) or "…", set(key.columns)
    if not key.askable:
        yield Text(
            f"{table.name}: a unique key over an expression ({named})",
            f"{table.name}：基于表达式的唯一键({named})",
        )
        return
    if columns & sealed:
        yield Text(
            f"{table.name}: the unique key ({named}) holds sealed cells: equal values are sealed"
            " differently, so it keeps none apart",
            f"{table.name}：唯一键({named})含加密字段：相同的值加密后不同，唯一键不起作用",
        )
    elif columns & known and not columns <= known:
        missing = ", ".join(sorted(columns - known))
        yield Text(
            f"{table.name}: the unique key ({named}); the plan does not fill {missing}",
            f"{table.name}：唯一键({named});计划未填写 {missing}",
        )
    plain = key.where is None and not (key.case_insensitive or key.accent_insensitive)
    if key.nulls_equal and columns & known and not (plain and columns <= clear and not key.parts):
        yield Text(
            f"{table.name}: rows with an empty cell under the unique key ({named})",
            f"{table.name}：唯一键({named})中有空值的记录",
        )
    if key.where is not None and columns_of(key.where) is None:
        yield Text(
            f"{table.name}: for which new rows the unique key ({named}) holds; it was taken to"
            " hold for all",
            f"{table.name}：唯一键({named})适用于哪些新记录；计划按全部适用处理",
        )


def slow_matches(mapping: TargetMapping, schema: TargetSchema) -> Iterator[Misfit]:
    """`match` fields without an index in the target: each batch of apply reads the whole table."""
    for name, entity in mapping.entities.items():
        table = schema.tables.get(entity.table)
        columns = [entity.fields[f].column for f in entity.match if f in entity.fields]
        if table is None or not columns:
            continue
        keys = [table.primary_key, *(k.columns for k in table.unique_keys if k.checkable)]
        if not any(i and i[0] in columns for i in [*table.indexes, *keys]):
            listed = ", ".join(columns)
            yield Misfit(
                (name, "match"),
                Text(
                    f"table {table.name} has no index on {listed}: applying will be slow",
                    f"表 {table.name} 在 {listed} 上没有索引：执行会较慢",
                ),
                Text(
                    f"ask an administrator for an index on {table.name} ({listed})",
                    f"请管理员在 {table.name}({listed})上建立索引",
                ),
            )
