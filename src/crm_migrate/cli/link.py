"""`link`: deduplicate bare files, or ask a second engine about a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import opened
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.stages.compare_engines import Comparison

HELP = Text(
    """Find the records that are one, in files (csv, xlsx, parquet), without a project.

The result has record_id (the value of the id column) and cluster_id. Rules are a shipped pack
(company-cn, person) or a YAML file. With --run, the customers of a run are linked again by another
engine, and it is shown where the two agree.

\b
Examples:
  crm-migrate link customers.csv --id 客户编号 --rules company-cn --out clusters.csv
  crm-migrate link a.xlsx b.xlsx --id no --rules rules.yaml --out c.parquet --pairs pairs.csv
  crm-migrate link --run latest --engine recordlinkage
""",
    """在文件(csv、xlsx、parquet)中找出重复记录,无需项目。

结果含 record_id(标识列的值)与 cluster_id。规则可为内置规则包(company-cn、person)或 YAML 文件。
使用 --run 时,以另一引擎对某次运行的客户重新去重,并显示两者是否一致。

\b
示例:
  crm-migrate link 客户.csv --id 客户编号 --rules company-cn --out 去重.csv
  crm-migrate link a.xlsx b.xlsx --id 编号 --rules rules.yaml --out c.parquet --pairs pairs.csv
  crm-migrate link --run latest --engine recordlinkage
""",
)


@click.command(help=str(HELP))
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("--id", "id_column", help=str(Text("column that names a row", "标识列")))
@click.option("--rules", help=str(Text("pack or YAML file", "规则包或 YAML 文件")))
@click.option(
    "--out", "target", type=click.Path(path_type=Path), help=str(Text("result", "结果文件"))
)
@click.option(
    "--pairs", type=click.Path(path_type=Path), help=str(Text("scored pairs", "评分记录对"))
)
@click.option("--sheet", help=str(Text("sheet of a workbook", "工作表")))
@click.option("--run", "run", help=str(Text("a run: id, path, latest", "运行:编号、路径、latest")))
@click.option(
    "--engine",
    type=click.Choice(["recordlinkage", "native"]),
    default="recordlinkage",
    show_default=True,
    help=str(Text("second engine, with --run", "第二引擎(配合 --run)")),
)
@verb_options
@click.pass_context
def link(
    ctx: click.Context,
    files: tuple[Path, ...],
    id_column: str | None,
    rules: str | None,
    target: Path | None,
    pairs: Path | None,
    sheet: str | None,
    run: str | None,
    engine: str,
    out: Output,
) -> None:
    """Link files, or compare engines on a run."""
    if run is not None:
        if files:
            raise UsageFault(Text("either files or --run", "文件与 --run 只能选其一"))
        _compare(ctx, run, engine, out)
        return
    if not files or id_column is None or rules is None or target is None:
        raise UsageFault(
            Text("FILE, --id, --rules and --out are needed", "需要 FILE、--id、--rules 与 --out"),
            remedy=Text("see: crm-migrate link --help", "参见:crm-migrate link --help"),
        )
    _files(files, id_column, rules, target, pairs, sheet, out)


def _files(
    files: tuple[Path, ...],
    id_column: str,
    rules: str,
    target: Path,
    pairs: Path | None,
    sheet: str | None,
    out: Output,
) -> None:
    from crm_migrate.pipeline import link_files, write_clusters
    from crm_migrate.stages.table_files import require_suffix

    for path in (target, *([pairs] if pairs else [])):
        require_suffix(path)  # before the work, not after it
    result = link_files(files, id_column, rules, sheet=sheet)
    write_clusters(result, target, pairs)
    found = result.to_json()
    for field, columns in result.fields.items():
        out.say(f"  {field}: {', '.join(columns)}")
    head = (
        Text("records", "记录"),
        Text("pairs compared", "比较对"),
        Text("joined", "合并边"),
        Text("clusters", "唯一客户"),
        Text("doubtful", "疑似"),
    )
    row = tuple(found[k] for k in ("records", "pairs", "edges", "clusters", "review"))
    out.table(Text("linked", "去重结果"), head, [row], numbers_from=0)
    for block in found["capped_blocks"]:
        out.say(
            Text(
                f"a block of rule {block['rule']} was too large: {block['not_compared']:,} pairs"
                " were not compared",
                f"规则 {block['rule']} 的一个分块过大:{block['not_compared']:,} 对未比较",
            ),
            "yellow",
        )
    out.say(str(target))
    if pairs is not None:
        out.say(str(pairs))
    out.next_step(f"crm-migrate init PROJECT --from {files[0]} --target sandbox")
    out.result(found | {"out": str(target), "pairs_out": str(pairs) if pairs else None})


def _compare(ctx: click.Context, run: str, engine: str, out: Output) -> None:
    from crm_migrate.pipeline import compare_engines

    with opened(ctx, out) as session:
        found = compare_engines(session, run, engine)  # type: ignore[arg-type]  # click.Choice
    _show(found, out)
    out.next_step("crm-migrate review list")
    out.result(found.to_json())


def _show(found: "Comparison", out: Output) -> None:
    from crm_migrate.stages.compare_engines import REASONS

    head = (
        Text("engine", "引擎"),
        Text("pairs compared", "比较对"),
        Text("joined", "合并边"),
        Text("clusters", "唯一客户"),
        Text("doubtful", "疑似"),
        Text("seconds", "秒"),
    )
    rows = [
        (f.engine, f.pairs, f.edges, f.clusters, f.review, f.seconds)
        for f in (found.first, found.second)
    ]
    title = Text(
        f"two engines on {found.records:,} customers", f"两个引擎对 {found.records:,} 条客户记录"
    )
    out.table(title, head, rows)
    first, second = found.first.engine, found.second.engine
    out.say(
        Text(
            f"joined by both {found.both:,} · only {first} {found.only_first:,} · "
            f"only {second} {found.only_second:,} · agreement {found.share:.1%}",
            f"两者均合并 {found.both:,} 对 · 仅 {first} {found.only_first:,} 对 · "
            f"仅 {second} {found.only_second:,} 对 · 一致率 {found.share:.1%}",
        ),
        "bold",
    )
    if found.reasons:
        out.table(
            Text("why the other engine did not join", "另一引擎未合并的原因"),
            (Text("engine", "引擎"), Text("reason", "原因"), Text("pairs", "记录对")),
            [(e, REASONS[r], n) for e, r, n in found.reasons],
            numbers_from=2,
        )
    if "recordlinkage" in (first, second):
        out.say(
            Text(
                "recordlinkage knows only yes and no per field and counts a missing value as a "
                "disagreement: where records are thin it joins fewer, and never a bold pair.",
                "recordlinkage 对每个字段只判断“是/否”,缺失值按“不一致”计;"
                "资料不全时合并得更少、更保守。",
            )
        )
