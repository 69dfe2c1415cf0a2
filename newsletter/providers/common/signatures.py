"""Parse the keys of webhooks, and verify the signature and the age of a post. The functions that
parse a key raise ValueError. It describes a valid key and never shows the key."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from newsletter.domain.events import Event, EventKind, Forged
from newsletter.providers.common.webhooks import (
    TranslateEvent,
    parse_many,
    parse_time,
    read_many,
    value_at,
)


def secret(key: str, *, key_example: str) -> bytes:
    """Parse a shared secret: its printable ASCII characters are the key."""
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(f"holds a blank, or no plain letters; it looks like {key_example}")
    return key.encode()


def endpoint_secret(key: str) -> bytes:
    """Parse ``whsec_`` and base64, the form of Svix and Standard Webhooks."""
    prefix, _, encoded = key.partition("whsec_")
    found = b"" if prefix else unbase64(encoded + "=" * (-len(encoded) % 4))
    if not found:
        raise ValueError("must be whsec_ and then letters of base64, as Resend's page shows it")
    return found


def user_and_password(key: str) -> bytes:
    """Parse the ``user:password`` of Basic authentication."""
    user, colon, password = key.partition(":")
    if not (user and colon and password) or not key.isprintable():
        raise ValueError("must be a user name, a colon and a password, like events:kL9…")
    return key.encode()


def unbase64(encoded: str) -> bytes | None:
    """Return the bytes; None for invalid base64, even a stray space."""
    try:
        return base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None


MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""The largest difference allowed between the provider's clock and ours."""
MAX_AGE = timedelta(days=1)


class Unverifiable(Forged):
    """The signature could not be checked now. Answered with 503, for another post."""


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header's value. Raises Forged if it is missing or empty."""
    value = headers.get(name, "")
    if not value:
        raise Forged(f"the header {name} is missing or empty")
    return value


def is_same(signature: str, expected: str) -> bool:
    """Compare two texts in constant time, with case."""
    # in bytes: of text it takes ASCII alone, and raises over the rest
    return hmac.compare_digest(signature.encode(errors="replace"), expected.encode())


def require_hmac(key: bytes, message: bytes, signature: str) -> None:
    """Verify an HMAC-SHA256 in lower-case hexadecimal. Raises Forged."""
    if not is_same(signature, hmac.new(key, message, hashlib.sha256).hexdigest()):
        raise Forged("the signature does not match")


def require_user(key: bytes, headers: Mapping[str, str]) -> None:
    """Verify Basic authentication (RFC 7617). Raises Forged."""
    scheme, _, encoded = header(headers, "authorization").partition(" ")
    credentials = unbase64(encoded)
    matches = hmac.compare_digest(credentials or b"", key)  # before the rest: no early way out
    if scheme.lower() != "basic" or not matches:
        raise Forged("the user name or the password does not match")


def require_fresh(signed_at: datetime | None, now: datetime, retries: timedelta) -> None:
    """Raise Forged for a signature that is too old, in the future, or without a time. ``retries``
    is how long after signing the provider may post the same signature again."""
    if signed_at is None:
        raise Forged("it does not say when it was signed")
    if signed_at > now + MAX_CLOCK_DIFFERENCE:
        raise Forged("it was signed in the future; is the clock of this machine right?")
    if now - signed_at > min(retries + MAX_CLOCK_DIFFERENCE, MAX_AGE):
        raise Forged("it was signed too long ago: a replay")


class SignedWebhook:
    """A webhook with a signature over the whole body. Its newest event has the time of signing."""

    translate: TranslateEvent
    retries: timedelta
    """How long after signing the provider may post the same signature again."""
    time_key: str
    """The JSON key of an event's time."""
    events_key = ""
    """The JSON key of the events in a post with several; "" if there is none."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Verify the signature. Raises Forged."""
        raise NotImplementedError

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Verify a post and return its events. Raises Forged."""
        self.verify(headers, body)
        events = read_many(body, now, self.translate, key=self.events_key)
        event_list = parse_many(body, key=self.events_key)
        times = [when for item in event_list if (when := parse_time(value_at(item, self.time_key)))]
        # a post without a time that is not understood has no effect, however often it comes
        if times or any(event.kind is not EventKind.OTHER for event in events):
            require_fresh(max(times, default=None), now, self.retries)
        return events


class HmacWebhook(SignedWebhook):
    """A webhook signed by HMAC-SHA256 with a shared secret, the ``key``."""

    key_example: str
    signature_header: str
    """The name of the header with the signature."""

    def __init__(self, key: str) -> None:
        self._key = secret(key, key_example=self.key_example)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Verify the signature. Raises Forged."""
        require_hmac(self._key, body, header(headers, self.signature_header))


class PasswordWebhook:
    """A webhook without a signature, sent with a password. ``key`` is ``user:password``."""

    translate: TranslateEvent

    def __init__(self, key: str) -> None:
        self._key = user_and_password(key)

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Verify the password and return the events of a post. Raises Forged."""
        require_user(self._key, headers)
        return read_many(body, now, self.translate)
