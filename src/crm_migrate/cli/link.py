"""`link`: deduplicate bare files, propose rules for them, or ask a second engine about a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import opened
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.stages.evaluation.engines import Comparison

HELP = Text(
    """Find the records that are one, in files (csv, xlsx, parquet), without a project.

The result has record_id (the value of --id, or a stable id of its own) and cluster_id. With
several files --id is given once for all, once per file in their order, or as FILE:COLUMN. Of a
workbook the sheets with such records are read, or the one that --sheet names. Rules are a
ready-made pack (company-cn, company, person) or a YAML file; columns are recognised by their
headers, Chinese or English, and by their values. With --against, new records are linked to
clusters that are known from before; these keep their ids. With --suggest, rules are proposed from
the data. With --run, the customers of a run are linked again by another engine, and it is shown
where the two agree.

\b
Examples:
  crm-migrate link customers.csv --id 客户编号 --rules company-cn --out clusters.csv
  crm-migrate link a.xlsx b.csv --id no --id 编号 --rules person --out c.parquet --pairs pairs.csv
  crm-migrate link today.csv --id no --rules company --against golden.csv --out golden2.csv
  crm-migrate link customers.csv --suggest --out rules.yaml
  crm-migrate link --run latest --engine recordlinkage
""",
    """在文件(csv、xlsx、parquet)中找出重复记录,无需项目。

结果含 record_id(--id 列的值,未指定时为稳定的内部标识)与 cluster_id。
多个文件时,--id 可只写一次,或按文件顺序各写一次,或写作 文件:列名。
工作簿中只读取含此类记录的工作表,或由 --sheet 指定。规则可为内置规则包(company-cn、company、person)
或 YAML 文件;各列按中英文表头及取值自动识别。使用 --against 时,新记录并入已有分组,
原有分组编号不变。使用 --suggest 时,根据数据建议规则。
使用 --run 时,以另一引擎对某次运行的客户重新去重,并显示两者是否一致。

\b
示例:
  crm-migrate link 客户.csv --id 客户编号 --rules company-cn --out 去重.csv
  crm-migrate link a.xlsx b.csv --id 编号 --id 客户号 --rules person --out c.parquet
  crm-migrate link 今日.csv --id 编号 --rules company-cn --against 已有.csv --out 新结果.csv
  crm-migrate link 客户.csv --suggest --out rules.yaml
  crm-migrate link --run latest --engine recordlinkage
