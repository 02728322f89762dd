"""An approval as a file of its own: an auditor checks it without project, keys or network.

It holds the plan's header exactly as the plan file has it, everything that was signed about it,
the trust file that stood, and the journal's lines about it with their Merkle proofs to a signed
checkpoint. The whole is sealed by the journal's key, and there is one byte form of each content,
so no byte can be changed unseen. What it cannot show by itself is that the trust file is the true
one: compare its fingerprint with the one you keep.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crm_migrate.errors import CrmMigrateError, IntegrityFault
from crm_migrate.language import Text
from crm_migrate.plan.approval.authorship import CONTEXT as AUTHOR
from crm_migrate.plan.approval.authorship import author_statement, is_by_its_author
from crm_migrate.plan.approval.deciding import check_standing
from crm_migrate.plan.approval.standing import Said, standing
from crm_migrate.plan.approval.statements import Decision, Override, Revocation, Signed
from crm_migrate.plan.file.header_json import parse_header
from crm_migrate.plan.header import PlanHeader
from crm_migrate.trust import people as trust_people
from crm_migrate.trust import trust_file
from crm_migrate.trust.canonical import Json
from crm_migrate.trust.checkpoint import Checkpoint, open_checkpoint
from crm_migrate.trust.merkle import root_by_proof
from crm_migrate.trust.people import TrustFile
from crm_migrate.trust.signature import Signer, verify

FORMAT = "crm-migrate-approval/1"
SEAL = "approval-file/1"


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line of the journal, its number from 0, and its proof (hex hashes) to the checkpoint."""

    line: str
    index: int
    proof: tuple[str, ...]


@dataclass(frozen=True)
class Exported:
    """What the file holds. `begun_at`: when the apply began; None: the plan was not applied."""

    header: bytes
    earlier: tuple[bytes, ...]
    said: Said
    trust: TrustFile
    checkpoint: str
    journal: tuple[JournalLine, ...]
    exported_at: str
    begun_at: str | None


@dataclass(frozen=True)
class Verified:
    """What checking the file found; it holds where there are no faults."""

    header: PlanHeader
    trust: TrustFile
    said: Said
    approvers: tuple[str, ...]
    judged_at: datetime
    applied: bool
    faults: tuple[Text, ...]

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return not self.faults


def write(exported: Exported, signer: Signer) -> bytes:
    """The file, sealed by the journal's signer."""
    content = _content(exported)
    return _encode({**content, "seal": signer.sign(SEAL, content)})


