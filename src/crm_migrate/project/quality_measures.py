"""The measures of data quality by name: dimension, number in GB/T 36344-2018, and formula.

Every measure is X = A/B, or 1 − A/B where it counts what is wrong. What is counted is computed in
`quality/`; the names stand here, because the project's files speak of them.
"""

from dataclasses import dataclass
from enum import StrEnum

from crm_migrate.language import Text


class Dimension(StrEnum):
    """What kind of quality a measure tells of (GB/T 36344-2018, 5; uniqueness is 0304 there)."""

    CONFORMITY = "conformity"
    COMPLETENESS = "completeness"
    ACCURACY = "accuracy"
    UNIQUENESS = "uniqueness"
    CONSISTENCY = "consistency"
    TIMELINESS = "timeliness"
    ACCESSIBILITY = "accessibility"


DIMENSIONS = {
    Dimension.CONFORMITY: Text("conformity", "规范性"),
    Dimension.COMPLETENESS: Text("completeness", "完整性"),
    Dimension.ACCURACY: Text("accuracy", "准确性"),
    Dimension.UNIQUENESS: Text("uniqueness", "唯一性"),
    Dimension.CONSISTENCY: Text("consistency", "一致性"),
    Dimension.TIMELINESS: Text("timeliness", "时效性"),
    Dimension.ACCESSIBILITY: Text("accessibility", "可访问性"),
}


BEFORE, AFTER = "before", "after"
"""Phases: the sources as they were given, the golden records."""


@dataclass(frozen=True, slots=True)
class QualityMeasure:
    """One measure. `rate`: X = 1 − A/B, the less the better."""

    dimension: Dimension
    number: str
    """Of the indicator in GB/T 36344-2018."""
    label: Text
    counted: Text
    """What A is."""
    judged: Text
    """What B is."""
    rate: bool = False
    per_field: bool = True
    """Whether it is measured per field; the others are measured per entity."""

    @property
    def formula(self) -> str:
        """How X is made of A and B."""
        return "1 − A/B" if self.rate else "A/B"

    def value(self, good: float, total: float) -> float | None:
        """X of A and B; None where nothing was judged."""
        if not total:
            return None
        return 1 - good / total if self.rate else good / total


_FILLED = Text("filled cells", "有值的单元格")

