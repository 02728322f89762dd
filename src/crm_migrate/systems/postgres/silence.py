"""Writing without triggers: what the silenced triggers would have checked is checked here.

`session_replication_role = replica` keeps every ordinary trigger from running, and foreign keys
and deferrable unique constraints are enforced by such triggers. So before COMMIT the references of
written rows, and those to deleted or changed ones, are asked for set by set, and the rows
referred to are locked as the server itself would lock them. What would cascade is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import psycopg
from psycopg.rows import namedtuple_row

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.postgres.text import Cast, array, literal, quoted
from crm_migrate.systems.target import ConstraintViolated

_REFERENCES = """
    SELECT k.conname, k.conrelid::regclass::text AS child, k.confrelid::regclass::text AS parent,
           c.names AS columns, p.names AS referred
    FROM pg_constraint k
    CROSS JOIN LATERAL (
      SELECT array_agg(a.attname::text ORDER BY u.n) AS names
      FROM unnest(k.conkey) WITH ORDINALITY u (attnum, n)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) c
    CROSS JOIN LATERAL (
      SELECT array_agg(a.attname::text ORDER BY u.n) AS names
      FROM unnest(k.confkey) WITH ORDINALITY u (attnum, n)
      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) p
    WHERE k.contype = 'f' AND {side} = {table}::regclass
"""


@dataclass
class Silence:
    """What was written in one transaction without triggers."""

    connection: "psycopg.Connection[Any]"
    _written: list[tuple[str, str, Cast | None, pl.Series]] = field(default_factory=list)
    _deleted: list[tuple[Any, pl.DataFrame]] = field(default_factory=list)

    def wrote(self, table: str, rows: pl.DataFrame) -> None:
        """Rows were inserted; they are found again by the table's primary key."""
        self._require_immediate(table)
        key = self._primary_key(table)
        if key in rows.columns:
            self._written.append((table, key, None, rows[key].cast(pl.String)))

    def changed(self, table: str, key: str, cast: Cast, keys: pl.Series) -> None:
        """Rows with these keys were updated."""
        self._require_immediate(table)
        self._written.append((table, key, cast, keys))

    def will_delete(self, table: str, key: str, cast: Cast, keys: pl.Series) -> None:
        """Rows are about to be deleted: nothing may refer to them at the end."""
        for reference in self._references(table, "k.confrelid"):
            columns = ", ".join(f"{quoted(c)}::text" for c in reference.referred)
            wanted = f"{literal(array(keys))}::text[]::{cast.base}[]"
            rows = self.connection.execute(
                f"SELECT {columns} FROM {table} WHERE {quoted(key)} = ANY ({wanted})"
            ).fetchall()
            names = [f"v{i}" for i in range(len(reference.referred))]
            schema = dict.fromkeys(names, pl.String)
            self._deleted.append((reference, pl.DataFrame(rows, schema=schema, orient="row")))

    def check(self, where: str) -> None:
        """Asks for every reference of written rows, and for every reference to deleted ones.

        Raises:
            ConstraintViolated: a reference leads nowhere.
        """
        for table, key, cast, keys in self._written:
            for reference in self._references(table, "k.conrelid"):
                if self._leads_nowhere(table, key, cast, keys, reference):
                    raise ConstraintViolated("foreign_key", where=f"{where}, {reference.conname}")
        for reference, gone in self._deleted:
            if gone.height and self._still_referred(reference, gone):
                raise ConstraintViolated("foreign_key", where=f"{where}, {reference.conname}")

    def _leads_nowhere(
        self, table: str, key: str, cast: Cast | None, keys: pl.Series, reference: Any
    ) -> bool:
        pairs = list(zip(reference.columns, reference.referred, strict=True))
        filled = " AND ".join(f"t.{quoted(c)} IS NOT NULL" for c in reference.columns)
        equal = " AND ".join(f"p.{quoted(r)} = t.{quoted(c)}" for c, r in pairs)
        base = cast.base if cast is not None else self._type(table, key)
        wanted = f"{literal(array(keys))}::text[]::{base}[]"
        lost = self.connection.execute(
            f"SELECT 1 FROM {table} t WHERE t.{quoted(key)} = ANY ({wanted}) AND {filled}"
            f" AND NOT EXISTS (SELECT FROM {reference.parent} p WHERE {equal} FOR KEY SHARE)"
            " LIMIT 1"
        )
        return lost.fetchone() is not None

    def _still_referred(self, reference: Any, gone: pl.DataFrame) -> bool:
        columns = ", ".join(gone.columns)
        arrays = ", ".join(f"{literal(array(c))}::text[]" for c in gone.iter_columns())
        children = " AND ".join(
            f"t.{quoted(c)} = w.v{i}::{self._type(reference.child, c)}"
            for i, c in enumerate(reference.columns)
        )
        parents = " AND ".join(
            f"p.{quoted(r)} = t.{quoted(c)}"
            for c, r in zip(reference.columns, reference.referred, strict=True)
        )
        left = self.connection.execute(
            f"SELECT 1 FROM unnest({arrays}) w ({columns}) JOIN {reference.child} t ON {children}"
            f" WHERE NOT EXISTS (SELECT FROM {reference.parent} p WHERE {parents}) LIMIT 1"
        )
        return left.fetchone() is not None

    def _references(self, table: str, side: str) -> Sequence[Any]:
        with self.connection.cursor(row_factory=namedtuple_row) as cursor:
            query = _REFERENCES.format(side=side, table=literal(table))
            return cursor.execute(query).fetchall()

    def _primary_key(self, table: str) -> str:
        row = self.connection.execute(
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a"
            " ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
            f" WHERE i.indrelid = {literal(table)}::regclass AND i.indisprimary"
        ).fetchone()
        return str(row[0]) if row else ""

    def _type(self, table: str, column: str) -> str:
        row = self.connection.execute(
            "SELECT format_type(atttypid, -1) FROM pg_attribute"
            f" WHERE attrelid = {literal(table)}::regclass AND attname = {literal(column)}"
        ).fetchone()
        return str(row[0]) if row else "text"

    def _require_immediate(self, table: str) -> None:
        found = self.connection.execute(
            "SELECT 1 FROM pg_constraint WHERE condeferrable AND contype IN ('u', 'p', 'x')"
            f" AND conrelid = {literal(table)}::regclass"
        ).fetchone()
        if found is not None:
            raise TargetFault(
                Text(
                    "{table} has a deferrable unique constraint, which only a trigger enforces",
                    "{table} 有可延迟的唯一约束，须由触发器检查",
                ).fill(table=table),
                where=table,
                remedy=Text("let the target's triggers run", "请保持目标系统触发器启用"),
            )
