"""What is said of single cells: conformity, completeness, accuracy, references.

Counts only; what they weigh and add up to is decided in `scores`. Everything is vectorised: cells
are arrays of truth values over the records (see `judged`).
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from crm_migrate.model import Field, SemanticType
from crm_migrate.quality.counts import ALL, Line, Mask
from crm_migrate.quality.judged import Judged
from crm_migrate.quality.rule_kinds import CELL_FAULTS, Kind

_LISTED = (SemanticType.VOCABULARY, SemanticType.INDUSTRY, SemanticType.ADDRESS)


def cell_lines(judged: Judged) -> Iterator[Line]:
    """Conformity, completeness, accuracy and references, field by field, and whole records."""
    complete = np.ones(judged.records.height, np.bool_)
    everything = complete.copy()
    for field in judged.entity.fields:
        filled, held = _filled(judged, field.name)
        if field.required:
            demanded = _demanded(judged, field)
            yield from judged.records_of(field.name, "elements", held, demanded)
            complete &= held | ~demanded
        if filled.any():
            yield from _about_cells(judged, field, filled)
    yield from judged.records_of(ALL, "records", complete, everything)
    if any(code.startswith(f"{judged.entity.name}.") for code in judged.rules.own):
        yield from judged.records_of(ALL, "rules", ~judged.broken, everything)


def _filled(judged: Judged, name: str) -> tuple[Mask, Mask]:
    """Cells in which something was written, be it readable or not; and those of them that still
    hold it: what a spreadsheet destroyed or policy cut out is gone.
    """
    present = np.zeros(judged.records.height, np.bool_)
    if name in judged.records.columns:
        present = judged.records[name].is_not_null().to_numpy()
    written = present.copy()
    for kind in CELL_FAULTS:
        written |= judged.mask(name, kind)
    written &= ~judged.mask(name, Kind.EMPTY)
    return written, written & present


def _demanded(judged: Judged, field: Field) -> Mask:
    holds = [
        pl.col(c.field).is_in(list(c.values)).fill_null(False)
        for c in field.required_when
        # Where nothing is known of the condition, the field is asked of everybody.
        if c.field in judged.conditions.columns and judged.conditions[c.field].count()
    ]
    if not holds:
        return np.ones(judged.records.height, np.bool_)
    return judged.conditions.select(pl.all_horizontal(holds)).to_series().to_numpy()


def _about_cells(judged: Judged, field: Field, filled: Mask) -> Iterator[Line]:
    name = field.name
    is_reference = field.type is SemanticType.REFERENCE
    if is_reference or name in judged.rules.related:
        yield from judged.cells(name, "related", ~judged.mask(name, Kind.RELATED), filled)
    if is_reference:
        return
    yield from judged.cells(name, "form", ~judged.mask(name, Kind.FORM), filled)
    yield from judged.cells(name, "format", ~judged.mask(name, Kind.FORMAT), filled)
    yield from judged.cells(name, "content", ~judged.mask(name, Kind.CONTENT), filled)
    dirty = judged.dirty.get(name, np.zeros(len(filled), np.bool_))
    yield from judged.cells(name, "dirty", ~dirty, filled)
    if field.type in _LISTED or name in judged.rules.listed:
        yield from judged.cells(name, "reference_data", ~judged.mask(name, Kind.REFERENCE), filled)
    if field.type is SemanticType.FREE_TEXT or name in judged.rules.guarded:
        yield from judged.cells(name, "security", ~judged.mask(name, Kind.SECURITY), filled)
