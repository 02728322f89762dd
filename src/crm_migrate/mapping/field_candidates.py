"""Which fields a column may be, and how well it fits: by its label, and by its values."""

from collections.abc import Iterator, Sequence

from crm_migrate.mapping.headers import Headers, Match
from crm_migrate.mapping.sample import SHOWS, Column, Sample
from crm_migrate.model import Field, Model, SemanticType

T = SemanticType
CUSTOMER, CONTACT = "customer", "contact"
LEAST = 0.5
"""Proposals that are less sure are not made."""
_SHAPED = {T.USCC, T.ID_NUMBER, T.BANK_CARD, T.MOBILE, T.EMAIL, T.DATE, T.WEBSITE}
"""Types whose values show what they are: a label that says otherwise is doubted."""
_ANY_TEXT = {T.TEXT, T.FREE_TEXT, T.CODE, T.TAGS, T.VOCABULARY}


def candidates(
    column: Column, sample: Sample, allowed: Sequence[str], model: Model, headers: Headers
) -> Iterator[tuple[Match, float]]:
    """Fields of the `allowed` entities that the column may be, each with its score, 0–0.99.

    `sample`: the column's table. References are none: they are found by keys (`look_ups.py`).
    """
    group = next(filter(None, map(headers.subject, column.label.groups)), None)
    for match in [*headers.matches(column.label), *_by_values(column, allowed, model)]:
        if match.entity not in allowed or match.field not in model.entity(match.entity).by_name:
            continue
        main = match.entity == sample.entity
        if match.generic and not main:
            continue
        target = model.entity(match.entity).by_name[match.field]
        if target.references is not None:
            continue
        score = match.score + 0.1 if match.generic else match.score
        score -= 0.1 if match.entity == CUSTOMER and not main else 0
        score += 0.03 if group == match.entity else 0
        score *= _agreement(column, target)
        yield match, min(round(score, 2), 0.99)


def _by_values(column: Column, allowed: Sequence[str], model: Model) -> Iterator[Match]:
    """Columns whose label says nothing, but whose values do."""
    telling = _SHAPED - {T.DATE} | {T.COMPANY_NAME}
    if column.detected.confidence < SHOWS or column.detected.type not in telling:
        return
    for entity in allowed:
        for target in model.entity(entity).fields:
            first = entity == CUSTOMER and target.name != "former_name"
            if target.type is column.detected.type and (target.type is not T.COMPANY_NAME or first):
                yield Match(entity, target.name, 0.55, False, "")


def _agreement(column: Column, target: Field) -> float:
    """1 where the values may be what the label says, less where they look like something else."""
    kind, sure = column.detected.type, column.detected.confidence
    phones = {T.PHONE, T.MOBILE}
    if kind not in _SHAPED or sure < 0.8 or kind is target.type or target.type in _ANY_TEXT:
        return 1.0
    if {kind, target.type} <= phones:
        return 1.0
    return 0.6
