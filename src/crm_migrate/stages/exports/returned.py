"""Workbooks that come back from people: their cells, and whether a line is as it was sent out.

A line that may be filled in carries a keyed digest of what it was sent out with, in a hidden
column, so that one that was altered, copied or comes from another project is known. Formulas are
never followed: a cell that holds one is a `Formula`, whatever it shows.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from crm_migrate.errors import SourceFault
from crm_migrate.language import Text
from crm_migrate.plan.show.sheets import cell_text
from crm_migrate.stages.bare.table_files import MOST_ROWS
from crm_migrate.stages.session import Session

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

LARGEST = 64 * 1024 * 1024
"""Bytes of a workbook that is still opened."""


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with a cell: sheet, row and column as a person counts them."""

    row: int
    sheet: str
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that computes what it shows."""


@dataclass(frozen=True, slots=True)
class ReturnedSheet:
    """A sheet as it came back; the first row is the head."""

    title: str
    rows: list[list[object]]


@dataclass(frozen=True, slots=True)
class WorkbookKind:
    """`purpose` keeps the digests of one kind apart from another's; `name` and `verb` (which wrote
    it) are what people are told.
    """

    purpose: bytes
    name: Text
    verb: str

    def unreadable(self, path: Path) -> SourceFault:
        """The file is not one of this kind, or does not open."""
        return SourceFault(
            Text(
                f"this is no {self.name.en} of ours, or the password is another",
                f"不是本工具导出的{self.name.zh}，或口令不符",
            ),
            where=path.name,
            remedy=Text(
                f"take the file that `crm-migrate {self.verb}` wrote, with all its columns",
                f"请使用 `crm-migrate {self.verb}` 生成的文件，并保留全部列（含隐藏列）",
            ),
        )


def check_of(session: Session, kind: WorkbookKind, parts: Sequence[str]) -> str:
    """24 hex characters that bind a line to what was sent out.

    Blanks and the apostrophes of safe texts do not count.
    """
    key = hmac.new(session.job.keyring.digest_key, kind.purpose, "sha256").digest()
    message = b"".join(
        len(p).to_bytes(4, "big") + p for p in (_plain(part).encode() for part in parts)
    )
    return hmac.new(key, message, "sha256").hexdigest()[:24]


def same_text(given: str, known: str | None) -> bool:
    """Whether a cell says what is known; blanks and the apostrophe of safe texts do not count."""
    return _plain(given) == _plain(known or "")


def text_of(value: object) -> str:
    """A cell as text; whole numbers without a fraction, nothing where there is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None or isinstance(value, Formula) else str(value)


def read_sheets(path: Path, password: str | None, kind: WorkbookKind) -> list[ReturnedSheet]:
    """The sheets of a workbook that came back; `password` None: it was saved without one.

    Raises:
        SourceFault: no workbook, a wrong password, or too large a file.
    """
    from openpyxl import load_workbook

    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("too large")
        data = path.read_bytes()
        if password is not None and not data.startswith(b"PK"):
            data = _opened(data, password)
        book = load_workbook(BytesIO(data), read_only=True)
        return [_sheet(page) for page in book.worksheets]
    except Exception:  # whatever a parser makes of a foreign file; its words may quote cells
        raise kind.unreadable(path) from None


def _sheet(page: "ReadOnlyWorksheet") -> ReturnedSheet:
    page.reset_dimensions()  # some programs write a wrong one
    rows: list[list[object]] = []
    for row in page.rows:
        rows.append([Formula() if c.data_type == "f" else c.value for c in row])
        if len(rows) > MOST_ROWS:
            raise ValueError("more rows than a sheet has")
    return ReturnedSheet(page.title, rows)


def _opened(data: bytes, password: str) -> bytes:
    from msoffcrypto import OfficeFile

    book, clear = OfficeFile(BytesIO(data)), BytesIO()
    book.load_key(password=password, verify_password=True)
    book.decrypt(clear)
    return clear.getvalue()


def _plain(text: str) -> str:
    return "".join(cell_text(text).split()).lstrip("'")
