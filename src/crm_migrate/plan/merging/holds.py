"""Why a merge is held back: for the first that holds, and for all rows of its golden record.

Two owners claim the customer; something refers to the row by another column than its key; one of
the rows stands above another in a group; the rows hang on customers that are not merged; a row
refers to one that is itself merged first; what hangs on it would stand twice. And, once the
operations are known: the row that stays waits itself; what hangs on the other goes to another
customer; the merge lies outside of the plan's scope.
"""

from collections.abc import Mapping

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.change import AFTER, UNTOUCHED, Action
from crm_migrate.plan.diff.groups import Standing, self_reference
from crm_migrate.plan.diff.side import TargetSide
from crm_migrate.plan.digest import cell_columns
from crm_migrate.plan.merging.moves import (
    CHILDREN,
    COLLISIONS,
    DOUBLES,
    Around,
    leaving_rows,
    merged,
)
from crm_migrate.plan.scope import Scope
from crm_migrate.plan.target.present import KEY_REFERENCE, TARGET_KEY
from crm_migrate.project.mapping_file import TargetEntity

_LEFT_OUT = ("outside_scope", "excluded")


def decide(
    entity: Entity,
    side: TargetSide,
    golden: pl.DataFrame,
    found: pl.DataFrame,
    claimed: pl.Series,
    standing: Mapping[str, Standing],
    decided: Mapping[str, pl.DataFrame],
    around: Around,
    leaving: pl.DataFrame,
) -> pl.DataFrame:
    """`found` (DOUBLES) with `group`, and `reason` where the merge is held back.

    `claimed`: golden ids that two owners claim. `decided`: DOUBLES of the entities before.
    `leaving`: `table` and `row_key` of rows that may be deleted by merges. All rows of a golden
    id are merged, or none.
    """
    if found.is_empty():
        return found
    rows = _grouped(entity, side, found, standing)
    judged = rows.select(
        pl.when(pl.col("golden_id").is_in(claimed.implode()))
        .then(pl.lit("owner_conflict"))
        .when(pl.lit(entity.name in around.unmovable))
        .then(pl.lit("other_key"))
        .when(pl.col("golden_id").is_in(_under_themselves(entity, side, golden, rows).implode()))
        .then(pl.lit("group_parent"))
        .when(_apart(entity, side, rows, decided))
        .then(pl.lit("parents_apart"))
        .when(_refers_to_loser(side.mapping, rows, {**decided, entity.name: rows}, around))
        .then(pl.lit("merge_first"))
        .when(_collides(entity.name, rows, around, leaving))
        .then(pl.lit("reparent_collides"))
        .alias("reason")
    )
    rows = rows.with_columns(judged["reason"])
    first = pl.col("reason").drop_nulls().first().over("golden_id")
    return rows.with_columns(first.alias("reason"))


def hold_waiting(found: pl.DataFrame, operations: pl.DataFrame) -> pl.DataFrame:
    """DOUBLES after the diff: what the row that stays waits for, its merges wait for, too."""
    waits = operations.filter(pl.col("action").is_in([str(Action.SKIP), str(Action.CONFLICT)]))
    left = pl.col("_why").is_in(list(_LEFT_OUT))
    why = waits.select("golden_id", _why="reason").with_columns(
        pl.when(left).then("_why").otherwise(pl.lit("survivor_waits")).alias("_why")
    )
    joined = found.join(why, on="golden_id", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("reason", "_why").alias("reason")).drop("_why")


def hold_colliding(
    decided: Mapping[str, pl.DataFrame], sides: Mapping[str, TargetSide], around: Around
) -> dict[str, pl.DataFrame]:
    """DOUBLES at the end: groups in which a child would have made room that now stays."""
    gone = leaving_rows({e: (sides[e], merged(rows)) for e, rows in decided.items()})
    stuck = pl.concat(
        [pl.Series([], dtype=pl.String)]
        + [
            rows.filter(pl.col("reason").is_null() & mask)["group"]
            for entity, rows in decided.items()
            if len(mask := _collides(entity, rows, around, gone))
        ]
    )
    late = pl.col("reason").is_null() & pl.col("group").is_in(stuck.implode())
    reason = pl.when(late).then(pl.lit("reparent_collides")).otherwise("reason").alias("reason")
    return {entity: rows.with_columns(reason) for entity, rows in decided.items()}


def hold_moving(
    decided: Mapping[str, pl.DataFrame],
    sides: Mapping[str, TargetSide],
    operations: Mapping[str, pl.DataFrame],
    around: Around,
) -> dict[str, pl.DataFrame]:
    """DOUBLES at the end: what hangs on a row is given to another customer by the plan itself."""
    parts = [pl.DataFrame(schema={"table": pl.String, "column": pl.String, "row_key": pl.String})]
    cells = {
        cell for c in around.children.values() for cell in c.select("table", "column").iter_rows()
    }
    for name, frame in operations.items():
        table = pl.lit(sides[name].mapping.table).alias("table")
        here = {c for t, c in cells if t == sides[name].mapping.table}
        for column in sorted(here.intersection(cell_columns(frame))):
            updated = frame.filter(pl.col("action") == Action.UPDATE)
            written = updated.filter(pl.col(AFTER + column).ne_missing(UNTOUCHED))
            named = pl.lit(column).alias("column")
            parts.append(written.select(table, named, pl.col(TARGET_KEY).alias("row_key")))
    written = pl.concat(parts)
    held = {}
    for entity, rows in decided.items():
        children = around.children.get(entity, pl.DataFrame(schema=CHILDREN))
        moving = children.join(written, on=["table", "column", "row_key"], how="semi")["before"]
        hit = rows.filter(pl.col("loser").is_in(moving.implode()))["golden_id"]
        late = pl.col("reason").is_null() & pl.col("golden_id").is_in(hit.implode())
        reason = pl.when(late).then(pl.lit("child_moves")).otherwise("reason").alias("reason")
        held[entity] = rows.with_columns(reason)
    return held


