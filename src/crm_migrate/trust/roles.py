"""Roles, and what each may do (R-8.3)."""

from enum import StrEnum

from crm_migrate.language import Text


class Role(StrEnum):
    """What a person is in the project (R-8.3)."""

    OPERATOR = "operator"
    STEWARD = "steward"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


ROLE_LABELS = {
    Role.OPERATOR: Text("operator", "操作员"),
    Role.STEWARD: Text("data steward", "数据管理员"),
    Role.APPROVER: Text("approver", "审批人"),
    Role.AUDITOR: Text("auditor", "审计员"),
    Role.ADMINISTRATOR: Text("administrator", "系统管理员"),
}


class Action(StrEnum):
    """What a role may or may not do."""

    PLAN = "plan"
    CONFIRM_MAPPING = "confirm-mapping"
    REVIEW = "review"
    APPROVE = "approve"
    OVERRIDE = "override"
    REVOKE = "revoke"
    APPLY = "apply"
    ROLL_BACK = "roll-back"
    EXPORT = "export"
    ERASE = "erase"
    VERIFY = "verify"
    REVIEW_ACCESS = "review-access"
    MANAGE_KEYS = "manage-keys"


MAY: dict[Role, frozenset[Action]] = {
    Role.OPERATOR: frozenset(
        {Action.PLAN, Action.APPLY, Action.ROLL_BACK, Action.EXPORT, Action.VERIFY}
    ),
    Role.STEWARD: frozenset(
        {Action.PLAN, Action.CONFIRM_MAPPING, Action.REVIEW, Action.EXPORT, Action.VERIFY}
    ),
    Role.APPROVER: frozenset(
        {Action.CONFIRM_MAPPING, Action.APPROVE, Action.OVERRIDE, Action.VERIFY}
    ),
    Role.AUDITOR: frozenset({Action.VERIFY, Action.REVIEW_ACCESS}),
    Role.ADMINISTRATOR: frozenset(
        {Action.MANAGE_KEYS, Action.OVERRIDE, Action.REVOKE, Action.ERASE, Action.VERIFY}
    ),
}
"""Nobody holds two sides of a change: who applies cannot approve, who audits cannot act."""


def may(role: Role, action: Action) -> bool:
    """Whether the role may do the action."""
    return action in MAY[role]
