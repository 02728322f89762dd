"""The verbs by name, in the order of the work: help lists them and imports nothing."""

from dataclasses import dataclass

from crm_migrate.language import Text


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb lives (`module:attribute` under `crm_migrate.cli`) and its one-line help."""

    place: str
    summary: Text


VERBS: dict[str, Verb] = {
    "profile": Verb(
        "profile:profile",
        Text("what is in these files, and what is damaged", "查看文件内容与数据损坏情况"),
    ),
    "init": Verb(
        "init:init",
        Text("make a project from your files, mappings proposed", "由文件生成项目并建议映射"),
    ),
    "check": Verb(
        "check:check", Text("check the project's files, all faults at once", "检查项目文件")
    ),
    "mapping": Verb(
        "mapping:mapping",
        Text("confirm mappings in Excel: export, import", "在 Excel 中确认映射：导出、导入"),
    ),
    "keys": Verb("keys:keys", Text("make keys and people", "创建密钥与人员")),
    "plan": Verb(
        "plan:plan",
        Text("read, clean, link and show what would change", "读取、清洗、去重并生成变更计划"),
    ),
    "show": Verb("show:show", Text("show a plan", "查看计划")),
    "approve": Verb("approve:approve", Text("approve a plan as another person", "由他人批准计划")),
    "reject": Verb("approve:reject", Text("reject a plan", "驳回计划")),
    "override": Verb(
        "override:override", Text("let a gate hold a plan up no longer", "放行阻止计划的门禁")
    ),
    "revoke": Verb("revoke:revoke", Text("take a decision back", "撤回审批")),
    "approval": Verb(
        "approval:approval",
        Text("a plan's approval for outsiders: export, verify", "导出、核验审批文件"),
    ),
    "apply": Verb(
        "apply:apply",
        Text("write what was approved, then read it back", "执行已批准的计划并回读核对"),
    ),
    "rollback": Verb(
        "rollback:rollback",
        Text("take an applied plan back", "撤回已执行的计划"),
    ),
    "reconcile": Verb(
        "reconcile:reconcile",
        Text("compare sources and CRM row by row", "逐行核对来源与 CRM"),
    ),
    "runs": Verb("runs:runs", Text("list runs and plans", "列出运行与计划")),
    "review": Verb(
        "review.group:review", Text("decide doubtful pairs and 撞单", "裁决疑似重复与撞单")
    ),
    "cell": Verb(
        "cell:cell", Text("set a value where all sources are wrong", "来源均有误时人工改值")
    ),
    "standardize": Verb(
        "standardize:standardize",
        Text("standardize and check files, no project needed", "对文件标准化与校验（无需项目）"),
    ),
    "link": Verb(
        "link:link", Text("deduplicate files, no project needed", "对文件去重（无需项目）")
    ),
    "match": Verb(
        "match:match",
        Text("find each row of one list in another, as in a register", "在名录中查找清单各行"),
    ),
    "evaluate": Verb(
        "evaluate:evaluate",
        Text("how right the deduplication is", "评估去重的准确程度"),
    ),
    "quality": Verb(
        "quality:quality",
        Text("what the data is worth, before and after", "评价数据质量（治理前后）"),
    ),
    "dictionary": Verb(
        "dictionary:dictionary",
        Text("what every field means, in versions", "数据字典（版本化）"),
    ),
    "export": Verb(
        "export:export",
        Text("write readable data for people, protected", "导出可读数据（加密保护）"),
    ),
    "quarantine": Verb(
        "quarantine:quarantine",
        Text("correct what was set aside, in Excel", "在 Excel 中更正被隔离的记录"),
    ),
    "verify": Verb(
        "verify:verify",
        Text("ask outside a second time about key data", "向外部二次核验关键数据"),
    ),
    "trace": Verb(
        "trace:trace", Text("follow a customer from source cell to CRM", "追溯客户数据的来龙去脉")
    ),
    "history": Verb(
        "history:history",
        Text("every change of a customer, over all plans", "客户的全部变更记录"),
    ),
    "audit": Verb("audit:audit", Text("audit report and journal check", "审计报告与日志校验")),
}
