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

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from crm_migrate.language import Text
from crm_migrate.loading.bearings import STALE, Bearings, Found
from crm_migrate.loading.keys import Known, referred_keys, resolve
from crm_migrate.loading.ledger.rows import has_rows, known_keys
from crm_migrate.loading.referring import referring_rows
from crm_migrate.plan.change import AFTER, REFERENCE_PREFIX, UNTOUCHED, Action
from crm_migrate.plan.digest import cell_columns, preconditions, row_columns
from crm_migrate.plan.target.form import as_given
from crm_migrate.plan.target.left_out import left_out
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.systems.target import TargetReader
from crm_migrate.systems.target_schema import UniqueKey

LEFT_REASONS = {
    "edited_since": Text("edited in the CRM since planning", "计划生成后在 CRM 中被修改"),
    "children_changed": Text(
        "what hangs on it in the CRM changed since planning", "计划生成后其从属记录有增减"
    ),
    "gone": Text("deleted from the CRM since planning", "计划生成后已从 CRM 中删除"),
    "taken": Text("someone entered it in the CRM since planning", "计划生成后已有人在 CRM 中录入"),
    "loaded_already": Text("another plan loaded it since", "已由其他计划导入"),
    "parent_waits": Text("its customer was not loaded", "所属客户未导入"),
    "unique": Text("the CRM refused it: a unique key is taken", "CRM 拒绝：唯一键已被占用"),
    "foreign_key": Text(
        "the CRM refused it: what it refers to is gone", "CRM 拒绝：所引用的记录不存在"
    ),
    "not_null": Text("the CRM refused it: a required column is empty", "CRM 拒绝：必填字段为空"),
    "check": Text("the CRM refused it: a value is not allowed", "CRM 拒绝：值不符合约束"),
    "trigger": Text("the CRM refused it by a trigger", "CRM 触发器拒绝写入"),
    "other": Text("the CRM refused it", "CRM 拒绝写入"),
    "referred": Text("other rows in the CRM refer to it", "CRM 中有其他记录引用它"),
    "not_reached": Text("apply stopped before it", "执行已停止，未处理到该记录"),
}
"""Why a planned row was left (`skipped`) or refused (`failed`)."""


