"""Opens the project for a verb: keys, people, state, journal, progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.folder import project_folder
from crm_migrate.cli.output import Output
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.pipeline import Session

AS = Text(
    "who you are: an id of the trust file (default: the only fitting person)",
    "您的身份：信任文件中的标识（默认：唯一合适的人员）",
)


@contextmanager
def opened(ctx: click.Context, out: Output) -> "Iterator[Session]":
    """The session of the project, with a progress bar; closed at the end."""
    from crm_migrate.project import load_project
    from crm_migrate.stages.session import open_session  # the pipeline imports all stages

    project = load_project(project_folder(ctx))
    with out.progress() as progress:
        session = open_session(project, ask=ask_passphrase, progress=progress)
        try:
            yield session
        finally:
            session.close()


def ask_passphrase(prompt: str) -> str:
    """Ask on the terminal.

    Raises:
        click.Abort: there is no terminal to ask on.
    """
    return str(click.prompt(prompt, hide_input=True, err=True))
