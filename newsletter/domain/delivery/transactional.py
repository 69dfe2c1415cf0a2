"""Transactional email: messages to one person, and posts to channels of the team.

A request on the public pages takes effect when the person uses the link in the email.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.staff.account import LinkKind, StaffLink
from newsletter.domain.subscribers.audience import Subscriber, SuppressionReason
from newsletter.domain.wording import say

LINK_LIFETIME = timedelta(days=7)
"""How long the link works after the request, or after the end of a hold."""

EMAIL_LIFETIME = timedelta(days=1)
"""An older email is not sent."""


class EmailKind(Enum):
    """The occasion of an email to one person. Most answer a request."""

    JOIN = "join"
    """A request to join lists. The link confirms it (double opt-in)."""
    MOVE = "move"
    """A request to change the address. The link, sent to the new address, confirms it."""
    PREFERENCES = "preferences"
    """A request for a link to the person's preferences."""
    NOTICE = "notice"
    """No request: a member of staff is informed about a change of their account."""
    LINK = "link"
    """No request: an admin sends a member of staff a link to choose a password."""
    NEWS = "news"
    """No request: a member of staff is notified of events. The text is decided at sending."""
    DECISION = "decision"
    """A request to join a list that staff accepted or declined."""
    REPORT = "report"
    """No request: a sender mails a campaign's report. The figures are those at sending."""


class EmailText(Enum):
    """The text of an email."""

    CONFIRMATION = "confirmation"
    """The link in the email confirms lists."""
    MOVE = "move"
    """The link in the email confirms another address."""
    PREFERENCES = "preferences"
    """The link in the email opens the reader's preferences."""
    KNOWN = "known"
    """The request changes nothing; the link opens the reader's preferences."""
    NOTICE = "notice"
    """Something happened to the account of a member of staff; its link opens the desk."""
    INVITATION = "invitation"
    """The link in the email lets a new member of staff open their account."""
    LINK = "link"
    """The link in the email lets a member of staff choose a new password."""
    NEWS = "news"
    """The email tells a member of staff of events; its links open pages of the desk."""
    ADMITTED = "admitted"
    """Staff added the reader to a list; the link opens the reader's preferences."""
    DECLINED = "declined"
    """Staff declined the reader's request; the link opens the reader's preferences."""
    REPORT = "report"
    """The email has the figures of a campaign; the link opens its report at the desk."""


class MessageState(Enum):
    """The state of a transactional email, or of a post to a channel of the team."""

    WAITING = "waiting"
    """Queued."""
    CALLING = "calling"
    """The call may be under way."""
    ACCEPTED = "accepted"
    """The provider or channel took the message."""
    REJECTED = "rejected"
    """The provider or channel refused the message for good, or all attempts failed."""
    UNKNOWN = "unknown"
    """The email may or may not have been sent. newsletter never sends it again by itself."""
    WITHHELD = "withheld"
    """The email is not sent, for the reason given."""

    @property
    def is_open(self) -> bool:
        """Return whether newsletter will still send it."""
        return self in {MessageState.WAITING, MessageState.CALLING}


FINAL_STATES = {
    Verdict.ACCEPTED: MessageState.ACCEPTED,
    Verdict.REJECTED: MessageState.REJECTED,
    Verdict.SPLIT: MessageState.REJECTED,  # one message cannot be split
    Verdict.UNKNOWN: MessageState.UNKNOWN,
}
"""The state after each verdict that ends a message. After any other verdict it is sent again."""


@dataclass(frozen=True, kw_only=True)
class TransactionalEmail:
    """One transactional email, and the request that it answers."""

    id: int
    """0 before it is stored."""
    kind: EmailKind
    address: str
    """The recipient; empty once the address was deleted."""
    lists: tuple[str, ...] = ()
    """The lists that a person wants to join."""
    subscriber_id: int | None = None
    """The subscriber who asked, for MOVE and PREFERENCES."""
    name: str = ""
    language: str = ""
    """The language of the page, and so of the email."""
    timezone: str = ""
    source: str = ""
    """The name of the page or address of the form; the sentence of a NOTICE or LINK; lines with the
    campaign's number, the sender's name and the title for a REPORT."""
    wording: str = ""
    """The hash of the words of consent that the person was shown; empty if there were none."""
    state: MessageState = MessageState.WAITING
    reason: str = ""
    """The reason for the state or for a longer wait; may be empty."""
    asked_at: datetime
    held_until: datetime | None = None
    """The end of a hold that kept the email back."""
    used_at: datetime | None = None
    """When the link in the email was used. It works once."""
    settled_at: datetime | None = None
    """When the outcome became known."""

    @property
    def free_since(self) -> datetime:
        """Return when the email could be sent first: at the request, or at the end of a hold."""
        return max(self.asked_at, self.held_until or self.asked_at)

    def is_too_old(self, now: datetime) -> bool:
        return self.free_since + EMAIL_LIFETIME < now

    def is_link_expired(self, now: datetime) -> bool:
        """Return whether its link has expired. A used link does not expire."""
        # one that is dated far ahead is of a wrong clock
        return self.used_at is None and abs(now - self.free_since) > LINK_LIFETIME


