"""The corrections that stand: listed, and taken back."""

from dataclasses import asdict, dataclass
from typing import Any

from crm_migrate.instants import rfc3339
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.quarantine.overlay import standing
from crm_migrate.stages.session import Session
from crm_migrate.state.corrections import withdraw_correction
from crm_migrate.trust.roles import Action


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction that stands; never with its value."""

    number: int
    entity: str
    record_id: str
    field: str
    author: str
    at: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def list_corrections(session: Session) -> list[Corrected]:
    """The corrections that stand, the oldest first."""
    lines = standing(session.job, session.state).lines
    names = ("correction_id", "entity", RECORD_ID, "field", "author", "at")
    return [Corrected(*row) for row in lines.select(names).rows()] if lines.height else []


def withdraw(session: Session, number: int, *, by: str | None = None) -> int:
    """Let the source speak for the cell again.

    Raises:
        NotFound: none of that number stands.
        KeyFault: the person may not review.
    """
    person = session.acting(by, Action.REVIEW)
    withdraw_correction(session.state, number, rfc3339(session.job.clock()))
    session.record(person.id, "quarantine.withdrawn", {"correction": number})
    return number
