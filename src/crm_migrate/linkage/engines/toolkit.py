"""The Python Record Linkage Toolkit as second engine: a second opinion on the native one.

Its indexers, Compare and classifiers (ECM; logistic regression once there are verdicts), on the
same blocks and levels, with the same vetoes, verdicts and clustering. Limits of the toolkit: no
frequency of values; m and u learnt from blocked pairs alone; every pair is compared by Python
functions, and all vectors lie in memory. Importing it takes seconds: never at start.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_migrate.errors import CrmMigrateError
from crm_migrate.language import Text
from crm_migrate.linkage.blocking.blocks import capped_blocks, expand
from crm_migrate.linkage.deciding.clustering import Rivals, cluster
from crm_migrate.linkage.deciding.decision import decide
from crm_migrate.linkage.deciding.judgements import judgements
from crm_migrate.linkage.engines.contract import Linkage, Progress, no_progress
from crm_migrate.linkage.engines.native import REPORT_KEY, Stopwatch, assemble
from crm_migrate.linkage.engines.toolkit_classifiers import frozen, learn
from crm_migrate.linkage.engines.toolkit_levels import toolkit_levels, toolkit_pairs
from crm_migrate.linkage.features.features import build_features
from crm_migrate.linkage.features.shared_values import stop_shared_values
from crm_migrate.linkage.model.scoring import Scored, agree_on_any
from crm_migrate.linkage.rules.types import LinkageRules

MOST_PAIRS = 5_000_000
"""Candidate pairs that the toolkit is given: beyond, its vectors would fill some gigabytes."""


@dataclass(frozen=True)
class RecordLinkageEngine:
    """The toolkit behind the engine contract; `key` keys the digests in reports."""

    key: bytes = REPORT_KEY
    progress: Progress = no_progress

    def link(
        self, records: pl.DataFrame, rules: LinkageRules, verdicts: pl.DataFrame | None = None
    ) -> Linkage:
        """The linkage of `records` as the toolkit sees it.

        Raises: CrmMigrateError when record ids are missing or repeated, or when blocking brings
        more than MOST_PAIRS pairs together.
        """
        watch = Stopwatch(self.progress)
        with watch.stage("features"):
            stopped = stop_shared_values(build_features(records, rules), rules, self.key)
            features = stopped.features
        with watch.stage("blocking"):
            blocks = capped_blocks(features, rules, self.key)
            _require_few(sum(len(expand(b)[0]) for b in blocks.by_rule), rules)
            pairs = toolkit_pairs(blocks, len(features))
            left, right = (pairs.get_level_values(i).to_numpy(np.int64) for i in (0, 1))
        with watch.stage("scoring"):
            levels = toolkit_levels(pairs, features, rules)
            said = judgements(verdicts, features)
            learnt = learn(levels, (left, right), len(features), rules, said)
            certain = agree_on_any(features, rules.certain, left, right)
            scored = Scored(left, right, learnt.score(levels), levels, certain)
            model = frozen(learnt, rules, stopped.stop_list)
        with watch.stage("clustering"):
            decisions = decide(scored, features, rules, model, said)
            joined = np.flatnonzero(decisions.joined)
            found = cluster(
                features,
                rules,
                scored.left[joined],
                scored.right[joined],
                scored.weight[joined],
                said,
                Rivals(
                    scored.left[decisions.rivals],
                    scored.right[decisions.rivals],
                    decisions.witness[joined],
                ),
            )
        return assemble(
            features,
            rules,
            scored,
            decisions,
            found,
            blocks.capped,
            stopped.report,
            model,
            watch.seconds,
            len(pairs),
        )


def _require_few(pairs: int, rules: LinkageRules) -> None:
    if pairs > MOST_PAIRS:
        raise CrmMigrateError(
            Text(
                f"{pairs:,} pairs are too many for the engine recordlinkage (at most"
                f" {MOST_PAIRS:,})",
                f"{pairs:,} 个记录对超出 recordlinkage 引擎的上限({MOST_PAIRS:,})",
            ),
            where=rules.entity,
            remedy=Text(
                "use engine: native, or block by narrower keys",
                "请改用 engine: native 或更细的分块",
            ),
        )
