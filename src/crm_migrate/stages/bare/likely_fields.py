"""Which field a column could be meant for that was not understood: for a person to decide."""

from collections.abc import Iterator

import polars as pl

from crm_migrate.formats.detect import detect
from crm_migrate.mapping.headers import Headers, read_label, standard_headers
from crm_migrate.model import Model, SemanticType
from crm_migrate.stages.bare.file_mappings import FileMappings

T = SemanticType
_NEAR, _SURE, _MOST = 60, 0.8, 2
"""Least similarity of labels (RapidFuzz ratio), least confidence in values, proposals at most."""
_TELLING = {
    T.USCC, T.ID_NUMBER, T.BANK_CARD, T.BANK_ACCOUNT, T.MOBILE, T.PHONE, T.EMAIL, T.WEBSITE,
    T.ADDRESS, T.COMPANY_NAME, T.INDUSTRY, T.TRAVEL_DOCUMENT,
}  # fmt: skip
"""Types whose values show what they are, and of which an entity has one or two fields."""


def likely_fields(
    header: str, values: pl.Series, mappings: FileMappings, model: Model
) -> tuple[str, ...]:
    """The fields, as a mapping of the file would name them (`contact.mobile`), likeliest first.

    >>> from crm_migrate.project.entities_file import standard_model
    >>> likely_fields("备用电话号码", pl.Series(["0591-87654321"]),
    ...               FileMappings("customer", (), {}), standard_model())
    ('phone',)
    """
    entities = [mappings.entity]
    entities += [r.entity for t in mappings.tables for r in t.mapping.records]
    names = dict.fromkeys([*_by_label(header), *_by_values(header, values, model, entities)])
    known = (
        (entity, field)
        for entity, field in names
        if entity in entities and model.entity(entity).by_name[field].references is None
    )
    told = (f if e == mappings.entity else f"{e}.{f}" for e, f in known)
    return tuple(dict.fromkeys(told))[:_MOST]


def _by_label(header: str, headers: Headers | None = None) -> Iterator[tuple[str, str]]:
    """Fields one of whose words stands in the label, the longest first, else is like it."""
    from rapidfuzz import fuzz, process

    words = (headers or standard_headers()).words
    name = read_label(header).name
    inside = [w for w in words if len(w) >= 2 and w in name and not (w.isascii() and len(w) < 4)]
    # 客户 says nothing in 客户生日: what a label is about stands at its end, or is most of it.
    inside = [w for w in inside if name.endswith(w) or 2 * len(w) > len(name)]
    best = max(map(len, inside), default=0)
    near = [w for w in inside if len(w) == best]
    if not near and len(name) >= 3:
        found = process.extract(name, words, scorer=fuzz.ratio, score_cutoff=_NEAR, limit=2)
        near = [str(w) for w, *_ in found]
    for word in near:
        yield from ((entity, field) for entity, field, _ in words[word])


def _by_values(
    header: str, values: pl.Series, model: Model, entities: list[str]
) -> Iterator[tuple[str, str]]:
    """Fields of the type that the values show."""
    shown = detect(values, header)
    if shown.confidence < _SURE or shown.type not in _TELLING:
        return
    for name in entities:
        yield from ((name, f.name) for f in model.entity(name).fields if f.type is shown.type)
