"""`trace`: one customer from the raw cells to the row in the CRM."""

from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language
from crm_migrate.linkage.golden.words import rule_words

if TYPE_CHECKING:
    from crm_migrate.stages.tracing.steps import Member, Operation, Trace

HELP = Text(
    """Follow a customer: raw cell, findings, why linked, golden value, operation, row in the CRM,
rollback; and back from a row of the CRM to the raw cells.

CUSTOMER is a golden id (or its beginning), a customer code, old or new, or a key of the CRM;
with --entity, a golden id or key of another record.
Values are masked; --clear shows what policy lets out in exports, to a role that may export, and
is journaled.

\b
Examples:
  crm-migrate trace A100051
  crm-migrate trace --row sales.xlsx:客户登记表:27
  crm-migrate trace --entity contact --target-key 4711
  crm-migrate trace g00023fd7 --clear --as li --json
""",
    """追溯一个客户:原始单元格、数据问题、合并依据、唯一值的取舍、变更操作、CRM 中的记录、撤回;
也可从 CRM 记录反查原始单元格。

CUSTOMER 可为唯一标识(或其开头)、新旧客户编号或 CRM 主键;--entity 时为其他记录的标识或主键。
默认脱敏;--clear 按导出策略显示明文,须具备导出权限并记入日志。

\b
示例:
  crm-migrate trace A100051
  crm-migrate trace --row sales.xlsx:客户登记表:27
  crm-migrate trace --entity contact --target-key 4711
  crm-migrate trace g00023fd7 --clear --as li --json
""",
)


@click.command(help=str(HELP))
@click.argument("customer", required=False)
@click.option("--row", metavar="FILE:SHEET:ROW", help=str(Text("a row of a source", "来源中的行")))
@click.option("--target-key", help=str(Text("a key of the CRM", "CRM 主键")))
@click.option(
    "--entity",
    default="customer",
    show_default=True,
    help=str(Text("what is followed: customer, contact, …", "追溯的对象:customer、contact 等")),
)
@click.option(
    "--run",
    "run",
    default="latest",
    show_default=True,
    help=str(Text("run: id, path, latest", "运行：编号、路径、latest")),
)
@click.option("--clear", is_flag=True, help=str(Text("show clear values", "显示明文")))
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def trace(
    ctx: click.Context,
    customer: str | None,
    row: str | None,
    target_key: str | None,
    entity: str,
    run: str,
    clear: bool,
    person: str | None,
    out: Output,
) -> None:
    """Trace one customer."""
    from crm_migrate.pipeline import trace as follow

    with opened(ctx, out) as session:
        found = follow(
            session,
            customer,
            row=row,
            target_key=target_key,
            entity=entity,
            run=run,
            clear=clear,
            by=person,
            language=current_language(),
        )
    _show(found, out)
    out.next_step("crm-migrate show latest" if found.operation else "crm-migrate review list")
    out.result(found.to_json())


def _show(found: "Trace", out: Output) -> None:
    code = f" · {found.customer_code}" if found.customer_code else ""
    out.say(f"{found.golden_id or found.asked}{code}", "bold")
    names = {m.record_id: _place(m) for m in found.members}
    for number, member in enumerate(found.members, 1):
        _member(number, member, out)
    for link in found.links:
        left, right = names.get(link.left_id, "?"), names.get(link.right_id, "?")
        out.say(f"{left} ↔ {right}", "bold")
        for line in link.reasons:
            out.say(f"  {line}")
    if found.cells:
        head = (
            Text("field", "字段"),
            Text("golden value", "唯一值"),
            Text("from", "来自"),
            Text("rule", "规则"),
            Text("others", "其他值"),
        )
        rows = [
            (
                c.label,
                c.value,
                names.get(c.record_id or "", "-"),
                rule_words(c.rule),
                c.losers,
            )
            for c in found.cells
        ]
        out.table(Text("golden record", "唯一客户"), head, rows, numbers_from=4)
    for operation in (found.operation, *found.rollbacks):
        _operation(operation, out)
    _target(found, out)


def _place(member: "Member") -> str:
    if member.target_key is not None:
        return f"CRM {member.target_key}"
    sheet = f":{member.sheet}" if member.sheet else ""
    return f"{member.file}{sheet}:{member.row}"


def _member(number: int, member: "Member", out: Output) -> None:
    head = (
        Text("field", "字段"),
        Text("column", "列"),
        Text("raw", "原始值"),
        Text("standard", "标准值"),
        Text("findings", "问题"),
    )
    rows = [
        (c.label, c.column or "", c.raw or "", "=" if c.same else c.value or "∅",
         "\n".join(c.findings))
        for c in member.cells
    ]  # fmt: skip
    state = str(Text(" · quarantined", " · 已隔离")) if member.quarantined else ""
    out.table(f"{number}. {_place(member)}{state}", head, rows, numbers_from=9)


def _operation(operation: "Operation | None", out: Output) -> None:
    if operation is None:
        return
    from crm_migrate.cli.outcomes import outcome_text

    action = outcome_text(operation.action)
    out.say(f"{operation.plan}: {action} · {operation.reason}", "bold")
    if operation.cells:
        head = (Text("field", "字段"), Text("before", "变更前"), Text("after", "变更后"))
        rows = [(c.label, c.before or "", c.after or "∅") for c in operation.cells]
        out.table("", head, rows, numbers_from=9)
    for entity, actions in operation.children.items():
        counts = ", ".join(f"{outcome_text(a)} {count}" for a, count in actions.items())
        out.say(f"  + {entity}: {counts}")


def _target(found: "Trace", out: Output) -> None:
    target = found.target
    if target is None:
        out.say(Text("not in the CRM", "CRM 中没有该客户"), "yellow")
        return
    from crm_migrate.cli.outcomes import outcome_text

    gone = "" if target.stands else str(Text(" (no longer there)", "（已不存在）"))
    out.say(f"CRM: {target.table} {target.key}{gone}", "bold")
    for entry in target.written:
        back = Text(f" (takes back {entry.reverses})", f"(撤回 {entry.reverses})")
        taken = str(back) if entry.reverses else ""
        result = outcome_text(entry.result)
        out.say(f"  {entry.at} {entry.plan}{taken}: {result}")
    if target.cells:
        head = (Text("field", "字段"), Text("column", "列"), Text("value now", "当前值"))
        rows = [(c.label, c.column, c.value or "") for c in target.cells]
        out.table("", head, rows, numbers_from=9)
