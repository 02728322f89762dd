"""Entry point: verbs by name, each loaded only when called, errors shown without a traceback."""

import errno
import json
import os
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from crm_migrate import __version__
from crm_migrate.errors import CrmMigrateError, WorkspaceFault
from crm_migrate.language import Text, current_language


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb lives (`module:attribute` under `crm_migrate.cli`) and its one-line help."""

    place: str
    summary: Text


VERBS: dict[str, Verb] = {
    "profile": Verb(
        "profile:profile",
        Text("what is in these files, and what is damaged", "查看文件内容与数据损坏情况"),
    ),
    "init": Verb(
        "init:init",
        Text("make a project from your files, mappings proposed", "由文件生成项目并建议映射"),
    ),
    "check": Verb(
        "check:check", Text("check the project's files, all faults at once", "检查项目文件")
    ),
    "mapping": Verb(
        "mapping:mapping",
        Text("confirm mappings in Excel: export, import", "在 Excel 中确认映射:导出、导入"),
    ),
    "keys": Verb("keys:keys", Text("make keys and people", "创建密钥与人员")),
    "plan": Verb(
        "plan:plan",
        Text("read, clean, link and show what would change", "读取、清洗、去重并生成变更计划"),
    ),
    "show": Verb("show:show", Text("show a plan", "查看计划")),
    "approve": Verb("approve:approve", Text("approve a plan as another person", "由他人批准计划")),
    "reject": Verb("approve:reject", Text("reject a plan", "驳回计划")),
    "override": Verb(
        "override:override", Text("let a gate hold a plan up no longer", "放行阻止计划的门禁")
    ),
    "revoke": Verb("revoke:revoke", Text("take a decision back", "撤回审批")),
    "approval": Verb(
        "approval:approval",
        Text("a plan's approval for outsiders: export, verify", "导出、核验审批文件"),
    ),
    "apply": Verb(
        "apply:apply",
        Text("write what was approved, then read it back", "执行已批准的计划并回读核对"),
    ),
    "rollback": Verb(
        "rollback:rollback",
        Text("take an applied plan back", "撤回已执行的计划"),
    ),
    "reconcile": Verb(
        "reconcile:reconcile",
        Text("compare sources and CRM row by row", "逐行核对来源与 CRM"),
    ),
    "runs": Verb("runs:runs", Text("list runs and plans", "列出运行与计划")),
    "review": Verb(
        "review.group:review", Text("decide doubtful pairs and 撞单", "裁决疑似重复与撞单")
    ),
    "cell": Verb(
        "cell:cell", Text("set a value where all sources are wrong", "来源均有误时人工改值")
    ),
    "standardize": Verb(
        "standardize:standardize",
        Text("standardize and check files, no project needed", "对文件标准化与校验(无需项目)"),
    ),
    "link": Verb("link:link", Text("deduplicate files, no project needed", "对文件去重(无需项目)")),
    "match": Verb(
        "match:match",
        Text("find each row of one list in another, as in a register", "在名录中查找清单各行"),
    ),
    "evaluate": Verb(
        "evaluate:evaluate",
        Text("how right the deduplication is", "评估去重的准确程度"),
    ),
    "quality": Verb(
        "quality:quality",
        Text("what the data is worth, before and after", "评价数据质量(治理前后)"),
    ),
    "dictionary": Verb(
        "dictionary:dictionary",
        Text("what every field means, in versions", "数据字典(版本化)"),
    ),
    "export": Verb(
        "export:export",
        Text("write readable data for people, protected", "导出可读数据(加密保护)"),
    ),
    "quarantine": Verb(
        "quarantine:quarantine",
        Text("correct what was set aside, in Excel", "在 Excel 中更正被隔离的记录"),
    ),
    "verify": Verb(
        "verify:verify",
        Text("ask outside a second time about key data", "向外部二次核验关键数据"),
    ),
    "trace": Verb(
        "trace:trace", Text("follow a customer from source cell to CRM", "追溯客户数据的来龙去脉")
    ),
    "history": Verb(
        "history:history",
        Text("every change of a customer, over all plans", "客户的全部变更记录"),
    ),
    "audit": Verb("audit:audit", Text("audit report and journal check", "审计报告与日志校验")),
}


class LazyGroup(click.Group):
    """A group that imports a verb's module only when that verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of the work."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the verb, or None when there is none of that name."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        module, attribute = verb.place.split(":")
        command = getattr(import_module(f"crm_migrate.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table above, so that help imports nothing."""
        with formatter.section(str(Text("Commands", "命令"))):
            formatter.write_dl([(name, str(verb.summary)) for name, verb in VERBS.items()])


INTRODUCTION = Text(
    """Plan → approve → apply → prove, for customer data.

\b
First steps with your own files:
  crm-migrate profile FOLDER
  crm-migrate init PROJECT --from FOLDER --target sandbox
  crm-migrate -C PROJECT plan
""",
    """客户数据:计划 → 批准 → 执行 → 举证。

\b
用自己的文件开始:
  crm-migrate profile 文件夹
  crm-migrate init 项目目录 --from 文件夹 --target sandbox
  crm-migrate -C 项目目录 plan
""",
)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=str(INTRODUCTION),
)
@click.option(
    "-C",
    "--project",
    "folder",
    type=click.Path(file_okay=False),
    default=".",
    help=str(Text("project folder (default: here or above)", "项目目录(默认当前或上级目录)")),
)
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    help=str(Text("language (default: the locale's)", "语言(默认随系统)")),
)
@click.version_option(__version__, prog_name="crm-migrate")
@click.pass_context
def cli(ctx: click.Context, folder: str, lang: str | None) -> None:
    """The root command: only remembers the folder; `main` has set the language already."""
    ctx.obj = folder


