"""Unique keys, indexes and foreign keys of MariaDB's tables; what their collations call equal."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_migrate.systems.mariadb.cells import charset, quoted
from crm_migrate.systems.mariadb.expressions import columns_in
from crm_migrate.systems.target_schema import ColumnInfo, ForeignKey, KeyPart, UniqueKey

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class Keys:
    """The primary key, unique keys and other indexes of one table."""

    primary: tuple[str, ...] = ()
    unique: tuple[UniqueKey, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()


def describe_keys(
    connection: "Connection", columns: Mapping[str, Sequence[ColumnInfo]]
) -> dict[str, Keys]:
    """Primary key, unique keys and other indexes by table."""
    functional = "NULL" if connection.dialect.is_mariadb else "expression"  # type: ignore[attr-defined]
    rows = connection.exec_driver_sql(
        "SELECT table_name AS tbl, index_name AS name, non_unique AS repeats,"
        f" column_name AS part, sub_part AS prefix, {functional} AS expression"
        " FROM information_schema.statistics WHERE table_schema = DATABASE()"
        " ORDER BY table_name, index_name, seq_in_index"
    ).all()
    indexes: dict[str, dict[str, list[Row[Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        indexes[row.tbl][row.name].append(row)
    known = {table: {c.name: c.collation for c in columns[table]} for table in indexes}
    unique = [r for r in rows if not r.repeats and r.part is not None]
    sameness = _sameness(connection, {c for r in unique if (c := known[r.tbl][r.part])})
    found = {}
    for table, of_table in indexes.items():
        same = {name: sameness.get(c or "", (False, False)) for name, c in known[table].items()}
        formulas = {c.name: c.formula for c in columns[table] if c.formula is not None}
        found[table] = _keys_of(of_table, same, formulas)
    return found


def _keys_of(
    indexes: "Mapping[str, Sequence[Row[Any]]]",
    sameness: Mapping[str, tuple[bool, bool]],
    formulas: Mapping[str, str],
) -> Keys:
    """`sameness`: by column, whether case and accents make no difference; `formulas`: of the
    generated columns, by which a functional key is made here.
    """
    primary: tuple[str, ...] = ()
    unique, others = [], []
    for name, parts in indexes.items():
        columns = tuple(p.part for p in parts if p.part is not None)
        if name == "PRIMARY":
            primary = columns
        elif parts[0].repeats:
            others.append(columns)
        else:
            same = [sameness.get(c, (False, False)) for c in columns]
            plain = all(p.part is not None and p.prefix is None for p in parts)
            functional = plain and any(c in formulas for c in columns)
            made = [KeyPart(c, formulas.get(c, quoted(c))) for c in columns] if functional else []
            behind = tuple(dict.fromkeys(n for p in made for n in columns_in(p.coming)))
            unique.append(
                UniqueKey(
                    columns=behind or columns,
                    case_insensitive=any(case for case, _ in same),
                    accent_insensitive=any(accent for _, accent in same),
                    expression=not plain or functional,
                    parts=tuple(made),
                )
            )
    return Keys(primary, tuple(unique), tuple(others))


def _sameness(connection: "Connection", collations: set[str]) -> dict[str, tuple[bool, bool]]:
    """By collation: whether a and A, and e and é, are equal to it; the server itself is asked."""
    ordered = sorted(c for c in collations if c != "binary")
    if not ordered:
        return {}

    def equal(one: str, other: str, collation: str) -> str:
        left, right = (f"CONVERT('{t}' USING {charset(collation)})" for t in (one, other))
        return f"{left} = {right} COLLATE {collation}"

    asked = ", ".join(f"{equal('a', 'A', c)}, {equal('e', 'é', c)}" for c in ordered)
    row = connection.exec_driver_sql(f"SELECT {asked}").one()
    return {c: (bool(row[2 * n]), bool(row[2 * n + 1])) for n, c in enumerate(ordered)}


def describe_foreign_keys(
    connection: "Connection",
) -> dict[str, list[ForeignKey]]:
    """Foreign keys by table."""
    rows = connection.exec_driver_sql(
        "SELECT table_name AS tbl, constraint_name AS name, column_name AS part,"
        " referenced_table_name AS other, referenced_column_name AS referred"
        " FROM information_schema.key_column_usage WHERE table_schema = DATABASE()"
        " AND referenced_table_name IS NOT NULL"
        " ORDER BY table_name, constraint_name, ordinal_position"
    ).all()
    parts: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        parts[row.tbl, row.name].append(row)
    found: dict[str, list[ForeignKey]] = defaultdict(list)
    for (table, _), listed in parts.items():
        found[table].append(
            ForeignKey(
                columns=tuple(r.part for r in listed),
                table=listed[0].other,
                referred=tuple(r.referred for r in listed),
            )
        )
    return found
