"""Who may be written to: addresses, subscribers, subscriptions, suppressions."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from newsletter.domain.subscribers.segment import Segment

_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f-\xa0\s"  # controls, blanks of every width, line and paragraph separators
    r"\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # marks nobody can see
    r"\"(),:;<>\[\]\\]"  # what RFC 5322 keeps for itself
)

LIST_NAME = r"[a-z0-9]+(?:[-_][a-z0-9]+)*"
TAG_NAME = LIST_NAME
"""What a tag looks like: small letters and digits, with - or _ between them."""


class SubscriptionState(Enum):
    """A subscriber's standing in one list."""

    PENDING = "pending"
    """Asked for, not confirmed: gets nothing but the confirmation mail."""
    CONFIRMED = "confirmed"
    """Consented: gets what goes to the list."""
    ENDED = "ended"
    """Left, or was taken off. Only the person can come back."""


class SuppressionReason(Enum):
    """Why an address is never to be sent to."""

    UNSUBSCRIBED = "unsubscribed"
    """The person left everything."""
    BOUNCED = "bounced"
    """The mailbox does not exist."""
    COMPLAINED = "complained"
    """The person reported a message as spam."""
    ERASED = "erased"
    """The person asked to be forgotten."""
    MANUAL = "manual"
    """A member of staff entered it."""

    @property
    def replaces(self) -> "tuple[SuppressionReason, ...]":
        """The reasons in whose place this one stands, in whatever order they became known.

        What a person said counts more than what became of a mailbox.
        """
        told = (
            SuppressionReason.BOUNCED,
            SuppressionReason.UNSUBSCRIBED,
            SuppressionReason.COMPLAINED,
        )
        return told[: told.index(self)] if self in told else ()

    @property
    def only_theirs(self) -> bool:
        """Nobody but the person can take it back."""
        return self in {SuppressionReason.COMPLAINED, SuppressionReason.ERASED}


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """A person with one address, identified by us."""

    id: int
    address: str
    """As the person wrote it."""
    name: str
    language: str
    timezone: str
    lists: tuple[str, ...]
    """Where the subscription is confirmed."""
    suppressed: SuppressionReason | None = None
    place: str = ""
    """Where the person lives or works, in words of the staff."""
    tags: tuple[str, ...] = ()
    """What the staff noted of the person, in order."""
    paused_until: datetime | None = None
    """Nothing is sent before."""
    left: tuple[str, ...] = ()
    """Where the subscription ended."""


@dataclass(frozen=True, kw_only=True)
class PublicList:
    """A list that readers may join by themselves."""

    name: str
    title: str
    """What readers read in place of its name."""
    about: str = ""
    """What goes to it, in a sentence; may be empty."""


@dataclass(frozen=True, kw_only=True)
class Consent:
    """Where and when a person said yes to being written to."""

    source: str
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One subscriber as a file names them."""

    address: str
    lists: tuple[str, ...]
    name: str = ""
    language: str = ""
    timezone: str = ""
    consent: Consent | None = None
    place: str = ""
    tags: tuple[str, ...] = ()
    paused_until: datetime | None = None
    left: tuple[str, ...] = ()
    """Lists that the person left elsewhere; here they never join them by a file."""


@dataclass(frozen=True, kw_only=True)
class SuppressedEntry:
    """One suppression as a file names it."""

    address: str
    reason: SuppressionReason


def parse_address(text: str) -> str:
    """Return the address as written, without blanks around it.

    Raises ValueError saying what is wrong. Accepts international addresses (RFC 6531), no quoted
    local parts, comments or address literals: no reader of a press list has one.
    """
    address = text.strip()
    found = _FORBIDDEN.search(address)
    if found:
        raise ValueError(f"{text!r} holds {found.group()!r}, which no address may")
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or "@" in local:
        raise ValueError(f"{text!r} is not an address like name@example.org")
    if len(address.encode()) > 254 or len(local.encode()) > 64:
        raise ValueError(f"{text!r} is too long: 64 bytes before the @ and 254 in all")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError(f"{text!r} has a dot where none may be before the @")
    labels = domain.split(".")
    # Checked in both forms: some letters turn into brackets and dots on the way to ASCII.
    if len(labels) < 2 or not (_are_names(labels) and _are_names(_ascii_domain(domain).split("."))):
        raise ValueError(f"{text!r} has no domain like example.org after the @")
    return address


def _are_names(labels: list[str]) -> bool:
    return all(_LABEL.fullmatch(label) for label in labels)


def fold(address: str) -> str:
    """The form in which two addresses are compared.

    Only ASCII letters are folded: Unicode folding would merge different people (the Kelvin sign
    becomes a k). An international domain is compared in its ASCII form.
    """
    if address.isascii() and "@" in address:
        return address.strip().lower()  # the same, in a fifth of the time: millions are folded
    local, _, domain = address.strip().rpartition("@")
    return f"{local.translate(_ASCII_LOWER)}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain.translate(_ASCII_LOWER)
    try:
        return domain.encode("idna").decode("ascii").translate(_ASCII_LOWER)
    except UnicodeError as error:
        raise ValueError(f"{domain!r} is not a domain that can be looked up: {error}") from error


EXAMPLES = 3
"""Of so many people in a file it is told where they stand, for each thing that is told of them."""


@dataclass(frozen=True, kw_only=True)
class Away:
    """People who stay away, although a file names them."""

    people: int = 0
    first: tuple[tuple[str, str], ...] = ()
    """Place and address of the first of them, at most ``EXAMPLES``."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What came of a file, or would come of it."""

    new: int
    known: int
    suppressed: int
    """Addresses that were not suppressed before."""
    refused: Mapping[SuppressionReason, Away]
    """Who is suppressed here and not taken, in the order of the file."""
    left: Away
    """Who left a list here that the file names, and stays away from it."""


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Whom a statement goes to, before it is known who of them another language has."""

    lists: tuple[str, ...]
    segment: Segment | None = None
    languages: frozenset[str] | None = None
    """As the readers named them; None for whatever they read."""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One place that quotes an address."""

    kind: str
    key: tuple[str | int, ...]


_DOTS_ARE_NOTHING = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domain → what it is called, where a mailbox is the same with dots and without."""


def mailbox(address: str) -> str:
    """What is the same for all spellings of a member of staff's address.

    Upper case, full-width letters, what stands behind a ``+``, and the dots of Gmail make no other
    person. It is for comparing alone: nothing is ever sent there.
    """
    written = unicodedata.normalize("NFKC", address).casefold().rstrip(".")
    try:
        folded = fold(written)
    except ValueError:  # a domain that nobody can look up is only itself
        folded = written.strip()
    local, at, domain = folded.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTS_ARE_NOTHING:
        local, domain = local.replace(".", ""), _DOTS_ARE_NOTHING[domain]
    return f"{local}{at}{domain}"


def same_person(one: str, other: str) -> bool:
    """Whether two addresses are spellings of one mailbox."""
    return bool(one) and mailbox(one) == mailbox(other)
