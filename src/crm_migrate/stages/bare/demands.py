"""What may be demanded of bare files: nothing that they have no column for."""

from dataclasses import replace

from crm_migrate.language import Text
from crm_migrate.model import Entity, Field, Model
from crm_migrate.stages.bare.file_mappings import FileMappings
from crm_migrate.standards.rules.records import RecordRules


def lenient_model(model: Model, found: FileMappings) -> Model:
    """The model as bare files are judged by it. Values are demanded only of fields that some table
    has a column for: that a column is missing is said once, not of every record. And only the
    record that a row stands for has to be identified, not what the row says of others.
    """
    there = _columns(found)

    def lenient(entity: Entity) -> Entity:
        own = entity.name == found.entity
        fields = tuple(
            replace(
                f,
                required=f.required and (entity.name, f.name) in there,
                identifying=f.identifying and own,
            )
            for f in entity.fields
        )
        return replace(entity, fields=fields)

    return replace(model, entities=tuple(lenient(e) for e in model.entities))


def _columns(found: FileMappings) -> set[tuple[str, str]]:
    """(entity, field) of everything that some table has a column for."""
    return {(r.entity, n) for t in found.tables for r in t.mapping.records for n in r.fields}


def lenient_rules(rules: RecordRules, found: FileMappings) -> RecordRules:
    """The rules without those that demand one of several fields of which none has a column."""
    there = _columns(found)
    kept = tuple(
        j
        for j in rules.judgements
        if not j.required or any((j.entity, name) in there for name in j.required)
    )
    return replace(rules, judgements=kept)


def missing_columns(model: Model, found: FileMappings) -> list[Field]:
    """Required fields of the result's entity that no column was taken for."""
    there = _columns(found)
    fields = model.entity(found.entity).fields
    return [f for f in fields if f.required and (found.entity, f.name) not in there]


def told_missing(model: Model, found: FileMappings) -> Text | None:
    """The same for people, said once; None where nothing is missing."""
    labels = [f.label for f in missing_columns(model, found)]
    if not labels:
        return None
    en, zh = ", ".join(t.en for t in labels), "、".join(t.zh for t in labels)
    return Text(
        f"a CRM asks for these, too; there is no column of them, so they are not judged: {en}",
        f"CRM 还要求以下字段；文件中无对应列，不参与校验：{zh}",
    )
