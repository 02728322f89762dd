"""Who may do what: people added to the trust file, given another role, or removed (R-8.3)."""

from collections.abc import Callable

from crm_migrate.stages.session import TRUST, TRUST_NEXT, Session
from crm_migrate.trust import trust_file
from crm_migrate.trust.journal import last_naming
from crm_migrate.trust.people import TrustFile
from crm_migrate.trust.private_files import locked
from crm_migrate.trust.setup import TRUST_FILE, NewPerson, with_person, without_person
from crm_migrate.trust.wrapping import Protection


def add_person(
    session: Session, new: NewPerson, protect: Callable[[str], Protection], by: str
) -> TrustFile:
    """List someone in the trust file, with a new key, or one they have, or in another role.

    Raises:
        KeyFault: `by` may not change the trust file, or a key does not open.
    """
    state = session.project.state
    with locked(state / ".trust.lock"):
        following = with_person(state, new, protect, by, session.ask)
        _replace(session, following, by, new.id, str(new.role))
    return following


def remove_person(session: Session, person_id: str, by: str) -> TrustFile:
    """Take someone off the trust file: what they signed no longer counts.

    Raises:
        KeyFault: `by` may not change the trust file, or the person cannot be removed.
        NotFound: the trust file does not list them.
    """
    state = session.project.state
    with locked(state / ".trust.lock"):
        following = without_person(state, person_id, by, session.ask)
        _replace(session, following, by, person_id, "")
    return following


def _replace(session: Session, following: TrustFile, by: str, person: str, role: str) -> None:
    """Announced in the journal, then written, then confirmed: killed anywhere, one of both fits."""
    about = {"person": person, "role": role}
    named = last_naming(session.journal.path, TRUST)
    if following.previous is not None and (named is None or named[1] != following.previous):
        # Somebody was killed before the version that stands was confirmed: it is, before another
        # announcement takes the place of its own.
        session.record(by, "trust.found", {TRUST: following.previous})
    session.record(by, "trust.begin", about | {TRUST_NEXT: following.fingerprint})
    trust_file.save(session.project.state / TRUST_FILE, following)
    session.record(by, "trust.changed", about | {TRUST: following.fingerprint})
