"""`plan`: the whole way up to a plan that someone else can approve."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.plan_diff import diff
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, counted, current_language

if TYPE_CHECKING:
    from crm_migrate.pipeline import Planned

HELP = Text(
    """Read the sources, clean, link, compare with the CRM, and write a plan.

Nothing is written to the CRM: read rights suffice. Exit code 3 says that a person has to decide
something first (doubtful pairs, 撞单, a blocking gate). A pilot confines the plan to some
customers; all demands hold together, and the full plan afterwards knows what the pilot loaded.

\b
Examples:
  crm-migrate plan
  crm-migrate plan --pilot "department=销售一部,销售二部"
  crm-migrate plan --pilot grade=重点客户 --pilot-share 10%
  crm-migrate plan --pilot-file chosen.xlsx
  crm-migrate plan --exclude plan.xlsx       # the workbook that came back
  crm-migrate plan --full-linkage            # compare all records anew
  crm-migrate plan diff latest P20260105     # what became different
  crm-migrate plan --json | jq .counts
""",
    """读取来源、清洗、去重、与 CRM 比对并生成计划。

不会写入 CRM,只需读权限。退出码 3 表示有事项待人工决定(疑似重复、撞单、门禁)。
试点将计划限于部分客户,多个条件同时成立;之后的全量计划能识别试点已导入的数据。

\b
示例:
  crm-migrate plan
  crm-migrate plan --pilot "部门=销售一部,销售二部"
  crm-migrate plan --pilot 客户等级=重点客户 --pilot-share 10%
  crm-migrate plan --pilot-file 名单.xlsx
  crm-migrate plan --exclude plan.xlsx       # 读回核对过的工作簿
  crm-migrate plan --full-linkage            # 全部记录重新去重
  crm-migrate plan diff latest P20260105     # 两个计划有何不同
  crm-migrate plan --json | jq .counts
