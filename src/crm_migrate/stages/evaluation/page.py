"""The page of an evaluation, written where the user says."""

from pathlib import Path

from crm_migrate.language import Language, Text
from crm_migrate.reports.evaluation_page import evaluation_html
from crm_migrate.stages.bare.table_files import require_suffix, write_file
from crm_migrate.stages.evaluation.evaluated import Evaluated

BLOCKED = Text("brought together by blocking", "分块所及")
SCORED = Text("kept after scoring", "评分后保留")


def write_evaluation(found: Evaluated, path: Path, language: Language) -> None:
    """One self-contained page.

    Raises:
        UsageFault: another suffix than .html.
        CrmMigrateError: the file cannot be written.
    """
    require_suffix(path, (".html",))
    sample = found.sample
    page = evaluation_html(
        found.of,
        found.engine,
        language,
        truth=found.truth,
        recalls=recalls(found),
        rules=[
            (r.rule, r.pairs, r.found, r.alone)
            for r in (found.blocking.rules if found.blocking else ())
        ],
        curve=found.curve,
        thresholds=found.thresholds,
        sample=None
        if sample is None or not sample.asked
        else (
            sample.confidence,
            sample.precision,
            sample.recall,
            [(s.words, s.pairs, s.asked, s.same, s.unsure) for s in sample.strata],
        ),
        levels=found.levels,
        examples=[(e.title, e.steps, e.rows) for e in found.examples],
    )
    write_file(path, page.encode())


def recalls(found: Evaluated) -> list[tuple[Text, float, int, int]]:
    """What blocking and scoring let through: name, share, true pairs found, true pairs."""
    parts = ((BLOCKED, found.blocking), (SCORED, found.scored))
    return [(name, b.recall, b.found, b.true) for name, b in parts if b is not None]
