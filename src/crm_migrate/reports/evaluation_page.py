"""What `evaluate` found out, as one self-contained page: offline, printable, values masked."""

from typing import TYPE_CHECKING

from crm_migrate.language import Language, Text
from crm_migrate.linkage.engines.model_words import LevelRow, Step
from crm_migrate.linkage.evaluation.bounds import Estimate
from crm_migrate.linkage.evaluation.truth import Evaluation
from crm_migrate.plan.show.html import page_environment, template_text
from crm_migrate.reports.page_parts import part

if TYPE_CHECKING:
    import polars as pl

TOTAL = Text("match weight", "匹配权重")


def measure_rows(truth: Evaluation) -> list[tuple[Text, float, float, float, Text]]:
    """(what, precision, recall, F1, how it is counted)."""
    whole = Text("right {right:,} · found {found:,} · true {true:,}",
                 "正确 {right:,} · 判定 {found:,} · 实际 {true:,}")  # fmt: skip
    rows = []
    for name, scores in (
        (Text("pairs", "记录对"), truth.pairs),
        (Text("clusters, exactly right", "聚类（完全一致）"), truth.clusters),
        (Text("the same, more than one record", "其中多于一条记录的"), truth.joined_clusters),
    ):
        counts = whole.fill(right=int(scores.right), found=int(scores.found), true=int(scores.true))
        rows.append((name, scores.precision, scores.recall, scores.f1, counts))
    both = truth.b_cubed
    average = Text(f"average over {truth.records:,} records", f"对 {truth.records:,} 条记录取平均")
    rows.append((Text("B³", "B³"), both.precision, both.recall, both.f1, average))
    return rows


def merging_lines(truth: Evaluation) -> list[Text]:
    """Over-merging and under-merging, told apart."""
    over, under = truth.over, truth.under
    return [
        Text(
            f"over-merging: {over.clusters:,} clusters ({over.records:,} records) hold several"
            f" customers, at worst {over.largest:,}; {over.wrong_pairs:,} pairs joined wrongly",
            f"过度合并：{over.clusters:,} 个聚类(共 {over.records:,} 条)含多个客户，"
            f"最多 {over.largest:,} 个；误合并 {over.wrong_pairs:,} 对",
        ),
        Text(
            f"under-merging: {under.customers:,} customers ({under.records:,} records) lie in"
            f" several clusters, at worst {under.most:,}; {under.missed_pairs:,} pairs missed",
            f"合并不足：{under.customers:,} 个客户(共 {under.records:,} 条)分散在多个聚类，"
            f"最多 {under.most:,} 个；漏合并 {under.missed_pairs:,} 对",
        ),
    ]


def estimate_text(found: Estimate, confidence: float) -> Text:
    """An estimate with its bounds."""
    value = "—" if found.value is None else f"{found.value:.2%}"
    bounds = f"{found.low:.2%} … {found.high:.2%}"
    return Text(
        f"{value} ({bounds} with {confidence:.0%} confidence)",
        f"{value}({confidence:.0%} 置信区间 {bounds})",
    )


def evaluation_html(
    of: str,
    engine: str | None,
    language: Language,
    *,
    truth: Evaluation | None,
    recalls: list[tuple[Text, float, int, int]],
    rules: list[tuple[str, int, int, int]],
    curve: "pl.DataFrame | None",
    thresholds: tuple[float, float] | None,
    sample: tuple[float, Estimate, Estimate, list[tuple[Text, int, int, int, int]]] | None,
    levels: list[LevelRow],
    examples: list[tuple[Text, tuple[Step, ...], tuple[tuple[Text, str, str], ...]]],
) -> str:
    """The page. recalls: name, share, found, true. rules: name, pairs, found, found by it alone.
    sample: confidence, precision, recall, strata (words, pairs, asked, same, unsure).
    """
    from markupsafe import Markup

    return (
        page_environment()
        .from_string(part("evaluation.html.j2"))
        .render(
            of=of,
            engine=engine,
            zh=language == "zh",
            t=lambda en, zh: zh if language == "zh" else en,
            say=lambda text: text.in_language(language),
            pc=lambda share: f"{share:.2%}",
            n=lambda value: f"{value:,}",
            measures=measure_rows(truth) if truth else [],
            truth=truth,
            merging=merging_lines(truth) if truth else [],
            recalls=recalls,
            rules=rules,
            curve=_curve(curve, thresholds, language),
            sample=sample,
            estimate=estimate_text,
            levels=levels,
            weights=_weights(levels, language),
            examples=[
                (title.in_language(language), _waterfall(told, language), rows)
                for title, told, rows in examples
                if told
            ],
            style=Markup(template_text("page.css") + part("charts.css")),  # noqa: S704
        )
    )


def _curve(
    curve: "pl.DataFrame | None", thresholds: tuple[float, float] | None, language: Language
) -> str | None:
    from crm_migrate.reports.charts import lines

    if curve is None or curve.height < 2:
        return None
    names = (
        ("precision", Text("precision", "查准率")),
        ("recall", Text("recall", "查全率")),
        ("f1", Text("F1", "F1")),
    )
    told = (Text("review from", "复核线"), Text("join from", "合并线"))
    marks = [
        (bits, text.in_language(language))
        for bits, text in zip(thresholds or (), told, strict=False)
    ]
    xs = curve["threshold"].to_list()
    return lines(
        Text("threshold curve", "阈值曲线").in_language(language),
        Text("match weight from which pairs are joined, in bits", "合并阈值（比特）").in_language(
            language
        ),
        [
            (text.in_language(language), list(zip(xs, curve[name].to_list(), strict=True)))
            for name, text in names
        ],
        marks,
    )


def _weights(levels: list[LevelRow], language: Language) -> str | None:
    from crm_migrate.reports.charts import Bar, bars

    if not levels:
        return None
    rows, before = [], ""
    for row in levels:
        if row.comparison != before:
            rows.append(Bar(row.comparison))
            before = row.comparison
        if not row.missing:
            label = row.words.in_language(language) + (" *" if row.by_frequency else "")
            rows.append(Bar(label, 0.0, row.bits, f"{row.bits:+.1f}"))
    return bars(Text("weights per level", "各级权重").in_language(language), rows)


def _waterfall(told: tuple[Step, ...], language: Language) -> str:
    from crm_migrate.reports.charts import Bar, bars

    rows, height = [], 0.0
    for step in told:
        label = step.words.in_language(language)
        rows.append(Bar(label, height, height + step.bits, f"{step.bits:+.1f}"))
        height += step.bits
    probability = 1 / (1 + 2.0 ** -max(min(height, 60.0), -60.0))
    note = f"{height:+.1f} · {probability:.3%}"
    rows.append(Bar(TOTAL.in_language(language), 0.0, height, note, total=True))
    return bars(TOTAL.in_language(language), rows)
