"""The acceptance workbook of one department or owner (R-6.6): to check, to comment, to sign.

Its sheets of operations are the plan workbook's, so comments and exclusions come back the same way.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from crm_migrate.language import Language, Text
from crm_migrate.plan.show.excel import listed, totals_sheet
from crm_migrate.plan.show.html import STATE_TEXTS, local_time
from crm_migrate.plan.show.operation_sheet import operation_sheet
from crm_migrate.plan.show.risks import ACTION_LABELS
from crm_migrate.plan.show.sheets import Marked, Sheet, Style, workbook_bytes
from crm_migrate.plan.show.view import PlanView

NOBODY = Text("without", "未指定")
"""What customers without a department or owner are put under."""
_LONGEST = 80
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
_ACTIONS = ("insert", "update", "delete", "unchanged", "conflict", "skip")


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One field of a sampled record: what the sources say (`old`) and what the CRM gets."""

    entity: str
    stratum: str
    title: str
    places: str
    field: str
    old: str
    new: str


@dataclass(frozen=True)
class Pack:
    """What one workbook is about. `view` holds its operations only."""

    kind: Text
    """Department, or owner."""
    name: str
    view: PlanView
    customers: int
    counts: dict[str, dict[str, int]]
    """Entity → action → records of these customers."""
    sample: Sequence[SampleLine]
    sums: Sequence[tuple[str, str, int, str]] = ()
    """Entity, year, number and amount in the plan, where no sum by source exists (owners)."""
    department: str | None = None
    """Its control totals are the plan's of this department."""


@dataclass(frozen=True, slots=True)
class IndexLine:
    """One written pack: its name, file, customers and operations."""

    name: str
    file: str
    customers: int
    operations: int


def pack_workbook(pack: Pack, key: bytes) -> bytes:
    """The .xlsx file's bytes; `key` is the plan's key (see `returned.row_check`)."""
    view, language = pack.view, pack.view.language
    sheets = [_cover(pack, language), _sample(pack, language)]
    if pack.department is not None:
        sheets.append(totals_sheet(view.header, view.entities, language, pack.department))
    elif pack.sums:
        sheets.append(_sums(pack, language))
    sheets += [operation_sheet(view, e, key) for e in view.entities if listed(view, e)]
    return workbook_bytes(sheets)


def index_workbook(lines: Sequence[IndexLine], kind: Text, view: PlanView) -> bytes:
    """The list of all packs, to keep track of who has signed."""
    language = view.language
    heads = (
        kind,
        Text("file", "文件"),
        Text("customers", "客户数"),
        Text("operations", "操作数"),
        Text("handed to", "核对人"),
        Text("signed on", "签字日期"),
        Text("result", "结论"),
    )
    rows = [(line.name, line.file, line.customers, line.operations) for line in lines]
    foot = [
        (Marked(label.in_language(language), Style.STRONG), Marked(value, Style.LINE))
        for label, value in _facts(view)
    ]
    title = Text("Packs", "核对清单").in_language(language)
    widths = (24, 40, 10, 10, 16, 14, 24)
    return workbook_bytes(
        [Sheet(title, [h.in_language(language) for h in heads], widths, rows, foot)]
    )


def file_name(name: str, taken: Collection[str] = ()) -> str:
    """A name that Windows, macOS and Linux accept, `.xlsx` at its end, and not one of `taken`.

    >>> file_name('华东/一部: "A"'), file_name("CON"), file_name("a", ["A.xlsx"])
    ('华东_一部_ _A_.xlsx', '_CON.xlsx', 'a (2).xlsx')
    """
    clean = _FORBIDDEN.sub("_", name).strip(" .")[:_LONGEST].rstrip(" .") or "_"
    if _RESERVED.match(clean):
        clean = "_" + clean
    known = {t.casefold() for t in taken}
    found, number = f"{clean}.xlsx", 2
    while found.casefold() in known:
        found, number = f"{clean} ({number}).xlsx", number + 1
    return found


def _facts(view: PlanView) -> list[tuple[Text, str]]:
    header, language = view.header, view.language
    facts = [
        (Text("project", "项目"), header.project),
        (Text("plan", "计划编号"), header.plan_id),
        (Text("state", "状态"), STATE_TEXTS[view.state].in_language(language)),
        (Text("target", "目标系统"), header.target.name),
        (Text("made by", "编制人"), view.author),
        (Text("made at", "编制时间"), local_time(header.created_at)),
        (Text("effect", "效果摘要"), header.effect),
    ]
    if header.scope:
        facts.insert(2, (Text("only a part", "仅部分数据"), header.scope.in_language(language)))
    return facts


def _cover(pack: Pack, language: Language) -> Sheet:
    """Counts of these customers, what the plan is, what to do, and lines to sign."""

    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_language(language)

    labels = {e.name: e.label for e in pack.view.entities}
    heads = [t("entity", "对象"), *(ACTION_LABELS[a].in_language(language) for a in _ACTIONS)]
    rows = [
        (labels.get(entity, entity), *(counts.get(a, 0) for a in _ACTIONS))
        for entity, counts in pack.counts.items()
    ]
    foot: list[Sequence[object]] = []
    if pack.view.header.target.sandbox:
        foot.append((Marked("演练 / REHEARSAL", Style.WARN),))
    facts = [(pack.kind, pack.name), (Text("customers", "客户数"), f"{pack.customers:,}")]
    for label, value in facts + _facts(pack.view):
        foot.append((Marked(label.in_language(language), Style.STRONG), Marked(value, Style.LINE)))
    told = t(
        "Check the sample against the old system, then the changes; write comments, exclude"
        " customers that must not be loaded, sign, and send the file back.",
        "请对照原系统核对抽样，再核对逐条变更；填写意见，标出不应导入的客户，签字后交回。",
    )
    foot += [(), (Marked(told, Style.LINE),), ()]
    for line in (
        t("checked by: ______________________   date: ____________",
          "核对人:______________________   日期:____________"),
        t("head of department: ______________   date: ____________",
          "部门负责人:__________________   日期:____________"),
        t("result:  □ accepted   □ accepted with comments   □ not accepted",
          "结论:  □ 通过   □ 有意见通过   □ 不通过"),
    ):  # fmt: skip
        foot += [(Marked(line, Style.LINE),), ()]
    return Sheet(t("Acceptance", "验收"), heads, [28, *([12] * len(_ACTIONS))], rows, foot)


def _sample(pack: Pack, language: Language) -> Sheet:
    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_language(language)

    heads = (
        t("entity", "对象"), t("stratum", "抽样层"), t("record", "记录"),
        t("where from", "来源位置"), t("field", "字段"), t("old system", "原系统"),
        t("new CRM", "新 CRM"), t("right?", "是否一致"), t("remark", "说明"),
    )  # fmt: skip
    rows = [
        (s.entity, s.stratum, s.title, s.places, s.field, s.old, Marked(s.new, Style.NEW))
        for s in pack.sample
    ]
    filled_in = {7: (t("yes", "是"), t("no", "否")), 8: ()}
    widths = (10, 16, 32, 36, 16, 30, 30, 10, 28)
    return Sheet(t("Sample", "抽样核对"), heads, widths, rows, filled_in=filled_in)


def _sums(pack: Pack, language: Language) -> Sheet:
    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_language(language)

    heads = (
        t("entity", "对象"),
        t("year", "年度"),
        t("count", "笔数"),
        t("in the plan", "计划合计"),
    )
    foot = [(t("The sources are summed by department only.", "来源侧合计仅按部门统计。"),)]
    return Sheet(t("Control totals", "控制总数"), heads, (16, 10, 10, 22), pack.sums, foot)
