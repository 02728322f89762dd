"""Short names found in a register, without a project."""

import polars as pl

from crm_migrate.linkage.bare.candidates_for import best_candidates
from crm_migrate.linkage.bare.retrieval import TextIndex
from crm_migrate.linkage.features.grams import gram_matrix
from crm_migrate.standards.reading.company_parts import parts
from tests.linkage.spoilt_companies import UNSEEN, spoilt_companies

REGISTER = pl.Series(
    [
        "江西澄川轴承有限公司",
        "山东澄川轴承有限公司",
        "澄川轴承（赣州）有限公司南昌分公司",
        "南昌市澄川印务有限公司",
        "赣州骐屿纺织股份有限公司",
        "Hallgarten Optics GmbH",
        "Hallgarten Foods Ltd",
    ]
)


def rows(left: list[str | None], **options: float) -> list[list[int]]:
    """The right rows of each left row, best first."""
    pairs = best_candidates([pl.Series(left, dtype=pl.String)], [REGISTER], **options).pairs
    return [pairs.filter(pl.col("left_row") == i)["right_row"].to_list() for i in range(len(left))]


def test_short_names_find_their_company():
    """Trade name and business, a typo, traditional characters, other scripts, nothing."""
    found = rows(
        ["骐屿纺织", "赣州騏嶼紡織", "江西澄川轴承", "HALLGARTEN OPTICS", "金星", None],
        at_least=0.5,
    )
    assert [f[:1] for f in found] == [[4], [4], [0], [5], [], []]


def test_names_in_letters_find_those_in_characters():
    """Pinyin of the name or of its trade name, initials, either way round; never a part of them."""
    found = rows(["Qiyu Fangzhi", "QIYU", "QYFZ", "qi", "QY", "chengchuan yinwu"], at_least=0.5)
    assert [f[:1] for f in found] == [[4], [4], [4], [], [], [3]]
    letters = pl.Series(["Qiyu Textile Co., Ltd", "Alibaba", "Mingda"])
    back = best_candidates([pl.Series(["骐屿", "阿里", "铭达"])], [letters]).pairs
    assert dict(zip(back["left_row"], back["right_row"], strict=True)) == {0: 0, 2: 2}
    assert set(back["agrees"]) == {"spoken"}


def test_parts_of_the_name_decide_between_namesakes():
    """Another region comes after the company that is meant; a branch is told from its head."""
    pairs = best_candidates([pl.Series(["山东澄川轴承有限公司"])], [REGISTER], top=5).pairs
    assert pairs["right_row"].to_list() == [1, 0]
    assert pairs["agrees"].to_list() == ["name", "short_name"]
    assert pairs["differs"].to_list() == [[], ["region"]]
    branch = best_candidates([pl.Series(["赣州澄川轴承有限公司"])], [REGISTER], at_least=0.3).pairs
    assert dict(zip(branch["right_row"], branch["differs"].to_list(), strict=True))[2] == ["branch"]


def test_a_second_column_decides():
    """Two of one short name: the address tells which is meant."""
    left = [pl.Series(["澄川轴承"]), pl.Series(["山东省潍坊市奎文区和平街8号"])]
    addresses = ["江西赣州红旗路1号", "山东潍坊奎文区和平街8号", None, None, None, None, None]
    pairs = best_candidates(left, [REGISTER, pl.Series(addresses)], top=2).pairs
    assert pairs["right_row"].to_list()[0] == 1
    assert pairs["further"].to_list()[0] == ["similar"]


def test_most_short_names_are_found_among_thousands():
    """R-3.1: trade name and business of 500 companies against a register of 4,000."""
    made = spoilt_companies(6_000, words=UNSEEN, level=0, seed=907).filter(
        pl.col("name").str.ends_with("有限公司")
    )
    register = made.unique("name", keep="first", maintain_order=True)["name"].head(4_000)
    split = parts(register.head(500))
    short = split["stem"] + split["industry_word"].fill_null("")
    pairs = best_candidates([short], [register], top=5).pairs
    hits = pairs.filter(pl.col("left_row") == pl.col("right_row"))["left_row"].n_unique()
    assert hits >= 0.97 * 500


def test_scores_do_not_depend_on_the_order_of_the_register():
    """The same names in another order get the same scores and the same names."""
    made = spoilt_companies(600, words=UNSEEN, seed=908)["name"]
    asked = made.head(50).str.slice(2)
    one = TextIndex(made, asked).best(3)
    other = TextIndex(made.reverse(), asked).best(3)
    assert one.score.tolist() == other.score.tolist()


def test_grams_of_a_text():
    """Chinese ones and pairs of them, letters in threes with the edges; nothing of nothing."""
    matrix = gram_matrix(pl.Series(["恒通", "abc", None, ""], dtype=pl.String))
    assert [int(n) for n in matrix.getnnz(axis=1)] == [3, 3, 0, 0]
