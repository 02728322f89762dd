"""A project opened for work: keys, people, run state, workspace and journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine as Database

from crm_migrate.errors import IntegrityFault, KeyFault, NotFound, UsageFault
from crm_migrate.language import Text
from crm_migrate.project import Project
from crm_migrate.stages.job import Clock, Job, Progress, no_progress, parse_rules, utc_now
from crm_migrate.state.database import open_state
from crm_migrate.state.plans import list_plans
from crm_migrate.trust import trust_file
from crm_migrate.trust.journal import Journal, last_naming
from crm_migrate.trust.keyring import open_keyring
from crm_migrate.trust.people import Person, TrustFile
from crm_migrate.trust.person_keys import open_person
from crm_migrate.trust.roles import Action, may
from crm_migrate.trust.setup import KEYRING, TRUST_FILE
from crm_migrate.trust.signature import Signer
from crm_migrate.trust.wrapping import Ask
from crm_migrate.workspace import Workspace

JOURNAL = "journal.jsonl"
PLANS = "plans"
REPORTS = "reports"
TRUST = "trust"
"""Under this name events say which version of the trust file stands: its fingerprint."""
TRUST_NEXT = "trust_next"
"""Under this name an event announces the version that is about to replace it."""

About = Mapping[str, str | int | bool | None]


@dataclass(frozen=True)
class Session:
    """Everything that a command needs of an opened project."""

    job: Job
    workspace: Workspace
    state: Database
    journal: Journal
    trust: TrustFile
    ask: Ask | None = None
    _signers: dict[str, Signer] = field(default_factory=dict, repr=False)

    @property
    def project(self) -> Project:
        """The project's files."""
        return self.job.project

    @property
    def audit(self) -> Path:
        """The audit folder."""
        return self.project.path(self.project.settings.audit)

    def plan_folder(self, plan_id: str) -> Path:
        """Where the files of a plan stand."""
        return self.audit / PLANS / plan_id

    def person(self, by: str | None, action: Action) -> Person:
        """Who acts: the one named, else the only person whose role may do it.

        Whoever rehearses alone in a sandbox reviews doubtful pairs, too, as they approve, too.

        Raises:
            UsageFault: nobody was named and several, or none, may.
            KeyFault: the person's role may not do that.
        """
        if by is not None:
            person = self.trust.person(by)
            if not may(person.role, action) and not self._alone(action):
                raise KeyFault(
                    Text(
                        f"{by} ({person.role}) may not do this: {action}",
                        f"{by}({person.role})无权执行：{action}",
                    ),
                    remedy=Text("ask someone whose role may", "请由有权限的人员操作"),
                )
            return person
        fitting = [p for p in self.trust.people if may(p.role, action)]
        if not fitting and self._alone(action):
            return self.trust.people[0]
        if len(fitting) == 1:
            return fitting[0]
        names = ", ".join(p.id for p in fitting) or "-"
        raise UsageFault(
            Text(f"who are you? --as one of: {names}", f"请用 --as 指明身份，可选：{names}"),
            remedy=Text(
                "people are added with `crm-migrate keys add-person`",
                "人员可用 `crm-migrate keys add-person` 添加",
            ),
        )

    def acting(self, by: str | None, action: Action) -> Person:
        """Who acts, proven by the key: nobody makes a plan in the name of somebody else.

        Raises:
            UsageFault, KeyFault: like `person`.
            KeyFault, NotFound: their key does not open, or does not lie here.
        """
        person = self.person(by, action)
        self.signer(person)
        return person

    def _alone(self, action: Action) -> bool:
        """Whether one person rehearses a review in a sandbox, where nobody else could."""
        sandbox = self.project.settings.target.sandbox
        return action is Action.REVIEW and sandbox and len(self.trust.people) == 1

    def signer(self, person: Person) -> Signer:
        """The person's key, asked for once. Raises KeyFault or NotFound like `open_person`."""
        if person.id in self._signers:
            return self._signers[person.id]
        signer = open_person(self.project.state / KEYRING, person.id, self.ask)
        if signer.public_key != person.public_key:
            raise KeyFault(
                Text(
                    f"the key of {person.id} is not the one in the trust file",
                    f"{person.id} 的密钥与信任文件不符",
                )
            )
        self._signers[person.id] = signer
        return signer

    def name_of(self, person_id: str) -> str:
        """What the person is called; the id of one whom the trust file no longer lists."""
        known = (p.name for p in self.trust.people if p.id == person_id)
        return next(known, person_id)

    def record(self, actor: str, event: str, objects: About, outcome: str = "ok") -> None:
        """Append to the journal, durably."""
        self.journal.append(actor, event, objects, outcome)

    def close(self) -> None:
        """Let go of the run state."""
        self.state.dispose()


def open_session(
    project: Project,
    *,
    ask: Ask | None = None,
    progress: Progress = no_progress,
    clock: Clock = utc_now,
) -> Session:
    """Open a project.

    Raises:
        ProjectFault: a rules file is faulty.
        KeyFault: no keyring, or a wrong passphrase.
        IntegrityFault: the trust file was changed, or is not the one that the journal names; or
            the journal of the plans that were made is gone.
    """
    rules = parse_rules(project)
    keyring = open_keyring(project.state / KEYRING, ask)
    trust = trust_file.load(project.state / TRUST_FILE)
    if trust.journal_key != keyring.journal_signer.public_key:
        raise KeyFault(
            Text("the keyring is not the one that the trust file names", "密钥环与信任文件不符"),
            where=str(project.state),
        )
    job = Job(project, rules, keyring, clock, progress)
    journal = Journal(project.path(project.settings.audit) / JOURNAL, keyring.journal_signer, clock)
    _require_journaled(trust, journal)
    state = open_state(project.state)
    if not journal.path.exists() and list_plans(state):
        state.dispose()
        raise _journal_gone(journal.path)
    return Session(job, Workspace(project.state, keyring, clock), state, journal, trust, ask)


def _require_journaled(trust: TrustFile, journal: Journal) -> None:
    """A trust file vouches for itself only; that it was not replaced, the journal says."""
    named = last_naming(journal.path, TRUST)
    announced = last_naming(journal.path, TRUST_NEXT)
    if named is not None and named[1] != trust.fingerprint:
        # Who changes the file announces it first: one killed in between locks nobody out.
        if announced is not None and announced[0] > named[0] and announced[1] == trust.fingerprint:
            return
        raise IntegrityFault(
            Text(
                "the trust file is not the one that the journal names",
                "信任文件与日志所记载的不一致",
            ),
            where=TRUST_FILE,
            remedy=Text(
                "restore it from its backup and find out who replaced it; people are added with"
                " `crm-migrate keys add-person`",
                "请从备份恢复并查明替换者；人员须用 `crm-migrate keys add-person` 添加",
            ),
        )


def _journal_gone(path: Path) -> IntegrityFault:
    return IntegrityFault(
        Text("plans were made, but their journal is gone", "已有计划，但其日志不见了"),
        where=str(path),
        remedy=Text(
            "restore the audit folder from its backup; to start a rehearsal over, move the state"
            " folder away, too",
            "请从备份恢复审计目录；如要重新开始演练，请将状态目录一并移走",
        ),
    )


def no_such_plan(name: str) -> NotFound:
    """There is no plan of that id."""
    return NotFound(
        Text(f"there is no plan '{name}'", f"没有计划“{name}”"),
        remedy=Text("list them with `crm-migrate runs`", "请用 `crm-migrate runs` 查看"),
    )
