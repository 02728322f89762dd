"""The trust file as it is kept: read with its signature checked, every version beside it."""

import json
from pathlib import Path

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.language import Text
from crm_migrate.trust.people import CONTEXT, FORMAT, Person, TrustFile, may_sign
from crm_migrate.trust.private_files import private_folder, write_private
from crm_migrate.trust.roles import Role
from crm_migrate.trust.signature import verify

_VERSIONS = "trust-versions"


def load(path: Path, previous: TrustFile | None = None) -> TrustFile:
    """The trust file, its signature checked; against an earlier version when one is handed in.

    Raises:
        NotFound: there is no trust file.
        IntegrityFault: changed, signed by someone who may not, or not following `previous`.
    """
    if not path.exists():
        raise NotFound(
            Text("the project has no trust file", "项目没有信任文件"),
            where=str(path),
            remedy=Text(
                "found it with `crm-migrate keys init`", "请用 `crm-migrate keys init` 建立"
            ),
        )
    trust = _parse(path.read_bytes(), str(path))
    # Only the version right before names those who might sign this one.
    judge = previous if previous is not None and previous.version + 1 == trust.version else trust
    signing = next((p for p in judge.people if p.id == trust.signed_by), None)
    if (
        signing is None
        or not may_sign(judge, signing)
        or not verify(signing.public_key, CONTEXT, trust.statement(), trust.signature)
        or (previous is not None and not _follows(trust, previous))
    ):
        raise _changed(str(path))
    return trust


def parse(data: bytes, where: str) -> TrustFile:
    """A trust file that was handed over, its own signature checked.

    Raises:
        IntegrityFault: changed, or signed by someone who may not.
    """
    trust = _parse(data, where)
    signing = next((p for p in trust.people if p.id == trust.signed_by), None)
    if (
        signing is None
        or not may_sign(trust, signing)
        or not verify(signing.public_key, CONTEXT, trust.statement(), trust.signature)
    ):
        raise _changed(where)
    return trust


def save(path: Path, trust: TrustFile) -> None:
    """Write the trust file, and the version for good beside it (see `version_of`)."""
    kept = private_folder(path.with_name(_VERSIONS)) / f"{trust.fingerprint}.json"
    write_private(kept, trust.to_bytes())
    write_private(path, trust.to_bytes())


def version_of(path: Path, fingerprint: str) -> TrustFile | None:
    """The version with that fingerprint, which was saved at `path` some time; None: not kept.

    Raises:
        IntegrityFault: it was changed since.
    """
    kept = path.with_name(_VERSIONS) / f"{fingerprint}.json"
    if not kept.exists():
        return None
    found = parse(kept.read_bytes(), str(kept))
    if found.fingerprint != fingerprint:
        raise _changed(str(kept))
    return found


def _follows(trust: TrustFile, previous: TrustFile) -> bool:
    if trust.version == previous.version:
        return trust.fingerprint == previous.fingerprint
    if trust.version == previous.version + 1:
        return trust.previous == previous.fingerprint
    return trust.version > previous.version


def _parse(data: bytes, where: str) -> TrustFile:
    try:
        content = json.loads(data)
        if content["format"] != FORMAT or not content["people"]:
            raise ValueError("format")
        people = tuple(
            Person(
                str(p["id"]),
                str(p["name"]),
                Role(p["role"]),
                str(p["department"]),
                str(p["public_key"]),
            )
            for p in content["people"]
        )
        return TrustFile(
            version=int(content["version"]),
            people=people,
            journal_key=str(content["journal_key"]),
            previous=content["previous"],
            signed_by=str(content["signed_by"]),
            signature=str(content["signature"]),
        )
    except (ValueError, KeyError, TypeError):
        raise _changed(where) from None


def _changed(where: str) -> IntegrityFault:
    return IntegrityFault(
        Text(
            "the trust file was changed by someone who may not",
            "信任文件被无权者改动",
        ),
        where=where,
        remedy=Text(
            "restore it from its backup and find out who changed it",
            "请从备份恢复，并查明改动者",
        ),
    )
