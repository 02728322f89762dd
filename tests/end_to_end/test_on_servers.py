"""The main job from and into PostgreSQL and MariaDB, by the real command line."""

import importlib
import re
from pathlib import Path

import pytest

from samples.make_samples import make
from tests.end_to_end.conftest import APPROVER, OPERATOR, PEOPLE, Demo, make_project

SCALE = 1 / 16
DRIVERS = {
    "postgres": ("postgresql:", "postgresql+psycopg:"),
    "mariadb": ("mariadb:", "mysql+pymysql:"),
}


@pytest.fixture(params=sorted(DRIVERS))
def demo(request: pytest.FixtureRequest, tmp_path: Path) -> Demo:
    """The samples with the old system and the CRM on a server."""
    server = importlib.import_module(f"tests.servers.{request.param}").shared_server()
    legacy, crm = server.create_database(), server.create_database()
    samples = tmp_path / "samples"
    urls = {"legacy_url": server.url(legacy), "crm_url": server.url(crm)}
    by_driver = {k: v.replace(*DRIVERS[request.param]) for k, v in urls.items()}
    make(samples, scale=SCALE, **by_driver)
    for name in ("legacy.db", "crm.db"):  # what the project would have on SQLite
        (samples / name).touch()
    demo = Demo(tmp_path / "project", tmp_path / "snapshots", samples)
    make_project(demo.root, samples)
    settings = demo.root / "crm-migrate.yaml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("sqlite:///samples/legacy.db", urls["legacy_url"])
    text = text.replace("sqlite:///crm/crm.db", urls["crm_url"])
    settings.write_text(text, encoding="utf-8")
    demo.temporary.mkdir(mode=0o700)
    return demo


def test_from_and_into_a_server(demo: Demo) -> None:
    """R-6.3: planned, approved, applied and read back; planned again, there is nothing to do."""
    checked = demo.ok("check")
    assert (checked["target"]["write"], checked["target"]["lacking"]["apply"]) == (True, [])
    demo.ok("keys", "init", "--no-passphrase", *PEOPLE)
    planned = demo.ok("plan", "--as", OPERATOR)
    assert planned["state"] == "approvable"
    assert planned["counts"]["customer"]["insert"] > 50
    assert planned["counts"]["customer"]["update"] > 0
    demo.ok("approve", "latest", "--as", APPROVER, "--reason", "checked")
    done = demo.ok("apply", "latest", "--as", OPERATOR)
    assert done["verified"] is True
    for entity, applied in done["applied"].items():
        counts = planned["counts"][entity]
        assert (applied["created"], applied["updated"]) == (counts["insert"], counts["update"])
    again = demo.ok("plan", "--as", OPERATOR)
    assert again["state"] == "empty"
    assert demo.run("audit", "verify").code == 0


@pytest.mark.parametrize("demo", ["mariadb"], indirect=True)
def test_read_rights_are_enough_to_plan_with(demo: Demo) -> None:
    """R-6.1: `check` says what is lacking to apply and prints the GRANTs, which then suffice."""
    server = importlib.import_module("tests.servers.mariadb").shared_server()
    settings = demo.root / "crm-migrate.yaml"
    text = settings.read_text(encoding="utf-8")
    (url,) = (
        u for u in re.findall(r"mariadb://root@[^\s\"]+", text) if u in text.partition("target:")[2]
    )
    database = url.rpartition("/")[2]
    user = server.create_user(database, "GRANT SELECT ON {database}.* TO {user}")
    settings.write_text(text.replace(url, url.replace("root@", f"{user}@")), encoding="utf-8")
    target = demo.ok("check")["target"]
    assert (target["read"], target["write"], target["lacking"]["plan"]) == (True, False, [])
    assert any(right.startswith("INSERT on ") for right in target["lacking"]["apply"])
    for statement in target["grants"]["apply"]:
        server.run("mysql", statement)
    assert demo.ok("check")["target"]["write"] is True
