"""Forms filled in on paper or in a word processor: the answer is the box that is ticked."""

import polars as pl

from crm_migrate.standards.columns.residue import change_where

_TICKED, _OPEN = "[☑√✓✔■●☒]", "[□☐○]"
_ANSWER = r"[\p{Han}A-Za-z]{1,12}"
_BEFORE = rf"^(?:{_OPEN}{_ANSWER})*{_TICKED}({_ANSWER})(?:{_OPEN}{_ANSWER})*$"
_BEHIND = rf"^(?:{_ANSWER}{_OPEN})*({_ANSWER}){_TICKED}(?:{_ANSWER}{_OPEN})*$"


def ticked(text: pl.Series) -> pl.Series:
    """Compact texts with the one answer that is ticked in place of all boxes; others stay.

    >>> ticked(pl.Series(["☑是□否", "是□否☑", "□企业☑个人", "☑是☑否", "□是□否", "√"])).to_list()
    ['是', '否', '个人', '☑是☑否', '□是□否', '√']
    """
    boxes = text.str.contains(f"{_TICKED}{_ANSWER}|{_ANSWER}{_TICKED}")
    return change_where(
        text, boxes, lambda few: few.str.replace(_BEFORE, "$1").str.replace(_BEHIND, "$1")
    )
