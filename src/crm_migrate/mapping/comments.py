"""Comments of mapping files: what people noted behind the fields of a table."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm_migrate.mapping.table_rows import Place, record_names
from crm_migrate.mapping.yaml_text import Comment, read_comments
from crm_migrate.project import Project
from crm_migrate.project.mapping_file import SourceMapping, TableMapping


def mapping_comments(project: Project, source: str) -> dict[Any, Comment]:
    """The comments of a source's mapping file by key path."""
    path = project.path(project.settings.mappings) / f"{source}.yaml"
    return dict(read_comments(path, path.read_text("utf-8-sig")))


def place_comments(
    table: TableMapping, number: int, comments: dict[Any, Comment]
) -> dict[Place | str, str]:
    """The comments behind the fields of one table."""
    found: dict[Place | str, str] = {}
    for index, (name, record) in enumerate(zip(record_names(table), table.records, strict=True)):
        for field in record.fields:
            at = ("tables", number, "records", index, "fields", field)
            found[name, field] = comments.get(at, Comment()).behind or ""
    return found


def with_notes(
    project: Project,
    new: SourceMapping,
    notes: Mapping[tuple[str, int], Mapping[tuple[str, str], str]],
) -> dict[Any, Comment]:
    """The comments of a source's file once it holds `new`, where people noted something else.

    `notes`: (source, number of the table) → place → note.
    """
    comments = mapping_comments(project, new.source)
    old = project.mappings[new.source]
    for (source, number), noted in notes.items():
        if source != new.source:
            continue
        table = new.tables[number]
        names = record_names(table)
        _move(comments, number, record_names(old.tables[number]), names)
        for index, record in enumerate(names):
            for field in table.records[index].fields:
                at = ("tables", number, "records", index, "fields", field)
                behind = noted.get((record, field)) or None
                comments[at] = replace(comments.get(at, Comment()), behind=behind)
    return comments


def _move(comments: dict[Any, Comment], table: int, before: list[str], after: list[str]) -> None:
    """Comments follow their record to its new place."""
    stem = ("tables", table, "records")
    own = {at: c for at, c in comments.items() if at[:3] == stem and len(at) > 3}
    for at in own:
        del comments[at]
    for at, comment in own.items():
        name = before[at[3]]
        if name in after:
            comments[(*stem, after.index(name), *at[4:])] = comment
