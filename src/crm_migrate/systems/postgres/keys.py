"""Numbers for new rows: from the key column's own sequence, else those after the largest."""

from typing import Any

import polars as pl
import psycopg

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.postgres.text import literal, quoted

_FAR = 10_000_000
"""How far a sequence that lags behind its table is wound forward."""
_ROUNDS = 50


class Keys:
    """Keys given out within one transaction."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection
        self._last: dict[str, int] = {}

    def counted(self, name: str) -> bool:
        """Whether the table's keys were counted on, so that another program may have them, too."""
        return name in self._last

    def next(self, name: str, table: str, key: str, count: int) -> pl.Series:
        """`count` numbers, as text; `table` is the quoted, qualified name of `name`.

        `nextval` gives a number to nobody else. Numbers that stand in the table already (rows
        that were loaded with keys of their own) are passed over. Without a sequence the numbers
        are those after the largest, and an insert that finds one taken is a key race.
        """
        sequence = self._sequence(table, key)
        if sequence is None:
            last = max(self._largest(table, key), self._last.get(name, 0))
            self._last[name] = last + count
            numbers = pl.int_range(last + 1, last + count + 1, eager=True)
        else:
            numbers = self._drawn(table, key, sequence, count)
        return numbers.cast(pl.String).alias(key)

    def _sequence(self, table: str, key: str) -> str | None:
        """The sequence that the column owns, or that its default draws from."""
        owned = self._value(f"SELECT pg_get_serial_sequence({literal(table)}, {literal(key)})")
        if owned is not None:
            return str(owned)
        drawn = self._value(
            "SELECT d2.refobjid::regclass::text FROM pg_attrdef d"
            " JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum"
            " JOIN pg_depend d2 ON d2.classid = 'pg_attrdef'::regclass AND d2.objid = d.oid"
            " JOIN pg_class s ON s.oid = d2.refobjid AND s.relkind = 'S'"
            f" WHERE d.adrelid = {literal(table)}::regclass AND a.attname = {literal(key)}"
        )
        return None if drawn is None else str(drawn)

    def _drawn(self, table: str, key: str, sequence: str, count: int) -> pl.Series:
        free = pl.Series([], dtype=pl.Int64)
        for _ in range(_ROUNDS):
            missing = count - len(free)
            numbers = self._value(
                f"SELECT array_agg(nextval({literal(sequence)})) FROM generate_series(1, {missing})"
            )
            drawn = pl.Series(numbers, dtype=pl.Int64)
            # One look along the index: as a rule nothing stands between the first and the last.
            rows = self._connection.execute(
                f"SELECT {quoted(key)} FROM {table}"
                f" WHERE {quoted(key)} BETWEEN {min(numbers)} AND {max(numbers)}"
            ).fetchall()
            stands = pl.Series([number for (number,) in rows], dtype=pl.Int64)
            free = free.append(drawn.filter(~drawn.is_in(stands.implode())))
            if len(free) == count:
                return free
            behind = self._largest(table, key) - int(drawn[-1])
            if 0 < behind <= _FAR:
                self._connection.execute(
                    f"SELECT count(nextval({literal(sequence)})) FROM generate_series(1, {behind})"
                )
        raise TargetFault(
            Text(
                "the sequence of {table} is far behind its keys", "{table} 的序列远落后于主键"
            ).fill(table=table),
            where=sequence,
            remedy=Text("an administrator sets it: {sql}", "请管理员执行：{sql}").fill(
                sql=f"SELECT setval({literal(sequence)}, max({quoted(key)})) FROM {table}"
            ),
        )

    def _largest(self, table: str, key: str) -> int:
        return int(self._value(f"SELECT max({quoted(key)}) FROM {table}") or 0)

    def _value(self, query: str) -> Any:
        row = self._connection.execute(query).fetchone()
        return None if row is None else row[0]
