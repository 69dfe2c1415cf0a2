"""Parses the bytes of a webhook post into events, and verifies the signature and age of a post.

No bytes make a function that parses raise an error. Parsing a key raises ValueError, which
describes a valid key and never shows the key.

Facts of amazon.yaml: Amazon's developer guide, "Amazon SNS notification contents", bounce types.
The names of bounces that Amazon makes itself are those that public programs quoted from it in 2026.
Resend sends through Amazon and passes on these types.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from newsletter.domain.events import Bounce, Event, EventKind, Forged, classify_bounce
from newsletter.tables import load_table

MAX_RAW_CHARS = 20_000
"""The characters of an event's original JSON that are kept."""
_MIN_BYTES, _MIN_EVENTS = 50, 1_000
"""The fewest bytes of an event, and the number of events that are read in any case."""
_MAX_REASON_CHARS = 500
_MAX_NAME_CHARS = 256
_CONTROL_PATTERN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ADDRESS_PATTERN = re.compile(
    r"(?<![^\s<>\"'(),:;@\[\]])[^\s<>\"'(),:;@\[\]]++@([^\s<>\"'(),:;@\[\]]+)"
)
_TIMESTAMP_PATTERN = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")
_SUBSCRIBER_ID_PATTERN = re.compile(r"[0-9]{1,15}")
_FIRST_PLAUSIBLE_TIME, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


TranslateEvent = Callable[[dict[str, Any], datetime], Event]
"""Makes an ``Event`` from a provider's JSON and the time of the post."""


class Delivery(TypedDict):
    """The fields of an event that identify a delivery."""

    campaign: str
    attempt_id: str
    subscriber_id: int | None


def parse_json(body: bytes | str) -> Any:
    """Parse JSON; None if it is invalid."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def split_events(body: bytes, *, key: str = "") -> list[Any]:
    """Return the events of a post: one object, an array (maybe under ``key``), or JSON lines."""
    payload = parse_json(body)
    if isinstance(payload, dict):
        payload = payload.get(key, payload) if key else payload
        return _if_plausible(payload, body) if isinstance(payload, list) else [payload]
    if isinstance(payload, list):
        return _if_plausible(payload, body)
    lines = [line for line in body.splitlines() if line.strip()]
    values = [parse_json(line) or line.decode(errors="replace") for line in lines]
    has_event = any(isinstance(value, dict) for value in values)
    return _if_plausible(values, body) if has_event else []


def _if_plausible(events: list[Any], body: bytes) -> list[Any]:
    """Return the events; [] if they are too short to be real, because each costs time."""
    return events if len(events) * _MIN_BYTES <= max(len(body), _MIN_EVENTS * _MIN_BYTES) else []


def value_at(value: Any, *keys: str | int) -> Any:
    """Return the value at a path of keys and indexes; None if there is none."""
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def exact_text(value: Any) -> str:
    """Return a text unchanged; "" for any other type."""
    return value if isinstance(value, str) else ""


def text(value: Any, max_length: int = _MAX_NAME_CHARS) -> str:
    """Return a text or integer on one line, cut to ``max_length``; "" for anything else."""
    # Python does not write integers of thousands of digits
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20:
        value = str(value)
    if not isinstance(value, str):
        return ""
    return _CONTROL_PATTERN.sub(" ", value[: max_length * 2]).strip()[:max_length]


def reply_text(*values: Any) -> str:
    """Join the parts of a mail server's reply."""
    texts = (text(value, _MAX_REASON_CHARS) for value in values)
    return " ".join(filter(None, texts))[:_MAX_REASON_CHARS]


def redacted_reply(*values: Any) -> str:
    """Join the parts of a mail server's reply, without the local parts of addresses."""
    return _ADDRESS_PATTERN.sub(r"…@\1", reply_text(*values))


def address(value: Any) -> str:
    """Return the address in ``address`` or ``Name <address>``; "" if it is invalid."""
    mailbox = text(value, 320).removesuffix(">").rpartition("<")[2].strip()
    found = _ADDRESS_PATTERN.fullmatch(mailbox)
    return mailbox if found else ""


def parse_time(value: Any) -> datetime | None:
    """Parse seconds since 1970 or ISO 8601, of this century; None for anything else."""
    try:
        if isinstance(value, str) and not _TIMESTAMP_PATTERN.fullmatch(value):
            found = datetime.fromisoformat(value.strip().replace(" +", "+"))
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(float(value), UTC)
        else:
            return None
        return found.astimezone(UTC) if _FIRST_PLAUSIBLE_TIME <= found < _LAST else None
    except (ValueError, OverflowError, OSError):
        return None


def read_delivery(payload: Any) -> Delivery:
    """Return the delivery from a mapping with ``campaign``, ``attempt`` and ``subscriber``."""
    subscriber = text(value_at(payload, "subscriber"))
    return Delivery(
        campaign=text(value_at(payload, "campaign")),
        attempt_id=text(value_at(payload, "attempt")),
        subscriber_id=int(subscriber) if _SUBSCRIBER_ID_PATTERN.fullmatch(subscriber) else None,
    )


