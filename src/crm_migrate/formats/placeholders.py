"""What people write into a cell to say that there is nothing to write."""

NO_WORDS = (
    "N/A", "n/a", "null", "NULL", "Null", "None", "none", "nan", "NaN", "NaT", "\\N", "(null)",
    "<null>", "[null]", "undefined", "#", "-", "--", "---", "—", "——", "/", "//", ".", "...", "。",
)  # fmt: skip
"""Those that are no words of anybody: programs write them, or they are strokes of a pen."""
PLACEHOLDERS = (
    *NO_WORDS, "无", "暂无", "没有", "未知", "不详", "未填", "未填写", "待补", "待补充", "待定",
    "空", "空白", "暂缺", "NA", "\\", "?", "？", "*", "无。", "（空）", "(空)",
)  # fmt: skip
"""Cells that hold one of these, and nothing else but blanks, are missing values."""
