"""Match keys of persons: names in any script and order, dates of birth in any notation."""

import polars as pl

from crm_migrate.standards.columns.characters import simplified
from crm_migrate.standards.columns.residue import change_where, holds

_COMPOUND_SURNAMES = (
    "欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|"
    "濮阳|公冶|太叔|申屠|公孙|慕容|仲孙|钟离|长孙|宇文|司徒|鲜于|司空|令狐|呼延|轩辕|百里|东郭"
)
_TITLES = r"(?i)^(?:mr|mrs|ms|miss|dr|prof|sir)\.?\s+|,?\s+(?:jr|sr|phd|md|ii|iii)\.?$"
_SUFFIX = r"(?:先生|女士|小姐|老师|同志)$"
_YEAR_FIRST = r"^(\d{4})\D+(\d{1,2})\D+(\d{1,2})(?:\D.*)?$"
_YEAR_LAST = r"^(\d{1,2})\D+(\d{1,2})\D+(\d{4})(?:\D.*)?$"


def person_name(raw: pl.Series) -> pl.Series:
    """Letters only: lower case, without accents and signs, simplified characters.

    >>> person_name(pl.Series(["O’Brién", "張 三", "-"])).to_list()
    ['obrien', '张三', None]
    """
    text = raw.str.normalize("NFKD").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")
    text = text.str.replace_all("ß", "ss", literal=True).str.replace_all("ø", "o", literal=True)
    return simplified(text).replace("", None)


def name_parts(full: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Surname and given name of a full name; of a single word the surname is missing.

    >>> [s.to_list() for s in name_parts(pl.Series(["欧阳 修", "张三丰", "王", None]))]
    [['欧阳', '张', None, None], ['修', '三丰', '王', None]]
    >>> [s.to_list() for s in name_parts(pl.Series(["Smith, John A.", "Dr. Ann Lee", "Cher"]))]
    [['Smith', 'Lee', None], ['John A.', 'Ann', 'Cher']]
    """
    tidy = full.str.normalize("NFKC").str.replace_all(_TITLES, "").str.strip_chars()
    chinese = holds(tidy.str.contains(r"^[\p{Han}\s]+$"))
    tidy = change_where(
        tidy, chinese, lambda few: few.str.replace_all(r"\s", "").str.replace(_SUFFIX, "")
    )
    compound = tidy.str.extract(rf"^({_COMPOUND_SURNAMES})\p{{Han}}", 1)
    first = compound.zip_with(compound.is_not_null(), tidy.str.extract(r"^(\p{Han})\p{Han}", 1))
    comma = tidy.str.extract(r"^([^,]+),", 1)
    surname = comma.zip_with(comma.is_not_null(), tidy.str.extract(r"\s(\S+)$", 1))
    surname = first.zip_with(chinese, surname)
    given = tidy.str.extract(r"^[^,]+,\s*(.+)$", 1)
    given = given.zip_with(given.is_not_null(), tidy.str.strip_suffix(surname.fill_null("")))
    given = tidy.str.strip_prefix(surname.fill_null("")).zip_with(chinese, given)
    return surname, given.str.strip_chars().replace("", None)


def order_free(parts: list[pl.Series]) -> pl.Series:
    """All words of the parts in alphabetical order: what stays when two columns are exchanged.

    Null where only one part of several is there: half a name is not a name.

    >>> order_free([pl.Series(["Lee", "Ann", None]), pl.Series(["Ann", "lee", "Ann"])]).to_list()
    ['annlee', 'annlee', None]
    """
    folded = [person_name(part).alias(str(i)) for i, part in enumerate(parts)]
    frame = pl.DataFrame(folded)
    joined = pl.concat_list(frame.columns).list.sort().list.join("", ignore_nulls=False)
    return frame.select(joined.alias("names")).to_series().replace("", None)


def dates(raw: pl.Series) -> pl.Series:
    """Eight digits, year first; where day and month cannot be told apart, as the column does.

    A column in which a first number exceeds 12 has the day first, else one in which a second
    number does has the month first; else the day comes first. What is no date is left out.

    >>> dates(pl.Series(["1980-2-3", "1980年02月03日", "19800203", "3/2/1980", "-"])).to_list()
    ['19800203', '19800203', '19800203', '19800203', None]
    """
    text = raw.str.normalize("NFKC").str.strip_chars()
    frame = pl.DataFrame(
        {
            "solid": text.str.extract(r"^(\d{8})(?:\.0)?$", 1),
            "first": text.str.extract_groups(_YEAR_FIRST),
            "last": text.str.extract_groups(_YEAR_LAST),
        }
    )
    one, two = (pl.col("last").struct.field(n).cast(pl.Int64) for n in ("1", "2"))
    month_first = frame.select((two > 12).any() & ~(one > 12).any()).item()
    order = ("3", "1", "2") if month_first else ("3", "2", "1")
    return frame.select(
        pl.coalesce("solid", _digits("first", ("1", "2", "3")), _digits("last", order))
    ).to_series()


def _digits(column: str, order: tuple[str, str, str]) -> pl.Expr:
    """Year, month, day of a struct of groups as eight digits; null where there is no match."""
    year, month, day = (pl.col(column).struct.field(n) for n in order)
    return pl.concat_str(year, month.str.zfill(2), day.str.zfill(2))
