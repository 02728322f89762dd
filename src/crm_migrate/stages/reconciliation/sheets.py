"""The workbook of a reconciliation: what adds up, every record, every cell that differs."""

from collections.abc import Iterable, Sequence

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.loading.reconcile import LOADED, OUTCOMES
from crm_migrate.plan.show.sheets import Marked, Sheet, Style
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE
from crm_migrate.stages.reconciliation.reconciled import (
    MOST_CELLS,
    EntityReport,
    Report,
    row_reason,
)


def report_sheets(report: Report, language: Language) -> list[Sheet]:
    """Summary, then the records and the differing cells of each entity."""
    return [
        _summary(report, language),
        *(_records(report, n, e, language) for n, e in report.entities.items()),
        *(_cells(report, n, e, language) for n, e in report.entities.items()),
    ]


def _words(*texts: Text, language: Language) -> list[str]:
    return [text.in_language(language) for text in texts]


def _summary(report: Report, language: Language) -> Sheet:
    """Per field how many cells have which outcome, and per entity why records are missing."""
    rows: list[Sequence[object]] = []
    for name, entity in report.entities.items():
        label = report.labels.get(name, name)
        for reason, count in sorted(entity.found.rows.items()):
            words = row_reason(reason).in_language(language)
            rows.append((label, Text("records", "记录").in_language(language), words, count))
        for field, outcome, count in entity.found.fields.iter_rows():
            words = OUTCOMES[outcome].in_language(language)
            rows.append((label, report.fields.get(f"{name}.{field}", field), words, count))
        total = Text("cells with a value", "有值的单元格").in_language(language)
        rows.append((label, Marked(total, Style.STRONG), "", Marked(entity.filled, Style.WHOLE)))
    head = _words(
        Text("entity", "对象"),
        Text("field", "字段"),
        Text("outcome", "核对结果"),
        Text("number", "数量"),
        language=language,
    )
    verdict = (
        Text("The cells add up.", "数量核对一致。")
        if report.adds_up
        else Text("THE CELLS DO NOT ADD UP.", "数量核对不一致！")
    )
    title = Text("summary", "汇总").in_language(language)
    return Sheet(title, head, (16, 28, 34, 14), rows, [(verdict.in_language(language),)])


def _records(report: Report, name: str, entity: EntityReport, language: Language) -> Sheet:
    """Every record with its row in the CRM, those with differences first."""
    whole = entity.found.records.join(entity.places, on=RECORD_ID).sort(
        pl.col("reason") == LOADED, pl.col("other"), SOURCE, SHEET, ROW,
        descending=[False, True, False, False, False], nulls_last=True,
    )  # fmt: skip
    columns = (SOURCE, FILE, SHEET, ROW, "golden_id", "target_key", "reason", "same", "other")
    rows = (
        (*row[:6], row_reason(row[6]).in_language(language), *row[7:])
        for row in whole.select(columns).head(MOST_CELLS).iter_rows()
    )
    head = _words(
        Text("source", "来源"),
        Text("file", "文件"),
        Text("sheet", "工作表"),
        Text("row", "行"),
        Text("golden record", "统一标识"),
        Text("key in the CRM", "CRM 主键"),
        Text("state", "状态"),
        Text("cells that agree", "一致的单元格"),
        Text("cells that do not", "不一致的单元格"),
        language=language,
    )
    label = report.labels.get(name, name)
    title = f"{label} {Text('records', '记录').in_language(language)}"
    widths = (14, 22, 14, 8, 38, 14, 26, 12, 12)
    return Sheet(title, head, widths, rows, _rest(whole.height - MOST_CELLS, language))


def _cells(report: Report, name: str, entity: EntityReport, language: Language) -> Sheet:
    """Every cell that differs, masked, with the record that won."""
    won = entity.places.select(
        pl.col(RECORD_ID).alias("winner"),
        pl.concat_str(SOURCE, pl.lit(":"), pl.col(ROW).cast(pl.String)).alias("won_by"),
    )
    whole = entity.shown.join(entity.places, on=RECORD_ID).join(won, on="winner", how="left")
    columns = (SOURCE, FILE, SHEET, ROW, "golden_id", "field", "source_value", "target_value")
    rows = (
        (
            *row[:5],
            report.fields.get(f"{name}.{row[5]}", row[5]),
            *row[6:8],
            OUTCOMES[row[8]].in_language(language),
            row[9],
        )
        for row in whole.select(*columns, "outcome", "won_by").iter_rows()
    )
    head = _words(
        Text("source", "来源"),
        Text("file", "文件"),
        Text("sheet", "工作表"),
        Text("row", "行"),
        Text("golden record", "统一标识"),
        Text("field", "字段"),
        Text("in the source", "来源值"),
        Text("in the CRM", "CRM 值"),
        Text("outcome", "核对结果"),
        Text("value of", "采用自"),
        language=language,
    )
    differing = sum(entity.found.cells.get(o, 0) for o in ("survivorship", "kept", "edited_since"))
    label = report.labels.get(name, name)
    title = f"{label} {Text('differences', '差异').in_language(language)}"
    widths = (14, 22, 14, 8, 38, 22, 26, 26, 30, 18)
    return Sheet(title, head, widths, rows, _rest(differing - whole.height, language))


def _rest(count: int, language: Language) -> Iterable[Sequence[object]]:
    if count <= 0:
        return []
    text = Text(f"{count:,} more are counted in the summary", f"其余 {count:,} 项已计入汇总")
    return [(text.in_language(language),)]