def hold_outside(found: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """DOUBLES of a plan that is confined to some groups."""
    out = ~scope.covers(found["group"]) & found["reason"].is_null()
    return found.with_columns(found["reason"].set(out, "outside_scope"))


def _grouped(
    entity: Entity, side: TargetSide, found: pl.DataFrame, standing: Mapping[str, Standing]
) -> pl.DataFrame:
    """`group`: the one that the operation of the golden record will have."""
    if entity.root is None or entity.root not in side.present.columns:
        return found.with_columns(group=pl.col("golden_id"))
    parents = standing.get(entity.by_name[entity.root].references or "")
    roots = side.present.select(pl.col(TARGET_KEY).alias("survivor"), _root=entity.root)
    rows = found.join(roots, on="survivor", how="left", maintain_order="left")
    if parents is None:
        return rows.with_columns(group=pl.col("golden_id")).select(*DOUBLES)
    known = parents.records.select(pl.col("golden_id").alias("_root"), _group="group")
    return (
        rows.join(known, on="_root", how="left", maintain_order="left")
        .with_columns(group=pl.coalesce("_group", "golden_id"))
        .select(*DOUBLES)
    )


def _under_themselves(
    entity: Entity, side: TargetSide, golden: pl.DataFrame, rows: pl.DataFrame
) -> pl.Series:
    """Golden ids whose rows stand above one another, at whatever distance."""
    above = self_reference(entity)
    nobody = pl.Series([], dtype=pl.String)
    if above is None:
        return nobody
    sources = [
        f.select("golden_id", parent=above.name)
        for f in (side.present, golden)
        if above.name in f.columns
    ]
    if not sources:
        return nobody
    edges = pl.concat(sources).drop_nulls()
    edges = edges.filter(~pl.col("parent").str.starts_with(KEY_REFERENCE)).unique()
    seen = rows.select("golden_id", at="golden_id").unique().clear()
    front = rows.select(start="golden_id").unique().with_columns(golden_id="start")
    circular = [nobody]
    while front.height:
        front = front.join(edges, on="golden_id").select("start", golden_id="parent").unique()
        circular.append(front.filter(pl.col("start") == pl.col("golden_id"))["start"])
        front = front.join(
            seen, left_on=["start", "golden_id"], right_on=["golden_id", "at"], how="anti"
        )
        seen = pl.concat([seen, front.select(pl.col("start").alias("golden_id"), at="golden_id")])
    return pl.concat(circular)


def _apart(
    entity: Entity, side: TargetSide, rows: pl.DataFrame, decided: Mapping[str, pl.DataFrame]
) -> pl.Series:
    """Whether loser and survivor hang on different rows that are not merged with each other."""
    if entity.root is None or entity.root not in side.mapping.fields:
        return pl.repeat(False, rows.height, eager=True)
    column = side.mapping.fields[entity.root].column
    stored = side.stored.select(pl.col(side.mapping.key).alias("_key"), _root=column)
    parent = entity.by_name[entity.root].references or ""
    known = merged(decided[parent]) if parent in decided else pl.DataFrame(schema=DOUBLES)
    stays = pl.concat(
        [
            known.select(_root="loser", _stays="survivor"),
            known.select(_root="survivor", _stays="survivor").unique(),
        ]
    )
    stored = stored.join(stays, on="_root", how="left").select(
        "_key", pl.coalesce("_stays", "_root").alias("_stays")
    )
    one = rows.join(stored, left_on="loser", right_on="_key", how="left", maintain_order="left")
    other = rows.join(
        stored, left_on="survivor", right_on="_key", how="left", maintain_order="left"
    )
    return one["_stays"].ne_missing(other["_stays"])


def _refers_to_loser(
    mapping: TargetEntity,
    rows: pl.DataFrame,
    decided: Mapping[str, pl.DataFrame],
    around: Around,
) -> pl.Series:
    """Whether a loser refers to a row that another group gives up."""
    hits = [pl.DataFrame(schema={"loser": pl.String, "_other": pl.String})]
    for entity, found in decided.items():
        here = around.children.get(entity, pl.DataFrame(schema=CHILDREN))
        given = merged(found).select(before="loser", _other="group")
        referring = here.filter(pl.col("table") == mapping.table).join(given, on="before")
        hits.append(referring.select(pl.col("row_key").alias("loser"), "_other"))
    found = rows.join(pl.concat(hits), on="loser")
    stuck = found.filter(pl.col("_other") != pl.col("group"))["loser"]
    return rows["loser"].is_in(stuck.implode())


def _collides(entity: str, rows: pl.DataFrame, around: Around, leaving: pl.DataFrame) -> pl.Series:
    """Whether something that hangs on a loser would stand twice, and nothing makes room."""
    found = around.collisions.get(entity, pl.DataFrame(schema=COLLISIONS))
    for name in ("row_key", "hit"):
        found = found.join(
            leaving.select("table", pl.col("row_key").alias(name)), on=["table", name], how="anti"
        )
    return rows["loser"].is_in(found["before"].implode())
