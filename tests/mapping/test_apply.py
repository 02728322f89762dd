"""Mapping rows to records: identity, values, owners, references, findings."""

import polars as pl
import pytest

from crm_migrate.errors import SourceFault
from crm_migrate.mapping.apply import Mapped, map_table
from crm_migrate.mapping.origins import origins
from crm_migrate.mapping.references import resolve_orphans
from crm_migrate.project.entities_file import standard_model
from crm_migrate.project.mapping_file import SourceMapping, TableMapping, ValueMap
from crm_migrate.records import record_id

MODEL = standard_model()
KEY = bytes(range(32))
CUSTOMERS = {
    "编号": ["C1", "C2", "C3", "C3", None, "C5"],
    "客户名称": ["甲公司", "乙公司", "丙公司", "丁公司", "戊公司", " "],
    "电话": ["0591-1", None, "0591-3", None, None, ""],
    "电话2": ["0591-2", "0591-9", None, None, None, None],
    "预算": ["1200000", "120万元", "面议", None, "1,500", None],
    "来源": ["展会", "朋友圈", "官网咨询", None, "其它", None],
    "负责人": ["老周", "小李", "陌生人", None, "新同事", None],
    "联系人": ["张三", None, "李四", None, None, None],
}
MAPPING = {
    "table": "登记表",
    "key": ["编号"],
    "records": [
        {
            "entity": "customer",
            "fields": {
                "name": "客户名称",
                "phone": {"columns": ["电话", "电话2"], "join": "；"},
                "annual_budget": {"column": "预算", "unit": "元"},
                "channel": {"column": "来源", "values": "channel"},
                "owner": {"column": "负责人", "values": "owners"},
                "kind": {"constant": "企业"},
            },
        },
        {"entity": "contact", "fields": {"customer": {"record": "customer"}, "name": "联系人"}},
    ],
}
VALUES = {
    "channel": ValueMap.model_validate({"map": {"展会": "展会推广", "微博": None}}),
    "owners": ValueMap.model_validate(
        {
            "owners": [
                {"from": "老周", "to": "公海"},
                {"from": "小李", "to": "新同事", "department": "销售二部"},
            ]
        }
    ),
}


def frame(columns: dict[str, list[str | None]]) -> pl.DataFrame:
    rows = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return rows.with_columns(_row=pl.int_range(4, 4 + rows.height, dtype=pl.Int64))


def run(
    columns: dict[str, list[str | None]] | pl.DataFrame,
    mapping: dict[str, object],
    *,
    source: str = "sales",
    file: str = "a.xlsx",
    sheet: str = "登记表",
) -> Mapped:
    rows = columns if isinstance(columns, pl.DataFrame) else frame(columns)
    table = TableMapping.model_validate(mapping)
    return map_table(rows, table, source, file, sheet, MODEL, VALUES, KEY)


def rules(mapped: Mapped) -> dict[str, int]:
    return dict(mapped.findings["rule"].value_counts().iter_rows())


def test_fields_from_columns_constants_maps_and_units() -> None:
    """R-2.3: several columns to one, constants, value and owner maps, units of the source."""
    mapped = run(CUSTOMERS, MAPPING)
    customer = mapped.records["customer"].sort("_row")
    assert customer["name"].to_list() == ["甲公司", "乙公司", "丙公司", "丁公司", "戊公司"]
    assert customer["phone"].to_list() == ["0591-1；0591-2", "0591-9", "0591-3", None, None]
    assert customer["annual_budget"].to_list() == ["1200000元", "120万元", "面议", None, "1,500元"]
    assert customer["channel"].to_list() == ["展会推广", None, "官网咨询", None, "其他"]
    assert customer["kind"].unique().to_list() == ["企业"]
    assert customer.columns[:5] == ["record_id", "_source", "_file", "_sheet", "_row"]
    assert customer.columns[5:] == list(MODEL.entity("customer").field_names)


def test_owner_map_sets_the_department() -> None:
    """R-1.5: old owners become new ones, leavers go to 公海, the department comes along."""
    customer = run(CUSTOMERS, MAPPING).records["customer"].sort("_row")
    assert customer["owner"].to_list() == ["公海", "新同事", "陌生人", None, "新同事"]
    assert customer["department"].to_list() == [None, "销售二部", None, None, None]


