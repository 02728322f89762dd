"""`init`: a project from your own files; for a sandbox everything up to the first plan."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text, counted, current_language

if TYPE_CHECKING:
    from crm_migrate.mapping.hidden import Hidden
    from crm_migrate.mapping.scaffold import Scaffolded
    from crm_migrate.mapping.target_proposal import TargetProposal
    from crm_migrate.project import Project
    from crm_migrate.stages.sandbox import SandboxReady

HELP = Text(
    """Make a project from files, folders or databases, with mappings proposed.

With --target sandbox the CRM is an embedded database that is laid out at once, with one operator
whose keys are protected by file mode: enough to rehearse everything. For a real CRM give its URL,
correct mappings/target.yaml, and make keys with passphrases (keys init). In a folder that is a
sandbox project already, and without --from, only what is missing is made.

\b
Examples:
  crm-migrate init rehearsal --from exports/ --target sandbox
  crm-migrate init move --from a.xlsx b.csv --target 'sqlite:////srv/crm.db'
""",
    """由文件、文件夹或数据库生成项目，并建议映射。

--target sandbox 时，以内置数据库作为 CRM 并立即建表，同时创建一名操作员（密钥仅以文件权限保护）,
可完整演练。
真实 CRM 请填写其地址，修改 mappings/target.yaml,并用 keys init 创建带口令的密钥。
若目录已是沙箱项目且未给出 --from,则只补建缺少的内容。

\b
示例:
  crm-migrate init 演练 --from 导出/ --target sandbox
  crm-migrate init 迁移 --from a.xlsx b.csv --target 'sqlite:////srv/crm.db'
