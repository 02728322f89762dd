"""How people write what is true: short names, typos, traditional characters, telephone styles."""

from datetime import date
from random import Random

from samples.generator.customers import Customer
from samples.generator.words import TRADITIONAL

_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_SOUND_ALIKES = dict(
    zip(
        "恒衡鸿宏弘晟盛辰晨宸和禾博铂嘉佳岳越麟霖峰锋辉晖通同远源润锐",
        "衡恒宏弘鸿盛晟晨辰晨禾和铂博佳嘉越岳霖麟锋峰晖辉同通源远瑞瑞",
        strict=True,
    )
)


def full_width(text: str) -> str:
    """ASCII characters in their full-width form."""
    return text.translate(_FULL_WIDTH)


def traditional(text: str) -> str:
    """Traditional characters, as far as the word lists go."""
    return text.translate(TRADITIONAL)


def misheard(text: str) -> str:
    """The first character that has a sound-alike, replaced by it."""
    for index, char in enumerate(text):
        if char in _SOUND_ALIKES:
            return text[:index] + _SOUND_ALIKES[char] + text[index + 1 :]
    return text


def full_name(random: Random, customer: Customer) -> str:
    """The registered name, a third of the time with a small difference in writing."""
    name = customer.name
    if random.random() < 0.66:
        return name
    style = random.randrange(6)
    if style == 0:
        return name.replace("（", "(").replace("）", ")")
    if style == 1 and not customer.branch:
        if "有限责任公司" in name:
            return name.replace("有限责任公司", "有限公司")
        return name if "股份" in name else name.replace("有限公司", "有限责任公司")
    if style == 2:
        return f" {name}  "
    if style == 3 and not customer.branch:
        return name.removeprefix(f"{customer.place.short_city}市").removeprefix(
            customer.place.short_city
        )
    if style == 4 and customer.kind == "企业":
        return misheard(name)
    return full_width(name) if style == 5 else name


def service_name(random: Random, customer: Customer) -> str:
    """The name as the service desk types it: mostly short, sometimes traditional."""
    if customer.kind != "企业":
        return customer.name
    if customer.branch:
        name = f"{customer.short_name}{customer.place.short_city}分公司"
        return name if random.random() < 0.5 else customer.name
    name = random.choices(
        (customer.short_name, f"{customer.place.short_city}{customer.short_name}", customer.name),
        (45, 20, 35),
    )[0]
    return traditional(name) if random.random() < 0.08 else name


def mobile(random: Random, number: str) -> str:
    """A mobile (or telephone) as found in an export of the service desk."""
    if len(number) != 11 or not number.isdigit():
        return full_width(number) if random.random() < 0.1 else number
    style = random.randrange(10)
    head, middle, tail = number[:3], number[3:7], number[7:]
    return {
        0: f"+86 {number}", 1: f"+86-{head}-{middle}-{tail}", 2: f"{head}-{middle}-{tail}",
        3: f"{head} {middle} {tail}", 4: full_width(number), 5: f"0086{number}",
    }.get(style, number)  # fmt: skip


def address(random: Random, customer: Customer) -> str:
    """The address, in one of the ways in which clerks shorten it."""
    place, street = customer.place, customer.street
    style = random.randrange(8)
    if style == 0:
        return f"{place.city or place.province}{place.district}{street}"
    if style == 1:
        return f"{place.province}{place.city}{place.district}{full_width(street)}"
    if style == 2:
        return f"{place.short_city}{place.district}{street.replace('栋', '幢')}"
    if style == 3:
        return " ".join(
            part for part in (place.province, place.city, place.district, street) if part
        )
    return customer.address


def date_text(random: Random, day: date) -> str:
    """A date as text, in one of the usual ways."""
    return random.choice((
        f"{day.year}/{day.month}/{day.day}", f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}", f"{day:%Y.%m.%d}", f"{day:%Y-%m-%d}",
    ))  # fmt: skip


def budget(random: Random, amount: int) -> str | int:
    """An amount in 万元 as people fill it in: number, “120万元”, “1,200”, “80 万”."""
    return random.choices(
        (amount, f"{amount}万元", f"{amount:,}", f"{amount} 万", f"约{amount}万"),
        (50, 20, 15, 12, 3),
    )[0]
