"""What readers remember changes nothing of what they tell, and only what is public is kept."""

import polars as pl

from crm_migrate.standards import address, company_name
from crm_migrate.standards.columns.remembered import learning, remembering

NAMES = pl.Series(
    [f"恒通{n}科技有限公司{end}" for n in range(700) for end in ("", "（原恒达公司）", " ")]
)
ADDRESSES = pl.Series(
    [
        f"{begun}人民路{n}号"
        for n in range(400)
        for begun in ("江苏昆山", "广东省 深圳市 南山区", "荆州沙市区", "某处")
    ]
)


def test_a_part_of_the_last_column_is_told_the_same() -> None:
    """D: a reader that is asked again about some of its values, in any order, tells the same."""
    part = NAMES.gather_every(2).reverse().extend(pl.Series(["恒达公司（简称：恒达）", None]))
    with remembering():
        company_name.split(NAMES)
        again = company_name.split(part)
    assert again.equals(company_name.split(part))


def test_changed_rows_alone_are_read_again() -> None:
    """D: addresses that became canonical are judged as if they had never been read before."""
    with remembering():
        value = address.normalise(ADDRESSES)
        found = [(r.code, rows.to_list()) for r, rows in address.validate(ADDRESSES, value)]
        parts = address.parts(value)
    assert value.equals(address.normalise(ADDRESSES))
    assert parts.equals(address.parts(value))
    fresh = [(r.code, rows.to_list()) for r, rows in address.validate(ADDRESSES, value)]
    assert found == fresh


def test_only_lasting_answers_are_kept() -> None:
    """D: a reader learns what is public; everything else it is asked about anew."""
    asked: list[str] = []

    @learning(pl.col("public"))
    def reader(values: pl.Series) -> pl.DataFrame:
        asked.extend(values)
        return pl.DataFrame({"text": values, "public": values.str.ends_with("市")})

    for _ in range(2):
        told = reader(pl.Series(["昆山市", "张三家"]))
        assert told["public"].to_list() == [True, False]
    assert asked == ["昆山市", "张三家", "张三家"]
