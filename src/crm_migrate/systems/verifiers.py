"""Those who are asked a second time about values: a protocol, the DNS, and a service over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from crm_migrate.errors import SourceFault, UsageFault
from crm_migrate.language import Text

Outcome = Literal["confirmed", "refuted", "unknown"]
CONTRACT = "crm-migrate/verification/1"
_AT_ONCE = 8
_LARGEST = 5_000_000
"""Bytes of an answer."""
_PATIENCE = 3
"""Requests that may fail one after the other."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said about a subject; `unknown`: nobody could tell, ask again another day."""

    subject: str
    outcome: Outcome
    detail: str | None = None


class Verifier(Protocol):
    """Someone who can be asked about values."""

    def ask(self, subjects: Sequence[str]) -> Iterator[Answer]:
        """An answer for each subject, in any order.

        Raises:
            SourceFault: it cannot be reached, or speaks another language.
        """
        ...


@dataclass(frozen=True)
class MailDomains:
    """Does a domain receive mail? MX records, else an address (RFC 5321, 5.1; RFC 7505)."""

    timeout: float
    servers: tuple[str, ...] = ()
    port: int = 53

    def ask(self, subjects: Sequence[str]) -> Iterator[Answer]:
        """See `Verifier`; answers are cached as long as the DNS allows."""
        try:
            from dns import resolver
        except ImportError:
            raise UsageFault(
                Text("dnspython is not installed", "未安装 dnspython"),
                remedy=Text("pip install dnspython", "请安装 dnspython"),
            ) from None
        asked = resolver.Resolver(configure=not self.servers)
        if self.servers:
            asked.nameservers = list(self.servers)
            asked.port = self.port
        asked.lifetime = asked.timeout = self.timeout
        asked.cache = resolver.LRUCache()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(lambda domain: _mail_domain(asked, domain), subjects)


def _mail_domain(asked: Any, domain: str) -> Answer:
    from dns import exception, resolver

    try:
        name = domain.encode("idna").decode()
    except UnicodeError:
        return Answer(domain, "refuted", "not a domain")
    try:
        hosts = [str(r.exchange) for r in asked.resolve(name, "MX")]
        none = hosts == ["."]
        return Answer(domain, "refuted" if none else "confirmed", "null MX" if none else "MX")
    except resolver.NXDOMAIN:
        return Answer(domain, "refuted", "no such domain")
    except resolver.NoAnswer:
        pass
    except exception.DNSException as error:
        return Answer(domain, "unknown", type(error).__name__)
    for kind in ("A", "AAAA"):
        try:
            asked.resolve(name, kind)
            return Answer(domain, "confirmed", kind)
        except (resolver.NoAnswer, resolver.NXDOMAIN):
            continue
        except exception.DNSException as error:
            return Answer(domain, "unknown", type(error).__name__)
    return Answer(domain, "refuted", "no mail server")


@dataclass(frozen=True)
class Register:
    """A service that speaks the contract of docs/rules.md.

    Asked: `{"contract", "verifier", "values": [...]}` by POST; answered:
    `{"results": [{"value", "outcome", "detail"?}]}` with outcome confirmed, refuted or unknown.
    """

    name: str
    url: str
    timeout: float
    batch: int = 100
    token: str | None = None

    def ask(self, subjects: Sequence[str]) -> Iterator[Answer]:
        """See `Verifier`; values that are not answered for are unknown."""
        failed = 0
        for start in range(0, len(subjects), self.batch):
            values = list(subjects[start : start + self.batch])
            try:
                found = self._asked(values)
                failed = 0
            except (OSError, ValueError) as error:  # never its words: they may quote values
                failed += 1
                if failed >= _PATIENCE or start == 0:
                    raise _unreachable(self.name, error) from None
                found = {}
            for value in values:
                yield found.get(value, Answer(value, "unknown"))

    def _asked(self, values: list[str]) -> dict[str, Answer]:
        body = {"contract": CONTRACT, "verifier": self.name, "values": values}
        request = urllib.request.Request(  # noqa: S310  # https, or this machine: VerifierRule
            self.url,
            data=json.dumps(body, ensure_ascii=False).encode(),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Accept": "application/json",
            },
        )
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        opener = urllib.request.build_opener(_Stays)
        with opener.open(request, timeout=self.timeout) as answer:
            content = answer.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError("too long")
        return _understood(json.loads(content), set(values))


class _Stays(urllib.request.HTTPRedirectHandler):
    """Values go to the place that the project names and to no other."""

    def redirect_request(self, *given: Any, **named: Any) -> None:
        """Refuses to be sent elsewhere."""
        return None


def _understood(data: Any, asked: set[str]) -> dict[str, Answer]:
    results = data.get("results") if isinstance(data, dict) else None
    if not isinstance(results, list):
        raise ValueError("no results")
    found = {}
    for one in results:
        if not isinstance(one, dict) or one.get("value") not in asked:
            continue
        outcome = one.get("outcome")
        if outcome not in ("confirmed", "refuted", "unknown"):
            raise ValueError("no outcome")
        detail = one.get("detail")
        value = str(one["value"])
        found[value] = Answer(value, outcome, str(detail)[:200] if detail else None)
    return found


def _unreachable(name: str, error: Exception) -> SourceFault:
    status = f" ({error.code})" if isinstance(error, urllib.error.HTTPError) else ""
    return SourceFault(
        Text(
            f"the verifier {name} cannot be asked: {type(error).__name__}{status}",
            f"无法向核验服务 {name} 发出请求：{type(error).__name__}{status}",
        ),
        remedy=Text("check url, token and network; what was answered is kept",
                    "请检查地址、令牌与网络；已得到的结果已保存"),
    )  # fmt: skip
