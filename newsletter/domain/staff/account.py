"""Staff accounts: credentials, links, sessions, passkeys, and limits on attempts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from newsletter.domain.setting import not_empty
from newsletter.domain.staff.role import DeskRules, Role
from newsletter.domain.subscribers.address import Address, ascii_host

INVITATION_LIFETIME = timedelta(hours=72)
RESET_LIFETIME = timedelta(minutes=15)
RECOVERY_CODE_COUNT = 10


class SignInStage(Enum):
    """The stage that a sign-in has reached."""

    HALF = "half"
    """The password was right; the second factor is still missing."""
    ENROLLING = "enrolling"
    """The password was right; the role requires a second factor, which is not set up yet."""
    AWAY = "away"
    """The browser is at the identity provider. The person is not known yet."""
    WHOLE = "whole"
    """Signed in."""


class LinkKind(Enum):
    """The purpose of a single-use link for one person."""

    INVITATION = "invitation"
    """To open an account."""
    RESET = "reset"
    """To set a new password and a new second factor: an admin made it."""
    FORGOTTEN = "forgotten"
    """To set a new password: the owner requested it. The second factor stays."""


@dataclass(frozen=True, kw_only=True)
class Credential:
    """The credentials of one member of staff."""

    address: str
    password: str
    """The hash in Argon2's format; empty without a password."""
    password_at: datetime
    factor: str = ""
    """The secret of the one-time codes; empty without a second factor."""
    factor_at: datetime | None = None
    factor_step: int = 0
    """The time step of the last used code. A code is accepted only in a later step."""
    pending: str = ""
    """The secret of a second factor that no code has confirmed yet; else empty."""
    muted: tuple[str, ...] = ()
    """The kinds of notices that are not emailed to the person."""
    feed: bytes | None = None
    """The hash of the token in the URL of the person's calendar."""
    issuer: str = ""
    """The identity provider of the connected account; empty without one."""
    subject: str = ""
    """The person's permanent id at the identity provider; empty after they disconnected it."""

    @property
    def has_factor(self) -> bool:
        return self.factor != ""


class SignInBy(Enum):
    """A method of signing in."""

    PASSWORD = "password"  # noqa: S105 - the name of a way
    """By a password."""
    PROVIDER = "provider"
    """By the identity provider."""


def methods_for(
    role: Role, rules: DeskRules, issuer: str, credential: Credential | None = None
) -> frozenset[SignInBy]:
    """Return the methods by which a person with this credential may sign in.

    Without a credential: the methods that a new account may set up. ``issuer`` is the configured
    identity provider, or "".
    """
    allowed = {SignInBy.PASSWORD: role.includes(rules.passwords), SignInBy.PROVIDER: issuer != ""}
    if credential is not None:
        allowed[SignInBy.PASSWORD] &= credential.password != ""
        allowed[SignInBy.PROVIDER] &= credential.subject != "" and credential.issuer == issuer
    return frozenset(method for method, is_allowed in allowed.items() if is_allowed)


@dataclass(frozen=True, kw_only=True)
class StaffLink:
    """A single-use link for one person."""

    id: int
    kind: LinkKind
    address: str
    role: Role
    by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    withdrawn_at: datetime | None = None
    email_id: int | None = None
    """The id of the email with the link; None if the operator printed the link."""

    def is_usable(self, now: datetime) -> bool:
        is_unused = self.used_at is None and self.withdrawn_at is None
        # one that is dated far ahead is of a wrong clock
        return is_unused and abs(now - self.made_at) < self.expires_at - self.made_at


