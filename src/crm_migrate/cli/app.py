"""Entry point: verbs by name, each loaded only when called, errors shown without a traceback."""

import os
import sys
from importlib import import_module

import click

from crm_migrate import __version__
from crm_migrate.cli.faults_told import fault_told, no_access, told, unexpected_told, usage_told
from crm_migrate.cli.verbs import VERBS
from crm_migrate.errors import CrmMigrateError
from crm_migrate.language import Text


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
    """客户数据：计划 → 批准 → 执行 → 举证。

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
    help=str(Text("project folder (default: here or above)", "项目目录（默认当前或上级目录）")),
)
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    help=str(Text("language (default: the locale's)", "语言（默认随系统）")),
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
        code = told(wants_json, "aborted", Text("stopped", "已中止"), None, None, 130)
    except click.UsageError as fault:
        code = usage_told(fault, wants_json)
    except click.ClickException as fault:
        message = fault.format_message()
        code = told(wants_json, "usage", Text(message, message), None, None, 2)
    except CrmMigrateError as fault:
        code = fault_told(fault, wants_json)
    except BrokenPipeError:  # the reader of our output has gone, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        code = fault_told(no_access(error), wants_json)
    except KeyboardInterrupt:
        code = told(wants_json, "interrupted", Text("interrupted", "已中断"), None, None, 130)
    except Exception as error:  # the message of a foreign exception may carry values: not shown
        code = unexpected_told(error, wants_json)
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


if __name__ == "__main__":
    main()
