"""The true customers: companies, branches, groups, sole traders, persons, foreign firms."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from samples.generator import identifiers, staff, words
from samples.generator.words import Place, Trade

AS_OF = date(2025, 6, 30)
"""The day on which the sources were exported."""

_BUDGETS = (5, 8, 10, 12, 15, 20, 30, 50, 60, 80, 100, 120, 200, 350, 500, 1200)
TYPES = ("潜在客户", "成交客户", "流失客户")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a customer."""

    name: str
    title: str
    mobile: str
    email: str
    id_number: str


@dataclass(frozen=True, slots=True)
class Customer:
    """One true customer. `number` is what `truth.csv` calls it."""

    number: int
    kind: str
    name: str
    stem: str
    trade: Trade
    place: Place
    street: str
    domain: str
    uscc: str | None
    registration: str | None
    phone: str
    people: tuple[Person, ...]
    owner: str
    type: str
    size: str
    channel: str
    budget: int
    created: date
    account: str
    consents: tuple[bool, bool, bool]
    head: int | None = None
    """Number of the head office or group parent."""
    branch: bool = False

    @property
    def short_name(self) -> str:
        """The name that people say: stem and trade."""
        return f"{self.stem}{self.trade.word}" if self.kind == "企业" else self.name

    @property
    def address(self) -> str:
        """Province, city, district and street, in full."""
        place = self.place
        return f"{place.province}{place.city}{place.district}{self.street}"


