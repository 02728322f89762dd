"""Cells as the person who asks may see them: masked, or clear as far as policy lets out."""

from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.model import Entity
from crm_migrate.plan.sealed_cells import PlanFieldKeys, SealedCells
from crm_migrate.protection.masking import mask_pair
from crm_migrate.protection.policy import Audience, Policy, Treatment
from crm_migrate.protection.private_persons import covered_pair

SEALED = Text("(encrypted)", "（加密）")
Texts = list[str | None]


@dataclass(frozen=True)
class Eyes:
    """Who looks: `clear` shows what policy lets out in exports, all else stays masked."""

    policy: Policy
    clear: bool
    language: Language
    keys: PlanFieldKeys

    def pair(
        self,
        entity: Entity,
        field: str,
        golden_ids: pl.Series,
        before: pl.Series,
        after: pl.Series,
        persons: pl.Series,
    ) -> tuple[Texts, Texts]:
        """Stored cells of a field before and after; sealed ones opened only where clear.

        Masks that look alike show where the values differ. `persons`: whether the rows' customers
        are private persons, whose name and address are masked unless clear.
        """
        known, sides = entity.by_name[field], (before, after)
        audience = Audience.EXPORT if self.clear else Audience.REPORT
        lets_out = self.policy.treatment(entity.name, field, audience) == Treatment.CLEAR
        if self.policy.treatment(entity.name, field, Audience.TARGET) == Treatment.SEAL:
            word = pl.Series([SEALED.in_language(self.language)])
            opened = [
                SealedCells(self.keys).open(entity.name, field, golden_ids, side)
                if lets_out and self.clear
                else side.clear(len(side))
                for side in sides
            ]
            shown = [
                o.zip_with(o.is_not_null() | side.is_null(), word)
                for o, side in zip(opened, sides, strict=True)
            ]
        elif known.references is not None or (lets_out and self.clear):
            shown = list(sides)
        elif lets_out:
            shown = list(covered_pair(before, after, known.type, persons))
        else:
            shown = list(mask_pair(before, after, known.type))
        return shown[0].to_list(), shown[1].to_list()
