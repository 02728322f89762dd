"""`approval export` and `approval verify`: a plan's approval for outsiders."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import opened
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.plan.approval.exported import Verified

EXPORT_HELP = Text(
    """Write a plan's approval to a file that can be checked anywhere.

It holds the plan's header, everything signed about it, the trust file, and the journal's lines
about it with proofs to the signed checkpoint; no personal data of customers. With --openssl each
signed message is written apart, too, for a check with OpenSSL alone (docs/approvals.md).

\b
Example:
  crm-migrate approval export latest --out approval.json
""",
    """将计划的审批导出为可在任何地方核验的文件。

内含计划概要、全部签名、信任文件，以及日志相关行及其到签名检查点的证明；不含客户个人信息。
使用 --openssl 时另存每条签名消息，可仅用 OpenSSL 核验(docs/approvals.md)。

\b
示例:
  crm-migrate approval export latest --out approval.json
""",
)
VERIFY_HELP = Text(
    """Check an exported approval: without project, keys or network.

Signatures, roles, the number and departments of approvers, gates and overrides, expiry at the time
of the apply, the evidence's digests, the journal's proofs. Compare the fingerprint of the trust
file with the one that you keep. Exit code 1 when anything does not hold.

\b
Examples:
  crm-migrate approval verify approval.json
  crm-migrate approval verify approval.json --plan P20250301-090000-ab12.crmplan
""",
    """核验导出的审批文件：无需项目、密钥或网络。

检查签名、角色、审批人数与部门、门禁与放行、执行时是否到期、依据摘要、日志证明。
请将信任文件指纹与您保存的指纹比对。任一项不符时退出码为 1。

\b
示例:
  crm-migrate approval verify approval.json
  crm-migrate approval verify approval.json --plan P20250301-090000-ab12.crmplan
""",
)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(help=str(Text("A plan's approval for outsiders.", "供外部核验的审批文件。")))
def approval() -> None:
    """The group of verbs on exported approvals."""


@approval.command("export", help=str(EXPORT_HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--out", "path", type=_FILE, required=True, help=str(Text("file", "文件")))
@click.option("--openssl", "folder", type=click.Path(file_okay=False, path_type=Path),
              help=str(Text("folder for the signed messages", "存放签名消息的目录")))  # fmt: skip
@verb_options
@click.pass_context
def export(ctx: click.Context, plan: str, path: Path, folder: Path | None, out: Output) -> None:
    """Export an approval."""
    from crm_migrate.pipeline import export_approval

    with opened(ctx, out) as session:
        done = export_approval(session, plan, path, openssl=folder)
    out.say(Text(f"approval of {done.plan_id}: {path}", f"{done.plan_id} 的审批：{path}"), "green")
    out.say(Text(f"trust file: {done.trust}", f"信任文件指纹：{done.trust}"))
    out.next_step(f"crm-migrate approval verify {path}")
    out.result(done.to_json())


@approval.command("verify", help=str(VERIFY_HELP))
@click.argument("path", type=_FILE, metavar="FILE")
@click.option("--plan", type=_FILE, help=str(Text("the plan file", "计划文件")))
@verb_options
def verify(path: Path, plan: Path | None, out: Output) -> int:
    """Verify an approval."""
    from crm_migrate.stages.approving.approval_file import verify_approval

    found = verify_approval(path, datetime.now(UTC), plan)
    when = f"{found.judged_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    _show(found, when, out)
    header = found.header
    out.result(
        {
            "ok": found.ok,
            "plan": header.plan_id,
            "effect": header.effect,
            "evidence": header.evidence,
            "author": header.created_by,
            "approvers": list(found.approvers),
            "overrides": [
                {"gate": o.gate, "by": o.by, "reason": o.reason} for o in found.said.overrides
            ],
            "applied": found.applied,
            "judged_at": when,
            "rehearsal": header.target.sandbox,
            "trust": found.trust.fingerprint,
            "faults": [str(f) for f in found.faults],
        }
    )
    return 0 if found.ok else 1


def _show(found: "Verified", when: str, out: Output) -> None:
    """Who approved what, as of `when`, and what does not hold."""
    from crm_migrate.plan.approval.standing import demand_text

    header, trust = found.header, found.trust
    names = {p.id: f"{p.name} ({p.role}, {p.department or '-'})" for p in trust.people}
    out.say(Text(f"plan {header.plan_id}", f"计划 {header.plan_id}"), "bold")
    out.say(Text(f"effect:   {header.effect}", f"效果摘要：{header.effect}"))
    out.say(Text(f"evidence: {header.evidence}", f"依据摘要：{header.evidence}"))
    author = names.get(header.created_by, header.created_by)
    out.say(Text(f"made by {author}", f"编制人 {author}"))
    for demand in header.demands:
        text = demand_text(demand)
        out.say(Text(f"demanded: {text.en}", f"要求：{text.zh}"))
    for person in found.approvers:
        out.say(Text(f"approved by {names[person]}", f"批准人 {names[person]}"), "green")
    for one in found.said.overrides:
        out.say(
            Text(
                f"gate {one.gate} overridden by {names.get(one.by, one.by)}: {one.reason}",
                f"门禁 {one.gate} 由 {names.get(one.by, one.by)} 放行：{one.reason}",
            ),
            "yellow",
        )
    judged = (
        Text(f"judged at the apply, {when}", f"按执行时间 {when} 判断")
        if found.applied
        else Text(f"not applied; judged at {when}", f"尚未执行；按 {when} 判断")
    )
    out.say(judged)
    if header.target.sandbox:
        out.say("演练 / REHEARSAL", "bold red")
    for fault in found.faults:
        out.say(f"✗ {fault}", "bold red")
    if found.ok:
        out.say(Text("every check holds", "全部核验通过"), "bold green")
    founder = names[trust.people[0].id]
    out.next_step(
        Text(
            f"compare the trust file's fingerprint with yours: {trust.fingerprint}"
            f" (founded by {founder})",
            f"请与您保存的信任文件指纹比对：{trust.fingerprint}(建立者 {founder})",
        )
    )
