"""Invented persons: households, twins, fathers and sons, people who moved, married, mistyped.

English and Chinese names. Everyone is invented: names are drawn from the lists below, mail
addresses end in `.example.com`, numbers are random.
"""

import random

import polars as pl

_STEMS = ("Ash", "Brad", "Cal", "Den", "El", "Fair", "Gar", "Hal", "Ing", "Kirk", "Lang", "Mar")
_ENDS = ("ton", "ley", "ford", "well", "by", "worth", "combe", "den", "wick", "stone", "sey")
_SURNAMES = [stem + end for stem in _STEMS for end in _ENDS]
_GIVEN = [
    "Agnes", "Basil", "Clara", "Dennis", "Edith", "Felix", "Gwen", "Hugh", "Iris", "Jasper",
    "Kathleen", "Leonard", "Mabel", "Nigel", "Olive", "Percy", "Queenie", "Rupert", "Stella",
    "Tobias", "Una", "Victor", "Winifred", "Xavier", "Yvonne", "Zachary", "Amelia", "Bernard",
    "Cecily", "Douglas", "Esme", "Francis", "Greta", "Howard", "Isobel", "Julian",
]  # fmt: skip
_FAMILIES = ("崔", "尹", "黎", "易", "常", "武", "乔", "贺", "赖", "龚", "欧阳", "司徒", "上官")
_NAMES = [
    a + b
    for a in "俊慧嘉志春国晓雅海丽宏思振玉梓浩若建秀天欣文静"
    for b in "辉敏琪明兰强东婷洋君伟华凡涵然曦军佑妍轩怡"
]
_STREETS = [
    "Alder", "Beech", "Cedar", "Damson", "Elder", "Fir", "Gorse", "Hazel", "Ivy", "Juniper",
    "Larch", "Maple", "Rowan", "Sycamore", "Willow",
]  # fmt: skip
_WAYS = ("Road", "Street", "Lane", "Close", "Avenue")
_TOWNS = (
    ("Ashcombe", "AC"), ("Brayford", "BF"), ("Coldwell", "CW"), ("Dunstone", "DS"),
    ("Eastmoor", "EM"), ("Fernley", "FL"),
)  # fmt: skip
_PLACES = ("安定路", "学府街", "兴隆巷", "健康东路", "胜利大街", "园丁路")

Row = dict[str, str | None]
FIELDS = ("surname", "given", "born", "phone", "email", "street", "place", "postcode")


