"""`match`: the best candidates in one list for each row of another."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.stages.bare.match import Matched

HELP = Text(
    """For each row of LEFT the best candidates in RIGHT: a list of short names against a register.

The first --on is the name, compared by its characters (rare ones count more) and by its parts:
region, trade name, legal form, branch. Further columns support it. Where the two files call a
column differently, write --on LEFT=RIGHT. Of a header in two rows (基础信息/客户名称) the last part
will do. Of a workbook the sheet is read that has the columns. The result has all
columns of both files, the verdict (match, ambiguous, none), rank, score 0-1 and reasons; rows
without a candidate are shown, too.

\b
Examples:
  crm-migrate match list.xlsx register.csv --on 简称=企业名称 --out matched.xlsx
  crm-migrate match a.csv b.parquet --on name --on address --top 1 --out matched.csv
""",
    """为 LEFT 的每一行在 RIGHT 中查找最佳候选,例如用简称清单对照企业名录。

第一个 --on 为名称,按字符(越罕见权重越大)及其组成(地区、字号、组织形式、分支)比较;
其余列作为佐证。两个文件列名不同时写作 --on 左列=右列。
两行表头(基础信息/客户名称)只写末级名称即可;
工作簿中只读取含这些列的工作表。结果含两个文件的全部列、
结论(匹配、不唯一、无匹配)、名次、得分(0-1)与理由;没有候选的行也会列出。

\b
示例:
  crm-migrate match 清单.xlsx 名录.csv --on 简称=企业名称 --out 匹配结果.xlsx
  crm-migrate match a.csv b.parquet --on 名称 --on 地址 --top 1 --out 匹配结果.csv
""",
)
SHOWN = 20


@click.command(help=str(HELP))
@click.argument("left", type=click.Path(path_type=Path))
@click.argument("right", type=click.Path(path_type=Path))
@click.option(
    "--on",
    multiple=True,
    metavar="COLUMN",
    help=str(Text("column, or LEFT=RIGHT; the name first", "列名，或 左列=右列；名称在前")),
)
@click.option(
    "--top",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help=str(Text("candidates per row", "每行候选数")),
)
@click.option(
    "--at-least",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help=str(Text("lowest score shown", "最低得分")),
)
@click.option(
    "--out", "target", type=click.Path(path_type=Path), help=str(Text("result", "结果文件"))
)
@click.option("--sheet", help=str(Text("sheet of a workbook", "工作表")))
@click.option(
    "--encoding",
    help=str(Text("of a csv file, where it is guessed wrong", "csv 编码（误判时指定）")),
)
@verb_options
def match(
    left: Path,
    right: Path,
    on: tuple[str, ...],
    top: int,
    at_least: float,
    target: Path | None,
    sheet: str | None,
    encoding: str | None,
    out: Output,
) -> None:
    """Match one list against another."""
    from crm_migrate.pipeline import match_files, write_matches
    from crm_migrate.stages.bare.table_files import require_outputs

    if not on:
        raise UsageFault(
            Text("--on COLUMN is needed", "需要 --on 列名"),
            remedy=Text("see: crm-migrate match --help", "参见:crm-migrate match --help"),
        )
    if target is not None:
        require_outputs((left, right), (target,))
    with out.progress() as progress:
        matched = match_files(
            left,
            right,
            on,
            top=top,
            at_least=at_least,
            sheet=sheet,
            encoding=encoding,
            progress=progress,
        )
        if target is not None:
            write_matches(matched, target)
    _show(matched, target, out)
    out.result(matched.to_json() | {"out": str(target) if target else None})


def _show(matched: "Matched", target: Path | None, out: Output) -> None:
    """How many rows found their entry; the first rows, where no file takes them."""
    counts = matched.counts
    head = (
        Text("rows", "行数"),
        Text("register", "名录"),
        Text("matched", "匹配"),
        Text("ambiguous", "不唯一"),
        Text("unmatched", "无匹配"),
    )
    row = tuple(counts[k] for k in ("left", "right", "matched", "ambiguous", "unmatched"))
    out.table(Text("matched", "匹配结果"), head, [row], numbers_from=0)
    if matched.left_tables:
        out.say(f"  {Text('sheets not read', '未读取的工作表')}: {', '.join(matched.left_tables)}")
    if target is None:
        mine, theirs = matched.on[0][0], matched.right_name
        shown = matched.table.select(mine, "verdict", "score", theirs, "reasons").head(SHOWN)
        rows = [tuple("" if cell is None else cell for cell in r) for r in shown.iter_rows()]
        words = (mine, Text("verdict", "结论"), Text("score", "得分"), theirs,
                 Text("reasons", "理由"))  # fmt: skip
        out.table("", words, rows, numbers_from=2, numbers_to=3)
        out.next_step(Text("write all of it: --out FILE.xlsx", "写出全部结果:--out FILE.xlsx"))
    else:
        out.say(str(target))
        out.next_step(
            Text(f"open {target} and decide the ambiguous rows", f"打开 {target}，确认不唯一的行")
        )