class Foundry:
    """Makes customers; keeps what must not occur twice (names, stems, mobiles)."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.number = 0
        self._stems: set[str] = set()
        self._mobiles: set[str] = set()
        self._names: set[str] = set()
        self._switchboards = [
            (f"{park}{block}座", place, identifiers.landline(random, place.area))
            for park, block, place in (
                (random.choice(words.PARKS), random.choice("ABCD"), random.choice(words.PLACES))
                for _ in range(14)
            )
        ]

    def company(self) -> Customer:
        """A company with its own legal entity."""
        stem, domain = self._stem()
        trade = self.random.choice(words.TRADES)
        place, street, phone = self._site()
        forms, weights = words.LEGAL_FORMS
        form = self.random.choices(forms, weights)[0]
        city = place.short_city
        name = self.random.choices(
            (f"{city}{stem}{trade.word}{form}", f"{city}市{stem}{trade.word}{form}",
             f"{stem}{trade.word}（{city}）{form}"),
            (6, 2, 2),
        )[0]  # fmt: skip
        code = identifiers.uscc(self.random, place.code, "91", digits=self.random.random() < 0.10)
        registration = identifiers.registration_number(self.random, place.code)
        return self._finish("企业", name, stem, trade, place, street, domain, code, registration,
                            phone)  # fmt: skip

    def branch(self, head: Customer) -> Customer:
        """A branch of `head` in another city: the same stem, a USCC of its own."""
        place = self.random.choice(
            [p for p in words.PLACES if p.short_city != head.place.short_city]
        )
        code = identifiers.uscc(self.random, place.code)
        phone = head.phone if self.random.random() < 0.4 else self._landline(place)
        made = self._finish("企业", f"{head.name}{place.short_city}分公司", head.stem, head.trade,
                            place, self._street(), head.domain, code, None, phone)  # fmt: skip
        return replace(made, head=head.number, branch=True, owner=head.owner)

    def subsidiary(self, head: Customer) -> Customer:
        """A company of the same group: the same stem, another trade, its own legal entity."""
        trade = self.random.choice([t for t in words.TRADES if t.word != head.trade.word])
        place = self.random.choice(words.PLACES)
        code = identifiers.uscc(self.random, place.code)
        name = f"{head.stem}（{place.short_city}）{trade.word}有限公司"
        made = self._finish("企业", name, head.stem, trade, place, self._street(), head.domain,
                            code, None, self._landline(place))  # fmt: skip
        return replace(made, head=head.number, owner=head.owner)

    def look_alike(self, other: Customer) -> Customer:
        """Another company next door with the same stem: only a person can tell them apart."""
        trade = self.random.choice([t for t in words.TRADES if t.word != other.trade.word])
        code = identifiers.uscc(self.random, other.place.code)
        name = f"{other.place.short_city}{other.stem}{trade.word}有限公司"
        made = self._finish("企业", name, other.stem, trade, other.place, other.street,
                            f"{other.domain.split('.')[0]}-{trade.code.lower()}.example", code,
                            None, identifiers.off_by_one(self.random, other.phone))  # fmt: skip
        return replace(made, owner=other.owner)

    def sole_trader(self) -> Customer:
        """A 个体工商户: a shop with a code of class 92."""
        stem, domain = self._stem()
        place, street, _ = self._site()
        trade = self.random.choice([t for t in words.TRADES if t.code in ("F52", "H62")])
        name = f"{place.district}{stem}{self.random.choice(words.SHOP_TRADES)}"
        code = identifiers.uscc(self.random, place.code, "92")
        return self._finish("个体工商户", name, stem, trade, place, street, domain, code, None,
                            self.mobile())  # fmt: skip

    def individual(self) -> Customer:
        """A consumer: a name, a mobile, no company data."""
        place, street, _ = self._site()
        trade = self.random.choice(words.TRADES)
        made = self._finish("个人", "", "", trade, place, street, "mail.example", None, None, "")
        person = replace(made.people[0], title="")
        return replace(made, name=person.name, phone=person.mobile, people=(person,), account="",
                       size="")  # fmt: skip

    def foreign(self) -> Customer:
        """A foreign firm: no Chinese code."""
        name = ""
        while not name or name in self._names:
            first = self.random.choice(words.FOREIGN_FIRST)
            suffix = self.random.choice(("", " Nord", " Pacific", " East", " Delta", " Prime"))
            name = f"{first}{suffix} {self.random.choice(words.FOREIGN_SECOND)}"
        self._names.add(name)
        place, street, phone = self._site()
        domain = f"{name.split()[0].lower()}.example"
        trade = self.random.choice(words.TRADES)
        return self._finish("境外企业", name, name.split()[0], trade, place, street, domain, None,
                            None, phone)  # fmt: skip

    def person(self, place: Place, domain: str) -> Person:
        """Somebody with a unique mobile and a company mailbox."""
        random = self.random
        surname, given = (
            random.choice(words.SURNAMES),
            random.choices(words.GIVEN, k=random.choice((1, 2, 2))),
        )
        titles, weights = words.TITLES
        box = random.choice((
            f"{given[0][1]}.{surname[1]}",
            f"{surname[1]}{''.join(g[1][0] for g in given)}",
            f"{surname[1]}{''.join(g[1] for g in given)}",
        ))  # fmt: skip
        return Person(
            surname[0] + "".join(g[0] for g in given),
            random.choices(titles, weights)[0],
            self.mobile(),
            f"{box}@{domain}",
            identifiers.resident_id(random, random.choice(words.PLACES).code),
        )

    def mobile(self) -> str:
        """A mobile number that nobody else in this world has."""
        while (number := identifiers.mobile(self.random)) in self._mobiles:
            pass
        self._mobiles.add(number)
        return number

    def _finish(
        self, kind: str, name: str, stem: str, trade: Trade, place: Place, street: str,
        domain: str, code: str | None, registration: str | None, phone: str,
    ) -> Customer:  # fmt: skip
        random = self.random
        self.number += 1
        people = tuple(self.person(place, domain) for _ in range(random.choice((1, 1, 1, 2, 2, 3))))
        owner = staff.POOL if random.random() < 0.06 else random.choice(staff.SELLERS)
        return Customer(
            number=self.number, kind=kind, name=name, stem=stem, trade=trade, place=place,
            street=street, domain=domain, uscc=code, registration=registration, phone=phone,
            people=people, owner=owner, type=random.choices(TYPES, (45, 42, 13))[0],
            size=random.choices(("大型", "中型", "小型", "微型"), (8, 27, 45, 20))[0],
            channel=random.choices(
                ("展会推广", "官网咨询", "客户转介绍", "电话营销", "门店", "第三方名单"),
                (25, 25, 20, 15, 5, 10),
            )[0],
            budget=random.choice(_BUDGETS),
            created=AS_OF - timedelta(days=random.randrange(30, 3650)),
            account="".join(random.choices("123456789", k=1) + random.choices("0123456789", k=16)),
            consents=(random.random() < 0.7, random.random() < 0.75, random.random() < 0.9),
        )  # fmt: skip

    def _stem(self) -> tuple[str, str]:
        random = self.random
        while True:
            parts = [random.choice(words.STEM_FIRST), random.choice(words.STEM_SECOND)]
            if random.random() < 0.4:
                parts.append(random.choice(words.STEM_THIRD))
            stem = "".join(p[0] for p in parts)
            if stem not in self._stems and parts[0][0] != parts[1][0]:
                self._stems.add(stem)
                return stem, "".join(p[1] for p in parts) + ".example"

    def _site(self) -> tuple[Place, str, str]:
        """District, street and landline; some share the switchboard of a business park."""
        if self.random.random() < 0.12:
            park, place, phone = self.random.choice(self._switchboards)
            return place, f"{park}{self.random.randint(101, 2899)}室", phone
        place = self.random.choice(words.PLACES)
        return place, self._street(), self._landline(place)

    def _street(self) -> str:
        random = self.random
        street = f"{random.choice(words.ROADS)}{random.randint(1, 988)}号"
        if random.random() < 0.6:
            street += f"{random.randint(1, 18)}栋{random.randint(101, 2505)}室"
        return street

    def _landline(self, place: Place) -> str:
        return identifiers.landline(self.random, place.area)
