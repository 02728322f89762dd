"""Which workbooks can be marked in a copy (see `marked_book`), and what that copy will lack.

What openpyxl cannot keep (charts, pivot tables, macros) is told, never silently lost.
"""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from crm_migrate.errors import UsageFault
from crm_migrate.formats.ooxml.archive import open_part
from crm_migrate.language import Text

MOST_CELLS = 500_000
"""Cells of a workbook that is marked: openpyxl holds all of them in memory, about 1 KiB each."""
_LOST = (
    (re.compile(r"xl/charts/|xl/chartsheets/"), Text("charts", "图表")),
    (re.compile(r"xl/pivotTables/"), Text("pivot tables", "数据透视表")),
    (re.compile(r"xl/vbaProject"), Text("macros", "宏")),
    (re.compile(r"xl/slicers/|xl/timelines/"), Text("slicers", "切片器")),
    (re.compile(r"xl/media/|xl/diagrams/"), Text("pictures", "图片")),
)
_CELL = re.compile(rb"<(?:\w+:)?c[ >/]")


def require_markable(files: Sequence[Path], target: Path) -> None:
    """Refuse, before the work, what cannot be marked.

    Raises:
        UsageFault: several files, no .xlsx file, a target not called so, or too many cells.
    """
    if len(files) != 1:
        raise _refused(
            Text("--marked takes one workbook", "--marked 仅支持一个工作簿"),
            Text("run it once for each file", "请对每个文件分别运行"),
        )
    if target.suffix.lower() != ".xlsx":
        raise _refused(
            Text(f"cannot write a {target.suffix or '?'} file", f"不支持写 {target.suffix or '?'}"),
            Text("name it .xlsx", "请使用后缀 .xlsx"),
        )
    if not _is_xlsx(files[0]):
        raise _refused(
            Text(
                f"only .xlsx workbooks can be marked, {files[0].name} is none",
                f"仅 .xlsx 工作簿可标注，{files[0].name} 不是",
            ),
            Text(
                "open it in Excel or WPS, save it as .xlsx, and give that file",
                "请用 Excel 或 WPS 打开并另存为 .xlsx,再指定该文件",
            ),
        )
    if (count := _cell_count(files[0])) > MOST_CELLS:
        raise _refused(
            Text(
                f"{count:,} cells; at most {MOST_CELLS:,} can be marked",
                f"{count:,} 个单元格，超出标注上限 {MOST_CELLS:,}",
            ),
            Text(
                "split the workbook, or leave --marked out and work with the findings file",
                "请拆分工作簿，或不用 --marked,改用问题清单",
            ),
        )


def lost_parts(file: Path) -> list[Text]:
    """What of the workbook its copy will not have."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    return [told for pattern, told in _LOST if any(map(pattern.match, names))]


def _is_xlsx(file: Path) -> bool:
    if not file.is_file() or not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return "xl/workbook.xml" in archive.namelist()


def _cell_count(file: Path) -> int:
    """About how many cells the sheets hold, empty ones with a format included."""
    count = 0
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with open_part(archive, name) as stream:
                    while piece := stream.read(1 << 20):
                        count += len(_CELL.findall(piece))
    return count


def _refused(message: Text, remedy: Text) -> UsageFault:
    return UsageFault(message, where="--marked", remedy=remedy)
