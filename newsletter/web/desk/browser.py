"""The browser behind a request: its cookie, its origin, allowed targets, and its passkeys."""

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from newsletter.domain.delivery.transactional import network_of
from newsletter.domain.staff.account import Party, browser_of, party_of
from newsletter.domain.wording import say
from newsletter.pipeline.staff.proofs import PasskeyAnswer, Place
from newsletter.runtime.services import Staff
from newsletter.web.desk.request import DeskRequest
from newsletter.web.http.forms import host_of
from newsletter.web.http.hosts import is_this_machine

HOME = "/desk"
_COOKIE = "desk"
DEVICE = "-device"
"""The cookie of a browser in which a person signed in before."""
AWAY = "-away"
"""The cookie of a browser that left for the identity provider."""
_LONGEST_ADDRESS = 2_000
_DOORS = ("/desk/sign-in", "/desk/sign-out", "/desk/second", "/desk/step-up")
"""A redirect to these pages would loop."""


def word_of(request: Request, kind: str = "") -> str:
    """Return the session token in the desk's cookie; empty if there is none."""
    return request.cookies.get(cookie_name(request, kind), "")


def cookie_name(request: Request, kind: str = "") -> str:
    """Return the cookie's name: with ``__Host-``, and so Secure, except on this machine itself."""
    return f"{'' if is_loopback(request) else '__Host-'}{_COOKIE}{kind}"


def set_cookie(
    response: Response, request: Request, name: str, kind: str = "", days: int | None = None
) -> None:
    """Have the browser keep a word, until it is closed or so long; an empty name takes it away."""
    response.set_cookie(
        cookie_name(request, kind),
        name,
        max_age=(days and days * 86_400) if name else 0,
        path="/",
        secure=not is_loopback(request),
        httponly=True,
        # a link in an email of ours leads in; a post from elsewhere does not
        samesite="strict" if kind == DEVICE else "lax",
    )


def is_loopback(request: Request) -> bool:
    """Return whether this machine asks itself by plain HTTP."""
    names = request.url.hostname or "", host_of(request)
    return request.url.scheme == "http" and all(map(is_this_machine, names))


def place_of(request: Request) -> Place:
    """Return the browser and the network of a request, in words that its owner knows."""
    agent = request.headers.get("user-agent", "")
    return Place(
        browser=browser_of(agent),
        network=network_of(host_of(request)),
        device=word_of(request, DEVICE),
    )


_INSIDE = re.compile(
    r"/desk(?:/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*/?(?:\?[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?"
)


def inside(address: str) -> str:
    """Return an address of the desk as it is, or Home for any other address."""
    path = address.partition("?")[0].lower()
    # a browser resolves dots, written either way, before it asks
    climbs = ".." in path.replace("%2e", ".")
    if len(address) > _LONGEST_ADDRESS or climbs or not _INSIDE.fullmatch(address):
        return HOME
    return HOME if path.startswith(_DOORS) else address


def back_from_provider(request: DeskRequest, staff: Staff) -> str:
    """Return the address to which the identity provider sends the browser."""
    own = f"http://{request.http.url.netloc}{HOME}"
    return f"{own if is_loopback(request.http) else staff.settings.desk_url}/sign-in/back"


PASSKEY = "passkey"
"""The form field for a passkey's signature, which replaces a code."""


@dataclass(frozen=True, kw_only=True)
class PasskeyOffer:
    """Whether a page offers to use a passkey."""

    here: bool
    elsewhere: str = ""
    """The address at which a passkey works instead, as a sentence; may be empty."""


def party_at(request: DeskRequest, staff: Staff) -> Party | None:
    """Return the website that a passkey is for, at the requested address; None for none.

    On this machine itself that is the address in the browser, as the one in the configuration
    leads somewhere else. A passkey that was made for localhost opens no other desk.
    """
    settings, name = staff.settings, staff.settings.organisation.name
    if is_loopback(request.http):
        return party_of(f"http://{request.http.url.netloc}", name)
    return party_of(settings.desk_url, name)


def elsewhere(request: DeskRequest, staff: Staff) -> str:
    """Return the address at which passkeys work, as a sentence; empty if they work here."""
    url, party = request.http.url, party_at(request, staff)
    if party is not None and party.id == url.hostname:
        return ""
    if is_loopback(request.http):
        port = f":{url.port}" if url.port else ""
        there = f"http://localhost{port}/desk"
        named = "Passkeys don't work at {host}, as they need a name. Use {there} instead."
        return say(named, host=url.hostname, there=there)
    if party is None:
        return say("Passkeys need an address of the desk that begins with https://.")
    return say("Passkeys work only at {address}.", address=staff.settings.desk_url)


def offer_passkey(request: DeskRequest, address: str, staff: Staff) -> PasskeyOffer:
    """Return whether a person can use a passkey on this page."""
    party, there = party_at(request, staff), elsewhere(request, staff)
    with staff.store.read() as tx:
        theirs = tx.passkeys.of(address)
    if not theirs or there:
        return PasskeyOffer(here=False, elsewhere=there if theirs else "")
    here = party is not None and any(passkey.party == party.id for passkey in theirs)
    return PasskeyOffer(here=here)


def shown(request: DeskRequest, field: str, staff: Staff) -> str | PasskeyAnswer:
    """Return the second factor in a form: a passkey's signature, or the text of a field."""
    signature, party = request.field(PASSKEY), party_at(request, staff)
    if signature and party:
        return PasskeyAnswer(answer=signature, party=party)
    return request.field(field)
