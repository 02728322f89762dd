"""`evaluate`: how right the deduplication is."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.linkage.evaluation.bounds import Estimate
    from crm_migrate.stages.evaluation.evaluated import Evaluated, Sampled

HELP = Text(
    """Measure the deduplication: precision, recall and F1 of pairs, clusters and records (B³), what
blocking can find at all, over-merging apart from under-merging.

Either against a truth: a column that says who a record really is. Or by verdicts on a random
sample: --sample N raises N review tasks, and once they are answered the shares are estimated with
bounds. --html writes a page with the threshold curve, the model's weights and single pairs, values
masked. See docs/evaluation.md.

In a project the newest run is measured. Without one: FILEs with --rules, or what `link` wrote.

\b
Examples:
  crm-migrate evaluate --sample 300 --as wang
  crm-migrate evaluate --truth truth.csv --id code --truth-column customer --source sales
  crm-migrate evaluate --model
  crm-migrate evaluate --clusters clusters.csv --pairs pairs.csv --truth truth.csv
  crm-migrate evaluate people.csv --id no --rules person --truth-column who --html page.html
""",
    """评估去重结果：记录对、聚类、逐条记录(B³)的查准率、查全率与 F1,分块理论上能找到的部分,
并区分过度合并与合并不足。

可与真值比较（某列标明记录究竟属于谁），也可基于随机抽样:--sample N 生成 N 个复核任务,
裁决后给出带置信区间的估计。--html 输出页面：阈值曲线、模型权重与单对示例，值均已脱敏。
参见 docs/evaluation.md。

在项目中评估最近一次运行；无项目时评估给定文件（配合 --rules）或 link 的输出。

\b
示例:
  crm-migrate evaluate --sample 300 --as wang
  crm-migrate evaluate --truth truth.csv --id code --truth-column customer --source sales
  crm-migrate evaluate --model
  crm-migrate evaluate --clusters 去重.csv --pairs pairs.csv --truth truth.csv
  crm-migrate evaluate 人员.csv --id no --rules person --truth-column who --html 评估.html
