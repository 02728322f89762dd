"""Identifiers standardized by columns, against a loop over per-value libraries."""

import contextlib
from pathlib import Path

import phonenumbers
import polars as pl
from email_validator import EmailNotValidError, validate_email
from stdnum.cn import uscc as stdnum_uscc
from stdnum.exceptions import ValidationError

from benchmarks.timing import best_of, line
from crm_migrate.formats import open_file
from crm_migrate.model import SemanticType
from crm_migrate.standards import standard

SALES = Path(__file__).parents[1] / "samples" / "sales.xlsx"
COLUMNS = {
    SemanticType.USCC: "基础信息/统一社会信用代码",
    SemanticType.MOBILE: "联系人信息/联系方式",
    SemanticType.EMAIL: "联系人信息/电子邮箱",
}
TIMES = 40


def run() -> list[dict[str, str]]:
    """The sample sheet's own columns, repeated."""
    table = next(t for t in open_file(SALES) if t.info.sheet == "客户登记表")
    rows = pl.concat(list(table.batches())).filter(pl.col("_kind") == "data")
    columns = {t: pl.concat([rows[name]] * TIMES) for t, name in COLUMNS.items()}
    count = rows.height * TIMES

    def ours() -> None:
        for type_, values in columns.items():
            rules = standard(type_)
            for _ in rules.validate(values, rules.normalise(values)):
                pass

    def peer() -> None:
        for code in columns[SemanticType.USCC].to_list():
            with contextlib.suppress(ValidationError):
                stdnum_uscc.validate(code or "")
        for number in columns[SemanticType.MOBILE].to_list():
            with contextlib.suppress(phonenumbers.NumberParseException):
                phonenumbers.is_valid_number(phonenumbers.parse(number or "", "CN"))
        for mail in columns[SemanticType.EMAIL].to_list():
            with contextlib.suppress(EmailNotValidError):
                validate_email(mail or "", check_deliverability=False)

    seconds = best_of(2, ours, peer)
    what = "code + mobile + mail / stdnum + phonenumbers + email-validator"
    return [line(what, *seconds, count, "records")]
