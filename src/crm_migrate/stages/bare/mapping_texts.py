"""The mapping of bare files as YAML, for a person to correct and hand back."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_migrate.language import Text
from crm_migrate.mapping.yaml_text import Comment, mapping_data, value_map_data, yaml_text
from crm_migrate.project.yaml_file import KeyPath
from crm_migrate.stages.bare.file_mappings import FileMappings

_UNUSED = (
    Text(
        "No field takes these columns; they go with the records as they are.",
        "以下列未对应任何字段，原样随记录输出。",
    ),
    Text(
        "To map one, write `field: column` under `fields`; to leave it out, `ignore: [column]`.",
        "如需映射，请在 fields 下写“字段: 列名”；如需忽略，请写 ignore: [列名]。",
    ),
)


def mapping_texts(
    found: FileMappings, unused: Sequence[Mapping[str, Any]]
) -> tuple[str, dict[str, str]]:
    """The mapping as YAML, and its value maps by name: what `mapping` reads again.

    unused: the columns that no field takes (`told_columns.unused_columns`), as comments.
    Of several files: the first.
    """
    source = found.sources[0].source
    own = [t for t in found.tables if t.source == source]
    tables = tuple(t.mapping for t in own)
    comments: dict[KeyPath, Comment] = {}
    for number, table in enumerate(own):
        place = (table.table.info.file, table.table.info.sheet)
        told = tuple(_told(u) for u in unused if (u["file"], u["sheet"]) == place)
        if told:
            comments["tables", number, "records"] = Comment(above=(*map(str, _UNUSED), *told))
    named = {o.values for t in tables for r in t.records for o in r.fields.values()}
    maps = {n: yaml_text(value_map_data(v)) for n, v in found.value_maps.items() if n in named}
    mapping = found.sources[0].model_copy(update={"tables": tables})
    return yaml_text(mapping_data(mapping), comments), maps


def _told(unused: Mapping[str, Any]) -> str:
    fields = ", ".join(unused["could_be"])
    return f"{unused['column']}: {unused['why']}" + (f" ({fields}?)" if fields else "")
