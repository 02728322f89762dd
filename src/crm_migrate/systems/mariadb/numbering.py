"""Numbers for new rows, as tables of MariaDB and MySQL count them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import polars as pl

from crm_migrate.systems.mariadb import faults
from crm_migrate.systems.mariadb.cells import STAGE, quoted
from crm_migrate.systems.mariadb.line import Line
from crm_migrate.systems.target import ConstraintViolated
from crm_migrate.systems.target_schema import ColumnInfo

_ON_PRIMARY = re.compile(r"for key '(?:[^']*\.)?PRIMARY'$")
_PROBE = "crm_migrate_probe"


class Numbering:
    """Hands out numbers in one transaction, and remembers them until they are used."""

    def __init__(self, line: Line, database: str) -> None:
        self._line = line
        self._database = database
        self._given: dict[str, tuple[str, int]] = {}
        """Table → key column and greatest number that was handed out."""

    def next(self, name: str, key: str, count: int) -> pl.Series:
        """`count` numbers (as text) after the counter's and the largest key.

        The counter itself is raised by the first insert; whoever took one of the numbers until
        then makes that insert raise `key_race`.
        """
        with self._line.cursor() as cursor:
            cursor.execute(
                "SELECT auto_increment, @@auto_increment_increment, @@auto_increment_offset"
                " FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = %s",
                (name,),
            )
            counter, step, offset = cursor.fetchone() or (None, 1, 1)
            cursor.execute(f"SELECT MAX({quoted(key)} + 0) FROM {quoted(name)}", ())
            ((largest,),) = cursor.fetchall()
        _, given = self._given.get(name, ("", 0))
        least = max(int(counter or 1), int(largest or 0) + 1, given + 1)
        # Members of a cluster number in steps; ours are left to this member.
        first = least + (int(offset) - least) % int(step)
        numbers = pl.int_range(first, first + count * int(step), int(step), eager=True)
        if count:
            self._given[name] = (key, int(numbers[-1]))
        return numbers.cast(pl.String).alias(key)

    def raise_counter(
        self, name: str, known: Mapping[str, ColumnInfo], into: str, cells: Mapping[str, str]
    ) -> None:
        """Let the table's counter pass the numbers that were handed out, before they are used.

        InnoDB's counter is raised by an insert and stays raised when it is undone: the last row
        is inserted under the greatest number, and taken back. Where the row can't be, the table
        is left as it is. `known`: the table's columns; `into`: the INSERT, and `cells` what it
        writes into each column, in SQL over the stage.
        """
        key, greatest = self._given.get(name, ("", 0))
        column = known.get(key)
        if key not in cells or column is None or column.default != "auto_increment":
            return
        values = [str(greatest) if c == key else v for c, v in cells.items()]
        chosen = f"SELECT {', '.join(values)} FROM {STAGE} s ORDER BY s._row DESC LIMIT 1"
        with self._line.cursor() as cursor:
            cursor.execute(f"SAVEPOINT {_PROBE}", ())
        with suppress(ConstraintViolated), self._line.cursor() as cursor:
            cursor.execute(f"{into} {chosen}", ())
        with self._line.cursor() as cursor:
            cursor.execute(f"ROLLBACK TO SAVEPOINT {_PROBE}", ())
            cursor.execute(f"RELEASE SAVEPOINT {_PROBE}", ())

    @contextmanager
    def ours(self, name: str) -> Iterator[None]:
        """A number that is refused although we were handed it was taken by somebody else.

        Raises:
            TransientFault: `key_race`; the caller asks for numbers anew.
        """
        try:
            yield
        except ConstraintViolated as refused:
            if refused.violation == "unique" and name in self._given and self._primary_refused():
                raise faults.key_race(self._database) from None
            raise

    def _primary_refused(self) -> bool:
        with self._line.cursor() as cursor:
            cursor.execute("SHOW ERRORS", ())
            return any(
                int(code) == faults.DUPLICATE and _ON_PRIMARY.search(str(words))
                for _, code, words in cursor.fetchall()
            )