def check(
    reader: TargetReader,
    bearings: Bearings,
    operations: Mapping[str, pl.DataFrame],
    moves: pl.DataFrame | None = None,
    *,
    ahead: bool = True,
    whole: bool = True,
    known: Known | None = None,
) -> Found:
    """Every row of the operations that the target no longer allows, and the rows to be changed.

    `moves`: merges and re-parented rows of the same groups. `ahead`: ask also for what the
    target's own unique keys would refuse, which a row that is inserted finds out by itself.
    `whole`: read whole rows of what is to be changed, and not only what must be judged.
    """
    stale, current = [pl.DataFrame(schema=STALE)], {}
    for entity, frame in operations.items():
        new = frame.filter(pl.col("action") == Action.INSERT)
        parts = [_inserts(reader, bearings, entity, new, ahead, known)] if new.height else []
        standing = frame.filter(pl.col("action") != Action.INSERT)
        if standing.height:
            part, current[entity] = _standing_rows(reader, bearings, entity, standing, whole)
            parts.append(part)
        stale += [part.select(pl.lit(entity).alias("entity"), *list(STALE)[1:]) for part in parts]
    referring = referring_rows(reader, bearings, operations, moves)
    stays = referring.filter(pl.col("by").is_null()).drop("by")
    stale.append(stays.with_columns(pl.lit("referred").alias("reason")))
    if moves is not None and moves.height:
        from crm_migrate.loading.merging.merge import check_moves

        stale.append(check_moves(reader, bearings, moves).select(*STALE))
    return Found(
        pl.concat(stale).unique(["entity", "golden_id"], keep="first"),
        current,
        referring.filter(pl.col("by").is_not_null()),
    )


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
    reader: TargetReader, bearings: Bearings, entity: str, frame: pl.DataFrame, whole: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    mapping, held = bearings.entity(entity), cell_columns(frame)
    written = _written(frame, held)
    deletes = bool((frame["action"] == Action.DELETE).any())
    every = row_columns(mapping)
    wanted = [*held, *every] if whole else [*written, *(every if deletes else ())]
    columns = list(dict.fromkeys(wanted))
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
    if deletes:
        stored = preconditions(
            bearings.digest_key, joined.select(pl.col(f"now:{c}").alias(c) for c in every)
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


def _written(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """The columns that any of the rows writes."""
    if not columns:
        return []
    any_row = (pl.col(AFTER + c).ne_missing(UNTOUCHED).any().alias(c) for c in columns)
    return [c for c, found in frame.select(any_row).row(0, named=True).items() if found]


def _inserts(
    reader: TargetReader,
    bearings: Bearings,
    entity: str,
    new: pl.DataFrame,
    ahead: bool,
    known: Known | None,
) -> pl.DataFrame:
    mapping = bearings.entity(entity)
    hits = [pl.DataFrame(schema={"golden_id": pl.String, "reason": pl.String})]
    if ahead:
        hits += [_loaded(reader, entity, mapping, new), _old_keys_taken(reader, mapping, new)]
    match = UniqueKey(tuple(mapping.fields[f].column for f in mapping.match))
    keys = _absent_under(bearings, entity, cell_columns(new), ahead, match)
    if keys and has_rows(reader, mapping.table):
        references = bearings.references.get(entity, {})
        stand = referred_keys(reader, bearings, {entity: new}, known)
        asked = sorted({c for key in keys for c in key.columns})
        wanted = _wanted(resolve(new, references, stand), references, asked)
        for key in keys:
            some = wanted.select("_n", *key.columns)
            if key.parts:  # there a null would be an empty cell, and here some are not known yet
                some = some.drop_nulls()
            found = reader.taken(mapping.table, mapping.key, some, where=key.where, parts=key.parts)
            if key is match:
                found = _counted(reader, bearings, mapping, found)
            taken = pl.lit("taken").alias("reason")
            hits.append(found.select(pl.col("_n").alias("golden_id"), taken))
    hit = pl.concat(hits).unique("golden_id", keep="first", maintain_order=True)
    return new.drop("reason").join(hit, on="golden_id").select("golden_id", "group", "reason")


def _loaded(
    reader: TargetReader, entity: str, mapping: TargetEntity, new: pl.DataFrame
) -> pl.DataFrame:
    """golden_id and reason of records that were applied since and stand."""
    based = known_keys(reader, new["golden_id"]).filter(pl.col("entity") == entity)
    # A base row whose row was deleted in the CRM does not stand in the way.
    stands = reader.rows(mapping.table, mapping.key, based["target_key"], [])["_key"]
    loaded = based.filter(pl.col("target_key").is_in(stands.implode()))
    return loaded.select("golden_id", pl.lit("loaded_already").alias("reason"))


def _old_keys_taken(reader: TargetReader, mapping: TargetEntity, new: pl.DataFrame) -> pl.DataFrame:
    """golden_id and reason of rows to be inserted again whose key another row has by now."""
    again = new.filter(pl.col("target_key").is_not_null())
    there = reader.rows(mapping.table, mapping.key, again["target_key"], [])["_key"]
    taken = again.filter(pl.col("target_key").is_in(there.implode()))
    return taken.select("golden_id", pl.lit("taken").alias("reason"))


def _wanted(
    new: pl.DataFrame, references: Mapping[str, str], columns: Sequence[str]
) -> pl.DataFrame:
    """`_n` (golden id) and the cells to be inserted; null where nothing definite is written yet."""

    def definite(column: str) -> pl.Expr:
        cell = pl.col(AFTER + column)
        unknown = cell == UNTOUCHED
        if column in references:
            # It refers to a record that is not there yet, so nothing can refer to it already.
            unknown = unknown | cell.str.starts_with(REFERENCE_PREFIX)
        return pl.when(~unknown).then(cell).alias(column)

    return new.select(pl.col("golden_id").alias("_n"), *map(definite, columns))


def _absent_under(
    bearings: Bearings, entity: str, columns: Iterable[str], ahead: bool, match: UniqueKey
) -> list[UniqueKey]:
    """The keys under which rows to be inserted must not stand yet.

    With `ahead` the target's own; those under which the mapping matches in any case, unless the
    target itself lets nothing stand under them twice.
    """
    mapping, held = bearings.entity(entity), set(columns)
    table = bearings.schema.table(mapping.table)
    own = [k for k in table.unique_keys if k.askable]
    own.append(UniqueKey(table.primary_key))
    keys = own if ahead else []
    plain = [k for k in own if k.columns and k.where is None and k.checkable]
    if not any(set(k.columns) <= set(match.columns) for k in plain):
        keys = [*keys, match]
    return [k for k in dict.fromkeys(keys) if k.columns and held.issuperset(k.columns)]


def _counted(
    reader: TargetReader, bearings: Bearings, mapping: TargetEntity, found: pl.DataFrame
) -> pl.DataFrame:
    """The hits among rows that the mapping does not leave out; a unique key counts all rows."""
    policy = mapping.left_out
    if policy is None or found.is_empty():
        return found
    info = bearings.schema.table(mapping.table).column(policy.column)
    rows = reader.rows(mapping.table, mapping.key, found["_key"].unique(), [policy.column])
    # What the policy names is compared as it is stored; forms of numbers are the plan's affair.
    out = rows.filter(left_out(policy, rows, info, as_given))["_key"]
    return found.filter(~pl.col("_key").is_in(out.implode()))