IDLE_TIMEOUT, SESSION_LIFETIME = timedelta(hours=8), timedelta(days=7)
"""A session ends this long after its last request, and this long after it began."""
FACTOR_TIMEOUT = timedelta(minutes=10)
"""The time for giving the second factor after the password."""
STEP_UP_LIFETIME = timedelta(minutes=10)
"""How long after a second factor dangerous acts do not ask for it again."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A signed-in browser. Only the browser has the session token, in a cookie."""

    hash: bytes
    """The SHA-256 of the session token."""
    address: str
    """The owner's address, folded."""
    created_at: datetime
    seen_at: datetime
    stepped_up_at: datetime | None = None
    """When the person last gave a second factor."""
    browser: str = ""
    """The browser in words, for the list of sessions."""
    network: str = ""
    """The network of the sign-in, never the address of a single machine."""
    stage: SignInStage = SignInStage.WHOLE
    """In any stage but WHOLE, the session opens only the next page of the sign-in."""

    @property
    def key(self) -> str:
        """Return the id of the session on its owner's pages. It gives no access."""
        return self.hash.hex()[:16]

    def is_alive(self, now: datetime, seen_at: datetime | None = None) -> bool:
        """Return whether the session is still valid.

        ``seen_at`` is the time of the last request, if it may not be stored yet. A time far in the
        future is of a wrong clock, and ends the session too.
        """
        last_seen = max(self.seen_at, seen_at or self.seen_at)
        lifetime = SESSION_LIFETIME if self.stage is SignInStage.WHOLE else FACTOR_TIMEOUT
        return abs(now - last_seen) < IDLE_TIMEOUT and abs(now - self.created_at) < lifetime

    def has_fresh_factor(self, now: datetime) -> bool:
        """Return whether the last second factor is recent enough for dangerous acts."""
        at = self.stepped_up_at
        return at is not None and timedelta(0) <= now - at < STEP_UP_LIFETIME


@dataclass(frozen=True, kw_only=True)
class Member:
    """A signed-in member of staff, with their current role and session."""

    address: str
    """The person's address, folded."""
    role: Role
    session: Session
    name: str
    """The name that colleagues use."""
    language: str = ""
    """The language that the person chose for the desk; "" for the browser's language."""

    def may(self, role: Role) -> bool:
        return self.role.includes(role)


def name_of(address: str) -> str:
    """Return a name made from an address: ``ana.ruiz@…`` is Ana Ruiz."""
    words = address.partition("@")[0].replace(".", " ").replace("_", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words) or address


