"""Brevo: ``GET /v3/account`` proves the key, ``GET /v3/senders/domains`` lists the domains.

Facts: Brevo's API reference for both, and its pages on authorised IP addresses: a machine that is
not among them gets 401 as well.
"""

from typing import Any

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.brevo.send import Options
from newsletter.providers.common.examination import (
    DOMAIN,
    KEY,
    Probe,
    domain_of,
    has,
    named,
    public,
    uncertain,
    verified,
    well,
    wrong,
)
from newsletter.providers.transport.http import HttpRequest, HttpResponse

_MEND = "add it under Senders, Domains, and publish its DNS records"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """The key, and whether the sender's domain is authenticated."""
    base, domain = public(options, "https://api.brevo.com"), domain_of(sender)
    headers = {"api-key": options.api_key.get_secret_value()}
    account = HttpRequest(method="GET", url=f"{base}/v3/account", headers=headers)
    domains = HttpRequest(method="GET", url=f"{base}/v3/senders/domains", headers=headers)
    return (
        Probe(what=KEY, request=account, judge=_account, refused=_refused),
        Probe(
            what=DOMAIN,
            request=domains,
            judge=lambda said: _domains(said, domain),
            refused=_refused,
        ),
    )


def _account(said: Any) -> Finding | None:
    match said:
        case {"email": str()}:
            return well(KEY, "the provider takes it")
    return None


def _domains(said: Any, domain: str) -> Finding | None:
    match said:
        case {"domains": list(items)}:
            found = named(items, "domain_name", domain)
            count = said.get("count")
            if found is None and isinstance(count, int) and count > len(items):
                return uncertain(DOMAIN, f"{domain} is not among the first {len(items)} domains")
            return verified(domain, has(found, "authenticated", True), _MEND)
    return None


def _refused(response: HttpResponse) -> Finding | None:
    if response.status != 401:
        return None
    mend = "copy it again, and see under Security, Authorised IPs, that this machine may call"
    return wrong(KEY, "it is refused", mend)
