"""Rules that many types have in the same words: each makes the rule of one type, for its noun in
English and Chinese.
"""

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity


def normalised(type_code: str, en: str, zh: str) -> Rule:
    """The repair `<type>.normalised`: the value was brought into its standard form."""
    return Rule(
        f"{type_code}.normalised",
        Severity.REPAIR,
        Text(f"The {en} was brought into its standard form", f"{zh}已转换为标准格式"),
        Text(
            "Nothing to do; correct the source if the new form is wrong.",
            "无需处理；如转换后不正确，请修改源数据。",
        ),
    )


def letters_read(type_code: str, en: str, zh: str) -> Rule:
    """The repair `<type>.letters_read`: letters were read as digits, and all checks fit then."""
    return Rule(
        f"{type_code}.letters_read",
        Severity.REPAIR,
        Text(
            f"Letters in the {en} were read as the digits that they look like (O as 0, I as 1 …); "
            "its check digit fits then",
            f"{zh}中的字母已按形近数字读取（O 读作 0、I 读作 1 等），读取后校验位相符",
        ),
        Text(
            "Nothing to do; compare it with the document if it matters much.",
            "无需处理；重要数据可再与证照核对。",
        ),
    )


def note(type_code: str, en: str, zh: str, examples: str = "“工作”“王经理”") -> Rule:
    """The repair `<type>.note`: words beside the value were left out."""
    return Rule(
        f"{type_code}.note",
        Severity.REPAIR,
        Text(
            f"Words stood beside the {en} (like {examples}); they were left out",
            f"{zh}旁有备注文字（如{examples}），已去除",
        ),
        Text("Nothing to do; the source still has the words.", "无需处理；源数据中仍保留该文字。"),
    )


def several(type_code: str, en: str, zh: str) -> Rule:
    """The repair `<type>.several`: the cell held several values.

    A repair: the others are kept, and where no field takes them `value.left_over` warns.
    """
    return Rule(
        f"{type_code}.several",
        Severity.REPAIR,
        Text(
            f"The cell held several {en}; the first was taken",
            f"一格中有多个{zh}，已取第一个",
        ),
        Text(
            "Nothing to do: the others stand in the field of other contact data if there is one.",
            f"无需处理；其余{zh}已移至“其他联系方式”字段（如有）。",
        ),
    )


def moved(code: str, en: str, zh: str) -> Rule:
    """The repair `code`: a value was moved to its own field, and there is nothing to do."""
    return Rule(code, Severity.REPAIR, Text(en, zh), Text("Nothing to do.", "无需处理。"))


def made_up(type_code: str, en: str, zh: str) -> Rule:
    """The warning `<type>.made_up`: the number is one that people invent (`columns.invented`)."""
    return Rule(
        f"{type_code}.made_up",
        Severity.WARNING,
        Text(
            f"The {en} is one digit repeated, or digits that count up",
            f"{zh}为同一数字重复或连续数字，疑似随意填写",
        ),
        Text("Ask for the document and enter the number.", "请核对证照并补录。"),
    )


def precision_lost(type_code: str, en: str, zh: str) -> Rule:
    """The warning `<type>.precision_lost`: the number has but the digits that a float keeps."""
    return Rule(
        f"{type_code}.precision_lost",
        Severity.WARNING,
        Text(
            f"The last digits of the {en} were lost: a spreadsheet stored it as a number",
            f"{zh}末几位已丢失：电子表格将其存为数字",
        ),
        Text(
            "It cannot be repaired. Take it from the old system again, as text.",
            "无法还原，请从原系统以文本格式重新导出。",
        ),
    )


def covered(type_code: str, en: str, zh: str, like: str = "") -> Rule:
    """The warning `<type>.covered`: part of the value is missing; `like` shows how it may look."""
    examples = Text(like, like) if like else Text("138****8000 or 李**", "138****8000、李**")
    return Rule(
        f"{type_code}.covered",
        Severity.WARNING,
        Text(
            f"Part of the {en} is covered (like {examples.en})",
            f"{zh}已被遮盖（如 {examples.zh}），不完整",
        ),
        Text(
            "It cannot be restored here: export it from the old system without masking.",
            "此处无法还原，请从原系统导出未脱敏的数据。",
        ),
    )


def out_of_use(type_code: str, en: str, zh: str) -> Rule:
    """The warning `<type>.out_of_use`: the cell says that the number is none of today."""
    return Rule(
        f"{type_code}.out_of_use",
        Severity.WARNING,
        Text(
            f"The cell says that the {en} is out of use (like 停机 or 空号)",
            f"{zh}旁注明已停用（如“停机”“空号”）",
        ),
        Text("Ask for the number in use.", "请核实现用号码。"),
    )
