"""Postbox: ``GET /v1/domains`` lists the domains.

Facts: Postbox's reference of domains.
"""

from typing import Any

from newsletter.providers.postbox.send import PUBLIC_URL, Options

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common.examination import (
    DOMAIN,
    Probe,
    bearer,
    domain_of,
    has,
    named,
    public,
    verified,
)
from newsletter.providers.transport.http import HttpRequest

_MEND = "add it under Domains, and publish its DNS records"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Whether the sender's domain is verified."""
    domain = domain_of(sender)
    request = HttpRequest(
        method="GET",
        url=f"{public(options, PUBLIC_URL)}/v1/domains",
        headers=bearer(options.api_key),
    )
    return (Probe(what=DOMAIN, request=request, judge=lambda said: _domains(said, domain)),)


def _domains(said: Any, domain: str) -> Finding | None:
    match said:
        case {"domains": list(items)}:
            return verified(domain, has(named(items, "name", domain), "verified", True), _MEND)
    return None
