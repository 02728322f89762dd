"""Questions to PostgreSQL's system catalogues (manual, chapter "System Catalogs").

Each answers with named tuples; `relation` is the oid of the table that a row belongs to.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from crm_migrate.systems.postgres.text import Cast
from crm_migrate.systems.target import OWN_PREFIX

Cursor = psycopg.Cursor[Any]
Rows = Sequence[Any]

_BASE = """
    CROSS JOIN LATERAL (
      WITH RECURSIVE chain (type, typmod, depth, fallback) AS (
        SELECT a.atttypid, a.atttypmod, 0, NULL::text COLLATE "C"
        UNION ALL
        SELECT t.typbasetype, t.typtypmod, c.depth + 1, coalesce(c.fallback, t.typdefault)
        FROM chain c JOIN pg_type t ON t.oid = c.type AND t.typtype = 'd')
      SELECT (array_agg(type ORDER BY depth DESC))[1] AS type,
             (array_agg(typmod ORDER BY depth DESC))[1] AS typmod,
             array_agg(type ORDER BY depth) AS types,
             (array_agg(fallback ORDER BY depth DESC))[1] AS fallback
      FROM chain) base
"""
"""Down the chain of domains to the type that a column `a` is made from."""


def _harmless(tree: str) -> str:
    """SQL: whether a stored expression computes from its row alone, by functions that this user
    may run. The node tree names every function that operators and calls stand for; a cast to a
    domain would have the checks of that domain refuse, which is no answer.
    """
    return f"""
        ({tree} !~ 'SQLVALUEFUNCTION|NEXTVALUEEXPR|SUBLINK|COERCETODOMAIN |varattno [-0]'
         AND NOT EXISTS (
          SELECT FROM regexp_matches({tree}, ':(?:op)?funcid (\\d+)', 'g') named (found)
          JOIN pg_proc p ON p.oid = (named.found)[1]::oid
          WHERE p.provolatile <> 'i' OR NOT has_function_privilege(p.oid, 'EXECUTE')))
    """


def _spoken_of(tree: str) -> str:
    """SQL: the numbers of the columns that a stored expression speaks of."""
    return (
        f"(SELECT array_agg(DISTINCT (named.found)[1]::int2)"
        f" FROM regexp_matches({tree}, ':varattno (\\d+)', 'g') named (found))"
    )


@contextmanager
def plain_names(connection: "psycopg.Connection[Any]") -> Iterator[Cursor]:
    """A cursor under an empty search path, so that all names come out in full."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        row: Any = cursor.execute("SELECT current_setting('search_path') AS path").fetchone()
        cursor.execute("SELECT set_config('search_path', '', true)")
        yield cursor
        cursor.execute("SELECT set_config('search_path', %s, true)", [row.path])


def relations(cursor: Cursor, schema: str) -> Rows:
    """The tables of the schema."""
    return cursor.execute(
        """
        SELECT c.oid, c.relname, c.relkind::text, c.relpersistence::text, c.relhasrules,
               c.relrowsecurity, row_security_active(c.oid) AS secured,
               EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid)
                 AND c.relkind <> 'p' AS children,
               EXISTS (SELECT FROM pg_constraint k JOIN pg_class o ON o.oid = k.conrelid
                       WHERE k.confrelid = c.oid AND o.relnamespace <> c.relnamespace)
                 AS referred_elsewhere
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
          AND NOT starts_with(c.relname::text, %s)
        ORDER BY c.relname
        """,
        [schema, OWN_PREFIX],
    ).fetchall()


def columns(cursor: Cursor, tables: list[int]) -> Rows:
    """The columns of the tables, in their order."""
    return cursor.execute(
        f"""
        SELECT a.attrelid AS relation, a.attnum, a.attname, a.attnotnull,
               a.attidentity::text, a.attgenerated::text, a.attcollation,
               format_type(a.atttypid, a.atttypmod) AS type,
               format_type(base.type, -1) AS base_type, base.typmod AS base_typmod,
               base.types, base.fallback AS domain_default,
               pg_get_expr(d.adbin, d.adrelid) AS default_value,
               a.attcollation::regcollation::text AS collation,
               CASE WHEN a.attgenerated <> '' AND {_harmless("d.adbin::text")}
                    THEN {_spoken_of("d.adbin::text")} END AS made_of
        FROM pg_attribute a {_BASE}
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attrelid, a.attnum
        """,
        [tables],
    ).fetchall()


def casts(connection: "psycopg.Connection[Any]", table: str) -> dict[str, Cast]:
    """Column → the type that its values are cast to; `table` is a quoted, qualified name."""
    found = connection.execute(
        f"""
        SELECT a.attname, format_type(base.type, -1) AS base_type
        FROM pg_attribute a {_BASE}
        WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
        """,
        [table],
    ).fetchall()
    return {name: Cast(base) for name, base in found}