def read(data: bytes) -> Exported:
    """What the file holds, form and seal checked.

    Raises:
        IntegrityFault: a byte was changed, or it is no such file.
    """
    try:
        content = json.loads(data)
        if content["format"] != FORMAT or _encode(content) != data:
            raise ValueError("not in the one form that is written")
        trust = trust_file.parse(json.dumps(content["trust"]).encode(), "trust")
        seal = content.pop("seal")
        if not verify(trust.journal_key, SEAL, content, seal):
            raise ValueError("seal")
        return Exported(
            header=content["plan"].encode(),
            earlier=tuple(text.encode() for text in content["earlier"]),
            said=Said(
                decisions=tuple(Decision.from_json(d) for d in content["decisions"]),
                overrides=tuple(Override.from_json(o) for o in content["overrides"]),
                revocations=tuple(Revocation.from_json(r) for r in content["revocations"]),
                used=frozenset(content["used"]),
            ),
            trust=trust,
            checkpoint=content["checkpoint"],
            journal=tuple(
                JournalLine(j["line"], int(j["index"]), tuple(j["proof"]))
                for j in content["journal"]
            ),
            exported_at=content["exported_at"],
            begun_at=content["begun_at"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CrmMigrateError):
        raise IntegrityFault(
            Text("the approval file was changed, or is none", "审批文件被改动，或不是审批文件"),
            remedy=Text("ask for the file again", "请重新索取该文件"),
        ) from None


def check(exported: Exported, now: datetime, plan_header: bytes | None = None) -> Verified:
    """Every check on what the file holds, none left out for another's failure.

    Judged at the moment when the plan's apply began, or `now` where it was not applied.
    `plan_header`: the header of a plan file that should be the one approved.

    Raises:
        IntegrityFault: the header in the file is none.
    """
    header, earlier = _header(exported.header), [_header(text) for text in exported.earlier]
    at = datetime.fromisoformat(exported.begun_at) if exported.begun_at else now
    # A header as it stands in the file is checked by its own text; what a later version of the
    # program adds to headers must not break old signatures.
    authentic = is_by_its_author(header, exported.trust, exported.header)
    said = replace(
        exported.said,
        earlier=tuple(
            h
            for h, text in zip(earlier, exported.earlier, strict=True)
            if is_by_its_author(h, exported.trust, text)
        ),
    )
    faults: list[Text] = []
    approvers: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    if not authentic:
        author = header.created_by
        faults.append(Text(f"not signed by its author {author}", f"没有编制人 {author} 的签名"))
    if plan_header is not None and plan_header != exported.header:
        faults.append(Text("the plan file is another plan", "计划文件与审批文件不是同一计划"))
    try:
        approved = check_standing(header, standing(header, said, exported.trust, at), at)
        approvers, counted = approved.people, approved.approvals
    except CrmMigrateError as error:
        faults.append(error.message)
    faults += _journal_faults(exported, header, counted)
    return Verified(
        header, exported.trust, said, approvers, at, exported.begun_at is not None, tuple(faults)
    )


def statements(exported: Exported) -> Iterator[tuple[str, str, str, str, Json, str]]:
    """Everything signed in the file: name, signer, public key, context, statement, signature."""
    keys = {p.id: p.public_key for p in exported.trust.people}
    trust, header = exported.trust, _header(exported.header)
    by, context = trust.signed_by, trust_people.CONTEXT
    yield f"trust-{by}", by, keys.get(by, ""), context, trust.statement(), trust.signature
    author = header.created_by
    signed = author_statement(exported.header)
    yield f"author-{author}", author, keys.get(author, ""), AUTHOR, signed, header.author_signature
    said: list[tuple[str, Signed]] = [(d.decision, d) for d in exported.said.decisions]
    said += [("override", o) for o in exported.said.overrides]
    said += [("revoke", r) for r in exported.said.revocations]
    for number, (what, one) in enumerate(said, 1):
        name = f"{number:02d}-{what}-{one.by}"
        yield name, one.by, keys.get(one.by, ""), one.CONTEXT, one.statement(), one.signature


def _journal_faults(
    exported: Exported, header: PlanHeader, counted: Sequence[str]
) -> Iterator[Text]:
    """Whether the lines stand in the journal, and tell of every approval and of the apply."""
    checkpoint = open_checkpoint(exported.checkpoint.encode(), exported.trust.journal_key)
    if checkpoint is None:
        yield Text("the checkpoint is not signed by the journal's key", "检查点签名无效")
        return
    events = []
    for line in exported.journal:
        if not _stands(line, checkpoint):
            number = line.index + 1
            yield Text(f"line {number} is not in the journal", f"日志中没有第 {number} 行")
        else:
            events.append(json.loads(line.line))
    told = {e["objects"].get("decision") for e in events if e["event"] == "plan.approve"}
    for decision in counted:
        if decision not in told:
            yield Text(f"the journal tells of no approval {decision}", f"日志未记载批准 {decision}")
    if exported.begun_at is not None and not any(
        e["event"] == "apply.begun"
        and e["objects"].get("plan") == header.plan_id
        and e["time"] == exported.begun_at
        for e in events
    ):
        yield Text("the journal tells of no such apply", "日志未记载该次执行")


def _stands(line: JournalLine, checkpoint: Checkpoint) -> bool:
    try:
        proof = [bytes.fromhex(h) for h in line.proof]
    except ValueError:
        return False
    root = root_by_proof(line.line.encode(), line.index, checkpoint.size, proof)
    return root == checkpoint.root


def _header(text: bytes) -> PlanHeader:
    try:
        return parse_header(text)
    except (ValueError, KeyError, TypeError):
        raise IntegrityFault(Text("the file holds no plan header", "文件中没有计划信息")) from None


def _content(exported: Exported) -> dict[str, Json]:
    said = exported.said

    def plain(statements: Iterable[Signed]) -> list[Mapping[str, Json]]:
        return [s.to_json() for s in statements]

    return {
        "format": FORMAT,
        "exported_at": exported.exported_at,
        "begun_at": exported.begun_at,
        "plan": exported.header.decode(),
        "earlier": [text.decode() for text in exported.earlier],
        "decisions": plain(said.decisions),
        "overrides": plain(said.overrides),
        "revocations": plain(said.revocations),
        "used": sorted(said.used),
        "trust": json.loads(exported.trust.to_bytes()),
        "checkpoint": exported.checkpoint,
        "journal": [
            {"line": j.line, "index": j.index, "proof": list(j.proof)} for j in exported.journal
        ],
    }


def _encode(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
