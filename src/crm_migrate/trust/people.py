"""People, their roles and their public keys: the signed trust file, and what each role may do.

Every version of the file is signed by its founder or by someone who was an administrator in
the version before. Who owns the machine can still replace the whole file; that shows, because
the journal names the fingerprint of the version that stands, a project whose file is another one
is not opened, and every approval names it, too (see docs/keys.md).
"""

import hashlib
import json
import re
from dataclasses import dataclass, replace

from crm_migrate.errors import KeyFault, NotFound
from crm_migrate.language import Text
from crm_migrate.trust.canonical import Json, canonical_json
from crm_migrate.trust.roles import Action, Role, may
from crm_migrate.trust.signature import Signer

FORMAT = "crm-migrate-trust/1"
CONTEXT = "trust-file"
_RESERVED = ("project", "wrapped", "journal")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who signs; `public_key` is base64 of an Ed25519 key."""

    id: str
    name: str
    role: Role
    department: str
    public_key: str

    def statement(self) -> dict[str, str]:
        """The person as a JSON object."""
        return {
            "id": self.id,
            "name": self.name,
            "role": str(self.role),
            "department": self.department,
            "public_key": self.public_key,
        }


@dataclass(frozen=True)
class TrustFile:
    """One version of the trust file. The first person listed is the founder."""

    version: int
    people: tuple[Person, ...]
    journal_key: str
    """Public key that signs the journal's checkpoints, base64."""
    previous: str | None
    """Fingerprint of the version before."""
    signed_by: str
    signature: str

    def person(self, id: str) -> Person:
        """The person of that id.

        Raises:
            NotFound: the trust file does not list them.
        """
        for person in self.people:
            if person.id == id:
                return person
        raise NotFound(
            Text(f"{id} is not in the trust file", f"信任文件中没有 {id}"),
            remedy=Text(
                "an administrator adds people with `crm-migrate keys add-person`",
                "请系统管理员用 `crm-migrate keys add-person` 添加",
            ),
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what is signed, hex."""
        return hashlib.sha256(canonical_json(self.statement())).hexdigest()

    def statement(self) -> dict[str, Json]:
        """What is signed."""
        return {
            "format": FORMAT,
            "version": self.version,
            "people": [p.statement() for p in self.people],
            "journal_key": self.journal_key,
            "previous": self.previous,
            "signed_by": self.signed_by,
        }

    def to_bytes(self) -> bytes:
        """The file's content."""
        content = {**self.statement(), "signature": self.signature}
        return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"


def found(founder: Person, signer: Signer, journal_key: str) -> TrustFile:
    """The first version, which lists only its founder and is signed by them."""
    return _sign(TrustFile(1, (founder,), journal_key, None, founder.id, ""), signer)


def add(trust: TrustFile, person: Person, signer: Signer) -> TrustFile:
    """The next version, with the person added, or replaced where the id is known.

    Raises:
        KeyFault: the signer is neither the founder nor an administrator, or the key is not theirs.
    """
    require_person_id(person.id)
    require_may_change(trust, signer)
    known = {p.id for p in trust.people}
    people = (
        tuple(person if p.id == person.id else p for p in trust.people)
        if person.id in known
        else (*trust.people, person)
    )
    following = replace(
        trust,
        version=trust.version + 1,
        people=people,
        previous=trust.fingerprint,
        signed_by=signer.id,
    )
    return _sign(following, signer)


def remove(trust: TrustFile, person_id: str, signer: Signer) -> TrustFile:
    """The next version without the person; what they signed no longer counts.

    Raises:
        KeyFault: the signer may not, or the person is the founder, whom every version needs, or
            the signer themself.
        NotFound: the trust file does not list them.
    """
    require_may_change(trust, signer)
    person = trust.person(person_id)
    if person.id in (trust.people[0].id, signer.id):
        raise KeyFault(
            Text(
                "neither the founder of the trust file nor whoever signs it can be removed",
                "不能移除信任文件的建立者或签署人本人",
            ),
            remedy=Text("have another administrator do it", "请由其他系统管理员操作"),
        )
    following = replace(
        trust,
        version=trust.version + 1,
        people=tuple(p for p in trust.people if p.id != person_id),
        previous=trust.fingerprint,
        signed_by=signer.id,
    )
    return _sign(following, signer)


def require_may_change(trust: TrustFile, signer: Signer) -> None:
    """Refuse who may not sign the next version.

    Raises:
        KeyFault: the signer is neither the founder nor an administrator, or the key is not theirs.
        NotFound: the trust file does not list them.
    """
    signing = trust.person(signer.id)
    if may_sign(trust, signing) and signing.public_key == signer.public_key:
        return
    raise KeyFault(
        Text(f"{signer.id} may not change the trust file", f"{signer.id} 无权修改信任文件"),
        remedy=Text("ask an administrator", "请由系统管理员操作"),
    )


def require_person_id(id: str) -> None:
    """Refuse an id that cannot name a key file and an environment variable.

    Raises:
        KeyFault: not made of 1 to 64 lower-case ASCII letters, digits, `.`, `_`, `-`, or reserved.
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", id) and id not in _RESERVED:
        return
    raise KeyFault(
        Text("this id cannot name a person", "该标识不能用作人员标识"),
        remedy=Text(
            "use lower-case letters, digits, dots and dashes, such as `zhang.san`",
            "请使用小写字母、数字、点和短横，例如 `zhang.san`",
        ),
    )


def may_sign(trust: TrustFile, person: Person) -> bool:
    """Whether a version signed by them holds: the founder, and administrators."""
    return person.id == trust.people[0].id or may(person.role, Action.MANAGE_KEYS)


def _sign(trust: TrustFile, signer: Signer) -> TrustFile:
    return replace(trust, signature=signer.sign(CONTEXT, trust.statement()))
