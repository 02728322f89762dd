"""Makes the invented samples; run from the repository root as `python -m samples.make_samples`.

The same seed gives the same cell values. Nothing is taken from anywhere: every company, person,
number and address is put together from word lists.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from samples.generator import crm, crm_schema, legacy, legacy_schema, sales, service, truth, world
from samples.generator.database import fill, sqlite_url

HERE = Path(__file__).parent
SEED = 20250630


def make(
    folder: Path,
    *,
    seed: int = SEED,
    scale: float = 1.0,
    legacy_url: str | None = None,
    crm_url: str | None = None,
) -> None:
    """Write all samples into `folder`; the URLs replace the two SQLite files.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: when a database at a URL has these tables already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = world.build(seed, scale)
    sheet, tickets = sales.rows(whole), service.tickets(whole)
    old = legacy.build(whole)
    new = crm.build(whole, old)
    sales.write(folder / "sales.xlsx", sheet)
    service.write(folder / "service.csv", tickets)
    fill(legacy_url or sqlite_url(folder / "legacy.db"), legacy_schema.METADATA, old.tables)
    fill(crm_url or sqlite_url(folder / "crm.db"), crm_schema.METADATA, new.tables)
    known = [row.truth for row in sheet] + [t.truth for t in tickets] + old.truth + new.truth
    truth.write(folder / "truth.csv", known)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the generator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=HERE, help="where the files are written")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the customers")
    parser.add_argument("--legacy-url", help="fill this database instead of legacy.db")
    parser.add_argument("--crm-url", help="fill this database instead of crm.db")
    given = parser.parse_args(arguments)
    make(
        given.folder, seed=given.seed, scale=given.scale, legacy_url=given.legacy_url,
        crm_url=given.crm_url,
    )  # fmt: skip


if __name__ == "__main__":
    main()
