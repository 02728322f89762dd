"""Golden cells that a person has set: until their sources change, they expire or are withdrawn.

Values are stored sealed; who set what and when is only ever added to, and ended.
"""

from dataclasses import asdict, dataclass
from typing import Literal

import polars as pl
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Engine

from crm_migrate.errors import NotFound
from crm_migrate.language import Text
from crm_migrate.state.schema import CELL_OVERRIDES

Ending = Literal["withdrawn", "replaced", "source", "gone"]
"""Why an override ended before it expired: `source`, the cell's source values are others now;
`gone`, the customer is no more."""

OVERRIDE_SCHEMA: dict[str, type[pl.DataType]] = {
    column.name: pl.Int64 if column.name == "override_id" else pl.String
    for column in CELL_OVERRIDES.columns
}


@dataclass(frozen=True, slots=True)
class CellOverride:
    """A cell of a golden record as a person wants it.

    `value` is sealed text; `sources` a keyed digest of the source values that it stands against;
    times are RFC 3339, `reason` is prose and must name nobody.
    """

    entity: str
    golden_id: str
    field: str
    value: str
    sources: str
    author: str
    at: str
    reason: str
    expires_at: str | None = None


def set_cell(state: Engine, override: CellOverride) -> int:
    """Add an override; one that stands on the same cell is replaced. Its number."""
    table = CELL_OVERRIDES.c
    with state.begin() as connection:
        connection.execute(
            update(CELL_OVERRIDES)
            .where(table.entity == override.entity, table.golden_id == override.golden_id)
            .where(table.field == override.field, table.ended_at.is_(None))
            .values(ended_at=override.at, ended_why="replaced")
        )
        added = connection.execute(insert(CELL_OVERRIDES).values(**asdict(override)))
        assert added.inserted_primary_key is not None
        return int(added.inserted_primary_key[0])


def end_override(state: Engine, number: int, why: Ending, at: str) -> None:
    """It stands no more.

    Raises:
        NotFound: there is none of that number that stands.
    """
    table = CELL_OVERRIDES.c
    with state.begin() as connection:
        ended = connection.execute(
            update(CELL_OVERRIDES)
            .where(table.override_id == number, table.ended_at.is_(None))
            .values(ended_at=at, ended_why=why)
        )
    if not ended.rowcount:
        raise NotFound(
            Text(f"no override {number} stands", f"没有有效的人工改值 {number}"),
            remedy=Text("list them: crm-migrate cell list", "请用 crm-migrate cell list 查看"),
        )


def overrides(state: Engine) -> pl.DataFrame:
    """All overrides (OVERRIDE_SCHEMA), the oldest first."""
    query = select(CELL_OVERRIDES).order_by(CELL_OVERRIDES.c.override_id)
    with state.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=OVERRIDE_SCHEMA, orient="row")


def standing_overrides(state: Engine, now: str) -> pl.DataFrame:
    """Those that are not ended and have not expired; `now` as RFC 3339."""
    ends = pl.col("expires_at")
    return overrides(state).filter(pl.col("ended_at").is_null() & (ends.is_null() | (ends > now)))
