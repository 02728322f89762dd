"""The language of rules: compared with SQLite on random expressions, and what it refuses."""

import sqlite3
from datetime import date

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crm_migrate.language import Text
from crm_migrate.model import Entity, Field, Model, SemanticType
from crm_migrate.project.entities_file import standard_model
from crm_migrate.standards.rules.compiler import compile_expression
from crm_migrate.standards.rules.inputs import inputs
from crm_migrate.standards.rules.kinds import Kind, Misread

LABEL = Text("x", "某")
TYPES = {
    "a": SemanticType.TEXT, "b": SemanticType.TEXT, "n": SemanticType.AMOUNT,
    "m": SemanticType.INTEGER, "d": SemanticType.DATE, "e": SemanticType.DATE,
}  # fmt: skip
FIELDS = (*(Field(n, t, LABEL) for n, t in TYPES.items()),)
CHILD = Entity("child", LABEL, (Field("up", SemanticType.REFERENCE, LABEL, references="thing"),
                                Field("n", SemanticType.AMOUNT, LABEL)))  # fmt: skip
THING = Entity("thing", LABEL, FIELDS)
MODEL = Model((THING, CHILD), {})

TEXTS = st.sampled_from(["", "x", "xy", "Xy", "a%b", "上海市", "客户_1"])
NUMBERS = st.sampled_from(["0", "1", "2", "2.5", "-3", "1000000"])
DAYS = st.dates(date(1999, 1, 1), date(2030, 12, 31)).map(str)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"a": st.none() | TEXTS, "b": st.none() | TEXTS, "n": st.none() | NUMBERS,
         "m": st.none() | st.sampled_from(["0", "1", "7", "-2"]), "d": st.none() | DAYS,
         "e": st.none() | DAYS}),
    min_size=1, max_size=5,
)  # fmt: skip


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


TEXT = st.deferred(
    lambda: (
        st.sampled_from(["a", "b"])
        | TEXTS.map(quoted)
        | st.builds("coalesce({}, {})".format, TEXT, TEXT)
        | st.builds("({} || {})".format, TEXT, TEXT)
        | st.builds("substring({}, {}, {})".format, TEXT, st.integers(1, 3), st.integers(0, 3))
    )
)
NUMBER = st.deferred(
    lambda: (
        st.sampled_from(["n", "m"])
        | NUMBERS.map("({})".format)
        | st.builds("({} {} {})".format, NUMBER, st.sampled_from("+-*/"), NUMBER)
        | st.builds("length({})".format, TEXT)
        | st.builds("abs({})".format, NUMBER)
        | st.builds("case when {} then {} else {} end".format, TRUTH, NUMBER, NUMBER)
    )
)
SIGN = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
TRUTH = st.deferred(
    lambda: (
        st.builds("({} {} {})".format, TEXT, SIGN, TEXT)
        | st.builds("({} {} {})".format, NUMBER, SIGN, NUMBER)
        | st.builds("(d {} e)".format, SIGN)
        | st.builds("(d {} {})".format, SIGN, DAYS.map(quoted))
        | st.builds("({} {} {})".format, TRUTH, st.sampled_from(["and", "or"]), TRUTH)
        | st.builds("(not {})".format, TRUTH)
        | st.builds("({} is {}null)".format, TEXT, st.sampled_from(["", "not "]))
        | st.builds("({} {}in ({}, {}))".format, TEXT, st.sampled_from(["", "not "]), TEXT, TEXT)
        | st.builds("({} between {} and {})".format, NUMBER, NUMBER, NUMBER)
        | st.builds(
            "({} like {})".format, TEXT, st.sampled_from(["'x%'", "'_y'", "'%市'", "'a%b'"])
        )
    )
)


@settings(max_examples=100, deadline=None)
@given(TRUTH, ROWS)
def test_conditions_mean_what_they_mean_in_sql(
    text: str, rows: list[dict[str, str | None]]
) -> None:
    """Three-valued logic, comparisons, arithmetic and functions agree with SQLite row by row."""
    assume(text.count("(") < 40)  # SQLite's own parser has an end
    table = pl.DataFrame(rows, schema=dict.fromkeys(TYPES, pl.String)).with_row_index("i")
    table = table.with_columns(record_id=pl.col("i").cast(pl.String))
    made = compile_expression(text, THING, MODEL, Kind.TRUTH)
    frame = inputs(THING, [made], {"thing": table}, date(2026, 1, 1))
    found = frame.with_columns(made.expr.alias("found"))["found"]
    with sqlite3.connect(":memory:") as base:
        base.execute("pragma case_sensitive_like = on")
        base.execute("create table t (i integer, a text, b text, n real, m real, d text, e text)")
        for number, row in enumerate(rows):
            cells = [row[k] if k not in "nm" or row[k] is None else float(row[k]) for k in TYPES]
            base.execute("insert into t values (?,?,?,?,?,?,?)", (number, *cells))
        numeral = text.replace("/", "* 1.0 /")
        said = [row[0] for row in base.execute(f"select {numeral} from t order by i")]
    assert [None if v is None else int(v) for v in found] == said, text


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40) | st.lists(st.sampled_from(
    ["a", "n", "(", ")", "'", "select", "from", "and", "not", "=", "*", ";", "--", "/*", "case",
     "sum", "::", "[", "]", "{", "}", "exists", "cast", "as", "int", "null", "1", ".", ","]),
    max_size=12).map(" ".join))  # fmt: skip
