"""Resend: ``GET /domains`` lists the domains; a key that may only send gets restricted_api_key.

Facts: Resend's OpenAPI description and its page of errors (401 restricted_api_key; for an unknown
key formerly 403 invalid_api_key, now 400 validation_error, "API key is invalid").
"""

from typing import Any

from newsletter.domain.delivery.provider import Finding, failed, unclear
from newsletter.providers.common import doctor
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import bearer, origin
from newsletter.providers.resend.send import Options
from newsletter.transport.http import HttpResponse, json_object


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question whether the sender's domain is verified."""
    domain = doctor.domain_of(sender)
    url = f"{origin(options, 'https://api.resend.com')}/domains?limit=100"
    headers = bearer(options.api_key)
    return (Probe(DOMAIN, url, headers, lambda payload: _domains(payload, domain), _read_refusal),)


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"data": list(items)}:
            found = doctor.find_domain(items, "name", domain)
            if found is None and payload.get("has_more") is True:
                return unclear(DOMAIN, f"{domain} is not among the first {len(items)} domains")
            if found is not None and found.get("status") == "temporary_failure":
                why = f"{domain} could not be checked by Resend for the moment"
                return unclear(DOMAIN, why, "check its DNS records under Domains")
            return doctor.listed_state(domain, found, "status", "verified")
    return None


def _read_refusal(response: HttpResponse) -> Finding | None:
    payload = json_object(response) or {}
    name, message = payload.get("name"), str(payload.get("message"))
    if name == "restricted_api_key":
        return unclear(KEY, "it is taken and may only send: the domain cannot be checked with it")
    if name == "invalid_api_key" or "api key is invalid" in message.lower():
        return failed(KEY, "it is refused", "make another under API keys, and write it down here")
    return None
