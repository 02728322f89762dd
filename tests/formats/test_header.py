"""Headers are found by evidence, on sheets the code was not made for."""

from collections.abc import Callable

import pytest

from crm_migrate.formats import Header
from crm_migrate.formats.header import HeadRow, find_header, labels


def company(i: int) -> str:
    return f"{'安北辰东南西'[i % 6]}{'岭岸光方'[i % 4]}机械有限公司"


def phone(i: int) -> str:
    return f"1380000{i:04d}"


def city(i: int) -> str:
    return ("杭州", "宁波", "上海", "北京")[i % 4]


def data(*columns: Callable[[int], object], n: int = 5) -> list[list[object]]:
    return [[column(i) for column in columns] for i in range(n)]


SHEETS: dict[str, tuple[list[list[object]], Header | None]] = {
    "plain": ([["客户", "电话", "城市"], *data(company, phone, city)], Header(1, 1)),
    "unknown words": (
        [["Foo", "Bar", "Baz"], *data(lambda i: f"v{i}", phone, lambda i: "x")], Header(1, 1)),
    "figures by year": (
        [["产品", "2021", "2022"], *data(company, lambda i: i * 10, lambda i: i * 7)],
        Header(1, 1)),
    "banner and particulars": (
        [["2024年统计"], ["制表日期：2024-01-01", None, "单位：万元"], ["公司", "金额", "区域"],
         *data(company, lambda i: i * 10.5, city)], Header(3, 3)),
    "title of two cells": (
        [["客户名单", None, None, "共100条"], ["客户", "手机", "城市", "等级"],
         *data(company, phone, city, lambda i: "AB"[i % 2])], Header(2, 2)),
    "all text": (
        [["姓名", "部门", "岗位"], ["张三", "销售部", "经理"], ["李四", "技术部", "工程师"],
         ["王五", "销售部", "专员"]], Header(1, 1)),
    "all text, no header": (
        [["张三", "销售部", "经理"], ["李四", "技术部", "工程师"], ["王五", "销售部", "经理"],
         ["赵六", "销售部", "经理"]], None),
    "records only": (data(company, phone, city, n=6), None),
    "one column": ([["手机"], ["13800000001"], ["13800000002"]], Header(1, 1)),
    "one column, no header": ([["13800000000"], ["13800000001"], ["13800000002"]], None),
    "groups without merges": (
        [["编号", "客户", "联系方式", None, "备注"], [None, None, "手机", "邮箱", None],
         *data(lambda i: f"K{i:03}", company, phone, lambda i: f"a{i}@example.com", city)],
        Header(1, 2)),
    "groups, merged": (
        [["编号", "基本", "基本", "联系", "联系"], ["编号", "名称", "城市", "手机", "邮箱"],
         *data(lambda i: f"K{i:03}", company, city, phone, lambda i: f"a{i}@example.com")],
        Header(1, 2)),
    "row of units": (
        [["名称", "金额", "数量"], [None, "万元", "台"],
         *data(company, lambda i: i * 3.5, lambda i: i)], Header(1, 2)),
    "keys over labels": (
        [["cust_name", "mobile", "city"], ["客户名称", "手机", "城市"],
         *data(company, phone, city)], Header(2, 2)),
    "sparse first record": (
        [["客户名称", "手机", "地址", "城市"], ["安岭机械", None, None, None],
         *data(company, phone, company, city)], Header(1, 1)),
    "header printed on every page": (
        [["客户", "电话", "城市"], *data(company, phone, city), ["客户", "电话", "城市"],
         *data(company, phone, city)], Header(1, 1)),
    "nothing but a header": ([["客户名称", "手机", "地址"]], Header(1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(SHEETS))
def test_header_is_found(name: str) -> None:
    """R-1.1: where the labels stand, or that there are none."""
    rows, expected = SHEETS[name]
    width = max(len(r) for r in rows)
    head = [
        HeadRow(i, tuple(None if c is None else str(c) for c in [*r, *[None] * (width - len(r))]))
        for i, r in enumerate(rows, start=1)
    ]
    assert find_header(head) == expected


def test_labels_are_joined_and_distinct() -> None:
    """R-2.3: groups and finer labels are joined by `/`; reserved and repeated names give way."""
    assert labels([["联系", None, "_row"], ["手机", "手机", None]], 3) == (
        "联系/手机", "联系/手机 (2)", "_row (2)",
    )  # fmt: skip
    assert labels([["联系", None], ["手机", "邮箱"]], 2) == ("联系/手机", "联系/邮箱")
    assert labels([], 2) == ("column A", "column B")
