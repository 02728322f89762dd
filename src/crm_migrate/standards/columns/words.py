"""Tables of words and what they mean, in the shape in which columns are looked up."""

from collections.abc import Mapping

import polars as pl

from crm_migrate.standards.columns.residue import holds


class Words:
    """A table word → meaning, made into columns once: thousands of words take milliseconds."""

    def __init__(self, meant: Mapping[str, str]) -> None:
        self._words = pl.Series(list(meant), dtype=pl.String)
        self._meant = pl.Series(list(meant.values()), dtype=pl.String)

    def meaning(self, text: pl.Series) -> pl.Series:
        """What each text means; null for what is no word of the table.

        >>> Words({"甲": "A", "乙": "B"}).meaning(pl.Series(["乙", "丙", None])).to_list()
        ['B', None, None]
        """
        return text.replace_strict(self._words, self._meant, default=None, return_dtype=pl.String)

    def have(self, text: pl.Series) -> pl.Series:
        """Whether each text is a word of the table; false for null.

        >>> Words({"甲": "A", "乙": "B"}).have(pl.Series(["乙", "丙", None])).to_list()
        [True, False, False]
        """
        return holds(text.is_in(self._words.implode()))
