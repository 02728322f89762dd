"""Signs of a web page in cells: what an old system's web pages stored with the text.

Basis: HTML (WHATWG), its character references and a few elements. Only what is surely markup is
read: references that end in `;`, elements that format text. `<客户>` stays as it is.
"""

import html
import re

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.residue import holds, mask_where, per_distinct

MARKUP = Rule(
    "cell.markup",
    Severity.REPAIR,
    Text(
        "The cell held signs of a web page (like &amp; or <br>) and was read as the text they"
        " stand for",
        "单元格含有网页代码（如 &amp;、<br>），已还原为文字",
    ),
    Text("Nothing to do; check a few texts.", "无需处理，建议抽查几处文字。"),
)
RULES: tuple[Rule, ...] = (MARKUP,)

_REFERENCE = (
    r"&(?:amp|lt|gt|quot|apos|nbsp|ensp|emsp|middot|hellip|mdash|ndash|[lr][sd]quo|yen|copy|reg"
    r"|#[0-9]{2,7}|#[xX][0-9A-Fa-f]{2,6});"
)
_BREAK = r"<(?:br\s*/?|/p|/div|/li|/tr|/h[1-6])>"
_ELEMENT = r"</?(?:br|p|div|span|font|li|ul|ol|strong|em|b|i|u|table|tr|td|h[1-6])(?:\s[^<>]*)?/?>"
_SIGNS = f"(?i){_REFERENCE}|{_ELEMENT}"


def without_markup(column: pl.Series, odd: pl.Series) -> tuple[pl.Series, pl.Series]:
    r"""The column as text, and the rows that held markup; `odd` has `&` or `<`.

    >>> cells = pl.Series(["A&amp;B", "一<br>二", "&lt;客户&gt; a<b", "R&D", "&nbsp;", None])
    >>> text, held = without_markup(cells, cells.str.contains("[&<]"))
    >>> text.to_list(), held.to_list()
    (['A&B', '一\n二', '<客户> a<b', 'R&D', None, None], [True, True, True, False, True, False])
    """
    marked = mask_where(column, odd, lambda few: few.str.contains(_SIGNS))
    if not marked.any():
        return column, marked
    text = per_distinct(column.set(~holds(marked), None), _text)
    return text.zip_with(marked, column), marked


def _text(cell: str) -> str | None:
    """The text that a browser would show; None for none."""
    for _ in range(4):  # &amp;amp; was escaped twice
        text = re.sub(f"(?i){_BREAK}", "\n", html.unescape(cell))
        text = re.sub(f"(?i){_ELEMENT}", "", text)
        if text == cell:
            break
        cell = text
    return cell.strip() or None
