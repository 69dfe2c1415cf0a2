"""Mailjet: ``GET /v3/REST/sender`` tells whose mail it takes, ``…/dns/{domain}`` SPF and DKIM.

Facts: Mailjet's guide to domains and DNS (``*@domain`` for a whole one; the states OK, Error and
Not checked, as last seen by Mailjet) and the types of its Node client for both (the filter Domain,
the states Active, Inactive and Deleted). A sender that several keys share is another resource,
which is not asked. Unconfirmed: that a domain it does not know gets 404.
"""

from typing import Any

from newsletter.domain.delivery.provider import Finding, failed, passed, unclear
from newsletter.domain.wording import say
from newsletter.providers.common import doctor
from newsletter.providers.common.doctor import DOMAIN, Probe
from newsletter.providers.common.options import basic, origin
from newsletter.providers.mailjet.send import Options

_SENDER = say("sender address")
_MAX_SENDERS = 1000
_VALIDATE = say("validate it under Sender addresses and domains")
_PUBLISH_ADVICE = "publish the records that Mailjet shows for it, and let it check them"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return questions whether the sender is validated, and about the domain's records."""
    base = f"{origin(options, 'https://api.mailjet.com')}/v3/REST"
    headers = basic(options.api_key.get_secret_value(), options.secret_key)
    domain = doctor.domain_of(sender)
    no_records_message = f"Mailjet knows no records of {domain}"
    senders = f"{base}/sender?Domain={domain}&Limit={_MAX_SENDERS}"
    return (
        Probe(_SENDER, senders, headers, lambda payload: _senders(payload, sender, domain)),
        Probe(
            DOMAIN,
            f"{base}/dns/{domain}",
            headers,
            lambda payload: _records(payload, domain),
            doctor.refusal_by_status({404: unclear(DOMAIN, no_records_message, _PUBLISH_ADVICE)}),
        ),
    )


def _senders(payload: Any, sender: str, domain: str) -> Finding | None:
    match payload:
        case {"Data": list(items)}:
            ours = {f"*@{domain}", f"{sender.rpartition('@')[0]}@{domain}".lower()}
            states = {
                item.get("Status")
                for item in items
                if isinstance(item, dict) and str(item.get("Email")).lower() in ours
            }
            if "Active" in states:
                return passed(_SENDER, "it is validated")
            if states:
                return failed(_SENDER, "it is in the account and not validated", _VALIDATE)
            why = f"neither it nor all of {domain} is among the senders of this key"
            return unclear(_SENDER, why, f"{_VALIDATE}, unless it is one that several keys share")
    return None


def _records(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"Data": [{"DKIMStatus": "OK", "SPFStatus": "OK"}]}:
            return passed(DOMAIN, f"{domain}: DKIM and SPF stand")
        case {"Data": [{"DKIMStatus": str(dkim), "SPFStatus": str(spf)}]}:
            return unclear(DOMAIN, f"{domain}: DKIM {dkim!r}, SPF {spf!r}", _PUBLISH_ADVICE)
    return None
