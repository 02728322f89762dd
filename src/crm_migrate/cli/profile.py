"""`profile`: what is in these files, and what is damaged."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.language import Text, counted

if TYPE_CHECKING:
    from crm_migrate.errors import SourceFault
    from crm_migrate.quality.profile import ColumnProfile, Damage, TableProfile

HELP = Text(
    """Show what files, folders or databases hold, and what is damaged; writes nothing.

Needs no project. Rows are counted as a person counts them in the file. No cell is shown. Files
that cannot be read are reported, the others are profiled; the exit code is then 1.

\b
Examples:
  crm-migrate profile customers.xlsx
  crm-migrate profile exports/ 'postgresql://crm:${CRM_PASSWORD}@localhost/crm'
  crm-migrate profile exports/ --json | jq '.tables[].columns[] | select(.damage != [])'
""",
    """查看文件、文件夹或数据库的内容与损坏情况；不写入任何内容。

无需项目。行号与文件中看到的一致，不显示单元格内容。无法读取的文件会列出，其余照常分析,
此时退出码为 1。

\b
示例:
  crm-migrate profile 客户.xlsx
  crm-migrate profile 导出/ 'postgresql://crm:${CRM_PASSWORD}@localhost/crm'
  crm-migrate profile 导出/ --json | jq '.tables[].columns[] | select(.damage != [])'
""",
)

TYPE_LABELS: dict[str, Text] = {
    "text": Text("text", "文本"),
    "free_text": Text("free text", "自由文本"),
    "code": Text("code", "编码"),
    "company_name": Text("company name", "企业名称"),
    "person_name": Text("person's name", "姓名"),
    "title": Text("job title", "职务"),
    "uscc": Text("credit code", "统一社会信用代码"),
    "organisation_code": Text("organisation code", "组织机构代码"),
    "registration_number": Text("registration no.", "工商注册号"),
    "tax_number": Text("tax number", "税号"),
    "id_number": Text("identity number", "身份证号"),
    "travel_document": Text("passport, permit", "护照、通行证号"),
    "bank_card": Text("bank card", "银行卡号"),
    "bank_account": Text("bank account", "银行账号"),
    "mobile": Text("mobile", "手机号"),
    "phone": Text("telephone", "电话"),
    "email": Text("mail address", "电子邮箱"),
    "website": Text("website", "网址"),
    "wechat": Text("WeChat id", "微信号"),
    "qq": Text("QQ number", "QQ 号"),
    "industry": Text("industry", "行业"),
    "address": Text("address", "地址"),
    "date": Text("date", "日期"),
    "amount": Text("amount", "金额"),
    "integer": Text("whole number", "整数"),
    "percentage": Text("percentage", "百分比"),
    "boolean": Text("yes/no", "是/否"),
    "vocabulary": Text("fixed values", "固定取值"),
    "tags": Text("tags", "标签"),
    "owner": Text("owner", "负责人"),
    "department": Text("department", "部门"),
    "reference": Text("reference", "引用"),
}
DAMAGE_LABELS: dict[str, Text] = {
    "number_as_code": Text("code stored as a number", "号码存成数字"),
    "precision_lost": Text("last digits lost", "末位数字已丢失"),
    "float_text": Text("written as a decimal", "写成小数"),
    "leading_zero_lost": Text("leading zero lost", "首位 0 丢失"),
    "excel_error": Text("Excel error", "Excel 错误值"),
    "no_result": Text("formula without a result", "公式无结果"),
    "date_serial": Text("date as a day number", "日期成为序号"),
    "replacement_char": Text("characters lost", "字符丢失"),
    "mojibake": Text("wrong encoding", "乱码"),
    "full_width": Text("full-width characters", "全角字符"),
    "padding": Text("blanks around", "首尾空白"),
    "several_values": Text("several values in a cell", "一格多值"),
}
_SHOWN = 5


@click.command(help=str(HELP))
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@verb_options
def profile(paths: tuple[str, ...], out: Output) -> int:
    """Profile files, folders and databases."""
    from crm_migrate.errors import SourceFault
    from crm_migrate.formats.folder import look_into
    from crm_migrate.project.project import fill_secrets
    from crm_migrate.quality.profile import profile_path, to_json

    faults: list[SourceFault] = []
    tables: list[TableProfile] = []
    for path in paths:
        try:
            place = fill_secrets(path) if "://" in path else path
            tables.extend(profile_path(place, on_fault=faults.append))
        except SourceFault as fault:
            faults.append(fault)
    if not tables and faults:
        raise faults[0]
    for table in tables:
        _show(table, out)
    for told in faults:
        _complain(told, out)
    others = [n for p in paths if Path(p).is_dir() for n in look_into(Path(p)).others]
    if others:
        names = ", ".join(others)
        out.say(Text(f"not looked at: {names}", f"未读取：{names}"))
    damaged = sum(1 for t in tables for c in t.columns if c.damage)
    out.say(
        Text(
            f"{counted(len(tables), 'table')}, {counted(sum(t.rows for t in tables), 'row')},"
            f" {counted(damaged, 'column')} with damage",
            f"共 {len(tables)} 张表，{sum(t.rows for t in tables):,} 行，{damaged} 列有损坏",
        ),
        "bold",
    )
    out.next_step(f"crm-migrate init PROJECT --from {paths[0]} --target sandbox")
    described = [f.describe("en") for f in faults]
    out.result({**to_json(tables), "faults": described, "others": others})
    return 1 if faults else 0


def _show(table: "TableProfile", out: Output) -> None:
    place = table.source + (f" · {table.sheet}" if table.sheet else "")
    notes = [Text(counted(table.rows, "row"), f"{table.rows:,} 行")]
    if table.header is not None:
        first, last = table.header.first_row, table.header.last_row
        rows = str(first) if first == last else f"{first}–{last}"
        notes.append(Text(f"header in row {rows}", f"表头在第 {rows} 行"))
    if table.encoding:
        notes.append(Text(table.encoding, table.encoding))
    head = (
        Text("column", "列"),
        Text("type", "类型"),
        Text("sure", "把握"),
        Text("filled", "非空"),
        Text("distinct", "不同值"),
        Text("damage", "损坏"),
    )
    rows_ = [
        (c.name, _type(c), f"{c.confidence:.0%}", c.filled, c.distinct, _damage(c.damage))
        for c in table.columns
    ]
    out.table(f"{place} ({', '.join(map(str, notes))})", head, rows_, numbers_from=2, numbers_to=5)


def _type(column: "ColumnProfile") -> str:
    return str(TYPE_LABELS.get(str(column.type), str(column.type)))


def _damage(found: "tuple[Damage, ...]") -> str:
    lines = []
    for damage in found:
        rows = ", ".join(map(str, damage.rows[:_SHOWN]))
        more = ", …" if damage.count > _SHOWN else ""
        label = DAMAGE_LABELS.get(damage.kind, damage.kind)
        lines.append(f"{label} ×{damage.count:,} ({Text('rows', '行')} {rows}{more})")
    return "\n".join(lines)


def _complain(fault: "SourceFault", out: Output) -> None:
    from crm_migrate.language import current_language

    told = fault.describe(current_language())
    out.say(f"{told['where']}: {told['message']}", "red")
    if told["remedy"]:
        out.say(f"  {told['remedy']}")