def main() -> None:
    """Run the command line; every fault ends as a message and an exit code (0, 1, 2, 3)."""
    arguments = sys.argv[1:]
    _set_language(arguments)
    _use_utf8()
    wants_json = "--json" in arguments
    try:
        code = cli.main(args=arguments, prog_name="crm-migrate", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.exceptions.Abort:
        code = _failed(wants_json, "aborted", Text("stopped", "已中止"), None, None, 130)
    except click.UsageError as fault:
        code = _usage(fault, wants_json)
    except click.ClickException as fault:
        message = fault.format_message()
        code = _failed(wants_json, "usage", Text(message, message), None, None, 2)
    except CrmMigrateError as fault:
        code = _fault(fault, wants_json)
    except BrokenPipeError:  # the reader of our output has gone, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        code = _fault(_no_access(error), wants_json)
    except KeyboardInterrupt:
        code = _failed(wants_json, "interrupted", Text("interrupted", "已中断"), None, None, 130)
    except Exception as error:  # the message of a foreign exception may carry values: not shown
        code = _unexpected(error, wants_json)
    sys.exit(code if isinstance(code, int) else 0)


def _set_language(arguments: list[str]) -> None:
    """`--lang` must act before help texts are made, so it is read ahead of click."""
    for position, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            os.environ["CRM_MIGRATE_LANG"] = argument.removeprefix("--lang=")
        elif argument == "--lang" and position + 1 < len(arguments):
            os.environ["CRM_MIGRATE_LANG"] = arguments[position + 1]


def _use_utf8() -> None:
    """Write what a console can show; a cp936 or C-locale console must not crash the run."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _usage(fault: click.UsageError, wants_json: bool) -> int:
    path = fault.ctx.command_path if fault.ctx else "crm-migrate"
    message = fault.format_message()
    remedy = Text(f"see: {path} --help", f"参见:{path} --help")
    return _failed(wants_json, "usage", Text(message, message), None, remedy, 2)


def _fault(fault: CrmMigrateError, wants_json: bool) -> int:
    described = fault.describe(current_language())
    _report(wants_json, described)
    return fault.exit_code


def _no_access(error: OSError) -> WorkspaceFault:
    """A file or folder that the system refuses; a system's error text carries no data."""
    match error.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            message = Text("no right to read or write this", "没有读写权限")
            remedy = Text("check the rights on it and its folder", "请检查该文件及其文件夹的权限")
        case errno.ENOSPC | errno.EDQUOT:
            message = Text("the disk is full", "磁盘已满")
            remedy = Text("free some space, then run again", "请腾出空间后重试")
        case _:
            text = os.strerror(error.errno) if error.errno else type(error).__name__
            message = Text(f"the system reports: {text}", f"操作系统报告:{text}")
            remedy = Text("check that the file or folder is there", "请检查该文件或文件夹是否存在")
    where = None if error.filename is None else os.fsdecode(error.filename)
    return WorkspaceFault(message, where=where, remedy=remedy)


def _failed(
    wants_json: bool, code: str, message: Text, where: str | None, remedy: Text | None, exit_: int
) -> int:
    described = {
        "code": code,
        "message": str(message),
        "where": where,
        "remedy": str(remedy) if remedy else None,
    }
    _report(wants_json, described)
    return exit_


def _report(wants_json: bool, described: dict[str, Any]) -> None:
    label = str(Text("error", "错误"))
    lines = [f"{label}: {described['message']}"]
    if described["where"] and described["where"] not in str(described["message"]):
        lines.append(f"  {Text('where', '位置')}: {described['where']}")
    if described["remedy"]:
        lines.append(f"  {Text('remedy', '处理')}: {described['remedy']}")
    click.echo("\n".join(lines), err=True)
    if wants_json:
        click.echo(json.dumps({"error": described}, ensure_ascii=False))


def _unexpected(error: Exception, wants_json: bool) -> int:
    if os.environ.get("CRM_MIGRATE_DEBUG") == "1":
        raise error
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = ""
    if frame is not None:
        place = f"{os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno}"  # noqa: PTH119
    name = type(error).__name__
    message = Text(
        f"unexpected {name} at {place}; its text is withheld because it may carry data",
        f"意外错误 {name}({place});错误文本可能含有数据,故不显示",
    )
    remedy = Text(
        "run again; if it stays, report it with the command (CRM_MIGRATE_DEBUG=1 shows all)",
        "请重试;若仍出现,请连同命令一并反馈(CRM_MIGRATE_DEBUG=1 可显示全部)",
    )
    return _failed(wants_json, "internal", message, place, remedy, 1)


if __name__ == "__main__":
    main()
