"""Target keys: which ones golden records have, and which ones new rows get."""

from collections.abc import Collection, Mapping

import polars as pl

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.loading.bearings import Bearings
from crm_migrate.loading.ledger.rows import known_keys
from crm_migrate.plan.change import AFTER, REFERENCE_PREFIX, UNTOUCHED, Action
from crm_migrate.systems.target import TargetReader, TargetTransaction

KEYS = {"entity": pl.String, "golden_id": pl.String, "target_key": pl.String}
_NAMED = {"entity": pl.String, "golden_id": pl.String}


class Known:
    """Keys of the rows that an apply has written, as far as others may refer to them."""

    def __init__(self, entities: Collection[str]) -> None:
        """`entities`: those that some column refers to."""
        self._entities = pl.Series(sorted(entities), dtype=pl.String)
        self._parts: list[pl.DataFrame] = []

    def learn(self, keys: pl.DataFrame) -> None:
        """Rows that stand now: KEYS."""
        named = keys.select(*KEYS).filter(pl.col("entity").is_in(self._entities.implode()))
        if named.height:
            self._parts.append(named.drop_nulls())

    def of(self, named: pl.DataFrame) -> pl.DataFrame:
        """KEYS of the golden records named (entity, golden_id), as far as they are known."""
        parts = [pl.DataFrame(schema=KEYS)]
        if named.height:
            parts += [p.join(named, on=list(_NAMED), how="semi") for p in self._parts]
        return pl.concat(parts)


def referred_keys(
    reader: TargetReader,
    bearings: Bearings,
    operations: Mapping[str, pl.DataFrame],
    known: Known | None = None,
) -> pl.DataFrame:
    """KEYS of the golden records that the operations refer to and do not insert themselves."""
    parts = [pl.DataFrame(schema=_NAMED)]
    coming = [pl.DataFrame(schema=_NAMED)]
    for entity, frame in operations.items():
        new = frame.filter(pl.col("action") == Action.INSERT)
        coming.append(new.select(pl.lit(entity).alias("entity"), "golden_id"))
        for column, referred in bearings.references.get(entity, {}).items():
            if AFTER + column in frame.columns:
                cell = pl.col(AFTER + column)
                named = frame.select(cell).filter(cell.str.starts_with(REFERENCE_PREFIX))
                golden = cell.str.strip_prefix(REFERENCE_PREFIX).alias("golden_id")
                parts.append(named.select(pl.lit(referred).alias("entity"), golden))
    wanted = pl.concat(parts).unique()
    if wanted.is_empty():
        return pl.DataFrame(schema=KEYS)
    wanted = wanted.join(pl.concat(coming), on=list(_NAMED), how="anti")
    found = pl.DataFrame(schema=KEYS) if known is None else known.of(wanted)
    rest = wanted.join(found, on=list(_NAMED), how="anti")
    if rest.is_empty():
        return found
    based = known_keys(reader, rest["golden_id"].unique())
    return pl.concat([found, based.join(rest, on=list(_NAMED), how="semi")])


def resolve(
    frame: pl.DataFrame, references: Mapping[str, str], known: pl.DataFrame
) -> pl.DataFrame:
    """References by golden id → target keys, as far as `known` has them.

    `known`: KEYS. What is not known stays `@<golden_id>`.
    """
    for column, entity in references.items():
        name = AFTER + column
        if name not in frame.columns or not frame[name].str.starts_with(REFERENCE_PREFIX).any():
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


def with_keys(
    transaction: TargetTransaction, bearings: Bearings, entity: str, frame: pl.DataFrame
) -> pl.DataFrame:
    """The frame with a `target_key` for every insert.

    A row that is inserted again has its old key. Else a key that a field is mapped to is that
    field's value; an integer key goes on counting; any other key is the golden id itself, which
    nobody else uses.

    Raises:
        TargetFault: the key is too short for a golden id.
    """
    mapping = bearings.entity(entity)
    column = bearings.schema.table(mapping.table).column(mapping.key)
    if AFTER + mapping.key in frame.columns:
        cell = pl.col(AFTER + mapping.key)
        given = pl.when((pl.col("action") == Action.INSERT) & (cell != UNTOUCHED)).then(cell)
        frame = frame.with_columns(pl.coalesce("target_key", given).alias("target_key"))
    missing = frame["target_key"].is_null()
    if not missing.any():
        return frame
    if column.kind == "integer":
        numbers = transaction.next_keys(mapping.table, mapping.key, int(missing.sum()))
        keys = frame["target_key"].scatter(missing.arg_true(), numbers)
        return frame.with_columns(keys)
    _require_room(mapping.table, column.length, frame["golden_id"])
    return frame.with_columns(pl.coalesce("target_key", "golden_id").alias("target_key"))


def keys_of(operations: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """KEYS of the operations' own rows."""
    frames = [
        frame.select(pl.lit(entity).alias("entity"), "golden_id", "target_key")
        for entity, frame in operations.items()
    ]
    return pl.concat([pl.DataFrame(schema=KEYS), *frames])


def _require_room(table: str, length: int | None, golden_ids: pl.Series) -> None:
    longest = golden_ids.str.len_chars().max() or 0
    if length is not None and isinstance(longest, int) and longest > length:
        raise TargetFault(
            Text(
                "the key of {table} is a text too short for a golden id",
                "{table} 的主键长度不足以存放统一客户标识",
            ).fill(table=table),
            where=table,
            remedy=Text(
                "map a field to the key column in mappings/target.yaml",
                "请在 mappings/target.yaml 中把一个字段映射到主键列",
            ),
        )
