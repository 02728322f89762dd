"""One transaction's connection to MariaDB or MySQL: cursors, faults, and what is undone at once."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pymysql import MySQLError

from crm_migrate.systems.mariadb.faults import (
    code_of,
    fault_of,
    passes,
    transient,
    violation_of,
)
from crm_migrate.systems.target import ConstraintViolated, TransientFault

if TYPE_CHECKING:
    from sqlalchemy import Connection

_HARMLESS = frozenset({1287, 1592, 1681, 3719, 3778, 4095})
"""Warnings about how a statement is written or logged, not about what it writes."""


class Line:
    """The driver's connection inside one transaction."""

    def __init__(self, connection: "Connection", database: str) -> None:
        self.database = database
        self.undone: TransientFault | None = None
        """Why the server has undone the transaction: nothing of it may be committed any more."""
        self._connection = connection

    @property
    def driver(self) -> Any:
        """The driver's own connection."""
        return self._connection.connection.driver_connection

    @contextmanager
    def cursor(self, kind: type[Any] | None = None) -> Iterator[Any]:
        """A cursor of the driver; its errors come out as faults."""
        if self.undone is not None:
            raise self.undone
        cursor = self.driver.cursor(kind)
        try:
            yield cursor
        except MySQLError as error:
            code = code_of(error)
            if code is not None and passes(code):
                raise self.undo(code) from None
            raise fault_of(error, self.database) from None
        finally:
            with suppress(MySQLError):
                cursor.close()

    def write(self, statement: str, values: tuple[Any, ...] = ()) -> int:
        """Runs a statement and refuses to go on after any warning; returns rows found."""
        with self.cursor() as cursor:
            done = int(cursor.execute(statement, values))
            cursor.execute("SHOW WARNINGS", ())
            codes = [int(code) for _, code, _ in cursor.fetchall() if int(code) not in _HARMLESS]
        if codes:
            raise ConstraintViolated(violation_of(codes[0]), where=self.database)
        return done

    def undo(self, code: int) -> TransientFault:
        """Roll back at once what the server undid in part or whole.

        After a lock time-out InnoDB undoes one statement only, and a COMMIT would keep the half.
        """
        self.undone = transient(code, self.database)
        with suppress(MySQLError):
            self.driver.rollback()
        return self.undone
