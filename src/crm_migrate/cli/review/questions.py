"""Questions on the terminal: both sides field by field, the places that differ highlighted."""

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text as RichText

from crm_migrate.cli.output import Output, plain
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.stages.review.cases import Case
    from crm_migrate.stages.review.view import Spans, Task

DIFFERENT = "bold yellow"


def show_task(out: Output, task: "Task", heading: str = "") -> None:
    """The question with its reasons and what others said."""
    table = _table(heading or f"{task.task_id} · {task.title}", _heads(task))
    for (label, *values), marks in zip(task.rows, task.marks, strict=True):
        table.add_row(plain(label), *map(_marked, values, marks))
    out.console.print(table)
    if task.weight is not None and task.worth is not None:
        out.say(
            Text(
                f"  {task.weight:+.1f} bits; a verdict is worth {task.worth:,.1f} records",
                f"  {task.weight:+.1f} 比特；裁决预计影响 {task.worth:,.1f} 条记录",
            )
        )
    for reason in task.reasons:
        out.say(f"  {reason}")
    if task.wants > 1:
        out.say(Text("  two people must say the same", "  须两人一致裁决"), "cyan")
    for said in task.verdicts:
        note = f" ({said.reason})" if said.reason else ""
        whose = f" ({said.department})" if task.choices else ""
        out.say(f"  {said.author}{plain(whose)}: {said.verdict}{plain(note)}", "magenta")
    if len({said.verdict for said in task.verdicts}) > 1:
        out.say(Text("  they disagree", "  意见不一致"), "bold red")


def _heads(task: "Task") -> list[Text]:
    """The columns of a question: of a 撞单 the records of its owners, as many as there are."""
    sides = len(task.rows[0]) - 1 if task.rows else 0
    names = [Text("left", "左"), Text("right", "右")]
    if task.choices:
        names = [Text(f"record {n}", f"记录 {n}") for n in range(1, sides + 1)]
    return [Text("field", "字段"), *names[:sides]]


def show_case(out: Output, case: "Case") -> None:
    """The records of a case side by side; values that differ from the first are highlighted."""
    heads = [
        Text("field", "字段"),
        *(Text(str(n), str(n)) for n in range(1, len(case.records) + 1)),
    ]
    question = Text("which of these are one customer?", "哪些记录是同一客户？")
    table = _table(f"{case.case} · {question}", heads)
    for label, *values in case.rows:
        cells = [RichText(plain(v), style=DIFFERENT if v != values[0] else "") for v in values]
        table.add_row(plain(label), *cells)
    out.console.print(table)


def _table(title: str, heads: "tuple[Text, ...] | list[Text]") -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD,
                  pad_edge=False, collapse_padding=True)  # fmt: skip
    for head in heads:
        table.add_column(str(head), overflow="fold")
    return table


def _marked(value: str, spans: "Spans") -> RichText:
    text = RichText(plain(value))
    for start, end in spans:
        text.stylize(DIFFERENT, start, end)
    return text
