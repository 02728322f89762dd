"""Corrections of raw cells of records in quarantine: until replaced or withdrawn.

Values are stored sealed; who corrected what and when is only ever added to, and ended.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import polars as pl
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Engine

from crm_migrate.errors import NotFound
from crm_migrate.language import Text
from crm_migrate.state.schema import CORRECTIONS

CORRECTION_SCHEMA: dict[str, type[pl.DataType]] = {
    column.name: pl.Int64 if column.name == "correction_id" else pl.String
    for column in CORRECTIONS.columns
}


@dataclass(frozen=True, slots=True)
class Correction:
    """A raw cell as a person wants it read.

    `value` is sealed text, None for an emptied cell; `raw` a keyed digest of the raw record that it
    was made against; `at` is RFC 3339.
    """

    entity: str
    record_id: str
    field: str
    value: str | None
    raw: str
    author: str
    at: str


def add_corrections(state: Engine, corrections: Sequence[Correction]) -> None:
    """Add them all, or none; what stood of the same cells is replaced."""
    table = CORRECTIONS.c
    with state.begin() as connection:
        for one in corrections:
            connection.execute(
                update(CORRECTIONS)
                .where(table.entity == one.entity, table.record_id == one.record_id)
                .where(table.field == one.field, table.ended_at.is_(None))
                .values(ended_at=one.at, ended_why="replaced")
            )
            connection.execute(insert(CORRECTIONS).values(**asdict(one)))


def withdraw_correction(state: Engine, number: int, at: str) -> None:
    """It stands no more.

    Raises:
        NotFound: there is none of that number that stands.
    """
    table = CORRECTIONS.c
    with state.begin() as connection:
        ended = connection.execute(
            update(CORRECTIONS)
            .where(table.correction_id == number, table.ended_at.is_(None))
            .values(ended_at=at, ended_why="withdrawn")
        )
    if not ended.rowcount:
        raise NotFound(
            Text(f"no correction {number} stands", f"没有有效的更正 {number}"),
            remedy=Text(
                "list them: crm-migrate quarantine list", "请用 crm-migrate quarantine list 查看"
            ),
        )


def corrections(state: Engine) -> pl.DataFrame:
    """Those that stand (CORRECTION_SCHEMA), the oldest first."""
    query = select(CORRECTIONS).where(CORRECTIONS.c.ended_at.is_(None))
    with state.connect() as connection:
        rows = connection.execute(query.order_by(CORRECTIONS.c.correction_id))
        found = [tuple(row) for row in rows]
    return pl.DataFrame(found, schema=CORRECTION_SCHEMA, orient="row")
