"""`quality`: what the data is worth, before and after."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.reports.quality_view import QualityView

HELP = Text(
    """Measure the data by GB/T 36344-2018: the sources as they were given, beside the golden
records that were made of them.

Conformity, completeness, accuracy, uniqueness, consistency, timeliness and accessibility, per
field, entity, source and over all, with formula, numerator and denominator; findings with masked
examples; control totals. RUN is a run, a plan or latest. The figures of every run are kept in the
audit folder: the first is the baseline, later ones show the trend. --report writes the next
version of the report (V1.0: the baseline) where something changed. Weights and demands stand in
rules/quality.yaml; any figure can be a gate, as `quality.customer.mobile.completeness`. See
docs/quality.md.

\b
Examples:
  crm-migrate quality
  crm-migrate quality --entity customer
  crm-migrate quality latest --out quality.html --out quality.xlsx
  crm-migrate quality --report
""",
    """按 GB/T 36344-2018 评价数据质量：治理前的来源数据与治理后的唯一记录对照。

规范性、完整性、准确性、唯一性、一致性、时效性、可访问性，按字段、对象、来源和总体给出公式、
分子与分母；附数据问题（脱敏示例）与控制总数。RUN 为运行、计划编号或 latest。每次运行的指标保存在
审计目录：首次为基线，其后形成趋势。--report 在内容有变化时编制报告下一版本（V1.0 即基线）。
权重与要求见 rules/quality.yaml;任一指标都可作为门禁，如 quality.customer.mobile.completeness。
参见 docs/quality.md。

\b
示例:
  crm-migrate quality
  crm-migrate quality --entity customer
  crm-migrate quality latest --out 质量.html --out 质量.xlsx
  crm-migrate quality --report
""",
)


@click.command(help=str(HELP))
@click.argument("run", default="latest", metavar="[RUN]")
@click.option("--entity", help=str(Text("show the fields of an entity", "显示某对象的各字段")))
@click.option(
    "--out",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help=str(Text("write a page, workbook or JSON (.html .xlsx .json)",
                  "写出页面、工作簿或 JSON(.html .xlsx .json)")),
)  # fmt: skip
@click.option(
    "--report",
    is_flag=True,
    help=str(Text("write the next version of the report", "编制报告的下一版本")),
)
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def quality(
    ctx: click.Context,
    run: str,
    entity: str | None,
    files: tuple[Path, ...],
    report: bool,
    person: str | None,
    out: Output,
) -> None:
    """Measure a run."""
    from crm_migrate.pipeline import report_quality, view_quality, write_quality
    from crm_migrate.reports.quality_json import to_json

    written = None
    with opened(ctx, out) as session:
        if entity is not None:
            _require_entity(entity, list(session.project.model.by_name))
        view = view_quality(session, run, by=person, language=current_language())
        for path in files:
            write_quality(view, path)
        if report:
            written = report_quality(session, view, by=person)
    if entity is None:
        _overview(view, out)
    else:
        _fields(view, entity, out)
    for path in (*files, *(written.files if written else ())):
        out.say(str(path))
    if written is not None and not written.files:
        same = written.version
        out.say(Text(f"nothing changed since {same}", f"自 {same} 以来没有变化"))
    out.next_step(
        "crm-migrate quality --out quality.html"
        if not files and not report
        else "crm-migrate dictionary"
    )
    plain = to_json(view)
    plain["files"] = [str(f) for f in files]
    plain["report"] = written and {
        "version": written.version, "files": [str(f) for f in written.files]
    }  # fmt: skip
    out.result(plain)


def _require_entity(name: str, known: list[str]) -> None:
    from crm_migrate.errors import UsageFault

    if name not in known:
        listed = ", ".join(known)
        raise UsageFault(
            Text(f"unknown entity '{name}'; known: {listed}", f"未知的对象“{name}”；可选：{listed}")
        )


def _overview(view: "QualityView", out: Output) -> None:
    from crm_migrate.reports.quality_charts import percent
    from crm_migrate.reports.quality_page import number
    from crm_migrate.reports.quality_rows import (
        dimension_rows,
        entity_rows,
        measure_rows,
        source_rows,
    )

    phases = (Text("before", "治理前"), Text("after", "治理后"))
    out.table(
        Text(f"data quality, run {view.facts.run}", f"数据质量，运行 {view.facts.run}"),
        (Text("dimension", "评价维度"), Text("first run", "首次运行"), *phases),
        [
            *((name, *map(percent, values)) for name, *values in dimension_rows(view)),
            (Text("quality score", "质量得分"),
             *map(percent, (view.first.score, view.before.score, view.after.score))),
        ],
    )  # fmt: skip
    rows = []
    for m in measure_rows(view):
        cells: list[str] = []
        for f in (m.before, m.after):
            cells += [f"{number(f.good)}/{number(f.total)}", percent(f.value)] if f else ["", "—"]
        rows.append((m.name, m.number, m.formula, *cells))
    figures = (
        Text("A/B before", "A/B 治理前"),
        phases[0],
        Text("A/B after", "A/B 治理后"),
        phases[1],
    )
    out.table(
        Text("measures", "评价指标"),
        (Text("measure", "指标"), Text("no.", "编号"), Text("formula", "公式"), *figures),
        rows,
        numbers_from=3,
    )
    out.table(
        Text("entities", "按对象"),
        (Text("entity", "对象"), *phases),
        [(view.entity(r.entity), *map(percent, r.score)) for r in entity_rows(view)],
    )
    out.table(
        Text("sources", "按来源"),
        (Text("source", "来源"), *phases),
        [(r.source, *map(percent, r.score)) for r in source_rows(view)],
    )
    _totals(view, out)


def _totals(view: "QualityView", out: Output) -> None:
    from crm_migrate.reports.quality_rows import total_rows

    totals = total_rows(view)
    differing = [t for t in totals if not t.agrees]
    if differing:
        out.table(
            Text("control totals that differ", "不一致的控制总数"),
            (Text("entity", "对象"), Text("source", "来源"), Text("department", "部门"),
             Text("year", "年度"), Text("source", "来源合计"), Text("golden records", "唯一记录")),
            [
                (view.entity(t.entity), t.source, t.department, t.year, f"{t.given:,.2f}",
                 f"{t.kept:,.2f}")
                for t in differing
            ],
            numbers_from=4,
        )  # fmt: skip
    elif totals:
        n = len(totals)
        out.say(
            Text(f"all {n} control totals agree with the sources", f"{n} 项控制总数与来源全部一致"),
            "green",
        )


def _fields(view: "QualityView", entity: str, out: Output) -> None:
    from crm_migrate.project.quality_measures import DIMENSIONS
    from crm_migrate.reports.quality_charts import percent
    from crm_migrate.reports.quality_page import FIELD_DIMENSIONS
    from crm_migrate.reports.quality_rows import field_rows

    rows = [
        (
            view.field(entity, r.field),
            *(
                "—"
                if r.dimensions[d] == (None, None)
                else " → ".join(map(percent, r.dimensions[d]))
                for d in FIELD_DIMENSIONS
            ),
        )
        for r in field_rows(view)
        if r.entity == entity
    ]
    out.table(
        Text(f"{view.entity(entity)}, before → after", f"{view.entity(entity)}，治理前 → 治理后"),
        (Text("field", "字段"), *(DIMENSIONS[d] for d in FIELD_DIMENSIONS)),
        rows,
    )
