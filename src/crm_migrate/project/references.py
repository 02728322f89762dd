"""Checks across files: does everything that a mapping names exist?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_migrate.errors import Fault
from crm_migrate.language import Text
from crm_migrate.model import Field, Model
from crm_migrate.project.mapping_file import (
    FieldSource,
    RecordMapping,
    SourceMapping,
    TableMapping,
    ValueMap,
)
from crm_migrate.project.settings import Settings
from crm_migrate.project.yaml_file import KeyPath, YamlFile

Mappings = Mapping[str, tuple[YamlFile, SourceMapping]]


def check_references(
    main: YamlFile,
    settings: Settings,
    model: Model,
    mappings: Mappings,
    value_maps: Mapping[str, ValueMap],
) -> list[Fault]:
    """Every name in the mappings that leads nowhere, with file and line."""
    faults: list[Fault] = []
    for name, source in settings.sources.items():
        if (source.path is None) == (source.url is None):
            message = Text("needs either path or url", "path 与 url 必须且只能填写一个")
            faults.append(main.fault(("sources", name), message))
    for name in settings.approval.entities:
        if name not in model.by_name:
            message = Text(f"unknown entity '{name}'", f"未知的实体“{name}”")
            faults.append(main.fault(("approval", "entities", name), message))
    return faults + check_mappings(model, mappings, value_maps)


def check_mappings(
    model: Model, mappings: Mappings, value_maps: Mapping[str, ValueMap]
) -> list[Fault]:
    """Every name in the mappings by themselves that leads nowhere, with file and line."""
    faults: list[Fault] = []
    keys = {
        (m.source, t.table, r.entity): t.key if r.key is None else r.key
        for _, m in mappings.values()
        for t in m.tables
        for r in reversed(t.records)  # of two contacts in a row, the first
    }
    for name, (file, mapping) in mappings.items():
        if mapping.source != name:
            message = Text(
                f"this is the mapping of '{name}', but it says '{mapping.source}'",
                f"该文件应描述数据源“{name}”，却写为“{mapping.source}”",
            )
            faults.append(file.fault(("source",), message))
        for number, table in enumerate(mapping.tables):
            faults += _table_faults(file, number, table, mapping)
            for index, record in enumerate(table.records):
                at: KeyPath = ("tables", number, "records", index)
                scope = _Scope(mapping.source, table, record, model, value_maps, keys)
                faults += [file.fault((*at, *place), m) for place, m in _record_faults(scope)]
    return faults


@dataclass(frozen=True)
class _Scope:
    """What one record mapping may refer to."""

    source: str
    table: TableMapping
    record: RecordMapping
    model: Model
    value_maps: Mapping[str, ValueMap]
    keys: Mapping[tuple[str, str, str], tuple[str, ...]]
    """Declared key columns by source, table and entity."""


def _table_faults(
    file: YamlFile, number: int, table: TableMapping, mapping: SourceMapping
) -> Iterator[Fault]:
    at: KeyPath = ("tables", number)
    if not table.records:
        message = Text("the table yields no records", "该表没有映射任何记录")
        yield file.fault((*at, "records"), message)
    if table.table in {t.table for t in mapping.tables[:number]}:
        message = Text(f"table '{table.table}' stands twice", f"表“{table.table}”重复")
        yield file.fault((*at, "table"), message)


def _record_faults(scope: _Scope) -> Iterator[tuple[KeyPath, Text]]:
    record = scope.record
    if record.entity not in scope.model.by_name:
        yield ("entity",), Text(f"unknown entity '{record.entity}'", f"未知实体“{record.entity}”")
        return
    fields = scope.model.entity(record.entity).by_name
    for name, origin in record.fields.items():
        at: KeyPath = ("fields", name)
        if name not in fields:
            yield at, Text(f"unknown field '{name}'", f"未知字段“{name}”")
        else:
            yield from ((at, m) for m in _origin_faults(origin, fields[name], scope))
    for name in record.requires:
        if name not in record.fields:
            yield ("requires",), Text(f"field '{name}' is not mapped", f"字段“{name}”未映射")


def _origin_faults(origin: FieldSource, field: Field, scope: _Scope) -> Iterator[Text]:
    if field.references is not None:
        yield from _reference_faults(origin, field.references, scope)
    elif origin.record is not None or origin.table is not None:
        yield Text("the field is no reference", "该字段不是引用字段")
    if origin.values is not None and origin.values not in scope.value_maps:
        yield Text(
            f"no value map mappings/values/{origin.values}.yaml",
            f"找不到取值映射 mappings/values/{origin.values}.yaml",
        )
    if origin.pattern is not None:
        try:
            groups = re.compile(origin.pattern).groups
        except re.error as error:
            yield Text(f"faulty pattern: {error}", f"正则表达式有误：{error}")
        else:
            if groups < 1:
                yield Text("the pattern has no group", "正则表达式缺少捕获组")


def _reference_faults(origin: FieldSource, entity: str, scope: _Scope) -> Iterator[Text]:
    if origin.record is not None:
        before = scope.table.records[: scope.table.records.index(scope.record)]
        if origin.record not in {r.entity for r in before}:
            yield Text(
                f"no record of '{origin.record}' stands before this one",
                f"在此之前该行没有映射出“{origin.record}”记录",
            )
        return
    if origin.table is None:
        yield Text(
            "a reference names a record of the row, or the table that is looked up",
            "引用字段须写明本行记录（record）或所查的表（source、table）",
        )
        return
    place = (origin.source or scope.source, origin.table, origin.entity or entity)
    if place not in scope.keys:
        name = "/".join(place)
        yield Text(f"no mapping for {name}", f"没有 {name} 的映射")
    elif len(scope.keys[place]) != len(origin.source_columns):
        count = len(scope.keys[place])
        yield Text(
            f"the looked-up table declares a key of {count} column(s)",
            f"所查的表声明的主键有 {count} 列",
        )
