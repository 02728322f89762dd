"""What became of a plan, read from the target alone; nothing is written.

The target ledger decides what happened: run state that was lost in a crash is rebuilt from here.
"""

import polars as pl

from crm_migrate.errors import NotFound
from crm_migrate.language import Text
from crm_migrate.loading.applied import Applied, LoadingKeys, summary
from crm_migrate.loading.bearings import Bearings, reference_columns
from crm_migrate.loading.ledger.plan_lock import ENDED, plan_state
from crm_migrate.loading.ledger.rows import read_ledger, read_moves
from crm_migrate.loading.verify import target_totals, verify
from crm_migrate.model import Model
from crm_migrate.plan.change import Plan
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.systems.target import TargetReader, TargetSystem


def outcome(
    plan: Plan, target: TargetSystem, mapping: TargetMapping, keys: LoadingKeys, *, model: Model
) -> Applied:
    """What `apply` returned, or would have returned had it not died after its last transaction.

    Raises:
        NotFound: the plan was not applied to its end.
        TargetFault: the target can't be read.
    """
    with target.reading() as reader:
        state = plan_state(reader, plan.header.plan_id)
        if state not in ENDED:
            raise NotFound(
                Text(
                    "the target knows no finished apply of this plan",
                    "目标系统中没有该计划的完成记录",
                ),
                where=plan.header.plan_id,
                remedy=Text("run `crm-migrate apply`", "请运行 `crm-migrate apply`"),
            )
        ledger = read_ledger(reader, plan.header.plan_id)
        moved = read_moves(reader, plan.header.plan_id)
        bearings = _bearings(reader, mapping, keys, model)
        verified = verify(reader, plan, bearings, target.stored_form, ledger, moved)
    return summary(plan, ledger, moved, verified, state, resumed=True)


def control_totals(
    plan: Plan, target: TargetSystem, mapping: TargetMapping, keys: LoadingKeys, *, model: Model
) -> pl.DataFrame:
    """Amounts by entity, department and year, summed over the plan's rows in the target (R-6.6).

    Columns: entity, department, year, count (Int64), amount (decimal text in the column's unit).
    """
    with target.reading() as reader:
        return target_totals(reader, plan, _bearings(reader, mapping, keys, model), model)


def _bearings(
    reader: TargetReader, mapping: TargetMapping, keys: LoadingKeys, model: Model
) -> Bearings:
    references = reference_columns(mapping, model)
    return Bearings(mapping, references, reader.describe(), keys.digest_key)
