"""R-2.4: key data is verified a second time, by servers that run in the test."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from dns import flags, message, rcode, rdatatype, rrset

from crm_migrate.errors import SourceFault
from crm_migrate.systems.verifiers import MailDomains, Register
from tests.end_to_end.conftest import OPERATOR, Demo

ASKED: list[dict[str, Any]] = []


class _Service(BaseHTTPRequestHandler):
    """Confirms what ends in an even digit, refutes odd ones, says nothing of letters."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ASKED.append(body | {"authorization": self.headers.get("Authorization")})
        if self.path == "/elsewhere":
            self.send_response(307)
            self.send_header("Location", "/verify")
            self.end_headers()
            return
        results = [
            {"value": v, "outcome": "confirmed" if int(v[-1]) % 2 == 0 else "refuted"}
            for v in body["values"] if v[-1].isdigit()
        ]  # fmt: skip
        content = json.dumps({"results": results}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content if self.path == "/verify" else b"<html>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    ASKED.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def name_server() -> Iterator[int]:
    """A DNS server on this machine: `good` has MX, `host` an address, `null` a null MX."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    known = {
        ("good.example.", "MX"): "10 mail.good.example.",
        ("host.example.", "A"): "192.0.2.1",
        ("null.example.", "MX"): "0 .",
    }

    def serve() -> None:
        while True:
            try:
                data, sender = udp.recvfrom(4096)
            except OSError:
                return
            query = message.from_wire(data)
            question = query.question[0]
            name, kind = question.name.to_text(), rdatatype.to_text(question.rdtype)
            if name.startswith("silent"):
                continue
            answer = message.make_response(query)
            answer.flags |= flags.RA
            if (name, kind) in known:
                answer.answer.append(rrset.from_text(name, 60, "IN", kind, known[name, kind]))
            elif name not in {n for n, _ in known} and not name.startswith("empty"):
                answer.set_rcode(rcode.NXDOMAIN)
            udp.sendto(answer.to_wire(), sender)

    threading.Thread(target=serve, daemon=True).start()
    yield udp.getsockname()[1]
    udp.close()


def test_mail_domains() -> None:
    """MX, an address alone, a null MX (RFC 7505), no such domain, nothing, and silence."""
    with name_server() as port:
        asked = MailDomains(timeout=0.5, servers=("127.0.0.1",), port=port)
        domains = [f"{n}.example" for n in ("good", "host", "null", "none", "empty", "silent")]
        said = {a.subject.split(".")[0]: a.outcome for a in asked.ask(domains)}
    assert said == {
        "good": "confirmed", "host": "confirmed", "null": "refuted", "none": "refuted",
        "empty": "refuted", "silent": "unknown",
    }  # fmt: skip


def test_a_register_is_asked_by_its_contract(service: str) -> None:
    """In batches, with a token; what is not answered for is unknown; never sent elsewhere."""
    register = Register("r", f"{service}/verify", 5, batch=2, token="geheim")
    said = {a.subject: a.outcome for a in register.ask(["a2", "b3", "cX"])}
    assert said == {"a2": "confirmed", "b3": "refuted", "cX": "unknown"}
    assert [len(a["values"]) for a in ASKED] == [2, 1]
    assert {a["contract"] for a in ASKED} == {"crm-migrate/verification/1"}
    assert ASKED[0]["authorization"] == "Bearer geheim"
    for path in ("/elsewhere", "/nonsense"):
        with pytest.raises(SourceFault) as fault:
            list(Register("r", service + path, 5).ask(["secret7"]))
        assert "secret7" not in fault.value.message.en


def test_refuted_values_are_findings_of_the_next_plan(small: Demo, service: str) -> None:
    """Off by default; answers are kept, dated and journaled, and are not asked for twice."""
    small.at("planned")
    assert small.run("verify", "--as", OPERATOR).error["code"] == "not-found"
    rules = small.root / "rules" / "verification.yaml"
    rules.write_text(
        "verifiers:\n  register: {kind: http, url: '"
        f"{service}/verify', fields: [customer.uscc], timeout: 5}}\n",
        "utf-8",
    )
    small.ok("plan", "--as", OPERATOR)
    first = small.ok("verify", "--as", OPERATOR)["verified"][0]
    assert first["refuted"] > 0
    assert first["asked"] == first["confirmed"] + first["refuted"] + first["unknown"]
    second = small.ok("verify", "--as", OPERATOR)["verified"][0]
    assert second["known"] == first["confirmed"] + first["refuted"]
    small.ok("plan", "--as", OPERATOR)
    found = _findings(small)
    assert found["verification.register"] > 0
    lines = (small.root / "audit" / "journal.jsonl").read_text("utf-8")
    events = [json.loads(line) for line in lines.splitlines()]
    begun = next(e for e in events if e["event"] == "verification.begun")
    assert begun["objects"]["host"] == "127.0.0.1"
    assert _state_holds_no(small.root / ".crm-migrate" / "state.db", ASKED[0]["values"][0])


def _findings(demo: Demo) -> dict[str, int]:
    from crm_migrate.project import load_project
    from crm_migrate.stages.finished import open_finished
    from crm_migrate.stages.session import open_session

    session = open_session(load_project(demo.root))
    try:
        with open_finished(session) as run:
            counted = run.read("standardized", "x_findings").group_by("rule").len()
    finally:
        session.close()
    return dict(counted.iter_rows())


def _state_holds_no(path: Path, value: str) -> bool:
    return value.encode() not in path.read_bytes()
