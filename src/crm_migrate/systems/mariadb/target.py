"""MariaDB (from 10.6) and MySQL (from 8.0) as a target.

- Planning reads one consistent snapshot in a READ ONLY transaction and needs SELECT alone.
- Writing is strict whatever the server's own sql_mode, checks foreign and unique keys, and undoes
  everything after any error, also after a lock time-out, which InnoDB itself undoes by half.
- DDL commits what was written before it: our own tables are made before the first row is.
- Tables that are not InnoDB are described as unfit and are never written.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import polars as pl
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.mariadb import rights
from crm_migrate.systems.mariadb.cells import asked, charset
from crm_migrate.systems.mariadb.faults import code_of, faults, passes
from crm_migrate.systems.mariadb.forms import stored_form
from crm_migrate.systems.mariadb.view import MariadbView
from crm_migrate.systems.target import Purpose
from crm_migrate.systems.target_schema import ColumnInfo, TargetSchema

_PORT = 3306
_CONNECT_SECONDS = 15
_MODE = (
    "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION"
)
"""NO_ZERO_DATE is missing on purpose: a zero date that stood in the CRM can be put back."""
_OLDEST = {True: (10, 6), False: (8, 0, 4)}
"""By whether it is MariaDB: from here on JSON_TABLE is known."""
_SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"


class MariadbTarget:
    """A database of a MariaDB or MySQL server as a target."""

    system = "mariadb"

    def __init__(self, url: URL, *, wait: float = 15.0) -> None:
        """`wait`: seconds to wait for another's lock before the target counts as locked.

        Raises:
            TargetFault: the URL names no database.
        """
        if not url.database:
            raise TargetFault(
                Text("the target's url names no database", "目标系统的 url 中没有数据库名"),
                where="crm-migrate.yaml: target.url",
                remedy=Text("write it as {form}", "请写成 {form}").fill(
                    form="mariadb://user:${PASSWORD}@host/database"
                ),
            )
        self.database = f"{url.host or 'localhost'}:{url.port or _PORT}/{url.database}"
        self._url = url.set(drivername="mysql+pymysql")
        self._wait = max(1, round(wait))
        self._pads: dict[str, bool] = {}

    def describe(self) -> TargetSchema:
        """The schema, read-only."""
        with self.reading() as view:
            return view.describe()

    def read_table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows of a table as stored text, read-only."""
        with self.reading() as view:
            return view.read_table(name, columns)

    @contextmanager
    def reading(self) -> Iterator[MariadbView]:
        """One consistent snapshot of the database, in which the server itself refuses writes."""
        with self._connected("REPEATABLE READ") as connection:
            connection.exec_driver_sql(_SNAPSHOT)
            yield MariadbView(connection, self.database, writes=False)

    @contextmanager
    def transaction(self, *, triggers: bool = True) -> Iterator[MariadbView]:
        """A write transaction. Triggers always run."""
        if not triggers:
            raise ValueError("MariaDB cannot keep triggers from running")
        with self._connected("READ COMMITTED") as connection:
            connection.exec_driver_sql("START TRANSACTION")
            view = MariadbView(connection, self.database, writes=True)

            def noticed(context: ExceptionContext) -> None:
                code = code_of(context.original_exception)
                if context.connection is connection and code is not None and passes(code):
                    view.undo(code)

            event.listen(self._engine, "handle_error", noticed)
            try:
                yield view
                if view.undone is not None:  # somebody went on as if nothing had happened
                    raise view.undone
            finally:
                event.remove(self._engine, "handle_error", noticed)

    def stored_form(self, column: ColumnInfo, values: pl.Series) -> pl.Series:
        """What the column makes of the values; the server is asked about floating point only."""
        return stored_form(column, values, self._as_real)

    def equality_form(self, column: ColumnInfo, values: pl.Series) -> pl.Series:
        """The server's sort weights (hex); under collations that pad, without trailing blanks."""
        collation = column.collation
        if collation is None or column.kind != "text" or collation == "binary":
            return values
        padded = self._is_padded(collation)
        if collation.endswith("_bin"):
            return values.str.strip_chars_end(" ") if padded else values
        text = "TRIM(TRAILING ' ' FROM w._v)" if padded else "w._v"
        held = f"CONVERT({text} USING {charset(collation)}) COLLATE {collation}"
        return self._asked(f"HEX(WEIGHT_STRING({held}))", values)

    def can_silence(self) -> bool:
        """MariaDB has no such switch."""
        return False

    def grants(self, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
        """GRANT statements for an administrator; name our own tables, too, for applying."""
        with self.reading() as view:
            return rights.grants(rights.rights_of(view.connection), tables, purpose)

    def lacking(self, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
        """The rights that SHOW GRANTS does not name."""
        with self.reading() as view:
            return rights.lacking(rights.rights_of(view.connection), tables, purpose)

    def _as_real(self, column: ColumnInfo, values: pl.Series) -> pl.Series:
        return self._asked("CAST(w._v + 0e0 AS CHAR)", values)

    def _asked(self, expression: str, values: pl.Series) -> pl.Series:
        """An expression over each value (`w._v`), evaluated by the server once per distinct one."""
        distinct = values.drop_nulls().unique().to_frame("_v")
        query = f"SELECT w._v, {expression} FROM {asked(['_v'])}"
        with self.reading() as view:
            known = view.ask(query, distinct, ("_v", "_form"))
        return (
            values.to_frame("_v")
            .join(known, on="_v", how="left", maintain_order="left")["_form"]
            .alias(values.name)
        )

    def _is_padded(self, collation: str) -> bool:
        if collation not in self._pads:
            one, other = (f"CONVERT('{t}' USING {charset(collation)})" for t in ("a", "a "))
            with self.reading() as view:
                equal = view.connection.exec_driver_sql(
                    f"SELECT {one} = {other} COLLATE {collation}"
                ).scalar_one()
            self._pads[collation] = bool(equal)
        return self._pads[collation]

    @cached_property
    def _engine(self) -> Engine:
        engine = create_engine(
            self._url,
            # One connection is kept between transactions: making one costs 50 ms for TLS alone.
            pool_size=1,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "charset": "utf8mb4",
                "autocommit": False,
                "local_infile": True,
                "connect_timeout": _CONNECT_SECONDS,
            },
        )
        event.listen(engine, "connect", self._set_up)
        return engine

    def _set_up(self, driver: Any, _record: object) -> None:
        driver._local_infile = False  # raised for our own LOAD DATA alone
        with driver.cursor() as cursor:
            cursor.execute(
                f"SET SESSION sql_mode = '{_MODE}', foreign_key_checks = 1, unique_checks = 1,"
                f" innodb_lock_wait_timeout = {self._wait}, lock_wait_timeout = {self._wait},"
                " max_error_count = 64"
                # Long lists of keys stay lists; MySQL's counters are read afresh.
                " /*M!100300 , in_predicate_conversion_threshold = 0 */"
                " /*!80000 , information_schema_stats_expiry = 0 */"
            )

    @contextmanager
    def _connected(self, isolation: str) -> Iterator[Connection]:
        with faults(self.database), self._engine.connect() as connection:
            self._require_known(connection)
            connection.exec_driver_sql(f"SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")
            connection.rollback()
            with connection.begin():
                yield connection

    def _require_known(self, connection: Connection) -> None:
        maria = bool(getattr(connection.dialect, "is_mariadb", False))
        version = tuple(
            n for n in connection.dialect.server_version_info or () if isinstance(n, int)
        )
        if version and version < _OLDEST[maria]:
            raise TargetFault(
                Text(
                    "this server is too old: {version}", "目标数据库服务器版本过旧：{version}"
                ).fill(version=".".join(map(str, version))),
                where=self.database,
                remedy=Text(
                    "MariaDB from 10.6 on or MySQL from 8.0 on is needed",
                    "需要 MariaDB 10.6 或 MySQL 8.0 及以上版本",
                ),
            )
