"""The measures of GB/T 36344-2018 on tables small enough to count by hand."""

import re
from datetime import date

import polars as pl
import pytest

from crm_migrate.language import Text
from crm_migrate.model import Condition, Entity, Field, SemanticType
from crm_migrate.project.entities_file import standard_model, starter_file
from crm_migrate.project.gates_file import NAMES
from crm_migrate.project.quality_file import Current, Period, QualityFile, Weights
from crm_migrate.project.quality_measures import QUALITY_MEASURES, asked
from crm_migrate.quality.agreement import distinct_lines, repetition_lines, same_lines
from crm_migrate.quality.cells import cell_lines
from crm_migrate.quality.counts import Line, counts_frame
from crm_migrate.quality.declared import metadata_lines, model_lines
from crm_migrate.quality.judged import Rules, after, before
from crm_migrate.quality.rule_kinds import BY_ENDING, KINDS, Kind, kind_of
from crm_migrate.quality.rules import parse_quality
from crm_migrate.quality.scores import scores
from crm_migrate.quality.timeliness import OF, current_lines, period_lines, sequence_lines
from crm_migrate.standards.catalog import rules as standard_rules


def field(name: str, kind: SemanticType, **more: object) -> Field:
    return Field(name=name, type=kind, label=Text(name, name), **more)  # type: ignore[arg-type]


ENTITY = Entity(
    "customer",
    Text("customer", "客户"),
    (
        field("name", SemanticType.COMPANY_NAME, required=True),
        field("uscc", SemanticType.USCC, required=True,
              required_when=(Condition("kind", ("企业",)),)),
        field("kind", SemanticType.VOCABULARY),
        field("since", SemanticType.DATE),
    ),
)  # fmt: skip
RAW = pl.DataFrame(
    {
        "record_id": ["1", "2", "3", "4"],
        "_source": ["a", "a", "b", "b"],
        "name": ["甲公司", " 甲公司", "无", None],
        "uscc": ["x", None, "15", None],
        "kind": ["企业", "企业", "个人", "企业"],
        "since": ["2020-01-01", "2031-01-01", None, "2019-05-05"],
    }
)
STANDARD = RAW.with_columns(name=pl.Series(["甲公司", "甲公司", None, None]))


def findings(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [("customer", *row) for row in rows],
        schema=["entity", "record_id", "field", "rule", "severity"], orient="row",
    )  # fmt: skip


FOUND = findings(
    ("2", "name", "company_name.normalised", "repair"),
    ("3", "name", "cell.placeholder", "repair"),
    ("1", "uscc", "uscc.checksum", "warning"),
    ("3", "uscc", "uscc.moved", "repair"),
    ("4", "uscc", "damage.precision_lost", "warning"),
)


def counted(*lines: Line) -> dict[tuple[str, str, str], tuple[int, int]]:
    frame = counts_frame(iter(lines))
    return {(r[3], r[4], r[2]): (r[5], r[6]) for r in frame.iter_rows()}


def test_cells_of_the_sources() -> None:
    """R-4.1: placeholders and what stands in the wrong column are no values; lost ones were."""
    found = counted(*cell_lines(before(ENTITY, RAW, STANDARD, FOUND)))
    assert found["name", "elements", ""] == (2, 4)
    assert found["name", "elements", "b"] == (0, 2)
    assert found["name", "form", ""] == (1, 2)
    assert found["uscc", "elements", ""] == (1, 3)  # demanded of companies only
    assert found["uscc", "content", ""] == (0, 2)  # a wrong check digit, and lost digits
    assert found["uscc", "dirty", "a"] == (0, 1)
    assert found["kind", "reference_data", ""] == (4, 4)
    assert found["", "records", ""] == (1, 4)
    assert ("uscc", "content", "c") not in found


