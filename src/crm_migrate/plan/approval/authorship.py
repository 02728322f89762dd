"""Who wrote a plan, proven: the author's signature over its header, and evidence that holds.

The signature covers everything that a header says but the digests of the encrypted parts (known
only when the file is written; the plan's key vouches for them) and what is counted from them. So
nobody can make a plan in another's name, nor lower what it demands, and who may not approve it is
proven, not claimed.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.plan.digest import evidence
from crm_migrate.plan.file.header_json import header_json
from crm_migrate.plan.header import Demand, Gate, PlanHeader
from crm_migrate.trust.canonical import Json, canonical_json
from crm_migrate.trust.people import TrustFile
from crm_migrate.trust.signature import Signer, verify

CONTEXT = "plan-author/1"
FIGURES, DEMANDS = "figures", "demands"
"""Parts of the evidence that follow from the header itself."""
_LEFT_OUT = ("author_signature", "files", "held")


def sign_as_author(header: PlanHeader, signer: Signer) -> PlanHeader:
    """The header with the figures of its gates and its demands in the evidence, and signed.

    Call it before the file is written, and change nothing but `files` and `held` afterwards.
    """
    parts = header.evidence_parts | {
        FIGURES: gates_digest(header.gates),
        DEMANDS: demands_digest(header.demands),
    }
    complete = replace(header, evidence_parts=parts, evidence=evidence(parts))
    statement = author_statement(header_json(complete))
    return replace(complete, author_signature=signer.sign(CONTEXT, statement))


def author_statement(header: bytes) -> dict[str, Json]:
    """What the author signs of a header, given as the JSON text of the plan file."""
    content = json.loads(header)
    told = {name: value for name, value in content.items() if name not in _LEFT_OUT}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        "plan": content["plan_id"],
        "author": content["created_by"],
        "created_at": content["created_at"],
        "effect": content["effect"],
        "evidence": content["evidence"],
        "header": hashlib.sha256(text.encode()).hexdigest(),
    }


def is_by_its_author(header: PlanHeader, people: TrustFile, text: bytes | None = None) -> bool:
    """Whether the author named in the header signed it, and its evidence is what it says.

    `text`: the header's JSON as it stands in a file; that of a later version may hold more.
    """
    author = next((p for p in people.people if p.id == header.created_by), None)
    parts = header.evidence_parts
    return (
        author is not None
        and header.evidence == evidence(parts)
        and parts.get(FIGURES) == gates_digest(header.gates)
        and parts.get(DEMANDS) == demands_digest(header.demands)
        and verify(
            author.public_key,
            CONTEXT,
            author_statement(text if text is not None else header_json(header)),
            header.author_signature,
        )
    )


def require_author(header: PlanHeader, people: TrustFile) -> None:
    """Refuse a plan whose author is only claimed.

    Raises:
        PlanRefused: not signed by the key that the trust file lists for its author now.
    """
    if not is_by_its_author(header, people):
        raise PlanRefused(
            Text(
                f"the plan is not signed by its author {header.created_by}",
                f"计划没有编制人 {header.created_by} 的有效签名",
            ),
            where=header.plan_id,
            remedy=Text("make a new plan: crm-migrate plan", "请重新生成计划:crm-migrate plan"),
        )


def gates_digest(gates: Sequence[Gate]) -> str:
    """SHA-256 (hex) over every gate: figure, bound, and what happens when it is missed."""
    told: list[Json] = [
        [g.name, repr(float(g.value)), g.bound, repr(float(g.limit)), g.passed, g.on_failure]
        for g in gates
    ]
    return hashlib.sha256(canonical_json(told)).hexdigest()


def demands_digest(demands: Sequence[Demand]) -> str:
    """SHA-256 (hex) over who must approve."""
    told: list[Json] = [{**asdict(d), "roles": list(d.roles)} for d in demands]
    return hashlib.sha256(canonical_json(told)).hexdigest()
