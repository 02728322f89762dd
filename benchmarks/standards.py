"""Registration forms standardized and judged, every field on, against two usual ways.

What is timed is what the stage `standardized` does with mapped records: standard forms, values
moved to their own fields, all rules of fields and records, and the findings as a table. Mapping and
reading are not in it. The forms are invented (`invented_forms`): in most of them a cell or more is
not in standard form, and 1 to 2 % of codes, telephone numbers and mail addresses are wrong.

Beside it, on the same forms in the same run: a loop of stdnum, phonenumbers and email-validator
over three columns, which neither repairs nor reports; and pandera on pandas with checks of the same
forms, which finds what does not fit and repairs nothing.

    python -m benchmarks standards --rows 1000000
"""

import argparse
import contextlib
import re
from collections.abc import Sequence
from datetime import date
from time import process_time

import pandas as pd
import pandera.pandas as pa
import phonenumbers
import polars as pl
from email_validator import EmailNotValidError, validate_email
from stdnum.cn import uscc as stdnum_uscc
from stdnum.exceptions import ValidationError

from benchmarks.invented_forms import Forms, forms
from benchmarks.timing import best_of, line
from crm_migrate.mapping.references import resolve_orphans
from crm_migrate.model import Model
from crm_migrate.project.entities_file import standard_model, starter_file
from crm_migrate.project.mapping_file import SourceMapping
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.judge import judge_records
from crm_migrate.standards import amount, email, mobile, uscc
from crm_migrate.standards import date as dates
from crm_migrate.standards.catalog import rules as declared_rules
from crm_migrate.standards.entity.found import findings_by_record
from crm_migrate.standards.entity.standardize import standardize
from crm_migrate.standards.rules.records import RecordRules, parse_records

ROWS = 300_000
LOOPED = 5_000
"""Forms that the loop sees: its time grows with their number alone."""
ENTITIES = ("customer", "contact", "attachment")
TODAY = date(2026, 1, 1)
_MAPPING = SourceMapping(source="forms", tables=())


def run(options: Sequence[str] = ()) -> list[dict[str, str]]:
    """Our way against both others; also how much processor time ours took, and what it found."""
    asked = argparse.ArgumentParser("standards")
    asked.add_argument("--rows", type=int, default=ROWS)
    rows = asked.parse_args(options).rows
    model = standard_model()
    rules, _ = parse_records(starter_file("records.yaml").data, model, declared_rules)
    filled = forms(rows)
    few = forms(LOOPED)
    checked = filled.customer.join(
        filled.contact.select(RECORD_ID, "mobile", "email"), on=RECORD_ID
    ).to_pandas()

    def ours() -> pl.DataFrame:
        return found_in(filled, model, rules)

    def loop() -> None:
        one_by_one(few)

    def frame() -> int:
        return misfits(checked, model)

    seconds = best_of(2, ours, loop, frame)
    used = process_time()
    findings = ours()
    used = process_time() - used
    spoilt = findings.filter(pl.col("severity") != "repair")["record_id"].n_unique()
    changed = findings["record_id"].n_unique()
    records = sum(getattr(filled, name).height for name in ENTITIES)
    print(
        f"{rows:,} forms are {records:,} records ({records / rows:.1f} a form: customer, contact, a"
        f" fifth with an attachment) and give {findings.height:,} findings; {changed / rows:.0%} of"
        f" the forms changed or doubtful, {spoilt / rows:.0%} doubtful\n"
        f"a second: {rows / seconds[0]:,.0f} forms, {records / seconds[0]:,.0f} records;"
        f" of processor time: {rows / used:,.0f} forms, {records / used:,.0f} records"
    )
    by_loop, by_frame = seconds[1] * rows / LOOPED, seconds[2]
    what = "forms, every field: standard form, rules, findings"
    loops = f"{what} / stdnum + phonenumbers + email-validator"
    return [
        line(loops, seconds[0], by_loop, rows, "forms"),
        line(f"{what} / pandera on pandas, checks alone", seconds[0], by_frame, rows, "forms"),
    ]


def found_in(filled: Forms, model: Model, rules: RecordRules) -> pl.DataFrame:
    """The findings of all forms, as the stage makes them."""
    made = {
        name: standardize(model.entity(name), getattr(filled, name), model, origins={}, rules=rules)
        for name in ENTITIES
    }
    resolved = resolve_orphans({n: m.records for n, m in made.items()}, model)
    together = judge_records(resolved.records, model, rules, [_MAPPING], TODAY)
    return findings_by_record([*(m.found for m in made.values()), resolved.findings, together])


def one_by_one(filled: Forms) -> None:
    """What a script does: a library call for each value."""
    for code in filled.customer["uscc"].to_list():
        with contextlib.suppress(ValidationError):
            stdnum_uscc.validate(code or "")
    for number in filled.contact["mobile"].to_list():
        with contextlib.suppress(phonenumbers.NumberParseException):
            phonenumbers.is_valid_number(phonenumbers.parse(number or "", "CN"))
    for mail in filled.contact["email"].to_list():
        with contextlib.suppress(EmailNotValidError):
            validate_email(mail or "", check_deliverability=False)


def misfits(frame: pd.DataFrame, model: Model) -> int:
    """How many cells are not in the form that we bring them into, by pandera."""
    try:
        _schema(model).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        return len(error.failure_cases)
    return 0


def _schema(model: Model) -> pa.DataFrameSchema:
    def matching(pattern: str) -> pa.Column:
        return pa.Column(str, pa.Check.str_matches(pattern), nullable=True, coerce=False)

    def listed(name: str) -> pa.Column:
        values = model.vocabularies[name].values
        return pa.Column(str, pa.Check.isin(list(values)), nullable=True)

    def code_fits(codes: "pd.Series[str]") -> "pd.Series[bool]":
        formed = codes.str.fullmatch(re.compile(uscc.CANONICAL))
        fits = uscc.checksum_fits(pl.Series(codes[formed].to_list(), dtype=pl.String))
        formed[formed] = fits.to_list()
        return formed

    tidy = r"^\S(?:.*\S)?$"
    return pa.DataFrameSchema(
        {
            RECORD_ID: pa.Column(str, unique=True),
            "name": matching(r"^[\u4e00-\u9fa5()0-9A-Za-z]+(?:公司|厂|店|中心|社)$"),
            "uscc": pa.Column(str, pa.Check(code_fits), nullable=True),
            "industry": matching(r"^[A-T]\d{0,2}$"),
            "size": listed("customer_size"),
            "address": matching(r"^[\u4e00-\u9fa5]{2,}(?:省|市|自治区)\S+$"),
            "phone": matching(r"^(?:1[3-9]\d{9}|0\d{2,3}-\d{7,8}|[48]00\d{7})$"),
            "customer_type": listed("customer_type"),
            "annual_budget": matching(amount.CANONICAL),
            "demand": matching(tidy),
            "demand_tags": matching(r"^[^、，,;]+(?:;[^、，,;]+)*$"),
            "channel": listed("channel"),
            "owner": matching(tidy),
            "department": matching(tidy),
            "source_created_at": matching(dates.CANONICAL),
            "mobile": matching(mobile.CANONICAL),
            "email": matching(email.CANONICAL),
        }
    )
