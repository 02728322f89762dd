"""Columns as people name them: 客户名称 is 基础信息/客户名称 of a two-row header, too."""

import unicodedata
from collections.abc import Sequence

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text


def columns_named(asked: str, columns: Sequence[str]) -> list[str]:
    """The columns that `asked` may mean: the one called exactly so, else those called so but for
    width, case, blanks and stars, else those whose last parts (between `/`) are called so.

    >>> columns_named("客户名称", ["编号", "基础信息/客户名称*", "开票/名称"])
    ['基础信息/客户名称*']
    """
    if asked in columns:
        return [asked]
    wanted = _plain(asked)
    if not any(wanted):
        return []
    whole = [c for c in columns if _plain(c) == wanted]
    return whole or [c for c in columns if _plain(c)[-len(wanted) :] == wanted]


def column_named(asked: str, columns: Sequence[str], where: str) -> str:
    """The one column that `asked` means.

    Raises:
        UsageFault: there is none, or there are several.
    """
    found = columns_named(asked, columns)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageFault(
            Text(f"several columns could be '{asked}'", f"有多列与“{asked}”相符"),
            where=where,
            remedy=Text("name one of: " + ", ".join(found), "请写全列名：" + "、".join(found)),
        )
    raise no_column(asked, columns, where)


def no_column(column: str, columns: Sequence[str], where: str) -> UsageFault:
    """The fault that tells what columns there are."""
    return UsageFault(
        Text(f"there is no column '{column}'", f"没有列“{column}”"),
        where=where,
        remedy=Text("columns: " + ", ".join(columns), "现有列：" + "、".join(columns)),
    )


def _plain(label: str) -> tuple[str, ...]:
    """The parts of a header without width, case, blanks and stars."""
    folded = unicodedata.normalize("NFKC", label).casefold().replace("*", "")
    return tuple("".join(part.split()) for part in folded.split("/"))
