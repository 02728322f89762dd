"""The first tables: runs, identities, members, verdicts, review tasks, plans, approvals."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "runs",
        sa.Column("run", sa.String, primary_key=True),
        _required("kind"),
        _required("status"),
        _required("begun_at"),
        sa.Column("ended_at", sa.String),
        sa.Column("input_digest", sa.String),
        sa.CheckConstraint("status IN ('begun', 'done', 'failed', 'destroyed')"),
    )
    op.create_table(
        "identities",
        sa.Column("golden_id", sa.String, primary_key=True),
        _required("entity"),
        sa.Column("anchor", sa.String),
        sa.Column("customer_code", sa.String),
        _required("status"),
        sa.Column("successor", sa.String),
        _required("created_at"),
        _required("run"),
        sa.CheckConstraint("status IN ('reserved', 'active', 'merged', 'split')"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "members",
        sa.Column("entity", sa.String, primary_key=True),
        sa.Column("record_id", sa.String, primary_key=True),
        _required("golden_id"),
        _required("run"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "verdicts",
        sa.Column("verdict_id", sa.Integer, primary_key=True),
        _required("task_id", index=True),
        _required("kind"),
        _required("entity"),
        _required("left_id"),
        _required("right_id"),
        sa.Column("value", sa.String),
        sa.Column("value_department", sa.String),
        _required("author"),
        _required("department"),
        _required("at"),
        sa.Column("reason", sa.Text),
        sa.Column("superseded_by", sa.Integer),
        sa.CheckConstraint("kind IN ('same', 'different', 'unsure', 'owner')"),
    )
    op.create_table(
        "review_tasks",
        sa.Column("task_id", sa.String, primary_key=True),
        _required("run"),
        _required("kind"),
        _required("entity"),
        _required("left_id"),
        _required("right_id"),
        sa.Column("golden_ids", sa.String),
        sa.Column("departments", sa.String),
        sa.Column("match_weight", sa.Float),
        sa.Column("reason", sa.String),
        _required("status"),
        sa.CheckConstraint("kind IN ('doubtful', 'owner_conflict')"),
        sa.CheckConstraint("status IN ('open', 'decided', 'gone')"),
    )
    op.create_index("review_tasks_by_status", "review_tasks", ["status", "kind"])
    _plans_and_approvals()


def _plans_and_approvals() -> None:
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.String, primary_key=True),
        _required("run"),
        _required("effect", index=True),
        _required("evidence"),
        _required("state"),
        _required("path"),
        _required("created_at"),
        _required("created_by"),
        sa.Column("expires_at", sa.String),
    )
    op.create_table(
        "approvals",
        sa.Column("approval_id", sa.String, primary_key=True),
        _required("effect", index=True),
        _required("evidence"),
        _required("approver"),
        _required("decision"),
        _required("signature", type=sa.Text()),
        _required("at"),
        sa.Column("expires_at", sa.String),
        sa.Column("revoked_at", sa.String),
        sa.Column("used_at", sa.String),
        sa.CheckConstraint("decision IN ('approve', 'reject')"),
    )


def _required(
    name: str, *, type: sa.types.TypeEngine[str] | None = None, index: bool = False
) -> sa.Column[str]:
    return sa.Column(name, type or sa.String(), nullable=False, index=index or None)
