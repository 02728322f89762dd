"""Rules about whole records and about cells of any type."""

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity

REQUIRED = Rule(
    "required.missing",
    Severity.WARNING,
    Text("A required value is missing", "必填项缺失"),
    Text("Ask for the value and add it in the source.", "请核实并在源数据中补录。"),
)
UNIDENTIFIED = Rule(
    "record.unidentified",
    Severity.ERROR,
    Text(
        "The record has nothing to identify it by and was set aside",
        "记录缺少任何可识别信息，已隔离",
    ),
    Text(
        "Add a name, a code or a number in the quarantine file and read it in again.",
        "请在隔离文件中补充名称、编码或联系方式后重新导入。",
    ),
)
TOO_LONG = Rule(
    "value.too_long",
    Severity.WARNING,
    Text("The value is longer than the field allows", "内容超出字段长度"),
    Text("Shorten it in the source.", "请在源数据中精简。"),
)
EXCEL_ERROR = Rule(
    "cell.excel_error",
    Severity.WARNING,
    Text(
        "The cell held a formula error (like #N/A) and was left out",
        "单元格为公式错误（如 #N/A），已置空",
    ),
    Text("Correct the formula or enter the value.", "请修正公式或直接填写内容。"),
)
PLACEHOLDER = Rule(
    "cell.placeholder",
    Severity.REPAIR,
    Text(
        "A placeholder (like 无 or -) stood for a missing value",
        "占位内容（如“无”“-”）已按空值处理",
    ),
    Text("Nothing to do.", "无需处理。"),
)
LANDLINE_MOVED = Rule(
    "mobile.landline",
    Severity.REPAIR,
    Text(
        "A landline number stood in the mobile column and was moved to the telephone field",
        "手机栏中填写的是固定电话，已移至电话字段",
    ),
    Text("Ask for the mobile number.", "请补录手机号。"),
)
MOBILE_LEFT_OVER = Rule(
    "mobile.left_over",
    Severity.WARNING,
    Text(
        "The cell held more numbers than the record has fields for",
        "一格中的号码多于可存放的字段，多余号码未保留",
    ),
    Text("Choose the number to keep in the source.", "请在源数据中确认要保留的号码。"),
)
LEFT_OVER = Rule(
    "value.left_over",
    Severity.WARNING,
    Text(
        "The cell held more values than the record has fields for; the first was kept",
        "一格中的内容多于可存放的字段，仅保留了第一个",
    ),
    Text("Choose the value to keep in the source.", "请在源数据中确认要保留的值。"),
)
CORRECTED = Rule(
    "cell.corrected",
    Severity.REPAIR,
    Text(
        "A person corrected the value in the quarantine workbook",
        "该值已由人员在隔离工作簿中更正",
    ),
    Text("Correct the source, too.", "请在源数据中一并更正。"),
)
CORRECTION_STALE = Rule(
    "correction.stale",
    Severity.WARNING,
    Text(
        "The row changed in the source since it was corrected in the quarantine workbook; the"
        " correction no longer applies",
        "该行在隔离更正之后源数据又有变化，更正不再适用",
    ),
    Text(
        "If it is still set aside, export the quarantine again.",
        "如仍被隔离，请重新导出隔离工作簿。",
    ),
)
RULES: tuple[Rule, ...] = (
    CORRECTED, CORRECTION_STALE,
    REQUIRED, UNIDENTIFIED, TOO_LONG, EXCEL_ERROR, PLACEHOLDER, LANDLINE_MOVED, MOBILE_LEFT_OVER,
    LEFT_OVER,
)  # fmt: skip
