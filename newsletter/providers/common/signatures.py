"""Parses the keys of webhooks, and verifies the signature and the age of a post.

Parsing a key raises ValueError, which describes a valid key and never shows the key.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from newsletter.domain.events import Event, EventKind, Forged
from newsletter.providers.common.webhooks import (
    TranslateEvent,
    parse_time,
    read_events,
    split_events,
    value_at,
)


def parse_secret(key: str, *, key_example: str) -> bytes:
    """Return the bytes of a shared secret in printable ASCII."""
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(f"holds a blank, or no plain letters; it looks like {key_example}")
    return key.encode()


def parse_endpoint_secret(key: str) -> bytes:
    """Parse ``whsec_`` with base64, the form of Svix and Standard Webhooks."""
    prefix, _, encoded = key.partition("whsec_")
    found = b"" if prefix else decode_base64(encoded + "=" * (-len(encoded) % 4))
    if not found:
        raise ValueError("must be whsec_ and then letters of base64, as Resend's page shows it")
    return found


def parse_password(key: str) -> bytes:
    """Parse the ``user:password`` of Basic authentication."""
    user, colon, password = key.partition(":")
    if not (user and colon and password) or not key.isprintable():
        raise ValueError("must be a user name, a colon and a password, like events:kL9…")
    return key.encode()


def decode_base64(encoded: str) -> bytes | None:
    """Decode base64; return None if it is invalid, for instance with a blank."""
    try:
        return base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None


MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""The largest difference allowed between the provider's clock and ours."""
MAX_AGE = timedelta(days=1)


class Unverifiable(Forged):
    """The signature could not be checked now. The answer is 503, so that the post comes again."""


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header's value. Raises Forged if it is missing or empty."""
    value = headers.get(name, "")
    if not value:
        raise Forged(f"the header {name} is missing or empty")
    return value


def is_equal(signature: str, expected: str) -> bool:
    """Compare two texts in constant time."""
    # as bytes, because compare_digest refuses text that is not ASCII
    return hmac.compare_digest(signature.encode(errors="replace"), expected.encode())


def require_hmac(key: bytes, message: bytes, signature: str) -> None:
    """Verify an HMAC-SHA256 in lower-case hexadecimal. Raises Forged."""
    if not is_equal(signature, hmac.new(key, message, hashlib.sha256).hexdigest()):
        raise Forged("the signature does not match")


def require_user(key: bytes, headers: Mapping[str, str]) -> None:
    """Verify Basic authentication (RFC 7617). Raises Forged."""
    scheme, _, encoded = header(headers, "authorization").partition(" ")
    credentials = decode_base64(encoded)
    matches = hmac.compare_digest(credentials or b"", key)  # first, for equal times
    if scheme.lower() != "basic" or not matches:
        raise Forged("the user name or the password does not match")


def require_fresh(signed_at: datetime | None, now: datetime, retries: timedelta) -> None:
    """Raise Forged unless the time is within ``retries``, the period of the provider's retries."""
    if signed_at is None:
        raise Forged("it does not say when it was signed")
    if signed_at > now + MAX_CLOCK_DIFFERENCE:
        raise Forged("it was signed in the future; is the clock of this machine right?")
    if now - signed_at > min(retries + MAX_CLOCK_DIFFERENCE, MAX_AGE):
        raise Forged("it was signed too long ago: a replay")


class SignedWebhook:
    """A webhook with a signature over the body. The time of its newest event counts as signed."""

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
        events = read_events(body, now, self.translate, key=self.events_key)
        event_list = split_events(body, key=self.events_key)
        times = [when for item in event_list if (when := parse_time(value_at(item, self.time_key)))]
        # a post whose events are all OTHER has no effect, so a replay of it does no harm
        if times or any(event.kind is not EventKind.OTHER for event in events):
            require_fresh(max(times, default=None), now, self.retries)
        return events


class HmacWebhook(SignedWebhook):
    """A webhook signed by HMAC-SHA256 with a shared secret, the ``key``."""

    key_example: str
    signature_header: str
    """The name of the header with the signature."""

    def __init__(self, key: str) -> None:
        self._key = parse_secret(key, key_example=self.key_example)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        require_hmac(self._key, body, header(headers, self.signature_header))


class PasswordWebhook:
    """A webhook without a signature, sent with a password. ``key`` is ``user:password``."""

    translate: TranslateEvent

    def __init__(self, key: str) -> None:
        self._key = parse_password(key)

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Verify the password and return the events of a post. Raises Forged."""
        require_user(self._key, headers)
        return read_events(body, now, self.translate)
