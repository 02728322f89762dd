"""People who stand at several customers: who changed company, most likely, or works for two.

A contact is never merged across customers; that the person is the same is found and told.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import PROVENANCE, RECORD_ID, Rule, Severity, findings_where
from crm_migrate.stages.kept import GOLDEN, STANDARDIZED
from crm_migrate.workspace import Run

CONTACT, CUSTOMER = "contact", "customer"
SEVERAL_CUSTOMERS = Rule(
    "contact.several_customers",
    Severity.WARNING,
    Text(
        "A person of this name and number, or mail address, stands at another customer, too",
        "姓名与手机（或邮箱）相同的联系人也出现在其他客户下",
    ),
    Text(
        "If they changed company, end the old entry in the source; the two are not merged.",
        "如已更换单位，请在源数据中停用原联系人；系统不会合并两者。",
    ),
)
_MEANS = ("mobile", "email")


def people_at_several_customers(run: Run) -> pl.DataFrame:
    """Findings (records.FINDING_COLUMNS): contacts whose name and mobile, or name and mail address,
    stand at more than one golden customer. Empty where a run has no contacts.
    """
    nothing = findings_where(
        pl.DataFrame(schema=dict.fromkeys((RECORD_ID, *PROVENANCE), pl.String)),
        pl.Series([], dtype=pl.Boolean),
        entity=CONTACT,
        field="name",
        rule=SEVERAL_CUSTOMERS,
    )
    if CONTACT not in run.names(GOLDEN):
        return nothing
    golden = run.read(GOLDEN, CONTACT)
    if not {"name", CUSTOMER} <= set(golden.columns):
        return nothing
    found = [nothing.select(pl.lit(None, pl.String).alias("golden_id")).clear()]
    for means in _MEANS:
        if means in golden.columns:
            known = golden.drop_nulls(["name", means, CUSTOMER])
            several = pl.col(CUSTOMER).n_unique().over("name", means) > 1
            found.append(known.filter(several).select("golden_id"))
    ids = pl.concat(found)["golden_id"].unique()
    if ids.is_empty():
        return nothing
    members = run.read(GOLDEN, f"members.{CONTACT}", [RECORD_ID, "golden_id"])
    wanted = members.filter(pl.col("golden_id").is_in(ids.implode()))
    rows = run.read(STANDARDIZED, CONTACT, [RECORD_ID, *PROVENANCE])
    hit = rows[RECORD_ID].is_in(wanted[RECORD_ID].implode())
    return findings_where(rows, hit, entity=CONTACT, field="name", rule=SEVERAL_CUSTOMERS)
