"""The findings of bare files as a workbook: what is wrong in all, column by column, one by one.

Nothing of it is a value of a cell; texts are never formulas (`plan.show.sheets`).
"""

from collections.abc import Iterator
from decimal import Decimal

import polars as pl

from crm_migrate.language import Text
from crm_migrate.plan.show.html import SEVERITY_TEXTS
from crm_migrate.plan.show.sheets import Marked, Sheet, Style, workbook_bytes
from crm_migrate.records import in_order
from crm_migrate.stages.bare.column_figures import (
    NOTHING,
    RuleCount,
    field_label,
    rule_counts,
    shares,
)
from crm_migrate.stages.bare.demands import told_missing
from crm_migrate.stages.bare.standardize import StandardizedFiles
from crm_migrate.stages.quality.findings import SEVERITY_LOOKS

MOST_LINES = 200_000
"""Lines that a person may still filter; more are for programs, and take minutes to write."""
_MORE = Text(
    "and {count} more, of severity {severity} and less: all of them stand in --findings FILE.csv",
    "另有 {count} 条(级别“{severity}”及以下)未列出:--findings 文件.csv 含全部",
)
_WEIGHTS = {"error": "0", "warning": "1", "repair": "2"}
_WIDTHS = {
    "record_id": 14, "file": 16, "sheet": 10, "row": 8, "column": 16, "field": 18, "rule": 26,
    "severity": 9, "message": 34, "hint": 48,
}  # fmt: skip


def findings_book(result: StandardizedFiles, found: pl.DataFrame, sums: Text) -> bytes:
    """The .xlsx file. found: the findings as `standardized_tables.findings_table` has them, whose
    columns its last sheet has; there errors come first, then warnings, then repairs, and severity
    and field are in words. sums: how many records there are.

    Of more than `MOST_LINES` the gravest are listed, and the last line counts the rest.
    """
    return workbook_bytes([_summary(result, sums), _columns(result), _findings(result, found)])


def _summary(result: StandardizedFiles, sums: Text) -> Sheet:
    head = (Text("severity", "级别"), Text("field", "字段"), Text("column", "列"),
            Text("count", "数量"), Text("share", "占比"), Text("the whole column", "整列提示"),
            Text("what is wrong", "问题"), Text("what to do", "处理建议"),
            Text("rule", "规则"))  # fmt: skip
    rows = [_summed(result, line) for line in rule_counts(result)]
    foot = [(Marked(sums, Style.LINE),)]
    missing = told_missing(result.model, result.found)
    if missing:
        foot.append((Marked(missing, Style.LINE),))
    foot.append((Marked(_LEGEND, Style.LINE),))
    widths = (9, 18, 16, 9, 9, 28, 36, 48, 27)
    return Sheet(str(Text("Summary", "汇总")), [str(t) for t in head], widths, rows, foot)


_LEGEND = Text(
    "Sheet “Findings”: one line per finding; filter it by severity, rule or column.",
    "“问题清单”表每行一条，可按级别、规则、列筛选。表头:record_id 记录、file 文件、sheet 工作表、"
    "row 行、column 列、field 字段、rule 规则、severity 级别、message 问题、hint 处理建议",
)


def _summed(result: StandardizedFiles, line: RuleCount) -> tuple[object, ...]:
    suspicion = line.suspicion()
    return (
        Marked(SEVERITY_TEXTS[line.severity], SEVERITY_LOOKS[line.severity]),
        field_label(result.model, result.found.entity, line.entity, line.field),
        line.column,
        line.count,
        _percent(line.share),
        suspicion and Marked(suspicion, Style.WARN),
        line.rule.message,
        line.rule.hint,
        line.rule.code,
    )


def _columns(result: StandardizedFiles) -> Sheet:
    """How each column is filled, and how much of it is right."""
    head = (Text("file", "文件"), Text("sheet", "工作表"), Text("column", "列"),
            Text("taken for", "识别为"), Text("filled", "填写率"),
            Text("valid", "有效率"))  # fmt: skip
    return Sheet(
        str(Text("Columns", "各列情况")), [str(t) for t in head], (24, 16, 24, 28, 10, 10),
        list(_column_rows(result)),
    )  # fmt: skip


def _column_rows(result: StandardizedFiles) -> Iterator[tuple[object, ...]]:
    figures = shares(result)
    for table in result.found.tables:
        info = table.table.info
        for record in table.mapping.records:
            for name, origin in record.fields.items():
                place = table.source, info.sheet, record.entity, name
                label = field_label(result.model, result.found.entity, record.entity, name)
                if name in result.found.carried:
                    label = _CARRIED
                cells = [_percent(share) for share in figures.get(place, NOTHING)]
                for column in origin.source_columns:
                    yield info.file, info.sheet, column, label, *cells


_CARRIED = Text("not understood, carried as it is", "未识别，原样保留")


def _percent(share: float | None) -> Marked | None:
    return None if share is None else Marked(Decimal(str(round(share, 4))), Style.SHARE)


def _findings(result: StandardizedFiles, found: pl.DataFrame) -> Sheet:
    """Each finding: the gravest first, by file, sheet and row."""
    weight = pl.col("severity").replace_strict(_WEIGHTS, return_dtype=pl.String)
    order = ("_weight", "file", "sheet", "row", "field", "rule")
    ordered = in_order(found.with_columns(weight.alias("_weight")), order).drop("_weight")
    main, entities = result.found.entity, result.model.by_name
    foot = []
    if ordered.height > MOST_LINES:
        cut = SEVERITY_TEXTS[ordered["severity"][MOST_LINES]]
        more = _MORE.fill(count=f"{ordered.height - MOST_LINES:,}", severity=cut)
        foot.append((Marked(more, Style.LINE),))
        ordered = ordered.head(MOST_LINES)
    labels = {}
    for name in ordered["field"].unique().to_list():
        entity, _, field = name.rpartition(".")
        place = (entity, field) if entity in entities else (main, name)
        label = field_label(result.model, main, *place)
        labels[name] = str(label)
    words = {w: Marked(SEVERITY_TEXTS[w], look) for w, look in SEVERITY_LOOKS.items()}
    at = ordered.columns.index("severity")
    named = ordered.with_columns(pl.col("field").replace_strict(labels, return_dtype=pl.String))
    rows = ((*row[:at], words[row[at]], *row[at + 1 :]) for row in named.iter_rows())
    widths = [_WIDTHS[name] for name in ordered.columns]
    return Sheet(str(Text("Findings", "问题清单")), ordered.columns, widths, rows, foot)
