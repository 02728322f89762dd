"""A plan parted by department is read twice in all, however many departments there are."""

from collections.abc import Iterator

import polars as pl

from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.scope import OUTSIDE
from crm_migrate.stages.planning.parts import actions_by_head, parts

ROWS = pl.DataFrame(
    {
        "golden_id": [f"g{n}" for n in range(8)],
        "group": [f"g{n}" for n in range(8)],
        "action": ["insert", "update", "unchanged", "insert", "skip", "insert", "skip", "insert"],
        "target_key": [None, "1", "2", None, None, None, None, None],
        "reason": ["new", "changed", "same", "new", OUTSIDE, "new", "does_not_fit", "new"],
        "after:name": list("abcdefgh"),
    }
)
HEADS = pl.DataFrame(
    {"golden_id": [f"g{n}" for n in range(8)], "head": ["一部", "二部"] * 3 + [None, None]}
)


class Counting:
    """A plan that counts how often it is read."""

    reads = 0

    @property
    def header(self) -> PlanHeader:
        raise NotImplementedError

    @property
    def entities(self) -> list[str]:
        return ["customer"]

    def operations(self, entity: str) -> pl.LazyFrame:
        raise NotImplementedError

    def slices(self, entity: str) -> Iterator[pl.LazyFrame]:
        self.reads += 1
        return iter((ROWS.head(5).lazy(), ROWS.slice(5).lazy()))

    def lineage(self, entity: str) -> pl.LazyFrame | None:
        return pl.LazyFrame({"golden_id": ["g0", "g7"], "field": ["name", "name"]})

    def moves(self) -> pl.DataFrame | None:
        return None


def test_every_operation_is_in_one_part() -> None:
    """R-6.6: parts hold what belongs to their customers, those without a department too; what lies
    outside of the scope and unchanged customers are named only.
    """
    plan = Counting()
    actions = actions_by_head(plan, HEADS)
    found = dict(parts(plan, HEADS, actions))
    assert list(found) == ["一部", "二部", None]
    assert plan.reads == 3  # what belongs where; the cells; the names of unchanged customers
    held = {head: part.operations("customer").collect() for head, part in found.items()}
    shown = {h: dict(f.select("golden_id", "after:name").iter_rows()) for h, f in held.items()}
    assert shown["一部"] == {"g0": "a", "g2": None, "g4": None}
    assert shown["二部"] == {"g1": "b", "g3": "d", "g5": "f"}
    assert shown[None] == {"g6": "g", "g7": "h"}
    counted = actions["customer"]
    assert counted.filter(pl.col("head") == "一部")["golden_id"].to_list() == ["g0", "g2"]
    origins = {h: p.lineage("customer") for h, p in found.items()}
    assert [0 if o is None else o.collect().height for o in origins.values()] == [1, 0, 1]
