"""The quality report as a workbook: everything that the page shows, and every single line."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from crm_migrate.language import Text
from crm_migrate.plan.show.html import SEVERITY_TEXTS
from crm_migrate.plan.show.sheet_charts import Chart
from crm_migrate.plan.show.sheets import Marked, Sheet, Style, sheet_title, workbook_bytes
from crm_migrate.project.quality_measures import DIMENSIONS, QUALITY_MEASURES
from crm_migrate.quality.counts import ALL
from crm_migrate.reports.quality_page import cover_rows, weight_words
from crm_migrate.reports.quality_rows import (
    PartRow,
    dimension_rows,
    entity_rows,
    entity_source_rows,
    field_rows,
    field_source_rows,
    measure_rows,
    rule_rows,
    source_rows,
    total_rows,
)
from crm_migrate.reports.quality_view import SCORE_AFTER, SCORE_BEFORE, QualityView

_SOURCE = Text("source", "来源")
_ENTITY = Text("entity", "对象")
_FIELD = Text("field", "字段")
_COUNT = Text("count", "数量")
_OVERVIEW = Text("Overview", "总览")
_ENTITIES = Text("Entities", "按对象")
_SOURCES = Text("Sources", "按来源")
_TREND = Text("Trend", "趋势")
_EVERY = Text("(all)", "（全部）")


def quality_workbook(view: QualityView) -> bytes:
    """The .xlsx file's bytes; formula-safe, values masked."""
    return workbook_bytes(list(_sheets(view)))


def _sheets(view: QualityView) -> Iterator[Sheet]:
    if view.issue is not None:
        rows: list[Sequence[object]] = [*cover_rows(view.issue, view), ("", "")]
        rows += [
            (r.version, f"{r.date} {r.change} {r.by} {r.approval}") for r in view.issue.revisions
        ]
        yield _sheet(
            view, Text("Cover", "封面"),
            [(Text("item", "项目"), 20), (Text("content", "内容"), 80)], rows,
        )  # fmt: skip
    yield _overview(view)
    yield _measures(view)
    yield _parts(view, _ENTITIES, entity_rows(view), ("entity",))
    sources = [*source_rows(view), *entity_source_rows(view)]
    yield _parts(view, _SOURCES, sources, ("source", "entity"))
    yield _parts(view, Text("Fields", "按字段"), field_rows(view), ("entity", "field"))
    by_source = field_source_rows(view)
    yield _parts(
        view, Text("Fields by source", "按来源与字段"), by_source, ("source", "entity", "field")
    )
    yield _findings(view)
    yield _examples(view)
    yield _totals(view)
    yield _trend(view)
    yield _counts(view)


def _sheet(
    view: QualityView,
    title: Text,
    head: Sequence[tuple[Text | str, int]],
    rows: Sequence[Sequence[object]],
    foot: Sequence[Sequence[object]] = (),
) -> Sheet:
    names = [view.say(h) if isinstance(h, Text) else h for h, _ in head]
    return Sheet(view.say(title), names, [w for _, w in head], rows, foot)


def _overview(view: QualityView) -> Sheet:
    rows = [
        (name, _share(first), _share(before), _share(after))
        for name, first, before, after in dimension_rows(view)
    ]
    score = (view.first.score, view.before.score, view.after.score)
    words = view.say(Text("quality score", "质量得分"))
    rows.append((words, _share(score[0]), _share(score[1]), _share(score[2])))
    head = (
        (Text("dimension", "评价维度"), 24),
        (Text("first run, sources", "首次来源"), 22),
        (Text("sources", "来源"), 16),
        (Text("golden records", "唯一记录"), 16),
    )
    told = weight_words(view)
    foot = [(view.say(Text("run", "运行")), view.facts.run)]
    foot.append((view.say(Text("first run", "首次运行")), view.baseline.run))
    if told:
        foot.append((view.say(Text("weights", "权重")), told))
    return replace(_sheet(view, _OVERVIEW, head, rows, foot), charts=_charts(view, len(rows)))


def _charts(view: QualityView, dimensions: int) -> list[Chart]:
    """Dimensions, entities, sources and the course over the runs, from the sheets' own cells."""

    def title(sheet: Text) -> str:
        return sheet_title(view.say(sheet))

    drawn = [
        Chart(view.say(Text("Dimensions", "各评价维度")), title(_OVERVIEW), (1, dimensions), 0,
              (1, 2, 3)),
        Chart(view.say(Text("Score by entity", "各对象得分")), title(_ENTITIES),
              (1, len(entity_rows(view))), 0, (1, 2)),
        Chart(view.say(Text("Score by source", "各来源得分")), title(_SOURCES),
              (1, len(source_rows(view))), 0, (2, 3)),
    ]  # fmt: skip
    if len(view.trend) > 1:
        course = view.say(Text("Score over the runs", "历次得分"))
        drawn.append(Chart(course, title(_TREND), (1, len(view.trend)), 1, (2, 3), over_time=True))
    return drawn


def _measures(view: QualityView) -> Sheet:
    before, after = view.say(SCORE_BEFORE), view.say(SCORE_AFTER)
    head = (
        ("GB/T 36344", 12), (Text("dimension", "评价维度"), 14), (Text("measure", "指标"), 20),
        (Text("formula", "公式"), 10), (Text("A counts", "A 的含义"), 36),
        (Text("B counts", "B 的含义"), 30),
        (f"A {before}", 12), (f"B {before}", 12), (f"X {before}", 12),
        (f"A {after}", 12), (f"B {after}", 12), (f"X {after}", 12),
    )  # fmt: skip
    rows = []
    for m in measure_rows(view):
        figures: list[object] = []
        for f in (m.before, m.after):
            figures += [_number(f.good), _number(f.total), _share(f.value)] if f else ["", "", ""]
        rows.append((m.number, m.dimension, m.name, m.formula, m.counted, m.judged, *figures))
    return _sheet(view, Text("Measures", "评价指标"), head, rows)