_FIVE_MINUTES = timedelta(minutes=5)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The maximum number of attempts or failures within a period."""

    key: str
    """The key under which they are counted."""
    max_count: int
    period: timedelta


def limits_on_passwords(
    address: str, network: str, *, is_familiar: bool, device: str = ""
) -> tuple[Limit, ...]:
    """Return the limits on failed passwords: for the person, the network, and everybody.

    ``device`` is the id of a browser that signed in to this account before, or "". Only its own
    failures count, so that colleagues behind the same router do not lock it out. ``is_familiar``:
    the account was used from this network before. Only failures from there count, so that strangers
    elsewhere do not lock it out. ``network`` is "" behind a proxy that does not name its clients.
    """
    if device:
        return (Limit(key=f"password {address} by {device}", max_count=10, period=_FIVE_MINUTES),)
    pair = Limit(key=f"password {address} {network}", max_count=10, period=_FIVE_MINUTES)
    if is_familiar:
        return (pair,)
    person = Limit(key=f"password {address}", max_count=60, period=_HOUR)
    everybody = Limit(key="password", max_count=600, period=_FIVE_MINUTES)
    return pair, limit_of_network("network", network, 30, _HOUR), person, everybody


def limits_on_password_links(address: str, network: str) -> tuple[Limit, ...]:
    """Return the limits on requests for password links, which anybody can make."""
    pair = Limit(key=f"forgotten {address}", max_count=3, period=_HOUR)
    return pair, limit_of_network("forgotten from", network, 20, _HOUR)


def limit_of_network(what: str, network: str, max_count: int, period: timedelta) -> Limit:
    """Return the limit of a network. If a proxy hides it, everyone shares a wider one."""
    if not network:
        return Limit(key=what, max_count=600, period=_FIVE_MINUTES)
    return Limit(key=f"{what} {network}", max_count=max_count, period=period)


def limits_on_codes(address: str, network: str, *, is_familiar: bool) -> tuple[Limit, ...]:
    """Return the limits on wrong one-time codes. A person who guesses codes knows the password."""
    key = f"code {address} {network}" if is_familiar else f"code {address}"
    return (
        Limit(key=key, max_count=5, period=_FIVE_MINUTES),
        Limit(key=key, max_count=50, period=_DAY),
    )


MAX_TESTS_PER_MINUTE = 5
"""The test emails of one person in a minute, and so the addresses of a group."""
GroupAddresses = Annotated[
    tuple[Address, ...],
    not_empty("has no address or more than five; write one to five", MAX_TESTS_PER_MINUTE),
]


def limits_on_tests(actor: str) -> tuple[Limit, ...]:
    """Return the limits on test emails, for the person and for all staff.

    Test emails go to any address, delay queued batches, and count against the provider's quota.
    """
    key = f"test {actor}"
    return (
        Limit(key=key, max_count=MAX_TESTS_PER_MINUTE, period=timedelta(minutes=1)),
        Limit(key=key, max_count=60, period=_HOUR),
        Limit(key="test", max_count=20, period=timedelta(minutes=1)),
    )


def is_exceeded(
    limits: Iterable[Limit], now: datetime, count: Callable[[str, datetime, datetime], int]
) -> bool:
    """Return whether a limit is reached; ``count`` returns the number for a key between times.

    Times after the period are of a clock that ran ahead, and do not count.
    """
    return any(
        count(limit.key, now - limit.period, now + limit.period) >= limit.max_count
        for limit in limits
    )


_BROWSER_NAMES = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi/", "Vivaldi"), ("Firefox/", "Firefox")),
    *(("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari")),
)
"""Part of a user agent → browser. The first match counts: most browsers name others too."""
_SYSTEM_NAMES = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("Mac OS X", "Mac"), ("CrOS", "Chromebook"), ("Linux", "Linux")),
)


def describe_browser(user_agent: str) -> str:
    """Return the browser and system of a user agent, such as "Firefox, Linux", or ""."""
    tables = (_BROWSER_NAMES, _SYSTEM_NAMES)
    found = (next((name for part, name in names if part in user_agent), "") for names in tables)
    return ", ".join(filter(None, found))


CHALLENGE_LIFETIME = timedelta(minutes=5)
"""The time to answer a passkey challenge."""
MAX_PASSKEYS = 20
MAX_NAME_CHARS = 60
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class RelyingParty:
    """The relying party of WebAuthn: the website for which a passkey is valid."""

    id: str
    """The host name. A browser offers a passkey only there."""
    origin: str
    """Scheme, host and port, as browsers write them."""
    name: str
    """The name that the browser shows."""


@dataclass(frozen=True, kw_only=True)
class Passkey:
    """A passkey of an account. It contains no secret."""

    id: bytes
    """The credential id, chosen by the device."""
    address: str
    """The owner's address, folded."""
    party: str
    """The host name for which the passkey is valid."""
    name: str
    """The name that the owner chose."""
    public: bytes
    """The public key as received from the device (attested credential data of WebAuthn)."""
    signatures: int
    """The signature counter of the device at the last use; 0 if the device does not count."""
    made_at: datetime
    used_at: datetime | None = None

    @property
    def key(self) -> str:
        """Return the id of the passkey on its owner's pages."""
        return sha256(self.id).hexdigest()[:16]

    def is_cloned(self, count: int) -> bool:
        """Return whether the signature counter did not grow: two devices then use one key."""
        # a device that does not count sends 0 each time
        return count <= self.signatures and (count, self.signatures) != (0, 0)


def relying_party_of(address: str, name: str) -> RelyingParty | None:
    """Return the relying party for this URL, or None.

    Browsers require a host name, and https except for localhost.
    """
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".")
    is_secure = parts.scheme == "https" or (parts.scheme, host) == ("http", "localhost")
    if not host or not is_secure or _is_ip_address(host):
        return None
    domain = ascii_host(host)
    names_port = parts.port not in {None, _DEFAULT_PORTS[parts.scheme]}
    origin = f"{parts.scheme}://{domain}{f':{parts.port}' if names_port else ''}"
    return RelyingParty(id=domain, origin=origin, name=name)


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