""",
)
FILE = click.Path(path_type=Path, dir_okay=False)


def _share(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """`10%` or `0.1`, as a number above 0 and up to 1."""
    if value is None:
        return None
    text = value.strip().replace("%", "%")
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise click.BadParameter(str(Text("a share is 10% or 0.1", "比例写作 10% 或 0.1")))
    return share


@click.group(help=str(HELP), invoke_without_command=True)
@click.option("--as", "person", help=str(AS))
@click.option(
    "--pilot",
    multiple=True,
    metavar="FIELD=VALUE,…",
    help=str(Text("only customers with this value", "仅限该字段取值的客户")),
)
@click.option(
    "--pilot-file",
    type=FILE,
    multiple=True,
    help=str(Text("only customers that this file lists", "仅限文件所列客户")),
)
@click.option(
    "--pilot-share",
    callback=_share,
    metavar="10%",
    help=str(Text("only this share of the customers", "仅限此比例的客户")),
)
@click.option(
    "--only-customers",
    metavar="CODE,…",
    help=str(Text("only these customers", "仅限这些客户（编码或唯一标识）")),
)
@click.option(
    "--only-rejected",
    is_flag=True,
    help=str(Text("only what was corrected in quarantine", "仅限隔离中已更正的记录")),
)
@click.option(
    "--exclude",
    type=FILE,
    multiple=True,
    help=str(Text("a plan's workbook that came back", "读回的计划工作簿")),
)
@click.option(
    "--full-linkage",
    is_flag=True,
    help=str(
        Text(
            "compare all records anew, learn weights anew, and tell where it differs",
            "全部记录重新比较、重新学习权重，并说明差异",
        )
    ),
)
@verb_options
@click.pass_context
def plan(
    ctx: click.Context,
    person: str | None,
    pilot: tuple[str, ...],
    pilot_file: tuple[Path, ...],
    pilot_share: float | None,
    only_customers: str | None,
    only_rejected: bool,
    exclude: tuple[Path, ...],
    full_linkage: bool,
    out: Output,
) -> int:
    """Make a plan."""
    if ctx.invoked_subcommand is not None:
        return 0
    from crm_migrate.pipeline import Asked, read_listing, with_exclusions
    from crm_migrate.pipeline import plan as make_plan

    names = tuple(c.strip() for c in (only_customers or "").split(",") if c.strip())
    with opened(ctx, out) as session:
        listings = tuple(read_listing(path) for path in pilot_file)
        asked = Asked(pilot, pilot_share, listings, names, only_rejected)
        if exclude:
            asked = with_exclusions(session, asked, exclude, person)
        confined = asked.confines or exclude
        scope = asked if confined else None
        planned = make_plan(session, by=person, scope=scope, full_linkage=full_linkage)
    _show(planned, out)
    out.result(planned.to_json())
    return 3 if planned.waits else 0


plan.add_command(diff)


def _show(planned: "Planned", out: Output) -> None:
    _counts(planned, out)
    _linked(planned, out)
    _judged(planned, out)
    _stands(planned, out)


def _counts(planned: "Planned", out: Output) -> None:
    header = planned.header
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
        Text("made here", "系统生成"),
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
            (planned.labels[name], c.accepted, c.made, c.merged, c.golden, c.insert, c.update,
             c.unchanged, c.conflict, c.skip)
            for name, c in header.counts.items()
        ],
    )  # fmt: skip


def _linked(planned: "Planned", out: Output) -> None:
    """Where a full linkage differs from what earlier runs came to."""
    for name, how in planned.linkage.items():
        if "differs" not in how:
            continue
        label, pairs = planned.labels[name], how["differs"]
        out.say(
            Text(
                f"{label}: all records compared anew; {counted(pairs, 'pair')} of unchanged records"
                " judged differently than before",
                f"{label}：全部记录已重新比较；未变更的记录中有 {pairs:,} 对结论与此前不同",
            ),
            "yellow" if pairs else None,
        )
        if pairs:
            words = {"before": Text("no longer one", "不再合并"), "now": Text("now one", "现合并")}
            rows = [(p["left_id"], p["right_id"], words[p["joined"]]) for p in how.get("where", ())]
            head = (Text("record", "记录"), Text("record", "记录"), Text("judged", "结论"))
            out.table(Text("some of them", "部分如下"), head, rows, numbers_from=3)


def _judged(planned: "Planned", out: Output) -> None:
    """Merges, control totals, and gates that were missed."""
    from crm_migrate.plan.show.risks import DOUBLES_TEXT, gate_text

    header, language = planned.header, current_language()
    if header.merges:
        out.say(
            Text(
                f"{counted(header.merges, 'CRM row')} to be merged into others,"
                f" {counted(header.reparented, 'row')} of theirs to be moved over",
                f"合并 CRM 中 {header.merges:,} 条重复记录，转移 {header.reparented:,} 条从属记录",
            )
        )
    if header.control_totals:
        differing = [t for t in header.control_totals if t.source_amount != t.plan_amount]
        sums, zh = counted(len(header.control_totals), "sum"), len(header.control_totals)
        text = (
            Text(
                f"control totals DIFFER from the sources in {len(differing):,} of {sums}",
                f"控制总数与来源不一致：{zh:,} 项中有 {len(differing):,} 项",
            )
            if differing
            else Text(
                f"control totals agree with the sources ({sums} by entity, department and year)",
                f"控制总数与来源一致(按对象、部门、年份共 {zh:,} 项)",
            )
        )
        out.say(text, "red" if differing else "green")
    for gate in header.gates:
        if not gate.passed:
            mark = "✗" if gate.on_failure == "block" else "!"
            out.say(f"{mark} {gate_text(gate, language)}", "red" if mark == "✗" else "yellow")
    if planned.doubles:
        said = f"{planned.doubles:,} {DOUBLES_TEXT.en}", f"{planned.doubles:,} {DOUBLES_TEXT.zh}"
        out.say(Text(f"! {said[0]}", f"! {said[1]}"), "yellow")


def _stands(planned: "Planned", out: Output) -> None:
    """What the plan is confined to, where it stands, and where its files are."""
    from crm_migrate.plan.show.excel import OVER_ALL_DATA
    from crm_migrate.plan.show.html import STATE_TEXTS

    header, state = planned.header, STATE_TEXTS[planned.state]
    if header.scope:
        out.say(Text(f"only a part: {header.scope.en}", f"仅部分数据：{header.scope.zh}"), "yellow")
        out.say(OVER_ALL_DATA)
    out.say(
        Text(f"plan {header.plan_id}: {state.en}", f"计划 {header.plan_id}：{state.zh}"), "bold"
    )
    for source in planned.inherits:
        text = Text(f"inherits the approval of {source}", f"沿用 {source} 的批准")
        out.say(text, "green")
    if planned.state in ("approvable", "blocked"):
        for missing in planned.missing:
            out.say(Text(f"must approve: {missing.en}", f"须批准：{missing.zh}"))
    for path in planned.files:
        out.say(f"  {path}")
    out.next_step(planned.next_step)
