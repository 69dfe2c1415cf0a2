"""Passkeys on pages: for which website they are, where they work, and what a form brings of one."""

from dataclasses import dataclass

from newsletter.domain.staff.passkey import Party, party_of
from newsletter.pipeline.staff.proofs import Signed
from newsletter.runtime.staff import Staff
from newsletter.web.desk.browser import is_loopback
from newsletter.web.desk.visit import Visit

PASSKEY = "passkey"
"""The field of a form in which a passkey's signature stands in the place of a code."""


@dataclass(frozen=True, kw_only=True)
class PublicList:
    """Whether a page offers to use a passkey."""

    here: bool
    elsewhere: str = ""
    """Where it could be used instead, in a sentence; empty where it can here, or there is none."""


def party_at(visit: Visit, staff: Staff) -> Party | None:
    """For which website a passkey is, at the address that is asked; None: for none.

    On this machine itself that is the address in the browser, as the one in the configuration
    leads somewhere else. A passkey that was made for localhost opens no other desk.
    """
    settings, name = staff.settings, staff.settings.organisation.name
    if is_loopback(visit.request):
        return party_of(f"http://{visit.request.url.netloc}", name)
    return party_of(settings.desk_url, name)


def elsewhere(visit: Visit, staff: Staff) -> str:
    """Where passkeys work, in a sentence; empty where they work here."""
    url, party = visit.request.url, party_at(visit, staff)
    if party is not None and party.id == url.hostname:
        return ""
    if is_loopback(visit.request):
        port = f":{url.port}" if url.port else ""
        there = f"http://localhost{port}/desk"
        return f"Passkeys don't work at {url.hostname}, as they need a name. Use {there} instead."
    if party is None:
        return "Passkeys need an address of the desk that begins with https://."
    return f"Passkeys work only at {staff.settings.desk_url}."


def offer(visit: Visit, address: str, staff: Staff) -> PublicList:
    """Whether somebody can use a passkey on this page."""
    party = party_at(visit, staff)
    with staff.store.read() as tx:
        theirs = tx.passkeys.of(address)
    if not theirs or elsewhere(visit, staff):
        return PublicList(here=False, elsewhere=elsewhere(visit, staff) if theirs else "")
    return PublicList(here=any(party is not None and one.party == party.id for one in theirs))


def shown(visit: Visit, field: str, staff: Staff) -> str | Signed:
    """What somebody shows as a second factor: a passkey, or what was typed into a field."""
    said, party = visit.field(PASSKEY), party_at(visit, staff)
    return Signed(said=said, party=party) if said and party else visit.field(field)
