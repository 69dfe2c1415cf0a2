"""Transactional email: mails to one person, because that person asked for something on our pages.

What is asked for happens only when the link in the email is used, by whoever reads the mailbox.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.subscribers.audience import Subscriber, SuppressionReason

LINK_LIVES = timedelta(days=7)
"""So long after it was asked for, or its hold ended, the link in an email does something."""

EMAIL_LIVES = timedelta(days=1)
"""So long after that an email is still handed over; later nobody waits for it."""


class EmailKind(Enum):
    """What a person asked for."""

    JOIN = "join"
    """To get what goes to some lists: confirmed by the link (double opt-in)."""
    MOVE = "move"
    """To get it at another address, which the email goes to: confirmed by the link."""
    PREFERENCES = "preferences"
    """A link to one's own preferences."""
    NOTICE = "notice"
    """Nothing: a member of staff is told what happened to their account."""
    LINK = "link"
    """Nothing: an admin has a link mailed to its owner, who chooses a password by it."""


class EmailText(Enum):
    """What an email says."""

    CONFIRMATION = "confirmation"
    """Its link says yes to some lists."""
    MOVE = "move"
    """Its link says yes to another address."""
    PREFERENCES = "preferences"
    """Its link opens its reader's preferences."""
    KNOWN = "known"
    """What was asked for is so already; its link opens its reader's preferences."""
    NOTICE = "notice"
    """Something happened to the account of a member of staff; its link opens the desk."""
    LINK = "link"
    """By its link a member of staff chooses the password of their account."""


class EmailState(Enum):
    """Where an email stands."""

    WAITING = "waiting"
    """Waits to be handed over."""
    CALLING = "calling"
    """Its call to the provider may be under way."""
    ACCEPTED = "accepted"
    """The provider took it."""
    REJECTED = "rejected"
    """The provider refused it for good."""
    UNKNOWN = "unknown"
    """May or may not have been handed over. It is never sent again; the person can ask again."""
    WITHHELD = "withheld"
    """It was decided not to send it; the reason says why."""


@dataclass(frozen=True, kw_only=True)
class TransactionalEmail:
    """One email, and what its reader asked for."""

    id: int
    """0 before it is stored."""
    kind: EmailKind
    address: str
    """Where it goes; empty once it was forgotten."""
    lists: tuple[str, ...] = ()
    """The lists that a person wants to join."""
    subscriber_id: int | None = None
    """Who asked, where we know it: for MOVE and PREFERENCES."""
    name: str = ""
    language: str = ""
    """The language of the page, and so of the email."""
    timezone: str = ""
    source: str = ""
    """Where it was asked for, in words: a page of ours, or the address of a form. Of a NOTICE or a
    LINK it is the sentence that it says."""
    wording: str = ""
    """The hash of the words that the person said yes to; empty where there were none."""
    state: EmailState = EmailState.WAITING
    reason: str = ""
    """Why it is in this state, or waits for longer; empty where nothing is to be said."""
    asked_at: datetime
    held_until: datetime | None = None
    """When a hold of the whole workspace ended that had kept it back."""
    used_at: datetime | None = None
    """When its link was used. It is used once."""
    settled_at: datetime | None = None
    """When it was known what became of it."""

    @property
    def free_since(self) -> datetime:
        """Since when it might have been handed over, and its reader waits for it."""
        return max(self.asked_at, self.held_until or self.asked_at)

    def expired(self, now: datetime) -> bool:
        """Whether its link came too late. One that was used does not expire."""
        return self.used_at is None and now > self.free_since + LINK_LIVES


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to become of an email that is due."""

    says: EmailText | None = None
    """None: it is withheld."""
    reader_id: int | None = None
    """Whose preferences its link opens; None where the link is the email's own."""
    reason: str = ""
    """Why it is withheld."""


