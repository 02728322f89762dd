"""What was done to a row, in words: actions of plans and results in the target ledger."""

from crm_migrate.language import Text

_RESULTS = {
    "created": Text("created", "已新建"),
    "updated": Text("changed", "已修改"),
    "deleted": Text("deleted", "已删除"),
    "unchanged": Text("taken over as it is", "按现状接管"),
    "adopted": Text("taken over as it is", "按现状接管"),
    "skipped": Text("left", "未处理"),
    "failed": Text("refused by the CRM", "被 CRM 拒绝"),
    "merged": Text("merged into another row", "已并入其他记录"),
    "reparented": Text("moved to the row that stays", "已转到保留的记录"),
    "merge": Text("merge", "合并"),
    "reparent": Text("move", "转移"),
    "restored": Text("put back", "已恢复"),
    "adopt": Text("take over", "接管"),
}


def outcome_text(code: str) -> Text:
    """The word for an action or a result; the code itself where there is none."""
    from crm_migrate.plan.show.risks import ACTION_LABELS

    return _RESULTS.get(code) or ACTION_LABELS.get(code) or Text(code, code)
