"""What MariaDB or MySQL says about its tables: columns, keys, vocabularies, triggers, engine.

From information_schema of the one database that the connection is in, set by set; the definition
is SHOW CREATE TABLE without the running AUTO_INCREMENT. Triggers are not shown to users who may
only SELECT: then `TargetTable.unseen` says so. Since the fingerprint has to be the same for whoever
plans and whoever applies, they stand beside it (`TargetSchema.hidden`).
"""

import hashlib
import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from crm_migrate.language import Text
from crm_migrate.systems.mariadb.cells import quoted
from crm_migrate.systems.mariadb.columns import describe_columns, strings
from crm_migrate.systems.mariadb.expressions import columns_in, harmless
from crm_migrate.systems.mariadb.keys import Keys, describe_foreign_keys, describe_keys
from crm_migrate.systems.mariadb.rights import Rights
from crm_migrate.systems.mariadb.triggers import shows_triggers, trigger_names
from crm_migrate.systems.target import OWN_PREFIX
from crm_migrate.systems.target_schema import Check, TargetTable

if TYPE_CHECKING:
    from sqlalchemy import Connection

_STRING = r"(?:_\w+)?'(?:[^'\\]|''|\\.)*'"
_VOCABULARY = re.compile(rf"\(*`([^`]+)` in \(({_STRING}(?:,{_STRING})*)\)\)*", re.IGNORECASE)
_NULL_OR = re.compile(r"\(*`[^`]+` is null\)* or ", re.IGNORECASE)
_OR_NULL = re.compile(r" or \(*`[^`]+` is null\)*$", re.IGNORECASE)


def vocabulary(clause: str) -> tuple[str, tuple[str, ...]] | None:
    r"""Column and values of a CHECK clause that holds a column to a list of strings.

    >>> vocabulary("`kind` in ('甲','乙')")
    ('kind', ('甲', '乙'))
    >>> vocabulary("(`kind` in (_utf8mb4\\'a\\',_utf8mb4\\'b\\'))")
    ('kind', ('a', 'b'))
    >>> vocabulary("`kind` is null or `kind` in ('a')")
    ('kind', ('a',))
    >>> vocabulary("`a` > 3")
    """
    plain = clause.replace("\\'", "'")
    plain = _OR_NULL.sub("", _NULL_OR.sub("", plain, count=1))
    match = _VOCABULARY.fullmatch(plain.strip())
    return (match[1], strings(match[2])) if match else None


def describe_tables(connection: "Connection", rights: Rights) -> tuple[TargetTable, ...]:
    """All base tables of the database but ours, in order of their names."""
    listed = connection.exec_driver_sql(
        "SELECT table_name AS name, engine FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')"
        " ORDER BY table_name"
    ).all()
    columns, rules = describe_columns(connection), _checks(connection)
    shown = {
        row.name: _shown(connection, row.name)
        for row in listed
        if not row.name.startswith(OWN_PREFIX)
    }
    keys, foreign = describe_keys(connection, columns), describe_foreign_keys(connection)
    triggers = trigger_names(connection)
    tables = []
    for name, engine in listed:
        if name.startswith(OWN_PREFIX):
            continue
        allowed = dict(v for c in rules.get(name, ()) if (v := vocabulary(c)) is not None)
        indexed = keys.get(name, Keys())
        tables.append(
            TargetTable(
                name=name,
                columns=tuple(
                    replace(c, vocabulary=c.vocabulary or allowed.get(c.name, ()))
                    for c in columns[name]
                ),
                primary_key=indexed.primary,
                unique_keys=indexed.unique,
                foreign_keys=tuple(foreign.get(name, ())),
                triggers=tuple(triggers.get(name, ())),
                definition=hashlib.sha256(shown[name].encode()).hexdigest(),
                unfit=_unfit(engine),
                checks=tuple(_check(c) for c in rules.get(name, ()) if not vocabulary(c)),
                indexes=indexed.others,
                unseen=()
                if shows_triggers(connection, rights, name)
                else (_UNSEEN.fill(table=name),),
            )
        )
    return tuple(tables)


def _check(clause: str) -> Check:
    columns = columns_in(clause)
    return Check(clause, columns, clause) if columns and harmless(clause) else Check(clause)


_UNSEEN = Text(
    "whether triggers run on {table}: the target does not show them to this user",
    "表 {table} 上是否有触发器：目标数据库不向当前用户显示",
)


def _unfit(engine: str | None) -> tuple[Text, ...]:
    if (engine or "").lower() == "innodb":
        return ()
    return (
        Text(
            "its engine {engine} knows no transactions: what was written could not be undone;"
            " an administrator can convert it: ALTER TABLE … ENGINE=InnoDB",
            "其存储引擎 {engine} 不支持事务，写入后无法撤销；可由管理员执行 ALTER TABLE …"
            " ENGINE=InnoDB 转换",
        ).fill(engine=engine or "?"),
    )


def _checks(connection: "Connection") -> dict[str, list[str]]:
    """Clauses of the CHECK rules by table."""
    if connection.dialect.is_mariadb:  # type: ignore[attr-defined]
        query = (
            "SELECT table_name AS tbl, check_clause AS clause"
            " FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()"
        )
    else:
        query = (
            "SELECT k.table_name AS tbl, c.check_clause AS clause"
            " FROM information_schema.check_constraints c"
            " JOIN information_schema.table_constraints k"
            " USING (constraint_schema, constraint_name)"
            " WHERE c.constraint_schema = DATABASE()"
        )
    found: dict[str, list[str]] = defaultdict(list)
    for table, clause in connection.exec_driver_sql(query):
        found[table].append(clause)
    return found


def _shown(connection: "Connection", name: str) -> str:
    """SHOW CREATE TABLE without the number that the next row would get."""
    shown = connection.exec_driver_sql(f"SHOW CREATE TABLE {quoted(name)}").one()[1]
    head, separator, options = shown.rpartition("\n)")
    return str(head + separator + re.sub(r" AUTO_INCREMENT=\d+", "", options))
