"""The plan as a workbook: a summary, the risks, and a sheet per entity; masked, formula-safe."""

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from crm_migrate.language import Text
from crm_migrate.plan.show.html import STATE_TEXTS
from crm_migrate.plan.show.view import EntityView, PlanView

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_Choose = Callable[[str, str], str]
"""Chooses a language: (en, zh) → text."""

STYLED = 500
"""Rows of a sheet that are wrapped and formatted; a long sheet stays plain beyond them."""

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")


def safe_text(value: object) -> object:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe."""
    if isinstance(value, str) and value.startswith(_FORMULA_START):
        return "'" + value
    return value


def fill_sheet(
    sheet: "Worksheet",
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    widths: Sequence[int],
) -> None:
    """A frozen, filtered header row and safe cells; long text wraps."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    wrap = Alignment(vertical="top", wrap_text=True)
    sheet.append(list(head))
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1F5FA8")
        cell.alignment = Alignment(vertical="center", wrap_text=True)
    number = 1
    for number, row in enumerate(rows, 2):
        sheet.append([safe_text(v) for v in row])
        if number > STYLED:  # styles cost more than the cells themselves
            continue
        for place in range(1, len(row) + 1):
            cell = sheet.cell(number, place)
            cell.alignment = wrap
            cell.number_format = "#,##0" if isinstance(cell.value, int) else "@"
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(head))}{number}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def workbook_bytes(book: "Workbook") -> bytes:
    """The workbook in memory: nothing passes through a temporary file."""
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def plan_workbook(view: PlanView) -> bytes:
    """The .xlsx file's bytes."""
    from openpyxl import Workbook

    language = view.language

    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_language(language)

    book = Workbook()
    summary = book.active
    assert summary is not None
    summary.title = t("Summary", "汇总")
    _summary(summary, view, t)
    risks = book.create_sheet(t("Look at first", "请先关注"))
    head = (t("count", "数量"), t("what", "事项"), t("blocks the plan", "是否阻止"))
    rows = [(r.count, r.text, t("yes", "是") if r.grave else "") for r in view.risks]
    fill_sheet(risks, head, rows, (10, 70, 12))
    totals = book.create_sheet(t("Control totals", "控制总数"))
    _totals(totals, view, t)
    for entity in view.entities:
        if entity.operations:
            _entity(book.create_sheet(entity.label[:31]), entity, t)
    return workbook_bytes(book)


def _summary(sheet: "Worksheet", view: PlanView, t: _Choose) -> None:
    names = (
        (t("entity", "对象"), 16),
        (t("accepted", "接受"), 10),
        (t("merged away", "合并"), 10),
        (t("golden", "唯一记录"), 10),
        (t("new", "新增"), 10),
        (t("change", "修改"), 10),
        (t("unchanged", "不变"), 10),
        (t("conflict", "冲突"), 10),
        (t("left out", "暂不处理"), 10),
    )
    rows: list[Sequence[object]] = []
    for e in view.entities:
        c = e.counts
        rows.append((
            e.label, c.accepted, c.merged, c.golden, c.insert, c.update, c.unchanged,
            c.conflict, c.skip,
        ))  # fmt: skip
    fill_sheet(sheet, [n for n, _ in names], rows, [w for _, w in names])
    header = view.header
    facts = (
        (),
        (t("plan", "计划编号"), header.plan_id),
        (t("state", "状态"), STATE_TEXTS[view.state].in_language(view.language)),
        (t("target", "目标系统"), header.target.name),
        (t("made by", "编制人"), header.created_by),
        (t("made at", "编制时间"), f"{header.created_at:%Y-%m-%d %H:%M UTC}"),
        (t("valid until", "有效期至"), f"{header.expires_at:%Y-%m-%d %H:%M UTC}"),
        (t("rows read", "读取行"), header.rows.read),
        (t("titles, totals, blanks", "标题/合计/空行"), header.rows.non_data),
        (t("quarantined", "隔离"), header.rows.quarantined),
        (t("accepted rows", "接受行"), header.rows.accepted),
        (t("effect", "效果摘要"), header.effect),
        (t("evidence", "依据摘要"), header.evidence),
    )
    for fact in facts:
        sheet.append([safe_text(v) for v in fact])
    if header.target.sandbox:
        sheet.append(["演练 / REHEARSAL"])


def _totals(sheet: "Worksheet", view: PlanView, t: _Choose) -> None:
    head = (
        t("entity", "对象"), t("source", "来源"), t("department", "部门"), t("year", "年度"),
        t("count", "笔数"), t("straight from the source", "来源合计"), t("in the plan", "计划合计"),
        t("equal", "一致"),
    )  # fmt: skip
    rows = [
        (c.entity, c.source, c.department, c.year, c.count, c.source_amount, c.plan_amount,
         t("yes", "是") if c.source_amount == c.plan_amount else t("NO", "否"))
        for c in view.header.control_totals
    ]  # fmt: skip
    fill_sheet(sheet, head, rows, (12, 12, 16, 8, 8, 20, 20, 8))


def _entity(sheet: "Worksheet", entity: EntityView, t: _Choose) -> None:
    head = (
        t("action", "动作"), t("record", "记录"), t("CRM key", "CRM 主键"), t("reason", "原因"),
        t("field", "字段"), t("before", "变更前"), t("after", "变更后"), t("origin", "来源"),
        t("comment", "意见"), t("record id", "唯一标识"),
    )  # fmt: skip
    rows: list[Sequence[object]] = []
    for o in entity.operations:
        reason = f"{o.reason}: {o.conflicts}" if o.conflicts else o.reason
        common = (o.action_label, o.title, o.target_key, reason)
        if o.action in ("update", "conflict"):  # a line per cell, to be checked one by one
            for c in o.cells:
                rows.append((*common, c.label, c.before, c.after, c.origin, "", o.golden_id))
        else:
            cells = "；".join(f"{c.label}: {c.after}" for c in o.cells)
            rows.append((*common, "", "", cells, "", "", o.golden_id))
    fill_sheet(sheet, head, rows, (10, 28, 12, 30, 16, 26, 26, 22, 24, 20))
