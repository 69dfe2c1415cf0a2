"""Postbox: ``GET /v1/domains`` lists the domains.

Facts: Postbox's reference of domains.
"""

from typing import Any

from newsletter.providers.postbox.send import PUBLIC_URL, Options

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common import doctor
from newsletter.providers.common.doctor import DOMAIN, Probe
from newsletter.providers.common.options import bearer, origin


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question whether the sender's domain is verified."""
    domain = doctor.domain_of(sender)
    url, headers = f"{origin(options, PUBLIC_URL)}/v1/domains", bearer(options.api_key)
    return (Probe(DOMAIN, url, headers, lambda payload: _domains(payload, domain)),)


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"domains": list(items)}:
            return doctor.listed_state(
                domain, doctor.find_domain(items, "name", domain), "verified"
            )
    return None
