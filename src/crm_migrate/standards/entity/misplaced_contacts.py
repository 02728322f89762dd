"""Contact data that stand in the field of something else and are moved.

A value is moved where all of it is what the other field holds and that field is free.
"""

from collections.abc import Callable, Iterator

import polars as pl

from crm_migrate.model import MULTI_SEPARATOR, Entity, SemanticType
from crm_migrate.records import Rule
from crm_migrate.standards import (
    email,
    mobile,
    qq,
    website,
    wechat,
)
from crm_migrate.standards.columns.residue import change_where, holds, joined, mask_where, told_of
from crm_migrate.standards.contract import Broken
from crm_migrate.standards.entity.in_place import IN_PLACE
from crm_migrate.standards.entity.record_rules import LEFT_OVER
from crm_migrate.standards.entity.told_beside import keep_told
from crm_migrate.standards.reading import numbering_plan
from crm_migrate.standards.rule_families import moved

T = SemanticType
OTHER_CONTACT = "other_contact"
"""The field for what a cell held beside the one value that its field takes."""
_FURTHER = {
    T.EMAIL: (email.overflow, ""),
    T.WEBSITE: (website.overflow, ""),
    T.WECHAT: (wechat.overflow, "微信 "),
    T.QQ: (qq.overflow, "QQ "),
}
_ONE = f"(?:^|;)({numbering_plan.MOBILE})(?:;|$)"
MOBILE = moved(
    "phone.moved_mobile",
    "A mobile number stood in the telephone column and was moved to the mobile field",
    "电话栏中填写的是手机号，手机栏为空，已移至手机字段",
)
MAIL = moved(
    "website.moved_mail",
    "A mail address stood in the column of web addresses and was moved to its own field",
    "网址栏中填写的是邮箱地址，已移至邮箱字段",
)
WEBSITE = moved(
    "email.moved_website",
    "A web address stood in the column of mail addresses and was moved to its own field",
    "邮箱栏中填写的是网址，已移至网址字段",
)
MAIL_OF_MOBILE = moved(
    "mobile.moved_mail",
    "A mail address stood in the column of mobile numbers and was moved to its own field",
    "手机栏中填写的是邮箱地址，已移至邮箱字段",
)
MAIL_OF_PHONE = moved(
    "phone.moved_mail",
    "A mail address stood in the telephone column and was moved to its own field",
    "电话栏中填写的是邮箱地址，已移至邮箱字段",
)
MOBILE_OF_MAIL = moved(
    "email.moved_mobile",
    "A mobile number stood in the column of mail addresses and was moved to its own field",
    "邮箱栏中填写的是手机号，已移至手机字段",
)
WECHAT_OF_MOBILE = moved(
    "mobile.is_wechat",
    "The mobile cell said that the number is the WeChat id, too; it was taken for that",
    "手机栏注明“微信同号”，已同时作为微信号",
)
SAME_AS_MOBILE = moved(
    "wechat.from_mobile",
    "The cell said that the mobile number is the WeChat id; the number was taken",
    "填写的是“微信同手机号”，已取手机号作为微信号",
)
RULES: tuple[Rule, ...] = (
    MOBILE, MAIL, WEBSITE, SAME_AS_MOBILE, MAIL_OF_MOBILE, MAIL_OF_PHONE, MOBILE_OF_MAIL,
    WECHAT_OF_MOBILE,
)  # fmt: skip
_SAYS_WECHAT = r"微信|[Vv][Xx]|同[Vv]|[Vv]同"


