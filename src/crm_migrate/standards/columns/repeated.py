"""Texts that say the same twice: a cell that was pasted into itself."""

import polars as pl

from crm_migrate.standards.columns.residue import change_where


def said_once(text: pl.Series, least: int) -> pl.Series:
    """The first half of texts of `least` bytes or more whose second half is the same.

    >>> said_once(pl.Series(["恒通科技恒通科技", "恒通科技恒达科技", "哥哥"]), 12).to_list()
    ['恒通科技', '恒通科技恒达科技', '哥哥']
    """
    size = text.str.len_bytes()  # which leaves most rows out
    long = (size >= least) & (size % 2 == 0) & (text.str.len_chars() % 2 == 0)
    once = change_where(text, long, _looked_into)
    # Four times are twice two.
    return change_where(once, once != text, lambda few: said_once(few, least))


def _looked_into(text: pl.Series) -> pl.Series:
    half = text.str.len_chars() // 2
    return change_where(text, text.str.slice(half, 4) == text.str.head(4), _first_half)


def _first_half(text: pl.Series) -> pl.Series:
    half = text.str.len_chars() // 2
    first = text.str.head(half)
    same = (first == text.str.slice(half)) & text.str.contains("[^锟斤拷烫屯]")
    return first.zip_with(same, text)
