"""The data dictionary as rows that page, workbook, Markdown and terminal share."""

from crm_migrate.language import Language, Text
from crm_migrate.plan.show.html import TREATMENT_TEXTS
from crm_migrate.quality.dictionary import Dictionary, Difference, Entry

TITLE = Text("Data dictionary", "客户数据字典")

COLUMNS: dict[str, Text] = {
    "label": Text("field", "字段"),
    "name": Text("name", "标识"),
    "meaning": Text("meaning", "含义"),
    "type": Text("type", "类型"),
    "form": Text("range or values", "取值范围"),
    "spellings": Text("also read", "可识别的写法"),
    "unit": Text("unit", "单位"),
    "required": Text("required", "必填"),
    "level": Text("confidentiality", "保密级别"),
    "owner": Text("data owner", "归口部门"),
    "update_frequency": Text("updated", "更新频率"),
    "retention": Text("kept", "保存期限"),
    "standard": Text("standard and edition", "依据标准及版本"),
    "target": Text("in the CRM", "CRM 列"),
    "sources": Text("sources", "来源列"),
}
WHAT = {
    **COLUMNS,
    "entity": Text("entity", "对象"),
    "field": Text("field", "字段"),
    "values": Text("vocabulary", "取值表"),
    "max_length": Text("longest", "最大长度"),
    "identifying": Text("identifies the record", "标识性"),
    "treatment": Text("in the CRM", "CRM 中的处理"),
    "label": Text("name", "名称"),
}
KINDS = {
    "added": Text("added", "新增"),
    "removed": Text("removed", "删除"),
    "changed": Text("changed", "变更"),
}


def field_row(entry: Entry, language: Language) -> dict[str, str]:
    """The cells of one field under the names of COLUMNS."""

    def say(text: Text) -> str:
        return text.in_language(language)

    form = " / ".join(entry.values) if entry.values else say(entry.form)
    if entry.max_length is not None:
        longest = Text(f"at most {entry.max_length} characters", f"最长 {entry.max_length} 字")
        form = f"{form}; {say(longest)}" if language == "en" else f"{form};{say(longest)}"
    required = say(entry.required)
    if entry.identifying:
        required += say(Text("; identifies the record", ";标识性字段"))
    treatment = TREATMENT_TEXTS.get(entry.treatment)
    target = entry.target
    if target and treatment is not None:
        target += f" ({say(treatment)})"
    elif not target and entry.treatment == "forbid":
        target = say(TREATMENT_TEXTS["forbid"])
    return {
        "label": say(entry.label),
        "name": entry.name,
        "meaning": say(entry.meaning),
        "type": say(entry.type),
        "form": form,
        "spellings": _by_value(entry),
        "unit": entry.unit,
        "required": required,
        "level": say(entry.level),
        "owner": say(entry.owner),
        "update_frequency": say(entry.update_frequency),
        "retention": say(entry.retention),
        "standard": say(entry.standard),
        "target": target,
        "sources": "\n".join(entry.sources),
    }


def _by_value(entry: Entry) -> str:
    """A line per value: what else is read as it."""
    read: dict[str, list[str]] = {}
    for told in entry.spellings:
        spelling, _, value = told.rpartition(" → ")
        read.setdefault(value, []).append(spelling)
    return "\n".join(f"{value}: {'、'.join(spellings)}" for value, spellings in read.items())


def gap_lines(found: Dictionary, language: Language) -> list[str]:
    """What is not decided yet."""
    return [
        Text(
            f"{count:,} fields without: {COLUMNS[name].en}",
            f"{count:,} 个字段未定：{COLUMNS[name].zh}",
        ).in_language(language)
        for name, count in found.gaps.items()
    ]


def difference_row(
    found: Difference, labels: dict[tuple[str, str], Text], language: Language
) -> tuple[str, str, str, str, str, str]:
    """Kind, entity, field, attribute, before, after."""

    def named(entity: str, field: str) -> str:
        known = labels.get((entity, field))
        return known.in_language(language) if known else field or entity

    # A field that is gone has no label in the dictionary of today.
    gone = found.old.in_language(language) if found.kind == "removed" else ""
    return (
        KINDS[found.kind].in_language(language),
        gone if gone and not found.field else named(found.entity, ""),
        (gone or named(found.entity, found.field)) if found.field else "",
        WHAT[found.what].in_language(language),
        found.old.in_language(language),
        found.new.in_language(language),
    )


def labels_of(*dictionaries: Dictionary) -> dict[tuple[str, str], Text]:
    """(entity, field) → label; (entity, "") → that of the entity; the last one counts."""
    found: dict[tuple[str, str], Text] = {}
    for one in dictionaries:
        for part in one.parts:
            found[part.name, ""] = part.label
            found |= {(part.name, f.name): f.label for f in part.fields}
    return found
