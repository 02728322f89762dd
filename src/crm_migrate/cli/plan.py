"""`plan`: the whole way up to a plan that someone else can approve."""

from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.pipeline import Planned

HELP = Text(
    """Read the sources, clean, link, compare with the CRM, and write a plan.

Nothing is written to the CRM: read rights suffice. Exit code 3 says that a person has to decide
something first (doubtful pairs, 撞单, a blocking gate).

\b
Examples:
  crm-migrate plan
  crm-migrate plan --json | jq .counts
""",
    """读取来源、清洗、去重、与 CRM 比对并生成计划。

不会写入 CRM,只需读权限。退出码 3 表示有事项待人工决定(疑似重复、撞单、门禁)。

\b
示例:
  crm-migrate plan
  crm-migrate plan --json | jq .counts
""",
)


@click.command(help=str(HELP))
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def plan(ctx: click.Context, person: str | None, out: Output) -> int:
    """Make a plan."""
    from crm_migrate.pipeline import plan as make_plan

    with opened(ctx, out) as session:
        planned = make_plan(session, by=person)
    _show(planned, out)
    out.result(planned.to_json())
    return 3 if planned.waits else 0


def _show(planned: "Planned", out: Output) -> None:
    from crm_migrate.plan.show.html import STATE_TEXTS
    from crm_migrate.plan.show.risks import gate_text

    header = planned.header
    language = current_language()
    rows = header.rows
    out.table(
        Text("rows of the sources", "来源行数"),
        (
            Text("read", "读取"),
            Text("no data", "非数据"),
            Text("quarantined", "隔离"),
            Text("accepted", "接受"),
        ),
        [(rows.read, rows.non_data, rows.quarantined, rows.accepted)],
        numbers_from=0,
    )
    head = (
        Text("entity", "对象"),
        Text("accepted", "接受"),
        Text("merged", "合并"),
        Text("golden", "唯一"),
        Text("new", "新增"),
        Text("change", "修改"),
        Text("same", "不变"),
        Text("conflict", "冲突"),
        Text("left out", "暂缓"),
    )
    out.table(
        Text("what becomes of the records", "记录去向"),
        head,
        [
            (planned.labels[name], c.accepted, c.merged, c.golden, c.insert, c.update,
             c.unchanged, c.conflict, c.skip)
            for name, c in header.counts.items()
        ],
    )  # fmt: skip
    if header.control_totals:
        differing = [t for t in header.control_totals if t.source_amount != t.plan_amount]
        text = (
            Text(f"{len(differing)} control totals DIFFER", f"{len(differing)} 项控制总数不一致")
            if differing
            else Text(
                f"{len(header.control_totals)} control totals agree with the sources",
                f"{len(header.control_totals)} 项控制总数与来源一致",
            )
        )
        out.say(text, "red" if differing else "green")
    for gate in header.gates:
        if not gate.passed:
            mark = "✗" if gate.on_failure == "block" else "!"
            out.say(f"{mark} {gate_text(gate, language)}", "red" if mark == "✗" else "yellow")
    state = STATE_TEXTS[planned.state]
    out.say(Text(f"plan {header.plan_id}: {state.en}", f"计划 {header.plan_id}:{state.zh}"), "bold")
    for path in planned.files:
        out.say(f"  {path}")
    out.next_step(planned.next_step)
