"""Words of options that several verbs of `review` have."""

from crm_migrate.language import Text

CLEAR = Text("show clear values", "显示明文")
BLIND = Text("hide scores, reasons and others' verdicts until you have given yours",
              "在您裁决之前隐藏评分、理由与他人裁决")  # fmt: skip
MINE = Text("only those assigned to you", "仅分配给您的任务")
WHY = Text("why (name nobody)", "理由（勿写个人信息）")
