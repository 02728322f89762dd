"""Rows of the CRM that stand beside another row of the same record and are not merged."""

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.model import Model
from crm_migrate.plan.operations import PlannedOperations
from crm_migrate.plan.show.risks import reason_text
from crm_migrate.plan.show.sheets import Sheet
from crm_migrate.plan.target.present import TARGET_KEY

MOST = 50_000
"""Lines of the sheet."""

_HEAD = (
    Text("entity", "对象"),
    Text("golden id", "唯一标识"),
    Text("CRM key", "CRM 主键"),
    Text("CRM key of the double", "重复行的 CRM 主键"),
    Text("why it stays", "未合并的原因"),
)


def doubles_left(planned: PlannedOperations) -> pl.DataFrame:
    """entity, golden_id, stays (key of the row that the plan works on), target_key, reason.

    A row is double where its note names another key than the record's operation does; `stays` is
    null where the record is new and the CRM holds it in a row that the mapping leaves out.
    """
    places = [
        frame.select(pl.lit(entity).alias("entity"), "golden_id", pl.col(TARGET_KEY).alias("stays"))
        for entity, frame in planned.heads.items()
    ]
    nothing = pl.DataFrame(schema=dict.fromkeys(("entity", "golden_id", "stays"), pl.String))
    return (
        planned.notes.join(pl.concat([nothing, *places]), on=["entity", "golden_id"])
        .filter(pl.col(TARGET_KEY).ne_missing(pl.col("stays")) & pl.col(TARGET_KEY).is_not_null())
        .select("entity", "golden_id", "stays", TARGET_KEY, "reason")
        .sort("entity", "golden_id", TARGET_KEY)
    )


def doubles_sheet(doubles: pl.DataFrame, model: Model, language: Language) -> Sheet:
    """A line per row that stands double: entity, golden id, both keys, why it is not merged."""
    labels = {name: e.label.in_language(language) for name, e in model.by_name.items()}
    rows = [
        (labels.get(entity, entity), golden, stays, key, reason_text(reason).in_language(language))
        for entity, golden, stays, key, reason in doubles.head(MOST).iter_rows()
    ]
    title = Text("Double in the CRM", "CRM 内部重复").in_language(language)
    return Sheet(title, [t.in_language(language) for t in _HEAD], (12, 36, 16, 20, 60), rows)
