"""What reports show of raw cells."""

import polars as pl

from crm_migrate.model import SemanticType
from crm_migrate.protection.strays import cover_strays


def test_personal_values_in_columns_for_other_things_are_covered() -> None:
    """R-5.3: a field that reports show in clear may hold what somebody typed into it by mistake."""
    cells = pl.Series(
        [
            "110105194912310021", "张三 １３８００１３８０００", "0755-26001234", "a.b@example.com",
            "6222021234567894", "恒通科技有限公司", "HT-2024001", None,
        ]
    )  # fmt: skip
    shown = cover_strays(cells, SemanticType.COMPANY_NAME).to_list()
    assert shown == [
        "[证件号码]", "张三 [手机号码]", "[电话号码]", "[电子邮箱]", "[银行卡号]",
        "恒通科技有限公司", "HT-2024001", None,
    ]  # fmt: skip
    codes = pl.Series(["91110000600037341L", "110108000000016", "110105194912310021"])
    kept = cover_strays(codes, SemanticType.USCC).to_list()
    assert kept == ["91110000600037341L", "110108000000016", "[证件号码]"]
