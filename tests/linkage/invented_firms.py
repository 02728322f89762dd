"""Invented companies with names in Latin letters: legal forms, accents, offices, moved, mistyped.

Nobody here exists: names are put together from the lists below, web addresses end in `.example`.
"""

import random

import polars as pl

_FOUNDERS = [
    first + last
    for first in ("Alder", "Brück", "Castel", "Dorn", "Ever", "Fjell", "Gran", "Holm", "Itter",
                  "Jäger", "Köst", "Lind", "Mont", "Nord", "Øster", "Pell", "Quint", "Rosen")
    for last in ("mann", "wick", "by", "stad", "ello", "ier", "ham", "berg", "au", "ley")
]  # fmt: skip
_TRADES = ["Logistics", "Foods", "Precision Tools", "Software", "Textiles", "Marine Services",
           "Packaging", "Optics", "Catering", "Instruments", "Bakery Supplies"]  # fmt: skip
_FORMS = {
    "GB": ("Ltd", "Limited", "Ltd."), "US": ("Inc.", "Inc", "Incorporated"),
    "USL": ("LLC", "L.L.C.", "LLC."), "DE": ("GmbH", "G.m.b.H.", "GmbH"),
    "FR": ("SARL", "S.A.R.L.", "Sarl"), "NL": ("B.V.", "BV", "b.v."),
}  # fmt: skip
_CITIES = ["Ansford", "Belmünde", "Crécy-Haut", "Dunmere", "Egelo", "Farsted", "Grünau", "Hexby"]
_STREETS = ["Harbour Road", "Mill Lane", "Königsallee", "Rue du Pont", "Station Street", "Dijkweg"]
_PLAIN = str.maketrans("üéäöØø", "ueaoOo")
FIELDS = ("name", "vat", "phone", "email", "website", "street", "city", "postcode")
Row = dict[str, str | None]


class Firms:
    """Makes firms and rows about them, from one source of chance."""

    def __init__(self, level: float, seed: int) -> None:
        self.level, self.rng = level, random.Random(seed)
        self.known: set[str] = set()

    def often(self, share: float) -> bool:
        """Whether something that happens in `share` of the rows happens in this one."""
        return self.rng.random() < share * self.level * 2

    def digits(self, count: int) -> str:
        return "".join(self.rng.choices("0123456789", k=count))

    def place(self) -> Row:
        city = self.rng.choice(_CITIES)
        street = f"{self.rng.randint(1, 300)} {self.rng.choice(_STREETS)}"
        return {"street": street, "city": city, "postcode": self.digits(5)}

    def firm(self) -> Row:
        """A firm whose name and legal form no other has."""
        while True:
            names = self.rng.sample(_FOUNDERS, self.rng.choice((1, 1, 2)))
            trade = self.rng.choice(_TRADES)
            form = self.rng.choice(list(_FORMS))
            name = f"{' & '.join(names)} {trade}"
            if name not in self.known:
                self.known.add(name)
                break
        site = names[0].translate(_PLAIN).lower() + self.digits(3) + ".example"
        return self.place() | {
            "name": f"{name} {_FORMS[form][0]}",
            "vat": form[:2] + self.digits(9),
            "phone": f"+44 {self.digits(3)} {self.digits(7)}",
            "email": f"info@{site}",
            "website": f"https://www.{site}/",
            "_form": form,
            "_core": name,
        }

    def office(self, head: Row) -> Row:
        """An office of a firm: name, tax number and web address of the firm, another place."""
        city = self.rng.choice(_CITIES)
        return head | self.place() | {"name": f"{head['name']} - {city} Branch", "city": city}

    def row(self, clean: Row) -> Row:
        """What some list says about a firm."""
        row = dict(clean)
        name = str(row["name"])
        if "Branch" not in name:
            if self.often(0.3):
                name = f"{clean['_core']} {self.rng.choice(_FORMS[str(clean['_form'])])}"
            if self.often(0.12):
                name = str(clean["_core"])
            if self.often(0.1):
                name = name.replace(" & ", " and ")
        if self.often(0.2):
            name = name.translate(_PLAIN)
        if self.often(0.1):
            name = name.upper()
        if self.often(0.12):
            at = self.rng.randrange(1, 6)
            name = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        row["name"] = name
        if self.often(0.15):
            row |= self.place()
        for field, share in (("vat", 0.5), ("phone", 0.3), ("email", 0.3), ("website", 0.5),
                             ("street", 0.1), ("postcode", 0.15)):  # fmt: skip
            if self.often(share):
                row[field] = None
        if row["phone"] and self.often(0.5):
            row["phone"] = str(row["phone"]).replace("+44 ", "0044").replace(" ", "-")
        return row


def firms(count: int, *, level: float = 0.5, seed: int = 4) -> pl.DataFrame:
    """record_id, truth, FIELDS: `count` rows in no order; about a third tell of a firm again."""
    make = Firms(level, seed)
    rows: list[tuple[str, Row]] = []
    number = 0
    while len(rows) < count:
        firm = make.firm()
        family = [firm, *([make.office(firm)] if make.rng.random() < 0.05 else [])]
        for member in family:
            number += 1
            times = 1 + (make.rng.random() < 0.3) * make.rng.choice((1, 1, 2))
            rows += [(f"t{number}", make.row(member)) for _ in range(times)]
    rows = rows[:count]
    make.rng.shuffle(rows)
    ids = [f"{make.rng.getrandbits(96):024x}" for _ in rows]
    return pl.DataFrame(
        {"record_id": ids, "truth": [t for t, _ in rows]}
        | {f: [r[f] for _, r in rows] for f in FIELDS},
        schema_overrides=dict.fromkeys(FIELDS, pl.String),
    )
