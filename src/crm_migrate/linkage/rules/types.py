"""Linkage rules: how the records of one entity are compared, and what decides a match.

Read from `rules/linkage.yaml` or a ready-made pack by `rules.parse_rules`.
"""

from dataclasses import dataclass, field
from typing import Literal

from crm_migrate.language import Text

FeatureKind = Literal[
    "uscc",
    "organisation",
    "registration",
    "exact",
    "text",
    "company_name",
    "company_names",
    "firm_name",
    "person_name",
    "names",
    "date",
    "phones",
    "emails",
    "domains",
    "address",
]
Measure = Literal["jaro_winkler", "edit", "typos", "grams", "beginning"]
EngineName = Literal["native", "recordlinkage", "natural_key", "alone"]

FEATURE_PARTS: dict[str, tuple[str, ...]] = {
    "uscc": (),
    "organisation": (),
    "registration": (),
    "exact": (),
    "text": (),
    "company_name": (
        *("full", "core", "brand", "region", "form", "branch", "skip", "industry"),
        *("sound", "initials"),
    ),
    "company_names": (),
    "firm_name": ("core", "sorted", "lead", "form", "branch"),
    "person_name": (),
    "names": (),
    "date": (),
    "phones": (),
    "emails": (),
    "domains": (),
    "address": ("road", "number"),
}
"""Feature kind → the parts that stand beside the whole value as `name.part`."""

SET_KINDS = ("phones", "emails", "domains", "company_names")
SET_PARTS = ("skip",)
"""Features with several values per record; two records agree when they share one."""

FaultAt = tuple[str, Text]
"""Path inside the rules (`customer/compare/name/0/same`) and what is wrong there."""


@dataclass(frozen=True, slots=True)
class FeatureRule:
    """A feature made from the first non-empty of `fields` (for codes the first that is valid; from
    all of them for sets).

    A field may be one of a child entity, `contact.mobile`: see `evidence.with_children`.
    """

    name: str
    fields: tuple[str, ...]
    kind: FeatureKind


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison; the first level whose conditions all hold is taken.

    `m` and `u` are what is expected before any data is seen: the share of matching (not
    matching) pairs at this level.
    """

    words: Text
    same: tuple[str, ...] = ()
    similar: str | None = None
    by: Measure = "jaro_winkler"
    at_least: float = 1.0
    """Similarity 0–1 (for `grams` the cosine of n-grams weighed by rarity); for `typos` the
    largest number of edits. `beginning` is 1 where one text begins the other."""
    compatible: tuple[str, ...] = ()
    """Features that may be missing, but must not differ."""
    unlike: tuple[str, ...] = ()
    """Features that both must have, and not the same: names similar as a whole whose surnames
    are not have been exchanged."""
    frequency: bool = False
    """Agreement on a rare value weighs more than on a frequent one."""
    m: float = 0.5
    u: float = 0.001

    @property
    def subject(self) -> str:
        """The feature that must be present on both sides."""
        return self.same[0] if self.same else str(self.similar)

    @property
    def only_same(self) -> bool:
        """Whether sharing the values of `same` is all that it asks."""
        return self.similar is None and not self.compatible and not self.unlike

    def features(self) -> tuple[str, ...]:
        """All features that this level looks at."""
        return (
            *self.same,
            *([self.similar] if self.similar else []),
            *self.compatible,
            *self.unlike,
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ordered levels, the strongest first; below them stand "differs" and "missing"."""

    name: str
    levels: tuple[Level, ...]

    @property
    def subject(self) -> str:
        """Records that lack this feature are at the null level, which weighs nothing."""
        return self.levels[0].subject


@dataclass(frozen=True, slots=True)
class Veto:
    """Two records that differ in `feature` (both present) are not linked by the engine.

    `apart` says no at once, `review` asks a person; neither holds where `unless_same` agrees.
    """

    feature: str
    then: Literal["apart", "review"] = "apart"
    unless_same: str | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two records are not linked where all of `differs` (comparisons) are at their last level.

    It does not hold where one of `alike` is at its last level, too, nor where one of `unless` is
    at a better level. A comparison with a missing side is at neither.
    """

    differs: tuple[str, ...]
    alike: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    then: Literal["apart", "review"] = "apart"


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits: rows per block, by what a larger block is refined, and members per cluster."""

    block: int = 200
    refine: str | None = None
    cluster: int = 60


@dataclass(frozen=True, slots=True)
class SharedValues:
    """A value of `feature` seen with more than `limit` different `by` says nothing."""

    feature: str
    by: str
    limit: int


@dataclass(frozen=True)
class LinkageRules:
    """Everything that decides how one entity is linked."""

    entity: str
    engine: EngineName = "native"
    features: tuple[FeatureRule, ...] = ()
    blocking: tuple[tuple[str, ...], ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    match: float = 0.95
    """Match probability from which a pair is linked."""
    review: float = 0.3
    """Match probability from which a person is asked."""
    support: int = 2
    """Comparisons that must speak for a match that no `certain` rule makes."""
    essential: tuple[str, ...] = ()
    """Comparisons that must not differ in a match that no `certain` rule makes."""
    certain: tuple[tuple[str, ...], ...] = ()
    """Features whose common agreement makes a match, whatever the weights say."""
    vetoes: tuple[Veto, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    shared: tuple[SharedValues, ...] = ()
    caps: Caps = field(default_factory=Caps)
    margin: float = 3.0
    """Bits: two rivals across a veto that are closer than this are a tie, for a person."""
    natural_keys: tuple[tuple[str, ...], ...] = ()

    def feature(self, name: str) -> FeatureRule:
        """The rule of a feature or of one of its parts; KeyError when there is none."""
        base = name.partition(".")[0]
        for rule in self.features:
            if rule.name == base:
                return rule
        raise KeyError(name)


DIFFERS = Text("differs", "不同")
MISSING = Text("missing", "缺失")
