"""The plan as a workbook: a summary, the risks, and a sheet per entity; masked, formula-safe."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from crm_migrate.language import Text
from crm_migrate.plan.show.html import STATE_TEXTS, local_time
from crm_migrate.plan.show.sheets import Marked, Sheet, Style, workbook_bytes
from crm_migrate.plan.show.view import EntityView, OperationView, PlanView

_Choose = Callable[[str, str], str]
"""Chooses a language: (en, zh) → text."""


def plan_workbook(view: PlanView) -> bytes:
    """The .xlsx file's bytes."""

    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_language(view.language)

    labels = {e.name: e.label for e in view.entities}
    sheets = [_summary(view, t), _risks(view, t)]
    if view.header.control_totals:
        sheets.append(_totals(view, labels, t))
    sheets += [_entity(e, t) for e in view.entities if e.operations]
    return workbook_bytes(sheets)


def _summary(view: PlanView, t: _Choose) -> Sheet:
    names = (
        (t("entity", "对象"), 24),
        (t("accepted", "接受"), 12),
        (t("merged away", "合并"), 15),
        (t("golden", "唯一记录"), 12),
        (t("new", "新增"), 12),
        (t("change", "修改"), 12),
        (t("unchanged", "不变"), 12),
        (t("conflict", "冲突"), 12),
        (t("left out", "暂不处理"), 12),
    )
    rows = [
        (e.label, c.accepted, c.merged, c.golden, c.insert, c.update, c.unchanged, c.conflict,
         c.skip)
        for e in view.entities
        for c in (e.counts,)
    ]  # fmt: skip
    heads, widths = [n for n, _ in names], [w for _, w in names]
    return Sheet(t("Summary", "汇总"), heads, widths, rows, _facts(view, t))


def _facts(view: PlanView, t: _Choose) -> Iterator[Sequence[object]]:
    header = view.header
    if header.target.sandbox:
        yield (Marked("演练 / REHEARSAL", Style.WARN),)
    facts: Sequence[tuple[str, object]] = (
        (t("plan", "计划编号"), header.plan_id),
        (t("state", "状态"), STATE_TEXTS[view.state].in_language(view.language)),
        (t("target", "目标系统"), header.target.name),
        (t("made by", "编制人"), view.author),
        (t("made at", "编制时间"), local_time(header.created_at)),
        (t("valid until", "有效期至"), local_time(header.expires_at)),
        (t("rows read", "读取行"), header.rows.read),
        (t("of these: no data", "其中:非数据行"), header.rows.non_data),
        (t("of these: quarantined", "其中:隔离"), header.rows.quarantined),
        (t("of these: accepted", "其中:接受"), header.rows.accepted),
        (t("effect", "效果摘要"), header.effect),
        (t("evidence", "依据摘要"), header.evidence),
    )
    for name, value in facts:
        yield (
            Marked(name, Style.STRONG),
            value if isinstance(value, int) else Marked(value, Style.LINE),
        )


def _risks(view: PlanView, t: _Choose) -> Sheet:
    head = (t("figure", "数量"), t("what", "事项"), t("blocks the plan", "是否阻止"))
    rows = [
        (
            r.count if r.share is None else r.figure,
            r.text,
            Marked(t("yes", "是"), Style.WARN) if r.grave else "",
        )
        for r in view.risks
    ]
    return Sheet(t("Look at first", "请先关注"), head, (12, 110, 16), rows)


def _totals(view: PlanView, labels: dict[str, str], t: _Choose) -> Sheet:
    head = (
        t("entity", "对象"), t("source", "来源"), t("department", "部门"), t("year", "年度"),
        t("count", "笔数"), t("straight from the source", "来源合计"), t("in the plan", "计划合计"),
        t("equal", "一致"),
    )  # fmt: skip
    rows = [
        (labels.get(c.entity, c.entity), c.source, c.department, c.year, c.count,
         Decimal(c.source_amount), Decimal(c.plan_amount),
         t("yes", "是") if c.source_amount == c.plan_amount else Marked(t("NO", "否"), Style.WARN))
        for c in view.header.control_totals
    ]  # fmt: skip
    widths = (14, 14, 18, 10, 10, 22, 22, 8)
    return Sheet(t("Control totals", "控制总数"), head, widths, rows)


def _entity(entity: EntityView, t: _Choose) -> Sheet:
    head = (
        t("action", "动作"), t("record", "记录"), t("CRM key", "CRM 主键"), t("reason", "原因"),
        t("field", "字段"), t("before", "变更前"), t("after", "变更后"), t("origin", "取值依据"),
        t("comment", "意见"), t("record id", "唯一标识"),
    )  # fmt: skip
    rows = (row for o in entity.operations for row in _operation(o))
    widths = (10, 32, 10, 30, 16, 24, 46, 24, 16, 34)
    return Sheet(entity.label, head, widths, rows)


def _operation(o: OperationView) -> Iterator[Sequence[object]]:
    reason = f"{o.reason}: {o.conflicts}" if o.conflicts else o.reason
    held = o.action in ("conflict", "skip")
    action = Marked(o.action_label, Style.WARN) if held else o.action_label
    golden_id = Marked(o.golden_id, Style.LINE)
    common = (action, o.title, o.target_key, reason)
    if o.action in ("update", "conflict") and o.cells:  # a line per cell, to be checked one by one
        for c in o.cells:
            before, after = Marked(c.before, Style.OLD), Marked(c.after or "∅", Style.NEW)
            yield (*common, c.label, before, after, c.origin, "", golden_id)
    else:
        cells = "；".join(f"{c.label}: {c.after}" for c in o.cells)
        yield (*common, "", "", cells, "", "", golden_id)
