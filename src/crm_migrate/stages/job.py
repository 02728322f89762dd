"""What every stage is handed: the project with its rules, keys, clock and progress."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from crm_migrate.errors import Fault, ProjectFault
from crm_migrate.language import Text
from crm_migrate.linkage.golden.rules import SurvivorshipRules, parse_survivorship
from crm_migrate.linkage.rules.parse import parse_rules as parse_linkage
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.plan.gates import parse_gates
from crm_migrate.project import Project
from crm_migrate.project.gates_file import GateRule
from crm_migrate.project.quality_file import QualityFile
from crm_migrate.protection.policy import Policy, parse_policy
from crm_migrate.quality.rules import parse_quality
from crm_migrate.standards.catalog import rules as declared_rules
from crm_migrate.standards.rules.allowed import parse_allowed
from crm_migrate.standards.rules.derivations import Derivations, parse_derivations
from crm_migrate.standards.rules.records import RecordRules, parse_records
from crm_migrate.standards.rules.verification import Verifiers, parse_verification
from crm_migrate.trust.keyring import Keyring

Progress = Callable[[str, int, int], None]
"""Called with (what, done, total)."""

Clock = Callable[[], datetime]


def no_progress(what: str, done: int, total: int) -> None:
    """Shows nothing."""


def utc_now() -> datetime:
    """The present time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Rules:
    """The project's rule files, parsed by the packages that they belong to."""

    policy: Policy
    linkage: dict[str, LinkageRules]
    survivorship: SurvivorshipRules
    gates: dict[str, GateRule]
    quality: QualityFile
    records: RecordRules
    derivations: Derivations
    verification: Verifiers


@dataclass(frozen=True)
class Job:
    """Everything that a stage needs beside its tables."""

    project: Project
    rules: Rules
    keyring: Keyring
    clock: Clock = utc_now
    progress: Progress = no_progress


def parse_rules(project: Project) -> Rules:
    """The rules of a project.

    Raises:
        ProjectFault: with every fault of every rules file.
    """
    files = project.rules
    policy, faults = parse_policy(files["policy"].data, project.model, files["policy"].where)
    fields = {e.name: e.field_names for e in project.model.entities}
    linkage, linkage_faults = parse_linkage(files["linkage"].data, fields)
    survivorship, survivorship_faults = parse_survivorship(files["survivorship"].data, fields)
    gates, gate_faults = parse_gates(files["gates"].data, project.model)
    quality, quality_faults = parse_quality(files["quality"].data, project.model)
    records, record_faults = parse_records(files["records"].data, project.model, declared_rules)
    allowed, allowed_faults = parse_allowed(files["allowed"].data, project.model)
    records = replace(records, allowed=allowed)
    derivations, derivation_faults = parse_derivations(files["derivations"].data, project.model)
    for name, found in (
        ("linkage", linkage_faults),
        ("survivorship", survivorship_faults),
        ("gates", gate_faults),
        ("quality", quality_faults),
    ):
        faults += [_located(project, name, path, text) for path, text in found]
    verifiers, verifier_faults = parse_verification(files["verification"].data, project.model)
    for name, told in (
        ("records", record_faults),
        ("allowed", allowed_faults),
        ("derivations", derivation_faults),
        ("verification", verifier_faults),
    ):
        faults += [project.rules[name].fault(at, text, remedy) for at, text, remedy in told]
    if faults:
        raise ProjectFault(faults)
    if not survivorship.trusted:
        sources = project.settings.sources
        trusted = sorted(sources, key=lambda name: (-sources[name].trust, name))
        survivorship = replace(survivorship, trusted=tuple(trusted))
    return Rules(policy, linkage, survivorship, gates, quality, records, derivations, verifiers)


def _located(project: Project, file: str, path: str, text: Text) -> Fault:
    parts = tuple(int(p) if p.isdigit() else p for p in path.split("/") if p)
    return project.rules[file].fault(parts, text)
