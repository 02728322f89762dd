"""Keyed digests of what a plan means: preconditions, commitments, operations, effect, evidence.

Every message is canonical JSON (or length-prefixed parts), so no two meanings share one, and is
digested with HMAC-SHA256 under the project's digest key: without the key nobody can try values
against a digest. Nothing random goes in (no ciphertext of ours, nonce, key id, time, path), so
planning twice gives the same digests. Messages are built by columns; only the HMAC itself is a
loop over rows.
"""

import hashlib
from collections.abc import Mapping, Sequence

import polars as pl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED, Action, TargetIdentity
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.trust.canonical import canonical_json
from crm_migrate.trust.merkle import MerkleTree

WRITES = (Action.INSERT, Action.UPDATE, Action.DELETE)
"""Actions that are part of the effect."""

_SHORT = 16
_BATCH = 100_000
_ESCAPED = r'["\\\x00-\x1f]'
_PRECONDITION, _COMMITMENT, _OPERATION = b"precondition\0", b"commitment\0", b"operation\0"


def keyed_digests(key: bytes, context: bytes, messages: pl.Series, size: int = 32) -> pl.Series:
    """HMAC-SHA256 of context ‖ message for each message, cut to `size` bytes, as hex."""
    begun = HMAC(key, hashes.SHA256())
    begun.update(context)

    def digest(message: bytes) -> bytes:
        mac = begun.copy()  # keeps the key schedule: twice as fast as hmac.digest
        mac.update(message)
        return mac.finalize()

    digests = [digest(message) for message in messages.cast(pl.Binary).to_list()]
    return pl.Series(messages.name, digests, dtype=pl.Binary).bin.head(size).bin.encode("hex")


def precondition(digest_key: bytes, cells: Mapping[str, str | None]) -> str:
    """Digest of raw stored cells by column name, 32 hex characters; the order does not matter."""
    ordered = [[column, cells[column]] for column in sorted(cells)]
    message = pl.Series([canonical_json(ordered).decode()])
    return str(keyed_digests(digest_key, _PRECONDITION, message, _SHORT)[0])


def preconditions(digest_key: bytes, cells: pl.DataFrame) -> pl.Series:
    """`precondition` of every row of raw cells; a cell that is UNTOUCHED takes no part."""
    message = _json_list([_cell(c, [c], c) for c in sorted(cells.columns)])
    digests = [
        keyed_digests(
            digest_key, _PRECONDITION, _quoted(batch, cells.columns).select(m=message)["m"], _SHORT
        )
        for batch in cells.iter_slices(_BATCH)
    ]
    return pl.concat([pl.Series([], dtype=pl.String), *digests]).alias("precondition")


def row_columns(mapping: TargetEntity) -> list[str]:
    """Columns whose raw cells make a row's `raw_digest` in the base: all that hold a field."""
    return sorted({c.column for c in mapping.fields.values()})


def commitments(
    digest_key: bytes, entity: str, field: str, golden_ids: pl.Series, values: pl.Series
) -> pl.Series:
    """What the base in the target keeps of golden cells: 32 hex characters, null for null.

    Bound to golden id, entity and field, so equal values of two customers do not show as equal.
    """
    known = pl.DataFrame({"g": golden_ids, "v": values}).drop_nulls("v")
    fixed = "".join(f"{len(p.encode())}:{p}," for p in (entity, field))
    messages = known.select(_prefixed("g") + pl.lit(fixed) + _prefixed("v")).to_series()
    digests = keyed_digests(digest_key, _COMMITMENT, messages, _SHORT)
    return _spread(digests, values.is_not_null()).alias(field)


def commitments_json(columns: Sequence[pl.Series]) -> pl.Series:
    """Commitments of several fields (each Series named by its field) as one JSON text per row."""
    parts = [pl.concat_str(pl.lit(f'"{c.name}":"'), c.name, pl.lit('"')) for c in columns]
    joined = pl.concat_str(parts, separator=",", ignore_nulls=True) if parts else pl.lit("")
    whole = pl.concat_str(pl.lit("{"), joined, pl.lit("}"))
    return pl.DataFrame(columns).select(whole.alias("commitments")).to_series()


