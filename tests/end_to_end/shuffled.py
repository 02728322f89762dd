"""The samples again with their rows in another order and their files under other names."""

import random
import sqlite3
from pathlib import Path

SEED = 77
NAMES = {
    "sales.xlsx": "客户登记 (副本).xlsx",
    "service.csv": "gd-2025.txt",
    "legacy.db": "old.sqlite",
}


def shuffle_project(root: Path) -> None:
    """Shuffle and rename every source of a project, and write the new names into its file."""
    samples, chance = root / "samples", random.Random(SEED)
    shuffle_workbook(samples / "sales.xlsx", chance)
    shuffle_lines(samples / "service.csv", chance)
    shuffle_database(samples / "legacy.db", chance)
    settings = root / "crm-migrate.yaml"
    text = settings.read_text(encoding="utf-8")
    for old, new in NAMES.items():
        (samples / old).rename(samples / new)
        text = text.replace(f"samples/{old}}}", f'samples/{new}"}}').replace(
            f"path: samples/{old},", f'path: "samples/{new}",'
        )
        text = text.replace(f'samples/{old}"', f'samples/{new}"')
    settings.write_text(text, encoding="utf-8")


def shuffle_workbook(path: Path, chance: random.Random) -> None:
    """The data rows of the visible sheet; banner, header, totals and notes stay where they are."""
    from openpyxl import load_workbook

    book = load_workbook(path)
    sheet = book.worksheets[0]
    numbers = [row[0].row for row in sheet.iter_rows(min_row=4) if isinstance(row[0].value, int)]
    cells = [[(c.value, c.data_type, c.number_format) for c in sheet[number]] for number in numbers]
    chance.shuffle(cells)
    for number, row in zip(numbers, cells, strict=True):
        for cell, (value, data_type, number_format) in zip(sheet[number], row, strict=True):
            cell.value = value
            cell.data_type = data_type  # text that begins with '=' stays text
            cell.number_format = number_format
    book.save(path)


def shuffle_lines(path: Path, chance: random.Random) -> None:
    """The lines under the header, as bytes; no cell of the sample has a line break."""
    head, *lines = path.read_bytes().splitlines(keepends=True)
    chance.shuffle(lines)
    path.write_bytes(head + b"".join(lines))


def shuffle_database(path: Path, chance: random.Random) -> None:
    """The rows of every table, written anew in another order."""
    database = sqlite3.connect(path)
    for (table,) in database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
    ).fetchall():
        rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
        if rows:
            chance.shuffle(rows)
            marks = ", ".join("?" * len(rows[0]))
            database.execute(f'DELETE FROM "{table}"')
            database.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)
    database.commit()
    database.execute("VACUUM")
    database.close()
