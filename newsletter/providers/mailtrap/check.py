"""Mailtrap: ``GET /api/domains`` of the account's API lists the domains.

Facts: Mailtrap's OpenAPI description "Email Sending", and its Ruby client for ``data``. Whether a
token that may only send is answered with 401 or 403 here is not documented.
"""

from typing import Any

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common.examination import (
    DOMAIN,
    KEY,
    Probe,
    bearer,
    domain_of,
    has,
    named,
    public,
    uncertain,
    verified,
)
from newsletter.providers.mailtrap.send import Options
from newsletter.providers.transport.http import HttpRequest, HttpResponse

_MEND = "add it under Sending Domains, and publish its DNS records"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Whether the sender's domain is verified. The account has another host than sending."""
    domain = domain_of(sender)
    request = HttpRequest(
        method="GET",
        url=f"{public(options, 'https://mailtrap.io')}/api/domains",
        headers=bearer(options.api_token),
    )
    return (
        Probe(
            what=DOMAIN,
            request=request,
            judge=lambda said: _domains(said, domain),
            refused=_refused,
        ),
    )


def _domains(said: Any, domain: str) -> Finding | None:
    match said:
        case {"data": list(items)}:
            found = named(items, "domain_name", domain)
            return verified(domain, has(found, "dns_verified", True), _MEND)
    return None


def _refused(response: HttpResponse) -> Finding | None:
    if response.status != 401:
        return None
    why = "it is refused here, as a token that may only send may be: this proves nothing"
    return uncertain(KEY, why)
