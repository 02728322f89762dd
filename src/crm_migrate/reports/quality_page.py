"""The quality report as one self-contained page: offline, printable on A4, values masked."""

from itertools import groupby

from crm_migrate.language import Text
from crm_migrate.plan.show.html import SEVERITY_TEXTS, page_environment, template_text
from crm_migrate.project.quality_measures import (
    AFTER,
    BEFORE,
    DIMENSIONS,
    QUALITY_MEASURES,
    Dimension,
)
from crm_migrate.reports.page_parts import part
from crm_migrate.reports.quality_charts import pairs, percent, trend
from crm_migrate.reports.quality_rows import (
    TotalRow,
    dimension_rows,
    entity_rows,
    entity_source_rows,
    field_rows,
    measure_rows,
    rule_rows,
    source_rows,
    total_rows,
    unit_of,
)
from crm_migrate.reports.quality_view import SCORE_AFTER, SCORE_BEFORE, Issue, QualityView

TITLE = Text("Customer data quality", "客户数据质量报告")
FIELD_DIMENSIONS = (
    Dimension.COMPLETENESS,
    Dimension.CONFORMITY,
    Dimension.ACCURACY,
    Dimension.UNIQUENESS,
    Dimension.CONSISTENCY,
    Dimension.TIMELINESS,
)
_CHARTED = 14


def number(value: float) -> str:
    """A count; with weights it may have a fraction."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def quality_html(view: QualityView) -> str:
    """The page."""
    from markupsafe import Markup

    zh = view.language == "zh"
    fields = field_rows(view)
    weights = view.rules.weights.dimensions
    named = zip(DIMENSIONS, dimension_rows(view), strict=True)
    dimensions = [(*row, weights.get(d, 1.0)) for d, row in named if row[2:] != (None, None)]
    return (
        page_environment()
        .from_string(part("quality.html.j2"))
        .render(
            v=view,
            zh=zh,
            t=lambda en, zh_text: zh_text if zh else en,
            pc=percent,
            n=number,
            title=title(view),
            cover=cover_rows(view.issue, view) if view.issue else [],
            dimensions=dimensions,
            dimension_chart=_dimension_chart(view),
            dimension_names=[view.say(label) for label in DIMENSIONS.values()],
            dimension_keys=[str(d) for d in DIMENSIONS],
            measures=measure_rows(view),
            weights=weight_words(view),
            trend_chart=_trend_chart(view),
            entities=entity_rows(view),
            entity_chart=_entity_chart(view),
            sources=source_rows(view),
            source_chart=_source_chart(view),
            entity_sources=entity_source_rows(view),
            field_dimensions=[str(d) for d in FIELD_DIMENSIONS],
            field_dimension_names=[view.say(DIMENSIONS[d]) for d in FIELD_DIMENSIONS],
            field_chart=_field_chart(view),
            fields=[
                (view.entity(name), list(rows))
                for name, rows in groupby(fields, lambda r: r.entity)
            ],
            rules=rule_rows(view),
            severities={k: v.in_language(view.language) for k, v in SEVERITY_TEXTS.items()},
            totals=_totals(view),
            differing=[t for t in total_rows(view) if not t.agrees],
            style=Markup(template_text("page.css") + part("charts.css") + part("quality.css")),  # noqa: S704
        )
    )


def title(view: QualityView) -> str:
    """The document's title, or what every such page is called."""
    if view.issue is not None and view.language == "zh":
        return view.issue.cover.title
    return view.say(TITLE)


def cover_rows(issue: Issue, view: QualityView) -> list[tuple[str, str]]:
    """The cover of R-7.3."""
    cover = issue.cover
    unsigned = view.say(Text("(still to be signed)", "（待签）"))
    rows = (
        (Text("number", "编号"), cover.number),
        (Text("title", "名称"), cover.title),
        (Text("version", "版本"), issue.version),
        (Text("date", "日期"), issue.date),
        (Text("prepared by", "编制"), cover.prepared_by or issue.prepared_by),
        (Text("reviewed by", "审核"), cover.reviewed_by or unsigned),
        (Text("approved by", "批准"), cover.approved_by or unsigned),
        (Text("scope", "适用范围"), view.project),
        (Text("for", "使用对象"), cover.audience),
        (Text("reported to", "报送"), cover.reported_to),
        (Text("period", "期间"), f"{view.baseline.at[:10]} — {view.facts.at[:10]}"),
        (Text("confidentiality", "密级"), cover.confidentiality),
        (Text("effective", "生效日期"), issue.date if cover.approved_by else unsigned),
        (Text("updated", "更新日期"), issue.date),
        (Text("distribution", "分发"), "、".join(cover.distribution)),
    )
    return [(view.say(name), value) for name, value in rows]


