"""Linking a bare table with a pack: its columns are recognised, its cells taken as people type."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

import polars as pl

from crm_migrate.errors import CrmMigrateError, UsageFault
from crm_migrate.language import Text
from crm_migrate.linkage.bare.pack import Pack
from crm_migrate.linkage.engines.choice import engine_for
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.features.match_keys import valid_uscc
from crm_migrate.linkage.features.person_keys import name_parts
from crm_migrate.linkage.rules.types import SET_KINDS
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import RECORD_ID
from crm_migrate.standards.columns.characters import simplified

LOOKED_AT = 2_000
"""Values of a column by which its content is guessed."""
_BETWEEN = {
    "phones": r"[/、,，；;|\n\r]+",
    "emails": r"[/、,，；;|\s]+",
    "domains": r"[、,，；;|\s]+",
    "company_names": r"[、，；;|\n\r]+",
}
"""What stands between several values in one cell."""
_NAMES = ("company_name", "company_names", "firm_name", "person_name")
_COMPANY = r"(?:公司|集团|厂|店|中心|合作社|事务所|商行|经营部)$"


def recognise(
    columns: Sequence[str], pack: Pack, frame: pl.DataFrame | None = None
) -> dict[str, list[str]]:
    """Field → the columns whose header is one of its labels (blanks, case, notes ignored).

    With a frame, columns whose header nobody knows are recognised by their values, where these
    leave no doubt: credit codes, mail addresses, mobile numbers, company names.
    """
    labels = {_plain(label): f for f, names in pack.headers.items() for label in names}
    fields = {f for rule in pack.rules.features for f in rule.fields}
    fields.update(f for key in pack.rules.natural_keys for f in key)
    labels = {_plain(f): f for f in fields} | labels
    named = {f for rule in pack.rules.features if rule.kind in _NAMES for f in rule.fields}
    found: dict[str, list[str]] = {}
    strangers = []
    for column in columns:
        name = next((labels[s] for s in _spellings(column) if s in labels), None)
        if name in named and frame is not None and _numbers(frame[column]):
            continue  # an `account` that is a bank account, a `customer` that is a number
        if name:
            found.setdefault(name, []).append(column)
        else:
            strangers.append(column)
    if frame is not None:
        for column in strangers:
            guess = _guessed(frame[column])
            if guess in fields and guess not in found:
                found[str(guess)] = [column]
    return found


def _numbers(values: pl.Series) -> bool:
    """Whether nine tenths of the values hold no letter at all."""
    some = values.drop_nulls().cast(pl.String).head(LOOKED_AT)
    without = (~some.str.contains(r"\p{L}")).mean()
    return len(some) > 0 and float(without or 0.0) >= 0.9  # type: ignore[arg-type]


def _spellings(column: str) -> list[str]:
    """A header as it stands, without a number behind it, and without the groups before it."""
    last = column.rpartition("/")[2]
    forms = [column, re.sub(r"\d+$", "", column), last, re.sub(r"\d+$", "", last)]
    return [_plain(form) for form in forms]


def _plain(label: str) -> str:
    """A header without width, case, blanks, marks, notes in brackets; simplified characters."""
    folded = unicodedata.normalize("NFKC", label).casefold()
    folded = re.sub(r"[((\[【].*?[))\]】]", "", folded)
    folded = re.sub(r"[\s_\-*:/.'\"#]+", "", folded)
    return folded if folded.isascii() else str(simplified(pl.Series([folded])).item())


def _guessed(values: pl.Series) -> str | None:
    """The field that nine tenths of the values show, or None."""
    some = values.drop_nulls().cast(pl.String).head(LOOKED_AT).str.strip_chars()
    some = some.filter(some != "")
    if len(some) < 3:
        return None

    def mostly(holds: pl.Series, share: float = 0.9) -> bool:
        return float(holds.fill_null(False).mean() or 0.0) >= share  # type: ignore[arg-type]

    if mostly(valid_uscc(some).is_not_null(), 0.7):
        return "uscc"
    if mostly(some.str.contains(r"^[^@\s]+@[^@\s]+\.[A-Za-z.]+$")):
        return "email"
    if mostly(some.str.contains(r"^(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}$")):
        return "mobile"
    if mostly(some.str.contains(_COMPANY), 0.7):
        return "name"
    return None


def link_file(frame: pl.DataFrame, id_column: str, pack: Pack) -> Linkage:
    """Links the rows of a table; `record_id` in the result is the given id column.

    frame: columns as they stand in the file. Of several columns for one field all count
    (telephones, mails) or the first that is filled (names).
    Raises: UsageFault when the id column or every known column is missing; CrmMigrateError
    when ids are missing or repeated.
    """
    records, _ = records_of(frame, id_column, pack)
    return engine_for(pack.rules).link(records, pack.rules)


def records_of(
    frame: pl.DataFrame, id_column: str, pack: Pack
) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """(record_id and the fields of the pack, all Strings; field → columns it was made from).

    Raises: as `link_file`.
    """
    require_ids(frame, id_column)
    found = recognise([c for c in frame.columns if c != id_column], pack, frame)
    used = {f for r in pack.rules.features for f in r.fields} | set(pack.split)
    if not used & set(found):
        labels = [labels[0] for labels in pack.headers.values() if labels]
        raise UsageFault(
            Text("no column was recognised by its header", "没有识别出任何列"),
            where=pack.name,
            remedy=Text(
                f"columns: {', '.join(frame.columns)}; known are for instance {', '.join(labels)}",
                f"现有列：{'、'.join(frame.columns)}；可识别的表头例如：{'、'.join(labels)}",
            ),
        )
    single = {f for r in pack.rules.features for f in r.fields if r.kind not in SET_KINDS}
    kinds = {
        f: r.kind
        for r in pack.rules.features
        for f in r.fields
        if r.kind in SET_KINDS and f not in single
    }
    records = frame.select(
        pl.col(id_column).cast(pl.String).str.strip_chars().alias(RECORD_ID),
        *(_field(columns, kinds.get(name)).alias(name) for name, columns in found.items()),
    )
    return _split(records, pack.split), found


def require_ids(frame: pl.DataFrame, id_column: str) -> None:
    """Raises: UsageFault without the column; CrmMigrateError where ids are missing or repeated."""
    if id_column not in frame.columns:
        names = ", ".join(frame.columns)
        raise UsageFault(
            Text(f"there is no column '{id_column}'", f"没有列“{id_column}”"),
            where=id_column,
            remedy=Text(f"columns: {names}", f"现有列：{names}"),
        )
    ids = frame[id_column].cast(pl.String).str.strip_chars().replace("", None)
    missing, extra = ids.null_count(), ids.drop_nulls().len() - ids.drop_nulls().n_unique()
    if missing or extra:
        raise CrmMigrateError(
            Text(
                f"{missing:,} rows have no id, {extra:,} repeat the id of another row",
                f"{missing:,} 行缺少标识，{extra:,} 行标识重复",
            ),
            where=id_column,
            remedy=Text(
                "name a column whose values are all there and unique (a running number will do)",
                "请指定无空值且取值唯一的列（流水号即可）",
            ),
        )


def _field(columns: Sequence[str], kind: str | None) -> pl.Expr:
    """One field from its columns: all values of them, or the first that there is."""
    values = [pl.col(c).cast(pl.String).str.strip_chars().replace("", None) for c in columns]
    if kind is None:
        return pl.coalesce(values)
    apart = [
        v.str.replace_all(_BETWEEN[kind], MULTI_SEPARATOR).str.replace_all(r"\.0\b", "")
        if kind == "phones"
        else v.str.replace_all(_BETWEEN[kind], MULTI_SEPARATOR)
        for v in values
    ]
    joined = pl.concat_str(apart, separator=MULTI_SEPARATOR, ignore_nulls=True)
    return joined.replace("", None)


def _split(records: pl.DataFrame, split: Mapping[str, tuple[str, str]]) -> pl.DataFrame:
    """Surname and given name from full names, where a record has neither."""
    for full, (surname, given) in split.items():
        if full not in records.columns:
            continue
        parts = name_parts(records[full])
        nothing = pl.Series([None] * records.height, dtype=pl.String)
        own = [records[n] if n in records.columns else nothing for n in (surname, given)]
        bare = own[0].is_null() & own[1].is_null()
        records = records.with_columns(
            part.zip_with(bare, mine).alias(name)
            for name, part, mine in zip((surname, given), parts, own, strict=True)
        )
    return records
