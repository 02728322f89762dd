"""`crm-migrate.yaml`: sources, target, folders, approval and the document cover."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_PASSWORD_IN_URL = re.compile(r"://[^/@:]*:(?!\$\{)[^@/]+@")


class Frozen(BaseModel):
    """Base of everything read from project files: frozen, and unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _no_password(url: str) -> str:
    if _PASSWORD_IN_URL.search(url):
        raise ValueError(
            "a password stands in the URL; write ${NAME} and set it in the environment"
            " | URL 中含有口令；请写成 ${NAME} 并在环境变量中设置"
        )
    return url


Url = Annotated[str, AfterValidator(_no_password)]


class Source(Frozen):
    """Where records come from: a file (`path`) or a database (`url`), not both."""

    path: str | None = None
    url: Url | None = None
    encoding: str | None = None
    """Overrides the detected encoding of a delimited file."""
    tables: tuple[str, ...] | None = None
    trust: int = Field(default=50, ge=0, le=100)
    """How far survivorship trusts this source; the larger wins a tie."""


class Target(Frozen):
    """The CRM that is written: SQLAlchemy URL, its mapping, and whether it is only a sandbox."""

    name: str = "crm"
    url: Url
    sandbox: bool = False
    """A sandbox may be approved by its own author; everything is marked 演练/REHEARSAL."""
    mapping: str = "mappings/target.yaml"
    triggers: Literal["on", "off"] = "on"
    """Whether the CRM's own triggers run while a plan is applied; `off` where the system can."""


ApprovingRole = Literal["approver", "steward", "administrator"]
"""Who may be asked to approve; whoever applies or audits is no part of it."""


class More(Frozen):
    """Approvals demanded beside those of the plan's size."""

    approvers: int = Field(default=1, ge=1, le=9)
    roles: tuple[ApprovingRole, ...] = Field(default=("approver",), min_length=1)
    departments: tuple[str, ...] = ()
    """One approver of each of these departments."""


class ApprovalLevel(Frozen):
    """What plans up to a size need; a level without bounds fits every plan."""

    up_to: int | None = Field(default=None, ge=0)
    """Operations (inserts, updates, deletes, merges)."""
    up_to_share: float | None = Field(default=None, ge=0, le=1)
    """Share of the CRM's rows that change."""
    up_to_removals: int | None = Field(default=None, ge=0)
    """Rows that are deleted or merged into others."""
    approvers: int = Field(default=1, ge=1, le=9)
    roles: tuple[ApprovingRole, ...] = Field(default=("approver",), min_length=1)
    departments: Literal["each_affected"] | tuple[str, ...] = ()
    """One approver of each: of the departments whose customers change, or of these."""


STANDARD_LEVELS = (ApprovalLevel(up_to=1000, up_to_removals=0), ApprovalLevel(approvers=2))
"""One person for up to a thousand rows; two for more, and wherever rows are deleted or merged."""


class Approval(Frozen):
    """What an approval is worth and for how long, and who must give one."""

    expires_days: int = Field(default=7, ge=1, le=365)
    stale_limit: float = Field(default=0.01, ge=0, le=1)
    """Share of stale groups above which apply writes nothing."""
    failure_limit: float = Field(default=0.01, ge=0, le=1)
    """Share of groups that the CRM may refuse before apply stops."""
    approvers: int = Field(default=1, ge=1, le=9)
    """The least number for any plan."""
    levels: tuple[ApprovalLevel, ...] | None = None
    """By size; the first that fits counts. Where none fits, or the list is empty: `approvers`.
    None: STANDARD_LEVELS on a real target, none in a sandbox."""
    entities: dict[str, More] = {}
    """Demanded beside where the plan changes records of the entity."""
    merges: More | None = None
    """Demanded beside where the plan merges rows of the CRM."""
    deletes: More | None = None
    """Demanded beside where the plan deletes rows of the CRM."""
    rollback: Literal["approve", "direct"] = "approve"
    """Whether taking an applied plan back wants an approval of its own."""

    @model_validator(mode="after")
    def _levels_can_be_reached(self) -> "Approval":
        for level in (self.levels or ())[:-1]:
            bounds = (level.up_to, level.up_to_share, level.up_to_removals)
            if all(bound is None for bound in bounds):
                raise ValueError(
                    "levels: one without `up_to` fits every plan, so it must be last"
                    " | levels：没有 up_to 的级别适用于任何计划，须排在最后"
                )
        return self


class SecondReviewer(Frozen):
    """Which doubtful pairs want the same verdict of two people; any of these does."""

    worth_at_least: float | None = Field(default=None, ge=0)
    """Records that the verdict is expected to move."""
    reasons: tuple[str, ...] = ()
    """Why the pair is doubtful: veto, contradiction, tie, raised, …"""
    share: float = Field(default=0, ge=0, le=1)
    """Of the others, drawn by the ids of the pairs."""


class Review(Frozen):
    """How doubtful pairs are decided."""

    second_reviewer: SecondReviewer | None = None


class Cover(Frozen):
    """Cover of the audit report (R-7.3); persons come from the trust file where left out."""

    number: str = "CRM-AUD-001"
    title: str = "客户数据迁移审计报告"
    organisation: str = ""
    prepared_by: str = ""
    reviewed_by: str = ""
    approved_by: str = ""
    audience: str = "信息化、销售与审计部门"
    reported_to: str = "管理层"
    confidentiality: Literal["公开", "内部", "秘密"] = "内部"
    distribution: tuple[str, ...] = ()
    next_review_months: int = Field(default=6, ge=1, le=60)


class Settings(Frozen):
    """The whole of `crm-migrate.yaml`."""

    version: Literal[1] = 1
    name: str
    language: Literal["zh", "en"] | None = None
    sources: dict[str, Source]
    target: Target
    mappings: str = "mappings"
    rules: str = "rules"
    state: str = ".crm-migrate"
    audit: str = "audit"
    exports: str = "exports"
    retention_days: int = Field(default=30, ge=1)
    approval: Approval = Approval()
    review: Review = Review()
    document: Cover = Cover()
