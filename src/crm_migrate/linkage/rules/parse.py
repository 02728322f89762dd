"""Reading linkage rules from plain data, as YAML gives it.

Parsing never raises: every fault is returned with its path inside the file, so that a project
reports all of them together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_migrate.language import Text
from crm_migrate.linkage.rules.plain_reader import PlainReader
from crm_migrate.linkage.rules.types import (
    FEATURE_PARTS,
    SET_KINDS,
    SET_PARTS,
    Caps,
    Comparison,
    Disagreement,
    FaultAt,
    FeatureRule,
    Level,
    LinkageRules,
    SharedValues,
    Veto,
)

PAIR_COLUMNS = (
    *("left_id", "right_id", "match_weight", "match_probability", "certain"),
    *("reasons", "same_cluster"),
)
"""What stands beside the levels of the comparisons in tables of pairs."""
_MEASURES = ("jaro_winkler", "edit", "typos", "grams", "beginning")
_ENGINES = ("native", "recordlinkage", "natural_key", "alone")


def parse_rules(
    data: Mapping[str, Any], fields: Mapping[str, Sequence[str]] | None = None
) -> tuple[dict[str, LinkageRules], list[FaultAt]]:
    """The rules per entity, and every fault found.

    `fields` (entity → field names), when given, is what the rules may refer to.
    """
    faults: list[FaultAt] = []
    rules: dict[str, LinkageRules] = {}
    for entity, body in data.items():
        if entity == "version":
            continue
        if fields is not None and entity not in fields:
            faults.append((entity, Text("no such entity in the model", "模型中没有此实体")))
            continue
        if not isinstance(body, Mapping):
            faults.append((entity, Text("expected a table of rules", "应为规则表")))
            continue
        known = None
        if fields is not None:
            children = (f"{e}.{f}" for e, names in fields.items() if entity in names for f in names)
            known = {*fields[entity], *children}
        rules[entity] = _Reader(entity, body, known, faults).rules()
    return rules, faults


_KEYS = (
    *("engine", "features", "block", "compare", "thresholds", "support", "essential"),
    *("certain", "vetoes", "disagreements", "shared", "caps", "margin", "natural_keys"),
)


class _Reader(PlainReader):
    """Reads the rules of one entity and collects faults instead of stopping at the first."""

    def __init__(
        self,
        entity: str,
        body: Mapping[str, Any],
        known: set[str] | None,
        faults: list[FaultAt],
    ) -> None:
        super().__init__(entity, body, faults)
        self.known = known
        self.names: set[str] = set()

    def rules(self) -> LinkageRules:
        for key in self.body:
            if key not in _KEYS:
                self.fault(str(key), f"unknown rule '{key}'", f"未知的规则“{key}”")
        engine = self.body.get("engine", "native")
        if engine not in _ENGINES:
            one_of = ", ".join(_ENGINES)
            self.fault("engine", f"must be one of {one_of}", f"必须是以下之一：{one_of}")
            engine = "native"
        features = self.features()
        comparisons = self.comparisons()
        match, review = self.thresholds()
        return LinkageRules(
            entity=self.entity,
            engine=engine,
            features=features,
            blocking=self.tuples("block"),
            comparisons=comparisons,
            match=match,
            review=review,
            support=int(self.number("support", self.body.get("support", 2), 0, 20)),
            essential=self.essential(comparisons),
            certain=self.tuples("certain"),
            vetoes=self.vetoes(),
            disagreements=self.disagreements(comparisons),
            shared=self.shared(),
            caps=self.caps(),
            margin=self.number("margin", self.body.get("margin", 3.0), 0, 100),
            natural_keys=self.natural_keys(engine),
        )

    def features(self) -> tuple[FeatureRule, ...]:
        found = []
        for name, spec in self.table("features").items():
            path = f"features/{name}"
            if not isinstance(spec, Mapping) or spec.get("as") not in FEATURE_PARTS:
                kinds = ", ".join(FEATURE_PARTS)
                self.fault(path, f"`as` must be one of {kinds}", f"`as` 必须是以下之一：{kinds}")
                continue
            sources = tuple(self.strings(f"{path}/from", spec.get("from", [name])))
            for source in sources:
                if self.known is not None and source not in self.known:
                    self.fault(f"{path}/from", f"no such field '{source}'", f"没有字段“{source}”")
            found.append(FeatureRule(name, sources, spec["as"]))
            self.names.add(name)
            self.names.update(f"{name}.{part}" for part in FEATURE_PARTS[spec["as"]])
        return tuple(found)

    def known_feature(self, path: str, name: str) -> str:
        if name not in self.names:
            self.fault(path, f"no such feature '{name}'", f"没有特征“{name}”")
        return name

    def tuples(self, key: str) -> tuple[tuple[str, ...], ...]:
        result = []
        for i, item in enumerate(self.items(key)):
            path = f"{key}/{i}"
            names = self.strings(path, item)
            if sum(self.is_set(n) for n in names) > 1 and key == "block":
                self.fault(
                    path,
                    "at most one feature with several values",
                    "最多一个多值特征",
                )
                continue
            result.append(tuple(self.known_feature(path, n) for n in names))
        return tuple(t for t in result if t)

    def natural_keys(self, engine: str) -> tuple[tuple[str, ...], ...]:
        keys = []
        for i, item in enumerate(self.items("natural_keys")):
            path = f"natural_keys/{i}"
            names = self.strings(path, item)
            for name in names:
                if self.known is not None and name not in self.known:
                    self.fault(path, f"no such field '{name}'", f"没有字段“{name}”")
            keys.append(tuple(names))
        if engine == "natural_key" and not keys:
            self.fault(
                "natural_keys",
                f"{self.entity}: say by which fields its records are the same (natural_keys)",
                f"{self.entity}：请在 natural_keys 中写明凭哪些字段识别同一记录",
            )
        return tuple(k for k in keys if k)

    def comparisons(self) -> tuple[Comparison, ...]:
        found = []
        for name, levels in self.table("compare").items():
            path = f"compare/{name}"
            if name in PAIR_COLUMNS:
                self.fault(path, "another column of pairs is called so", "与记录对的其他列重名")
                continue
            if not isinstance(levels, list) or not levels:
                self.fault(path, "expected a list of levels", "应为级别列表")
                continue
            parsed = [self.level(f"{path}/{i}", item) for i, item in enumerate(levels)]
            good = tuple(level for level in parsed if level is not None)
            if sum(level.m for level in good) >= 1.0:
                self.fault(path, "the shares m must sum to less than 1", "m 之和必须小于 1")
            if good:
                found.append(Comparison(name, good))
        return tuple(found)

    def level(self, path: str, item: Any) -> Level | None:
        if not isinstance(item, Mapping) or not ("same" in item or "similar" in item):
            self.fault(path, "a level needs `same` or `similar`", "级别需要 `same` 或 `similar`")
            return None
        same = self.strings(f"{path}/same", item.get("same", []))
        compatible = self.strings(f"{path}/compatible", item.get("compatible", []))
        unlike = self.strings(f"{path}/unlike", item.get("unlike", []))
        similar = item.get("similar")
        for name in (*same, *compatible, *unlike, *([similar] if similar else [])):
            self.known_feature(path, name)
        frequency = bool(item.get("frequency", False))
        if (similar and self.is_set(similar)) or (frequency and any(map(self.is_set, same))):
            self.fault(
                path,
                "`similar` and `frequency` need a single value",
                "`similar` 与 `frequency` 需要单值特征",
            )
            return None
        by = item.get("by", "jaro_winkler")
        if by not in _MEASURES:
            self.fault(
                f"{path}/by",
                f"must be one of {', '.join(_MEASURES)}",
                f"必须是以下之一：{', '.join(_MEASURES)}",
            )
        words = item.get("words")
        if isinstance(words, Mapping) and {"en", "zh"} <= set(words):
            text = Text(str(words["en"]), str(words["zh"]))
        else:
            subject = "+".join(same) if same else str(similar)
            verb = Text("same", "相同") if same else Text("similar", "相近")
            text = Text(f"{verb.en} {subject}", f"{subject} {verb.zh}")
        return Level(
            words=text,
            same=tuple(same),
            similar=similar,
            by=by,
            at_least=self.number(
                f"{path}/at_least", item.get("at_least", 1.0), 0, 20 if by == "typos" else 1
            ),
            compatible=tuple(compatible),
            unlike=tuple(unlike),
            frequency=frequency,
            m=self.number(f"{path}/m", item.get("m", 0.5), 1e-9, 1),
            u=self.number(f"{path}/u", item.get("u", 0.001), 1e-12, 1),
        )

    def thresholds(self) -> tuple[float, float]:
        table = self.table("thresholds")
        match = self.number("thresholds/match", table.get("match", 0.95), 0, 1)
        review = self.number("thresholds/review", table.get("review", 0.3), 0, 1)
        if review > match:
            self.fault(
                "thresholds", "`review` must not lie above `match`", "`review` 不得高于 `match`"
            )
        return match, review

    def essential(self, comparisons: tuple[Comparison, ...]) -> tuple[str, ...]:
        names = self.strings("essential", self.body.get("essential", []))
        for name in names:
            if name not in {c.name for c in comparisons}:
                self.fault("essential", f"no such comparison '{name}'", f"没有比较项“{name}”")
        return tuple(names)

    def vetoes(self) -> tuple[Veto, ...]:
        found = []
        for i, item in enumerate(self.items("vetoes")):
            path = f"vetoes/{i}"
            if not isinstance(item, Mapping) or not isinstance(item.get("different"), str):
                self.fault(path, "a veto needs `different`", "否决规则需要 `different`")
                continue
            then = item.get("then", "apart")
            if then not in ("apart", "review"):
                self.fault(f"{path}/then", "must be apart or review", "必须是 apart 或 review")
                then = "apart"
            feature = self.known_feature(path, item["different"])
            unless = item.get("unless_same")
            if unless is not None:
                self.known_feature(path, unless)
            if self.is_set(feature):
                self.fault(path, "a veto needs a single value", "否决规则需要单值特征")
                continue
            found.append(Veto(feature, then, unless))
        return tuple(found)

    def disagreements(self, comparisons: tuple[Comparison, ...]) -> tuple[Disagreement, ...]:
        found = []
        known = {c.name for c in comparisons}
        for i, item in enumerate(self.items("disagreements")):
            path = f"disagreements/{i}"
            if not isinstance(item, Mapping) or not item.get("differs"):
                self.fault(path, "a disagreement needs `differs`", "分歧规则需要 `differs`")
                continue
            differs = self.strings(f"{path}/differs", item["differs"])
            alike = self.strings(f"{path}/alike", item.get("alike", []))
            unless = self.strings(f"{path}/unless", item.get("unless", []))
            then = item.get("then", "apart")
            if then not in ("apart", "review"):
                self.fault(f"{path}/then", "must be apart or review", "必须是 apart 或 review")
                then = "apart"
            strangers = [name for name in (*differs, *alike, *unless) if name not in known]
            for name in strangers:
                self.fault(path, f"no such comparison '{name}'", f"没有比较项“{name}”")
            if not strangers:
                found.append(Disagreement(tuple(differs), tuple(alike), tuple(unless), then))
        return tuple(found)

    def is_set(self, feature: str) -> bool:
        base, _, part = feature.partition(".")
        spec = self.table("features").get(base)
        kind = spec.get("as") if isinstance(spec, Mapping) else None
        return part in SET_PARTS or (kind in SET_KINDS and not part)

    def shared(self) -> tuple[SharedValues, ...]:
        found = []
        for name, spec in self.table("shared").items():
            path = f"shared/{name}"
            if not isinstance(spec, Mapping) or not isinstance(spec.get("by"), str):
                self.fault(path, "needs `by` and `limit`", "需要 `by` 和 `limit`")
                continue
            self.known_feature(path, name)
            by = self.known_feature(path, spec["by"])
            limit = self.number(f"{path}/limit", spec.get("limit", 5), 1, 1e6)
            found.append(SharedValues(name, by, int(limit)))
        return tuple(found)

    def caps(self) -> Caps:
        table = self.table("caps")
        refine = table.get("refine")
        if refine is not None:
            self.known_feature("caps/refine", refine)
        return Caps(
            block=int(self.number("caps/block", table.get("block", 200), 2, 1e6)),
            refine=refine,
            cluster=int(self.number("caps/cluster", table.get("cluster", 60), 2, 1e9)),
        )
