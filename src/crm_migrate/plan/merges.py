"""Merging rows of the CRM that are one customer: which row stays, what is held back, what moves.

Golden records say which rows of the CRM are one; where the mapping's policy says `merge`, all of
them but one are given up and what refers to them refers to the row that stays. A merge is held
back, and listed with its reason, for the first that holds: two owners claim the customer; one of
the rows stands above another in a group; the rows hang on customers that are not merged; a row
refers to one that is itself merged first; what hangs on it would stand twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.model import Entity, Model
from crm_migrate.plan.cells import TargetSide
from crm_migrate.plan.change import AFTER, MOVES, UNTOUCHED, Action
from crm_migrate.plan.digest import cell_columns, keyed_digests, preconditions, row_columns
from crm_migrate.plan.groups import Standing, self_reference
from crm_migrate.plan.present import KEY_REFERENCE, TARGET_KEY, smallest_keys
from crm_migrate.plan.scope import Scope
from crm_migrate.plan.target_form import StoredForm
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.systems.target import TargetTable

CHILDREN = dict.fromkeys(("before", "table", "key_column", "column", "row_key"), pl.String)
"""Cells that refer to a row: its key (`before`), and where the cell stands (see change.MOVES)."""
COLLISIONS = dict.fromkeys(("before", "table", "row_key", "hit"), pl.String)
"""Row `row_key` of `table`, once it refers to the row that stays instead of `before`, would stand
twice under a unique key, beside row `hit`; both are null where the table has no key."""
DOUBLES = dict.fromkeys(("golden_id", "loser", "survivor", "rule", "reason", "group"), pl.String)
"""Rows of the CRM beside the one that stays; `reason`: why the merge is held back, or null."""

_LEFT_OUT = ("outside_scope", "excluded")
_SHORT = 16
_CHILDREN, _MOVE = b"children\0", b"move\0"
_MEANING = [c for c in MOVES if c not in ("group", "rank", "rule", "op_digest")]


@dataclass(frozen=True)
class Around:
    """What surrounds the rows that may be given up, by entity: CHILDREN and COLLISIONS.

    `unmovable`: entities whose rows something refers to by another column than their key.
    """

    children: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    collisions: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    unmovable: frozenset[str] = frozenset()


def doubles(side: TargetSide) -> pl.DataFrame:
    """DOUBLES: the rows that share a golden id with the row that stays, nothing judged yet.

    The row that we applied before (base) stays, else the one with the smallest key.
    """
    first, others = smallest_keys(side.present, side.base)
    based = pl.lit(False)
    if side.base is not None:
        ours = side.base.select("golden_id", TARGET_KEY, _ours=pl.lit(True))
        first = first.join(ours, on=["golden_id", TARGET_KEY], how="left")
        based = pl.col("_ours").is_not_null()
    stays = first.select(
        "golden_id",
        pl.col(TARGET_KEY).alias("survivor"),
        rule=pl.when(based).then(pl.lit("kept_base")).otherwise(pl.lit("kept_smallest_key")),
    )
    found = others.select("golden_id", pl.col(TARGET_KEY).alias("loser"))
    none = pl.lit(None, pl.String)
    return (
        found.join(stays, on="golden_id", maintain_order="left")
        .with_columns(none.alias("reason"), none.alias("group"))
        .select(*DOUBLES)
    )


def given_up(
    mapping: TargetEntity, stored: pl.DataFrame, table: TargetTable | None, form: StoredForm
) -> pl.Series:
    """Keys of the stored rows that are marked as given up already, by us or by people."""
    policy = mapping.merge
    if policy is None or not policy.columns:
        return pl.Series(TARGET_KEY, [], dtype=pl.String)
    marked = pl.lit(True)
    for column, value in policy.mark.items():
        wanted = pl.Series([value], dtype=pl.String)
        text = wanted if table is None else form(table.column(column), wanted)
        marked = marked & pl.col(column).eq_missing(pl.lit(text[0], pl.String))
    if policy.into is not None:
        marked = marked & pl.col(policy.into).is_not_null()
    return stored.filter(marked)[mapping.key].alias(TARGET_KEY)


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


def merged(found: pl.DataFrame) -> pl.DataFrame:
    """The rows of DOUBLES that are merged."""
    return found.filter(pl.col("reason").is_null())


def leaving_rows(found: Mapping[str, tuple[TargetSide, pl.DataFrame]]) -> pl.DataFrame:
    """`table` and `row_key` of the losers that their entity's policy deletes."""
    parts = [pl.DataFrame(schema={"table": pl.String, "row_key": pl.String})]
    for side, rows in found.values():
        policy = side.mapping.merge
        if policy is not None and policy.delete:
            table = pl.lit(side.mapping.table).alias("table")
            parts.append(rows.select(table, pl.col("loser").alias("row_key")))
    return pl.concat(parts)


