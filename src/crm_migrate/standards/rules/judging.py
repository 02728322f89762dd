"""Which records break which of a project's rules."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.project.rule_files import Weighing
from crm_migrate.records import SOURCE, Rule, Severity
from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.contract import Broken
from crm_migrate.standards.rules.inputs import inputs
from crm_migrate.standards.rules.records import Judgement


def judged_alone(judgements: Iterable[Judgement], records: pl.DataFrame) -> Iterator[Broken]:
    """The rules that records break by themselves; `records` has every field of the entity."""
    if records.is_empty():
        return
    asked = [j for j in judgements if not _idle(j, records)]
    if not asked:
        return
    exprs = [_broken(j).fill_null(False).alias(f"@{n}") for n, j in enumerate(asked)]
    masks = records.with_columns(exprs)  # a constant, too, for every record
    for number, judgement in enumerate(asked):
        yield judgement.field, judgement.rule, masks[f"@{number}"]


def _idle(judgement: Judgement, records: pl.DataFrame) -> bool:
    """Whether columns that nobody filled in tell that nothing breaks the rule."""
    needed = frozenset(judgement.unique)
    if judgement.check is not None:
        needed |= judgement.check.unknown_without
    if judgement.when is not None:
        needed |= judgement.when.untrue_without
    return any(records[n].null_count() == records.height for n in needed if n in records.columns)


def judged_together(
    judgements: Iterable[Judgement],
    entity: Entity,
    tables: Mapping[str, pl.DataFrame],
    today: date,
) -> Iterator[Broken]:
    """The rules that show only beside other records; masks over the entity's table."""
    asked = [j for j in judgements if not _idle(j, tables[entity.name])]
    if not asked:
        return
    expressions = [e for j in asked for e in (j.check, j.when) if e is not None]
    own = {n for j in asked for n in j.columns}
    if any(j.unique and j.within_source for j in asked):
        own.add(SOURCE)
    frame = inputs(entity, expressions, tables, today, own=own)
    exprs = [_broken(j).fill_null(False).alias(f"@{n}") for n, j in enumerate(asked)]
    masks = frame.with_columns(exprs)
    for number, judgement in enumerate(asked):
        yield judgement.field, judgement.rule, masks[f"@{number}"]


def _broken(judgement: Judgement) -> pl.Expr:
    """True where the rule is broken; an unknown condition breaks nothing."""
    if judgement.check is not None:
        broken = ~judgement.check.expr
    elif judgement.required:
        broken = pl.all_horizontal(pl.col(n).is_null() for n in judgement.required)
    else:
        return _repeated(judgement)
    return broken & judgement.when.expr if judgement.when is not None else broken


def _repeated(judgement: Judgement) -> pl.Expr:
    """Records that others equal in the unique fields, among those that the rule is about."""
    judged = pl.all_horizontal(pl.col(n).is_not_null() for n in judgement.unique)
    if judgement.when is not None:
        judged = judged & judgement.when.expr.fill_null(False)
    among = [*judgement.unique, *([SOURCE] if judgement.within_source else [])]
    # Those that are not judged share one group with nobody that is.
    return judged & (judged.cast(pl.UInt32).sum().over([*among, judged.alias("_judged")]) > 1)


def weighed(
    rule: Rule, entity: str, field: str, mask: pl.Series, sources: pl.Series,
    severities: Mapping[str, tuple[Weighing, ...]],
) -> Iterator[tuple[Severity, pl.Series]]:  # fmt: skip
    """The rows of a broken rule by how much it weighs there; those where it is off are left out."""
    left = holds(mask)
    for weighing in severities.get(rule.code, ()):
        if weighing.field is not None and weighing.field != f"{entity}.{field}":
            continue
        here = left if weighing.source is None else left & holds(sources == weighing.source)
        if weighing.severity != "off" and here.any():
            yield Severity(weighing.severity), here
        left = left & ~here
    if left.any():
        yield rule.severity, left
