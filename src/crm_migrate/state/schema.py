"""The tables of the run state. Times are RFC 3339 text in UTC, ids are text."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

IDENTITIES = Table(
    "identities",
    METADATA,
    Column("golden_id", String, primary_key=True),
    Column("entity", String, nullable=False),
    Column("anchor", String),
    Column("customer_code", String),
    Column("status", String, nullable=False),
    Column("successor", String),
    Column("created_at", String, nullable=False),
    Column("run", String, nullable=False),
    CheckConstraint("status IN ('reserved', 'active', 'merged', 'split')"),
    sqlite_with_rowid=False,
)

MEMBERS = Table(
    "members",
    METADATA,
    Column("entity", String, primary_key=True),
    Column("record_id", String, primary_key=True),
    Column("golden_id", String, nullable=False),
    Column("run", String, nullable=False),
    sqlite_with_rowid=False,
)

VERDICTS = Table(
    "verdicts",
    METADATA,
    Column("verdict_id", Integer, primary_key=True),
    Column("task_id", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("entity", String, nullable=False),
    Column("left_id", String, nullable=False),
    Column("right_id", String, nullable=False),
    Column("value", String),
    Column("value_department", String),
    Column("author", String, nullable=False),
    Column("department", String, nullable=False),
    Column("at", String, nullable=False),
    Column("reason", Text),
    Column("superseded_by", Integer),
    CheckConstraint("kind IN ('same', 'different', 'unsure', 'owner', 'withdrawn')"),
)

REVIEW_TASKS = Table(
    "review_tasks",
    METADATA,
    Column("task_id", String, primary_key=True),
    Column("run", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("entity", String, nullable=False),
    Column("left_id", String, nullable=False),
    Column("right_id", String, nullable=False),
    Column("golden_ids", String),
    Column("departments", String),
    Column("match_weight", Float),
    Column("reason", String),
    Column("status", String, nullable=False),
    Column("probability", Float),
    Column("records", Integer),
    Column("worth", Float, nullable=False, server_default="0"),
    Column("case_id", String),
    Column("wants", Integer, nullable=False, server_default="1"),
    Column("assignee", String),
    Column("left_traits", Text),
    Column("right_traits", Text),
    CheckConstraint("kind IN ('doubtful', 'owner_conflict')"),
    CheckConstraint("status IN ('open', 'decided', 'gone')"),
    Index("review_tasks_by_status", "status", "kind"),
)

REVIEW_SKIPS = Table(
    "review_skips",
    METADATA,
    Column("task_id", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("at", String, nullable=False),
)

CELL_OVERRIDES = Table(
    "cell_overrides",
    METADATA,
    Column("override_id", Integer, primary_key=True),
    Column("entity", String, nullable=False),
    Column("golden_id", String, nullable=False),
    Column("field", String, nullable=False),
    Column("value", Text, nullable=False),
    Column("sources", String, nullable=False),
    Column("author", String, nullable=False),
    Column("at", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("expires_at", String),
    Column("ended_at", String),
    Column("ended_why", String),
    CheckConstraint("ended_why IN ('withdrawn', 'replaced', 'source', 'gone')"),
)

CORRECTIONS = Table(
    "corrections",
    METADATA,
    Column("correction_id", Integer, primary_key=True),
    Column("entity", String, nullable=False),
    Column("record_id", String, nullable=False),
    Column("field", String, nullable=False),
    Column("value", Text),
    Column("raw", String, nullable=False),
    Column("author", String, nullable=False),
    Column("at", String, nullable=False),
    Column("ended_at", String),
    Column("ended_why", String),
    CheckConstraint("ended_why IN ('replaced', 'withdrawn')"),
)

VERIFICATIONS = Table(
    "verifications",
    METADATA,
    Column("verifier", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("outcome", String, nullable=False),
    Column("detail", String),
    Column("at", String, nullable=False),
    CheckConstraint("outcome IN ('confirmed', 'refuted', 'unknown')"),
)

PLANS = Table(
    "plans",
    METADATA,
    Column("plan_id", String, primary_key=True),
    Column("run", String, nullable=False),
    Column("effect", String, nullable=False, index=True),
    Column("evidence", String, nullable=False),
    Column("state", String, nullable=False),
    Column("path", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("expires_at", String),
)

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("approval_id", String, primary_key=True),
    Column("effect", String, nullable=False, index=True),
    Column("evidence", String, nullable=False),
    Column("approver", String, nullable=False),
    Column("decision", String, nullable=False),
    Column("signature", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("expires_at", String),
    Column("revoked_at", String),
    Column("used_at", String),
    CheckConstraint("decision IN ('approve', 'reject')"),
)

STATEMENTS = Table(
    "statements",
    METADATA,
    Column("statement_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("effect", String, nullable=False, index=True),
    Column("signer", String, nullable=False),
    Column("document", Text, nullable=False),
    Column("at", String, nullable=False),
    CheckConstraint("kind IN ('override', 'revocation')"),
)
