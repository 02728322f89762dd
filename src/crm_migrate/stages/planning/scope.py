"""The groups that people ask for (`Asked`), found in a run's golden records."""

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.model import MULTI_SEPARATOR, Entity, Field, SemanticType
from crm_migrate.plan.scope import Scope
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.records import RECORD_ID
from crm_migrate.stages import survive
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import STANDARDIZED
from crm_migrate.stages.planning.asked import Asked, Listing
from crm_migrate.stages.quarantine.overlay import CORRECTIONS
from crm_migrate.stages.tracing.standing import completed
from crm_migrate.workspace import Run

CUSTOMER = "customer"
_MULTIPLE = (SemanticType.TAGS,)
_ONE_BY_ONE = Text("customers named one by one", "逐一指定的客户")
_NAMED = 12
"""Values of a field that a fault names."""


def confined(job: Job, run: Run, asked: Asked) -> Scope:
    """The groups that are asked for.

    Raises:
        UsageFault: no such field or value, or no customer fits.
    """
    entity = job.project.model.entity(CUSTOMER)
    golden = completed(run, run.read(survive.STAGE, CUSTOMER))
    words: list[Text] = []
    fits = pl.repeat(True, golden.height, eager=True)
    for condition in asked.where:
        field, values = _condition(job, entity, golden, condition)
        fits = fits & _has(golden[field.name], field, values)
        en, zh = ", ".join(values), "、".join(values)
        words.append(Text(f"{field.label.en} = {en}", f"{field.label.zh} = {zh}"))
    if asked.share is not None:
        fits = fits & _share(golden["golden_id"], asked.share)
        percent = f"{asked.share * 100:g} %"
        words.append(Text(f"{percent} of the customers", f"{percent} 的客户"))
    for listing in asked.listings:
        named, unknown = _listed(run, golden, listing)
        fits = fits & golden["golden_id"].is_in(named.implode())
        words.append(
            Text(f"list {listing.name}", f"清单 {listing.name}") if listing.name else _ONE_BY_ONE
        )
        if unknown and listing.name:
            words.append(
                Text(f"{unknown} of its lines name nobody", f"其中 {unknown} 行未匹配到客户")
            )
    if asked.customers:
        found, unknown = _listed(run, golden, Listing("", (asked.customers,)))
        if unknown:
            raise _none(", ".join(asked.customers))
        fits = fits & golden["golden_id"].is_in(found.implode())
        words.append(_ONE_BY_ONE)
    if asked.rejected:
        fits = fits & golden["golden_id"].is_in(_corrected(job, run).implode())
        words.append(Text("corrected in quarantine", "隔离中已更正的记录"))
    only = golden["golden_id"].filter(fits) if asked.confines else None
    if asked.groups:
        only = pl.Series(sorted(asked.groups), dtype=pl.String)
        words.append(Text(f"what {asked.follows} left undone", f"{asked.follows} 未完成的部分"))
    if only is not None and not len(only):
        if asked.rejected and len(words) == 1:
            raise UsageFault(
                Text("nothing that was set aside is corrected", "隔离的记录尚无更正"),
                remedy=Text(
                    "crm-migrate quarantine export, correct it, crm-migrate quarantine import",
                    "请先 crm-migrate quarantine export，更正后 crm-migrate quarantine import",
                ),
            )
        raise _none("; ".join(str(w) for w in words))
    return Scope(_told(words, only, golden, asked), only, _excluded(golden, asked))


def _excluded(golden: pl.DataFrame, asked: Asked) -> pl.Series:
    wanted = pl.Series(sorted(asked.excluded), dtype=pl.String)
    return wanted.filter(wanted.is_in(golden["golden_id"].implode()))


def _told(words: list[Text], only: pl.Series | None, golden: pl.DataFrame, asked: Asked) -> Text:
    parts = list(words)
    if only is not None:
        known = only.filter(only.is_in(golden["golden_id"].implode()))
        parts.append(
            Text(
                f"{len(known):,} of {golden.height:,} customers",
                f"{golden.height:,} 户客户中的 {len(known):,} 户",
            )
        )
    if asked.excluded:
        count = len(_excluded(golden, asked))
        parts.append(
            Text(
                f"without {count:,} customers excluded when {asked.after} was checked",
                f"不含核对 {asked.after} 时排除的 {count:,} 户客户",
            )
        )
    if not parts:
        parts.append(Text(f"nothing excluded from {asked.after}", f"{asked.after} 未排除任何客户"))
    return Text("; ".join(p.en for p in parts), ";".join(p.zh for p in parts))


