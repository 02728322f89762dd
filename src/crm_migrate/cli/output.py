"""What a command prints: text for people, or exactly one JSON object for scripts."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text as RichText

from crm_migrate.language import Text

NAME_WIDTH = 24
"""Columns of the terminal that the first column may demand."""

LONGEST_CELL = 300
"""Characters of a cell that are shown; pages and workbooks have the rest."""

# C0 and C1 without tab and line break, and what turns the direction of writing (UAX 9).
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_F = TypeVar("_F", bound=Callable[..., Any])


class _Rate(ProgressColumn):
    """How much per second."""

    def render(self, task: Task) -> RichText:
        speed = task.finished_speed or task.speed
        return RichText(f"{speed:,.0f}/s" if speed else "")


class Output:
    """Prints for people on standard output, or with `--json` on standard error."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(
            file=sys.stderr if as_json else sys.stdout, highlight=False, soft_wrap=True
        )

    def say(self, text: Text | str, style: str | None = None) -> None:
        """One line for people."""
        self.console.print(str(text), style=style, markup=False)

    def table(
        self,
        title: Text | str,
        head: Sequence[Text | str],
        rows: Iterable[Sequence[object]],
        numbers_from: int = 1,
        numbers_to: int | None = None,
    ) -> None:
        """A table for people; columns `numbers_from` up to `numbers_to` are right-aligned."""
        table = Table(
            title=str(title) or None,
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        numbers = range(numbers_from, len(head) if numbers_to is None else numbers_to)
        texts = [[f"{c:,}" if isinstance(c, int) else str(c) for c in row] for row in rows]
        for place, name in enumerate(head):
            is_number = place in numbers
            # A number that is cut off would be another number: better a table that is too wide.
            longest_word = max((cell_len(word) for word in str(name).split()), default=0)
            values = max((len(t[place]) for t in texts), default=0)
            width = max(values, longest_word) if is_number else None
            if place == 0 and not is_number:  # what a line is about stays on one line
                width = min(max((cell_len(t[0]) for t in texts), default=0), NAME_WIDTH)
            table.add_column(
                str(name),
                justify="right" if is_number else "left",
                min_width=width or None,
                overflow="fold",  # an id that is cut off cannot be copied
            )
        for cells in texts:
            table.add_row(*(_shown(c) for c in cells))
        self.console.print(table)

    def next_step(self, text: Text | str) -> None:
        """The next sensible command, at the end of every command."""
        self.console.print(f"{Text('next', '下一步')}: {text}", style="cyan", markup=False)

    def result(self, data: Mapping[str, Any]) -> None:
        """The one JSON object; printed only with `--json`."""
        if self.as_json:
            click.echo(json.dumps(data, ensure_ascii=False))

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, int, int], None]]:
        """A bar per step on standard error: call it with (label, done, total)."""
        console = Console(file=sys.stderr)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
            tasks: dict[str, Any] = {}

            def step(label: str, done: int, total: int) -> None:
                if label not in tasks:
                    tasks[label] = bar.add_task(label, total=total)
                bar.update(tasks[label], completed=done, total=max(total, 1))

            yield step


def plain(text: str) -> str:
    """Text from anywhere for the terminal: no escape or direction codes, not endless."""
    harmless = _CONTROLS.sub("�", text)
    return harmless if len(harmless) <= LONGEST_CELL else harmless[:LONGEST_CELL] + "…"


def _shown(text: str) -> str:
    """Text from anywhere as one cell: no markup either."""
    return plain(text).replace("[", r"\[")


def verb_options(function: _F) -> _F:
    """`--json` for every verb, handed to it as an `Output`."""

    @click.option("--json", "as_json", is_flag=True, help=str(Text("print JSON", "输出 JSON")))
    @wraps(function)
    def wrapped(*args: Any, as_json: bool, **kwargs: Any) -> Any:
        return function(*args, out=Output(as_json), **kwargs)

    return wrapped  # type: ignore[return-value]
