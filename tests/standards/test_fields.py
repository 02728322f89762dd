"""Fields of many records: distinct values and threads change nothing of what is found."""

import polars as pl
from polars.testing import assert_frame_equal

from benchmarks.invented_forms import forms
from crm_migrate.project.entities_file import standard_model, starter_file
from crm_migrate.standards.catalog import rules as declared_rules
from crm_migrate.standards.entity import fields
from crm_migrate.standards.entity.standardize import Standardized, standardize
from crm_migrate.standards.rules.records import parse_records

MODEL = standard_model()
RULES, _ = parse_records(starter_file("records.yaml").data, MODEL, declared_rules)


def made(entity: str, records: pl.DataFrame) -> Standardized:
    return standardize(MODEL.entity(entity), records, MODEL, origins={}, rules=RULES)


def test_many_records_at_once_are_found_as_in_slices() -> None:
    """A pure function of its rows; batches may be cut anywhere."""
    several = forms(2 * fields.MANY + 500, seed=3)
    for entity in ("customer", "contact"):
        records = getattr(several, entity)
        # Fillers and formula errors are emptied by distinct values, too.
        odd = pl.int_range(records.height, eager=True) % 97 == 0
        records = records.with_columns(
            pl.when(pl.lit(odd)).then(pl.lit("#N/A")).otherwise("name").alias("name")
        )
        whole = made(entity, records)
        cut = [made(entity, part) for part in records.iter_slices(2_300)]
        assert_frame_equal(whole.records, pl.concat(c.records for c in cut))
        assert_frame_equal(whole.quarantined, pl.concat(c.quarantined for c in cut))
        order = ["record_id", "field", "rule"]
        assert_frame_equal(
            whole.findings.sort(order), pl.concat(c.findings for c in cut).sort(order)
        )
        assert "cell.excel_error" in whole.findings["rule"]


def test_ids_that_repeat_are_seen_over_all_records() -> None:
    """An id that stands twice is an error in both records, however far they are apart."""
    records = forms(2 * fields.MANY, seed=3).contact
    ids = records["record_id"].to_list()
    ids[-1] = ids[0]
    found = made("contact", records.with_columns(record_id=pl.Series(ids)))
    assert found.quarantined["_row"].to_list() == [records["_row"][0], records["_row"][-1]]
