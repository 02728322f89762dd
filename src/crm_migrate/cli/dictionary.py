"""`dictionary`: what every field means, by the rules of the project."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.project import Project
    from crm_migrate.stages.quality.dictionary import Shown

HELP = Text(
    """The data dictionary, made from the rules and mappings: of every field meaning, type, range or
vocabulary, unit, requiredness, confidentiality, data owner, update frequency, retention, standard
and edition, column in the CRM, columns of the sources.

--out writes it as workbook, page, Markdown or JSON. --release keeps it as the next version, with
its digest, in the audit folder. --diff compares two versions (V1.0 …, latest), or one with what
the rules say now (current). Needs no key but for --release.

\b
Examples:
  crm-migrate dictionary
  crm-migrate dictionary --out dictionary.xlsx --out dictionary.html
  crm-migrate dictionary --release --as li
  crm-migrate dictionary --diff V1.0 current
""",
    """数据字典，由规则与映射自动生成：每个字段的含义、类型、取值范围或取值表、单位、必填条件、
保密级别、归口部门、更新频率、保存期限、依据标准及版本、CRM 列、来源列。

--out 输出工作簿、页面、Markdown 或 JSON。--release 作为下一版本连同摘要存入审计目录。
--diff 比较两个版本(V1.0 …、latest),或与当前规则(current)比较。除 --release 外无需密钥。

\b
示例:
  crm-migrate dictionary
  crm-migrate dictionary --out 数据字典.xlsx --out 数据字典.html
  crm-migrate dictionary --release --as li
  crm-migrate dictionary --diff V1.0 current
""",
)


@click.command(help=str(HELP))
@click.option("--entity", help=str(Text("show the fields of an entity", "显示某对象的各字段")))
@click.option(
    "--out",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help=str(Text("write it (.xlsx .html .md .json)", "输出文件(.xlsx .html .md .json)")),
)
@click.option("--release", is_flag=True, help=str(Text("keep the next version", "发布下一版本")))
@click.option(
    "--diff",
    "versions",
    nargs=2,
    metavar="A B",
    help=str(Text("what changed from A to B", "从版本 A 到 B 的变更")),
)
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def dictionary(
    ctx: click.Context,
    entity: str | None,
    files: tuple[Path, ...],
    release: bool,
    versions: tuple[str, str] | None,
    person: str | None,
    out: Output,
) -> None:
    """Show, release or compare the dictionary."""
    from crm_migrate.cli.folder import project_folder
    from crm_migrate.pipeline import (
        release_dictionary,
        show_dictionary,
        view_dictionary,
        write_dictionary,
    )
    from crm_migrate.project import load_project

    project = load_project(project_folder(ctx))
    if versions is not None:
        if files or release or entity:
            raise UsageFault(Text("--diff stands alone", "--diff 不能与其他选项同用"))
        _compare(project, versions, out)
        return
    written: tuple[Path, ...] = ()
    if release:
        with opened(ctx, out) as session:
            _, written = release_dictionary(session, by=person, language=current_language())
    shown = show_dictionary(project)
    view = view_dictionary(project, shown, current_language())
    for path in files:
        write_dictionary(view, path)
    _show(shown, entity, out)
    for path in (*files, *written):
        out.say(str(path))
    out.next_step(
        "crm-migrate dictionary --release"
        if shown.released is None
        else "crm-migrate dictionary --out dictionary.xlsx"
    )
    plain = shown.found.to_json()
    out.result(
        {
            "version": shown.released,
            "released": [r.version for r in shown.revisions],
            "digest": shown.found.digest,
            "gaps": shown.found.gaps,
            "entities": plain["entities"],
            "files": [str(f) for f in (*files, *written)],
        }
    )


def _show(shown: "Shown", entity: str | None, out: Output) -> None:
    from crm_migrate.reports.dictionary_words import gap_lines

    if entity is None:
        _show_entities(shown, out)
    else:
        _show_fields(shown, entity, out)
    for line in gap_lines(shown.found, current_language()):
        out.say(line, "yellow")
    digest = shown.found.digest[:16]
    if shown.released is not None:
        told = Text(f"version {shown.released} ({digest}…)", f"版本 {shown.released}({digest}…)")
        out.say(told, "green")
    elif shown.revisions:
        last, n = shown.revisions[-1].version, len(shown.changes)
        out.say(
            Text(
                f"{n} differences from {last}: not released", f"与 {last} 相比有 {n} 处变更，未发布"
            ),
            "yellow",
        )
    else:
        out.say(Text("no version was released yet", "尚未发布版本"), "yellow")


def _show_entities(shown: "Shown", out: Output) -> None:
    rows = [
        (
            p.label,
            p.name,
            len(p.fields),
            sum(f.required.en != "no" for f in p.fields),
            sum(bool(f.sources) for f in p.fields),
            sum(bool(f.target) for f in p.fields),
        )
        for p in shown.found.parts
    ]
    head = (
        Text("entity", "对象"),
        Text("name", "标识"),
        Text("fields", "字段"),
        Text("required", "必填"),
        Text("in sources", "有来源"),
        Text("in the CRM", "有 CRM 列"),
    )
    out.table(Text("data dictionary", "数据字典"), head, rows, numbers_from=2)


def _show_fields(shown: "Shown", entity: str, out: Output) -> None:
    from crm_migrate.reports.dictionary_words import COLUMNS, field_row

    part = next((p for p in shown.found.parts if p.name == entity), None)
    if part is None:
        known = ", ".join(p.name for p in shown.found.parts)
        raise UsageFault(
            Text(
                f"unknown entity '{entity}'; known: {known}",
                f"未知的对象“{entity}”；可选：{known}",
            )
        )
    columns = ("label", "name", "type", "form", "required", "level", "target")
    cells = [field_row(f, current_language()) for f in part.fields]
    out.table(
        part.label, [COLUMNS[c] for c in columns], [[row[c] for c in columns] for row in cells],
        numbers_from=len(columns),
    )  # fmt: skip


def _compare(project: "Project", versions: tuple[str, str], out: Output) -> None:
    """What differs between two versions."""
    from crm_migrate.pipeline import compare_versions
    from crm_migrate.reports.dictionary_page import CHANGE_HEAD
    from crm_migrate.reports.dictionary_words import difference_row

    old, new = versions
    found, labels = compare_versions(project, old, new)
    rows = [difference_row(d, labels, current_language()) for d in found]
    if rows:
        out.table(f"{old} → {new}", CHANGE_HEAD, rows, numbers_from=6)
    else:
        out.say(Text(f"{old} and {new} say the same", "两个版本内容相同"), "green")
    out.next_step("crm-migrate dictionary --release")
    out.result({"from": old, "to": new, "differences": [
        {"kind": d.kind, "entity": d.entity, "field": d.field, "what": d.what,
         "old": row[4], "new": row[5]}
        for d, row in zip(found, rows, strict=True)
    ]})  # fmt: skip
