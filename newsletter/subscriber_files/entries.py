"""One subscriber or suppression, checked value by value, whatever kind of file it is from."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from newsletter.domain.subscribers.audience import (
    LIST_NAME,
    TAG_NAME,
    Consent,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.formats.scalars import did_you_mean
from newsletter.formats.text import control_in_value
from newsletter.formats.times import (
    language_objection,
    read_day_or_instant,
    read_instant,
    zone_objection,
)
from newsletter.subscriber_files.entry_reader import EntryReader

_ABSENT = ""

ProviderPool = Callable[[str], int]
"""Tells on which line each key stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """The texts of one subscriber, unchecked; empty means not given."""

    email: str = _ABSENT
    name: str = _ABSENT
    lists: Sequence[str] = ()
    language: str = _ABSENT
    timezone: str = _ABSENT
    consent_source: str = _ABSENT
    consent_at: str = _ABSENT
    place: str = _ABSENT
    tags: Sequence[str] = ()
    paused_until: str = _ABSENT
    left: Sequence[str] = ()


def subscriber(reader: EntryReader, raw: Raw, lines: ProviderPool) -> Entry | None:
    """Check one subscriber; None, with what is wrong noted, if anything is."""
    before = len(reader)
    address = reader.subscriber_address(raw.email, lines("email"))
    _check(reader, lines, "name", raw.name, _line_objection)
    _check(reader, lines, "place", raw.place, _line_objection)
    _check(reader, lines, "language", raw.language, language_objection)
    _check(reader, lines, "timezone", raw.timezone, zone_objection)
    _check_names(reader, raw, lines)
    consent = _consent(reader, raw, lines)
    paused_until = _instant(reader, lines, "paused_until", raw.paused_until, _day_or_instant)
    if len(reader) > before:
        return None
    return Entry(
        address=address,
        name=raw.name,
        lists=_unique(tuple(raw.lists)),
        language=raw.language,
        timezone=raw.timezone,
        consent=consent,
        place=raw.place,
        tags=_unique(tuple(raw.tags)),
        paused_until=paused_until,
        left=_unique(tuple(raw.left)),
    )


def suppression(
    reader: EntryReader, email: str, reason: str, line: int, key: str = "reason"
) -> SuppressedEntry | None:
    """Check one suppression; None, with what is wrong noted, if anything is.

    ``key`` is what the file calls the reason.
    """
    address = reader.suppressed_address(email, line)
    known = [reason.value for reason in SuppressionReason]
    if not reason:
        reader.fault(line, key, f"is missing; write one of {', '.join(known)}")
    elif reason not in known:
        reader.fault(line, key, f"{reason!r} is not a reason{did_you_mean(reason, known)}")
    elif address:
        return SuppressedEntry(address=address, reason=SuppressionReason(reason))
    return None


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What to say of a key or column that means nothing to us."""
    return f"means nothing here{did_you_mean(key, known)}"


def _check(
    reader: EntryReader, lines: ProviderPool, key: str, value: str, objection: Callable[[str], str]
) -> None:
    message = objection(value) if value else ""
    if message:
        reader.fault(lines(key), key, message)


def _check_names(reader: EntryReader, raw: Raw, lines: ProviderPool) -> None:
    for name in raw.lists:
        _check(reader, lines, "lists", name, _list_objection)
    for name in raw.left:
        _check(reader, lines, "left", name, _list_objection)
        if name in raw.lists:
            message = f"{name} stands in lists too; who left a list is not in it"
            reader.fault(lines("left"), "left", message)
    for name in raw.tags:
        _check(reader, lines, "tags", name, _tag_objection)


def _consent(reader: EntryReader, raw: Raw, lines: ProviderPool) -> Consent | None:
    if not raw.consent_source and not raw.consent_at:
        return None
    if not raw.consent_source:
        reader.fault(
            lines("consent"), "consent", "has a time and no source; write where it was given"
        )
        return None
    objection = _line_objection(raw.consent_source)
    if objection:
        reader.fault(lines("consent"), "consent.source", objection)
    at = _instant(reader, lines, "consent.at", raw.consent_at, _any_instant)
    return Consent(source=raw.consent_source, at=at)


def _instant(
    reader: EntryReader, lines: ProviderPool, key: str, value: str, read: Callable[[str], datetime]
) -> datetime | None:
    try:
        return read(value) if value else None
    except ValueError as error:
        reader.fault(lines(key.partition(".")[0]), key, str(error))
        return None


_any_instant = lru_cache(maxsize=4096)(read_instant)
_day_or_instant = lru_cache(maxsize=4096)(read_day_or_instant)


def _line_objection(value: str) -> str:
    control = control_in_value(value)
    return f"holds {control}; write it on one line" if control else ""


@lru_cache(maxsize=1024)
def _list_objection(name: str) -> str:
    if re.fullmatch(LIST_NAME, name):
        return ""
    return f"{name!r} is not the name of a list; write one like press or press-us"


@lru_cache(maxsize=4096)
def _tag_objection(name: str) -> str:
    if re.fullmatch(TAG_NAME, name):
        return ""
    return f"{name!r} is not a tag; write one like board-member, in small letters and figures"


@lru_cache(maxsize=4096)
def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
