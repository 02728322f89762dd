"""Value maps for `init`: what a source's words mean as far as that is certain; the rest is open."""

import re
from collections import Counter

import polars as pl

from crm_migrate.formats.placeholders import PLACEHOLDERS
from crm_migrate.mapping.cells import COMMON_POOL, match_text
from crm_migrate.mapping.sample import Column, Sample
from crm_migrate.model import Field, Model, SemanticType, Vocabulary
from crm_migrate.project.mapping_file import OwnerChange, ValueMap

OWNERS = "owners"
MOST_VALUES = 60
"""A column with more distinct values is no list of words that people would map by hand."""
MOST_OWNERS = 500
_LEFT = re.compile(r"[(（\[]?\s*(离职|已离职|停用|left|inactive)\s*[)）\]]?$", re.IGNORECASE)


class Values:
    """Collects what the proposed fields need; one map per source and vocabulary, one of owners."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[str, dict[str, str | None]] = {}
        self._open: dict[str, dict[str, None]] = {}
        self._owners: dict[str, Counter[str]] = {}

    def propose(self, sample: Sample, column: Column, target: Field) -> tuple[str | None, float]:
        """The value map that the field needs (None: it needs none), and the share of its distinct
        values that are understood, 0–1.
        """
        if target.type is SemanticType.OWNER:
            return self._add_owners(sample, column), 1.0
        vocabulary = self._model.vocabularies.get(target.vocabulary or "")
        if vocabulary is None:
            return None, 1.0
        found = match_text(column.values.drop_nulls()).unique().sort().to_list()
        strange = [v for v in found if v not in _spellings(vocabulary)]
        # Never write values into a file that may be something else than words of a list.
        if not strange:
            return None, 1.0
        if len(found) > MOST_VALUES or any(_personal(v) for v in strange):
            return None, 0.0
        name = f"{sample.source}_{vocabulary.name}"
        known = self._known.setdefault(name, {})
        meanings = {v: _meaning(v, vocabulary) for v in strange}
        unclear = [v for v, meaning in meanings.items() if meaning is None]
        known |= {v: meaning for v, meaning in meanings.items() if meaning is not None}
        self._open.setdefault(name, {}).update(dict.fromkeys(unclear))
        return name, 1 - len(unclear) / len(found)

    def maps(self) -> dict[str, ValueMap]:
        """Every proposed value map by name."""
        made = {
            name: ValueMap(map=known, undecided=tuple(self._open.get(name, ())))
            for name, known in self._known.items()
        }
        if self._owners:
            made[OWNERS] = ValueMap(owners=tuple(_change(n, d) for n, d in self._owners.items()))
        return made

    def _add_owners(self, sample: Sample, column: Column) -> str | None:
        names = match_text(column.values)
        names = names.set(names.is_in(PLACEHOLDERS).fill_null(False), None)
        if names.n_unique() > MOST_OWNERS:
            return None
        department = next(
            (c for c in sample.columns if c.detected.type is SemanticType.DEPARTMENT), None
        )
        for name in names.drop_nulls().unique().sort():
            self._owners.setdefault(name, Counter())
        if department is not None:
            pairs = pl.DataFrame({"owner": names, "department": match_text(department.values)})
            counts = pairs.drop_nulls().group_by("owner", "department").len()
            for owner, place, count in counts.sort(pl.all()).iter_rows():
                self._owners[owner][place] += count
        return OWNERS


def _spellings(vocabulary: Vocabulary) -> set[str]:
    return {*vocabulary.values, *vocabulary.synonyms}


def _meaning(value: str, vocabulary: Vocabulary) -> str | None:
    """The one value whose spelling stands in the text; None when there is none or several."""
    words = {v: v for v in vocabulary.values} | vocabulary.synonyms
    inside = {v for w, v in words.items() if len(w) > 1 and w in value}
    return inside.pop() if len(inside) == 1 else None


def _personal(value: str) -> bool:
    return len(re.findall(r"\d", value)) >= 6 or "@" in value or len(value) > 30


def _change(name: str, departments: Counter[str]) -> OwnerChange:
    gone = _LEFT.search(name) is not None
    department = departments.most_common(1)[0][0] if departments and not gone else ""
    new = COMMON_POOL if gone else name
    return OwnerChange.model_validate({"from": name, "to": new, "department": department})
