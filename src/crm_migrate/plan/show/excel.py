"""The plan as a workbook: a summary, the risks, and a sheet per entity; masked, formula-safe.

People write comments and exclusions into it and send it back (see returned.py).
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from crm_migrate.language import Language, Text
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.show.html import KIND_TEXTS, STATE_TEXTS, local_time
from crm_migrate.plan.show.operation_sheet import operation_sheet
from crm_migrate.plan.show.sheets import Marked, Sheet, Style, workbook_bytes
from crm_migrate.plan.show.view import EntityView, PlanView

_COUNTS = (
    ("accepted", Text("accepted", "接受"), 12),
    ("made", Text("made here", "系统生成"), 12),
    ("merged", Text("merged away", "合并"), 15),
    ("golden", Text("golden", "唯一记录"), 12),
    ("insert", Text("new", "新增"), 12),
    ("update", Text("change", "修改"), 12),
    ("delete", Text("delete", "删除"), 12),
    ("unchanged", Text("unchanged", "不变"), 12),
    ("conflict", Text("conflict", "冲突"), 12),
    ("skip", Text("left out", "暂不处理"), 12),
)


OVER_ALL_DATA = Text(
    "rows, accepted and golden records, control totals, reviews, 撞单 and quarantine are over all"
    " data; new, change and conflict are what this plan does",
    "读取行、接受、唯一记录、控制总数、疑似重复、撞单与隔离按全部数据统计;"
    "新增、修改、冲突为本计划内的数量",
)
"""What the figures of a plan that is confined to a part are about."""


def plan_workbook(view: PlanView, key: bytes) -> bytes:
    """The .xlsx file's bytes; `key` is the plan's key, by which it is known when it comes back."""
    language = view.language
    sheets = [summary_sheet(view), _risks(view)]
    if view.header.control_totals:
        sheets.append(totals_sheet(view.header, view.entities, language))
    if view.moves:
        sheets.append(_moves(view))
    if view.comments:
        sheets.append(_comments(view))
    sheets += [operation_sheet(view, e, key) for e in view.entities if listed(view, e)]
    return workbook_bytes(sheets)


def listed(view: PlanView, entity: EntityView) -> bool:
    """Whether the entity has a sheet."""
    return bool(entity.operations or (entity.name == "customer" and view.heads))


def summary_sheet(view: PlanView, more: Sequence[Sequence[object]] = ()) -> Sheet:
    """Counts per entity, then the facts of the plan; `more` lines follow."""
    names = [name for name, _, _ in _COUNTS if name != "delete" or _any_deletes(view)]
    shown = [(t.in_language(view.language), w) for n, t, w in _COUNTS if n in names]
    heads = [Text("entity", "对象").in_language(view.language), *(t for t, _ in shown)]
    rows = [(e.label, *(getattr(e.counts, n) for n in names)) for e in view.entities]
    foot = [*_facts(view), *more]
    title = Text("Summary", "汇总").in_language(view.language)
    return Sheet(title, heads, [24, *(w for _, w in shown)], rows, foot)


def _any_deletes(view: PlanView) -> bool:
    return any(e.counts.delete for e in view.entities)


def _facts(view: PlanView) -> Iterator[Sequence[object]]:
    header, language = view.header, view.language
    if header.target.sandbox:
        yield (Marked("演练 / REHEARSAL", Style.WARN),)
    facts: list[tuple[Text, object]] = [
        (Text("plan", "计划编号"), header.plan_id),
        (Text("kind", "计划类型"), KIND_TEXTS[header.kind].in_language(language)),
        (Text("takes back", "撤销的计划"), header.reverses),
        (Text("scope", "范围"), header.scope.in_language(language) if header.scope else None),
        (Text("state", "状态"), STATE_TEXTS[view.state].in_language(language)),
        (Text("target", "目标系统"), header.target.name),
        (Text("made by", "编制人"), view.author),
        (Text("made at", "编制时间"), local_time(header.created_at)),
        (Text("valid until", "有效期至"), local_time(header.expires_at)),
        (Text("rows read", "读取行"), header.rows.read),
        (Text("of these: no data", "其中：非数据行"), header.rows.non_data),
        (Text("of these: quarantined", "其中：隔离"), header.rows.quarantined),
        (Text("of these: accepted", "其中：接受"), header.rows.accepted),
    ]
    if header.scope:
        facts.append((Text("figures", "数字口径"), OVER_ALL_DATA))
    facts += [(Text("cannot be taken back", "无法撤销"), t) for t in header.irreversible]
    facts += [(Text("was not checked", "未检查"), t) for t in header.unchecked]
    facts += [
        (Text("effect", "效果摘要"), header.effect),
        (Text("evidence", "依据摘要"), header.evidence),
        (
            Text("sending back", "回传说明"),
            Text(
                "Write comments and choose “exclude” on customers' lines; save, and hand the file"
                " to whoever plans (plan --exclude FILE). It is never an approval.",
                "在客户行填写“意见”、选择“排除”，保存后交编制人（plan --exclude 文件）；"
                "本文件不构成审批。",
            ),
        ),
    ]
    for name, value in facts:
        if value is None:
            continue
        said = value.in_language(language) if isinstance(value, Text) else value
        label = Marked(name.in_language(language), Style.STRONG)
        yield label, said if isinstance(said, int) else Marked(said, Style.LINE)


def _risks(view: PlanView) -> Sheet:
    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_language(view.language)

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


def totals_sheet(
    header: PlanHeader,
    entities: Sequence[EntityView],
    language: Language,
    department: str | None = None,
) -> Sheet:
    """The control totals, of one department or of all."""

    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_language(language)

    labels = {e.name: e.label for e in entities}
    head = (
        t("entity", "对象"), t("source", "来源"), t("department", "部门"), t("year", "年度"),
        t("count", "笔数"), t("straight from the source", "来源合计"), t("in the plan", "计划合计"),
        t("equal", "一致"),
    )  # fmt: skip
    rows = [
        (labels.get(c.entity, c.entity), c.source, c.department, c.year, c.count,
         Decimal(c.source_amount), Decimal(c.plan_amount),
         t("yes", "是") if c.source_amount == c.plan_amount else Marked(t("NO", "否"), Style.WARN))
        for c in header.control_totals
        if department is None or c.department == department
    ]  # fmt: skip
    widths = (14, 14, 18, 10, 10, 22, 22, 8)
    return Sheet(t("Control totals", "控制总数"), head, widths, rows)


def _moves(view: PlanView) -> Sheet:
    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_language(view.language)

    head = (
        t("entity", "对象"), t("record that stays", "保留的记录"), t("CRM key", "CRM 主键"),
        t("key given up", "并入（删除）的主键"), t("rows that move over", "随迁记录"),
    )  # fmt: skip
    rows = [
        (m.label, m.title, m.kept, m.given_up, "；".join(f"{n} {c:,}" for n, c in m.moved))
        for m in view.moves
    ]
    return Sheet(t("Merges", "合并"), head, (12, 40, 14, 18, 50), rows)


def _comments(view: PlanView) -> Sheet:
    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_language(view.language)

    labels = {e.name: e.label for e in view.entities}
    head = (t("entity", "对象"), t("about", "记录"), t("said", "意见内容"))
    rows = [(labels.get(c.entity, c.entity), c.title, c.text) for c in view.comments]
    return Sheet(t("Comments", "核对意见"), head, (12, 40, 80), rows)
