"""Merges as people see them: which row of the CRM is given up for which, and what moves over."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.plan.show.names import Names
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.protection.masking import mask_pair
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.protection.private_persons import any_of, covered_pair, persons_of

SHOWN_MOVES = 5_000
"""Merges that people's files list; the counts are of all."""


@dataclass(frozen=True, slots=True)
class MoveView:
    """One merge: the record that stays, the row that is given up, and what is re-parented.

    `kind` is `merge`, or `unmerge` where a rollback restores the row. `moved`: label of an entity
    (or name of a table) and how many of its rows move over (or back).
    """

    kind: str
    entity: str
    label: str
    title: str
    golden_id: str
    kept: str
    """Primary key of the row that stays."""
    given_up: str
    """Primary key of the row that goes, or comes back."""
    moved: tuple[tuple[str, int], ...]
    sides: tuple[tuple[str, str, str], ...] = ()
    """Label of a field, and its masked value in the row that stays and in the one that goes."""


def moves_shown(
    moves: pl.DataFrame | None,
    target: TargetMapping,
    names: Names,
    groups: tuple[str, ...] | None = None,
) -> tuple[MoveView, ...]:
    """The merges of a plan (frame MOVES), in the order of golden ids; of some groups only."""
    if moves is None or moves.is_empty():
        return ()
    if groups is not None:
        moves = moves.filter(pl.col("group").is_in(list(groups)))
    merges = moves.filter(pl.col("kind") != "reparent").sort("golden_id", "row_key")
    shown = merges.head(SHOWN_MOVES)
    language = names.language
    labels = {
        held.table: names.model.entity(entity).label.in_language(language)
        for entity, held in target.entities.items()
    }
    children = moves.filter(pl.col("kind") == "reparent")
    moved: dict[tuple[str, str], list[tuple[str, int]]] = {}
    # A child goes from the key that is given up to the one that stays; taken back, the other way.
    for side in ("before", "after"):
        counted = children.group_by("golden_id", side, "table").len().sort("table")
        for golden, key, table, count in counted.iter_rows():
            moved.setdefault((golden, key), []).append((labels.get(table, table), count))
    titles: dict[str, str | None] = {}
    for (name,), part in shown.group_by(["entity"]):
        found = names.titles(names.model.entity(str(name)), part["golden_id"])
        titles |= dict(zip(part["golden_id"], found, strict=True))
    return tuple(
        MoveView(
            kind=row["kind"],
            entity=row["entity"],
            label=names.model.entity(row["entity"]).label.in_language(language),
            title=titles.get(row["golden_id"]) or row["golden_id"][:10],
            golden_id=row["golden_id"],
            kept=row["after"] or row["before"] or "",
            given_up=row["row_key"] or "",
            moved=tuple(moved.get((row["golden_id"], row["row_key"]), ())),
            sides=tuple(_sides(row, names)) if row["kind"] == "merge" else (),
        )
        for row in shown.iter_rows(named=True)
    )


def _sides(row: Mapping[str, str | None], names: Names) -> Iterator[tuple[str, str, str]]:
    """Both rows field by field; masked values that look equal but differ are marked."""
    entity = names.model.entity(str(row["entity"]))
    cells = json.loads(row["row"] or "{}")
    stays, goes = cells.get("stays") or {}, cells.get("goes") or {}
    texts = dict.fromkeys(entity.field_names, pl.String)
    persons = any_of(persons_of(pl.DataFrame([c], schema=texts), entity) for c in (stays, goes))
    for field in entity.fields:
        one, other = stays.get(field.name), goes.get(field.name)
        if field.references is not None or (one is None and other is None):
            continue
        both = pl.Series([one], dtype=pl.String), pl.Series([other], dtype=pl.String)
        if names.policy.treatment(entity.name, field.name, Audience.REPORT) != Treatment.CLEAR:
            both = mask_pair(*both, field.type)
        else:
            both = covered_pair(*both, field.type, persons)
        yield field.label.in_language(names.language), both[0][0] or "", both[1][0] or ""
