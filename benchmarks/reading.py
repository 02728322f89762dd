"""Reading a workbook with damage forensics against openpyxl's read-only mode."""

import tempfile
from pathlib import Path

from openpyxl import Workbook, load_workbook

from benchmarks.timing import best_of, line
from crm_migrate.formats import open_file

ROWS, COLUMNS = 100_000, 12


def run() -> list[dict[str, str]]:
    """One workbook of ROWS x COLUMNS texts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wide.xlsx"
        book = Workbook(write_only=True)
        sheet = book.create_sheet("客户")
        sheet.append([f"字段{n}" for n in range(COLUMNS)])
        for row in range(ROWS):
            sheet.append([f"值{row % 997}-{n}" for n in range(COLUMNS)])
        book.save(path)

        def ours() -> None:
            table = open_file(path)[0]
            sum(batch.height for batch in table.batches())
            table.damage()

        def peer() -> None:
            opened = load_workbook(path, read_only=True)
            sum(1 for _ in opened.worksheets[0].iter_rows(values_only=True))
            opened.close()

        seconds = best_of(2, ours, peer)
    what = f"reading {ROWS:,} x {COLUMNS} xlsx with damage / openpyxl read-only"
    return [line(what, *seconds, ROWS, "rows")]
