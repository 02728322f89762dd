"""The world behind the samples: which true customer stands in which source, and how."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from samples.generator import staff
from samples.generator.customers import Customer, Foundry

Source = Literal["sales", "service", "legacy"]
Case = Literal["", "branch", "group", "twice", "two_owners", "doubtful_same", "doubtful_other"]

_STANDS_IN: tuple[tuple[tuple[Source, ...], int], ...] = (
    (("legacy",), 1180),
    (("sales", "legacy"), 360),
    (("service", "legacy"), 230),
    (("sales", "service", "legacy"), 100),
    (("sales",), 800),
    (("sales", "service"), 90),
    (("service",), 380),
)
"""How many customers stand in which sources, at scale 1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One appearance of a customer in a source."""

    customer: Customer
    owner: str
    """Today's name of the owner that this source shows."""
    case: Case = ""
    resembles: Customer | None = None
    """Doubtful entries: the customer that a person must compare it with."""
    evidence: Literal["", "address", "phone"] = ""
    """Doubtful entries: all that speaks for the pair beside the short name."""


@dataclass(frozen=True)
class World:
    """All true customers, their appearances per source, and those in the CRM already."""

    seed: int
    scale: float
    customers: tuple[Customer, ...]
    entries: dict[Source, tuple[Entry, ...]]
    in_crm: tuple[Customer, ...]
    crm_only: tuple[Customer, ...]

    def random(self, part: str) -> Random:
        """A generator of its own for each part, so that parts don't disturb each other."""
        return Random(f"{self.seed}/{part}")


def build(seed: int = 20250630, scale: float = 1.0) -> World:
    """The world of a seed; `scale` multiplies the number of customers."""
    random = Random(f"{seed}/world")
    foundry = Foundry(random)

    def times(count: int) -> int:
        return max(1, round(count * scale))

    families = _families(foundry, times(60))
    memberships = _memberships(random, len(families), times)
    customers = families + [_any_kind(foundry) for _ in range(len(memberships) - len(families))]
    entries: dict[Source, list[Entry]] = {"sales": [], "service": [], "legacy": []}
    for customer, sources in zip(customers, memberships, strict=True):
        for source in sources:
            case: Case = "branch" if customer.branch else "group" if customer.head else ""
            entries[source].append(Entry(customer, customer.owner, case))
    _set_two_owners(random, entries, times(15))
    _repeat(random, entries["sales"], times(40))
    _repeat(random, entries["legacy"], times(30))
    present = {e.customer.number for source in entries.values() for e in source}
    plain = [c for c in customers if c.number in present]
    in_crm = tuple(random.sample(plain, times(300)))
    customers += _doubtful(random, foundry, entries, times(24), times(16))
    crm_only = tuple(_any_kind(foundry) for _ in range(times(60)))
    for source in entries:
        random.shuffle(entries[source])
    return World(
        seed, scale, (*customers, *crm_only),
        {source: tuple(of) for source, of in entries.items()}, in_crm, crm_only,
    )  # fmt: skip


def _any_kind(foundry: Foundry) -> Customer:
    roll = foundry.random.random()
    if roll < 0.86:
        return foundry.company()
    if roll < 0.92:
        return foundry.sole_trader()
    return foundry.individual() if roll < 0.99 else foundry.foreign()


def _families(foundry: Foundry, heads: int) -> list[Customer]:
    """Head offices, each followed by its branches and subsidiaries."""
    made: list[Customer] = []
    for _ in range(heads):
        head = foundry.company()
        made.append(head)
        cities = {head.place.short_city}
        for _ in range(foundry.random.choice((1, 1, 2, 2, 3))):
            is_branch = foundry.random.random() < 0.65
            child = foundry.branch(head) if is_branch else foundry.subsidiary(head)
            if child.place.short_city not in cities:
                cities.add(child.place.short_city)
                made.append(child)
    return made


def _memberships(
    random: Random, families: int, times: Callable[[int], int]
) -> list[tuple[Source, ...]]:
    """The sources of each customer; families come first and always stand in the legacy CRM."""
    all_sources = [sources for sources, count in _STANDS_IN for _ in range(times(count))]
    legacy = [s for s in all_sources if "legacy" in s]
    others = [s for s in all_sources if "legacy" not in s]
    random.shuffle(legacy)
    rest = legacy[families:] + others
    random.shuffle(rest)
    return legacy[:families] + rest


def _set_two_owners(random: Random, entries: dict[Source, list[Entry]], count: int) -> None:
    """撞单: in the sales workbook the customer belongs to somebody of another department."""
    legacy = {e.customer.number for e in entries["legacy"]}
    places = [
        i for i, e in enumerate(entries["sales"])
        if e.customer.number in legacy and e.customer.kind == "企业" and not e.case
        and e.owner != staff.POOL
    ]  # fmt: skip
    for i in random.sample(places, count):
        entry = entries["sales"][i]
        others = [s for s in staff.SELLERS if staff.department(s) != staff.department(entry.owner)]
        entries["sales"][i] = replace(entry, owner=random.choice(others), case="two_owners")


def _repeat(random: Random, entries: list[Entry], count: int) -> None:
    """Some customers stand twice in the same source."""
    plain = [e for e in entries if not e.case]
    entries += [replace(e, case="twice") for e in random.sample(plain, count)]


def _doubtful(
    random: Random, foundry: Foundry, entries: dict[Source, list[Entry]], same: int, other: int
) -> list[Customer]:
    """Pairs with a short name and one weak hint only; returns the customers added for them.

    `same`: the same customer, written carelessly. `other`: a neighbour that only looks alike.
    """
    elsewhere = {e.customer.number for s in ("sales", "service") for e in entries[s]}
    candidates = [
        e.customer for e in entries["legacy"]
        if e.customer.number not in elsewhere and e.customer.kind == "企业" and not e.case
    ]  # fmt: skip
    added: list[Customer] = []
    for index, known in enumerate(random.sample(candidates, same + other)):
        source: Source = "sales" if index % 2 else "service"
        hint: Literal["address", "phone"] = "address" if index % 4 < 2 else "phone"
        if index < same:
            entries[source].append(Entry(known, known.owner, "doubtful_same", known, hint))
            continue
        neighbour = foundry.look_alike(known)
        added.append(neighbour)
        entries[source].append(Entry(neighbour, known.owner, "doubtful_other", known, hint))
    return added