class People:
    """Makes households and rows about their members, from one source of chance."""

    def __init__(self, level: float, seed: int, chinese: float) -> None:
        self.level, self.rng, self.chinese = level, random.Random(seed), chinese

    def often(self, share: float) -> bool:
        """Whether something that happens in `share` of the rows happens in this one."""
        return self.rng.random() < share * self.level * 2

    def day(self, first: int, last: int) -> str:
        return (
            f"{self.rng.randint(first, last)}-{self.rng.randint(1, 12):02}"
            f"-{self.rng.randint(1, 28):02}"
        )

    def phone(self, chinese: bool) -> str:
        tail = "".join(self.rng.choices("0123456789", k=8))
        return ("138" if chinese else "077") + tail

    def home(self, chinese: bool) -> Row:
        if chinese:
            street = f"{self.rng.choice(_PLACES)}{self.rng.randint(1, 400)}号"
            flat = f"{self.rng.randint(1, 12)}栋{self.rng.randint(101, 2604)}"
            return {"street": street + flat, "place": "保定市", "postcode": None}
        town, letters = self.rng.choice(_TOWNS)
        street = f"{self.rng.randint(1, 180)} {self.rng.choice(_STREETS)} {self.rng.choice(_WAYS)}"
        code = f"{letters}{self.rng.randint(1, 30)} {self.rng.randint(1, 9)}XY"
        return {"street": street, "place": town, "postcode": code}

    def person(self, chinese: bool, surname: str, home: Row, first: int, last: int) -> Row:
        given = self.rng.choice(_NAMES if chinese else _GIVEN)
        if not chinese and self.rng.random() < 0.5:
            given += self.rng.choice((" Ann", " James", " Rose", " Lee", " Mary", " John"))
        mail = "".join(self.rng.choice("abcdefghijklmnop") for _ in range(9))
        return home | {
            "surname": surname,
            "given": given,
            "born": self.day(first, last),
            "phone": self.phone(chinese),
            "email": f"{mail}@post.example.com",
        }

    def household(self) -> list[Row]:
        """One to five people under one roof; a landline, a mailbox or a name may be shared."""
        chinese = self.rng.random() < self.chinese
        surname = self.rng.choice(_FAMILIES if chinese else _SURNAMES)
        home = self.home(chinese)
        head = self.person(chinese, surname, home, 1940, 1990)
        people = [head]
        if self.rng.random() < 0.45:
            other = self.rng.choice(_FAMILIES) if chinese else surname
            people.append(self.person(chinese, other, home, 1940, 1990))
        for _ in range(self.rng.choice((0, 0, 1, 2))):
            people.append(self.person(chinese, surname, home, 1991, 2015))
        names = {m["given"]: m for m in people}  # within a family each has a name of their own
        people = list(names.values())
        if self.rng.random() < 0.08:  # twins
            twin = self.person(chinese, surname, home, 1991, 2015)
            people += [twin, self.twin_of(twin, chinese)]
        if self.rng.random() < 0.04:  # a son of his father's name
            people.append(
                self.person(chinese, surname, home, 1975, 2010) | {"given": head["given"]}
            )
        if self.rng.random() < 0.4:
            for member in people:
                member["phone"] = head["phone"]
        if self.rng.random() < 0.2:
            for member in people:
                member["email"] = head["email"]
        return people

    def twin_of(self, first: Row, chinese: bool) -> Row:
        names = _NAMES if chinese else _GIVEN
        others = [n for n in names if n != first["given"] and n[0] != str(first["given"])[0]]
        return first | {"given": self.rng.choice(others), "email": None}

    def row(self, clean: Row) -> Row:
        """What some list says about a person."""
        row = dict(clean)
        chinese = not str(clean["surname"]).isascii()
        if self.often(0.08):  # moved
            row |= self.home(chinese)
            if self.rng.random() < 0.5:
                row["phone"] = self.phone(chinese)
        if self.often(0.04) and not chinese:  # married
            row["surname"] = self.rng.choice(_SURNAMES)
        for field in ("given", "surname"):
            if self.often(0.06) and not chinese:
                row[field] = self.typo(str(row[field]))
        if self.often(0.03) and not chinese:
            row["given"], row["surname"] = row["surname"], row["given"]
        if self.often(0.04):
            row["born"] = self.digit(str(row["born"]))
        if self.often(0.15):
            row["born"] = None
        elif self.often(0.3):
            year, month, day = str(row["born"]).split("-")
            row["born"] = self.rng.choice((f"{day}/{month}/{year}", f"{year}{month}{day}"))
        for field, share in (("phone", 0.2), ("email", 0.3), ("street", 0.1), ("postcode", 0.1)):
            if self.often(share):
                row[field] = None
        if row["phone"] and self.often(0.2):
            row["phone"] = self.digit(str(row["phone"]))
        if row["street"] and self.often(0.15):
            row["street"] = self.typo(str(row["street"]))
        return row

    def typo(self, text: str) -> str:
        at = self.rng.randrange(1, max(len(text) - 1, 2))
        way = self.rng.randrange(3)
        if way == 0:
            return text[:at] + text[at + 1 :]
        if way == 1:
            return text[:at] + text[at : at + 1] * 2 + text[at + 1 :]
        return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]

    def digit(self, text: str) -> str:
        places = [i for i, c in enumerate(text) if c.isdigit()]
        at = self.rng.choice(places[-2:])
        return text[:at] + str((int(text[at]) + self.rng.randint(1, 9)) % 10) + text[at + 1 :]


def persons(count: int, *, level: float = 0.5, seed: int = 3, chinese: float = 0.3) -> pl.DataFrame:
    """record_id, truth, FIELDS: `count` rows in no order; about a third tell of someone again."""
    make = People(level, seed, chinese)
    rows: list[tuple[str, Row]] = []
    number = 0
    while len(rows) < count:
        for member in make.household():
            number += 1
            times = 1 + (make.rng.random() < 0.3) * make.rng.choice((1, 1, 2, 3))
            rows += [(f"t{number}", make.row(member)) for _ in range(times)]
    rows = rows[:count]
    make.rng.shuffle(rows)
    ids = [f"{make.rng.getrandbits(96):024x}" for _ in rows]
    return pl.DataFrame(
        {"record_id": ids, "truth": [t for t, _ in rows]}
        | {f: [r[f] for _, r in rows] for f in FIELDS},
        schema_overrides=dict.fromkeys(FIELDS, pl.String),
    )
