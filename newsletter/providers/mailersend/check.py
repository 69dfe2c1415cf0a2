"""MailerSend: ``GET /v1/domains`` lists the domains, and whether sending is paused for one.

Facts: MailerSend's reference of domains (``is_verified``, ``domain_settings.send_paused``, up to
100 a page, ``links.next``) and of sending, which takes a subdomain of a verified domain too.
"""

from typing import Any

from newsletter.domain.delivery.provider import Finding, failed, unclear
from newsletter.providers.common import doctor
from newsletter.providers.common.doctor import DOMAIN, Probe
from newsletter.providers.common.options import bearer, origin
from newsletter.providers.common.webhooks import value_at
from newsletter.providers.mailersend.send import PUBLIC_URL, Options


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question whether the sender's domain is verified and may send."""
    domain = doctor.domain_of(sender)
    url = f"{origin(options, PUBLIC_URL)}/v1/domains?limit=100"
    headers = bearer(options.api_token)
    return (Probe(DOMAIN, url, headers, lambda payload: _domains(payload, domain)),)


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"data": list(items)}:
            # the entry of the domain, or else of the nearest one above it
            labels = domain.split(".")
            above = (".".join(labels[index:]) for index in range(len(labels)))
            found = next(
                (found for one in above if (found := doctor.find_domain(items, "name", one))), None
            )
            if found is None and value_at(payload, "links", "next"):
                return unclear(DOMAIN, f"{domain} is not among the first {len(items)} domains")
            if value_at(found, "domain_settings", "send_paused") is True:
                resume = "resume it on the domain's page at MailerSend"
                return failed(DOMAIN, "sending is paused for {domain}", resume, domain=domain)
            return doctor.listed_state(domain, found, "is_verified")
    return None
