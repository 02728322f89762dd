"""The last gate: each entity's schema, declared with pandera and generated from the model.

What passes can be stored: every value has its one canonical form, closed lists hold, ids are
unique. pandera's failure cases carry values, so they are turned into findings at once. It takes
seconds to import and is imported when a column first gives cause to ask it.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, Field, Model, SemanticType
from crm_migrate.records import RECORD_ID, Rule, Severity, unique_ids
from crm_migrate.standards import amount, boolean, date, integer, percentage
from crm_migrate.standards.contract import Broken

if TYPE_CHECKING:
    import pandera.polars as pa

_REPORT = Text(
    "Correct the value in the source, and report it: a check of the program let it pass.",
    "请在源数据中更正该值，并反馈给系统维护人员：程序检查未能拦截。",
)
FORM = Rule(
    "schema.form",
    Severity.ERROR,
    Text(
        "The value is not in the form that the target can store", "取值不符合目标系统可存储的格式"
    ),
    _REPORT,
)
VOCABULARY = Rule(
    "schema.vocabulary",
    Severity.ERROR,
    Text("The value is not in the vocabulary", "取值不在取值表中"),
    _REPORT,
)
CHARACTERS = Rule(
    "schema.characters",
    Severity.ERROR,
    Text("The text holds control characters", "文本含有控制字符"),
    _REPORT,
)
DUPLICATE_ID = Rule(
    "schema.record_id",
    Severity.ERROR,
    Text("The record id is missing or occurs more than once", "记录标识缺失或重复"),
    Text(
        "Choose a key column whose values are unique, or leave the key out.",
        "请选择取值唯一的主键列，或不指定主键。",
    ),
)
RULES: tuple[Rule, ...] = (FORM, VOCABULARY, CHARACTERS, DUPLICATE_ID)

_FORMS = {
    SemanticType.DATE: date.CANONICAL,
    SemanticType.AMOUNT: amount.CANONICAL,
    SemanticType.INTEGER: integer.CANONICAL,
    SemanticType.PERCENTAGE: percentage.CANONICAL,
    SemanticType.BOOLEAN: boolean.CANONICAL,
}
"""Types whose target column is no text: here nothing but the canonical form can be stored."""
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
_NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"


@lru_cache(maxsize=64)
def _schema(fields: tuple[tuple[Field, tuple[str, ...]], ...]) -> "pa.DataFrameSchema":
    import pandera.polars as pa

    columns: dict[str, Any] = {RECORD_ID: pa.Column(str, unique=True, nullable=False)}
    for field, values in fields:
        if field.type in _FORMS:
            check = pa.Check.str_matches(_FORMS[field.type], error=FORM.code)
        elif values:
            check = pa.Check.isin(list(values), error=VOCABULARY.code)
        else:
            check = pa.Check.str_matches(_NO_CONTROLS, error=CHARACTERS.code)
        columns[field.name] = pa.Column(str, check, nullable=True)
    return pa.DataFrameSchema(columns, strict=False)


def schema_of(
    entity: Entity, model: Model, names: Collection[str] | None = None
) -> "pa.DataFrameSchema":
    """The pandera schema of standardized records of `entity`, or of those fields alone.

    Raises:
        KeyError: a field names a vocabulary that the model does not have.
    """
    return _schema(
        tuple(
            (f, model.vocabularies[f.vocabulary].values if f.vocabulary else ())
            for f in entity.fields
            if names is None or f.name in names
        )
    )


def _doubtful(
    entity: Entity, model: Model, records: pl.DataFrame, distinct: Mapping[str, pl.Series]
) -> set[str]:
    """The columns that the schema must judge: a look at their values tells that most hold nothing
    against it.

    The standards leave hardly anything, and pandera's import alone costs as much CPU as
    thousands of records.
    """
    found = set() if unique_ids(records[RECORD_ID]) else {RECORD_ID}

    def fits(field: Field) -> bool:
        if records.schema.get(field.name) != pl.String:
            return False
        value = distinct.get(field.name, records[field.name])
        if field.type in _FORMS:
            return value.str.contains(_FORMS[field.type]).all()
        if field.vocabulary and model.vocabularies[field.vocabulary].values:
            return value.is_in(model.vocabularies[field.vocabulary].values).all()
        return not _has_controls(value)

    return found | {f.name for f in entity.fields if not fits(f)}


_BLOCK = 30_000
"""Texts looked over at a time: their bytes stay in the processor's cache."""


def _has_controls(value: pl.Series) -> bool:
    """Whether any text holds a control character; one look over the bytes says no for most."""
    for start in range(0, len(value), _BLOCK):
        texts = value.slice(start, _BLOCK).to_arrow(compat_level=pl.CompatLevel.oldest())
        characters = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
        if len(characters) and characters.min() < ord(" "):
            return bool(value.str.contains(_CONTROLS).any())
    return False


def failures(
    entity: Entity,
    model: Model,
    records: pl.DataFrame,
    distinct: Mapping[str, pl.Series] = MappingProxyType({}),
) -> list[Broken]:
    """Each broken rule with its field and the rows (a mask over `records`) that break it.

    `distinct`: of some fields the values that occur, each at least once.
    """
    doubtful = _doubtful(entity, model, records, distinct)
    if not doubtful:
        return []
    import pandera.polars as pa

    try:
        schema_of(entity, model, doubtful).validate(records, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases.select("column", "check", "index")
    else:
        return []
    # `error` also holds the values: nothing of it leaves this function.
    found = []
    by_code = {rule.code: rule for rule in RULES}
    for (column, check), group in cases.group_by("column", "check", maintain_order=True):
        rule = DUPLICATE_ID if column == RECORD_ID else by_code.get(str(check), FORM)
        rows = pl.int_range(len(records), eager=True).is_in(
            group.get_column("index").drop_nulls().unique().cast(pl.Int64).implode()
        )
        found.append((str(column), rule, rows))
    return found