def test_rules_model_and_metadata() -> None:
    """GB/T 36344-2018, 0102 to 0104: broken rules of the project, missing columns and owners."""
    own = Rules(own={"customer.odd": Kind.RELATED})
    broken = findings(("1", "name", "customer.odd", "warning"), ("2", "uscc", "customer.odd",
                      "repair"), ("4", "since", "date.range", "warning"))  # fmt: skip
    found = counted(*cell_lines(before(ENTITY, RAW, STANDARD, broken, own)))
    assert found["", "rules", ""] == (3, 4)
    assert found["", "rules", "a"] == (1, 2)
    assert found["since", "form", ""] == (2, 3)  # what cannot be read is not in standard form
    given = {"a": frozenset({"name", "uscc"}), "b": frozenset({"name", "since"})}
    lines = list(model_lines(ENTITY, given, frozenset({"name"})))
    assert {(x[0], x[3]): x[-2:] for x in lines if not x[2]} == {
        ("before", "name"): (2, 2), ("before", "uscc"): (1, 2),
        ("after", "name"): (1, 1), ("after", "uscc"): (0, 1),
    }  # fmt: skip
    assert [x[-2:] for x in lines if x[2] == "b"] == [(1, 1), (0, 1)]
    assert [x[3:] for x in metadata_lines(ENTITY, frozenset({"kind"}))] == [
        ("kind", "metadata", 0, 1)
    ]


def test_cells_of_golden_records() -> None:
    """R-4.1: after, only what warns about the chosen cell counts, not what was repaired."""
    members = pl.DataFrame(
        {"record_id": ["1", "2", "4"], "golden_id": ["g1", "g1", "g4"], "_source": ["a", "b", "b"]}
    )
    golden = pl.DataFrame(
        {"golden_id": ["g1", "g4"], "name": ["甲公司", None], "uscc": ["x", "y"],
         "kind": ["企业", "企业"], "since": ["2020-01-01", "2019-05-05"]}
    )  # fmt: skip
    lineage = pl.DataFrame({"golden_id": ["g1"], "field": ["uscc"], "record_id": ["2"]})
    found = counted(*cell_lines(after(ENTITY, golden, members, lineage, FOUND)))
    assert found["uscc", "content", ""] == (1, 2)  # record 2 was chosen for g1, not record 1
    assert found["name", "form", ""] == (1, 1)
    assert found["", "records", ""] == (1, 2)
    # By source: a cell counts for the source it was taken from, a record for each source in it.
    assert ("uscc", "content", "a") not in found
    assert found["uscc", "content", "b"] == (1, 2)
    assert found["name", "elements", "a"] == (1, 1)
    assert found["name", "elements", "b"] == (1, 2)
    assert found["", "records", "a"] == (1, 1)


def test_repetition_uniqueness_and_consistency() -> None:
    """R-4.1: doubles are counted within a source, and again across all of them."""
    members = pl.DataFrame(
        {"record_id": ["1", "2", "3", "4"], "golden_id": ["g", "g", "g", "h"],
         "_source": ["a", "a", "b", "b"]}
    )  # fmt: skip
    doubtful = pl.DataFrame({"left_golden": ["g"], "right_golden": ["h"]})
    lines = list(repetition_lines(ENTITY, members, doubtful))
    before_ = {line[2]: line[-2:] for line in lines if line[0] == "before"}
    after_ = {line[2]: line[-2:] for line in lines if line[0] == "after"}
    assert before_ == {"": (2, 4), "a": (1, 2), "b": (2, 2)}
    assert after_ == {"": (1, 2), "a": (1, 1), "b": (1, 2)}  # h is suspected
    unique = counted(*distinct_lines("before", ENTITY, STANDARD, ["name", "nothing"]))
    assert unique["name", "distinct", ""] == (1, 2)
    agree = list(same_lines(ENTITY, STANDARD, members, frozenset({"since"})))
    assert {(x[0], x[3]): x[-2:] for x in agree if not x[2]} == {
        ("before", "name"): (2, 2), ("before", "kind"): (0, 3), ("before", "uscc"): (0, 2),
        ("after", "name"): (1, 1), ("after", "kind"): (1, 1), ("after", "uscc"): (1, 1),
    }  # fmt: skip


