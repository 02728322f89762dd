"""The workbook of a plan that comes back: comments and exclusions, never an approval.

Rows and sheets may come in any order, and other columns may have been added: what counts is the
hidden pair of columns that the workbook was sent out with. The head of the first names the plan,
its cells the records; the second holds a keyed digest of plan, record and title, so that a row
whose parts were sorted apart, copied from elsewhere or typed in is refused.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.formats import Header, Table, open_file
from crm_migrate.formats.contract import HEADER, KIND
from crm_migrate.language import Text
from crm_migrate.plan.show.view import Comment
from crm_migrate.records import ROW

PLAN_HEAD, CHECK_HEAD = "#plan ", "#check"
"""What the heads of the hidden columns begin with."""
RECORD = Text("record", "记录")
COMMENT = Text("comment", "意见")
EXCLUDE = Text("exclude", "排除")
YES = Text("exclude", "排除")
"""What is chosen in the column of exclusions."""

_YES = {"是", "排除", "yes", "y", "x", "exclude", "1", "true", "√", "✓"}
_NO = {"", "否", "不", "no", "n", "0", "false"}


@dataclass(frozen=True)
class Returned:
    """What a workbook says: its plan, customers to leave out (golden ids), and comments."""

    plan_id: str
    excluded: tuple[str, ...]
    comments: tuple[Comment, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """One line that somebody could fill in; `where` is file, sheet and row."""

    plan_id: str
    entity: str
    golden_id: str
    title: str
    check: str
    comment: str
    exclude: str
    where: str


def row_check(key: bytes, plan_id: str, entity: str, golden_id: str, title: str) -> str:
    """24 hex characters that bind a row to the plan whose key this is; blanks do not count."""
    plain = "".join(title.split()).lstrip("'")
    mac = hmac.new(key, b"crm-migrate/1 plan workbook", "sha256").digest()
    parts = (plan_id, entity, golden_id, plain)
    message = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
    return hmac.new(mac, message, hashlib.sha256).hexdigest()[:24]


def returned_plan(path: Path) -> str:
    """The id of the plan whose workbook this is.

    Raises:
        SourceFault: the file cannot be read as a workbook.
        UsageFault: it is no workbook of a plan, or of several.
    """
    found = {table[1] for table in _tables(path)}
    if len(found) != 1:
        raise UsageFault(
            Text("this is not the workbook of a plan", "这不是计划工作簿")
            if not found
            else Text("this file mixes workbooks of several plans", "该文件混有多个计划的内容"),
            where=path.name,
            remedy=Text(
                "give the file that `crm-migrate show PLAN --workbook` wrote, with all its columns",
                "请使用 `crm-migrate show 计划 --workbook` 生成的文件，并保留全部列（含隐藏列）",
            ),
        )
    return found.pop()


def read_returned(path: Path, plan_id: str, key: bytes, customer: str = "customer") -> Returned:
    """Comments and exclusions of the workbook. `key`: the plan's key.

    Raises:
        SourceFault: the file cannot be read as a workbook.
        UsageFault: a row belongs to another plan, was changed, or its mark is not understood.
    """
    excluded: dict[str, None] = {}
    comments: dict[tuple[str, str, str], Comment] = {}
    for row in _rows(path):
        expected = row_check(key, row.plan_id, row.entity, row.golden_id, row.title)
        if row.plan_id != plan_id or not hmac.compare_digest(expected, row.check):
            raise _tampered(row.where)
        mark = row.exclude.casefold()
        if mark not in _YES | _NO:
            raise _unclear(row.where)
        if mark in _YES and row.entity == customer:
            excluded[row.golden_id] = None
        if row.comment:
            comment = Comment(row.entity, row.golden_id, row.title, _clean(row.comment))
            comments[comment.entity, comment.golden_id, comment.text] = comment
    return Returned(plan_id, tuple(excluded), tuple(comments.values()))


def _clean(text: str) -> str:
    """The comment without personal numbers: people do write them, and pages show comments."""
    from crm_migrate.protection.free_text import redact_remark  # compiles much; showing needs none

    return redact_remark(text)


def _tables(path: Path) -> Iterator[tuple[Table, str, str, str]]:
    """Tables that carry the hidden columns, the plan they name, and the names of the columns."""
    for table in open_file(path, header=Header(1, 1)):
        heads = [c for c in table.info.columns if c.startswith(PLAN_HEAD)]
        checks = [c for c in table.info.columns if c.startswith(CHECK_HEAD)]
        if len(heads) == 1 and len(checks) == 1:
            yield table, heads[0].removeprefix(PLAN_HEAD).strip(), heads[0], checks[0]


def _rows(path: Path) -> Iterator[_Row]:
    for table, plan_id, ids, check in _tables(path):
        columns = table.info.columns
        title, comment, exclude = (_column(columns, t) for t in (RECORD, COMMENT, EXCLUDE))
        if title is None:
            raise _tampered(f"{path.name}, {table.info.sheet}")
        for batch in table.batches():
            for row in batch.filter(pl.col(KIND) != HEADER).iter_rows(named=True):
                entity, _, golden = (row[ids] or "").strip().partition(":")
                note, mark = ((row[c] or "").strip() if c else "" for c in (comment, exclude))
                where = f"{path.name}, {table.info.sheet}, {row[ROW]}"
                if not golden and (note or mark):
                    raise _tampered(where)
                if golden:
                    token, name = (row[check] or "").strip(), row[title] or ""
                    yield _Row(plan_id, entity, golden, name, token, note, mark, where)


def _column(columns: Sequence[str], label: Text) -> str | None:
    return next((c for c in columns if c.strip() in (label.en, label.zh)), None)


def _tampered(where: str) -> UsageFault:
    return UsageFault(
        Text(
            "this row is not as it was sent out: it was changed, sorted apart or comes from"
            " another plan",
            "该行与发出时不一致：被改动、只排序了部分列，或来自其他计划",
        ),
        where=where,
        remedy=Text(
            "take the workbook as it was sent out and fill in only comments and exclusions",
            "请用原工作簿，仅填写“意见”“排除”两列",
        ),
    )


def _unclear(where: str) -> UsageFault:
    return UsageFault(
        Text("it is not clear whether this customer is to be left out", "无法判断是否排除该客户"),
        where=where,
        remedy=Text("choose from the list, or leave the cell empty", "请从下拉列表选择，或留空"),
    )