def test_findings_and_counts() -> None:
    """What was not mapped is named by place and rule; the rows add up."""
    mapped = run(CUSTOMERS, MAPPING)
    assert rules(mapped) == {
        "mapping.key_missing": 1,
        "mapping.key_repeated": 2,
        "mapping.unmapped_value": 1,
        "mapping.unknown_owner": 1,
        "mapping.no_record": 1,
    }
    assert mapped.counts.rows == 6
    assert mapped.counts.without_record == 1
    assert mapped.counts.records == {"customer": 5, "contact": 2}
    unmapped = mapped.findings.filter(rule="mapping.unmapped_value").row(0, named=True)
    assert (unmapped["row"], unmapped["column"], unmapped["field"]) == (5, "来源", "channel")
    assert unmapped["record_id"] == record_id(KEY, "key", "sales", "登记表", "customer", "C2")


def test_references_within_the_row() -> None:
    """A contact refers to the customer of its own row."""
    mapped = run(CUSTOMERS, MAPPING)
    ids = dict(mapped.records["customer"].select("name", "record_id").iter_rows())
    contacts = dict(mapped.records["contact"].select("name", "customer").iter_rows())
    assert contacts == {"张三": ids["甲公司"], "李四": ids["丙公司"]}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shuffled_rows_and_renamed_files_change_no_id(seed: int) -> None:
    """Identity hangs on key and content only: not on row order, file or sheet names."""
    rows = frame(CUSTOMERS | {"编号": ["C1", "C2", "C3", "C3", None, None]})
    twice = pl.concat([rows, rows.with_columns(pl.col("_row") + 10)])
    before = run(twice, MAPPING)
    shuffled = twice.select(pl.exclude("_row")).sample(fraction=1, shuffle=True, seed=seed)
    after = run(
        shuffled.with_columns(_row=pl.int_range(2, 2 + shuffled.height)).select(
            sorted([*shuffled.columns, "_row"])
        ),
        MAPPING,
        file="b.xlsx",
        sheet="Sheet1",
    )
    for entity, records in before.records.items():
        assert records["record_id"].is_unique().all()
        values = ["record_id", *MODEL.entity(entity).field_names]
        assert (
            records.select(values)
            .sort(values)
            .equals(after.records[entity].select(values).sort(values))
        )


def test_first_of_equal_rows_keeps_the_key() -> None:
    """A row that stands twice, equal in all, does not take the key from those who refer to it."""
    mapped = run({"k": ["A", "A", "B"], "n": ["甲", "甲", "乙"]}, keyed("k"))
    ids = mapped.records["customer"]["record_id"].to_list()
    assert ids.count(record_id(KEY, "key", "sales", "t", "customer", "A")) == 1
    assert len(set(ids)) == 3
    assert rules(mapped) == {"mapping.key_repeated": 1}
    assert mapped.ambiguous.to_list() == []


def keyed(key: str, **extra: object) -> dict[str, object]:
    record = {"entity": "customer", "fields": {"name": "n"}}
    return {"table": "t", "key": [key], "records": [record | extra]}


def test_records_that_many_rows_name() -> None:
    """A ticket list names its customer by code: equal mentions are one record, others are not."""
    rows = {
        "单号": ["T1", "T2", "T3", "T4"],
        "客户编码": ["C1", "C1", "C2", "C2"],
        "客户": ["甲", "甲", "乙", "乙公司"],
    }
    mapped = run(
        rows,
        {
            "table": "工单",
            "key": ["单号"],
            "records": [
                {
                    "entity": "customer",
                    "key": ["客户编码"],
                    "fields": {"customer_code": "客户编码", "name": "客户"},
                },
                {
                    "entity": "ticket",
                    "fields": {"customer": {"record": "customer"}, "number": "单号"},
                },
            ],
        },
    )
    assert mapped.counts.records == {"customer": 3, "ticket": 4}
    assert mapped.counts.shared == {"customer": 1}
    tickets = mapped.records["ticket"].sort("number")
    assert tickets["customer"].n_unique() == 3
    assert set(tickets["customer"]) == set(mapped.records["customer"]["record_id"])
    assert rules(mapped) == {"mapping.key_repeated": 2}