def moves_of(
    model: Model,
    decided: Mapping[str, pl.DataFrame],
    sides: Mapping[str, TargetSide],
    operations: Mapping[str, pl.DataFrame],
    around: Around,
    digest_key: bytes,
) -> pl.DataFrame | None:
    """MOVES of all merges that are not held back, with digests; None where there are none.

    In the order of groups and, within one, from what hangs on others up to what they hang on.
    """
    place = {entity.name: number for number, entity in enumerate(model.entities)}
    gone = leaving_rows({e: (sides[e], merged(rows)) for e, rows in decided.items()})
    parts = []
    for name, rows in decided.items():
        joined = merged(rows).join(
            operations[name].select("golden_id", "rank", _group="group"),
            on="golden_id",
            maintain_order="left",
        )
        if joined.is_empty():
            continue
        chosen = joined.with_columns(group="_group", entity=pl.lit(name))
        children = around.children.get(name, pl.DataFrame(schema=CHILDREN))
        parts.append(_merges(sides[name], chosen, children, digest_key))
        parts.append(_reparented(chosen, children, gone))
    if not parts:
        return None
    moves = pl.concat(parts).with_columns(
        _place=pl.col("entity").replace_strict(place, return_dtype=pl.Int64)
    )
    ordered = moves.sort(
        "rank", "group", -pl.col("_place"), "kind", "table", "column", "row_key", nulls_last=True
    ).select(*(c for c in MOVES if c != "op_digest"))
    return ordered.with_columns(move_digests(digest_key, ordered)).select(*MOVES)


def move_digests(digest_key: bytes, moves: pl.DataFrame) -> pl.Series:
    """`op_digest` of every merge and re-parented cell: 64 hex characters over all that it does.

    What a merge shows of its rows is no part of it: the precondition covers the row given up.
    """
    done = moves.with_columns(pl.when(pl.col("kind") != "merge").then("row").alias("row"))
    message = done.select(pl.struct(_MEANING).struct.json_encode()).to_series()
    return keyed_digests(digest_key, _MOVE, message).alias("op_digest")


def count_moves(moves: pl.DataFrame | None, kind: str) -> int:
    """How many moves are of that kind."""
    return 0 if moves is None else moves.filter(pl.col("kind") == kind).height


def merge_columns(mapping: TargetEntity) -> list[str]:
    """Columns whose raw cells a merge's precondition covers: all fields, and the marks."""
    marks = () if mapping.merge is None else mapping.merge.columns
    return sorted({*row_columns(mapping), *marks})


def merge_preconditions(
    digest_key: bytes, rows: pl.DataFrame, columns: list[str], children: pl.DataFrame
) -> pl.Series:
    """Digest of the row's raw cells ‖ digest of the sorted keys of what refers to it.

    `rows`: `_key` and the columns. Each half has 32 hex characters.
    """
    told = pl.struct("table", "column", "row_key").struct.json_encode()
    listed = children.group_by("before").agg(told.sort().str.join(",").alias("_listed"))
    known = rows.select("_key").join(
        listed, left_on="_key", right_on="before", how="left", maintain_order="left"
    )
    below = keyed_digests(digest_key, _CHILDREN, known["_listed"].fill_null(""), _SHORT)
    cells = preconditions(digest_key, rows.select(columns))
    return (cells + below).alias("precondition")


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


def _merges(
    side: TargetSide, rows: pl.DataFrame, children: pl.DataFrame, digest_key: bytes
) -> pl.DataFrame:
    columns = merge_columns(side.mapping)
    stored = side.stored.select(pl.col(side.mapping.key).alias("_key"), *columns)
    cells = rows.select(_key="loser").join(stored, on="_key", how="left", maintain_order="left")
    text = pl.lit(None, pl.String)
    return rows.select(
        "group",
        "rank",
        pl.lit("merge").alias("kind"),
        "entity",
        "golden_id",
        pl.lit(side.mapping.table).alias("table"),
        pl.lit(side.mapping.key).alias("key_column"),
        pl.col("loser").alias("row_key"),
        text.alias("column"),
        text.alias("before"),
        pl.col("survivor").alias("after"),
        merge_preconditions(digest_key, cells, columns, children),
        "rule",
        _both_rows(side, rows),
    )


def _both_rows(side: TargetSide, rows: pl.DataFrame) -> pl.Series:
    """Canonical cells of the row that `stays` and the one that `goes`, field by field, as JSON.

    Sealed cells are left out, and references, which mean nothing to a reader.
    """
    fields = [f for f in side.mapping.fields if f in side.present.columns]
    shown = side.present.select(
        TARGET_KEY,
        pl.struct(
            pl.when(~pl.col(f).str.starts_with("@").fill_null(False)).then(f).alias(f)
            for f in fields
        ).alias("_cells"),
    )
    both = rows.select("survivor", "loser")
    for key, name in (("survivor", "stays"), ("loser", "goes")):
        named = shown.select(pl.col(TARGET_KEY).alias(key), pl.col("_cells").alias(name))
        both = both.join(named, on=key, how="left", maintain_order="left")
    return both.select(row=pl.struct("stays", "goes").struct.json_encode()).to_series()


def _reparented(rows: pl.DataFrame, children: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """What refers to the losers, but for the rows that go themselves."""
    text = pl.lit(None, pl.String)
    staying = children.join(gone, on=["table", "row_key"], how="anti")
    return staying.join(rows, left_on="before", right_on="loser").select(
        "group",
        "rank",
        pl.lit("reparent").alias("kind"),
        "entity",
        "golden_id",
        "table",
        "key_column",
        "row_key",
        "column",
        "before",
        pl.col("survivor").alias("after"),
        text.alias("precondition"),
        text.alias("rule"),
        text.alias("row"),
    )
