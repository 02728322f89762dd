"""What a user of MariaDB or MySQL may do, by SHOW GRANTS, and what an administrator is to grant."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_migrate.systems.target import OWN_PREFIX, Purpose

if TYPE_CHECKING:
    from sqlalchemy import Connection

_GRANT = re.compile(
    r"GRANT (?P<rights>.+?) ON (?:TABLE )?(?P<database>\*|`(?:[^`]|``)+`|\w+)"
    r"\.(?P<table>\*|`(?:[^`]|``)+`|\w+) TO ",
)
_EVERYTHING = ("ALL PRIVILEGES", "ALL")
_EVERYWHERE = "*"
TEMPORARY = "CREATE TEMPORARY TABLES"


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of the present user in one database; `*` as a table: all of them."""

    user: str
    """As GRANT wants it: `name`@`host`."""
    database: str
    granted: Mapping[str, frozenset[str]]

    def has(self, right: str, table: str) -> bool:
        """Whether the user has the right on the whole table (`*`: on the database)."""
        held = self.granted.get(_EVERYWHERE, frozenset()) | self.granted.get(table, frozenset())
        return right in held or not held.isdisjoint(_EVERYTHING)


def rights_of(connection: "Connection") -> Rights:
    """The present user's rights; roles count as far as the server shows them."""
    user, database = connection.exec_driver_sql("SELECT CURRENT_USER(), DATABASE()").one()
    lines = [line for (line,) in connection.exec_driver_sql("SHOW GRANTS")]
    name, _, host = user.rpartition("@")
    return Rights(f"`{name}`@`{host}`", database, granted_in(lines, database))


def granted_in(lines: Sequence[str], database: str) -> dict[str, frozenset[str]]:
    """Rights by table (`*`: all) of one database, as SHOW GRANTS states them.

    >>> sorted(granted_in(["GRANT SELECT, INSERT ON `crm`.`t` TO `u`@`%`"], "crm")["t"])
    ['INSERT', 'SELECT']
    >>> granted_in(["GRANT ALL PRIVILEGES ON `c_m`.* TO `u`@`%`"], "crm")
    {'*': frozenset({'ALL PRIVILEGES'})}
    """
    found: dict[str, frozenset[str]] = {}
    for line in lines:
        match = _GRANT.match(line)
        if match is None or not _means(match["database"], database):
            continue
        # A right on some columns only is none on the table.
        whole = {
            r.strip().upper() for r in re.sub(r"\w+ \([^)]*\)", "", match["rights"]).split(",")
        }
        table = match["table"].strip("`").replace("``", "`")
        found[table] = found.get(table, frozenset()) | frozenset(whole - {""})
    return found


def _means(pattern: str, database: str) -> bool:
    """Whether the database of a grant, in which `_` and `%` are wildcards, is this one."""
    if pattern == _EVERYWHERE:
        return True
    bare = pattern.strip("`").replace("``", "`")
    parts = re.split(r"(\\.|[_%])", bare)
    wild = {"_": ".", "%": ".*"}
    expression = "".join(wild.get(p, re.escape(p[1:] if p.startswith("\\") else p)) for p in parts)
    return re.fullmatch(expression, database, re.DOTALL) is not None


def needed(tables: Sequence[str], purpose: Purpose) -> list[tuple[str, tuple[str, ...]]]:
    """Table (`*`: the database) and the rights that the purpose needs there.

    Planning reads tables of ours that may not stand yet, which only a right on the whole
    database covers.
    """
    if purpose == "plan":
        return [(_EVERYWHERE, ("SELECT",))]
    written = [(t, ("INSERT", "UPDATE", "DELETE")) for t in tables if not t.startswith(OWN_PREFIX)]
    own = [
        (t, ("CREATE", "INSERT", "UPDATE", "DELETE")) for t in tables if t.startswith(OWN_PREFIX)
    ]
    return [(_EVERYWHERE, ("SELECT", TEMPORARY)), *written, *own]


def grants(rights: Rights, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
    """The GRANT statements for the purpose."""
    return tuple(
        f"GRANT {', '.join(wanted)} ON {_name(rights.database)}."
        f"{'*' if table == _EVERYWHERE else _name(table)} TO {rights.user};"
        for table, wanted in needed(tables, purpose)
    )


def lacking(rights: Rights, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
    """Each right that is missing, as `RIGHT on table`."""
    return tuple(
        f"{right} on {rights.database if table == _EVERYWHERE else table}"
        for table, wanted in needed(tables, purpose)
        for right in wanted
        if not rights.has(right, table)
    )


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
