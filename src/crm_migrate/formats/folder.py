"""Which files of a folder are taken as tables; what else lies there is named, not passed over."""

from dataclasses import dataclass
from pathlib import Path

SUFFIXES = frozenset(
    (
        ".xlsx",
        ".xlsm",
        ".xls",
        ".xlsb",
        ".ods",
        ".csv",
        ".tsv",
        ".txt",
        ".db",
        ".sqlite",
        ".sqlite3",
    )
)
"""What is looked at in a folder; what a file really is, its content says."""
_OF_THE_SYSTEM = frozenset({"thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder's files that may hold tables, and the names of all else but hidden and lock files.

    Subfolders are not entered; their names end with `/`.
    """

    files: tuple[Path, ...]
    others: tuple[str, ...]


def look_into(folder: Path) -> Folder:
    """The folder's content, sorted by name."""
    files: list[Path] = []
    others: list[str] = []
    for place in sorted(folder.iterdir()):
        # Excel lays a lock file ~$name beside an open workbook.
        if place.name.startswith((".", "~$")) or place.name.lower() in _OF_THE_SYSTEM:
            continue
        if place.is_file() and place.suffix.lower() in SUFFIXES:
            files.append(place)
        else:
            others.append(place.name + "/" * place.is_dir())
    return Folder(tuple(files), tuple(others))