def test_timeliness() -> None:
    """R-4.1: dates that are possible, recent enough, in order, also through a reference."""
    today = date(2026, 1, 1)
    ahead = Period(future=())
    period = counted(*period_lines("before", ENTITY, RAW, ahead, today))
    assert period["since", "period", ""] == (2, 3)
    free = counted(*period_lines("before", ENTITY, RAW, Period(future=("customer.since",)), today))
    assert free["since", "period", ""] == (3, 3)
    rows = {"customer": RAW.with_columns(pl.col("record_id").alias(OF))}
    rule = Current(within_days=365 * 6 + 10, dates=("customer.since",))
    current = counted(*current_lines("before", ENTITY, rows, rule, today))
    assert current["", "current", ""] == (1, 2)  # a date in the future tells nothing
    order = Entity(
        "order", Text("order", "订单"),
        (field("contract", SemanticType.REFERENCE, references="contract"),
         field("ordered", SemanticType.DATE)),
    )  # fmt: skip
    orders = pl.DataFrame({"contract": ["c", "c", None], "ordered": ["2020-02-02", "2018-01-01",
                           "2020-01-01"], "_source": [["a"], ["a", "b"], ["b"]]})  # fmt: skip
    contracts = pl.DataFrame({"_id": ["c"], "signed": ["2019-01-01"]})
    lines = sequence_lines(
        "after", order, orders, {"contract": contracts}, [("contract.signed", "ordered")]
    )
    assert {line[2]: line[-2:] for line in lines} == {"": (1, 2), "a": (1, 2), "b": (0, 1)}


def test_weights() -> None:
    """A and B times the weights of entity and field; rates count as 1 − X; 0 is left out."""
    lines = [
        ("before", "customer", "", "name", "elements", 1, 2),
        ("before", "customer", "", "uscc", "elements", 0, 2),
        ("before", "customer", "", "", "repetition", 9, 10),
    ]
    frame = counts_frame(iter(lines))
    plain = scores(frame, Weights()).part("before")
    assert plain.measures["elements"].value == 0.25
    assert plain.measures["repetition"].value == pytest.approx(0.1)
    assert plain.dimensions == {"completeness": 0.25, "accuracy": pytest.approx(0.9)}
    given = Weights.model_validate({"fields": {"customer.name": 3}, "dimensions": {"accuracy": 0}})
    weighed = scores(frame, given).part("before")
    assert weighed.measures["elements"].good == 3
    assert weighed.score == weighed.dimensions["completeness"] == 3 / 8
    assert scores(frame, Weights()).part("after").score is None


def test_every_rule_counts_somewhere() -> None:
    """No rule of the standards counts as wrong content because nobody thought of it."""
    endings = {c: c.rpartition(".")[2] for c in standard_rules()}
    assert [c for c, ending in endings.items() if c not in KINDS and ending not in BY_ENDING] == []
    assert str(kind_of("contract.some_rule_of_ours")) == "related"


def test_rules_are_checked_against_the_model() -> None:
    """Unknown measures, entities and fields, fields that are no dates; all at once."""
    model = standard_model()
    rules, faults = parse_quality(starter_file("quality.yaml").data, model)
    assert not faults
    assert rules.weights.measures == {"dirty": 0}
    wrong = {
        "weights": {"measures": {"beauty": 1}, "entities": {"nobody": 1}},
        "unique": ["customer.shoe_size"],
        "current": {"customer": {"within_days": 9, "dates": ["lead.source_created_at",
                                                               "product.name"]}},
        "sequence": {"order": [["contract.title", "ordered_on"]]},
    }  # fmt: skip
    _, faults = parse_quality(wrong, model)
    assert [at for at, _ in faults] == [
        "weights/measures/beauty",
        "weights/entities/nobody",
        "unique/0",
        "current/customer/dates/1",
        "current/customer/dates/1",
        "sequence/order/0/0",
    ]
    assert parse_quality({"weights": {"dimensions": {"beauty": 1}}}, model)[1]
    assert parse_quality(None, model)[0] == QualityFile()


def test_a_model_without_a_standard_entity_is_no_fault() -> None:
    """What the packaged file says of an entity that a project took out is left out."""
    model = standard_model()
    smaller = type(model)(
        tuple(e for e in model.entities if e.name not in ("order", "contract")), model.vocabularies
    )
    rules, faults = parse_quality(starter_file("quality.yaml").data, smaller)
    assert not faults
    assert "order.number" not in rules.unique
    assert all("contract" not in d for d in rules.current["customer"].dates)


def test_names_of_gates() -> None:
    """R-4.2: any figure has a name; what cannot be measured has none."""
    for name in (
        "quality.score", "quality.customer.repetition", "quality.before.contact.mobile.elements",
        "quality.contact.mobile.completeness",
    ):  # fmt: skip
        assert asked(name) is not None
        assert re.match(NAMES, name)
    for name in ("quality", "quality.beauty", "quality.a.b.c.score", "completeness.customer"):
        assert asked(name) is None
    assert set(QUALITY_MEASURES) >= {"repetition", "dirty"}
