"""The functions that rules may call; all of them work on whole columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import SemanticType
from crm_migrate.standards.places.divisions import divisions
from crm_migrate.standards.rules import contacts, identifiers
from crm_migrate.standards.rules.kinds import TODAY, Kind, Misread, Typed

_T, _N, _D = Kind.TEXT, Kind.NUMBER, Kind.DATE
_REGION_IN = {
    SemanticType.USCC: r"^..([0-9]{6})",
    SemanticType.REGISTRATION_NUMBER: r"^([0-9]{6})",
    SemanticType.ID_NUMBER: r"^([1-8][0-9]{5})",
}
"""The six digits of the region: GB 32100-2015, GS 15-2006, GB 11643-1999."""


@dataclass(frozen=True)
class Function:
    """What a function takes and yields. `least`: arguments that must be given."""

    takes: tuple[Kind, ...]
    gives: Kind
    make: Callable[..., pl.Expr]
    least: int | None = None


def call(name: str, given: Sequence[Typed]) -> Typed:
    """A function applied to its arguments.

    Raises:
        Misread: arguments that it does not take.
    """
    if name == "coalesce":
        return _coalesced(given)
    if name in ("least", "greatest"):
        return _extreme(name, given)
    if name in _PLACES:
        return _placed(name, given)
    function = FUNCTIONS[name]
    least = len(function.takes) if function.least is None else function.least
    kinds = [g.kind for g in given]
    if not least <= len(given) <= len(function.takes) or kinds != [*function.takes][: len(given)]:
        wanted = [k.en for k in function.takes], [k.zh for k in function.takes]
        raise Misread(
            Text(
                f"{name} takes ({', '.join(wanted[0])})", f"{name} 的参数为({'、'.join(wanted[1])})"
            )
        )
    if name in _BY_LITERAL and any(g.literal is None for g in given[1:]):
        raise Misread(
            Text(f"{name} wants its other arguments written out", f"{name} 的其余参数须为常量")
        )
    if name == "regexp_like":
        _require_pattern(str(given[1].literal))
    exprs = [g.literal if name in _BY_LITERAL and n else g.expr for n, g in enumerate(given)]
    return Typed(function.make(*exprs), function.gives)


def _coalesced(given: Sequence[Typed]) -> Typed:
    if not given or any(g.kind is not given[0].kind for g in given):
        raise Misread(Text("coalesce takes values of one kind", "coalesce 的参数须为同一类型"))
    return Typed(pl.coalesce(*(g.expr for g in given)), given[0].kind)


def _extreme(name: str, given: Sequence[Typed]) -> Typed:
    """Missing values are passed over."""
    if not given or any(g.kind not in (_N, _D) or g.kind is not given[0].kind for g in given):
        raise Misread(Text(f"{name} takes numbers, or dates", f"{name} 的参数须全为数字或全为日期"))
    pick = pl.min_horizontal if name == "least" else pl.max_horizontal
    return Typed(pick(*(g.expr for g in given)), given[0].kind)


def _placed(name: str, given: Sequence[Typed]) -> Typed:
    type_ = given[0].type if len(given) == 1 else None
    known = {SemanticType.ADDRESS} | (set(_REGION_IN) if name in ("region", "province") else set())
    if type_ not in known:
        listed = ", ".join(sorted(known))
        raise Misread(
            Text(
                f"{name} takes one field of type {listed}",
                f"{name} 的参数须为以下类型的字段：{listed}",
            )
        )
    value = given[0].expr
    if type_ is not SemanticType.ADDRESS and type_ is not None:
        region = value.str.extract(_REGION_IN[type_])
        return Typed(_province_of_code(region) if name == "province" else region, _T)
    if name == "province":  # standard addresses begin with it
        return Typed(value.str.extract(f"^({'|'.join(_provinces().values())})"), _T)
    part = "region_code" if name == "region" else name
    return Typed(value.map_batches(lambda s: _part(s, part), return_dtype=pl.String()), _T)


def _part(addresses: pl.Series, part: str) -> pl.Series:
    from crm_migrate.standards.address import parts

    return parts(addresses)[part].alias(addresses.name)


def _provinces() -> dict[str, str]:
    return {d.code[:2]: d.province for d in divisions() if not d.city and not d.district}


def _province_of_code(region: pl.Expr) -> pl.Expr:
    known = _provinces()
    return region.str.head(2).replace_strict(known, default=None, return_dtype=pl.String)


def _birth_date(number: pl.Expr) -> pl.Expr:
    whole = pl.when(number.str.contains(r"^\d{17}[0-9X]$")).then(number.str.slice(6, 8))
    return whole.str.to_date("%Y%m%d", strict=False)


def _sex(number: pl.Expr) -> pl.Expr:
    digit = number.str.extract(r"^\d{16}(\d)[0-9X]$").cast(pl.Int8)
    return pl.when(digit % 2 == 1).then(pl.lit("男")).when(digit % 2 == 0).then(pl.lit("女"))


def _years_between(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    """Complete years from the first day to the last."""

    def in_year(day: pl.Expr) -> pl.Expr:
        return day.dt.month().cast(pl.Int32) * 100 + day.dt.day()

    early = (in_year(last) < in_year(first)).cast(pl.Int32)
    years = last.dt.year() - first.dt.year() - early
    return years.cast(pl.Float64)


def _days_between(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    return (last - first).dt.total_days().cast(pl.Float64)


def _substring(text: pl.Expr, start: float, length: float | None = None) -> pl.Expr:
    if start < 1:
        raise Misread(Text("places are counted from 1", "位置从 1 开始计数"))
    return text.str.slice(int(start) - 1, None if length is None else int(length))


def _require_pattern(pattern: str) -> None:
    """The engine's time grows with the length of the text alone, whatever the pattern says."""
    try:
        pl.select(pl.lit("").str.contains(pattern))
    except pl.exceptions.PolarsError:
        raise Misread(Text("faulty regular expression", "正则表达式有误")) from None


