"""What people sign about a plan: decisions, overrides of gates, revocations.

Each is a flat record of texts, signed as canonical JSON under a context of its own, so that no
signature can be shown for anything else. It names the two digests of a plan and the target, not
the plan's file. Times are RFC 3339 in UTC.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Literal, Self, TypeVar

from crm_migrate.plan.header import TargetIdentity
from crm_migrate.trust.canonical import Json, canonical_json
from crm_migrate.trust.people import Person
from crm_migrate.trust.signature import Signer, verify

Verdict = Literal["approve", "reject"]
_S = TypeVar("_S", bound="Signed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signed record of texts."""

    CONTEXT: ClassVar[str]

    effect: str
    evidence: str
    target: str
    """`target_digest` of the plan's target."""
    by: str
    """Id of the person who signs."""
    role: str
    at: str
    reason: str
    trust: str
    """Fingerprint of the trust file that the signer saw."""
    signature: str = ""

    def statement(self) -> dict[str, Json]:
        """What is signed."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "signature"}

    @property
    def id(self) -> str:
        """32 hex characters that name it; an approval is used once under this id."""
        return hashlib.sha256(canonical_json(self.statement())).hexdigest()[:32]

    def is_by(self, person: Person) -> bool:
        """Whether that person signed it, in the role that they have now."""
        return (self.by, self.role) == (person.id, person.role) and verify(
            person.public_key, self.CONTEXT, self.statement(), self.signature
        )

    def to_json(self) -> dict[str, Json]:
        """As a JSON object."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_json(cls, content: Mapping[str, object]) -> Self:
        """What `to_json` made.

        Raises:
            ValueError: a member is missing, unknown or no text.
        """
        names = {f.name for f in fields(cls)}
        if content.keys() != names or not all(isinstance(v, str) for v in content.values()):
            raise ValueError(f"not a {cls.__name__}")
        return cls(**content)  # type: ignore[arg-type]  # all members are text, checked above


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Signed):
    """One person's word on a plan."""

    CONTEXT = "plan-decision/2"

    decision: Verdict
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override(Signed):
    """One person's word that a gate with this very figure shall not hold the plan up."""

    CONTEXT = "gate-override/1"

    plan: str
    gate: str
    figure: str
    limit: str
    expires_at: str
    rehearsal: str
    """`演练/REHEARSAL` where the target is a sandbox, else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation(Signed):
    """A decision taken back, by the one who made it or by an administrator."""

    CONTEXT = "decision-revocation/1"

    decision: str
    """Id of the decision that no longer counts."""
    of: str
    """Id of the person whose decision it was."""


def signed(statement: _S, signer: Signer) -> _S:
    """The statement with its signature."""
    return replace(statement, signature=signer.sign(statement.CONTEXT, statement.statement()))


def target_digest(target: TargetIdentity) -> str:
    """SHA-256 (hex) of the target's identity: name, system, database, fingerprint, sandbox."""
    statement: list[str | bool] = [target.name, target.system, target.database]
    statement += [target.fingerprint, target.sandbox]
    return hashlib.sha256(canonical_json(statement)).hexdigest()
