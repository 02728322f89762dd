"""The first keys of a project: its secrets, its people, and the trust file that lists them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.trust import people as trust_people
from crm_migrate.trust import trust_file
from crm_migrate.trust.keyring import Keyring, create_project_keyring
from crm_migrate.trust.people import Person, TrustFile
from crm_migrate.trust.person_keys import create_person, open_person, person_file
from crm_migrate.trust.roles import Role
from crm_migrate.trust.wrapping import Ask, Protection

KEYRING = "keyring"
TRUST_FILE = "trust.json"

_PERSON = re.compile(r"(?P<id>[^:]+):(?P<role>[^:]+)(?::(?P<name>[^:]*))?(?::(?P<dept>[^:]*))?")


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Someone who gets a signing key."""

    id: str
    role: Role
    name: str
    department: str


def parse_person(text: str) -> NewPerson:
    """`ID:ROLE[:NAME[:DEPARTMENT]]` as typed on the command line.

    Raises:
        UsageFault: not of that form, or no such role.
    """
    match = _PERSON.fullmatch(text)
    if match is None or match["role"] not in set(Role):
        roles = ", ".join(Role)
        raise UsageFault(
            Text(
                f"'{text}' is not ID:ROLE[:NAME[:DEPARTMENT]]",
                f"“{text}”不是 标识:角色[:姓名[:部门]]",
            ),
            remedy=Text(f"roles: {roles}", f"角色：{roles}"),
        )
    return NewPerson(
        match["id"], Role(match["role"]), match["name"] or match["id"], match["dept"] or ""
    )


def set_up_keys(
    state: Path, persons: Sequence[NewPerson], protect: Callable[[str], Protection]
) -> tuple[Keyring, TrustFile]:
    """Make the project's secrets and the persons' keys.

    The first administrator, or else the first person, founds the trust file: whoever does can add
    people to it.

    `protect` gives the protection of a file by its label (`project` or a person's id).

    Raises:
        KeyFault: keys exist already; nothing is overwritten.
    """
    folder = state / KEYRING
    keyring = create_project_keyring(folder, protect("project"))
    trust: TrustFile | None = None
    founder = None
    order = sorted(persons, key=lambda new: new.role is not Role.ADMINISTRATOR)
    for new in order:
        person, signer = create_person(
            folder, new.id, new.name, new.role, new.department, protect(new.id)
        )
        if trust is None or founder is None:
            founder = signer
            trust = trust_people.found(person, signer, keyring.journal_signer.public_key)
        else:
            trust = trust_people.add(trust, person, founder)
    assert trust is not None, "at least one person"
    trust_file.save(state / TRUST_FILE, trust)
    return keyring, trust


def with_person(
    state: Path,
    new: NewPerson,
    protect: Callable[[str], Protection],
    by: str,
    ask: Ask | None = None,
) -> TrustFile:
    """The next version of the trust file, signed by `by`, not yet saved.

    Someone who is listed gets the new role, name and department and keeps their key. Someone who
    has a key but is not listed (removed, or the process died half-way) gets listed with it.

    Raises:
        KeyFault: `by` may not change the trust file, or a key does not open.
    """
    folder = state / KEYRING
    signer = open_person(folder, by, ask)
    trust = trust_file.load(state / TRUST_FILE)
    trust_people.require_may_change(trust, signer)
    known = next((p.public_key for p in trust.people if p.id == new.id), None)
    if known is None and person_file(folder, new.id).exists():
        known = open_person(folder, new.id, ask).public_key
    if known is not None:
        person = Person(new.id, new.name, new.role, new.department, known)
    else:
        person, _ = create_person(
            folder, new.id, new.name, new.role, new.department, protect(new.id)
        )
    return trust_people.add(trust, person, signer)


def without_person(state: Path, person_id: str, by: str, ask: Ask | None = None) -> TrustFile:
    """The next version of the trust file without the person, not yet saved.

    Raises:
        KeyFault: `by` may not change the trust file, or the person cannot be removed.
        NotFound: the trust file does not list them.
    """
    trust = trust_file.load(state / TRUST_FILE)
    return trust_people.remove(trust, person_id, open_person(state / KEYRING, by, ask))
