"""The audit report as a workbook with a sheet per section."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from crm_migrate.language import Language, Text
from crm_migrate.plan.show.html import SEVERITY_TEXTS
from crm_migrate.plan.show.sheets import Sheet, workbook_bytes
from crm_migrate.plan.show.totals import by_year
from crm_migrate.reports.audit_report import AuditReport
from crm_migrate.reports.report_rows import (
    conclusion_lines,
    cover_rows,
    evidence_rows,
    gate_rows,
    held_rows,
    linkage_rows,
    plan_rows,
    protection_rows,
    waiting_lines,
)


class Section(NamedTuple):
    """One sheet: title, column heads with widths, rows."""

    title: Text
    columns: tuple[tuple[Text, int], ...]
    rows: Sequence[Sequence[object]]


_ITEM = ((Text("item", "项目"), 30), (Text("content", "内容"), 70))
_COUNTS = tuple(
    (text, 10)
    for text in (
        Text("accepted", "接受"),
        Text("made here", "系统生成"),
        Text("merged", "合并"),
        Text("golden", "唯一记录"),
        Text("new", "新增"),
        Text("change", "修改"),
        Text("unchanged", "不变"),
        Text("conflict", "冲突"),
        Text("left out", "暂不处理"),
    )
)
_PLAN = (
    (Text("plan", "计划"), 26),
    (Text("state", "状态"), 14),
    (Text("made", "编制"), 30),
    (Text("decisions", "审批"), 50),
    (Text("applied", "执行"), 50),
)
_GATE = (
    (Text("plan", "计划"), 26),
    (Text("gate", "门禁"), 40),
    (Text("figure", "实际"), 12),
    (Text("bound", "限值"), 12),
    (Text("what followed", "处理"), 30),
)
_ENTITY = (Text("entity", "对象"), 16)


def report_workbook(
    report: AuditReport,
    language: Language,
    entity_labels: dict[str, str],
    field_labels: dict[str, str],
) -> bytes:
    """The .xlsx file's bytes; formula-safe, without personal data."""
    sheets = [
        Sheet(
            section.title.in_language(language),
            [text.in_language(language) for text, _ in section.columns],
            [width for _, width in section.columns],
            section.rows,
        )
        for section in _sections(report, language, entity_labels, field_labels)
    ]
    return workbook_bytes(sheets)


def _sections(
    report: AuditReport,
    language: Language,
    entity_labels: dict[str, str],
    field_labels: dict[str, str],
) -> Iterator[Section]:
    def label(entity: str) -> str:
        return entity_labels.get(entity, entity)

    yield Section(Text("Cover", "封面"), _ITEM, cover_rows(report, language))
    yield Section(
        Text("Revisions", "修订记录"),
        (
            (Text("version", "版本"), 10),
            (Text("date", "日期"), 12),
            (Text("what changed and why", "修订内容及原因"), 60),
            (Text("by", "修订人"), 16),
            (Text("approval", "审批状态"), 12),
        ),
        [(v.version, v.date, v.change, v.by, v.approval) for v in report.revisions],
    )
    lines = [(line,) for line in conclusion_lines(report, language)]
    yield Section(Text("Conclusion", "结论"), ((Text("conclusion", "结论"), 100),), lines)
    yield _sources(report)
    yield from _counted(report, language, label)
    yield _findings(report, language)
    yield Section(Text("Deduplication", "去重"), _ITEM, linkage_rows(report, language))
    yield Section(Text("Changes", "变更与批准"), _PLAN, plan_rows(report, language))
    yield Section(Text("Gates missed", "未达标门禁"), _GATE, gate_rows(report, language))
    protected = protection_rows(report, field_labels, language)
    yield Section(Text("Protection", "个人信息保护"), _ITEM, protected)
    waiting = [(line,) for line in waiting_lines(report, language)]
    yield Section(Text("Waiting", "待办事项"), ((Text("open", "事项"), 100),), waiting)
    yield Section(Text("Evidence", "举证信息"), _ITEM, evidence_rows(report, language))


def _counted(
    report: AuditReport, language: Language, label: Callable[[str], str]
) -> Iterator[Section]:
    """Where records went, why some were not written, and what amounts add up to."""
    yield Section(
        Text("Records", "记录去向"),
        (_ENTITY, *_COUNTS),
        [
            (label(n), c.accepted, c.made, c.merged, c.golden, c.insert, c.update, c.unchanged,
             c.conflict, c.skip)
            for n, c in report.header.counts.items()
        ],
    )  # fmt: skip
    yield Section(
        Text("Left out", "未写入原因"),
        (
            (Text("action", "动作"), 14),
            (Text("reason", "原因"), 80),
            (Text("count", "数量"), 10),
        ),
        held_rows(report, language),
    )
    yield Section(
        Text("Control totals", "控制总数"),
        (
            _ENTITY,
            (Text("year", "年度"), 10),
            (Text("count", "笔数"), 10),
            (Text("straight from the source", "来源合计"), 22),
            (Text("in the plan", "计划合计"), 22),
        ),
        [
            (label(x.entity), x.year, x.number, x.source, x.plan)
            for x in by_year(report.header.control_totals)
        ],
    )


def _findings(report: AuditReport, language: Language) -> Section:
    return Section(
        Text("Findings", "数据问题"),
        (
            (Text("weight", "级别"), 10),
            (Text("finding", "问题"), 70),
            (Text("rule", "规则"), 26),
            (Text("count", "数量"), 10),
        ),
        [
            (
                SEVERITY_TEXTS[f.severity].in_language(language),
                f.message_zh if language == "zh" else f.message_en,
                f.rule,
                f.count,
            )
            for f in report.facts.findings
        ],
    )


def _sources(report: AuditReport) -> Section:
    return Section(
        Text("Sources", "数据来源"),
        (
            (Text("file", "文件"), 24),
            (Text("table", "表"), 18),
            (Text("SHA-256", "SHA-256"), 30),
            (Text("read", "读取行"), 10),
            (Text("not data", "非数据行"), 10),
            (Text("quarantined", "隔离"), 10),
            (Text("accepted", "接受"), 10),
            (Text("columns left behind", "未采集的列"), 40),
        ),
        [
            (i.file, i.table, i.sha256, i.read, i.non_data, i.quarantined, i.accepted,
             "、".join(i.left_behind))
            for i in report.facts.inputs
        ],
    )  # fmt: skip
