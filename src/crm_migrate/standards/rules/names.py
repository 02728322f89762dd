"""Names in rules: entities, fields and references, also by their Chinese labels."""

from crm_migrate.language import Text
from crm_migrate.model import Entity, Field
from crm_migrate.standards.rules.kinds import Misread


def names_entity(entity: Entity, name: str) -> bool:
    """Whether the name, or the Chinese label, is this entity's."""
    return name in (entity.name, entity.label.zh)


def named_field(entity: Entity, name: str) -> Field:
    """The field of that name, or of that Chinese label.

    Raises:
        Misread: there is none.
    """
    found = entity.by_name.get(name)
    if found is None:
        found = next((f for f in entity.fields if f.label.zh == name), None)
    if found is None:
        raise no_field(name, entity)
    return found


def no_field(name: str, entity: Entity) -> Misread:
    """The fault of a name that no field has, with names that are near."""
    from rapidfuzz import process

    near = [n for n, *_ in process.extract(name, entity.field_names, limit=3, score_cutoff=60)]
    remedy = Text(f"near: {', '.join(near)}", f"相近：{'、'.join(near)}") if near else None
    return Misread(
        Text(f"{entity.name} has no field '{name}'", f"{entity.label.zh}没有字段“{name}”"), remedy
    )


def reference_between(child: Entity, entity: Entity) -> str:
    """The field of `child` by which its records belong to one of `entity`.

    Raises:
        Misread: none does, or several.
    """
    found = [f.name for f in child.references() if f.references == entity.name]
    if child.root in found:
        return str(child.root)
    if len(found) == 1:
        return found[0]
    raise Misread(
        Text(f"{child.name} does not refer to {entity.name} in one way",
             f"{child.label.zh}与{entity.label.zh}之间没有唯一的引用")
    )  # fmt: skip
