"""Approvals and rejections: an index; what counts are the signatures, checked by the plan package.

Used, expired or revoked ones are kept, as proof. That an approval is used once is enforced by a
row in the target; `used_at` here only mirrors it.
"""

from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Engine

from crm_migrate.state.schema import APPROVALS, STATEMENTS


@dataclass(frozen=True, slots=True)
class ApprovalEntry:
    """One decision on the two digests of a plan; `signature` is the signed JSON document."""

    approval_id: str
    effect: str
    evidence: str
    approver: str
    decision: Literal["approve", "reject"]
    signature: str
    at: str
    expires_at: str | None = None
    revoked_at: str | None = None
    used_at: str | None = None

    def stands(self, now: str) -> bool:
        """Whether it is an approval that is neither used nor revoked nor expired at `now`."""
        over = self.used_at is not None or self.revoked_at is not None
        expired = self.expires_at is not None and self.expires_at <= now
        return self.decision == "approve" and not over and not expired


def add_approval(state: Engine, approval: ApprovalEntry) -> None:
    """Enter a decision."""
    with state.begin() as connection:
        connection.execute(insert(APPROVALS).values(**asdict(approval)))


def approvals_of(state: Engine, effect: str) -> list[ApprovalEntry]:
    """All decisions on plans with that effect, the oldest first."""
    query = (
        select(APPROVALS)
        .where(APPROVALS.c.effect == effect)
        .order_by(APPROVALS.c.at, APPROVALS.c.approval_id)
    )
    with state.connect() as connection:
        return [
            ApprovalEntry(**{str(name): value for name, value in row.items()})
            for row in connection.execute(query).mappings()
        ]


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """An override of a gate or a revocation of a decision; `document` is the signed JSON."""

    statement_id: str
    kind: Literal["override", "revocation"]
    effect: str
    signer: str
    document: str
    at: str


def add_statement(state: Engine, statement: StatementEntry) -> None:
    """Enter an override or a revocation."""
    with state.begin() as connection:
        connection.execute(insert(STATEMENTS).values(**asdict(statement)))


def statements_of(state: Engine, effect: str) -> list[StatementEntry]:
    """All overrides and revocations on plans with that effect, the oldest first."""
    query = (
        select(STATEMENTS)
        .where(STATEMENTS.c.effect == effect)
        .order_by(STATEMENTS.c.at, STATEMENTS.c.statement_id)
    )
    with state.connect() as connection:
        rows = connection.execute(query).mappings()
        return [StatementEntry(**{str(k): v for k, v in row.items()}) for row in rows]


def revoke(state: Engine, approval_id: str, at: str) -> bool:
    """Take an approval back; false when it was used or revoked before."""
    return _set(state, approval_id, revoked_at=at)


def mark_used(state: Engine, approval_id: str, at: str) -> bool:
    """Note that an approval was used; false when it was used or revoked before."""
    return _set(state, approval_id, used_at=at)


def _set(state: Engine, approval_id: str, **times: str) -> bool:
    table = APPROVALS.c
    with state.begin() as connection:
        changed = connection.execute(
            update(APPROVALS)
            .where(
                table.approval_id == approval_id,
                table.used_at.is_(None),
                table.revoked_at.is_(None),
            )
            .values(**times)
        )
    return changed.rowcount == 1