QUALITY_MEASURES = {
    "form": QualityMeasure(
        Dimension.CONFORMITY, "0101", Text("standard form", "标准格式符合率"),
        Text("cells written as the standard demands", "书写方式符合标准的单元格"), _FILLED,
    ),
    "model": QualityMeasure(
        Dimension.CONFORMITY, "0102", Text("in the data model", "数据模型符合率"),
        Text("before: those of them for which the source has a column; after: the CRM",
             "治理前：来源中有对应列的必填字段；治理后:CRM 中有对应列的必填字段"),
        Text("fields that the model demands, per source", "模型规定的必填字段（按来源计）"),
    ),
    "metadata": QualityMeasure(
        Dimension.CONFORMITY, "0103", Text("described", "元数据完备率"),
        Text("those of them with owner, update frequency and retention in the data dictionary",
             "数据字典中已明确归口部门、更新频率和保存期限的字段"),
        Text("fields in use", "使用中的字段"),
    ),
    "rules": QualityMeasure(
        Dimension.CONFORMITY, "0104", Text("business rules", "业务规则符合率"),
        Text("records that break no rule of rules/records.yaml",
             "未违反 rules/records.yaml 中任何规则的记录"),
        Text("records of entities with such rules", "有此类规则的对象的记录"), per_field=False,
    ),
    "reference_data": QualityMeasure(
        Dimension.CONFORMITY, "0105", Text("reference data", "权威参考数据符合率"),
        Text("values that stand in the vocabulary, classification or value map",
             "取值在取值表、分类标准或值映射之内的单元格"),
        Text("filled cells of fields with such a list", "有取值依据的字段中有值的单元格"),
    ),
    "security": QualityMeasure(
        Dimension.CONFORMITY, "0106", Text("no forbidden content", "安全规范符合率"),
        Text("cells without document, card or other forbidden numbers",
             "不含证件号、卡号等禁止内容的单元格"),
        Text("filled cells of free texts and of forbidden fields",
             "自由文本及禁止采集字段中有值的单元格"),
    ),
    "elements": QualityMeasure(
        Dimension.COMPLETENESS, "0201", Text("required values", "数据元素完整率"),
        Text("those of them that are filled", "其中有值的单元格"),
        Text("cells that the model demands", "按模型必填的单元格"),
    ),
    "records": QualityMeasure(
        Dimension.COMPLETENESS, "0202", Text("complete records", "数据记录完整率"),
        Text("records with every value that is demanded of them", "必填项齐全的记录"),
        Text("records", "记录"), per_field=False,
    ),
    "content": QualityMeasure(
        Dimension.ACCURACY, "0301", Text("right content", "内容正确率"),
        Text("cells without a sign of wrong content (check digit, lost digits, wrong column …)",
             "未发现内容错误（校验位、位数丢失、错栏等）的单元格"), _FILLED,
    ),
    "format": QualityMeasure(
        Dimension.ACCURACY, "0302", Text("valid format", "格式合规率"),
        Text("cells that can be read as what the field holds", "可按字段类型识读的单元格"), _FILLED,
    ),
    "repetition": QualityMeasure(
        Dimension.ACCURACY, "0303", Text("repetition rate", "数据重复率"),
        Text("different ones (after: those that nobody suspects to be doubles)",
             "不重复的记录（治理后：无疑似重复的记录）"),
        Text("records", "记录"), rate=True, per_field=False,
    ),
    "dirty": QualityMeasure(
        Dimension.ACCURACY, "0305", Text("dirty data rate", "脏数据出现率"),
        Text("cells about which no rule warns", "未触发任何警告规则的单元格"), _FILLED, rate=True,
    ),
    "distinct": QualityMeasure(
        Dimension.UNIQUENESS, "0304", Text("unique values", "数据唯一性"),
        Text("different values", "不同取值数"),
        Text("values of fields that identify a record", "标识性字段的取值数"),
    ),
    "same": QualityMeasure(
        Dimension.CONSISTENCY, "0401", Text("same data", "相同数据一致性"),
        Text("those where all records agree", "其中各记录取值一致的单元格"),
        Text("cells that several records of the same customer or thing fill",
             "同一客户（事物）有多条记录填写的单元格"),
    ),
    "related": QualityMeasure(
        Dimension.CONSISTENCY, "0402", Text("related data", "关联数据一致性"),
        Text("those that lead to one record, or fit the other cells",
             "可唯一关联到记录、或与相关字段相符的单元格"),
        Text("references, and cells that a rule holds against others",
             "引用，以及按规则与其他字段比对的单元格"),
    ),
    "period": QualityMeasure(
        Dimension.TIMELINESS, "0501", Text("within the period", "基于时间段的正确性"),
        Text("dates within the period in which they can lie", "处于合理时间段内的日期"),
        Text("readable dates", "可识读的日期"),
    ),
    "current": QualityMeasure(
        Dimension.TIMELINESS, "0502", Text("up to date", "基于时间点的及时性"),
        Text("records with a date that is recent enough", "最近日期在规定时限内的记录"),
        Text("records of which a date is known", "有日期可依的记录"), per_field=False,
    ),
    "sequence": QualityMeasure(
        Dimension.TIMELINESS, "0503", Text("order of time", "时序性"),
        Text("pairs of dates in the right order", "先后顺序正确的日期对"),
        Text("pairs of dates that follow each other", "有先后关系的日期对"), per_field=False,
    ),
    "readable": QualityMeasure(
        Dimension.ACCESSIBILITY, "0601", Text("accessible", "可访问"),
        Text("before: rows that yield a record; after: cells that have a place in the CRM",
             "治理前：可读出记录的行；治理后：在 CRM 中有对应位置的单元格"),
        Text("before: rows with data; after: filled cells",
             "治理前：数据行；治理后：有值的单元格"), per_field=False,
    ),
    "usable": QualityMeasure(
        Dimension.ACCESSIBILITY, "0602", Text("usable", "可用性"),
        Text("records that were accepted, not quarantined", "被接受（未被隔离）的记录"),
        Text("records", "记录"), per_field=False,
    ),
}  # fmt: skip
"""Every measure by name."""

QUALITY = "quality"
"""How the names of gates on these measures begin."""
SCORE = "score"
SCORE_LABEL = Text("quality score", "质量得分")


def measures_of(dimension: str) -> tuple[str, ...]:
    """The names of a dimension's measures."""
    return tuple(n for n, m in QUALITY_MEASURES.items() if m.dimension == dimension)


def figure_label(name: str) -> Text | None:
    """What a measure, a dimension or the score is called; None for anything else."""
    if name == SCORE:
        return SCORE_LABEL
    if name in QUALITY_MEASURES:
        return QUALITY_MEASURES[name].label
    return DIMENSIONS[Dimension(name)] if name in set(Dimension) else None


@dataclass(frozen=True, slots=True)
class Asked:
    """A figure that a gate names: `quality[.before][.entity[.field]].MEASURE`."""

    measure: str
    entity: str | None = None
    field: str | None = None
    phase: str = AFTER


def asked(name: str) -> Asked | None:
    """The figure of a gate's name; None where it is no such name.

    >>> asked("quality.customer.mobile.completeness")
    Asked(measure='completeness', entity='customer', field='mobile', phase='after')
    >>> asked("quality.before.score").phase
    'before'
    """
    first, *rest = name.split(".")
    if first != QUALITY or not rest:
        return None
    *place, measure = rest
    phase = AFTER
    if place and place[0] == BEFORE:
        phase, place = BEFORE, place[1:]
    if len(place) > 2 or figure_label(measure) is None:
        return None
    entity, field = [*place, None, None][:2]
    return Asked(measure, entity, field, phase)