def _rounded(number: pl.Expr, places: float = 0) -> pl.Expr:
    return number.round(int(places))


FUNCTIONS: dict[str, Function] = {
    "length": Function((_T,), _N, lambda t: t.str.len_chars().cast(pl.Float64)),
    "lower": Function((_T,), _T, lambda t: t.str.to_lowercase()),
    "upper": Function((_T,), _T, lambda t: t.str.to_uppercase()),
    "trim": Function((_T,), _T, lambda t: t.str.strip_chars()),
    "left": Function((_T, _N), _T, lambda t, n: t.str.head(int(n))),
    "right": Function((_T, _N), _T, lambda t, n: t.str.tail(int(n))),
    "substring": Function((_T, _N, _N), _T, _substring, least=2),
    "starts_with": Function((_T, _T), Kind.TRUTH, lambda t, p: t.str.starts_with(p)),
    "contains": Function((_T, _T), Kind.TRUTH, lambda t, p: t.str.contains(p, literal=True)),
    "regexp_like": Function((_T, _T), Kind.TRUTH, lambda t, p: t.str.contains(p)),
    "abs": Function((_N,), _N, lambda n: n.abs()),
    "round": Function((_N, _N), _N, _rounded, least=1),
    "year": Function((_D,), _N, lambda d: d.dt.year().cast(pl.Float64)),
    "month": Function((_D,), _N, lambda d: d.dt.month().cast(pl.Float64)),
    "today": Function((), _D, lambda: pl.col(TODAY)),
    "years_between": Function((_D, _D), _N, _years_between),
    "days_between": Function((_D, _D), _N, _days_between),
    "birth_date": Function((_T,), _D, _birth_date),
    "sex": Function((_T,), _T, _sex),
    "free_mail": Function((_T,), Kind.TRUTH, contacts.free_mail),
    "role_mail": Function((_T,), Kind.TRUTH, contacts.role_mail),
    "mobile_use": Function((_T,), _T, contacts.mobile_use),
    "phone_province": Function((_T,), _T, contacts.phone_province),
    "phone_fits": Function((_T, _T), Kind.TRUTH, contacts.phone_fits),
    "title_level": Function((_T,), _N, contacts.title_level),
    "organisation_kind": Function((_T,), _T, contacts.organisation_kind),
    "named_like_person": Function((_T,), Kind.TRUTH, contacts.named_like_person),
    "authority": Function((_T,), _T, identifiers.authority),
    "organisation_class": Function((_T,), _T, identifiers.organisation_class),
    "organisation_code": Function((_T,), _T, identifiers.organisation_code),
    "document_kind": Function((_T,), _T, identifiers.document_kind),
    "document_fits": Function((_T, _T), Kind.TRUTH, identifiers.document_fits),
    "coalesce": Function((), _T, pl.coalesce),
    "least": Function((), _N, pl.min_horizontal),
    "greatest": Function((), _N, pl.max_horizontal),
    "province": Function((_T,), _T, pl.coalesce),
    "city": Function((_T,), _T, pl.coalesce),
    "district": Function((_T,), _T, pl.coalesce),
    "region": Function((_T,), _T, pl.coalesce),
}
"""By name. `coalesce`, `least`, `greatest` and the places are made by `call` itself."""
_PLACES = ("province", "city", "district", "region")
_BY_LITERAL = ("left", "right", "substring", "regexp_like", "round", "contains", "starts_with")
