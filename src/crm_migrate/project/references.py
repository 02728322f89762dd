"""Checks across files: does everything that a mapping names exist?"""

import re
from collections.abc import Iterator, Mapping

from crm_migrate.errors import Fault
from crm_migrate.language import Text
from crm_migrate.model import Model
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
    known = {(m.source, t.table) for _, m in mappings.values() for t in m.tables}
    for file, mapping in mappings.values():
        for number, table in enumerate(mapping.tables):
            for index, record in enumerate(table.records):
                at: KeyPath = ("tables", number, "records", index)
                for place, message in _record_faults(record, table, model, value_maps, known):
                    faults.append(file.fault((*at, *place), message))
    return faults


def _record_faults(
    record: RecordMapping,
    table: TableMapping,
    model: Model,
    value_maps: Mapping[str, ValueMap],
    known: set[tuple[str, str]],
) -> Iterator[tuple[KeyPath, Text]]:
    if record.entity not in model.by_name:
        yield ("entity",), Text(f"unknown entity '{record.entity}'", f"未知实体“{record.entity}”")
        return
    fields = model.entity(record.entity).by_name
    siblings = {r.entity for r in table.records}
    for name, origin in record.fields.items():
        at: KeyPath = ("fields", name)
        if name not in fields:
            yield at, Text(f"unknown field '{name}'", f"未知字段“{name}”")
        else:
            yield from ((at, m) for m in _origin_faults(origin, siblings, value_maps, known))


def _origin_faults(
    origin: FieldSource,
    siblings: set[str],
    value_maps: Mapping[str, ValueMap],
    known: set[tuple[str, str]],
) -> Iterator[Text]:
    if origin.values is not None and origin.values not in value_maps:
        yield Text(
            f"no value map mappings/values/{origin.values}.yaml",
            f"找不到取值映射 mappings/values/{origin.values}.yaml",
        )
    if origin.record is not None and origin.record not in siblings:
        yield Text(
            f"the row yields no record of '{origin.record}'", f"该行没有映射出“{origin.record}”记录"
        )
    if origin.source is not None and (origin.source, origin.table) not in known:
        place = f"{origin.source}/{origin.table}"
        yield Text(f"no mapping for {place}", f"没有 {place} 的映射")
    if origin.pattern is not None:
        try:
            groups = re.compile(origin.pattern).groups
        except re.error as error:
            yield Text(f"faulty pattern: {error}", f"正则表达式有误:{error}")
        else:
            if groups < 1:
                yield Text("the pattern has no group", "正则表达式缺少捕获组")
