"""Names for what a reference leads to, so that people read a customer and no id.

A name is shown as the person may see it: masked where policy does not let it out.
"""

from collections.abc import Callable

import polars as pl

from crm_migrate.model import Entity, Model
from crm_migrate.plan.change import REFERENCE_PREFIX
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Policy, Treatment
from crm_migrate.protection.private_persons import covered

Held = Callable[[str, str, str], str | None]
"""Entity, field and golden id → the clear value, where it is known."""

_SHOWN_ID = 12
_TELLING = ("name", "company_name", "title", "subject", "number", "label", "file_name")
"""Fields by which people know a record, the best first."""


class ReferredNames:
    """`@<golden id>` as the name of the record and the beginning of its id."""

    def __init__(self, model: Model, policy: Policy, held: Held, *, clear: bool) -> None:
        """`held`: where a field's value of a record is looked up; `clear`: for whom may export."""
        self._model, self._policy, self._held = model, policy, held
        self._audience = Audience.EXPORT if clear else Audience.REPORT

    def told(self, entity: str | None, cell: str | None) -> str | None:
        """The cell in words; as it stands where no name is known."""
        known = self._model.by_name.get(entity or "")
        if cell is None or known is None:
            return cell
        golden = cell.removeprefix(REFERENCE_PREFIX)
        name = next(filter(None, (self._of(known, f, golden) for f in _TELLING)), None)
        return cell if name is None else f"{name} ({golden[:_SHOWN_ID]})"

    def _of(self, entity: Entity, field: str, golden: str) -> str | None:
        known = entity.by_name.get(field)
        if known is None or known.references is not None:
            return None
        value = self._held(entity.name, field, golden)
        treatment = self._policy.treatment(entity.name, field, self._audience)
        if value is None:
            return None
        texts = pl.Series([value])
        if treatment is not Treatment.CLEAR:
            masked = mask_series(texts, known.type)[0]
        elif self._audience is Audience.REPORT:
            masked = covered(texts, known.type, pl.Series([False]))[0]
        else:
            return value
        return None if masked is None else str(masked)
