"""SendGrid: ``GET /v3/scopes`` tells what the key may do, ``/v3/whitelabel/domains`` the domains.

Facts: SendGrid's pages on both; its issues, for 403 to a key without the scope. A sender may
also be verified as a single address; that is not asked.
"""

from typing import Any

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common.examination import (
    DOMAIN,
    KEY,
    Probe,
    bearer,
    domain_of,
    public,
    uncertain,
    verified,
    well,
    wrong,
)
from newsletter.providers.sendgrid.send import Options
from newsletter.providers.transport.http import HttpRequest

_MOST = 200
_MEND = "publish its DNS records, and let SendGrid verify them"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """What the key may do, and whether the sender's domain is authenticated."""
    base = public(options, "https://api.sendgrid.com")
    headers, domain = bearer(options.api_key), domain_of(sender)
    scopes = HttpRequest(method="GET", url=f"{base}/v3/scopes", headers=headers)
    domains = HttpRequest(
        method="GET", url=f"{base}/v3/whitelabel/domains?limit={_MOST}", headers=headers
    )
    return (
        Probe(what=KEY, request=scopes, judge=_scopes),
        Probe(what=DOMAIN, request=domains, judge=lambda said: _domains(said, domain)),
    )


def _scopes(said: Any) -> Finding | None:
    match said:
        case {"scopes": list(scopes)} if "mail.send" in scopes:
            return well(KEY, "it may send")
        case {"scopes": list()}:
            return wrong(
                KEY, "it may not send", "give it the permission Mail Send, or make another"
            )
    return None


def _domains(said: Any, domain: str) -> Finding | None:
    """Mail from a subdomain may be signed by the domain above it."""
    if not isinstance(said, list):
        return None
    ours = [
        item
        for item in said
        if isinstance(item, dict) and f".{domain}".endswith(f".{str(item.get('domain')).lower()}")
    ]
    if ours:
        return verified(domain, any(item.get("valid") is True for item in ours), _MEND)
    why = f"{domain} is not among the authenticated domains"
    mend = "authenticate it; an address verified as a single sender can send, less reliably"
    return uncertain(DOMAIN, why, mend)