""",
)
SANDBOX = "sandbox"
_UNSURE = 0.8


@click.command(help=str(HELP))
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("more", nargs=-1, metavar="[PATH]...")
@click.option(
    "--from",
    "inputs",
    multiple=True,
    metavar="PATH",
    help=str(Text("file, folder or URL; several may follow", "文件、文件夹或地址，可多个")),
)
@click.option(
    "--target",
    default=SANDBOX,
    show_default=True,
    help=str(Text("sandbox, or the CRM's URL", "sandbox 或 CRM 的地址")),
)
@verb_options
def init(
    folder: Path, more: tuple[str, ...], inputs: tuple[str, ...], target: str, out: Output
) -> None:
    """Make a project, or complete a sandbox."""
    from crm_migrate.mapping import scaffold as making
    from crm_migrate.pipeline import make_ready
    from crm_migrate.project import PROJECT_FILE, load_project
    from crm_migrate.project.entities_file import standard_model

    made = making.Scaffolded(files=())
    if inputs:
        _require_folder(folder)
        language = current_language()
        url = None if target == SANDBOX else target
        places = [*inputs, *more]
        made = making.scaffold(folder, places, standard_model(), url=url, language=language)
    elif not (folder / PROJECT_FILE).exists():
        raise UsageFault(
            Text("what is the project made from?", "请指定数据来源"),
            remedy=Text("--from FILE|FOLDER|URL", "请用 --from 指定文件、文件夹或数据库地址"),
        )
    project = load_project(folder)
    sandbox = project.settings.target.sandbox and project.target.create
    ready = make_ready(project) if sandbox else None
    proposed = _proposed(project)
    if made.files:
        _show(project, proposed, out)
        _warn(project, proposed, made, out)
    _say_target(ready, made, out)
    open_ = any(p["unsure"] or p["not_mapped"] or p["undecided_values"] for p in proposed)
    out.next_step(_next(folder, ready, bool(made.files), bool(open_)))
    out.result(
        {
            "project": str(folder),
            "files": [str(p) for p in made.files],
            "proposed": proposed,
            "unread": [f.describe(current_language()) for f in made.unread],
            "others": list(made.others),
            "not_recognised": [{"source": s, "table": t} for s, t in made.left_tables],
            "hidden": [
                {"source": h.source, "table": h.table, "columns": list(h.columns)}
                for h in made.hidden
            ],
            "target": {
                "sandbox": sandbox,
                "tables_made": list(ready.tables) if ready else [],
            },
            "keys_made": bool(ready and ready.keys_made),
        }
    )


def _require_folder(folder: Path) -> None:
    if folder.is_file():
        raise UsageFault(
            Text("the project folder comes first, then --from", "请先写项目目录，再写 --from"),
            where=str(folder),
            remedy=Text(
                "crm-migrate init DIR --from PATH…", "crm-migrate init 项目目录 --from 路径…"
            ),
        )


def _proposed(project: "Project") -> list[dict[str, Any]]:
    """Per source table: what is mapped to what, and what wants a decision."""
    found = []
    for source, mapping in project.mappings.items():
        for table in mapping.tables:
            origins = [o for r in table.records for o in r.fields.values()]
            maps = {o.values for o in origins if o.values is not None}
            used = [project.value_maps[name] for name in sorted(maps)]
            found.append(
                {
                    "source": source,
                    "table": table.table,
                    "entities": [r.entity for r in table.records],
                    "key": list(table.key),
                    "fields": len(origins),
                    "unsure": sum((o.confidence or 1) < _UNSURE for o in origins),
                    "not_mapped": len(table.ignore),
                    "undecided_values": sum(len(m.undecided) for m in used),
                    "unidentified": [
                        r.entity
                        for r in table.records
                        if not any(
                            f.identifying and f.name in r.fields
                            for f in project.model.entity(r.entity).fields
                        )
                    ],
                    "unrelated": [
                        r.entity
                        for r in table.records
                        if any(
                            f.required and f.name not in r.fields
                            for f in project.model.entity(r.entity).references()
                        )
                    ],
                }
            )
    return found


def _show(project: "Project", proposed: list[dict[str, Any]], out: Output) -> None:
    labels = {e.name: str(e.label) for e in project.model.entities}
    head = (
        Text("table", "表"),
        Text("becomes", "对应"),
        Text("fields", "字段"),
        Text("unsure", "待确认"),
        Text("columns left", "未映射列"),
        Text("values to decide", "待定取值"),
    )
    rows = [
        (
            f"{p['source']} · {p['table']}" if p["table"] else p["source"],
            str(Text(", ", "、")).join(labels[e] for e in p["entities"]),
            p["fields"],
            p["unsure"],
            p["not_mapped"],
            p["undecided_values"],
        )
        for p in proposed
    ]
    out.table(Text("what was proposed", "映射建议"), head, rows, numbers_from=2)


def _warn(
    project: "Project", proposed: list[dict[str, Any]], made: "Scaffolded", out: Output
) -> None:
    """What lay there and is not taken, and what is taken but will lead nowhere."""
    for fault in made.unread:
        told = fault.describe(current_language())
        out.say(f"! {told['where']}: {told['message']}", "red")
        out.say(f"  {told['remedy'] or ''}")
    if made.left_tables:
        names = ", ".join(f"{s} · {t}" if t else s for s, t in made.left_tables)
        text = Text(
            f"! not recognised, so nothing is taken: {names}", f"! 未识别，不会采集：{names}"
        )
        out.say(text, "yellow")
    if made.others:
        names = ", ".join(made.others)
        out.say(Text(f"  not looked at: {names}", f"  未读取：{names}"))
    for hidden in made.hidden:
        _say_hidden(hidden, out)
    for table in proposed:
        name = f"{table['source']} · {table['table']}" if table["table"] else table["source"]
        for entity in table["unidentified"]:
            fields = [f.label for f in project.model.entity(entity).fields if f.identifying]
            label = project.model.entity(entity).label
            text = Text(
                f"! {name}: no column identifies the {label.en}, every row will be quarantined;"
                f" map one of: {', '.join(f.en for f in fields)}",
                f"! {name}：没有可识别{label.zh}的列，所有行都会被隔离；"
                f"请映射其中之一：{'、'.join(f.zh for f in fields)}",
            )
            out.say(text, "yellow")
        for entity in table["unrelated"]:
            label = project.model.entity(entity).label
            text = Text(
                f"! {name}: nothing says to which customer the {label.en} belongs, so it will be"
                " left out; map the column with the customer's name or code",
                f"! {name}：没有列说明{label.zh}属于哪个客户，将全部暂缓；"
                "请映射客户名称或客户编码列",
            )
            out.say(text, "yellow")


def _say_hidden(hidden: "Hidden", out: Output) -> None:
    """Whoever opens the workbook does not see this: it may have been put aside on purpose."""
    name = f"{hidden.source} · {hidden.table}" if hidden.table else hidden.source
    text = Text(
        f"! {name}: the workbook hides this sheet, yet it is taken; take it out of the mapping if"
        " it was put aside",
        f"! {name}：该工作表在文件中被隐藏，但会被采集；如已弃用，请从映射中去除",
    )
    if hidden.columns:
        text = Text(
            f"! {name}: hidden columns are taken, too: {', '.join(hidden.columns)}",
            f"! {name}：隐藏列也会被采集：{'、'.join(hidden.columns)}",
        )
    out.say(text, "yellow")


def _say_target(ready: "SandboxReady | None", made: "Scaffolded", out: Output) -> None:
    if made.target is not None:
        _say_proposed(made.target, out)
        return
    if made.target_fault is not None:
        told = made.target_fault.describe(current_language())
        out.say(f"! {told['where']}: {told['message']}", "red")
        out.say(f"  {told['remedy'] or ''}")
    if ready is None:
        text = Text(
            "mappings/target.yaml names tables and columns as this tool would: correct them to"
            " your CRM's; `check` names every place that does not fit",
            "mappings/target.yaml 中的表名与列名为默认值，请改为您的 CRM 的名称；"
            "`check` 会列出所有不符之处",
        )
        out.say(text, "yellow")
        return
    if ready.tables:
        count, made_en = len(ready.tables), counted(len(ready.tables), "table")
        out.say(Text(f"sandbox: {made_en} laid out", f"沙箱：已建 {count} 张表"), "green")
    if ready.keys_made:
        text = Text(
            f"keys for one operator, protected by file mode 0600 only: {ready.keyring}",
            f"已创建一名操作员的密钥，仅以文件权限 0600 保护：{ready.keyring}",
        )
        out.say(text, "yellow")
    if not (made.files or ready.tables or ready.keys_made):
        out.say(Text("nothing was missing", "无需补建"))


def _say_proposed(target: "TargetProposal", out: Output) -> None:
    """Which tables of the CRM were recognised, and what a person has yet to decide."""
    head = (Text("record", "对象"), Text("table in the CRM", "CRM 表"), Text("fields", "字段"))
    rows = [(name, e.table, len(e.fields)) for name, e in target.mapping.entities.items()]
    title = Text("proposed from the CRM's own tables", "依据 CRM 表结构的映射建议")
    out.table(title, head, rows, numbers_from=2)
    count = len(target.open)
    text = Text(
        f"mappings/target.yaml says what is open ({counted(count, 'remark')}); `check` tells what"
        " has no place",
        f"mappings/target.yaml 中有 {count} 处待确认的说明;`check` 会列出没有去处的内容",
    )
    out.say(text, "yellow")


def _next(folder: Path, ready: "SandboxReady | None", fresh: bool, open_: bool) -> str:
    verb = f"crm-migrate -C {folder}"
    if ready is None:
        return f"{verb} check, {verb} keys init"
    return f"{verb} mapping export mapping.xlsx" if fresh and open_ else f"{verb} plan"
