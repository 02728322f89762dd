"""A quality report as page, workbook and terminal see it: figures beside those of other runs."""

from dataclasses import dataclass
from functools import cached_property

from crm_migrate.language import Language, Text
from crm_migrate.model import Model
from crm_migrate.project.quality_file import QualityFile
from crm_migrate.project.quality_measures import AFTER, BEFORE
from crm_migrate.project.settings import Cover
from crm_migrate.quality.scores import Scores, Values, scores
from crm_migrate.reports.audit_report import Revision
from crm_migrate.reports.quality_facts import Example, QualityFacts

SCORE_BEFORE = Text("before", "治理前")
SCORE_AFTER = Text("after", "治理后")


@dataclass(frozen=True)
class Issue:
    """The version of the document that a page is; None on a page that is no document."""

    version: str
    date: str
    cover: Cover
    prepared_by: str
    revisions: tuple[Revision, ...]


@dataclass(frozen=True)
class Point:
    """One run in the trend."""

    run: str
    at: str
    before: Values
    after: Values


@dataclass(frozen=True)
class QualityView:
    """The figures of a run beside those of the first one, and all there were in between."""

    project: str
    model: Model
    rules: QualityFile
    language: Language
    facts: QualityFacts
    baseline: QualityFacts
    history: tuple[QualityFacts, ...]
    """Oldest first; the run itself is one of them."""
    examples: tuple[Example, ...] = ()
    issue: Issue | None = None

    def say(self, text: Text) -> str:
        """In the language of the view."""
        return text.in_language(self.language)

    @cached_property
    def scores(self) -> Scores:
        """The run's figures under the weights."""
        return scores(self.facts.counts, self.rules.weights)

    @cached_property
    def before(self) -> Values:
        """All sources."""
        return self.scores.part(BEFORE)

    @cached_property
    def after(self) -> Values:
        """All golden records."""
        return self.scores.part(AFTER)

    @cached_property
    def first(self) -> Values:
        """All sources as they were in the first run."""
        return scores(self.baseline.counts, self.rules.weights).part(BEFORE)

    @cached_property
    def trend(self) -> tuple[Point, ...]:
        """Every run that was measured, under the weights of today."""
        points = []
        for facts in self.history:
            found = scores(facts.counts, self.rules.weights)
            points.append(Point(facts.run, facts.at, found.part(BEFORE), found.part(AFTER)))
        return tuple(points)

    def entity(self, name: str) -> str:
        """What an entity is called."""
        known = self.model.by_name.get(name)
        return self.say(known.label) if known else name

    def field(self, entity: str, name: str) -> str:
        """What a field is called."""
        known = self.model.by_name.get(entity)
        field = known.by_name.get(name) if known else None
        return self.say(field.label) if field else name