def weight_words(view: QualityView) -> str:
    """The weights that are not 1, in words."""
    given = view.rules.weights
    fields = [(name.partition("."), w) for name, w in given.fields.items()]
    told = [
        *((view.say(DIMENSIONS[d]), w) for d, w in given.dimensions.items()),
        *((view.say(QUALITY_MEASURES[name].label), w) for name, w in given.measures.items()),
        *((view.entity(name), w) for name, w in given.entities.items()),
        *((f"{view.entity(e)} · {view.field(e, f)}", w) for (e, _, f), w in fields),
    ]
    listed = [f"{name} {weight:g}" for name, weight in told if weight != 1]
    return view.say(Text(", ".join(listed), "、".join(listed)))


def _phases(view: QualityView) -> tuple[str, str]:
    return view.say(SCORE_BEFORE), view.say(SCORE_AFTER)


def _dimension_chart(view: QualityView) -> str:
    rows = [(name, before, after) for name, _, before, after in dimension_rows(view)]
    score = view.say(Text("quality score", "质量得分"))
    rows.append((score, view.before.score, view.after.score))
    drawn = [r for r in rows if r[1:] != (None, None)]
    return pairs(
        view.say(Text("dimensions before and after", "各维度治理前后")), _phases(view), drawn
    )


def _entity_chart(view: QualityView) -> str:
    rows = [(view.entity(r.entity), *r.score) for r in entity_rows(view)]
    return pairs(view.say(Text("score by entity", "各对象得分")), _phases(view), rows)


def _source_chart(view: QualityView) -> str:
    rows = [(r.source, *r.score) for r in source_rows(view)]
    return pairs(view.say(Text("score by source", "各来源得分")), _phases(view), rows)


def _field_chart(view: QualityView) -> str | None:
    """The required fields that are missing most often."""
    before = view.scores.parts(BEFORE, ("entity", "field"))
    after = view.scores.parts(AFTER, ("entity", "field"))
    rows = [
        (f"{view.entity(key[0])} · {view.field(*key)}", values.of("elements"),
         after[key].of("elements") if key in after else None)
        for key, values in before.items()
        if values.of("elements") is not None
    ]  # fmt: skip
    rows.sort(key=lambda r: (r[1] or 0.0, r[0]))
    shown = [r for r in rows if r[1] != 1][:_CHARTED]
    if not shown:
        return None
    return pairs(view.say(Text("required fields", "必填字段")), _phases(view), shown)


def _trend_chart(view: QualityView) -> str | None:
    if len(view.trend) < 2:
        return None
    labels = [p.at[:10] for p in view.trend]
    before = [p.before.score for p in view.trend]
    after = [p.after.score for p in view.trend]
    names = _phases(view)
    return trend(
        view.say(Text("score over the runs", "历次得分")),
        labels,
        [(names[0], before), (names[1], after)],
    )


_Totals = list[tuple[str, tuple[str, ...], TotalRow]]


def _totals(view: QualityView) -> list[tuple[str, list[str], _Totals]]:
    """By source and year, and by source and department: heading, heads of places, rows."""
    if not view.facts.totals:
        return []
    names = {
        "year": Text("year", "年度"),
        "department": Text("department", "部门"),
        "source": Text("source", "来源"),
    }
    found = []
    for heading, keys in (
        (Text("By source and year", "按来源与年度"), ("source", "year")),
        (Text("By source and department", "按来源与部门"), ("source", "department")),
    ):
        rows: _Totals = []
        for row in total_rows(view, ("entity", *keys)):
            unit = unit_of(view, row.entity)
            name = view.entity(row.entity) + (f" ({unit})" if unit else "")
            rows.append((name, tuple(getattr(row, k) for k in keys), row))
        found.append((view.say(heading), [view.say(names[k]) for k in keys], rows))
    return found