def test_look_ups_by_declared_key_and_orphans() -> None:
    """A foreign key becomes the other record's id; dangling and ambiguous ones are found."""
    customers = run(
        {"k": ["1", "2", "3", "3"], "n": ["甲", "乙", "丙", "丁"]}, keyed("k"), source="erp"
    )
    look_up = {"source": "erp", "table": "t", "column": "客户"}
    orders = run(
        {"单号": list("abcde"), "客户": ["1.0", "2", "9", "3", None]},
        {
            "table": "订单",
            "key": ["单号"],
            "records": [{"entity": "order", "fields": {"number": "单号", "customer": look_up}}],
        },
    )
    frames = {**customers.records, **orders.records}
    resolved = resolve_orphans(
        frames, MODEL, customers.ambiguous, {("order", "sales", "customer"): "客户"}
    )
    names = dict(customers.records["customer"].select("record_id", "name").iter_rows())
    found = resolved.records["order"].sort("number")["customer"].to_list()
    assert [names.get(i) if i else None for i in found] == ["甲", "乙", None, None, None]
    assert resolved.findings.select("rule", "row", "column").rows() == [
        ("reference.orphan", 6, "客户"),
        ("reference.ambiguous", 7, "客户"),
    ]


def test_composite_keys_are_no_concatenation() -> None:
    """The keys (1, 23) and (12, 3) are different records."""
    mapping = keyed("a") | {"key": ["a", "b"]}
    mapped = run({"a": ["1", "12"], "b": ["23", "3"], "n": ["甲", "乙"]}, mapping)
    assert mapped.records["customer"]["record_id"].to_list() == [
        record_id(KEY, "key", "sales", "t", "customer", "1", "23"),
        record_id(KEY, "key", "sales", "t", "customer", "12", "3"),
    ]


def test_two_contacts_of_one_row() -> None:
    """A second contact in the same row is a record of its own; `requires` leaves empty ones out."""
    mapping = {
        "key": ["k"],
        "records": [
            {"entity": "contact", "fields": {"name": "甲", "mobile": "机"}},
            {"entity": "contact", "requires": ["name"], "fields": {"name": "乙", "mobile": "机"}},
        ],
    }
    mapped = run(
        {"k": ["1", "2"], "甲": ["张", "王"], "乙": ["李", None], "机": ["1", "2"]}, mapping
    )
    assert mapped.records["contact"]["name"].to_list() == ["张", "王", "李"]
    assert mapped.records["contact"]["record_id"].is_unique().all()


@pytest.mark.parametrize("pattern", [r"级别[:：](\w+)", r"(?<=级别：)(\w+)"])
def test_patterns_take_one_part_of_a_column(pattern: str) -> None:
    """One column to several fields; what does not match is found. Look-behind works, too."""
    fields = {"name": "n", "remark": {"column": "说明", "pattern": pattern}}
    mapped = run(
        {"k": ["1", "2"], "n": ["甲", "乙"], "说明": ["级别：高", "无"]},
        {"key": ["k"], "records": [{"entity": "customer", "fields": fields}]},
    )
    assert mapped.records["customer"]["remark"].to_list() == ["高", None]
    assert rules(mapped) == {"mapping.pattern_unmatched": 1}


def test_a_missing_column_is_named_with_the_likeliest_other() -> None:
    """File, sheet, column and remedy, in both languages."""
    with pytest.raises(SourceFault) as caught:
        run(
            {"k": ["1"], "客户名": ["甲"]},
            keyed("k") | {"records": [{"entity": "customer", "fields": {"name": "客户名称"}}]},
        )
    assert caught.value.where == "a.xlsx/登记表"
    assert "“客户名称”（相近：客户名）" in caught.value.message.zh
    assert caught.value.remedy is not None


def test_an_empty_table_maps_to_empty_records() -> None:
    """No rows: all the same columns, no findings."""
    mapped = run({c: [] for c in CUSTOMERS}, MAPPING)
    assert mapped.counts.records == {"customer": 0, "contact": 0}
    assert mapped.findings.is_empty()


def test_origins_name_the_source_columns() -> None:
    """Findings of later stages can name the column that a field came from."""
    mapping = SourceMapping.model_validate({"source": "sales", "tables": [MAPPING]})
    found = origins("customer", [mapping])
    assert found["sales", "phone"] == "电话、电话2"
    assert ("sales", "kind") not in found
