"""Writes docs/cli.md and docs/cli.zh-CN.md from the commands themselves: `make docs`.

`--check` writes nothing and exits 1 when a file is not what the commands say. Help texts take
their language when a command is imported, so each language is rendered by a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PAGES = {"en": FOLDER / "cli.md", "zh": FOLDER / "cli.zh-CN.md"}
OPENING = {
    "en": """# Command line reference

Made from the commands by `make docs`; a test keeps it current. [中文](cli.zh-CN.md)

Every verb takes `--json`: then standard output is exactly one JSON object and everything else goes
to standard error. Exit codes: 0 done · 1 failed · 2 wrong usage or a fault in the project's files ·
3 done, but something waits for a person.
""",
    "zh": """# 命令行参考

由 `make docs` 根据命令自动生成，并由测试保证最新。[English](cli.md)

每个命令都支持 `--json`：标准输出只有一个 JSON 对象，其余内容写到标准错误。
退出码：0 完成；1 失败；2 用法错误或项目文件有误；3 已完成，但有事项待人工处理。
""",
}


def render(language: str) -> str:
    """The page in the language of this process."""
    import click

    from crm_migrate.cli.app import cli

    def section(command: click.Command, path: str, above: click.Context | None) -> list[str]:
        name = path.rpartition(" ")[2]
        settings: dict[str, Any] = {
            **command.context_settings,
            "terminal_width": 100,
            "max_content_width": 100,
        }
        context = click.Context(command, parent=above, info_name=name, **settings)
        heading = "#" * (1 + len(path.split()))
        lines = [f"{heading} {path}\n", f"```text\n{command.get_help(context).rstrip()}\n```\n"]
        if isinstance(command, click.Group):
            for verb in command.list_commands(context):  # the root's in the order of the work
                child = command.get_command(context, verb)
                assert child is not None, f"{path} {verb} cannot be loaded"
                lines += section(child, f"{path} {verb}", context)
        return lines

    return "\n".join([OPENING[language], *section(cli, "crm-migrate", None)])


def rendered(language: str) -> str:
    """The page, made by a process that speaks the language."""
    environment = os.environ | {
        "CRM_MIGRATE_LANG": language,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "PYTHONUTF8": "1",
    }
    done = subprocess.run(
        [sys.executable, __file__, "--print", language],
        env=environment, check=True, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    return done.stdout


def main(arguments: list[str]) -> int:
    """Write the pages, `--check` them, or `--print` one."""
    if arguments[:1] == ["--print"]:
        sys.stdout.write(render(arguments[1]))
        return 0
    stale = []
    for language, path in PAGES.items():
        text = rendered(language)
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(path.name)
            if "--check" not in arguments:
                path.write_text(text, "utf-8")
    if stale:
        print(*stale, "not current: run `make docs`" if "--check" in arguments else "written")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
