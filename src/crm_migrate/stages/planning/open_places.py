"""What is left open between sources and target: nothing here keeps a plan from being made.

A field that sources fill and no column takes is not loaded; a column that an insert must fill and
nothing fills makes every new row wait.
"""

from collections.abc import Iterator

from crm_migrate.language import Text
from crm_migrate.plan.target.fit import demanded_columns
from crm_migrate.plan.target.mapped import Misfit
from crm_migrate.project import Project
from crm_migrate.systems.target_schema import TargetSchema


def open_places(project: Project, schema: TargetSchema) -> Iterator[Misfit]:
    """Fields and entities of the sources that have no place, and columns that want a value."""
    filled = _filled(project)
    for entity in project.model.entities:
        fields = filled.get(entity.name, set())
        mapped = project.target.entities.get(entity.name)
        if mapped is None:
            if fields:
                yield Misfit(
                    (),
                    Text(
                        f"sources hold {entity.label.en} records, and no table takes them",
                        f"来源中有{entity.label.zh}数据，但没有对应的目标表",
                    ),
                    Text(
                        f"map {entity.name}, if the CRM holds it",
                        f"如 CRM 中有对应的表，请映射 {entity.name}",
                    ),
                )
            continue
        lost = [f for f in entity.fields if f.name in fields and f.name not in mapped.fields]
        if lost:
            en = ", ".join(f.name for f in lost)
            zh = "、".join(f.label.zh for f in lost)
            yield Misfit(
                (entity.name, "fields"),
                Text(
                    f"sources fill {en}, and no column takes it",
                    f"来源提供{zh}，但没有对应的目标字段",
                ),
                Text(
                    "map a column, or leave it if it is not to be loaded",
                    "请映射到目标字段；如无需导入可忽略",
                ),
            )
        yield from _wanting(entity.name, project, schema)


def _wanting(name: str, project: Project, schema: TargetSchema) -> Iterator[Misfit]:
    mapped = project.target.entities[name]
    table = schema.tables.get(mapped.table)
    if table is None:
        return
    given = {c.column for c in mapped.fields.values()} | set(mapped.constants)
    given |= {c.index for c in mapped.fields.values() if c.index is not None}
    for column in demanded_columns(table):
        if column not in given and column != mapped.golden_id:
            yield Misfit(
                (name, "fields"),
                Text(
                    f"{table.name}.{column} must be filled, and nothing is mapped to it: every new"
                    " row will wait",
                    f"{table.name}.{column} 为必填，但未映射：所有新增记录将暂缓",
                ),
                Text("map a field to it, or give it a constant", "请映射一个字段或设定常量"),
            )


def _filled(project: Project) -> dict[str, set[str]]:
    """Entity → fields that any source fills."""
    found: dict[str, set[str]] = {}
    for mapping in project.mappings.values():
        for table in mapping.tables:
            for record in table.records:
                found.setdefault(record.entity, set()).update(record.fields)
    return found