def test_nothing_but_the_language_is_understood(text: str) -> None:
    """Whatever is written is an expression of known fields, or a fault with a message."""
    try:
        made = compile_expression(text, THING, MODEL)
    except Misread:
        return
    assert made.columns <= {*TYPES, "record_id"}


@pytest.mark.parametrize(
    "text",
    ["select 1", "exists(select 1)", "(select a from thing)", "a = 1", "a", "n + d = 1", "x = 'y'",
     "count(distinct child.n) > 1", "sum(sum(child.n)) > 1", "cast(a as int) = 1", "a in (null)",
     "regexp_like(a, '(')", "d < '2024-02-30'", "load_extension(a)", "a; b", "", "sum(n) > 1",
     "up.n = 1", "a like b", "sum(child.n) filter (where n > 1) > 1"],
)  # fmt: skip
def test_what_is_refused(text: str) -> None:
    """Sub-queries, casts, unknown names and functions, and kinds that do not fit are faults."""
    with pytest.raises(Misread):
        compile_expression(text, THING, MODEL, Kind.TRUTH)


def test_a_value_that_the_vocabulary_lacks_is_refused() -> None:
    """A mistyped value would never be equal; a synonym is answered with the value to write."""
    model = standard_model()
    contact = model.entity("contact")
    compile_expression("customer.kind in ('企业', '个人')", contact, model)
    remedies = {
        "customer.kind = '自然人'": "write 个人",
        "'企业1' <> customer.kind": "write 企业, 个体工商户, 个人, 境外企业",
    }
    for text, remedy in remedies.items():
        with pytest.raises(Misread) as caught:
            compile_expression(text, contact, model)
        assert caught.value.remedy is not None
        assert caught.value.remedy.en == remedy


def test_other_records_are_looked_at() -> None:
    """A reference's fields, and figures over the records that refer here; as of a given day."""
    model = standard_model()
    tables = {
        "customer": pl.DataFrame(
            {"record_id": ["a", "b"], "parent": [None, "a"], "kind": ["企业", "个人"]}
        ),
        "contract": pl.DataFrame(
            {"record_id": ["k", "l", "m"], "customer": ["a", "a", None],
             "amount": ["0.1", "0.2", "9"], "signed_on": ["2025-06-01", "2025-07-01", "2025-01-01"]}
        ),
    }  # fmt: skip
    customer = model.entity("customer")
    asked = {
        "parent.kind = '企业'": [None, True],
        "sum(contract.amount) = 0.3": [True, None],
        "count(contract) filter (where contract.signed_on > '2025-06-15')": [1.0, 0.0],
        "合同": None,
        "years_between(min(contract.signed_on), today())": [0.0, None],
        "客户性质 = '企业'": [True, False],
    }
    for text, expected in asked.items():
        if expected is None:
            with pytest.raises(Misread):
                compile_expression(text, customer, model)
            continue
        made = compile_expression(text, customer, model)
        assert not made.of_record or text.startswith("客户性质")
        frame = inputs(customer, [made], tables, date(2026, 5, 31))
        assert frame.select(made.expr).to_series().to_list() == expected, text


def test_complete_years() -> None:
    """An age counts birthdays that have been; regions and birth dates come out of the codes."""
    model = standard_model()
    contact = model.entity("contact")
    table = pl.DataFrame({"record_id": ["a", "b"], "id_number": ["11010519491231002X", None]})
    made = {
        t: compile_expression(t, contact, model)
        for t in ("years_between(birth_date(id_number), today())", "region(id_number)",
                  "province(id_number)", "sex(id_number)")
    }  # fmt: skip
    ages = {date(2025, 12, 30): 75.0, date(2025, 12, 31): 76.0}
    for day, age in ages.items():
        frame = inputs(contact, made.values(), {"contact": table}, day)
        row = frame.select(e.expr.alias(t) for t, e in made.items()).row(0)
        assert row == (age, "110105", "北京市", "女")
