"""Corrections of records in quarantine; answers of verifiers outside."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "corrections",
        sa.Column("correction_id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("entity", "record_id", "field")),
        sa.Column("value", sa.Text),
        *(sa.Column(name, sa.String, nullable=False) for name in ("raw", "author", "at")),
        sa.Column("ended_at", sa.String),
        sa.Column("ended_why", sa.String),
        sa.CheckConstraint("ended_why IN ('replaced', 'withdrawn')"),
    )
    op.create_table(
        "verifications",
        sa.Column("verifier", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("detail", sa.String),
        sa.Column("at", sa.String, nullable=False),
        sa.CheckConstraint("outcome IN ('confirmed', 'refuted', 'unknown')"),
    )
