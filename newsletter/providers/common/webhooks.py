"""From a post's bytes to the values of events. Nothing here raises, whatever the bytes are.

Amazon's table: its developer guide, "Amazon SNS notification contents", bounce types. Of what it
holds back without a try (tenants' lists, its validation of addresses, its lists of contacts) the
names are as public programs quote that page in 2026. Resend sends through Amazon and hands these
types on.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypedDict

from newsletter.documents.release.words import load_table
from newsletter.domain.events import Bounce, Event, EventKind, bounce_class

MAX_RAW = 20_000
"""Characters of an event that are kept as it came."""
_MIN_BYTES, _FEW = 50, 1_000
"""The fewest bytes of an event that names a message, and the number of events that are always
read."""
_MAX_REASON = 500
_MAX_NAME = 256
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ADDRESS = re.compile(r"(?<![^\s<>\"'(),:;@\[\]])[^\s<>\"'(),:;@\[\]]++@([^\s<>\"'(),:;@\[\]]+)")
_NUMBER = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")
_SUBSCRIBER = re.compile(r"[0-9]{1,15}")
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


Translate = Callable[[dict[str, Any], datetime], Event]
"""From one event in the provider's words to ours."""


class Delivery(TypedDict):
    """The parts of an event that name a delivery."""

    campaign: str
    attempt_id: str
    subscriber_id: int | None


def parse(body: bytes | str) -> Any:
    """Return the JSON value; None if it is invalid."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def parse_many(body: bytes, *, key: str = "") -> list[Any]:
    """The events of a post: one object, an array, or one object a line.

    ``key`` names the place under which an object may hold the array.
    """
    payload = parse(body)
    if isinstance(payload, dict):
        payload = payload.get(key, payload) if key else payload
        return _plausible(payload, body) if isinstance(payload, list) else [payload]
    if isinstance(payload, list):
        return _plausible(payload, body)
    lines = [line for line in body.splitlines() if line.strip()]
    values = [parse(line) for line in lines]
    return values if all(isinstance(value, dict) for value in values) else []


def _plausible(events: list[Any], body: bytes) -> list[Any]:
    """No event where there are more than their bytes could tell of: each takes time."""
    return events if len(events) * _MIN_BYTES <= max(len(body), _FEW * _MIN_BYTES) else []


def inside(value: Any, *keys: str | int) -> Any:
    """Return the value at this path; None if there is none."""
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def listed(value: Any) -> list[Any]:
    """Return the value if it is a list, else an empty list."""
    return value if isinstance(value, list) else []


def exact(value: Any) -> str:
    """Return text unchanged; "" for any other value. For signed or compared values."""
    return value if isinstance(value, str) else ""


def text(value: Any, longest: int = _MAX_NAME) -> str:
    """Text or a whole number, on one line and bounded; empty for anything else."""
    # Python refuses to write out whole numbers of thousands of digits
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20:
        value = str(value)
    if not isinstance(value, str):
        return ""
    return _CONTROL.sub(" ", value[: longest * 2]).strip()[:longest]


def words(*values: Any) -> str:
    """Return a server's reply, with any addresses in it."""
    return " ".join(filter(None, (text(value, _MAX_REASON) for value in values)))[:_MAX_REASON]


def reason(*values: Any) -> str:
    """Return a server's reply for people: an address in it keeps only its domain."""
    return _ADDRESS.sub(r"…@\1", words(*values))


def address(value: Any) -> str:
    """Return the address, also from ``Name <address>``; "" if it is invalid."""
    given = text(value, 320).removesuffix(">").rpartition("<")[2].strip()
    found = _ADDRESS.fullmatch(given)
    return given if found else ""


def instant(value: Any) -> datetime | None:
    """Seconds since 1970 or ISO 8601, of this century; None for anything else."""
    try:
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            found = datetime.fromisoformat(value.strip().replace(" +", "+"))
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(float(value), UTC)
        else:
            return None
        return found.astimezone(UTC) if _FIRST <= found < _LAST else None
    except (ValueError, OverflowError, OSError):
        return None


def delivery(payload: Any) -> Delivery:
    """Out of a mapping with ``campaign``, ``attempt`` and ``subscriber``."""
    subscriber = text(inside(payload, "subscriber"))
    return Delivery(
        campaign=text(inside(payload, "campaign")),
        attempt_id=text(inside(payload, "attempt")),
        subscriber_id=int(subscriber) if _SUBSCRIBER.fullmatch(subscriber) else None,
    )


def split_delivery(joined: Any, mark: str) -> Delivery:
    """Out of campaign, attempt and subscriber in one text, with a mark between them."""
    parts = text(joined).rsplit(mark, 2)
    names = ("campaign", "attempt", "subscriber")
    return delivery(dict(zip(names, parts, strict=True)) if len(parts) == len(names) else {})


