"""A second verification of key data (R-2.4): asked by people, kept with its date, then a finding.

Nothing is asked while planning. `verify` asks about the values of the last run; a plan takes the
answers that still count, and those that refute a value are findings.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import polars as pl
from sqlalchemy import Engine as Database

from crm_migrate.errors import KeyFault, NotFound, UsageFault
from crm_migrate.instants import rfc3339
from crm_migrate.language import Text
from crm_migrate.project.rule_files import VerifierRule
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.records import RECORD_ID, concat_findings, findings_where
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import STANDARDIZED
from crm_migrate.stages.session import Session
from crm_migrate.standards.rules.verification import RULES, subjects
from crm_migrate.state.verifications import answers, keep_answers
from crm_migrate.systems.verifiers import Answer, MailDomains, Register, Verifier
from crm_migrate.trust.keyed_digest import digests, purpose_key
from crm_migrate.trust.roles import Action

_PORTION = 500
"""Answers that are kept at once: what was asked is not asked again."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What one verifier said; `known`: subjects whose earlier answer still counts."""

    verifier: str
    known: int
    asked: int
    confirmed: int
    refuted: int
    unknown: int
    at: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Answers:
    """Answers that count on a day: verifier, subject (keyed digest), outcome, detail, at."""

    lines: pl.DataFrame

    @property
    def digest(self) -> str:
        """SHA-256 over what they say; empty where there is none."""
        if self.lines.is_empty():
            return ""
        told = self.lines.select("verifier", "subject", "outcome").sort(pl.all()).rows()
        return hashlib.sha256(repr(told).encode()).hexdigest()


def standing_answers(job: Job, state: Database) -> Answers:
    """The answers of active verifiers that are not too old."""
    lines = answers(state)
    parts = [lines.clear()]
    for name, verifier in job.rules.verification.items():
        oldest = rfc3339(job.clock() - timedelta(days=verifier.keep_days))
        parts.append(lines.filter(pl.col("verifier") == name, pl.col("at") >= oldest))
    return Answers(pl.concat(parts))


def refuted(job: Job, tables: Mapping[str, pl.DataFrame], given: Answers) -> pl.DataFrame:
    """Findings of the accepted records whose values a verifier refuted."""
    found = []
    for name, verifier in job.rules.verification.items():
        wrong = given.lines.filter(pl.col("verifier") == name, pl.col("outcome") == "refuted")
        if wrong.is_empty():
            continue
        for entity, field in _places(verifier):
            if entity not in tables:
                continue
            records = tables[entity]
            keyed = _keyed(job, name, subjects(verifier, records[field]))
            mask = keyed.is_in(wrong["subject"].implode())
            rule = RULES[verifier.kind]
            found.append(findings_where(records, mask, entity=entity, field=field, rule=rule))
    return concat_findings(found)


def verify(
    session: Session,
    names: tuple[str, ...] = (),
    *,
    by: str | None = None,
    again: bool = False,
    limit: int | None = None,
) -> list[Verified]:
    """Ask the verifiers (all, or those named) about the values of the last run.

    `again`: about those, too, whose answer still counts; `limit`: about no more than so many.

    Raises:
        KeyFault: the person's role may not export: values leave the machine; or no token.
        UsageFault: no verifier is active, or policy keeps a field from leaving.
        NotFound: no such verifier, or no run yet.
        SourceFault: a verifier cannot be asked; what it has said is kept.
    """
    person = session.acting(by, Action.EXPORT)
    known = session.job.rules.verification
    _require(session, known, names)
    found = []
    for name in names or tuple(known):
        found.append(_verify_one(session, person.id, name, known[name], again=again, limit=limit))
    return found


