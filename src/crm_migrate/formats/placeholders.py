"""What people write into a cell to say that there is nothing to write."""

PLACEHOLDERS = (
    "无", "暂无", "没有", "未知", "不详", "未填", "待补", "待定", "空", "N/A", "n/a", "NA", "null",
    "NULL", "None", "none", "nan", "NaN", "-", "--", "---", "—", "——", "/", "//", "\\", "?", "？",
    ".", "。", "*", "...", "无。", "（空）", "(空)",
)  # fmt: skip
"""Cells that hold one of these, and nothing else but blanks, are missing values."""