""",
)


@click.command(help=str(HELP))
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option(
    "--id",
    "ids",
    multiple=True,
    metavar="[FILE:]COLUMN",
    help=str(Text("column that names a row; of several files each", "标识列；多个文件可分别指定")),
)
@click.option("--rules", help=str(Text("pack or YAML file", "规则包或 YAML 文件")))
@click.option(
    "--out", "target", type=click.Path(path_type=Path), help=str(Text("result", "结果文件"))
)
@click.option(
    "--pairs", type=click.Path(path_type=Path), help=str(Text("scored pairs", "评分记录对"))
)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help=str(Text("earlier records with cluster_id", "已有记录（含 cluster_id）")),
)
@click.option(
    "--suggest", is_flag=True, help=str(Text("propose rules from the data", "根据数据建议规则"))
)
@click.option("--sheet", help=str(Text("sheet of a workbook", "工作表")))
@click.option(
    "--encoding",
    help=str(Text("of a csv file, where it is guessed wrong", "csv 编码（误判时指定）")),
)
@click.option("--run", "run", help=str(Text("a run: id, path, latest", "运行：编号、路径、latest")))
@click.option(
    "--engine",
    type=click.Choice(["recordlinkage", "native"]),
    default="recordlinkage",
    show_default=True,
    help=str(Text("second engine, with --run", "第二引擎（配合 --run）")),
)
@verb_options
@click.pass_context
def link(
    ctx: click.Context,
    /,
    files: tuple[Path, ...],
    run: str | None,
    engine: str,
    suggest: bool,
    out: Output,
    **options: Any,
) -> None:
    """Link files, propose rules, or compare engines on a run."""
    if run is not None:
        if files:
            raise UsageFault(Text("either files or --run", "文件与 --run 只能选其一"))
        _compare(ctx, run, engine, out)
        return
    if suggest and files:
        _suggest(files, out, **options)
        return
    needed = ("rules", "target")
    if not files or any(options[name] is None for name in needed):
        raise UsageFault(
            Text("FILE, --rules and --out are needed", "需要 FILE、--rules 与 --out"),
            remedy=Text(
                "see: crm-migrate link --help; to see what columns and rules there are: "
                "crm-migrate link FILE --suggest",
                "参见:crm-migrate link --help;查看可用的列与规则:crm-migrate link FILE --suggest",
            ),
        )
    _files(files, out, **options)


def _files(
    files: tuple[Path, ...],
    out: Output,
    *,
    ids: tuple[str, ...],
    rules: str,
    target: Path,
    pairs: Path | None,
    against: Path | None,
    sheet: str | None,
    encoding: str | None,
) -> None:
    from crm_migrate.pipeline import link_files, write_clusters
    from crm_migrate.stages.bare.table_files import require_outputs

    require_outputs(
        (*files, *([against] if against else [])), (target, *([pairs] if pairs else []))
    )
    with out.progress() as progress:
        result = link_files(
            files,
            ids,
            rules,
            sheet=sheet,
            encoding=encoding,
            against=against,
            progress=progress,
        )
        write_clusters(result, target, pairs)
    found = result.to_json()
    for field, columns in result.fields.items():
        out.say(f"  {field}: {', '.join(columns)}")
    if result.unused:
        out.say(f"  {Text('not used', '未使用')}: {', '.join(result.unused)}")
    if result.left_tables:
        out.say(f"  {Text('sheets not read', '未读取的工作表')}: {', '.join(result.left_tables)}")
    _show_counts(found, out)
    for block in found["capped_blocks"]:
        out.say(
            Text(
                f"a block of rule {block['rule']} was too large: {block['not_compared']:,} pairs"
                " were not compared",
                f"规则 {block['rule']} 的一个分块过大：{block['not_compared']:,} 对未比较",
            ),
            "yellow",
        )
    out.say(str(target))
    if pairs is not None:
        out.say(str(pairs))
    out.next_step(f"crm-migrate init PROJECT --from {files[0]} --target sandbox")
    out.result(found | {"out": str(target), "pairs_out": str(pairs) if pairs else None})


def _show_counts(found: dict[str, Any], out: Output) -> None:
    head = [
        Text("records", "记录"),
        Text("pairs compared", "比较对"),
        Text("joined", "合并边"),
        Text("clusters", "唯一客户"),
        Text("largest", "最大分组"),
        Text("doubtful", "疑似"),
    ]
    keys = ["records", "pairs", "edges", "clusters", "largest_cluster", "review"]
    if "new" in found:
        head += [Text("new records", "新记录"), Text("joined earlier ones", "并入已有")]
        keys += ["new", "joined"]
    row = tuple(found[k] for k in keys)
    out.table(Text("linked", "去重结果"), head, [row], numbers_from=0)


def _suggest(
    files: tuple[Path, ...],
    out: Output,
    *,
    ids: tuple[str, ...],
    rules: str | None,
    target: Path | None,
    sheet: str | None,
    encoding: str | None,
    **_: Any,
) -> None:
    from crm_migrate.pipeline import suggest_rules
    from crm_migrate.stages.bare.table_files import require_suffix, write_file

    if target is not None:
        require_suffix(target, (".yaml", ".yml"))
    found = suggest_rules(files, ids, rules, sheet=sheet, encoding=encoding).to_json()
    head = (Text("column", "列"), Text("field", "字段"), Text("filled", "填充率"),
            Text("distinct", "唯一率"))  # fmt: skip
    rows = [
        (c["column"], c["field"] or "-", f"{c['filled']:.0%}", f"{c['distinct']:.0%}")
        for c in found["columns"]
    ]
    out.table(Text(f"pack {found['pack']}", f"规则包 {found['pack']}"), head, rows, numbers_from=2)
    costs = (Text("blocking key", "分块键"), Text("pairs", "记录对"), Text("largest", "最大分块"))
    blocks = [(b["rule"], b["pairs"], b["largest_block"]) for b in found["blocking"]]
    out.table(Text("blocking", "分块"), costs, blocks)
    if target is not None:
        write_file(target, found["rules"].encode("utf-8"))
        out.say(str(target))
    else:
        out.say(found["rules"])
    name = next(iter((*ids, *found["ids"])), None)
    named = f" --id {name}" if name else ""
    chosen = target or "rules.yaml"
    out.next_step(f"crm-migrate link {files[0]}{named} --rules {chosen} --out clusters.csv")
    out.result(found | {"out": str(target) if target else None})


def _compare(ctx: click.Context, run: str, engine: str, out: Output) -> None:
    from crm_migrate.pipeline import compare_engines

    with opened(ctx, out) as session:
        found = compare_engines(session, run, engine)  # type: ignore[arg-type]  # click.Choice
    _show(found, out)
    out.next_step("crm-migrate review list")
    out.result(found.to_json())


def _show(found: "Comparison", out: Output) -> None:
    from crm_migrate.stages.evaluation.engines import REASONS

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
    if found.beyond_advice:
        out.say(
            Text(
                "more records than recordlinkage is made for: it takes long and much memory",
                "记录数超出 recordlinkage 的适用范围：耗时长、占用内存多",
            ),
            "yellow",
        )
    if "recordlinkage" in (first, second):
        out.say(
            Text(
                "recordlinkage learns from the pairs of blocks alone and does not weigh how rare a "
                "value is: it joins fewer pairs, and leaves more of them to people.",
                "recordlinkage 只从分块内的记录对学习，且不考虑取值的稀有程度："
                "合并得更少、更保守，留给人工的更多。",
            )
        )
