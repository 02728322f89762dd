"""Why a golden cell has its value, in words: for the rules that stand in the lineage."""

from collections.abc import Callable

from crm_migrate.language import Text

_RULES = {
    "only": Text("the only record", "唯一来源记录"),
    "agreed": Text("all sources agree", "各来源一致"),
    "assigned": Text("assigned", "系统编号"),
    "most_trusted": Text("the most trusted source", "取最可信来源"),
    "most_recent": Text("the newest record", "取最新记录"),
    "most_complete": Text("the most complete record", "取最完整记录"),
    "most_valid": Text("the fewest doubtful values", "取存疑最少的记录"),
    "most_frequent": Text("the most frequent value", "取出现最多的值"),
    "longest": Text("the longest value", "取最长的值"),
    "most_restrictive": Text("the most restrictive value", "取限制最严的值"),
    "union": Text("all values together", "合并全部取值"),
    "record_id": Text("equal claims: a fixed order decides", "条件相同，按固定顺序"),
    "owners_agreed": Text("the departments agreed", "相关部门商定"),
}
_NAMING = {
    "prefer": Text("preferred by {name}", "按{name}优先"),
    "most_recent": Text("the newest record by {name}", "按{name}取最新记录"),
    "override": Text("set by {name}", "由{name}人工设定"),
    "derived": Text("derived: {name}", "推导：{name}"),
}
"""Rules that name a field or a person after a colon."""


def rule_words(rule: str, label: Callable[[str], Text] | None = None) -> Text:
    """The words for a rule; what is unknown stays as it is.

    `label`: what a field is called. A condition is told as it stands in the rules.

    >>> rule_words("most_recent:source_created_at when customer_type=成交客户").en
    'the newest record by source_created_at, when customer_type=成交客户'
    """
    base, _, condition = rule.partition(" when ")
    kind, _, name = base.partition(":")
    words = _RULES.get(kind, Text(base, base))
    if name and kind in _NAMING:
        called = label(name) if label is not None else Text(name, name)
        naming = _NAMING[kind]
        words = Text(naming.en.format(name=called.en), naming.zh.format(name=called.zh))
    if not condition:
        return words
    return Text(f"{words.en}, when {condition}", f"{words.zh}(条件：{condition})")
