"""Mailgun: ``GET /v4/domains/{name}`` tells the state of the domain.

Facts: Mailgun's documentation of the Domains API (active, unverified, disabled; 401, 404) and of
its keys. A domain's sending key may do nothing but send; which status it gets here is not
documented, so 401 does not prove a key wrong.
"""

from typing import Any

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common.examination import (
    DOMAIN,
    KEY,
    Probe,
    basic,
    domain_of,
    public,
    uncertain,
    verified,
    well,
    wrong,
)
from newsletter.providers.mailgun.send import Options
from newsletter.providers.transport.http import HttpRequest, HttpResponse

_REGION = "in the European region, set base_url: https://api.eu.mailgun.net"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """The state of the domain, and whether the sender's address belongs to it."""
    domain = options.domain.lower()

    def judge(said: Any) -> Finding | None:
        match said:
            case {"domain": {"state": "active"}}:
                return well(DOMAIN, f"{domain} is active")
            case {"domain": {"state": "unverified"}}:
                return verified(
                    domain, False, "publish its DNS records, and let Mailgun check them"
                )
            case {"domain": {"state": str(state)}}:
                return wrong(DOMAIN, f"{domain} is {state!r}", "ask Mailgun why, in its console")
        return None

    def refused(response: HttpResponse) -> Finding | None:
        if response.status == 404:
            mend = f"add it in Mailgun's console, or correct provider.domain; {_REGION}"
            return verified(domain, None, mend)
        if response.status == 401:
            why = "it is refused here, as a sending key may be: this proves nothing"
            return uncertain(KEY, why, f"if it is the account's key, it is wrong; {_REGION}")
        return None

    request = HttpRequest(
        method="GET",
        url=f"{public(options, 'https://api.mailgun.net')}/v4/domains/{domain}",
        headers=basic("api", options.api_key),
    )
    probe = Probe(what=DOMAIN, request=request, judge=judge, refused=refused)
    return (probe, *_alignment(domain, domain_of(sender)))


def _alignment(domain: str, used: str) -> tuple[Finding, ...]:
    """DMARC compares the domain in From with the one that signs."""
    if used == domain or used.endswith(f".{domain}") or domain.endswith(f".{used}"):
        return ()
    why = f"the sender writes from {used}, and Mailgun signs for {domain}"
    return (uncertain("sender", why, "let sender.address and provider.domain belong together"),)
