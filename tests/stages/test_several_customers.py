"""People who stand at several customers are found, with the rows that say so."""

from pathlib import Path

import polars as pl

from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE
from crm_migrate.stages.golden.several_customers import people_at_several_customers
from crm_migrate.trust.keyring import create_project_keyring
from crm_migrate.trust.wrapping import Unprotected
from crm_migrate.workspace import Workspace


def test_who_changed_company_is_found(tmp_path: Path) -> None:
    """R-1.4: equal name and mobile, or mail, at two customers are told for every source row; two
    people of one name, and one person at one customer, are not.
    """
    golden = pl.DataFrame(
        [
            ("g1", "c1", "林一", "13800138001", None),
            ("g2", "c2", "林一", "13800138001", None),
            ("g3", "c3", "林一", "13800138003", None),
            ("g4", "c1", "陈二", None, "chen@example.com"),
            ("g5", "c3", "陈二", "13800138005", "chen@example.com"),
        ],
        schema=["golden_id", "customer", "name", "mobile", "email"],
        orient="row",
    )
    members = pl.DataFrame(
        {
            RECORD_ID: ["a", "b", "c", "d", "e", "f"],
            "golden_id": ["g1", "g1", "g2", "g3", "g4", "g5"],
        }
    )
    places = members.select(
        RECORD_ID,
        pl.lit("sales").alias(SOURCE),
        pl.lit("sales.csv").alias(FILE),
        pl.lit(None, pl.String).alias(SHEET),
        pl.int_range(2, 8).alias(ROW),
    )
    keyring = create_project_keyring(tmp_path / "keyring", Unprotected())
    with Workspace(tmp_path, keyring).begin() as run:
        assert people_at_several_customers(run).is_empty()
        run.write("golden", "contact", golden)
        run.write("golden", "members.contact", members)
        run.write("standardized", "contact", places)
        found = people_at_several_customers(run)
    assert found["row"].sort().to_list() == [2, 3, 4, 6, 7]
    assert set(found["rule"]) == {"contact.several_customers"}
