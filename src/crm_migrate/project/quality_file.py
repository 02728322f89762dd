"""`rules/quality.yaml`: what the measures of data quality weigh and what they are held against."""

from datetime import date
from typing import Annotated

from pydantic import Field

from crm_migrate.project.quality_measures import Dimension
from crm_migrate.project.settings import Cover, Frozen

Weight = Annotated[float, Field(ge=0, le=1000)]


class Weights(Frozen):
    """1 where nothing is said. An entity's or field's weight multiplies A and B of its cells."""

    dimensions: dict[Dimension, Weight] = {}
    """Of a dimension in the score."""
    measures: dict[str, Weight] = {}
    """Of a measure within its dimension; 0: shown, but not counted."""
    entities: dict[str, Weight] = {}
    fields: dict[str, Weight] = {}
    """By `entity.field`."""


class Period(Frozen):
    """Between which days dates can lie (0501)."""

    earliest: date = date(1990, 1, 1)
    future: tuple[str, ...] = ()
    """`entity.field` of dates that may lie after the day of the run."""


class Current(Frozen):
    """A record is up to date (0502) when one of its dates is recent enough."""

    within_days: int = Field(ge=1)
    dates: tuple[str, ...] = Field(min_length=1)
    """`entity.field`: of the entity itself, or of one that refers to it."""


class QualityFile(Frozen):
    """The whole file, after `extends` was resolved."""

    weights: Weights = Weights()
    unique: tuple[str, ...] = ()
    """`entity.field` whose values must be unique (0304)."""
    own_to_source: tuple[str, ...] = ()
    """`entity.field` that differs between systems by nature and is not compared (0401)."""
    period: Period = Period()
    current: dict[str, Current] = {}
    """By entity."""
    sequence: dict[str, tuple[tuple[str, str], ...]] = {}
    """By entity: pairs of date fields, the earlier first; `reference.field` is of that record."""
    examples: int = Field(default=5, ge=0, le=100)
    """Masked examples per rule in reports."""
    document: Cover = Cover(number="CRM-DQ-001", title="客户数据质量报告")
    dictionary: Cover = Cover(number="CRM-DD-001", title="客户数据字典")
