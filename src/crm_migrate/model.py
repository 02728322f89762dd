"""Entities, fields, semantic types and confidentiality: what the customer data consists of.

Loaded from `rules/entities.yaml` (see `project/entities_file.py`); everything here is frozen. A
standardized value is always *canonical text* (Polars String, null when missing): dates
`2024-02-29`, amounts plain decimals in the field's unit, booleans `true`/`false`, several values
joined by `;`. So a value has one written form that is compared, digested, sealed and shown alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from crm_migrate.language import Text

MULTI_SEPARATOR = ";"


class SemanticType(StrEnum):
    """What a value *is*; each but the plain ones has a module in `standards/`."""

    TEXT = "text"
    FREE_TEXT = "free_text"
    CODE = "code"
    COMPANY_NAME = "company_name"
    PERSON_NAME = "person_name"
    TITLE = "title"
    USCC = "uscc"
    ORGANISATION_CODE = "organisation_code"
    REGISTRATION_NUMBER = "registration_number"
    TAX_NUMBER = "tax_number"
    ID_NUMBER = "id_number"
    TRAVEL_DOCUMENT = "travel_document"
    BANK_CARD = "bank_card"
    BANK_ACCOUNT = "bank_account"
    MOBILE = "mobile"
    PHONE = "phone"
    EMAIL = "email"
    WEBSITE = "website"
    WECHAT = "wechat"
    QQ = "qq"
    INDUSTRY = "industry"
    ADDRESS = "address"
    DATE = "date"
    AMOUNT = "amount"
    INTEGER = "integer"
    PERCENTAGE = "percentage"
    BOOLEAN = "boolean"
    VOCABULARY = "vocabulary"
    TAGS = "tags"
    OWNER = "owner"
    DEPARTMENT = "department"
    REFERENCE = "reference"


class Level(StrEnum):
    """Confidentiality of a field: 公开 / 内部 / 敏感 / 机密 (to be mapped to GB/T 43697)."""

    PUBLIC = "public"
    INTERNAL = "internal"
    SENSITIVE = "sensitive"
    SECRET = "secret"


LEVEL_LABELS = {
    Level.PUBLIC: Text("public", "公开"),
    Level.INTERNAL: Text("internal", "内部"),
    Level.SENSITIVE: Text("sensitive", "敏感"),
    Level.SECRET: Text("secret", "机密"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds for a record whose `field` has one of `values` (canonical text)."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity. `required` is a completeness demand (a warning when missing)."""

    name: str
    type: SemanticType
    label: Text
    level: Level = Level.INTERNAL
    required: bool = False
    required_when: tuple[Condition, ...] = ()
    """With `required`: the demand holds only where all of these conditions hold."""
    identifying: bool = False
    """A record in which every identifying field is missing cannot be identified: quarantine."""
    vocabulary: str | None = None
    unit: str | None = None
    currency: str | None = None
    """Of an amount: the field that says its currency (ISO 4217), so that others than CNY stay."""
    references: str | None = None
    """The entity that a `reference` field points to."""
    owner: Text | None = None
    """Which department answers for the values; with the next two, for the data dictionary."""
    update_frequency: Text | None = None
    retention: Text | None = None
    max_length: int | None = None
    meaning: Text | None = None


@dataclass(frozen=True)
class Entity:
    """A kind of record. `root` names the reference field to its owner (None for customer)."""

    name: str
    label: Text
    fields: tuple[Field, ...]
    root: str | None = None
    total: str | None = None
    """Amount field whose control totals are computed; with `total_date` and the department."""
    total_date: str | None = None

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by name."""
        return {f.name: f for f in self.fields}

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of the fields in their declared order."""
        return tuple(f.name for f in self.fields)

    def references(self) -> Iterator[Field]:
        """The fields that point to another record."""
        return (f for f in self.fields if f.references is not None)

    def first(self, type_: SemanticType) -> str | None:
        """The name of the first field of a type; None where there is none."""
        return next((f.name for f in self.fields if f.type is type_), None)


@dataclass(frozen=True)
class Vocabulary:
    """A closed list of values with the spellings that are understood as each of them."""

    name: str
    values: tuple[str, ...]
    synonyms: dict[str, str]
    """Other spelling → value."""


@dataclass(frozen=True)
class Model:
    """All entities, parents before children (topological by reference), and the vocabularies."""

    entities: tuple[Entity, ...]
    vocabularies: dict[str, Vocabulary]

    @cached_property
    def by_name(self) -> dict[str, Entity]:
        """Entities by name."""
        return {e.name: e for e in self.entities}

    def entity(self, name: str) -> Entity:
        """The entity of that name; KeyError when there is none."""
        return self.by_name[name]
