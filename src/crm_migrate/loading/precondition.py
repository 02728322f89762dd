"""Whether the target is still as the plan found it, asked of the target set by set.

- An update wants the raw cells that it replaces to have the digest that the plan names.
- An insert wants no row that was applied for the golden record before, and its values to be
  absent under every unique key of the table and under the mapping's match fields. What is equal
  there is the target's to say.
- A delete wants all mapped raw cells of its row to have the digest that the plan names, and that
  no row refers to it which stays.
- A row to adopt must still exist.

One row that does not hold makes its whole group stale.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from crm_migrate.language import Text
from crm_migrate.loading.bearings import STALE, Bearings, Found
from crm_migrate.loading.referring import referring_rows
from crm_migrate.loading.target_ledger import known_keys
from crm_migrate.plan.change import AFTER, REFERENCE_PREFIX, UNTOUCHED, Action
from crm_migrate.plan.digest import cell_columns, preconditions, row_columns
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.systems.target import TargetReader, UniqueKey

LEFT_REASONS = {
    "edited_since": Text("edited in the CRM since planning", "计划生成后在 CRM 中被修改"),
    "children_changed": Text(
        "what hangs on it in the CRM changed since planning", "计划生成后其从属记录有增减"
    ),
    "gone": Text("deleted from the CRM since planning", "计划生成后已从 CRM 中删除"),
    "taken": Text("someone entered it in the CRM since planning", "计划生成后已有人在 CRM 中录入"),
    "loaded_already": Text("another plan loaded it since", "已由其他计划导入"),
    "parent_waits": Text("its customer was not loaded", "所属客户未导入"),
    "unique": Text("the CRM refused it: a unique key is taken", "CRM 拒绝:唯一键已被占用"),
    "foreign_key": Text(
        "the CRM refused it: what it refers to is gone", "CRM 拒绝:所引用的记录不存在"
    ),
    "not_null": Text("the CRM refused it: a required column is empty", "CRM 拒绝:必填字段为空"),
    "check": Text("the CRM refused it: a value is not allowed", "CRM 拒绝:值不符合约束"),
    "trigger": Text("the CRM refused it by a trigger", "CRM 触发器拒绝写入"),
    "other": Text("the CRM refused it", "CRM 拒绝写入"),
    "referred": Text("other rows in the CRM refer to it", "CRM 中有其他记录引用它"),
    "not_reached": Text("apply stopped before it", "执行已停止,未处理到该记录"),
}
"""Why a planned row was left (`skipped`) or refused (`failed`)."""


def check(
    reader: TargetReader,
    bearings: Bearings,
    operations: Mapping[str, pl.DataFrame],
    moves: pl.DataFrame | None = None,
) -> Found:
    """Every row of the operations that the target no longer allows, and the rows to be changed.

    `moves`: merges and re-parented rows of the same groups.
    """
    stale, current = [pl.DataFrame(schema=STALE)], {}
    for entity, frame in operations.items():
        parts = [_inserts(reader, bearings, entity, frame)]
        standing = frame.filter(pl.col("action") != Action.INSERT)
        if standing.height:
            part, current[entity] = _standing_rows(reader, bearings, entity, standing)
            parts.append(part)
        stale += [part.select(pl.lit(entity).alias("entity"), *list(STALE)[1:]) for part in parts]
    referring = referring_rows(reader, bearings, operations, moves)
    stays = referring.filter(pl.col("by").is_null()).drop("by")
    stale.append(stays.with_columns(pl.lit("referred").alias("reason")))
    if moves is not None and moves.height:
        from crm_migrate.loading.merge import check_moves

        stale.append(check_moves(reader, bearings, moves).select(*STALE))
    return Found(
        pl.concat(stale).unique(["entity", "golden_id"], keep="first"),
        current,
        referring.filter(pl.col("by").is_not_null()),
    )


def resolve(
    frame: pl.DataFrame, references: Mapping[str, str], known: pl.DataFrame
) -> pl.DataFrame:
    """References by golden id → target keys, as far as `known` has them.

    `known`: entity, golden_id, target_key. What is not known stays `@<golden_id>`.
    """
    for column, entity in references.items():
        name = AFTER + column
        if name not in frame.columns:
            continue
        keys = known.filter(pl.col("entity") == entity).select(
            (pl.lit(REFERENCE_PREFIX) + pl.col("golden_id")).alias(name),
            pl.col("target_key").alias("_found"),
        )
        frame = (
            frame.join(keys.unique(name, keep="last"), on=name, how="left", maintain_order="left")
            .with_columns(pl.coalesce("_found", name).alias(name))
            .drop("_found")
        )
    return frame


def unresolved(frame: pl.DataFrame, references: Mapping[str, str]) -> pl.Series:
    """Mask of the rows that still refer to a golden id."""
    names = [AFTER + c for c in references if AFTER + c in frame.columns]
    if not names:
        return pl.repeat(False, frame.height, eager=True)
    open_cells = [pl.col(n).str.starts_with(REFERENCE_PREFIX).fill_null(False) for n in names]
    return frame.select(pl.any_horizontal(open_cells).alias("open")).to_series()


def keys_known(
    reader: TargetReader, bearings: Bearings, operations: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Base rows of everything that the operations refer to: entity, golden_id, target_key."""
    wanted: set[str] = set()
    for entity, frame in operations.items():
        for column in bearings.references.get(entity, {}):
            if AFTER + column in frame.columns:
                cells = frame[AFTER + column].drop_nulls()
                named = cells.filter(cells.str.starts_with(REFERENCE_PREFIX))
                wanted.update(named.str.strip_prefix(REFERENCE_PREFIX).to_list())
    return known_keys(reader, sorted(wanted))


