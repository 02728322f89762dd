"""What is mapped although the workbook hides it: it may have been put aside on purpose."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_migrate.formats.contract import TableInfo
from crm_migrate.language import Language, Text
from crm_migrate.mapping.sample import Sample
from crm_migrate.project.mapping_file import FieldSource, TableMapping

HIDDEN_SHEET = Text("{why}; on a hidden sheet", "{why}；来自隐藏的工作表")
HIDDEN_COLUMN = Text("{why}; in a hidden column", "{why}；来自隐藏列")


@dataclass(frozen=True)
class Hidden:
    """Something mapped that whoever opens the workbook does not see."""

    source: str
    table: str
    columns: tuple[str, ...]
    """The hidden ones; empty: the whole sheet is hidden."""


def hidden_part(sample: Sample, mapping: TableMapping) -> Iterator[Hidden]:
    """What of a mapped table the workbook hides."""
    info = sample.table.info
    columns = tuple(c for c in mapping.columns() if c in info.hidden_columns)
    if info.hidden or columns:
        yield Hidden(sample.source, sample.name, () if info.hidden else columns)


def told_of_hidden(
    fields: Mapping[str, FieldSource], info: TableInfo, language: Language
) -> dict[str, FieldSource]:
    """The fields; the reason says where the workbook hides what they are read from."""
    said = dict(fields)
    for name, origin in fields.items():
        behind = set(origin.source_columns) & set(info.hidden_columns)
        if origin.source_columns and (info.hidden or behind):
            where = HIDDEN_SHEET if info.hidden else HIDDEN_COLUMN
            why = where.in_language(language, why=origin.reason or "")
            said[name] = origin.model_copy(update={"reason": why})
    return said
