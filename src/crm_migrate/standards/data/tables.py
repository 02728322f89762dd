"""The reference tables beside this module: CSV under comment lines that tell edition and source."""

import csv
from functools import cached_property
from importlib.resources import files


class Table:
    """A table by the name of its file, read when it is first asked for.

    >>> Table("titles").rows[0]["title"], Table("titles").edition
    ('董事长', '2026-11')
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def _lines(self) -> list[str]:
        return files(__package__).joinpath(f"{self.name}.csv").read_text("utf-8").splitlines()

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """The rows, by column."""
        return list(csv.DictReader(line for line in self._lines if not line.startswith("#")))

    @cached_property
    def edition(self) -> str:
        """The edition that the comment lines name; empty where they name none."""
        told = (line.partition("edition:")[2] for line in self._lines if "edition:" in line)
        return next((text.split(";")[0].split(",")[0].strip() for text in told), "")
