"""SES: ``GET /v2/email/account`` tells of the account, ``…/identities/{domain}`` of the domain.

Facts: botocore's model of ``sesv2`` (both answers) and AWS's list of common errors. A key needs
ses:GetAccount and ses:GetEmailIdentity for it; one that may only send is refused by the name of
AccessDeniedException. A domain above the sender's, or the address alone, may be verified in the
domain's place: that is not asked.
"""

from typing import Any

from newsletter.domain.delivery.provider import Finding, failed, passed, unclear
from newsletter.domain.wording import say
from newsletter.providers.common import doctor
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.ses.answers import error_name
from newsletter.providers.ses.send import Options, endpoint
from newsletter.tables import load_table
from newsletter.transport.http import HttpResponse

_ACCOUNT = say("provider account")
_KEY_ERRORS = load_table("newsletter.providers.ses", "errors.yaml")
_DOMAIN_ADVICE = say("verify it under Identities, in this region, and publish its DKIM records")
_INSTEAD = "verify it, unless the domain above it or the sender's address alone is verified"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return questions whether the account may send to all and the sender's domain is verified."""
    base = f"{endpoint(options)}/v2/email"
    domain = doctor.domain_of(sender)
    return (
        Probe(_ACCOUNT, f"{base}/account", {}, _account, _read_refusal),
        Probe(
            DOMAIN,
            f"{base}/identities/{domain}",
            {},
            lambda payload: _identity(payload, domain),
            lambda response: _no_identity(response, domain, options.region),
        ),
    )


def _account(payload: Any) -> Finding | None:
    match payload:
        case {"SendingEnabled": False}:
            return failed(_ACCOUNT, "sending is switched off", "see SES's console for the reason")
        case {"EnforcementStatus": "SHUTDOWN"}:
            stopped = "AWS has stopped it for its reputation"
            return failed(_ACCOUNT, stopped, "answer AWS in its Support Center")
        case {"ProductionAccessEnabled": False}:
            limited = "it is in the sandbox: no reader gets mail who is not verified"
            return failed(_ACCOUNT, limited, "request production access in SES's console")
        case {"EnforcementStatus": "PROBATION"}:
            why = "AWS watches it for its reputation, and may stop it"
            return unclear(_ACCOUNT, why, "see SES's console, reputation metrics")
        case {"SendingEnabled": True, "ProductionAccessEnabled": True}:
            return passed(_ACCOUNT, f"it may send{_quota(payload)}")
    return None


def _quota(payload: dict[str, Any]) -> str:
    match payload.get("SendQuota"):
        case {"Max24HourSend": int() | float() as day, "MaxSendRate": int() | float() as second}:
            daily_quota = "any number" if day < 0 else f"{day:,.0f}"
            return f" {daily_quota} a day, {second:,.0f} a second"
    return ""


def _identity(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"VerifiedForSendingStatus": True, "DkimAttributes": {**dkim}}:
            if dkim.get("SigningEnabled") is True and dkim.get("Status") == "SUCCESS":
                return passed(DOMAIN, f"{domain} is verified, and its mail is signed")
            why = f"{domain} is verified, but its mail is not signed by DKIM"
            return unclear(DOMAIN, why, "publish its DKIM records, and switch signing on")
        case {"VerifiedForSendingStatus": bool(state)}:
            return doctor.domain_state(domain, state, _DOMAIN_ADVICE)
    return None


def _no_identity(response: HttpResponse, domain: str, region: str) -> Finding | None:
    if response.status == 404 and error_name(response) == "NotFoundException":
        return unclear(DOMAIN, f"{domain} is no identity in {region}", _INSTEAD)
    return _read_refusal(response)


def _read_refusal(response: HttpResponse) -> Finding | None:
    name = error_name(response)
    if why := _KEY_ERRORS.get(name):
        fix = "compare access_key_id, secret_access_key and region with the console"
        return failed(KEY, "it is refused: {why}", fix, why=say(why))
    if name == "AccessDeniedException":
        return unclear(KEY, "it is taken, but may not ask this: only sending proves the rest")
    return None
