"""What people call a record: titles for golden ids, words for what the CRM stores as codes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.linkage.golden.words import rule_words
from crm_migrate.model import Entity, Field, Model, SemanticType
from crm_migrate.plan.change import REFERENCE_PREFIX
from crm_migrate.project.mapping_file import TargetColumn
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Policy, Treatment
from crm_migrate.protection.private_persons import NAME, covered, persons_of
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET
from crm_migrate.standards import standard

TITLE_FIELDS = (
    "company_name", "name", "label", "file_name", "number", "title", "subject", "happened_on",
    "kind", "product_code",
)  # fmt: skip
"""Fields that tell people which record it is, the most telling first."""

_YES_NO = {"true": Text("yes", "是"), "false": Text("no", "否")}
_FORMATTED = (SemanticType.AMOUNT, SemanticType.INDUSTRY, SemanticType.PERCENTAGE)


Load = Callable[[str], pl.DataFrame | None]
"""A table of an entity; None where it is not kept. Asked for only when something is shown."""


def _nothing(entity: str) -> pl.DataFrame | None:
    return None


@dataclass(frozen=True)
class Names:
    """Where names come from. Without golden records, titles are made of the plan's own cells."""

    model: Model
    policy: Policy
    language: Language
    golden: Load = _nothing
    """Of an entity: golden_id, its title fields and the reference to its owner
    (`title_columns`)."""
    places: Load = _nothing
    """Of an entity: record_id, file, sheet and row of its source records."""
    members: Load = _nothing
    """Of an entity: golden_id and record_id of its source records."""
    lookups: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    """Look-up tables of the target, such as its users."""

    def titles(self, entity: Entity, ids: pl.Series) -> pl.Series:
        """Masked titles of golden ids, `customer · own title`; null where nothing is known."""
        frame = self.golden(entity.name) if len(ids) else None
        if frame is None:
            return pl.Series([None] * len(ids), dtype=pl.String)
        wanted = ids.str.strip_prefix(REFERENCE_PREFIX).alias("golden_id").to_frame()
        rows = wanted.join(frame, on="golden_id", how="left", maintain_order="left")
        parts = self._own(entity, rows)
        if entity.root is not None and entity.root in rows.columns:
            owner = self.model.entity(entity.by_name[entity.root].references or "")
            parts = [self.titles(owner, rows[entity.root]), *parts]
        if not parts:
            return pl.Series([None] * len(ids), dtype=pl.String)
        columns = pl.DataFrame([p.alias(str(n)) for n, p in enumerate(parts)])
        title = columns.select(pl.concat_str(pl.all(), separator=" · ", ignore_nulls=True))
        return title.to_series().replace("", None)

    def _own(self, entity: Entity, rows: pl.DataFrame) -> list[pl.Series]:
        parts = []
        persons = persons_of(rows, entity)
        for name in TITLE_FIELDS:
            if name not in rows.columns or name not in entity.by_name:
                continue
            treatment = self.policy.treatment(entity.name, name, Audience.REPORT)
            if treatment == Treatment.MASK:
                parts.append(mask_series(rows[name], entity.by_name[name].type))
            elif treatment == Treatment.CLEAR:
                parts.append(covered(rows[name], entity.by_name[name].type, persons))
        if entity.root is not None:
            return parts[:2]
        filled = pl.DataFrame([p.alias(str(n)) for n, p in enumerate(parts)])
        return [filled.select(pl.coalesce(pl.all())).to_series()] if parts else []

    def persons(self, entity: Entity, ids: pl.Series) -> pl.Series:
        """Whether golden records are private persons; null where nothing is known of one."""
        frame = self.golden(entity.name) if len(ids) else None
        if frame is None:
            return pl.Series([None] * len(ids), dtype=pl.Boolean)
        rows = (
            ids.alias("golden_id")
            .to_frame()
            .join(frame, on="golden_id", how="left", maintain_order="left")
        )
        known = rows[NAME].is_not_null()
        return persons_of(rows, entity).set(~known, None)

    def references(self, field: Field, values: pl.Series) -> pl.Series:
        """Titles of the records that cells refer to; `#key` for a row that only the CRM knows."""
        titles = self.titles(self.model.entity(field.references or ""), values)
        ours = values.str.starts_with(REFERENCE_PREFIX)
        short = values.str.strip_prefix(REFERENCE_PREFIX).str.head(10)
        rest = short.zip_with(ours.fill_null(False), "#" + values)
        return titles.zip_with(titles.is_not_null(), rest)

    def words(self, field: Field, column: TargetColumn, values: pl.Series) -> pl.Series:
        """Stored values as people say them: words for codes, names for user ids."""
        if column.values:
            back = {stored: word for word, stored in reversed(column.values.items())}
            values = values.replace(back)
        users = self.lookups.get(column.lookup.table) if column.lookup else None
        if column.lookup is not None and users is not None:
            known = users.unique(column.lookup.value, keep="first", maintain_order=True)
            values = values.replace(known[column.lookup.value], known[column.lookup.match])
        if field.type is SemanticType.BOOLEAN:
            said = {code: text.in_language(self.language) for code, text in _YES_NO.items()}
            return values.replace(said)
        if field.type in _FORMATTED:
            formatted = standard(field.type).format(values)
            return formatted.zip_with(formatted.is_not_null(), values)
        return values

    def origins(self, entity: Entity, lineage: pl.DataFrame) -> pl.Series:
        """Where each golden cell comes from: file, sheet, row (or only the source), and the rule.

        `lineage`: record_id, rule and, where it is known, source.
        """
        said = {c: self.rule(entity, c) for c in lineage["rule"].drop_nulls().unique()}
        told = lineage.select(
            RECORD_ID,
            (pl.col("source") if "source" in lineage.columns else pl.lit(None)).alias("source"),
            pl.col("rule").replace(said).alias("rule"),
        )
        places = self.places(entity.name)
        if places is None:
            parts = ["source", "rule"]
        else:
            head, tail = Text("row ", "第 "), Text("", " 行")
            number = pl.concat_str(
                pl.lit(head.in_language(self.language)),
                pl.col(ROW).cast(pl.String),
                pl.lit(tail.in_language(self.language)),
            )
            told = told.join(places, on=RECORD_ID, how="left", maintain_order="left")
            told = told.with_columns(pl.coalesce(FILE, "source").alias(FILE), number.alias(ROW))
            parts = [FILE, SHEET, ROW, "rule"]
        return told.select(pl.concat_str(parts, separator=" · ", ignore_nulls=True)).to_series()

    def only_sources(self, entity: Entity, golden_ids: pl.Series) -> dict[str, str]:
        """Golden id → where all its cells come from, for those of a single record."""
        members = self.members(entity.name) if len(golden_ids) else None
        if members is None:
            return {}
        own = members.filter(pl.col("golden_id").is_in(golden_ids.implode()))
        own = own.filter(pl.col("golden_id").is_unique()).with_columns(rule=pl.lit("only"))
        return dict(zip(own["golden_id"], self.origins(entity, own), strict=True))

    def rule(self, entity: Entity, code: str) -> str:
        """Why a cell has its value, in words."""

        def label(name: str) -> Text:
            known = entity.by_name.get(name)
            return known.label if known else Text(name, name)

        return rule_words(code, label).in_language(self.language)


def title_columns(entity: Entity) -> list[str]:
    """The columns of golden records that `Names.golden` needs."""
    wanted = [n for n in TITLE_FIELDS if n in entity.by_name]
    return ["golden_id", *wanted, *([entity.root] if entity.root else [])]
