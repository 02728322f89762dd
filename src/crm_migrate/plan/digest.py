"""Keyed digests of what a plan means: preconditions, operations, effect, evidence.

Every message is framed (`trust.keyed_digest`), so no two meanings share one, and is digested with
HMAC-SHA256 under a key derived from the project's digest key: without it nobody can try values
against a digest. Nothing random goes in (no ciphertext of ours, nonce, key id, time, path), so
planning twice gives the same digests. Messages are built and digested by columns.
"""

import hashlib
from collections.abc import Mapping, Sequence

import polars as pl

from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED, Action
from crm_migrate.plan.header import TargetIdentity
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.trust.canonical import canonical_json
from crm_migrate.trust.keyed_digest import (
    digest_text,
    digests,
    framed,
    framed_lit,
    framed_text,
    purpose_key,
)
from crm_migrate.trust.merkle import MerkleTree

WRITES = (Action.INSERT, Action.UPDATE, Action.DELETE)
"""Actions that are part of the effect."""

PRECONDITION, OPERATION = "precondition", "operation"
"""Purposes of the keys."""

_SHORT = 32
_BATCH = 100_000


def keyed_digests(key: bytes, purpose: bytes, messages: pl.Series, size: int = 32) -> pl.Series:
    """Digest of each message under the purpose's key, cut to `size` bytes, as hex; null for null.

    Who builds messages of several parts sees to it that no two lists of parts share one.
    """
    named = purpose.decode().strip("\0")
    return digests(purpose_key(key, named), messages).str.head(2 * size).alias(messages.name)


def precondition(digest_key: bytes, cells: Mapping[str, str | None]) -> str:
    """Digest of raw stored cells by column name, 32 hex characters; the order does not matter.

    The message is name and cell of each column, framed, by the order of the names.
    """
    message = framed_text(*(part for name in sorted(cells) for part in (name, cells[name])))
    return digest_text(purpose_key(digest_key, PRECONDITION), message)[:_SHORT]


def preconditions(digest_key: bytes, cells: pl.DataFrame) -> pl.Series:
    """`precondition` of every row of raw cells; a cell that is UNTOUCHED takes no part."""
    parts = [_cell(framed_lit(c), [c], c) for c in sorted(cells.columns)]
    key = purpose_key(digest_key, PRECONDITION)
    return _digested(key, cells, parts).str.head(_SHORT).alias("precondition")


def row_columns(mapping: TargetEntity) -> list[str]:
    """Columns whose raw cells make a row's `raw_digest` in the base: all that hold a field."""
    return sorted({c.column for c in mapping.fields.values()})


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

    The message, framed: entity, golden_id, target_key, action, precondition, conflicts; then for
    each column that is written, by the order of the names: name, treatment, before (of clear
    columns) and after.
    """
    columns = sorted(c for c in cell_columns(operations) if c not in derived)
    head = ["golden_id", "target_key", "action", "precondition", "conflicts"]
    parts, read = [framed_lit(entity), *(framed(c) for c in head)], list(head)
    for column in columns:
        treatment = treatments.get(column, "clear")
        sides = [AFTER + column] if treatment != "clear" else [BEFORE + column, AFTER + column]
        parts.append(_cell(framed_lit(column, treatment), sides, AFTER + column))
        read += sides
    written = operations["action"].is_in(list(WRITES))
    key = purpose_key(digest_key, OPERATION)
    found = _digested(key, operations.select(read).filter(written), parts)
    if len(found) == len(written):
        return found.alias("op_digest")
    empty = pl.Series("op_digest", [None] * len(written), dtype=pl.String)
    return empty.scatter(written.arg_true(), found)


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


def _cell(name: pl.Expr, sides: Sequence[str], written: str) -> pl.Expr:
    """The name and the framed sides of a cell; null where the column `written` is UNTOUCHED."""
    whole = pl.concat_str(name, *(framed(side) for side in sides))
    return pl.when(pl.col(written).ne_missing(UNTOUCHED)).then(whole)


def _digested(key: str, rows: pl.DataFrame, parts: Sequence[pl.Expr]) -> pl.Series:
    """Digest of each row's parts put together; parts that are null are left out."""
    found = [pl.Series([], dtype=pl.String)]
    for batch in rows.iter_slices(_BATCH):
        # Polars 2.1 fails on text columns whose chunks lie differently.
        message = batch.rechunk().select(m=pl.concat_str(parts, ignore_nulls=True)).to_series()
        found.append(digests(key, message))
    return pl.concat(found)
