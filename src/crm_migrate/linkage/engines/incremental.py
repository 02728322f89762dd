"""Linking what changed: new and changed records against all known ones, by the frozen model.

Pairs of unchanged records keep what they weighed. A record is compared anew with everything that
stands in one of its blocks, and only the clusters that it touches, or touched, are made again. The
result is that of a full run with the same frozen model, but for blocks above the cap: there the
choice of pairs depends on all records, and the next full run settles it (decision record 0021).
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from crm_migrate.linkage.blocking.candidates import candidates
from crm_migrate.linkage.deciding.clustering import Clusters, components
from crm_migrate.linkage.deciding.decision import Decisions, weigh, with_verdicts
from crm_migrate.linkage.deciding.judgements import Judgements, judgements
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.engines.native import (
    NativeEngine,
    Stopwatch,
    assemble,
    cluster_decided,
    weighed_grams,
)
from crm_migrate.linkage.features.coded import Indices, Mask
from crm_migrate.linkage.features.features import Features, build_features
from crm_migrate.linkage.memory.changes import Change, changes
from crm_migrate.linkage.memory.memory import (
    Memory,
    block_numbers,
    in_blocks_of,
    recall,
    remember,
    said_by,
)
from crm_migrate.linkage.model.scoring import Scored, Scorer
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.records import RECORD_ID


def link_changes(
    engine: NativeEngine,
    records: pl.DataFrame,
    rules: LinkageRules,
    verdicts: pl.DataFrame | None,
    memory: Memory,
    change: Change | None = None,
) -> Linkage:
    """The linkage of all `records`, of which only what changed is compared.

    `memory` must come from the same rules under the same version of Polars.
    Raises: CrmMigrateError when record ids are missing or repeated.
    """
    watch = Stopwatch(engine.progress)
    engine = replace(engine, frozen=memory.frozen)
    with watch.stage("changes"):
        if change is None:
            change = changes(records, rules, memory)
    with watch.stage("features"):
        old_keys = memory.records.select(pl.col("^key_.*$"))
        asked = block_numbers(_features(records, change.ids, change.changed, rules, engine), rules)
        unchanged = change.now >= 0
        beside = in_blocks_of(old_keys, asked) & unchanged
        near = change.changed.copy()
        near[change.now[beside]] = True
        features = _features(records, change.ids, near, rules, engine)
    with watch.stage("scoring"):
        places = np.flatnonzero(near)
        pairs = candidates(features, rules, engine.key)
        new = change.changed[places]
        left, right = pairs.left, pairs.right
        some = np.flatnonzero(new[left] | new[right])
        scored = Scorer(features, rules, memory.frozen).score_pairs(left[some], right[some])
        weighed = weigh(scored, features, rules, memory.frozen.model)
    with watch.stage("clustering"):
        everything = Features(change.ids, np.empty(0, dtype=np.uint64), {})
        said = judgements(verdicts, everything)
        old, kept = _kept_pairs(memory, change)
        both, undisputed = _joined_tables(old, scored, weighed, places, len(change.ids))
        decisions = with_verdicts(undisputed, both.left, both.right, len(change.ids), said)
        touched = _touched(memory, change, said)
        earlier = _earlier(memory, change, kept, both)
        found = _clusters(engine, records, rules, change, both, decisions, said, touched, earlier)
    with watch.stage("result"):
        result = assemble(
            everything, rules, both, decisions, found, memory.capped, memory.frozen.shared,
            memory.frozen.model, watch.seconds, scored.compared,
        )  # fmt: skip
    with watch.stage("memory"):
        keys = _keys(memory, change, asked)
        fresh = remember(
            memory.frozen, change.ids, change.rows, keys, both, undisputed, decisions, found
        )
        fresh = replace(fresh, said=said_by(verdicts), capped=memory.capped)
    return replace(result, memory=fresh)


def _features(
    records: pl.DataFrame, ids: pl.Series, chosen: Mask, rules: LinkageRules, engine: NativeEngine
) -> Features:
    """Features of some records; shared values are those of the memory."""
    wanted = ids.filter(pl.Series(chosen))
    some = records.join(wanted.to_frame(RECORD_ID), on=RECORD_ID, how="semi")
    features = engine.stop(build_features(some, rules), rules).features
    return features if engine.frozen is None else weighed_grams(features, engine.frozen.grams)


def _kept_pairs(memory: Memory, change: Change) -> tuple[tuple[Scored, Decisions], Indices]:
    """The remembered pairs of unchanged records, at their places of today, and which they are."""
    left = change.now[memory.pairs["left"].to_numpy()]
    right = change.now[memory.pairs["right"].to_numpy()]
    kept = np.flatnonzero((left >= 0) & (right >= 0))
    return recall(memory.pairs[kept], left[kept], right[kept]), kept


def _joined_tables(
    old: tuple[Scored, Decisions], scored: Scored, weighed: Decisions, places: Indices, n: int
) -> tuple[Scored, Decisions]:
    """Remembered and new pairs in the order of the places."""
    was, then = old
    left = np.concatenate([was.left, places[scored.left]])
    right = np.concatenate([was.right, places[scored.right]])
    order = np.argsort(left * n + right, kind="stable")
    both = Scored(
        left[order],
        right[order],
        np.concatenate([was.weight, scored.weight])[order],
        np.concatenate([was.levels, scored.levels])[order],
        np.concatenate([was.certain, scored.certain])[order],
    )
    return both, Decisions(
        np.concatenate([then.joined, weighed.joined])[order],
        np.concatenate([then.reason, weighed.reason])[order],
        np.concatenate([then.rivals, weighed.rivals])[order],
        np.concatenate([then.witness, weighed.witness])[order],
    )


def _touched(memory: Memory, change: Change, said: Judgements) -> Mask:
    """Records whose clusters are made again: changed ones, partners of changed or gone ones, and
    all that people spoke about now or before.
    """
    touched = change.changed.copy()
    joined = memory.pairs.filter("joined")
    for mine, other in (("left", "right"), ("right", "left")):
        lost = change.now[joined[other].to_numpy()] < 0
        partners = change.now[joined[mine].to_numpy()[lost]]
        touched[partners[partners >= 0]] = True
    for pairs in (said.must, said.cannot):
        for side in pairs:
            touched[side] = True
    before = pl.concat([memory.said["left_id"], memory.said["right_id"]]).unique()
    if len(before):
        touched |= change.ids.is_in(before.implode()).to_numpy()
    return touched


@dataclass(frozen=True)
class _Earlier:
    """label per record of today, and per pair of today what it came to, as far as remembered."""

    label: Indices
    kept: Mask
    tie: Mask
    cut: Mask


def _earlier(memory: Memory, change: Change, kept: Indices, both: Scored) -> _Earlier:
    n = len(change.ids)
    label = np.arange(n, dtype=np.int64)
    same = np.flatnonzero(~change.changed)
    was = memory.records["label"].to_numpy().astype(np.int64)[change.before[same]]
    label[same] = change.now[was]
    old = memory.pairs[kept]
    packed = change.now[old["left"].to_numpy()] * n + change.now[old["right"].to_numpy()]
    at = np.searchsorted(both.left * n + both.right, packed)
    flags = []
    for name in ("kept", "tie", "cut"):
        flag = np.zeros(len(both.left), dtype=np.bool_)
        flag[at] = old[name].to_numpy()
        flags.append(flag)
    return _Earlier(label, flags[0], flags[1], flags[2])


def _clusters(
    engine: NativeEngine,
    records: pl.DataFrame,
    rules: LinkageRules,
    change: Change,
    both: Scored,
    decisions: Decisions,
    said: Judgements,
    touched: Mask,
    earlier: _Earlier,
) -> Clusters:
    """The clusters of touched components made again, the others as they were."""
    n = len(change.ids)
    joined = np.flatnonzero(decisions.joined)
    left = np.concatenate([both.left[joined], said.must[0]])
    right = np.concatenate([both.right[joined], said.must[1]])
    component = components(n, left, right)
    again = np.zeros(n, dtype=np.bool_)
    again[component[touched]] = True
    again = again[component]
    places = np.flatnonzero(again)
    here = np.full(n, -1, dtype=np.int64)
    here[places] = np.arange(len(places))
    inside = np.flatnonzero(again[both.left] & again[both.right])
    part = Scored(
        here[both.left[inside]],
        here[both.right[inside]],
        both.weight[inside],
        both.levels[inside],
        both.certain[inside],
    )
    decided = Decisions(
        decisions.joined[inside],
        decisions.reason[inside],
        decisions.rivals[inside],
        decisions.witness[inside],
    )
    features = _features(records, change.ids, again, rules, engine)
    found = cluster_decided(features, rules, part, decided, _among(said, here))
    label = earlier.label.copy()
    label[places] = places[found.label]
    flags = [earlier.kept.copy(), earlier.tie.copy(), earlier.cut.copy()]
    rows = inside[decided.joined]
    for flag, new in zip(flags, (found.kept, found.tie, found.cut), strict=True):
        flag[inside] = False
        flag[rows] = new
    kept, tie, cut = (flag[joined] for flag in flags)
    return Clusters(label, kept, tie, cut)


def _among(said: Judgements, here: Indices) -> Judgements:
    """The verdicts on the records at hand, at their places there."""

    def placed(pairs: tuple[Indices, Indices]) -> tuple[Indices, Indices]:
        a, b = here[pairs[0]], here[pairs[1]]
        both = (a >= 0) & (b >= 0)
        return a[both], b[both]

    return Judgements(placed(said.must), placed(said.cannot))


def _keys(memory: Memory, change: Change, asked: dict[str, Indices]) -> dict[str, Indices]:
    """The block keys of all records of today."""
    old = {c: memory.records[c].to_numpy() for c in memory.records.columns if c.startswith("key_")}
    same, new = np.flatnonzero(~change.changed), np.flatnonzero(change.changed)
    keys: dict[str, Indices] = {}
    for name in sorted({*old, *asked}):
        numbers = np.zeros(len(change.ids), dtype=np.uint32)
        if name in old:
            numbers[same] = old[name][change.before[same]]
        if name in asked:
            numbers[new] = asked[name]
        keys[name] = numbers  # type: ignore[assignment]  # unsigned and half as wide
    return keys
