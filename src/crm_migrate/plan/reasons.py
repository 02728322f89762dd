"""Why operations are as they are, and why records wait: the words for each reason code."""

from crm_migrate.language import Text

REASONS = {
    "new": Text("not in the CRM yet", "CRM 中尚不存在"),
    "filled": Text("fills cells that are empty in the CRM", "补全 CRM 中的空值"),
    "changed": Text("the sources have newer values", "来源数据有更新"),
    "overridden": Text("a person set these values", "人工改值"),
    "identifier_left_empty": Text(
        "written without an identifier that can be none and that other records have, too",
        "号码不可能正确且与其他记录重复，该字段留空",
    ),
    "same": Text("already as it should be", "与 CRM 一致"),
    "edited": Text("edited in the CRM; the CRM's values stay", "CRM 中已有人工修改，保留 CRM 的值"),
    "conflict": Text("changed on both sides; a person decides", "两边都有修改，需人工决定"),
    "owner_conflict": Text(
        "two owners claim this customer (撞单); both departments decide",
        "撞单:两位负责人主张同一客户,待双方部门决定",
    ),
    "parent_waits": Text("its customer is not loaded", "所属客户未导入"),
    "orphan": Text("its customer is in no source", "所属客户在来源中不存在"),
    "unique_taken": Text(
        "another row of the CRM or of this plan has the same unique key; if this plan gives it up,"
        " the next plan takes it up",
        "CRM 或本计划中的另一条记录已使用相同的唯一键；如本计划让出该值，则由下一计划写入",
    ),
    "does_not_fit": Text("a value does not fit the CRM's column", "值与 CRM 字段的限制不符"),
    "stands_deleted": Text(
        "the CRM holds it in a row that is deleted or left out there; a new row is made",
        "CRM 中该记录已删除或已排除，将新建一条",
    ),
    "duplicate_in_crm": Text(
        "the CRM holds this customer several times", "CRM 中同一客户有多条记录"
    ),
    "group_parent": Text(
        "the CRM's rows for one customer stand under each other in a group: a person decides",
        "CRM 中同一客户的多条记录互为集团上下级，需人工决定",
    ),
    "survivor_waits": Text("the row that would stay waits itself", "保留的记录本身暂不处理"),
    "parents_apart": Text(
        "they hang on customers that are not merged", "所属客户未合并，从属记录也不合并"
    ),
    "merge_first": Text(
        "it refers to a row that this plan merges; plan again afterwards",
        "它引用的记录将在本计划中合并，请执行后重新生成计划",
    ),
    "child_moves": Text(
        "what hangs on it goes to another customer by this plan; plan again afterwards",
        "其从属记录在本计划中将转到其他客户，请执行后重新生成计划",
    ),
    "reparent_collides": Text(
        "what hangs on it would stand twice under a unique key of the CRM",
        "转移从属记录会与 CRM 的唯一键冲突",
    ),
    "other_key": Text(
        "rows of the CRM refer to it by something else than its key",
        "CRM 中有记录通过主键以外的字段引用它",
    ),
    "merge_again": Text(
        "what a rollback took apart is merged again by a new plan only",
        "撤回合并后，需重新生成计划才能再次合并",
    ),
    "kept_base": Text("stays, since it was loaded by us", "保留：该记录由本工具导入"),
    "kept_smallest_key": Text("stays, since its key is the smallest", "保留：主键最小的记录"),
    "taken_back": Text("as it was before the plan", "恢复到计划执行之前"),
    "along": Text("comes along: it hangs on what is deleted", "随所属记录一并撤回"),
    "nothing_left": Text("taken back already, or nothing to take back", "已撤回或无需撤回"),
    "edited_since": Text("kept: edited in the CRM since", "保留：执行后在 CRM 中被修改"),
    "gone": Text("kept: deleted from the CRM since", "保留：执行后已从 CRM 中删除"),
    "later_plan": Text("kept: a later plan wrote it", "保留：其后有计划写入"),
    "in_use": Text("kept: other rows of the CRM refer to it", "保留:CRM 中有其他记录引用它"),
    "key_taken": Text("kept: another row has its key now", "保留：原主键已被其他记录占用"),
    "group_kept": Text(
        "kept: another record of its customer is kept", "保留：同一客户的其他记录须保留"
    ),
    "outside_scope": Text("no part of this plan's scope", "不在本计划范围内"),
    "excluded": Text("excluded by those who checked the plan", "核对时已排除"),
}
