"""Where a run keeps what is read long after the stage that made it; imports no stage."""

import polars as pl

from crm_migrate.workspace import Run

GOLDEN, MAPPED, PRESENT = "golden", "mapped", "present"
STANDARDIZED = "standardized"
"""Names of the stages whose tables others read."""
_LOOKUP = "lookup."


def lookups(run: Run) -> dict[str, pl.DataFrame]:
    """The look-up tables of the target, by table."""
    names = [n for n in run.names(PRESENT) if n.startswith(_LOOKUP)]
    return {n.removeprefix(_LOOKUP): run.read(PRESENT, n) for n in names}
