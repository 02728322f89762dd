"""The rules that findings of the mapping stage cite."""

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity

KEY_MISSING = Rule(
    "mapping.key_missing",
    Severity.WARNING,
    Text(
        "The key column is empty, so the row is recognised by its whole content",
        "主键列为空，只能按整行内容识别该记录",
    ),
    Text("Fill in the key in the source.", "请在源数据中补全主键。"),
)
KEY_REPEATED = Rule(
    "mapping.key_repeated",
    Severity.WARNING,
    Text(
        "Several rows have the same key, so each is recognised by its whole content",
        "多行的主键相同，只能按整行内容识别各记录",
    ),
    Text(
        "Correct the key in the source, or declare the columns that tell the rows apart.",
        "请在源数据中更正主键，或在映射中声明能区分各行的列。",
    ),
)
NO_RECORD = Rule(
    "mapping.no_record",
    Severity.ERROR,
    Text("The row has data, but yields no record", "该行有数据，但未能映射出任何记录"),
    Text(
        "Fill in the columns that the mapping reads, or map the columns that are filled.",
        "请补全映射所用的列，或把已填写的列加入映射。",
    ),
)
UNMAPPED_VALUE = Rule(
    "mapping.unmapped_value",
    Severity.WARNING,
    Text("The value stands in no value map; it was left out", "该取值不在取值映射中，未写入"),
    Text(
        "Add the value to the value map (mappings/values/, or the mapping workbook).",
        "请在取值映射（mappings/values/ 或映射工作簿）中补充该取值。",
    ),
)
UNKNOWN_OWNER = Rule(
    "mapping.unknown_owner",
    Severity.WARNING,
    Text("The owner is not in the owner map; the name was kept", "负责人不在对照表中，保留原值"),
    Text(
        "Name the new owner (or 公海, the common pool) in the owner map.",
        "请在负责人对照表中指定新负责人，离职人员可转入公海。",
    ),
)
PATTERN_UNMATCHED = Rule(
    "mapping.pattern_unmatched",
    Severity.WARNING,
    Text(
        "The text is not written as the mapping expects; the field stays empty",
        "文本不符合映射所要求的格式，该字段为空",
    ),
    Text(
        "Correct the text or the pattern in the mapping.",
        "请更正源数据，或修改映射中的正则表达式。",
    ),
)
ORPHAN = Rule(
    "reference.orphan",
    Severity.WARNING,
    Text(
        "The record that this one belongs to (such as a contact's customer) is not in the sources",
        "所属的记录（如联系人所属的客户）不在来源数据中",
    ),
    Text(
        "Add the missing record to the source, or correct the number that names it.",
        "请在源数据中补充缺失的记录，或更正所填的编号。",
    ),
)
AMBIGUOUS = Rule(
    "reference.ambiguous",
    Severity.WARNING,
    Text(
        "The record that this one belongs to cannot be told: several rows have its key",
        "无法确定所属记录：多行数据的主键相同，系统不会任选其一",
    ),
    Text("Make the key unique in the source.", "请在源数据中消除重复的主键。"),
)

RULES = (
    KEY_MISSING,
    KEY_REPEATED,
    NO_RECORD,
    UNMAPPED_VALUE,
    UNKNOWN_OWNER,
    PATTERN_UNMATCHED,
    ORPHAN,
    AMBIGUOUS,
)
"""Every rule of this package."""
