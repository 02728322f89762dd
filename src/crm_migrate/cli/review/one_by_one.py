"""The session of a reviewer on the terminal: one question after the other, a key each."""

import sys
from collections import deque
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output
from crm_migrate.cli.review.questions import show_task
from crm_migrate.errors import CrmMigrateError, UsageFault
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.pipeline import Session
    from crm_migrate.stages.review.view import Task
    from crm_migrate.stages.review.viewing import Viewing
    from crm_migrate.trust.people import Person

KEYS = Text(
    "s same · d different · n not sure · k skip · u undo · c comment · q quit",
    "s 同一 · d 不同 · n 不确定 · k 跳过 · u 撤销 · c 备注 · q 退出",
)
OWNER_KEYS = Text("1-9 owner · k skip · u undo · c comment · q quit",
                  "1-9 选择负责人 · k 跳过 · u 撤销 · c 备注 · q 退出")  # fmt: skip
ANSWERS = {"s": "same", "d": "different", "n": "unsure"}
AHEAD = 20
"""Questions that are read at once."""


def review_one_by_one(
    session: "Session", out: Output, person: "Person", viewing: "Viewing", *, mine: bool
) -> dict[str, int]:
    """Ask until nothing is open or the person quits; how many were decided, skipped, undone.

    Raises:
        UsageFault: there is no terminal.
    """
    from crm_migrate.stages.review.reviews import queue
    from crm_migrate.stages.review.view import Upcoming

    if not sys.stdin.isatty():
        raise UsageFault(
            Text("this needs a terminal", "此功能需要终端"),
            remedy=Text("use `review list` and `review decide`, or `review export`",
                        "请用 `review list` 与 `review decide`,或 `review export`"),
        )  # fmt: skip
    upcoming = Upcoming(session, viewing, AHEAD)
    done = {"answered": 0, "skipped": 0, "undone": 0}
    waiting = deque(queue(session, person, mine=mine)["task_id"].to_list())
    total = len(waiting)
    comment = ""
    while waiting:
        id = waiting[0]
        place = f"{total - len(waiting) + 1}/{total} · {id}"
        task = upcoming.task(id, list(waiting)[1:AHEAD])
        show_task(out, task, f"{place} · {task.title}")
        key = _key(out, OWNER_KEYS if task.choices else KEYS, task.choices)
        if key == "q":
            break
        if key == "c":
            comment = str(click.prompt(str(Text("comment", "备注")), err=True))
            continue
        if key == "k":
            _skip(session, id, person)
            waiting.rotate(-1)
            done["skipped"] += 1
            if done["skipped"] >= len(waiting) + done["answered"]:
                break  # everything that is left was skipped
            continue
        if key == "u":
            undone = _undo(session, out, person)
            if undone is not None:
                done["undone"] += 1
                waiting = deque([undone, *(w for w in waiting if w != undone)])
                total = max(total, len(waiting))
            continue
        if _answered(session, out, task, key, person, comment):
            waiting.popleft()
            comment = ""
            done["answered"] += 1
    return done


def _key(out: Output, keys: Text, choices: list[str]) -> str:
    """The key that was pressed, of those that mean something here."""
    for number, owner in enumerate(choices, 1):
        out.say(f"  {number} {owner}")
    out.say(keys, "cyan")
    allowed = set("kucq") | (set("123456789"[: len(choices)]) if choices else set(ANSWERS))
    while True:
        key = click.getchar().lower()
        if key in ("\x03", "\x04"):
            return "q"
        if key in allowed:
            return key


def _answered(
    session: "Session",
    out: Output,
    task: "Task",
    key: str,
    person: "Person",
    comment: str,
) -> bool:
    """Whether the verdict was entered; what refuses it is told."""
    from crm_migrate.stages.review.answers import decide_review

    owner = task.choices[int(key) - 1] if task.choices else None
    try:
        done = decide_review(
            session, task.task_id, "owner" if owner else ANSWERS[key], by=person.id,
            reason=comment, owner=owner, seen=task.seen,
        )  # fmt: skip
    except CrmMigrateError as error:
        out.say(error.message, "red")
        return False
    out.say(f"  {done['verdict']} · {done['status']}", "green")
    return True


def _skip(session: "Session", id: str, person: "Person") -> None:
    from crm_migrate.instants import rfc3339
    from crm_migrate.state.review import skip

    skip(session.state, id, person.id, rfc3339(session.job.clock()))


def _undo(session: "Session", out: Output, person: "Person") -> str | None:
    from crm_migrate.stages.review.answers import undo_review

    try:
        return str(undo_review(session, by=person.id)["task"])
    except UsageFault as error:
        out.say(error.message, "yellow")
        return None
