"""`plan diff A B`: what two plans do differently, and why."""

from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import opened
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.pipeline import PlanDifference

HELP = Text(
    """Compare two plans: operations only in A, only in B, changed; counts, gates, evidence.

\b
Examples:
  crm-migrate plan diff P20260105T090000-1a2b latest
  crm-migrate plan diff A B --json | jq .entities.customer
""",
    """比较两个计划：仅在 A、仅在 B、有变化的操作，以及数量、门禁与依据的差异。

\b
示例:
  crm-migrate plan diff P20260105T090000-1a2b latest
  crm-migrate plan diff A B --json | jq .entities.customer
""",
)


@click.command("diff", help=str(HELP))
@click.argument("a", metavar="A")
@click.argument("b", metavar="[B]", default="latest")
@click.option(
    "--limit",
    type=click.IntRange(0, 10_000),
    default=5,
    show_default=True,
    help=str(Text("operations of an entity to be named", "每类对象列出的操作条数")),
)
@verb_options
@click.pass_context
def diff(ctx: click.Context, a: str, b: str, limit: int, out: Output) -> None:
    """Compare two plans."""
    from crm_migrate.pipeline import compare_plans

    with opened(ctx, out) as session:
        found = compare_plans(session, a, b, current_language(), limit)
    _show(found, out)
    out.next_step(f"crm-migrate show {found.b.plan_id} --open")
    out.result(found.to_json())


def _show(found: "PlanDifference", out: Output) -> None:
    one, other = found.a, found.b
    out.say(f"A = {one.plan_id}\nB = {other.plan_id}", "bold")
    for header, name in ((one, "A"), (other, "B")):
        if header.scope:
            out.say(Text(f"{name} is only a part: {header.scope.en}",
                         f"{name} 仅部分数据：{header.scope.zh}"), "yellow")  # fmt: skip
    if one.target != other.target:
        out.say(Text("the plans are for different targets", "两个计划的目标系统不同"), "red")
    if one.effect == other.effect:
        out.say(Text("both have the same effect", "两个计划效果相同"), "green")
    head = (
        Text("entity", "对象"),
        Text("only in A", "仅在 A"),
        Text("only in B", "仅在 B"),
        Text("changed", "有变化"),
        Text("same", "相同"),
    )
    rows = [
        (found.labels.get(e.entity, e.entity), sum(e.only_a.values()), sum(e.only_b.values()),
         e.changed, e.same)
        for e in found.entities
        if e.rows.height or e.same
    ]  # fmt: skip
    out.table(Text("operations", "操作"), head, rows)
    _details(found, out)
    for text in (found_text for _, found_text in found.evidence()):
        out.say(Text(f"rests on something else: {text}", f"依据不同：{text}"), "yellow")


def _details(found: "PlanDifference", out: Output) -> None:
    from crm_migrate.plan.show.risks import ACTION_LABELS, gate_text

    language = found.language

    def label(action: str | None) -> str:
        return ACTION_LABELS[action].in_language(language) if action else "—"

    for e in found.entities:
        parts = [f"{label(x)} → {label(y)} {n:,}" for (x, y), n in e.actions.items()]
        parts += [f"{found.column_label(e.entity, c)} {n:,}" for c, n in e.columns.items()]
        if parts:
            out.say(f"{found.labels.get(e.entity, e.entity)}: {', '.join(parts)}")
    if any(found.moves[:2]):
        text = Text(
            f"merges and re-parented rows: {found.moves[0]:,} only in A, {found.moves[1]:,} in B",
            f"合并与随迁：仅在 A {found.moves[0]:,} 条，仅在 B {found.moves[1]:,} 条",
        )
        out.say(text)
    rows = [
        (found.labels.get(o.entity, o.entity), label(o.a), label(o.b), o.title)
        for o in found.operations
    ]
    if rows:
        head = (Text("entity", "对象"), "A", "B", Text("record", "记录"))
        out.table(Text("some of what differs", "部分差异"), head, rows, numbers_from=9)
    for one, other in found.gates():
        said = [gate_text(g, language) if g else "—" for g in (one, other)]
        out.say(f"{said[0]}  →  {said[1]}", "yellow")
