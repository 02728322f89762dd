"""Answers of verifiers outside: about what (a keyed digest), what they said, and when."""

from collections.abc import Iterable

import polars as pl
from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Engine

from crm_migrate.state.schema import VERIFICATIONS

ANSWER_SCHEMA = dict.fromkeys((c.name for c in VERIFICATIONS.columns), pl.String)


def keep_answers(
    state: Engine, verifier: str, at: str, answers: Iterable[tuple[str, str, str | None]]
) -> None:
    """Keep (subject, outcome, detail) as said at `at` (RFC 3339); earlier answers give way."""
    rows = [
        {"verifier": verifier, "subject": s, "outcome": o, "detail": d, "at": at}
        for s, o, d in answers
    ]
    if not rows:
        return
    table = VERIFICATIONS.c
    with state.begin() as connection:
        for row in rows:
            connection.execute(
                delete(VERIFICATIONS)
                .where(table.verifier == verifier)
                .where(table.subject == row["subject"])
            )
        connection.execute(insert(VERIFICATIONS), rows)


def answers(state: Engine) -> pl.DataFrame:
    """All answers (ANSWER_SCHEMA)."""
    query = select(VERIFICATIONS).order_by(VERIFICATIONS.c.verifier, VERIFICATIONS.c.subject)
    with state.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=ANSWER_SCHEMA, orient="row")
