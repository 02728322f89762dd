"""The records that a row of a table is proposed to hold: its own, and those it names beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_migrate.language import Language, Text
from crm_migrate.mapping.field_candidates import CUSTOMER
from crm_migrate.mapping.headers import Headers
from crm_migrate.mapping.hidden import told_of_hidden
from crm_migrate.mapping.sample import Sample
from crm_migrate.model import Model, SemanticType
from crm_migrate.project.mapping_file import FieldSource, RecordMapping

T = SemanticType
_NAMING = {T.CODE, T.PHONE, T.MOBILE, T.EMAIL}
"""Beside the identifying fields: what says which customer is meant."""
_OLD_CODE = "customer_code"
KEY = Text("key of the table", "本表主键")
WHY_ROW = Text("same row", "同一行")
LOOKED_UP = Text("known by the look-up", "可由引用得到")


@dataclass(frozen=True)
class RowRecords:
    """Makes records of the fields that the columns of a table were taken for."""

    sample: Sample
    model: Model
    headers: Headers
    language: Language
    left: dict[str, Text]
    """Column → why no field takes it; amended."""

    def records(
        self, entity: str, found: Mapping[str, Mapping[str, FieldSource]]
    ) -> Iterator[RecordMapping]:
        """The record that a row is, of `entity`, and those beside it; `found`: the fields of each.

        What is known by a look-up makes no record; its columns are `left`.
        """
        order = [e.name for e in self.model.entities if found.get(e.name)]
        made: set[str] = set()
        for name in order:
            fields = dict(found[name])
            if name != entity and not self._stands_alone(name, fields):
                for origin in fields.values():
                    self.left.setdefault(origin.source_columns[0], LOOKED_UP)
                continue
            for reference in self.model.entity(name).references():
                if reference.references in made and reference.name not in fields:
                    why = WHY_ROW.in_language(self.language)
                    own = FieldSource(record=reference.references, confidence=0.9, reason=why)
                    fields = {reference.name: own} | fields
            if all(o.record is not None for o in fields.values()):
                continue
            made.add(name)
            key = self._shared_key(name, entity)
            code = key or (self.sample.key if name == entity else None)
            if name == CUSTOMER and code and len(code) == 1:  # for the table of old and new codes
                why = KEY.in_language(self.language)
                own = FieldSource(column=code[0], confidence=0.95, reason=why)
                fields = {_OLD_CODE: own} | fields
            yield RecordMapping(
                entity=name,
                fields=told_of_hidden(
                    _sorted(fields, self.model, name), self.sample.table.info, self.language
                ),
                requires=self._requires(name, fields) if name != entity and key is None else (),
                key=key,
            )

    def _stands_alone(self, entity: str, fields: Mapping[str, FieldSource]) -> bool:
        """Whether a record beside the row's own could be identified."""
        return any(self.model.entity(entity).by_name[n].identifying for n in fields)

    def _requires(self, name: str, fields: Mapping[str, FieldSource]) -> tuple[str, ...]:
        """What names the customer beside the row's own record: an owner or a department alone
        is none. Empty where all fields do, and nothing needs to be said.
        """
        if name != CUSTOMER:
            return ()
        own = self.model.entity(name).by_name
        filled = [n for n, o in fields.items() if o.source_columns and not own[n].references]
        naming = [n for n in filled if own[n].identifying or own[n].type in _NAMING]
        return tuple(n for n in own if n in naming) if len(naming) < len(filled) else ()

    def _shared_key(self, name: str, main: str) -> tuple[str, ...] | None:
        """The customer's code where many rows name the same customer."""
        if name != CUSTOMER or (main == CUSTOMER and self.sample.key):
            return None
        for column in self.sample.columns:
            if CUSTOMER in self.headers.identifies(column.label) and column.filled >= 0.5:
                self.left.pop(column.name, None)
                return (column.name,)
        return None


def _sorted(fields: Mapping[str, FieldSource], model: Model, entity: str) -> dict[str, FieldSource]:
    return {n: fields[n] for n in model.entity(entity).field_names if n in fields}
