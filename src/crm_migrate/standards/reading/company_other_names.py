"""Former and short names that are told beside the name of a company (原…, 曾用名：…, 简称…).

Basis: the toolkit's own list. Words in brackets that may belong to a registered name stay.
"""

import polars as pl

from crm_migrate.standards.columns.residue import change_where, holds, joined

TELLING = "原曾现更变改前旧以又已简俗别商"
"""How words begin that tell of another name, in brackets."""
_TELLS = rf"\([{TELLING}]|:"
_INSIDE = r"\s*([^()]{2,}(?:\([^()]*\)[^()]*)*)"
_FORMER = (
    r"\((?:曾用名|原用名|曾名|旧名称?|旧称|原(?:企业|公司|单位)?名称?|更名前|变更前|前身|原[:为系])"
    rf"[:为是]*{_INSIDE}\)$"
)
_FORMER_BARE = r"\(原([^()料装创生野油木子点始味浆色本产址告则理平:][^()]*(?:\([^()]*\)[^()]*)*)\)$"
"""(原恒达), but not (原料药)."""
_FORMER_BEHIND = (
    rf"[\s,;/]*(?:曾用名|原用名|旧名称?|原名称?|更名前(?:名称)?|变更前(?:名称)?)[:]{_INSIDE}$"
)
_NOW = rf"\((?:现名称?|(?:已|现)?(?:更名|变更|改名|改)为|现为|现名?:)[:]*{_INSIDE}\)$"
_NOW_BARE = r"\(现((?:[^()]+\([^()]+\))?[^()]{2,}(?:公司|集团|厂))\)$"
_SHORT = rf"\((?:以下简称|简称|又称|俗称|别名|商号)[:为\"“]*{_INSIDE}[\"”]?\)$"
_SHORT_BEHIND = rf"[\s,;/]+(?:简称|俗称)[:]{_INSIDE}$"


def names_apart(name: pl.Series) -> pl.DataFrame:
    """`value`, the name (given in half width) alone; `former` and `short`, the names told beside
    it. Null where there is none.

    >>> names_apart(pl.Series(["恒达公司(现更名为恒通公司)", "恒通公司(简称:恒通)"])).rows()
    [('恒通公司', '恒达公司', None), ('恒通公司', None, '恒通')]
    """
    tells = holds(name.str.contains(_TELLS))
    nothing = name.set(name.is_not_null(), None)
    columns = {"value": name, "former": nothing, "short": nothing}
    if tells.any():
        told = _told_all(name.filter(tells))
        columns = {n: _placed(c, tells, told[n]) for n, c in columns.items()}
    return pl.DataFrame(columns)


def _placed(column: pl.Series, rows: pl.Series, told: pl.Series) -> pl.Series:
    return change_where(column, rows, lambda _: told)


def _told_all(names: pl.Series) -> pl.DataFrame:
    found = _told(names)
    while True:  # a name may tell several: the rest is read until it tells nothing more
        more = _told(found["value"])
        if more["value"].equals(found["value"]):
            return found
        both = {part: joined(found[part], more[part]) for part in ("former", "short")}
        found = more.with_columns(**both)


def _told(name: pl.Series) -> pl.DataFrame:
    """The same, for one name of each kind."""
    name, short = _apart(name, (_SHORT, _SHORT_BEHIND))
    name, former = _apart(name, (_FORMER, _FORMER_BARE, _FORMER_BEHIND))
    old, now = _apart(name, (_NOW, _NOW_BARE))
    swapped = now.is_not_null()
    return pl.DataFrame(
        {
            "value": now.zip_with(swapped, name),
            "former": old.zip_with(swapped, former),
            "short": short,
        }
    )


def _apart(name: pl.Series, patterns: tuple[str, ...]) -> tuple[pl.Series, pl.Series]:
    """The name without what a pattern tells of it, and that; a name is never all of it."""
    told = name.set(name.is_not_null(), None)
    for pattern in patterns:
        found = name.str.extract(pattern, 1).str.strip_chars(' ,;/"”')
        if found.null_count() == len(found):
            continue
        rest = name.str.replace(pattern, "").str.strip_chars(" ,;/")
        clear = found.is_not_null() & told.is_null() & holds(rest.str.len_chars() >= 2)
        clear = clear & holds(found.str.len_chars() >= 2)
        told, name = found.zip_with(clear, told), rest.zip_with(clear, name)
    return name, told