def plan_for(
    email: TransactionalEmail,
    *,
    person: Subscriber | None,
    suppressed: SuppressionReason | None,
    now: datetime,
    link_works: bool = True,
) -> Plan:
    """Decide what an email says. ``person`` has its address now, ``suppressed`` is why it is.
    ``link_works``: a link of staff that it is to bring was neither used nor withdrawn.

    Whoever left, bounced or complained can come back, by their own yes alone. So they get the
    email; but nobody whom staff entered does.
    """
    if email.free_since + EMAIL_LIVES < now:
        return Plan(reason="it could not be handed over within a day")
    if email.kind is EmailKind.NOTICE:  # it is no newsletter, and they asked for none
        return Plan(says=EmailText.NOTICE)
    if email.kind is EmailKind.LINK:
        return Plan(says=EmailText.LINK) if link_works else Plan(reason="its link works no more")
    if suppressed is SuppressionReason.MANUAL:
        return Plan(reason="a member of staff suppressed this address")
    if email.kind is EmailKind.PREFERENCES:
        if person is None:
            return Plan(reason="this address is no subscriber's")
        return Plan(says=EmailText.PREFERENCES, reader_id=person.id)
    if person is not None and _has_already(email, person):
        return Plan(says=EmailText.KNOWN, reader_id=person.id)
    moves = email.kind is EmailKind.MOVE
    return Plan(says=EmailText.MOVE if moves else EmailText.CONFIRMATION)


def _has_already(email: TransactionalEmail, person: Subscriber) -> bool:
    if email.kind is EmailKind.MOVE:
        return person.id != email.subscriber_id
    return person.suppressed is None and set(email.lists) <= set(person.lists)


_NO_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domains that read over every dot before the @ → the name under which they are one."""


def mailbox_of(address: str) -> str:
    """The mailbox behind an address, as near as can be told: for limits alone.

    Who is bombed by ``ana+1@…`` and ``ana+2@…``, or by ``a.na@gmail.com`` and
    ``ana@googlemail.com``, is one person; but each address may subscribe.
    """
    local, _, domain = address.lower().rpartition("@")
    name = local.partition("+")[0] or local
    if domain in _NO_DOTS:
        name, domain = name.replace(".", "") or name, _NO_DOTS[domain]
    return f"{name}@{domain}"


UNREADABLE = "unreadable"
"""The one network of all who come from what is no address."""


def network_of(host: str) -> str:
    """The network of an address of the internet, for limits: /24, or /48 of IPv6.

    Whoever rents a machine gets a /64 of IPv6, or a /56; many get a /48. A proxy that hands on
    whatever it was told counts as one network. Empty for nobody, and for what is no public
    address: then it is a proxy of ours that does not say whom it speaks for, and one limit would
    hold for everybody.
    """
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return UNREADABLE if host else ""
    # a socket for both kinds of address shows those of IPv4 in this form
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    found = mapped or found
    if not found.is_global:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(ipaddress.IPv4Network((int(found), 24), strict=False))
    return str(ipaddress.IPv6Network((int(found), 48), strict=False))


@dataclass(frozen=True, kw_only=True)
class EmailLimits:
    """How many emails are taken on. All are counted over emails that were asked for."""

    a_day: int = 1
    """Emails of a kind to a mailbox within 24 hours."""
    a_month: int = 3
    """Emails of a kind to a mailbox within 30 days."""
    a_network: int = 20
    """Emails that one network may ask for within an hour."""
    waiting: int = 10_000
    """Emails that may wait to be handed over."""


class Taken(Enum):
    """What became of asking for an email. Nobody but staff may be told which."""

    NEW = "new"
    """It waits to be handed over."""
    AGAIN = "again"
    """One of its kind was asked for lately; nothing more is sent."""
    NETWORK = "network"
    """Too many were asked for from this network."""
    FULL = "full"
    """Too many emails wait."""


@dataclass(frozen=True, kw_only=True)
class ClaimedEmail:
    """An email about to be handed over; only the attempt that holds it may book its outcome."""

    email: TransactionalEmail
    attempt_id: str
    attempts: int
