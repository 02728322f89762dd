"""A process killed while the trust file changes locks nobody out."""

import json
from pathlib import Path

import pytest

from crm_migrate.mapping.scaffold import scaffold
from crm_migrate.project import load_project
from crm_migrate.project.entities_file import standard_model
from crm_migrate.stages.approving import people as changing
from crm_migrate.stages.sandbox import make_ready
from crm_migrate.stages.session import TRUST, TRUST_NEXT, Session, open_session
from crm_migrate.trust import trust_file
from crm_migrate.trust.setup import TRUST_FILE, NewPerson, parse_person, with_person
from crm_migrate.trust.wrapping import Protection, Unprotected

SAMPLES = Path(__file__).parents[2] / "samples"


def opened(root: Path) -> Session:
    return open_session(load_project(root))


def protection(_label: str) -> Protection:
    return Unprotected()


def person(name: str) -> NewPerson:
    return parse_person(f"{name}:steward:{name}:信息部")


def killed(*_: object) -> None:
    """Where the process dies: before the file is written."""
    raise KeyboardInterrupt


def test_killed_twice_and_nobody_is_locked_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-8.3: killed after the file was written, and again after the next change was announced:
    the project opens, and the version that stands is journaled as found.
    """
    root = tmp_path / "p"
    scaffold(root, [SAMPLES / "sales.xlsx"], standard_model())
    make_ready(load_project(root))
    session = opened(root)
    by = session.trust.people[0].id
    session.record(by, "trust.changed", {TRUST: session.trust.fingerprint})
    state = session.project.state
    first = with_person(state, person("anna"), protection, by)
    session.record(by, "trust.begin", {"person": "anna", TRUST_NEXT: first.fingerprint})
    trust_file.save(state / TRUST_FILE, first)
    session.close()
    session = opened(root)
    with monkeypatch.context() as dying:
        dying.setattr(trust_file, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            changing.add_person(session, person("berta"), protection, by)
    session.close()
    session = opened(root)
    assert [p.id for p in session.trust.people] == [by, "anna"]
    changing.add_person(session, person("berta"), protection, by)
    told = session.journal.path.read_bytes().splitlines()
    session.close()
    session = opened(root)
    assert [p.id for p in session.trust.people] == [by, "anna", "berta"]
    session.close()
    assert [json.loads(line)["event"] for line in told].count("trust.found") == 1
