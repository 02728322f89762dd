"""Review by several people: worth, cases, assignment, skips; golden cells set by a person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_VERDICTS = (
    *("verdict_id", "task_id", "kind", "entity", "left_id", "right_id", "value"),
    *("value_department", "author", "department", "at", "reason", "superseded_by"),
)
_FIXED = (
    "OLD.verdict_id IS NOT NEW.verdict_id OR OLD.task_id IS NOT NEW.task_id"
    " OR OLD.kind IS NOT NEW.kind OR OLD.left_id IS NOT NEW.left_id"
    " OR OLD.right_id IS NOT NEW.right_id OR OLD.value IS NOT NEW.value"
    " OR OLD.value_department IS NOT NEW.value_department OR OLD.author IS NOT NEW.author"
    " OR OLD.department IS NOT NEW.department OR OLD.at IS NOT NEW.at"
    " OR OLD.reason IS NOT NEW.reason"
)


def upgrade() -> None:
    """Widen the tables of reviewing and make the new ones."""
    for column in (
        sa.Column("probability", sa.Float),
        sa.Column("records", sa.Integer),
        sa.Column("worth", sa.Float, nullable=False, server_default="0"),
        sa.Column("case_id", sa.String),
        sa.Column("wants", sa.Integer, nullable=False, server_default="1"),
        sa.Column("assignee", sa.String),
        sa.Column("left_traits", sa.Text),
        sa.Column("right_traits", sa.Text),
    ):
        op.add_column("review_tasks", column)
    _verdicts()
    op.create_table(
        "review_skips",
        sa.Column("task_id", sa.String, primary_key=True),
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("at", sa.String, nullable=False),
    )
    op.create_table(
        "cell_overrides",
        sa.Column("override_id", sa.Integer, primary_key=True),
        sa.Column("entity", sa.String, nullable=False),
        sa.Column("golden_id", sa.String, nullable=False),
        sa.Column("field", sa.String, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("sources", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("expires_at", sa.String),
        sa.Column("ended_at", sa.String),
        sa.Column("ended_why", sa.String),
        sa.CheckConstraint("ended_why IN ('withdrawn', 'replaced', 'source', 'gone')"),
    )


def _verdicts() -> None:
    """Verdicts with one more kind; what people said can neither be changed nor deleted."""
    op.drop_index("ix_verdicts_task_id", "verdicts")
    op.rename_table("verdicts", "verdicts_before")
    op.create_table(
        "verdicts",
        sa.Column("verdict_id", sa.Integer, primary_key=True),
        sa.Column("task_id", sa.String, nullable=False, index=True),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("kind", "entity", "left_id", "right_id")
        ),
        sa.Column("value", sa.String),
        sa.Column("value_department", sa.String),
        *(sa.Column(name, sa.String, nullable=False) for name in ("author", "department", "at")),
        sa.Column("reason", sa.Text),
        sa.Column("superseded_by", sa.Integer),
        sa.CheckConstraint("kind IN ('same', 'different', 'unsure', 'owner', 'withdrawn')"),
    )
    columns = ", ".join(_VERDICTS)
    op.execute(f"INSERT INTO verdicts ({columns}) SELECT {columns} FROM verdicts_before")
    op.drop_table("verdicts_before")
    for event, when in (("DELETE", ""), ("UPDATE", f"WHEN {_FIXED} ")):
        op.execute(
            f"CREATE TRIGGER verdicts_no_{event.lower()} BEFORE {event} ON verdicts {when}"
            "BEGIN SELECT RAISE(ABORT, 'verdicts are only ever added to'); END"
        )