def content_id(*parts: Any) -> str:
    """A name for an event that has none: the same for the same parts."""
    try:
        stable = json.dumps(parts, sort_keys=True)
    except (ValueError, RecursionError):
        stable = "unspeakable"
    return hashlib.sha256(stable.encode()).hexdigest()


def raw(value: Any) -> str:
    """The event as JSON, bounded."""
    try:
        written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""
    # JSON can name half a character, which is no UTF-8, and NUL, which PostgreSQL does not take
    return written[:MAX_RAW].encode(errors="replace").decode().replace("\x00", "")


def read_many(
    body: bytes, now: datetime, translate: Translate, *, key: str = ""
) -> tuple[Event, ...]:
    """The events of a post that holds an object, an array, or an object a line.

    ``key`` names the place under which an object may hold the array.
    """
    events = [
        translate(item, now)
        if isinstance(item, dict)
        else unreadable_event(raw(item).encode(), now)
        for item in parse_many(body, key=key)
    ]
    return tuple(events) or (unreadable_event(body, now),)


def unreadable_event(body: bytes, now: datetime, *, id: str = "") -> Event:
    """The event for a post that is signed and not understood."""
    return Event(
        id=id or hashlib.sha256(body).hexdigest(),
        kind=EventKind.OTHER,
        at=now,
        raw=raw(body[: MAX_RAW * 4].decode(errors="replace")),
    )


def told(
    item: Any,
    now: datetime,
    *,
    kind: EventKind,
    id: Any = "",
    at: Iterable[Any],
    to: Iterable[Any],
    sent_as: Iterable[Any],
    delivery: Delivery,
    reasons: Sequence[Any],
    about: Sequence[Any] = (),
    bounce: Bounce | None = None,
) -> Event:
    """The event that an item of a post is, made of values as they came.

    The first of ``at``, ``to`` and ``sent_as`` counts that is an instant, an address, an id of the
    provider's. ``reasons`` are the words of the reader's server, which may make another class of
    ``bounce``; ``about`` are the provider's own, which people read before them.
    """
    said = words(*reasons)
    return Event(
        id=text(id) or content_id(item),
        kind=kind,
        at=next(filter(None, map(instant, at)), now),
        bounce=bounce_class(bounce or Bounce.OTHER, said) if kind is EventKind.BOUNCED else None,
        address=next(filter(None, map(address, to)), ""),
        provider_id=next(filter(None, map(text, sent_as)), ""),
        reason=reason(*about, *reasons),
        raw=raw(item),
        **delivery,
    )


class Words:
    """A provider's words, and ours for them: the tables of ``events.yaml`` beside its reader."""

    def __init__(self, reader: str) -> None:
        tables = load_table(reader.rpartition(".")[0], "events.yaml")
        self._kinds = {word: EventKind(kind) for word, kind in tables.pop("kinds").items()}
        self._bounces: dict[str, dict[str, Bounce]] = {
            name: {str(word): Bounce(bounce) for word, bounce in table.items()}
            for name, table in tables.items()
        }

    def kind(self, name: Any, otherwise: EventKind = EventKind.OTHER) -> EventKind:
        """Return the kind of an event."""
        return self._kinds.get(text(name), otherwise)

    def bounce(self, table: str, word: Any) -> Bounce | None:
        """Return the class of a bounce by a word; None if the table has none."""
        return self._bounces[table].get(text(word))

    def bounce_within(self, table: str, reason: str) -> Bounce:
        """Return the class by the first word of the table that a reason contains."""
        found = (bounce for word, bounce in self._bounces[table].items() if word in reason)
        return next(found, Bounce.OTHER)


_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_NO_MAILBOX = {"550", "551", "553"}
_FULL = "552"


@cache
def _amazon() -> Mapping[str, Mapping[str, str]]:
    table: Mapping[str, Mapping[str, str]] = load_table(
        "newsletter.providers.common", "amazon.yaml"
    )
    return table


def amazon_bounce(kind: Any, sub_kind: Any) -> Bounce:
    """By type and sub-type, and by the type alone for sub-types that came later."""
    table = _amazon().get(text(kind), {})
    return Bounce(table.get(text(sub_kind)) or table.get("any", "other"))


def smtp_bounce(diagnostic: str) -> Bounce:
    """By the first three-digit code of RFC 5321 in what a server answered."""
    found = _CODE.search(diagnostic)
    code = found[1] if found else ""
    if code in _NO_MAILBOX:
        return Bounce.HARD
    return Bounce.SOFT if code == _FULL or code.startswith("4") else Bounce.OTHER
