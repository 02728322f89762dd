"""Damage that a file did to its cells, as findings on the fields that were read from them."""

from collections.abc import Iterator

import polars as pl

from crm_migrate.language import Text
from crm_migrate.mapping.apply import Mapped
from crm_migrate.project.mapping_file import TableMapping
from crm_migrate.records import ROW, Rule, Severity, concat_findings, findings_where

LOST = "precision_lost"
_EMPTY = ("excel_error", "no_result")
"""Kinds of damage that are read as empty cells."""

RULES: dict[str, Rule] = {
    LOST: Rule(
        "damage.precision_lost",
        Severity.WARNING,
        Text(
            "The number lost its last digits in a spreadsheet; it is left out",
            "该号码曾以数字存入电子表格，末几位已丢失，未采用",
        ),
        Text(
            "Take it from the old system again, as text, or type it in from the document.",
            "请从原系统以文本格式重新导出，或按原始证照录入。",
        ),
    ),
    "number_as_code": Rule(
        "damage.number_as_code",
        Severity.REPAIR,
        Text("The code is stored as a number", "号码以数字格式存储"),
        Text("Format the column as text in the source.", "请将源表中该列设为文本格式。"),
    ),
    "float_text": Rule(
        "damage.float_text",
        Severity.REPAIR,
        Text("The number was written as a decimal", "号码被写成了小数"),
        Text("Format the column as text in the source.", "请将源表中该列设为文本格式。"),
    ),
    "leading_zero_lost": Rule(
        "damage.leading_zero_lost",
        Severity.WARNING,
        Text("A leading zero seems to be lost", "首位的 0 可能已丢失"),
        Text("Compare with the original and correct the source.", "请与原始资料核对并更正。"),
    ),
    "date_serial": Rule(
        "damage.date_serial",
        Severity.REPAIR,
        Text("The date is stored as a day number", "日期被存成了序号"),
        Text("Format the column as a date in the source.", "请将源表中该列设为日期格式。"),
    ),
    "excel_error": Rule(
        "damage.excel_error",
        Severity.WARNING,
        Text("The cell holds an Excel error", "单元格为 Excel 错误值"),
        Text("Correct the formula in the source.", "请更正源表中的公式。"),
    ),
    "no_result": Rule(
        "damage.no_result",
        Severity.WARNING,
        Text("The formula was saved without its result", "公式未保存计算结果"),
        Text("Open the file in Excel and save it again.", "请用 Excel 打开该文件并重新保存。"),
    ),
    "replacement_char": Rule(
        "damage.replacement_char",
        Severity.WARNING,
        Text("An export lost characters here", "导出时丢失了字符"),
        Text("Export again as UTF-8 or GB18030.", "请以 UTF-8 或 GB18030 编码重新导出。"),
    ),
    "mojibake": Rule(
        "damage.mojibake",
        Severity.WARNING,
        Text(
            "The text is garbled: it was read in a wrong encoding before",
            "文字为乱码：曾以错误的编码读取",
        ),
        Text("Export again as UTF-8 or GB18030.", "请以 UTF-8 或 GB18030 编码重新导出。"),
    ),
}


def with_damage(
    mapped: Mapped, damage: pl.DataFrame, mapping: TableMapping, source: str
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The records, cells that lost digits emptied, and a finding for each damaged cell.

    `damage`: row, column, kind (see `formats.damage`). Digits that are lost are never guessed.
    """
    known = damage.filter(pl.col("column").is_in(list(mapping.columns())))
    if known.is_empty():
        return mapped.records, concat_findings([])
    records = dict(mapped.records)
    found = []
    for record in mapping.records:
        frame = records.get(record.entity)
        if frame is None:
            continue
        for name, origin in record.fields.items():
            for column in origin.source_columns:
                for kind, mask in _masks(frame, known, column):
                    filled = mask if kind in _EMPTY else mask & frame[name].is_not_null()
                    found.append(
                        findings_where(
                            frame,
                            filled,
                            entity=record.entity,
                            field=name,
                            rule=RULES[kind],
                            columns={source: column},
                        )
                    )
                    if kind == LOST:
                        frame = frame.with_columns(frame[name].set(filled, None).alias(name))
        records[record.entity] = frame
    return records, concat_findings(found)


def _masks(
    frame: pl.DataFrame, damage: pl.DataFrame, column: str
) -> Iterator[tuple[str, pl.Series]]:
    here = damage.filter(pl.col("column") == column)
    for (kind,), rows in here.group_by(["kind"], maintain_order=True):
        if kind in RULES:
            yield str(kind), frame[ROW].is_in(rows["row"].implode())
