"""`audit report` and `audit verify`."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

REPORT_HELP = Text(
    """Write the audit report: the next version when something changed, else nothing.

\b
Example:
  crm-migrate audit report
""",
    """编制审计报告：内容有变化时生成下一版本，否则不生成。

\b
示例:
  crm-migrate audit report
""",
)
VERIFY_HELP = Text(
    """Check the journal against its signed checkpoint, and reports and plan pages, offline.

OK, or EDITED / TRUNCATED / FORKED with the place; or the stored report or page that is not the one
the journal names. Workbooks that people fill in are checked when they come back. Needs no
passphrase.

\b
Example:
  crm-migrate audit verify --json
""",
    """离线核验日志与签名检查点，以及已存的报告和计划网页。

结果为 OK,或 EDITED / TRUNCATED / FORKED 并指出位置；报告或网页与日志所记不符时指出文件。
供填写的工作簿在读回时逐行核验。无需口令。

\b
示例:
  crm-migrate audit verify --json
""",
)


@click.group(help=str(Text("Audit report and journal.", "审计报告与日志。")))
def audit() -> None:
    """The group of audit verbs."""


@audit.command(help=str(REPORT_HELP))
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def report(ctx: click.Context, person: str | None, out: Output) -> None:
    """Write the report."""
    from crm_migrate.pipeline import audit_report

    with opened(ctx, out) as session:
        written = audit_report(session, by=person, language=current_language())
    if written.new:
        text = Text(f"audit report {written.version}", f"审计报告 {written.version}")
        out.say(text, "green")
        for path in written.files:
            out.say(f"  {path}")
    else:
        out.say(Text(
            f"nothing changed since {written.version}", f"自 {written.version} 以来没有变化"
        ))  # fmt: skip
    out.next_step("crm-migrate audit verify")
    out.result(written.to_json())


@audit.command(help=str(VERIFY_HELP))
@verb_options
@click.pass_context
def verify(ctx: click.Context, out: Output) -> int:
    """Check the journal."""
    from crm_migrate.cli.folder import project_folder
    from crm_migrate.pipeline import verify_journal
    from crm_migrate.project import load_project

    verdict = verify_journal(load_project(project_folder(ctx)))
    place = f" @ {verdict.at}" if verdict.at is not None else ""
    out.say(f"{verdict.result}{place}", "green" if verdict.result == "OK" else "bold red")
    out.say(Text(f"{verdict.events} events", f"{verdict.events} 个事件"))
    out.next_step("crm-migrate runs")
    out.result({"result": verdict.result, "events": verdict.events, "at": verdict.at})
    return 0 if verdict.result == "OK" else 1
