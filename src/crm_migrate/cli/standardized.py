"""What `standardize` shows on the terminal: the columns, what is wrong with them, and the sums."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crm_migrate.cli.output import Output
from crm_migrate.formats.contract import BANNER, NOTE, TOTALS
from crm_migrate.language import Text, counted
from crm_migrate.model import Model
from crm_migrate.stages.bare.column_figures import (
    NOTHING,
    RuleCount,
    Shares,
    field_label,
    rule_counts,
    shares,
)
from crm_migrate.stages.bare.demands import told_missing
from crm_migrate.stages.bare.file_mappings import FileMappings, FileTable
from crm_migrate.stages.bare.markable import lost_parts
from crm_migrate.stages.bare.standardize import StandardizedFiles
from crm_migrate.stages.bare.standardized_tables import left_aside, told_sums
from crm_migrate.stages.bare.told_columns import unused_of

_MOST_LINES = 30
_TITLES = {
    "error": Text("errors: these records were quarantined", "错误：记录已隔离"),
    "warning": Text("warnings", "警告"),
}
_SHARES = (Text("filled", "填写率"), Text("valid", "有效率"))


def show_result(result: StandardizedFiles, findings: Path, out: Output) -> None:
    """What the columns are and how good, what is missing, what was found, and how many records.

    findings: the file that has each finding.
    """
    show_columns(result.found, result.model, out, shares(result))
    show_unused(unused_of(result), result.found.tables[0].path, out)
    _show_rows(result, out)
    missing = told_missing(result.model, result.found)
    if missing:
        out.say(missing)
    counts = rule_counts(result)
    for severity, title in _TITLES.items():
        _show_counts([c for c in counts if c.severity == severity], title, result, out)
    _show_suspicions(counts, result, out)
    repairs = [c for c in counts if c.severity == "repair"]
    if repairs:
        cells, kinds = sum(c.count for c in repairs), len({c.rule.code for c in repairs})
        out.say(
            Text(
                f"{counted(cells, 'repair')} by {counted(kinds, 'rule')}: severity repair in"
                f" {findings}",
                f"自动修正 {cells:,} 处(规则 {kinds} 项):见 {findings} 中级别为 repair(已修正)的行",
            )
        )
    out.say(told_sums(result), "bold")


def show_columns(
    found: FileMappings, model: Model, out: Output, figures: Shares | None = None
) -> None:
    """What each column is taken for; with `figures`, how it is filled and how right. Then the
    tables that are not read.
    """
    title = Text("what the columns are taken for", "各列的识别结果")
    head = (Text("column", "列"), Text("is", "识别为"), Text("field", "字段"),
            Text("because of", "依据"), Text("sure", "把握"))  # fmt: skip
    for table in found.tables:
        rows = _column_rows(table, found, model, figures)
        place = f"{table.place}: {title}" if len(found.tables) > 1 else str(title)
        out.table(place, head + _SHARES if figures is not None else head, rows, numbers_from=4)
    for name in found.left_tables:
        entity = found.left_entities.get(name)
        remedy = Text("", "")
        if entity is not None:
            label = model.entity(entity).label
            remedy = Text(f" ({label.en}: --entity {entity})", f"({label.zh}:--entity {entity})")
        out.say(
            Text(f"not read: table {name}{remedy.en}", f"未读取的表：{name}{remedy.zh}"), "yellow"
        )


def show_unused(columns: Sequence[Mapping[str, Any]], file: Path, out: Output) -> None:
    """The columns that no field takes, as `unused_columns` tells them, and how to map them."""
    carried = [c for c in columns if c["carried_as"] is not None]
    if carried:
        head = [Text("column", "列"), Text("could be", "可能是"), Text("filled", "填写率")]
        rows = [
            (c["carried_as"], ", ".join(c["could_be"]) or "?", _percent(c["filled"]))
            for c in carried
        ]
        title = Text(
            "not understood: they follow the fields, as they are", "未识别的列：原样附在结果之后"
        )
        out.table(title, head, rows, numbers_from=2)
    left = [f"{c['column']} ({c['why']})" for c in columns if c["carried_as"] is None]
    if left:
        names = ", ".join(left)
        out.say(Text(f"not read: {names}", f"未读取：{names}"), "yellow")
    meant = next((c for c in columns if c["could_be"]), None)
    if meant is not None:
        line = f"{meant['could_be'][0]}: {meant['column']}"
        out.say(
            Text(
                f"to map one: crm-migrate standardize {file} --suggest --out mapping.yaml, write"
                f" for example '{line}' under its fields, and run again with --mapping",
                f"如需映射:crm-migrate standardize {file} --suggest --out mapping.yaml,"
                f"在 fields 下写(如“{line}”),再以 --mapping 传入",
            )
        )


def _show_rows(result: StandardizedFiles, out: Output) -> None:
    """Rows that are no data, hidden ones that are, and a column that could name the records."""
    aside = left_aside(result)
    if aside:
        en = ", ".join(f"{n:,} {_KINDS[k].en}" for k, n in aside.items())
        zh = "、".join(f"{_KINDS[k].zh} {n:,} 行" for k, n in aside.items())
        out.say(Text(f"rows that are no records: {en}", f"非数据行：{zh}"))
    tables = result.found.tables
    hidden = sum(t.table.info.hidden_rows for t in tables)
    if hidden:
        rows = counted(hidden, "hidden row")
        out.say(Text(f"read with the others: {rows}", f"隐藏行 {hidden:,} 行，已一并读取"))
    keys = {t.mapping.key[0] for t in tables if t.id_column is None and len(t.mapping.key) == 1}
    if len(keys) == 1:
        key = keys.pop()
        out.say(
            Text(
                f"record_id is made from each row's content; --id {key} takes it from that column",
                f"record_id 由行内容生成；可用 --id {key} 改用该列",
            )
        )


_KINDS = {
    BANNER: Text("above the header (titles)", "表头上方（标题等）"),
    TOTALS: Text("of totals", "合计"),
    NOTE: Text("of notes", "注释"),
}


def show_marked(file: Path, cells: Mapping[str, int], out: Output) -> None:
    """How many cells were marked in the copy, and what it does not have."""
    done, doubtful = cells.get("repair", 0), cells.get("warning", 0) + cells.get("error", 0)
    out.say(
        Text(
            f"{counted(done, 'cell')} filled in, {doubtful:,} to look at, marked in the copy",
            f"标注副本：已修正 {done:,} 个单元格，待核对 {doubtful:,} 个",
        )
    )
    lost = lost_parts(file)
    if lost:
        en, zh = ", ".join(t.en for t in lost), "、".join(t.zh for t in lost)
        out.say(Text(f"the copy is without {en}", f"副本不含{zh}"), "yellow")


def _column_rows(
    table: FileTable, found: FileMappings, model: Model, figures: Shares | None
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for record in table.mapping.records:
        entity = model.entity(record.entity)
        for name, origin in record.fields.items():
            if name in found.carried:
                continue
            place = table.source, table.table.info.sheet, record.entity, name
            parts = () if figures is None else figures.get(place, NOTHING)
            label = f"{entity.label} · {entity.by_name[name].label}"
            field = name if record.entity == found.entity else f"{record.entity}.{name}"
            numbers = [_percent(n) for n in (origin.confidence, *parts)]
            for column in origin.source_columns:
                rows.append((column, label, field, origin.reason or "", *numbers))
    return rows


def _show_counts(
    counts: Sequence[RuleCount], title: Text, result: StandardizedFiles, out: Output
) -> None:
    head = (Text("column", "列"), Text("finding", "问题"), Text("rule", "规则"),
            Text("count", "数量"), Text("share", "占比"))  # fmt: skip
    rows = [
        (_place(c, result), c.rule.message, c.rule.code, c.count, _percent(c.share))
        for c in counts[:_MOST_LINES]
    ]
    if rows:
        out.table(title, head, rows, numbers_from=3)
    rest = counts[_MOST_LINES:]
    if rest:
        cells, kinds = sum(c.count for c in rest), counted(len(rest), "kind")
        out.say(
            Text(f"and {kinds} more, {cells:,} in all", f"另有 {len(rest)} 类，共 {cells:,} 处")
        )


def _show_suspicions(counts: Sequence[RuleCount], result: StandardizedFiles, out: Output) -> None:
    """Columns of which most values are wrong: there is one thing to look at, not thousands."""
    for line in counts:
        suspicion = line.suspicion()
        if suspicion is None:
            continue
        place, message = _place(line, result), line.rule.message
        told = Text(
            f"column {place}: {suspicion.en} ({message.en})",
            f"列“{place}”：{suspicion.zh}({message.zh})",
        )
        out.say(told, "yellow")


def _place(count: RuleCount, result: StandardizedFiles) -> str:
    """The column, else what people call the field."""
    if count.column is not None:
        return count.column
    return str(field_label(result.model, result.found.entity, count.entity, count.field))


def _percent(share: float | None) -> str:
    """Neither all of what is not quite all, nor nothing of a little."""
    if share is None:
        return ""
    if 0 < share < 1:
        return f"{min(max(share, 0.01), 0.99):.0%}"
    return f"{share:.0%}"
