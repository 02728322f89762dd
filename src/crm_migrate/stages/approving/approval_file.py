"""A plan's approval written for outsiders, and checked where there is neither project nor key."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.language import Text
from crm_migrate.plan.approval import exported as approval_file
from crm_migrate.plan.approval.exported import Exported, JournalLine, Verified
from crm_migrate.plan.file.header_json import parse_header
from crm_migrate.plan.file.parts import SUFFIX
from crm_migrate.plan.file.stored import header_text
from crm_migrate.stages.apply import read_applied
from crm_migrate.stages.approving.said import said_about
from crm_migrate.stages.planning.plans import resolve_plan
from crm_migrate.stages.session import TRUST, Session
from crm_migrate.state.approvals import approvals_of
from crm_migrate.trust import trust_file
from crm_migrate.trust.checkpoint import open_checkpoint
from crm_migrate.trust.merkle import inclusion_proof
from crm_migrate.trust.people import TrustFile
from crm_migrate.trust.private_files import private_folder, write_private
from crm_migrate.trust.setup import TRUST_FILE
from crm_migrate.trust.signature import message

_KEY_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""DER of an Ed25519 public key up to the key itself (RFC 8410)."""
_TOLD = ("plan.", "apply.", "rollback.")


@dataclass(frozen=True)
class Handed:
    """Where the approval was written."""

    plan_id: str
    path: Path
    trust: str
    folder: Path | None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        folder = str(self.folder) if self.folder else None
        return {
            "plan": self.plan_id, "path": str(self.path), "trust": self.trust, "openssl": folder
        }  # fmt: skip


def export_approval(
    session: Session, name: str, out: Path, *, openssl: Path | None = None
) -> Handed:
    """Write the approval of a plan to a file; with `openssl`, each signed message apart, too.

    Raises:
        NotFound: there is no such plan, or its file or the trust file of its time is not kept.
        IntegrityFault: something was changed.
    """
    _, path = resolve_plan(session, name)
    text = header_text(path, parts=True)
    header = parse_header(text)
    note = session.journal.read_checkpoint() or b""
    signed = open_checkpoint(note, session.trust.journal_key)
    # What was appended since the checkpoint was read is no part of its tree.
    lines = session.journal.path.read_bytes().split(b"\n")[: signed.size if signed else 0]
    about = list(_about(lines, header.plan_id, header.effect))
    begun = [(n, e) for n, e in about if e["event"] == "apply.begun" and _of(e, header.plan_id)]
    said = said_about(session, header)
    applied = read_applied(session, header.plan_id)
    served = applied.applied_at if applied is not None else None
    spent = {
        a.approval_id
        for a in approvals_of(session.state, header.effect)
        if a.used_at is not None and a.used_at != served
    }
    earlier = [
        header_text(session.plan_folder(h.plan_id) / f"{h.plan_id}{SUFFIX}") for h in said.earlier
    ]
    exported = Exported(
        header=text,
        earlier=tuple(earlier),
        said=replace(said, used=frozenset(spent), earlier=()),
        trust=_trust_then(session, lines[: begun[0][0] + 1]) if begun else session.trust,
        checkpoint=note.decode(),
        journal=tuple(
            JournalLine(lines[n].decode(), n, tuple(h.hex() for h in inclusion_proof(lines, n)))
            for n, _ in about
        ),
        exported_at=f"{session.job.clock():%Y-%m-%dT%H:%M:%SZ}",
        begun_at=begun[0][1]["time"] if begun else None,
    )
    data = approval_file.write(exported, session.job.keyring.journal_signer)
    write_private(out, data)
    if openssl is not None:
        _write_messages(exported, private_folder(openssl))
    return Handed(header.plan_id, out, exported.trust.fingerprint, openssl)


def verify_approval(path: Path, now: datetime, plan: Path | None = None) -> Verified:
    """Check an approval's file, and whether it is that of a plan file; needs nothing else.

    Raises:
        NotFound: there is no such file.
        IntegrityFault: a byte of the file was changed, or the plan file is none or was changed.
    """
    if not path.is_file():
        raise NotFound(Text("there is no such file", "文件不存在"), where=str(path))
    try:
        exported = approval_file.read(path.read_bytes())
        text = header_text(plan, parts=True) if plan is not None else None
        return approval_file.check(exported, now, text)
    except IntegrityFault as fault:
        where = fault.where or str(path)
        raise IntegrityFault(fault.message, where=where, remedy=fault.remedy) from None


def _about(lines: list[bytes], plan_id: str, effect: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The journal's lines about a plan or its effect, with their numbers; batches left out."""
    for number, line in enumerate(lines):
        if plan_id.encode() not in line and effect.encode() not in line:
            continue
        event = json.loads(line)
        if event["event"].startswith(_TOLD) and not event["event"].startswith("apply.batch"):
            yield number, event


def _of(event: dict[str, Any], plan_id: str) -> bool:
    return bool(event["objects"].get("plan") == plan_id)


def _trust_then(session: Session, lines: list[bytes]) -> TrustFile:
    """The version of the trust file that stood when the last of these lines was written."""
    for line in reversed(lines):
        named = json.loads(line)["objects"].get(TRUST) if TRUST.encode() in line else None
        if isinstance(named, str):
            kept = trust_file.version_of(session.project.state / TRUST_FILE, named)
            if kept is not None:
                return kept
            break
    return session.trust


def _write_messages(exported: Exported, folder: Path) -> None:
    """Each signed message, its signature and the signer's public key: for OpenSSL alone."""
    for name, by, key, context, statement, signature in approval_file.statements(exported):
        write_private(folder / f"{name}.message", message(context, statement))
        write_private(folder / f"{name}.signature", base64.b64decode(signature))
        write_private(folder / f"{by}.pem", _pem(key))


def _pem(public_key: str) -> bytes:
    der = base64.b64encode(_KEY_PREFIX + base64.b64decode(public_key))
    return b"-----BEGIN PUBLIC KEY-----\n" + der + b"\n-----END PUBLIC KEY-----\n"
