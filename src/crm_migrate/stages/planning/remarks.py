"""What people asked of a plan and wrote about the one before: kept beside the plan's file.

No personal data: comments are cleared of personal numbers before they are kept, customers are
named by their golden ids.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from crm_migrate.plan.show.view import Comment
from crm_migrate.stages.session import Session
from crm_migrate.trust.private_files import write_private

REMARKS = "remarks.json"


@dataclass(frozen=True)
class Remarks:
    """`asked`: what the plan was to be confined to (see scope.Asked); `comments` of people."""

    asked: Mapping[str, Any] = field(default_factory=dict)
    comments: tuple[Comment, ...] = ()


def write_remarks(session: Session, plan_id: str, remarks: Remarks) -> None:
    """Keep them in the plan's folder."""
    content = {"asked": dict(remarks.asked), "comments": [asdict(c) for c in remarks.comments]}
    path = session.plan_folder(plan_id) / REMARKS
    write_private(path, json.dumps(content, ensure_ascii=False).encode())


def read_remarks(session: Session, plan_id: str) -> Remarks:
    """What was kept; empty where nothing was asked or said."""
    path = session.plan_folder(plan_id) / REMARKS
    if not path.exists():
        return Remarks()
    content = json.loads(path.read_text("utf-8"))
    return Remarks(content["asked"], tuple(Comment(**c) for c in content["comments"]))