def _verify_one(
    session: Session, person: str, name: str, rule: VerifierRule, *, again: bool, limit: int | None
) -> Verified:
    job = session.job
    wanted = pl.Series(sorted(set(_asked_about(session, rule))), dtype=pl.String)
    told = standing_answers(job, session.state).lines
    told = told.filter(pl.col("verifier") == name, pl.col("outcome") != "unknown")
    keyed = _keyed(job, name, wanted)
    fresh = keyed.is_in(told["subject"].implode()) & (not again)
    left = wanted.filter(~fresh)
    left = left.head(limit) if limit is not None else left
    at = rfc3339(job.clock())
    about: dict[str, str | int | bool | None] = {
        "verifier": name,
        "host": _host(rule),
        "values": len(left),
    }
    session.record(person, "verification.begun", about)
    counts = {"confirmed": 0, "refuted": 0, "unknown": 0}
    outcome = "failed"
    try:
        for portion in _portions(verifier_of(name, rule).ask(left.to_list())):
            ids = _keyed(job, name, pl.Series([a.subject for a in portion], dtype=pl.String))
            lines = [(i, a.outcome, a.detail) for i, a in zip(ids, portion, strict=True)]
            keep_answers(session.state, name, at, lines)
            for answer in portion:
                counts[answer.outcome] += 1
        outcome = "ok"
    finally:
        session.record(person, "verification.done", {"verifier": name, **counts}, outcome)
    asked = sum(counts.values())
    return Verified(name, int(fresh.sum() or 0), asked, **counts, at=at)


def _portions(said: Iterator[Answer]) -> Iterator[list[Answer]]:
    """Answers in portions, the last one even if the verifier fails on the way."""
    portion: list[Answer] = []
    try:
        for answer in said:
            portion.append(answer)
            if len(portion) == _PORTION:
                yield portion
                portion = []
    except Exception:
        yield portion
        raise
    yield portion


def verifier_of(name: str, rule: VerifierRule) -> Verifier:
    """The verifier that a rule describes.

    Raises:
        KeyFault: its token is not in the environment.
    """
    if rule.kind == "dns_mx":
        return MailDomains(rule.timeout, rule.servers, rule.port)
    if rule.token_env is not None and rule.token_env not in os.environ:
        raise KeyFault(
            Text(f"environment variable {rule.token_env} is not set",
                 f"未设置环境变量 {rule.token_env}")
        )  # fmt: skip
    token = os.environ[rule.token_env] if rule.token_env else None
    return Register(name, rule.url or "", rule.timeout, rule.batch, token)


def _asked_about(session: Session, rule: VerifierRule) -> Iterator[str]:
    with open_finished(session, stage=STANDARDIZED) as run:
        for entity, field in _places(rule):
            if entity in run.names(STANDARDIZED):
                values = run.read(STANDARDIZED, entity, [RECORD_ID, field])[field]
                yield from subjects(rule, values).drop_nulls().unique().to_list()


def _require(session: Session, known: Mapping[str, VerifierRule], names: tuple[str, ...]) -> None:
    unknown = [n for n in names if n not in known]
    if not known or unknown:
        raise NotFound(
            Text(f"no active verifier {', '.join(unknown)}".rstrip(),
                 f"没有启用的核验 {'、'.join(unknown)}"),
            remedy=Text("write it in rules/verification.yaml (docs/rules.md)",
                        "请在 rules/verification.yaml 中配置（参见 docs/rules.md）"),
        )  # fmt: skip
    policy = session.job.rules.policy
    for name in names or tuple(known):
        if known[name].kind == "dns_mx":
            continue  # a domain is nobody's personal data
        for entity, field in _places(known[name]):
            if policy.treatment(entity, field, Audience.EXPORT) is not Treatment.CLEAR:
                raise UsageFault(
                    Text(f"policy keeps {entity}.{field} from leaving in clear",
                         f"策略不允许 {entity}.{field} 以明文发出"),
                    where=name,
                    remedy=Text("take the field out, or change its policy for exports",
                                "请从核验规则中移除该字段，或修改其导出策略"),
                )  # fmt: skip


def _places(rule: VerifierRule) -> list[tuple[str, str]]:
    found = []
    for place in rule.fields:
        entity, _, field = place.partition(".")
        found.append((entity, field))
    return found


def _host(rule: VerifierRule) -> str:
    return (urlsplit(rule.url).hostname or "") if rule.url else "dns"


def _keyed(job: Job, verifier: str, values: pl.Series) -> pl.Series:
    return digests(purpose_key(job.keyring.digest_key, "verification", verifier), values)


def no_answers() -> Answers:
    """Nobody was asked."""
    from crm_migrate.state.verifications import ANSWER_SCHEMA

    return Answers(pl.DataFrame(schema=ANSWER_SCHEMA))
