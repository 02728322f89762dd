"""A first proposal of `mappings/target.yaml` from the CRM's own tables; people confirm it.

Tables and columns are recognised by the same words as source headers; keys, references,
vocabularies and lengths are the database's own. Only the schema is read, no row. What is not sure
is left open and said, never guessed: a field without a column is not loaded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crm_migrate.language import Text
from crm_migrate.mapping.headers import Headers, Match, read_label, standard_headers
from crm_migrate.mapping.sandbox import GOLDEN_ID, MATCH
from crm_migrate.model import Entity, Field, Level, Model, SemanticType, Vocabulary
from crm_migrate.project.mapping_file import (
    LeftOut,
    Lookup,
    TargetColumn,
    TargetEntity,
    TargetMapping,
)
from crm_migrate.systems.target_schema import ColumnInfo, TargetSchema, TargetTable

T = SemanticType
_LEAST, _LEAST_FIELDS = 0.5, 2
_SUBJECT_WEIGHT = 3.0
"""A table's name counts as much as three columns that name the same entity."""
_FITS: dict[SemanticType, frozenset[str]] = {
    **dict.fromkeys((T.AMOUNT, T.PERCENTAGE), frozenset({"decimal", "real", "integer", "text"})),
    T.INTEGER: frozenset({"integer", "decimal", "text"}),
    T.BOOLEAN: frozenset({"boolean", "integer", "text"}),
    T.DATE: frozenset({"date", "time", "text"}),
}
"""Kinds of columns that hold a type; all others are text."""
_PEOPLE = re.compile(r"(^|_)(users?|staff|employees?|accounts?_managers?|用户|员工)$")
_OWNS = re.compile(r"owner|assigned|sales_?rep|responsible|负责")
_NAMES = ("full_name", "real_name", "display_name", "name", "姓名", "user_name", "login")
_SEALED = re.compile(r"_(cipher|encrypted|enc|sealed)$")
_INDEXES = ("_index", "_hash", "_bidx")
_DELETED_AT = re.compile(r"^(deleted|removed|archived)_(at|on|date|time)$|^delete_time$|^删除时间$")
_DELETED = re.compile(r"^(is_)?deleted$|^del_flag$|^是否删除$")


@dataclass(frozen=True)
class Open:
    """Something that a person decides: `place` below `entities` in the mapping."""

    place: tuple[str, ...]
    message: Text


@dataclass(frozen=True)
class TargetProposal:
    """The mapping as far as it is sure, and what is open."""

    mapping: TargetMapping
    open: tuple[Open, ...]


def propose_target(
    schema: TargetSchema, model: Model, *, name: str = "crm", headers: Headers | None = None
) -> TargetProposal:
    """The CRM's tables under the entities that they hold; an entity without a table is left out."""
    words = headers or standard_headers()
    chosen = _tables(schema, model, words)
    found, places = {}, list[Open]()
    for entity in model.entities:
        if entity.name in chosen:
            made = _Table(schema, chosen, chosen[entity.name], entity, model, words)
            found[entity.name] = made.mapping()
            places += made.open
        else:
            message = Text(
                f"no table was recognised that holds {entity.name}",
                f"未识别出存放{entity.label.zh}的表",
            )
            places.append(Open((), message))
    return TargetProposal(TargetMapping(target=name, entities=found), tuple(places))


def _tables(schema: TargetSchema, model: Model, words: Headers) -> dict[str, TargetTable]:
    """Entity → the table that speaks of it most; each table is taken once."""
    scored = [
        (_score(table, entity, words), table.name, entity.name)
        for table in schema.tables.values()
        if len(table.primary_key) == 1 and not _PEOPLE.search(table.name)
        for entity in model.entities
    ]
    chosen: dict[str, TargetTable] = {}
    for score, table_name, entity_name in sorted(scored, key=lambda s: (-s[0], s[1], s[2])):
        taken = {t.name for t in chosen.values()}
        if score >= _SUBJECT_WEIGHT and entity_name not in chosen and table_name not in taken:
            chosen[entity_name] = schema.tables[table_name]
    return chosen