def raw_digests(
    reader: TargetReader, bearings: Bearings, entity: str, keys: pl.Series
) -> pl.DataFrame:
    """`_key` and `raw_digest` of the rows as they are stored now."""
    mapping = bearings.entity(entity)
    columns = row_columns(mapping)
    rows = reader.rows(mapping.table, mapping.key, keys, columns)
    digests = preconditions(bearings.digest_key, rows.select(columns))
    return rows.select("_key", digests.alias("raw_digest"))


def _standing_rows(
    reader: TargetReader, bearings: Bearings, entity: str, frame: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    mapping, written = bearings.entity(entity), cell_columns(frame)
    whole = row_columns(mapping)
    columns = list(dict.fromkeys([*written, *whole]))
    rows = reader.rows(mapping.table, mapping.key, frame["target_key"], columns)
    joined = frame.join(
        rows.rename({c: f"now:{c}" for c in columns}).with_columns(_there=True),
        left_on="target_key",
        right_on="_key",
        how="left",
        maintain_order="left",
    )
    # A blind index follows from its sealed cell, whose raw text the precondition covers.
    indexes = {column.index for column in mapping.fields.values()}
    covered = [c for c in written if c not in indexes]
    replaced = joined.select(
        pl.when(pl.col(AFTER + c).eq_missing(UNTOUCHED))
        .then(pl.lit(UNTOUCHED))
        .otherwise(pl.col(f"now:{c}"))
        .alias(c)
        for c in covered
    )
    now = preconditions(bearings.digest_key, replaced) if covered else joined["precondition"]
    judged = joined.with_columns(_now=now)
    if (joined["action"] == Action.DELETE).any():
        stored = preconditions(
            bearings.digest_key, joined.select(pl.col(f"now:{c}").alias(c) for c in whole)
        )
        judged = judged.with_columns(
            pl.when(pl.col("action") == Action.DELETE).then(stored).otherwise("_now").alias("_now")
        )
    judged = judged.with_columns(
        pl.when(pl.col("_there").is_null())
        .then(pl.lit("gone"))
        .when(
            pl.col("action").is_in([Action.UPDATE, Action.DELETE])
            & pl.col("_now").ne_missing(pl.col("precondition"))
        )
        .then(pl.lit("edited_since"))
        .alias("reason")
    )
    stale = judged.filter(pl.col("reason").is_not_null()).select("golden_id", "group", "reason")
    found = (pl.col(f"now:{c}").alias(c) for c in columns)
    cells = joined.select(pl.col("golden_id").alias("_golden"), *found)
    return stale, cells


def _inserts(
    reader: TargetReader, bearings: Bearings, entity: str, frame: pl.DataFrame
) -> pl.DataFrame:
    new = frame.filter(pl.col("action") == Action.INSERT)
    if new.is_empty():
        return pl.DataFrame(schema=STALE)
    mapping = bearings.entity(entity)
    references = bearings.references.get(entity, {})
    known = keys_known(reader, bearings, {entity: new})
    wanted = _wanted(resolve(new, references, known), references)
    based = known_keys(reader, new["golden_id"].to_list()).filter(pl.col("entity") == entity)
    # A base row whose row was deleted in the CRM does not stand in the way.
    stands = reader.rows(mapping.table, mapping.key, based["target_key"], [])["_key"]
    loaded = based.filter(pl.col("target_key").is_in(stands.implode()))
    hits = [loaded.select("golden_id", pl.lit("loaded_already").alias("reason"))]
    hits.append(_old_keys_taken(reader, mapping, new))
    for key in _absent_under(bearings, entity, wanted.columns):
        asked = wanted.select("_n", *key.columns)
        found = reader.taken(mapping.table, mapping.key, asked, where=key.where)
        hits.append(found.select(pl.col("_n").alias("golden_id"), pl.lit("taken").alias("reason")))
    hit = pl.concat(hits).unique("golden_id", keep="first", maintain_order=True)
    return new.drop("reason").join(hit, on="golden_id").select("golden_id", "group", "reason")


def _old_keys_taken(reader: TargetReader, mapping: TargetEntity, new: pl.DataFrame) -> pl.DataFrame:
    """golden_id and reason of rows to be inserted again whose key another row has by now."""
    again = new.filter(pl.col("target_key").is_not_null())
    there = reader.rows(mapping.table, mapping.key, again["target_key"], [])["_key"]
    taken = again.filter(pl.col("target_key").is_in(there.implode()))
    return taken.select("golden_id", pl.lit("taken").alias("reason"))


def _wanted(new: pl.DataFrame, references: Mapping[str, str]) -> pl.DataFrame:
    """`_n` (golden id) and the cells to be inserted; null where nothing definite is written yet."""

    def definite(column: str) -> pl.Expr:
        cell = pl.col(AFTER + column)
        unknown = cell == UNTOUCHED
        if column in references:
            # It refers to a record that is not there yet, so nothing can refer to it already.
            unknown = unknown | cell.str.starts_with(REFERENCE_PREFIX)
        return pl.when(~unknown).then(cell).alias(column)

    return new.select(pl.col("golden_id").alias("_n"), *(definite(c) for c in cell_columns(new)))


def _absent_under(bearings: Bearings, entity: str, columns: Iterable[str]) -> list[UniqueKey]:
    mapping, held = bearings.entity(entity), set(columns)
    table = bearings.schema.table(mapping.table)
    keys = [k for k in table.unique_keys if k.checkable]
    keys.append(UniqueKey(table.primary_key))
    if mapping.match:
        keys.append(UniqueKey(tuple(mapping.fields[f].column for f in mapping.match)))
    return [k for k in dict.fromkeys(keys) if k.columns and held.issuperset(k.columns)]