def operation_digests(
    digest_key: bytes,
    entity: str,
    operations: pl.DataFrame,
    treatments: Mapping[str, str],
    derived: Sequence[str] = (),
) -> pl.Series:
    """`op_digest` of each insert, update and delete (64 hex characters), null for all other rows.

    `operations` is *before* sealing. `treatments`: target column → how its field is treated
    (left out: clear). A sealed cell's present ciphertext is left to the precondition. `derived`
    columns (blind indexes) follow from others and take no part.
    """
    columns = sorted(c for c in cell_columns(operations) if c not in derived)
    head = ["golden_id", "target_key", "action", "precondition", "conflicts"]
    written = operations["action"].is_in(list(WRITES))
    parts, read = [], list(head)
    for column in columns:
        treatment = treatments.get(column, "clear")
        sides = [AFTER + column] if treatment != "clear" else [BEFORE + column, AFTER + column]
        parts.append(_cell(f"{column}:{treatment}", sides, AFTER + column))
        read += sides
    message = _json_list([_text(entity), *head, _json_list(parts)])
    digests = [
        keyed_digests(digest_key, _OPERATION, _quoted(batch, read).select(m=message)["m"])
        for batch in operations.filter(written).select(read).iter_slices(_BATCH)
    ]
    return _spread(pl.concat([pl.Series([], dtype=pl.String), *digests]), written).alias(
        "op_digest"
    )


def cell_columns(operations: pl.DataFrame) -> list[str]:
    """The target columns that the frame holds cells of."""
    return [c.removeprefix(AFTER) for c in operations.columns if c.startswith(AFTER)]


def effect(target: TargetIdentity, project: str, op_digests: Mapping[str, pl.Series]) -> str:
    """Merkle root (RFC 6962, hex) over the target's identity and the sorted operation digests.

    `op_digests`: entity → digests, nulls ignored. The order of rows and entities is no part of
    it; an empty plan is the tree of the target's leaf alone.
    """
    leaf = canonical_json(
        {
            "context": "crm-migrate/effect/1",
            "project": project,
            "name": target.name,
            "system": target.system,
            "database": target.database,
            "fingerprint": target.fingerprint,
            "sandbox": target.sandbox,
        }
    )
    tree = MerkleTree.of([leaf])
    digests = [s.drop_nulls() for s in op_digests.values()]
    for digest in pl.concat(digests).sort() if digests else ():
        tree.add(bytes.fromhex(digest))
    return tree.root().hex()


def evidence(parts: Mapping[str, str]) -> str:
    """SHA-256 (hex) over the named digests on which a plan rests."""
    context = "crm-migrate/evidence/1"
    return hashlib.sha256(
        canonical_json([context, sorted([n, d] for n, d in parts.items())])
    ).hexdigest()


def _spread(values: pl.Series, where: pl.Series) -> pl.Series:
    """The values in the rows where the mask holds, null in the others."""
    empty = pl.Series([None] * len(where), dtype=pl.String)
    return empty.scatter(where.arg_true(), values)


def _quoted(batch: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The columns as JSON text (`null` or quoted); UNTOUCHED becomes null, a missing part.

    Polars escapes exactly as `json.dumps` does, but slowly: only columns that need it go there.
    """
    names = list(dict.fromkeys(columns))
    untouched = pl.lit(UNTOUCHED)
    clean = batch.select(pl.when(pl.col(c) != untouched).then(c).alias(c) for c in names)
    escape = clean.select(pl.all().str.contains(_ESCAPED).any()).row(0, named=True)
    return batch.select(
        pl.when(pl.col(c).is_null())
        .then(pl.lit("null"))
        .when(pl.col(c) != untouched)
        .then(_escaped(c) if escape[c] else pl.concat_str(pl.lit('"'), c, pl.lit('"')))
        .alias(c)
        for c in names
    )


def _escaped(column: str) -> pl.Expr:
    wrapped = pl.struct(x=pl.col(column)).struct.json_encode()
    return wrapped.str.slice(len('{"x":')).str.head(-1)


def _text(text: str) -> pl.Expr:
    return pl.lit(canonical_json(text).decode())


def _cell(name: str, sides: Sequence[str], written: str) -> pl.Expr:
    """`[name, side, …]` over quoted columns; null where the column `written` is UNTOUCHED."""
    return pl.when(pl.col(written).is_not_null()).then(_json_list([_text(name), *sides]))


def _json_list(parts: Sequence[pl.Expr | str]) -> pl.Expr:
    """A JSON list of the parts that are not null."""
    joined = pl.concat_str(parts, separator=",", ignore_nulls=True) if parts else pl.lit("")
    return pl.concat_str(pl.lit("["), joined, pl.lit("]"))


def _prefixed(column: str) -> pl.Expr:
    """Netstring of a text: its length in bytes, then the text itself."""
    return pl.concat_str(
        pl.col(column).str.len_bytes().cast(pl.String), pl.lit(":"), pl.col(column), pl.lit(",")
    )
