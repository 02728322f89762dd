"""Writing project files: the data reads back as it was, and comments stay."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crm_migrate.mapping.yaml_text import mapping_data, read_comments, value_map_data, yaml_text
from crm_migrate.project.mapping_file import SourceMapping, ValueMap

TEXT = """\
# The old CRM.
# Second line.
source: legacy
tables:
  # customers first
  - table: customers  # one row each
    key: [cust_id]
    records:
      - entity: customer
        fields:
          # who it is
          name: cust_name
          size: {column: "scale # 2", values: size}  # as of 2023
    ignore: [credit_score]
# the end
"""


def test_comments_stay_where_they_stood() -> None:
    """A file that is written again keeps its comments, above and behind."""
    mapping = SourceMapping.model_validate(yaml.safe_load(TEXT))
    comments = read_comments(Path("m.yaml"), TEXT)
    again = yaml_text(mapping_data(mapping), comments)
    assert again == TEXT


def test_a_comment_leaves_with_what_it_was_about() -> None:
    """What is taken away takes its comment along; the others stay."""
    data = yaml.safe_load(TEXT)
    del data["tables"][0]["records"][0]["fields"]["size"]
    again = yaml_text(data, read_comments(Path("m.yaml"), TEXT))
    assert "2023" not in again
    assert "# who it is\n" in again


@pytest.mark.parametrize(
    "source", ["map: {展会: 展会推广, 'yes': null}", "owners: [{from: 甲, to: 公海}]"]
)
def test_value_maps_read_back(source: str) -> None:
    """Value maps and owner maps lose nothing."""
    values = ValueMap.model_validate(yaml.safe_load(source))
    text = yaml_text(value_map_data(values))
    assert ValueMap.model_validate(yaml.safe_load(text)) == values


_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12))
_data = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["fields", "map", "x", "no", "1"]), _data, min_size=1))
def test_any_data_reads_back_equal(data: dict[str, object]) -> None:
    """Whatever stands in cells (`yes`, `1`, `#`, line breaks) is written so that it comes back."""
    assert yaml.safe_load(yaml_text(data)) == data
