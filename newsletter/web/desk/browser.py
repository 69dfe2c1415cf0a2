"""The browser behind a request: its cookies, its origin, redirect targets, and its passkeys."""

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from newsletter.domain.delivery.transactional import network_of
from newsletter.domain.staff.account import RelyingParty, describe_browser, relying_party_of
from newsletter.domain.wording import say
from newsletter.pipeline.staff.proofs import Client
from newsletter.runtime.services import Staff
from newsletter.web.http.forms import client_ip
from newsletter.web.http.hosts import is_this_machine

HOME_PATH = "/desk"
_COOKIE_NAME = "desk"
DEVICE_COOKIE = "-device"
"""Suffix of the cookie that marks a browser in which a person signed in before."""
PROVIDER_COOKIE_SUFFIX = "-away"
"""Suffix of the cookie that holds the state of a sign-in at the identity provider."""
_MAX_ADDRESS_CHARS = 2_000
_SIGN_IN_PATHS = ("/desk/sign-in", "/desk/sign-out", "/desk/second", "/desk/step-up")
"""Pages to which a sign-in never redirects: that would loop."""


def session_token(request: Request, kind: str = "") -> str:
    """Return the token in the desk's cookie of this kind, by default the session's; else ""."""
    return request.cookies.get(cookie_name(request, kind), "")


def cookie_name(request: Request, kind: str = "") -> str:
    """Return the cookie's name: with the prefix ``__Host-``, except over HTTP on loopback."""
    return f"{'' if is_loopback(request) else '__Host-'}{_COOKIE_NAME}{kind}"


def set_cookie(
    response: Response, request: Request, token: str, kind: str = "", days: int | None = None
) -> None:
    """Set a cookie for ``days``, or until the browser is closed; "" deletes the cookie."""
    response.set_cookie(
        cookie_name(request, kind),
        token,
        max_age=(days and days * 86_400) if token else 0,
        path="/",
        secure=not is_loopback(request),
        httponly=True,
        # a link in an email of ours leads in; a post from elsewhere does not
        samesite="strict" if kind == DEVICE_COOKIE else "lax",
    )


def is_loopback(request: Request) -> bool:
    """Return whether the request came from this machine, over HTTP without TLS."""
    names = request.url.hostname or "", client_ip(request)
    return request.url.scheme == "http" and all(map(is_this_machine, names))


def client_of(request: Request) -> Client:
    agent = request.headers.get("user-agent", "")
    return Client(
        browser=describe_browser(agent),
        network=network_of(client_ip(request)),
        device=session_token(request, DEVICE_COOKIE),
    )


_DESK_ADDRESS_PATTERN = re.compile(
    r"/desk(?:/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*/?(?:\?[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?"
)


def desk_path(address: str) -> str:
    """Return the address if it is within the desk, else that of Home, against open redirects."""
    path = address.partition("?")[0].lower()
    # a browser resolves dots, written either way, before it asks
    climbs = ".." in path.replace("%2e", ".")
    if len(address) > _MAX_ADDRESS_CHARS or climbs or not _DESK_ADDRESS_PATTERN.fullmatch(address):
        return HOME_PATH
    return HOME_PATH if path.startswith(_SIGN_IN_PATHS) else address


def redirect_uri(request: Request, staff: Staff) -> str:
    local_uri = f"http://{request.url.netloc}{HOME_PATH}"
    return f"{local_uri if is_loopback(request) else staff.settings.desk_url}/sign-in/back"


PASSKEY_FIELD = "passkey"
"""The form field for a passkey's signature, which replaces a code."""


@dataclass(frozen=True, kw_only=True)
class PasskeyOffer:
    """A page's offer to use a passkey."""

    is_available: bool
    hint: str = ""
    """A sentence that names the address at which the person's passkeys work, or ""."""


def relying_party(request: Request, staff: Staff) -> RelyingParty | None:
    """Return the relying party (WebAuthn) of passkeys; None if ``desk.url`` cannot have any.

    On loopback it is the host in the browser instead of the host of ``desk.url``. A passkey
    of localhost is valid at no other desk.
    """
    settings, name = staff.settings, staff.settings.organisation.name
    if is_loopback(request):
        return relying_party_of(f"http://{request.url.netloc}", name)
    return relying_party_of(settings.desk_url, name)


def passkey_hint(request: Request, staff: Staff) -> str:
    """Return a sentence that names the address at which passkeys work; "" if this one does."""
    url, party = request.url, relying_party(request, staff)
    if party is not None and party.id == url.hostname:
        return ""
    if is_loopback(request):
        port = f":{url.port}" if url.port else ""
        local_url = f"http://localhost{port}/desk"
        hint = "Passkeys don't work at {host}, as they need a name. Use {there} instead."
        return say(hint, host=url.hostname, there=local_url)
    if party is None:
        return say("Passkeys need an address of the desk that begins with https://.")
    return say("Passkeys work only at {address}.", address=staff.settings.desk_url)


def offer_passkey(request: Request, address: str, staff: Staff) -> PasskeyOffer:
    """Return whether a member of staff has a passkey that works at this address."""
    party, hint = relying_party(request, staff), passkey_hint(request, staff)
    with staff.store.read() as tx:
        passkeys = tx.passkeys.list_for(address)
    if not passkeys or hint:
        return PasskeyOffer(is_available=False, hint=hint if passkeys else "")
    works = party is not None and any(passkey.party == party.id for passkey in passkeys)
    return PasskeyOffer(is_available=works)
