"""Triggers of MariaDB and MySQL, as far as this user is shown them: rights to SELECT do not do."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crm_migrate.systems.mariadb.rights import Rights

if TYPE_CHECKING:
    from sqlalchemy import Connection


def trigger_names(connection: "Connection") -> dict[str, list[str]]:
    """Names of the triggers that this user may see, by table."""
    rows = connection.exec_driver_sql(
        "SELECT event_object_table AS tbl, trigger_name AS name FROM information_schema.triggers"
        " WHERE event_object_schema = DATABASE() ORDER BY event_object_table, trigger_name"
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.tbl].append(row.name)
    return found


def trigger_digests(
    connection: "Connection", rights: Rights, tables: Sequence[str]
) -> dict[str, str]:
    """Table → SHA-256 over its triggers, for the tables whose triggers this user is shown.

    Their bodies are shown to fewer users still, but no trigger is ever altered: one that is made
    anew has another time of making.
    """
    rows = connection.exec_driver_sql(
        "SELECT event_object_table AS tbl, trigger_name, action_timing, event_manipulation,"
        " action_order, created, sql_mode FROM information_schema.triggers"
        " WHERE event_object_schema = DATABASE() ORDER BY event_object_table, trigger_name"
    )
    found: dict[str, list[str]] = defaultdict(list)
    for name, *shape in rows:
        found[name].append("\x1f".join(map(str, shape)))
    return {
        name: hashlib.sha256("\x00".join(found[name]).encode()).hexdigest()
        for name in tables
        if shows_triggers(connection, rights, name)
    }


def shows_triggers(connection: "Connection", rights: Rights, table: str) -> bool:
    """Whether the user is shown the table's triggers: to MariaDB any right but SELECT will do."""
    maria = connection.dialect.is_mariadb  # type: ignore[attr-defined]
    writes = ("INSERT", "UPDATE", "DELETE") if maria else ()
    return any(rights.has(right, table) for right in ("TRIGGER", *writes))
