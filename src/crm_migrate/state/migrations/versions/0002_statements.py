"""Overrides of gates and revocations of decisions, as they were signed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "statements",
        sa.Column("statement_id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("effect", sa.String, nullable=False, index=True),
        sa.Column("signer", sa.String, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.CheckConstraint("kind IN ('override', 'revocation')"),
    )