def split_delivery(parts: Any, separator: str) -> Delivery:
    """Return the delivery from a text of campaign, attempt and subscriber with separators."""
    parts = text(parts).rsplit(separator, 2)
    names = ("campaign", "attempt", "subscriber")
    return read_delivery(dict(zip(names, parts, strict=True)) if len(parts) == len(names) else {})


def hash_id(*parts: Any) -> str:
    """Return an id for an event that has none: a hash of its parts."""
    try:
        stable = json.dumps(parts, sort_keys=True)
    except (ValueError, RecursionError):
        stable = "unspeakable"
    return hashlib.sha256(stable.encode()).hexdigest()


def raw_json(value: Any) -> str:
    """Return an event as JSON, cut to ``MAX_RAW_CHARS`` characters."""
    try:
        document = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""
    # JSON may escape lone surrogates, which are no UTF-8, and NUL, which PostgreSQL refuses
    return document[:MAX_RAW_CHARS].encode(errors="replace").decode().replace("\x00", "")


def read_events(
    body: bytes, now: datetime, translate: TranslateEvent, *, key: str = ""
) -> tuple[Event, ...]:
    events = [
        translate(item, now)
        if isinstance(item, dict)
        else unreadable_event(raw_json(item).encode(), now)
        for item in split_events(body, key=key)
    ]
    return tuple(events) or (unreadable_event(body, now),)


def unreadable_event(body: bytes, now: datetime, *, id: str = "") -> Event:
    """Return the event for a verified post that cannot be read."""
    return Event(
        id=id or hashlib.sha256(body).hexdigest(),
        kind=EventKind.OTHER,
        at=now,
        raw=raw_json(body[: MAX_RAW_CHARS * 4].decode(errors="replace")),
    )


def make_event(
    item: Any,
    now: datetime,
    *,
    kind: EventKind,
    id: Any = "",
    times: Iterable[Any],
    addresses: Iterable[Any],
    provider_ids: Iterable[Any],
    delivery: Delivery,
    replies: Sequence[Any],
    notes: Sequence[Any] = (),
    bounce: Bounce | None = None,
) -> Event:
    """Build an event from unchecked values of a provider's event.

    Of ``times``, ``addresses`` and ``provider_ids`` the first valid value is used. ``replies`` are
    words of the recipient's mail server, which may change the class of ``bounce``. ``notes`` are
    words of the provider, with which the reason begins.
    """
    reply = reply_text(*replies)
    return Event(
        id=text(id) or hash_id(item),
        kind=kind,
        at=next(filter(None, map(parse_time, times)), now),
        bounce=classify_bounce(bounce or Bounce.OTHER, reply)
        if kind is EventKind.BOUNCED
        else None,
        address=next(filter(None, map(address, addresses)), ""),
        provider_id=next(filter(None, map(text, provider_ids)), ""),
        reason=redacted_reply(*notes, *replies),
        raw=raw_json(item),
        **delivery,
    )


class EventTables:
    """Translates a provider's event kinds and bounces by the tables in its ``events.yaml``."""

    def __init__(self, reader: str) -> None:
        tables = load_table(reader.rpartition(".")[0], "events.yaml")
        self._kinds = {word: EventKind(kind) for word, kind in tables.pop("kinds").items()}
        self._bounces: dict[str, dict[str, Bounce]] = {
            name: {str(word): Bounce(bounce) for word, bounce in table.items()}
            for name, table in tables.items()
        }

    def kind(self, name: Any, otherwise: EventKind = EventKind.OTHER) -> EventKind:
        """Return the kind of an event by the provider's name for it."""
        return self._kinds.get(text(name), otherwise)

    def bounce(self, table: str, code: Any) -> Bounce | None:
        """Return the class of a bounce by the provider's word; None if it is unknown."""
        return self._bounces[table].get(text(code))

    def suppression_bounce(self, reason: str) -> Bounce:
        """Return the class of the first word in "suppressed" that the reason has, or OTHER."""
        found = (bounce for word, bounce in self._bounces["suppressed"].items() if word in reason)
        return next(found, Bounce.OTHER)


_SMTP_CODE_PATTERN = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_NO_MAILBOX_CODES = {"550", "551", "553"}
_MAILBOX_FULL_CODE = "552"


_AMAZON_BOUNCES = load_table("newsletter.providers.common", "amazon.yaml")


def amazon_bounce(kind: Any, sub_kind: Any) -> Bounce:
    """Return the class of a bounce by Amazon's type and, if it is known, sub-type."""
    table = _AMAZON_BOUNCES.get(text(kind), {})
    return Bounce(table.get(text(sub_kind)) or table.get("any", "other"))


def smtp_bounce(diagnostic: str) -> Bounce:
    """Return the class of a bounce by the first SMTP reply code (RFC 5321) in a diagnostic."""
    found = _SMTP_CODE_PATTERN.search(diagnostic)
    code = found[1] if found else ""
    if code in _NO_MAILBOX_CODES:
        return Bounce.HARD
    return Bounce.SOFT if code == _MAILBOX_FULL_CODE or code.startswith("4") else Bounce.OTHER


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
        # one event of the future refuses no others
        times = [when for when in times if when <= now + MAX_CLOCK_DIFFERENCE] or times
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