""",
)
_FILE = click.Path(path_type=Path)


@click.command(help=str(HELP))
@click.argument("files", nargs=-1, metavar="[FILE]...", type=_FILE)
@click.option("--rules", help=str(Text("pack or YAML file, with FILEs", "规则包或 YAML 文件")))
@click.option("--clusters", type=_FILE, help=str(Text("result of link", "link 的结果文件")))
@click.option("--pairs", type=_FILE, help=str(Text("scored pairs of link", "link 的评分记录对")))
@click.option("--truth", type=_FILE, help=str(Text("file with the truth", "真值文件")))
@click.option(
    "--id",
    "id_column",
    default="record_id",
    show_default=True,
    help=str(Text("its column that names a record", "标识列")),
)
@click.option(
    "--truth-column",
    help=str(
        Text(
            "column that says who a record is [truth]; in a project without --truth: a field",
            "真值列 [truth];项目中未给 --truth 时为字段名",
        )
    ),
)
@click.option("--source", help=str(Text("source that the ids belong to", "标识所属的数据源")))
@click.option(
    "--run",
    "run",
    default="latest",
    show_default=True,
    help=str(Text("run: id, path, latest", "运行：编号、路径、latest")),
)
@click.option(
    "--sample", default=0, metavar="N", help=str(Text("pairs to be answered", "抽样记录对数"))
)
@click.option(
    "--confidence",
    default=0.95,
    show_default=True,
    type=click.FloatRange(0.5, 0.999),
    help=str(Text("of the bounds", "置信水平")),
)
@click.option(
    "--pair",
    "chosen",
    nargs=2,
    multiple=True,
    metavar="LEFT RIGHT",
    help=str(Text("record ids of a pair to be explained", "要解释的一对记录标识")),
)
@click.option("--model", is_flag=True, help=str(Text("show m, u and weights", "显示模型权重")))
@click.option("--html", "page", type=_FILE, help=str(Text("write a page", "输出页面")))
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def evaluate(
    ctx: click.Context,
    files: tuple[Path, ...],
    rules: str | None,
    clusters: Path | None,
    pairs: Path | None,
    truth: Path | None,
    id_column: str,
    truth_column: str | None,
    source: str | None,
    run: str,
    sample: int,
    confidence: float,
    chosen: tuple[tuple[str, str], ...],
    model: bool,
    page: Path | None,
    person: str | None,
    out: Output,
) -> None:
    """Measure a run, or files."""
    from crm_migrate.pipeline import (
        FilesAsked,
        TruthFile,
        evaluate_files,
        evaluate_run,
        write_evaluation,
    )

    if files or clusters is not None:
        if sample or chosen:
            raise UsageFault(
                Text("--sample and --pair need a project", "--sample 与 --pair 需要项目")
            )
        given = truth_column or "truth"
        found = evaluate_files(FilesAsked(files, rules, clusters, pairs, truth, id_column, given))
    else:
        where: TruthFile | str | None = truth_column
        if truth is not None:
            where = TruthFile(truth, id_column, truth_column or "truth", source)
        with opened(ctx, out) as session:
            found = evaluate_run(
                session,
                run,
                truth=where,
                sample=sample,
                confidence=confidence,
                by=person,
                pairs=chosen,
            )
    if page is not None:
        write_evaluation(found, page, current_language())
    _show(found, out, model)
    if page is not None:
        out.say(str(page))
    out.next_step(_next(found, page))
    plain = found.to_json(current_language())
    out.result(plain | {"page": str(page) if page else None})


def _show(found: "Evaluated", out: Output, model: bool) -> None:
    if found.truth is not None:
        _truth(found, out)
    if found.sample is not None:
        _sample(found.sample, out)
    if model:
        _model(found, out)
    for example in found.examples if model else ():
        out.say(example.title, "bold")
        for step in example.steps:
            out.say(f"  {step.bits:+7.1f}  {step.words}")


def _truth(found: "Evaluated", out: Output) -> None:
    from crm_migrate.reports.evaluation_page import measure_rows, merging_lines
    from crm_migrate.stages.evaluation.page import recalls

    assert found.truth is not None
    out.table(
        Text(
            f"{found.of}: {found.truth.records:,} records with a truth",
            f"{found.of}：有真值的记录 {found.truth.records:,} 条",
        ),
        (
            Text("measure", "指标"),
            Text("precision", "查准率"),
            Text("recall", "查全率"),
            Text("F1", "F1"),
            Text("counted", "计数"),
        ),
        [
            (name, f"{p:.2%}", f"{r:.2%}", f"{f:.2%}", counted)
            for name, p, r, f, counted in measure_rows(found.truth)
        ],
        numbers_to=4,
    )
    for line in merging_lines(found.truth):
        out.say(line)
    for name, share, right, true in recalls(found):
        out.say(
            Text(
                f"true pairs {name.en}: {share:.2%} ({right:,} of {true:,})",
                f"真实对中{name.zh}：{share:.2%}({right:,} / {true:,})",
            )
        )


def _sample(sample: "Sampled", out: Output) -> None:
    if not sample.asked and not sample.tasks:
        out.say(
            Text(
                "no verdicts on a random sample yet: crm-migrate evaluate --sample 300",
                "尚无随机抽样裁决:crm-migrate evaluate --sample 300",
            )
        )
        return
    out.table(
        Text("verdicts on a random sample", "随机抽样裁决"),
        (
            Text("stratum", "分层"),
            Text("pairs", "记录对"),
            Text("verdicts", "裁决"),
            Text("same", "同一"),
            Text("unsure", "不确定"),
        ),
        [(str(s.words), s.pairs, s.asked, s.same, s.unsure) for s in sample.strata],
    )
    _said(Text("precision of joined pairs", "已合并记录对的查准率"), sample.precision, sample, out)
    _said(Text("recall among scored pairs", "已评分记录对中的查全率"), sample.recall, sample, out)
    if sample.beyond:
        out.say(
            Text(
                f"{sample.beyond:,} verdicts do not count yet: a pair drawn before them is open",
                f"{sample.beyond:,} 个裁决暂不计入：其前面仍有未裁决的抽样对",
            ),
            "yellow",
        )
    if sample.tasks:
        out.say(
            Text(
                f"{len(sample.tasks):,} pairs wait for a verdict: {', '.join(sample.tasks[:5])} …",
                f"{len(sample.tasks):,} 对待裁决：{'、'.join(sample.tasks[:5])} …",
            ),
            "bold",
        )


def _said(name: Text, found: "Estimate", sample: "Sampled", out: Output) -> None:
    from crm_migrate.reports.evaluation_page import estimate_text

    told = estimate_text(found, sample.confidence)
    out.say(Text(f"{name.en}: {told.en}", f"{name.zh}:{told.zh}"), "bold")


def _model(found: "Evaluated", out: Output) -> None:
    out.table(
        Text("the model: shares m among matching, u among other pairs",
             "模型:m 为匹配对占比,u 为非匹配对占比"),
        (Text("comparison", "比较项"), Text("level", "级别"), Text("m", "m"), Text("u", "u"),
         Text("bits", "比特")),
        [
            (r.comparison, r.words, "—" if r.missing else f"{r.m:.4f}",
             "—" if r.missing else f"{r.u:.2e}", f"{r.bits:+.1f}")
            for r in found.levels
        ],
        numbers_from=2,
    )  # fmt: skip


def _next(found: "Evaluated", page: Path | None) -> str:
    if found.sample is not None and found.sample.tasks:
        return f"crm-migrate review decide {found.sample.tasks[0]} same|different"
    return (
        "crm-migrate review list" if page is not None else "crm-migrate evaluate --html page.html"
    )