def _condition(
    job: Job, entity: Entity, golden: pl.DataFrame, condition: str
) -> tuple[Field, list[str]]:
    """The field and the values of `field=value,value`; every value must be some customer's."""
    name, sign, rest = condition.partition("=")
    clear = [
        f
        for f in entity.fields
        if f.name in golden.columns
        and job.rules.policy.treatment(entity.name, f.name, Audience.REPORT) is Treatment.CLEAR
    ]
    wanted = name.strip().casefold()
    named = [f for f in clear if wanted in (f.name, f.label.zh.casefold(), f.label.en.casefold())]
    if not sign or len(named) != 1:
        known = ", ".join(f.name for f in clear)
        raise UsageFault(
            Text(
                "a pilot is FIELD=VALUE,VALUE with a clear field",
                "试点格式：字段=值,值（字段须为明文）",
            ),
            where=name.strip(),
            remedy=Text(f"fields: {known}", f"可用字段：{known}"),
        )
    field = named[0]
    values = [v.strip() for v in rest.replace(",", ",").split(",") if v.strip()]
    held = golden[field.name].drop_nulls()
    if field.type in _MULTIPLE:
        held = held.str.split(MULTI_SEPARATOR).explode()
    unknown = [v for v in values if not (held == v).any()]
    if unknown or not values:
        common = held.value_counts(sort=True).head(_NAMED)[field.name].to_list()
        raise UsageFault(
            Text(
                f"no customer has this {field.label.en}: {', '.join(unknown) or '-'}",
                f"没有客户的{field.label.zh}为：{'、'.join(unknown) or '-'}",
            ),
            where=condition,
            remedy=Text(f"there are: {', '.join(common)}", f"现有取值：{'、'.join(common)}"),
        )
    return field, values


def _has(values: pl.Series, field: Field, wanted: list[str]) -> pl.Series:
    if field.type in _MULTIPLE:
        parts = values.str.split(MULTI_SEPARATOR).list
        found = [parts.contains(w) for w in wanted]
        fits = found[0]
        for more in found[1:]:
            fits = fits | more
        return fits.fill_null(False)
    return values.is_in(wanted).fill_null(False)


def _corrected(job: Job, run: Run) -> pl.Series:
    """The customers that corrected records belong to."""
    lines = run.read(STANDARDIZED, CORRECTIONS).select("entity", RECORD_ID).unique()
    found = [pl.Series([], dtype=pl.String)]
    for (name,), some in lines.group_by(["entity"], maintain_order=True):
        entity = job.project.model.entity(str(name))
        if f"members.{entity.name}" not in run.names(survive.STAGE):
            continue
        members = run.read(survive.STAGE, f"members.{entity.name}", [RECORD_ID, "golden_id"])
        ids = members.join(some, on=RECORD_ID, how="semi")["golden_id"].unique()
        if entity.name != CUSTOMER and entity.root is not None:
            rows = run.rows(survive.STAGE, entity.name, "golden_id", ids)
            ids = rows[entity.root].drop_nulls()
        found.append(ids)
    return pl.concat(found).unique()


def _share(golden_ids: pl.Series, share: float) -> pl.Series:
    """Always the same ones, whatever else there is: golden ids are evenly spread (HMACs)."""
    first = golden_ids.str.slice(1, 8).str.to_integer(base=16, strict=False)
    return (first < int(share * 2**32)).fill_null(False)


def _listed(run: Run, golden: pl.DataFrame, listing: Listing) -> tuple[pl.Series, int]:
    """Golden ids of the customers that a column of the file names, and how many lines name none.

    Raises:
        UsageFault: no column names a customer.
    """
    crosswalk = run.read(survive.STAGE, "crosswalk").select("golden_id", "old_code")
    names = pl.concat(
        [
            golden.select("golden_id", name="golden_id"),
            golden.select("golden_id", name="customer_code"),
            golden.select("golden_id", name="name"),
            crosswalk.select("golden_id", name="old_code"),
        ]
    ).drop_nulls()
    best, unknown = pl.Series([], dtype=pl.String), 0
    for texts in listing.columns:
        given = pl.DataFrame({"name": texts}, schema={"name": pl.String})
        found = names.join(given, on="name", how="semi")
        ids = found["golden_id"].unique().sort()
        if len(ids) > len(best):
            lines = given.join(names, on="name", how="anti").height
            # The head of a column names nobody, and is no line either.
            head = texts[0] not in set(found["name"])
            best, unknown = ids, lines - head
    if not len(best):
        raise _none(listing.name or ", ".join(listing.columns[0]))
    return best, unknown


def _none(where: str) -> UsageFault:
    return UsageFault(
        Text("no customer fits", "没有符合条件的客户"),
        where=where,
        remedy=Text(
            "name customers by code or golden id, or choose another part",
            "请使用客户编码或唯一标识，或更换范围",
        ),
    )