def _score(table: TargetTable, entity: Entity, words: Headers) -> float:
    score = _SUBJECT_WEIGHT if words.subject(table.name) == entity.name else 0.0
    for column in table.columns:
        matches = words.matches(read_label(column.name))
        telling = {m.entity for m in matches if not m.generic}
        if entity.name in telling:
            score += 1 / len(telling)
        elif any(m.entity == entity.name for m in matches):
            score += 0.25
    return score


@dataclass
class _Table:
    """The proposal for one entity while it is being made."""

    schema: TargetSchema
    chosen: Mapping[str, TargetTable]
    table: TargetTable
    entity: Entity
    model: Model
    words: Headers
    fields: dict[str, TargetColumn] = field(default_factory=dict)
    open: list[Open] = field(default_factory=list)

    def mapping(self) -> TargetEntity:
        """The entity's part of the mapping."""
        self._references()
        self._owner()
        for match, column in self._matches():
            if match.field not in self.fields and column.name not in self._taken():
                self._field(self.entity.by_name[match.field], column)
        self._say_open()
        held = {c.name for c in self.table.columns}
        match_on = MATCH.get(self.entity.name, ())
        order = [f for f in self.entity.field_names if f in self.fields]
        return TargetEntity(
            table=self.table.name,
            key=self.table.primary_key[0],
            fields={f: self.fields[f] for f in order},
            golden_id=GOLDEN_ID if GOLDEN_ID in held else None,
            match=match_on if set(match_on) <= set(order) else (),
            left_out=self._left_out(),
        )

    def _taken(self) -> set[str]:
        names = {c.column for c in self.fields.values()}
        return names | {c.index for c in self.fields.values() if c.index is not None}

    def _references(self) -> None:
        """Columns whose foreign key leads to the table of the entity that a field refers to."""
        for reference in self.entity.references():
            other = self.chosen.get(reference.references or "")
            if other is None:
                continue
            leading = [
                k.columns[0]
                for k in self.table.foreign_keys
                if k.table == other.name and k.referred == other.primary_key
            ]
            if len(leading) > 1:
                named = [c for c in leading if self._names(c, reference.name)]
                leading = named if len(named) == 1 else []
            if leading and leading[0] not in self._taken():
                column = TargetColumn(column=leading[0], references=reference.references)
                self.fields[reference.name] = column

    def _names(self, column: str, field_name: str) -> bool:
        matches = self.words.matches(read_label(column))
        return any(m.field == field_name for m in matches) or field_name in column

    def _owner(self) -> None:
        """An owner is looked up by name in the CRM's table of users."""
        owners = [f for f in self.entity.fields if f.type is T.OWNER]
        leading = [
            k
            for k in self.table.foreign_keys
            if len(k.columns) == 1 and _PEOPLE.search(k.table) and k.table in self.schema.tables
        ]
        named = [k for k in leading if _OWNS.search(k.columns[0])] or leading
        if not owners or len(named) != 1:
            return
        users = self.schema.tables[named[0].table]
        held = {c.name for c in users.columns}
        by = next((n for n in _NAMES if n in held), None)
        if by is not None:
            lookup = Lookup(table=users.name, match=by, value=named[0].referred[0])
            column = TargetColumn(column=named[0].columns[0], lookup=lookup)
            self.fields[owners[0].name] = column

    def _matches(self) -> Iterator[tuple[Match, ColumnInfo]]:
        """Fields that columns name, the surest first."""
        foreign = {c for k in self.table.foreign_keys for c in k.columns}
        held = {*self.table.primary_key, GOLDEN_ID, *foreign}
        found = []
        for number, column in enumerate(self.table.columns):
            if column.generated or column.name in held:
                continue
            label = read_label(_SEALED.sub("", column.name))
            for match in self.words.matches(label):
                known = self.entity.by_name.get(match.field)
                if match.entity == self.entity.name and known and known.references is None:
                    found.append((match.score, -number, match, column))
            if self.entity.name in self.words.identifies(label):
                code = next((f for f in self.entity.fields if f.type is T.CODE), None)
                if code is not None:
                    found.append(
                        (0.6, -number, Match(self.entity.name, code.name, 0.6, True, ""), column)
                    )
        for score, _, match, column in sorted(found, key=lambda f: (-f[0], -f[1])):
            if score >= _LEAST:
                yield match, column

    def _field(self, known: Field, column: ColumnInfo) -> None:
        """Take the column for the field, if it can hold it and its values are understood."""
        if column.kind not in _FITS.get(known.type, frozenset({"text"})):
            self._leave(known, column, Text("its type does not fit", "类型不符"))
            return
        values: dict[str, str] = {}
        if known.vocabulary is not None and column.vocabulary:
            found = _values(self.model.vocabularies[known.vocabulary], column.vocabulary)
            if found is None:
                listed = ", ".join(column.vocabulary)
                why = Text(f"which value is which? ({listed})", f"取值如何对应?({listed})")
                self._leave(known, column, why)
                return
            values = found
        self.fields[known.name] = TargetColumn(
            column=column.name, values=values, index=self._index(known, column)
        )

    def _index(self, known: Field, column: ColumnInfo) -> str | None:
        """A column beside a sealed one that looks as if it were for its blind index."""
        if known.level is not Level.SECRET:
            return None
        held = {c.name for c in self.table.columns}
        stem = _SEALED.sub("", column.name)
        return next((stem + end for end in _INDEXES if stem + end in held), None)

    def _leave(self, known: Field, column: ColumnInfo, why: Text) -> None:
        place = (self.entity.name, "fields")
        en = f"{known.name} and column {column.name}: {why.en}"
        zh = f"{known.label.zh}与字段 {column.name}:{why.zh}"
        self.open.append(Open(place, Text(en, zh)))

    def _left_out(self) -> LeftOut | None:
        for column in self.table.columns:
            if _DELETED_AT.search(column.name):
                return LeftOut(column=column.name, when="filled")
            if _DELETED.search(column.name) and column.kind in ("boolean", "integer", "text"):
                return LeftOut(column=column.name, when=("1",))
        return None

    def _say_open(self) -> None:
        told = {f.partition(" ")[0] for f in (o.message.en for o in self.open)}
        place = (self.entity.name, "fields")
        missing = [f.name for f in self.entity.fields if f.name not in {*self.fields, *told}]
        if missing:
            listed = ", ".join(missing)
            message = Text(f"no column was recognised for {listed}", f"未识别出对应字段：{listed}")
            self.open.append(Open(place, message))
        unused = [
            c.name
            for c in self.table.columns
            if c.name not in {*self._taken(), *self.table.primary_key, GOLDEN_ID}
            and not c.generated
        ]
        if unused:
            listed = ", ".join(unused)
            message = Text(f"columns that nothing is mapped to: {listed}", f"未映射的列：{listed}")
            self.open.append(Open(place, message))


def _values(vocabulary: Vocabulary, held: Sequence[str]) -> dict[str, str] | None:
    """Value → the column's own spelling of it; {} where they are the same, None where it is open.

    Total over the field's values, as the mapping demands.
    """
    if set(vocabulary.values) <= set(held):
        return {}
    meant = {s.casefold(): v for s, v in vocabulary.synonyms.items()}
    meant |= {v.casefold(): v for v in vocabulary.values}
    found: dict[str, str] = {}
    for spelling in held:
        value = meant.get(spelling.casefold())
        if value is not None:
            found.setdefault(value, spelling)
    return (
        {v: found[v] for v in vocabulary.values} if set(found) >= set(vocabulary.values) else None
    )
