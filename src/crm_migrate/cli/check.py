"""`check`: every fault of the project at once."""

import click

from crm_migrate.cli.folder import project_folder
from crm_migrate.cli.output import Output, verb_options
from crm_migrate.language import Text, counted, current_language

HELP = Text(
    """Check the project: its files, the headers of its sources, the target. Writes nothing.

Every fault is shown with file and line. Needs no keys; read rights on the target suffice. What
this user lacks in the target is named with the GRANT statements for an administrator. Exit code 2
when there are faults.

--rules-test looks at the rules alone: it runs the examples of rules/examples.yaml and of the
standard rules, and shows each that does not come out as expected.

\b
Examples:
  crm-migrate check
  crm-migrate check --rules-test
  crm-migrate check --json | jq -r '.faults[].where'
""",
    """检查项目：项目文件、数据源表头与目标系统；不写入任何内容。

逐条列出错误所在的文件与行号。无需密钥，对目标只需读权限。当前用户在目标系统中所缺的权限,
会连同供管理员执行的 GRANT 语句一并列出。有错误时退出码为 2。

--rules-test 只检验规则：运行 rules/examples.yaml 与标准规则的样例，逐条列出与预期不符者。

\b
示例:
  crm-migrate check
  crm-migrate check --rules-test
  crm-migrate check --json | jq -r '.faults[].where'
""",
)


@click.command(help=str(HELP))
@click.option("--rules-test", is_flag=True,
              help=str(Text("run the examples beside the rules", "运行规则样例")))  # fmt: skip
@verb_options
@click.pass_context
def check(ctx: click.Context, rules_test: bool, out: Output) -> int:
    """Check the project."""
    if rules_test:
        return _rules_test(ctx, out)
    from crm_migrate.pipeline import check as check_project

    found = check_project(project_folder(ctx))
    if found.sources:
        head = (
            Text("source", "数据源"),
            Text("table", "表"),
            Text("columns", "列"),
            Text("read", "采集"),
        )
        rows = [(t.source, t.table, t.columns, t.mapped) for t in found.sources]
        out.table(Text("sources", "数据源"), head, rows, numbers_from=2)
    if found.read:
        rights = (
            Text("read and write", "可读写")
            if found.write
            else Text("read only: enough to plan, not to apply", "只读：可生成计划，不可执行")
        )
        tables = found.target_tables
        held = counted(tables, "table")
        out.say(Text(f"target: {held}, {rights.en}", f"目标：{tables} 张表，{rights.zh}"))
    if found.apply.lacking:
        listed = ", ".join(found.apply.lacking)
        out.say(Text(f"lacking to apply: {listed}", f"执行所缺权限：{listed}"), "yellow")
    for purpose, words in (
        (found.plan, Text("rights for planning:", "生成计划所需授权：")),
        (found.apply, Text("rights for applying:", "执行所需授权：")),
    ):
        if purpose.lacking and purpose.grants:
            out.say(words)
            for statement in purpose.grants:
                out.say(f"  {statement.removesuffix(';')};")
    language = current_language()
    for note in found.notes:
        out.say(f"{note.where}: {note.message.in_language(language)}", "yellow")
        if note.remedy is not None:
            out.say(f"  {note.remedy.in_language(language)}")
    for fault in found.faults:
        out.say(f"{fault.where}: {fault.message.in_language(language)}", "red")
        if fault.remedy is not None:
            out.say(f"  {fault.remedy.in_language(language)}")
    if found.ok:
        out.say(Text("no faults", "未发现错误"), "green")
        out.next_step("crm-migrate plan")
    else:
        count = len(found.faults)
        faults = "1 fault" if count == 1 else f"{count} faults"
        out.say(Text(faults, f"共 {count} 处错误"), "bold red")
        out.next_step(
            Text("correct them, then: crm-migrate check", "改正后再运行:crm-migrate check")
        )
    out.result(found.to_json(language))
    return 0 if found.ok else 2


def _rules_test(ctx: click.Context, out: Output) -> int:
    from crm_migrate.pipeline import run_examples

    done = run_examples(project_folder(ctx))
    language = current_language()
    for fault in done.faults:
        out.say(f"{fault.where}: {fault.message.in_language(language)}", "red")
        if fault.remedy is not None:
            out.say(f"  {fault.remedy.in_language(language)}")
    if done.differing:
        head = (Text("example", "样例"), Text("rule", "规则"), Text("expected", "预期"),
                Text("found", "实际"))  # fmt: skip
        rows = [(d.where, d.rule, d.expected, d.found) for d in done.differing]
        out.table(Text("examples that differ", "与预期不符的样例"), head, rows)
    count, differing = done.examples, len(done.differing)
    out.say(
        Text(f"{counted(count, 'example')} of {counted(done.rules, 'rule')}, {differing:,} differ",
             f"{done.rules} 条规则的 {count} 个样例，{differing} 个与预期不符"),
        "green" if done.ok else "bold red",
    )  # fmt: skip
    if done.untested:
        listed = ", ".join(done.untested)
        out.say(Text(f"without an example: {listed}", f"没有样例的规则：{listed}"), "yellow")
    out.next_step("crm-migrate check" if done.ok else "crm-migrate check --rules-test")
    out.result(done.to_json(language))
    return 0 if done.ok else 2
