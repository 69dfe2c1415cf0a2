"""Read-only questions of ``newsletter doctor`` to a provider, and findings from the answers.

Providers refuse most of these questions to a key that may only send, which is no fault of the key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Finding, Level, failed, passed, unclear
from newsletter.domain.errors import ProviderUnreachable
from newsletter.domain.wording import say
from newsletter.transport.http import AnswerLost, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from newsletter.transport.transport import Transport  # requests

KEY = say("provider key")
DOMAIN = say("sending domain")


@dataclass(frozen=True)
class Probe:
    """A GET request that changes nothing at the provider and sends no email."""

    what: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    judge: Callable[[Any], Finding | None]
    """Returns the finding from the JSON of an HTTP 200; None for unexpected JSON."""
    read_refusal: Callable[[HttpResponse], Finding | None] = lambda _: None
    """Returns this provider's finding for another status; None for the finding of all providers."""

    def read(self, response: HttpResponse) -> tuple[Finding, ...]:
        """Return the findings. A readable answer to any question also proves the key."""
        if response.status != 200:
            return (self.read_refusal(response) or _finding_by_status(self.what, response.status),)
        try:
            finding = self.judge(json.loads(response.body))
        except (ValueError, RecursionError):
            finding = None
        if finding is None:
            why = "it answered with something that is not understood"
            return (unclear(self.what, why, "look at base_url"),)
        return (
            (finding,) if finding.what == KEY else (passed(KEY, "the provider takes it"), finding)
        )


def examine(
    parts: Iterable[Probe | Finding],
    transport: Transport,
    sign: Callable[[HttpRequest], HttpRequest],
) -> Iterator[Finding]:
    """Ask all questions, but stop if the key is refused. Raises ProviderUnreachable.

    ``parts`` are questions, and findings that need none. ``sign`` signs each request.
    """
    reported_names: set[str] = set()
    for part in parts:
        findings = (part,) if isinstance(part, Finding) else _ask(part, transport, sign)
        for finding in findings:
            # each understood answer proves the key, which is reported once
            if finding.what != KEY or KEY not in reported_names:
                yield finding
            reported_names.add(finding.what)
            if finding.what == KEY and finding.level is Level.FAULT:
                return


def _ask(
    probe: Probe, transport: Transport, sign: Callable[[HttpRequest], HttpRequest]
) -> tuple[Finding, ...]:
    request = sign(HttpRequest(method="GET", url=probe.url, headers=probe.headers))
    try:
        return probe.read(transport.call(request))
    except AnswerLost as error:
        host = urlsplit(probe.url).hostname
        message = say("{host} did not answer in full. It was only asked: try again.", host=host)
        raise ProviderUnreachable(message) from error


def refusal_by_status(findings: Mapping[int, Finding]) -> Callable[[HttpResponse], Finding | None]:
    """Return a ``read_refusal`` that looks up the finding of a status."""
    return lambda response: findings.get(response.status)


def _finding_by_status(what: str, status: int) -> Finding:
    if status == 401:
        return failed(KEY, "it is refused", "copy it again from the account; look at base_url too")
    if status == 403:
        return unclear(KEY, "it may not ask this: a key that may only send cannot be checked")
    if status == 429:
        return unclear(what, "asked too often (HTTP 429)", "try again in some minutes")
    return unclear(what, f"answered with HTTP {status}, which proves nothing", "look at base_url")


def domain_of(address: str) -> str:
    """Return the domain of an address, in ASCII and lower case."""
    return ascii_domain(address).rpartition("@")[2].lower()


def domain_state(domain: str, state: bool | None, fix: str) -> Finding:
    """Return the finding for a domain that is verified, not verified, or unknown (None)."""
    if state:
        return passed(DOMAIN, f"{domain} is verified")
    if state is None:
        return failed(DOMAIN, "{domain} is not in this account", fix, domain=domain)
    return failed(DOMAIN, "{domain} is in the account and not verified", fix, domain=domain)


def find_domain(items: list[Any], key: str, domain: str) -> dict[str, Any] | None:
    """Return the first object in a list whose ``key`` is this domain, or None."""
    for item in items:
        if isinstance(item, dict) and str(item.get(key)).lower() == domain:
            return item
    return None


def listed_state(
    domain: str, entry: dict[str, Any] | None, key: str, value: object = True, menu: str = "Domains"
) -> Finding:
    """Return the finding for a domain by its entry in a list: verified if ``key`` has ``value``."""
    state = None if entry is None else entry.get(key) == value
    fix = say("add it under {menu}, and publish its DNS records", menu=menu)
    return domain_state(domain, state, fix)