@dataclass(frozen=True, kw_only=True)
class ChannelPost:
    """A message to a channel."""

    id: int
    channel: str
    made_at: datetime
    state: MessageState
    attempts: int
    """The number of attempts since the post was created, or since an admin queued it again."""
    called_at: datetime | None
    """When the last attempt began."""
    reason: str
    """The reason for the state; may be empty."""


@dataclass(frozen=True, kw_only=True)
class NoticeSection:
    """A part of a post or of an email to staff: the events of one statement or import."""

    title: str
    label: str
    """The event, in a few words."""
    lines: tuple[str, ...]
    url: str
    """The URL of the page about the statement or import."""
    events: tuple[str, ...] = ()
    """The names of the events for a program, such as ``sent_back``."""
    statement: str = ""
    """The slug, for a program; empty if it is about no statement."""


@dataclass(frozen=True, kw_only=True)
class EmailPlan:
    """The decision about a due email."""

    text: EmailText | None = None
    """The text of the email; None if the text is withheld."""
    reader_id: int | None = None
    """The subscriber whose preferences the link opens; None if the link is the email's own."""
    news: tuple[NoticeSection, ...] = ()
    reason: str = ""


def plan_email(
    email: TransactionalEmail,
    *,
    person: Subscriber | None,
    suppressed: SuppressionReason | None,
    now: datetime,
    link: StaffLink | None = None,
    news: tuple[NoticeSection, ...] = (),
) -> EmailPlan:
    """Decide the text of an email, or why it is withheld.

    ``person`` is the current owner of its address. ``suppressed`` is the reason if the address is
    suppressed: only one that staff suppressed gets no confirmation email, as any other reader can
    come back by confirming. ``link`` is the staff link in the email, if it still works. ``news``
    are the events that are not over.
    """
    if email.is_too_old(now):
        return EmailPlan(reason=say("it could not be sent within a day"))
    if email.kind is EmailKind.NOTICE:  # a suppression does not keep it from staff
        return EmailPlan(text=EmailText.NOTICE)
    if email.kind is EmailKind.LINK:
        return _plan_for_link(link)
    if email.kind is EmailKind.NEWS or (email.kind is EmailKind.REPORT and suppressed is None):
        over = EmailPlan(reason=say("its events are over"))
        return EmailPlan(text=EmailText(email.kind.value), news=news) if news else over
    if suppressed is SuppressionReason.MANUAL:
        return EmailPlan(reason=say("a member of staff suppressed this address"))
    if suppressed is not None and email.kind in {EmailKind.DECISION, EmailKind.REPORT}:
        why = say("this address is suppressed ({why})", why=say(suppressed.value))
        return EmailPlan(reason=why)
    if email.kind in {EmailKind.PREFERENCES, EmailKind.DECISION}:
        if person is None:
            return EmailPlan(reason=say("this address is no subscriber's"))
        return EmailPlan(text=_text_for(email, person), reader_id=person.id)
    moves = email.kind is EmailKind.MOVE
    if person is not None and (
        person.id != email.subscriber_id
        if moves
        else person.suppressed is None and set(email.lists) <= set(person.lists)
    ):
        return EmailPlan(text=EmailText.KNOWN, reader_id=person.id)
    return EmailPlan(text=EmailText.MOVE if moves else EmailText.CONFIRMATION)


def _plan_for_link(link: StaffLink | None) -> EmailPlan:
    if link is None:
        return EmailPlan(reason=say("its link works no more"))
    opens = link.kind is LinkKind.INVITATION
    return EmailPlan(text=EmailText.INVITATION if opens else EmailText.LINK)


def _text_for(email: TransactionalEmail, person: Subscriber) -> EmailText:
    if email.kind is EmailKind.PREFERENCES:
        return EmailText.PREFERENCES
    is_admitted = set(email.lists) <= set(person.lists)
    return EmailText.ADMITTED if is_admitted else EmailText.DECLINED


UNKNOWN_NETWORK = "unreadable"
"""The shared network of all clients without a readable address."""


def network_of(host: str) -> str:
    """Return the network of a client, for limits: its /24, or its /48 for IPv6.

    The owner of one rented machine often has a whole /48 of IPv6. A private address is that of a
    reverse proxy that does not name its client. One limit would then apply to everyone, so the
    network is "".
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return UNKNOWN_NETWORK if host else ""
    # a socket for both kinds of address shows IPv4 addresses in IPv6 form
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if not address.is_global:
        return ""
    return str(
        ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)
    )


@dataclass(frozen=True, kw_only=True)
class EmailLimits:
    """Limits on the number of accepted requests for emails."""

    max_per_day: int = 1
    """Unconfirmed emails of one kind to one mailbox within 24 hours."""
    max_per_month: int = 3
    """Unconfirmed emails of one kind to one mailbox within 30 days."""
    max_per_network: int = 20
    """Emails requested from one network within an hour."""
    max_waiting: int = 10_000
    """Emails in the queue."""


class RequestOutcome(Enum):
    """The result of a request for an email. Only staff may see it."""

    NEW = "new"
    """The email is queued."""
    AGAIN = "again"
    """The mailbox got an email of this kind lately, so no other is sent."""
    NETWORK = "network"
    """The network has made too many requests."""
    FULL = "full"
    """Too many emails wait."""


@dataclass(frozen=True, kw_only=True)
class ClaimedEmail:
    """An email that an attempt has claimed. Only that attempt records its outcome."""

    email: TransactionalEmail
    attempt_id: str
    attempts: int