def move_contacts(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """Change `values` (canonical text by field name) in place and tell what was moved."""
    for way in (
        (T.WEBSITE, T.EMAIL, _mail, MAIL),
        (T.EMAIL, T.WEBSITE, _website, WEBSITE),
        (T.MOBILE, T.EMAIL, _mail, MAIL_OF_MOBILE),
        (T.PHONE, T.EMAIL, _mail, MAIL_OF_PHONE),
        (T.EMAIL, T.MOBILE, _mobile, MOBILE_OF_MAIL),
    ):
        yield from _misplaced(entity, values, *way)
    yield from _mobiles(entity, values)
    yield from keep_told(entity, raw, values)
    yield from _wechats(entity, raw, values)
    yield from _further(entity, raw, values)


def _further(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """The second and further values of a cell, kept in the field of other contact data."""
    for field in entity.fields:
        if field.type not in _FURTHER:
            continue
        overflow, label = _FURTHER[field.type]
        typed = raw(field.name)
        changed = holds(typed != values[field.name])
        if not changed.any():
            continue
        others = told_of(typed, changed, overflow)
        if OTHER_CONTACT not in values:
            yield field.name, LEFT_OVER, others.is_not_null()
        elif others.null_count() < len(others):
            others = label + others.str.replace_all(MULTI_SEPARATOR, MULTI_SEPARATOR + label)
            values[OTHER_CONTACT] = joined(values[OTHER_CONTACT], others).alias(OTHER_CONTACT)


def _wechats(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """The mobile number where the cell of the one or the other says that it is the WeChat id."""
    ids, numbers = entity.first(T.WECHAT), entity.first(T.MOBILE)
    if ids is None or numbers is None:
        return
    number, typed = values[numbers], raw(numbers)
    same = wechat.says_mobile(values[ids])
    said = values[ids].is_null() & holds(typed != number)
    said = mask_where(typed, said, lambda few: few.str.contains_any(["微信", "V", "v"]))
    said = mask_where(typed, said, lambda few: few.str.contains(_SAYS_WECHAT))
    called = mask_where(number, same | said, lambda few: few.str.contains(mobile.CANONICAL))
    if called.any():
        values[ids] = number.zip_with(called, values[ids]).alias(ids)
        yield ids, SAME_AS_MOBILE, called & same
        yield numbers, WECHAT_OF_MOBILE, called & said


def _misplaced(
    entity: Entity, values: dict[str, pl.Series], of: SemanticType, to: SemanticType,
    read: Callable[[pl.Series], pl.Series], rule: Rule,
) -> Iterator[Broken]:  # fmt: skip
    source, target = entity.first(of), entity.first(to)
    if source is None or target is None:
        return
    open_ = values[source].is_not_null() & values[target].is_null()
    if of in IN_PLACE and open_.any():
        open_ = open_ & ~IN_PLACE[of](values[source])
    if not open_.any():
        return
    found = told_of(values[source], open_, read)
    here = found.is_not_null()
    if here.any():
        values[target] = found.zip_with(here, values[target]).alias(target)
        values[source] = values[source].set(here, None)
        yield source, rule, here


def _mobiles(entity: Entity, values: dict[str, pl.Series]) -> Iterator[Broken]:
    """The first mobile of a telephone cell, the others stay there."""
    source, target = entity.first(T.PHONE), entity.first(T.MOBILE)
    if source is None or target is None:
        return
    open_ = values[source].is_not_null() & values[target].is_null()
    found = told_of(values[source], open_, lambda few: few.str.extract(_ONE))
    here = found.is_not_null()
    if here.any():
        rest = change_where(values[source], here, _without_first)
        values[target] = found.zip_with(here, values[target]).alias(target)
        values[source] = rest
        yield source, MOBILE, here


def _without_first(few: pl.Series) -> pl.Series:
    rest = few.str.replace(_ONE, ";").str.strip_chars(";")
    return rest.set(rest == "", None)


def _mail(few: pl.Series) -> pl.Series:
    mails = website.is_mail(few)
    return change_where(few.set(~mails, None), mails, email.normalise)


def _mobile(few: pl.Series) -> pl.Series:
    numbers = few.str.contains(r"^[^@＠\p{Han}]*(?:[0-9０-９][ -]?){11}$")
    read = change_where(few.set(~numbers, None), numbers, mobile.normalise)
    return read.set(~holds(read.str.contains(mobile.CANONICAL)), None)


def _website(few: pl.Series) -> pl.Series:
    """Only what says so (http, www): a name with a dot may be half of an address."""
    read = website.normalise(few)
    sites = read.str.contains(website.CANONICAL) & read.str.contains(r"^(?:https?://|www\.)")
    return read.set(~holds(sites), None)
