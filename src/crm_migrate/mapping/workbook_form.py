"""The form of the mapping workbook: its sheets, its columns, and the words that stand there."""

from dataclasses import dataclass

from crm_migrate.language import Language
from crm_migrate.mapping.table_rows import MappingRow, Place
from crm_migrate.model import Model, SemanticType
from crm_migrate.project import Project

T = SemanticType
YES, NO = "是", "否"
EMPTY = "（空）"
"""Standard value of a source value that deliberately means nothing."""
HEADER_ROW = 3
TABLE_COLUMNS = (
    ("源列", "Source column", 28),
    ("示例（脱敏）", "Example (masked)", 18),
    ("实体", "Entity", 14),
    ("字段", "Field", 20),
    ("取值映射", "Value map", 20),
    ("源单位", "Source's unit", 10),
    ("方式", "How", 24),
    ("理由", "Reason", 18),
    ("把握", "Confidence", 10),
    ("确认", "Confirmed", 10),
    ("备注", "Comment", 30),
    ("标记", "Tag", 4),
)
VALUE_COLUMNS = (("源值", "Source value", 30), ("标准值", "Standard value", 24))
OWNER_COLUMNS = (
    ("原负责人", "Old owner", 22),
    ("新负责人", "New owner", 22),
    ("部门", "Department", 22),
    ("备注", "Comment", 30),
)
KINDS = {"table": "映射", "values": "取值", "owners": "负责人"}
"""What cell A1 of a sheet says it is."""
EXAMPLES = {
    T.COMPANY_NAME: "福建某某有限公司", T.PERSON_NAME: "张*", T.MOBILE: "138****1234",
    T.PHONE: "0591-****1234", T.EMAIL: "a***@example.com", T.USCC: "9135****XXXX",
    T.ID_NUMBER: "350102********1234", T.BANK_CARD: "**** 1234", T.BANK_ACCOUNT: "**** 1234",
    T.REGISTRATION_NUMBER: "3501****1234", T.ORGANISATION_CODE: "5513****-2",
    T.TAX_NUMBER: "9135****XXXX", T.TRAVEL_DOCUMENT: "E******78", T.DATE: "2024-02-29",
    T.ADDRESS: "福建省福州市***",
    T.AMOUNT: "120.5", T.INTEGER: "12", T.PERCENTAGE: "60", T.BOOLEAN: "是 / 否",
    T.CODE: "K00***", T.WEBSITE: "www.***.com", T.INDUSTRY: "制造业-专用设备", T.TITLE: "采购经理",
    T.WECHAT: "li***", T.QQ: "12***78",
    T.OWNER: "张*", T.DEPARTMENT: "销售一部", T.TAGS: "甲；乙",
}  # fmt: skip
"""What a value of the field looks like; invented and masked."""
GUIDE = (
    ("怎样填写", "How to fill it in"),
    ("每个“映射”表对应一张源表，每行是一个源列。请核对“实体”“字段”是否正确，在“确认”列选“是”或“否”。",
     "Each mapping sheet is one source table, each row one of its columns. Check entity and field, "
     "then choose 是 (yes) or 否 (no) under Confirmed."),
    ("要改到别的字段：改“实体”“字段”。不需要采集：清空这两格。要采集原先未采集的列：填上这两格。",
     "Another field: change entity and field. Not needed: empty both. Needed: fill both."),
    ("常量与引用（灰色）只能确认，如需修改请联系项目人员。",
     "Constants and references (grey) can only be confirmed here."),
    ("“取值”表：为每个源值选择标准值；留空表示尚未决定，填“（空）”表示该值无意义。",
     "Value sheets: choose a standard value for each source value; empty means undecided, "
     "（空） means that the value says nothing."),
    ("“负责人”表：为每位原负责人指定新负责人；离职人员填“公海”。",
     "Owners: name the new owner of each old one; 公海 is the common pool."),
    ("黄色行把握较低，请优先核对。请勿修改第一行与隐藏列。",
     "Yellow rows are the least certain: check them first. Leave row 1 and hidden columns alone."),
)  # fmt: skip


@dataclass(frozen=True)
class Labels:
    """How entities and fields are called in the workbook, and what people may write for them."""

    model: Model
    language: Language

    def record(self, name: str) -> str:
        """`contact#2` → `联系人#2`."""
        entity, mark, number = name.partition("#")
        return self.model.entity(entity).label.in_language(self.language) + mark + number

    def field(self, place: Place) -> str:
        """The field's label."""
        entity = self.model.entity(place[0].partition("#")[0])
        return entity.by_name[place[1]].label.in_language(self.language)

    def find_record(self, text: str) -> str | None:
        """The record that a person meant: by name or label, in either language."""
        word, mark, number = text.partition("#")
        for entity in self.model.entities:
            if word.strip() in (entity.name, entity.label.zh, entity.label.en):
                return entity.name + mark + number
        return None

    def find_field(self, record: str, text: str) -> str | None:
        """The field of that record that a person meant."""
        for field in self.model.entity(record.partition("#")[0]).fields:
            if text in (field.name, field.label.zh, field.label.en):
                return field.name
        return None


def standard_values(project: Project, name: str) -> tuple[str, ...]:
    """The values that the fields using this map may have; empty: anything."""
    found: dict[str, None] = {}
    for mapping in project.mappings.values():
        for table in mapping.tables:
            for record in table.records:
                fields = project.model.entity(record.entity).by_name
                for field, origin in record.fields.items():
                    if origin.values == name:
                        vocabulary = project.model.vocabularies.get(fields[field].vocabulary or "")
                        if vocabulary is None:
                            return ()
                        found |= dict.fromkeys(vocabulary.values)
    return tuple(found)


def _example(model: Model, place: Place) -> str:
    """A masked example of what the field holds; for vocabularies their values."""
    if not place[1]:
        return ""
    field = model.entity(place[0].partition("#")[0]).by_name[place[1]]
    if field.vocabulary is not None:
        return " / ".join(model.vocabularies[field.vocabulary].values[:3])
    return EXAMPLES.get(field.type, "…")


def cells_of(row: MappingRow, labels: Labels) -> list[str | float | None]:
    """The cells of a mapping row, in the order of TABLE_COLUMNS."""
    somewhere = bool(row.place[1])
    said = {True: YES, False: NO, None: ""}[row.confirmed]
    return [
        row.column,
        _example(labels.model, row.place),
        labels.record(row.place[0]) if somewhere else "",
        labels.field(row.place) if somewhere else "",
        row.values,
        row.unit,
        row.how.in_language(labels.language),
        row.reason,
        row.confidence,
        said,
        row.comment,
        row.tag,
    ]
