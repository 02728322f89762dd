"""The table of runs goes: what became of a run stands in its manifest and in the journal."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Drop the table."""
    op.drop_table("runs")