def constraints(cursor: Cursor, tables: list[int]) -> Rows:
    """All constraints; a foreign key's table is qualified when it is of another schema."""
    return cursor.execute(
        f"""
        SELECT k.conrelid AS relation, k.conname, k.contype::text, k.conkey, k.condeferrable,
               pg_get_constraintdef(k.oid) AS definition, k.confdeltype::text,
               CASE WHEN k.contype = 'c' AND {_harmless("k.conbin::text")}
                    THEN pg_get_expr(k.conbin, k.conrelid) END AS expression,
               CASE WHEN r.relnamespace = c.relnamespace THEN r.relname
                    ELSE rn.nspname || '.' || r.relname END AS referred_table,
               (SELECT array_agg(a.attname::text ORDER BY u.n)
                FROM unnest(k.confkey) WITH ORDINALITY u (attnum, n)
                JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum)
                 AS referred_columns
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        LEFT JOIN pg_class r ON r.oid = k.confrelid
        LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
        WHERE k.conrelid = ANY (%s) ORDER BY k.conname
        """,
        [tables],
    ).fetchall()


def indexes(cursor: Cursor, tables: list[int]) -> Rows:
    """All indexes; `key` holds 0 for an expression."""
    newer = cursor.connection.info.server_version >= 150000
    nulls_equal = "i.indnullsnotdistinct" if newer else "false"
    return cursor.execute(
        f"""
        SELECT i.indrelid AS relation, c.relname, i.indisunique, i.indisprimary, i.indisvalid,
               i.indisexclusion, {nulls_equal} AS nulls_equal,
               (i.indkey::int2[])[0:i.indnkeyatts - 1] AS key,
               (i.indcollation::oid[])[0:i.indnkeyatts - 1] AS collations,
               pg_get_expr(i.indpred, i.indrelid) AS predicate,
               pg_get_expr(i.indexprs, i.indrelid) AS expressions,
               CASE WHEN {_harmless("i.indexprs::text")} THEN ARRAY(
                 SELECT pg_get_indexdef(i.indexrelid, n, false)
                 FROM generate_series(1, i.indnkeyatts) n) END AS parts,
               {_spoken_of("i.indexprs::text")} AS spoken_of,
               pg_get_indexdef(i.indexrelid) AS definition
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = ANY (%s) AND i.indislive ORDER BY c.relname
        """,
        [tables],
    ).fetchall()


def triggers(cursor: Cursor, tables: list[int]) -> Rows:
    """Triggers of users, disabled ones too, with the body of what they call."""
    return cursor.execute(
        """
        SELECT t.tgrelid AS relation, t.tgname, t.tgenabled::text,
               pg_get_triggerdef(t.oid) AS definition, pg_get_functiondef(t.tgfoid) AS body
        FROM pg_trigger t WHERE t.tgrelid = ANY (%s) AND NOT t.tgisinternal ORDER BY t.tgname
        """,
        [tables],
    ).fetchall()


def rules(cursor: Cursor, tables: list[int]) -> Rows:
    """Rewrite rules and policies of row-level security."""
    return cursor.execute(
        """
        SELECT ev_class AS relation, pg_get_ruledef(oid) AS definition
        FROM pg_rewrite WHERE ev_class = ANY (%(tables)s)
        UNION ALL
        SELECT polrelid, concat_ws(' ', polname, polcmd, polpermissive, polroles::text,
                 pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy WHERE polrelid = ANY (%(tables)s)
        """,
        {"tables": tables},
    ).fetchall()


def enum_labels(cursor: Cursor) -> dict[int, tuple[str, ...]]:
    """Labels of the enumerations, in their order, by type."""
    found = cursor.execute(
        "SELECT enumtypid, array_agg(enumlabel::text ORDER BY enumsortorder) AS labels"
        " FROM pg_enum GROUP BY enumtypid"
    ).fetchall()
    return {row.enumtypid: tuple(row.labels) for row in found}


def domain_checks(cursor: Cursor) -> Rows:
    """Domains with what each of their constraints says (null where there is none)."""
    return cursor.execute(
        f"""
        SELECT t.oid, t.typnotnull, pg_get_constraintdef(k.oid) AS definition,
               CASE WHEN k.contype = 'c' AND {_harmless("k.conbin::text")}
                    THEN pg_get_expr(k.conbin, 0) END AS expression
        FROM pg_type t LEFT JOIN pg_constraint k ON k.contypid = t.oid
        WHERE t.typtype = 'd' ORDER BY t.oid, k.conname
        """
    ).fetchall()


def collation_folds(cursor: Cursor) -> dict[int, tuple[bool, bool]]:
    """Collations for which different bytes may be equal: whether they ignore case, accents."""
    found = cursor.execute(
        "SELECT oid, oid::regcollation::text AS name FROM pg_collation"
        " WHERE NOT collisdeterministic AND collencoding IN (-1, (SELECT encoding FROM pg_database"
        " WHERE datname = current_database()))"
    ).fetchall()
    folds = {}
    for row in found:
        asked = cursor.execute(
            f"SELECT 'a' = 'A' COLLATE {row.name} AS letters, 'e' = 'é' COLLATE {row.name} AS marks"
        ).fetchone()
        assert asked is not None
        folds[row.oid] = (asked.letters, asked.marks)
    return folds


def encoding(cursor: Cursor) -> str:
    """The character set of the database."""
    row = cursor.execute("SELECT current_setting('server_encoding') AS name").fetchone()
    assert row is not None
    return str(row.name)