def _parts(view: QualityView, title: Text, parts: Sequence[PartRow], by: tuple[str, ...]) -> Sheet:
    names = {"entity": _ENTITY, "field": _FIELD, "source": _SOURCE}
    phases = (view.say(SCORE_BEFORE), view.say(SCORE_AFTER))
    figures = [Text("score", "得分"), *DIMENSIONS.values()]
    head: list[tuple[Text | str, int]] = [(names[k], 18) for k in by]
    head += [(f"{view.say(f)} {p}".strip(), 12) for f in figures for p in phases]
    rows = []
    for part in parts:
        place = {
            "source": part.source,
            "entity": view.entity(part.entity) if part.entity else view.say(_EVERY),
            "field": view.field(part.entity, part.field),
        }
        pairs = [part.score, *part.dimensions.values()]
        cells = [_share(v) for pair in pairs for v in pair]
        rows.append((*(place[k] for k in by), *cells))
    return _sheet(view, title, head, rows)


def _findings(view: QualityView) -> Sheet:
    head = (
        (Text("weight", "级别"), 8), (Text("finding", "问题"), 50), (Text("rule", "规则"), 26),
        (Text("measure", "指标"), 18), (_ENTITY, 12), (_FIELD, 18), (_SOURCE, 14), (_COUNT, 10),
        (Text("what to do", "处理建议"), 50),
    )  # fmt: skip
    rows = []
    for c in view.facts.rules:
        known = QUALITY_MEASURES.get(c.kind, QUALITY_MEASURES["elements"])
        rows.append(
            (
                view.say(SEVERITY_TEXTS[c.severity]), view.say(c.message), c.rule,
                view.say(known.label), view.entity(c.entity), view.field(c.entity, c.field),
                c.source, c.count, view.say(c.hint),
            )
        )  # fmt: skip
    return _sheet(view, Text("Findings", "数据问题"), head, rows)


def _examples(view: QualityView) -> Sheet:
    head = (
        (Text("finding", "问题"), 44), (Text("file", "文件"), 20), (Text("sheet", "工作表"), 16),
        (Text("row", "行"), 8), (Text("column", "列"), 24), (_ENTITY, 12), (_FIELD, 18),
        (Text("value (masked)", "值（脱敏）"), 26), (Text("rule", "规则"), 26),
    )  # fmt: skip
    rows = [
        (
            rule.message, e.file, e.sheet, e.row, e.column, view.entity(e.entity),
            view.field(e.entity, e.field), e.value, e.rule,
        )
        for rule in rule_rows(view)
        for e in rule.examples
    ]  # fmt: skip
    return _sheet(view, Text("Examples", "示例（脱敏）"), head, rows)


def _totals(view: QualityView) -> Sheet:
    head = (
        (_ENTITY, 16), (_SOURCE, 14), (Text("department", "部门"), 18), (Text("year", "年度"), 10),
        (_COUNT, 10), (Text("straight from the source", "来源合计"), 22),
        (Text("golden records", "唯一记录合计"), 22), (Text("difference", "差额"), 16),
    )  # fmt: skip
    rows: list[Sequence[object]] = []
    for t in total_rows(view):
        difference: object = Decimal(t.kept - t.given)
        if not t.agrees:
            difference = Marked(f"{t.kept - t.given:,.2f}", Style.WARN)
        rows.append(
            (view.entity(t.entity), t.source, t.department, t.year, t.count, t.given, t.kept,
             difference)
        )  # fmt: skip
    return _sheet(view, Text("Control totals", "控制总数"), head, rows)


def _trend(view: QualityView) -> Sheet:
    phases = (view.say(SCORE_BEFORE), view.say(SCORE_AFTER))
    figures = [Text("score", "得分"), *DIMENSIONS.values()]
    head: list[tuple[Text | str, int]] = [
        (Text("run", "运行"), 26), (Text("begun (UTC)", "开始时间(UTC)"), 18),
    ]  # fmt: skip
    head += [(f"{view.say(f)} {p}", 12) for f in figures for p in phases]
    rows = []
    for p in view.trend:
        cells = [_share(p.before.score), _share(p.after.score)]
        for d in DIMENSIONS:
            cells += [_share(p.before.dimensions.get(d)), _share(p.after.dimensions.get(d))]
        rows.append((p.run, p.at[:16].replace("T", " "), *cells))
    return _sheet(view, _TREND, head, rows)


def _counts(view: QualityView) -> Sheet:
    """Every A and B, unweighted, for those who add up themselves."""
    head = (
        (Text("phase", "阶段"), 10), (_ENTITY, 14), (_SOURCE, 14), (_FIELD, 20),
        (Text("measure", "指标"), 20), ("A", 12), ("B", 12),
    )  # fmt: skip
    phases = {"before": view.say(SCORE_BEFORE), "after": view.say(SCORE_AFTER)}
    every = view.say(_EVERY)
    rows = [
        (
            phases[phase], view.entity(entity), source if source != ALL else every,
            view.field(entity, field) if field != ALL else every,
            view.say(QUALITY_MEASURES[measure].label), good, total,
        )
        for phase, entity, source, field, measure, good, total in view.facts.counts.iter_rows()
    ]  # fmt: skip
    return _sheet(view, Text("Counts", "计数明细"), head, rows)


def _share(value: float | None) -> object:
    return "" if value is None else Marked(Decimal(str(round(value, 4))), Style.SHARE)


def _number(value: float) -> object:
    return int(value) if value == int(value) else Decimal(str(round(value, 2)))
