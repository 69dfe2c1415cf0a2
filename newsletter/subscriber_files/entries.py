"""Validate subscribers and suppressions, and collect the faults of a file."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from unicodedata import normalize

from newsletter.domain.errors import Defect, Fault, InvalidInput
from newsletter.domain.setting import control_in_value
from newsletter.domain.subscribers.address import fold, parse_address
from newsletter.domain.subscribers.audience import (
    Consent,
    Entry,
    StaffNotes,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.domain.subscribers.lists import LIST_NAME
from newsletter.domain.wording import did_you_mean, invalid, say
from newsletter.formats.times import language_objection, read_day_or_instant, zone_objection

MAX_FAULTS = 1000
BAD_ROW_CODE = "bad-row"
"""The code of faults in a file that can be imported without its bad rows."""


class DuplicateCheck:
    """The first line of each address, by a hash of the address: 120 bytes of memory each."""

    def __init__(self) -> None:
        self._lines: dict[bytes, int] = {}

    def record(self, address: str, line: int) -> int:
        """Record an address. Return the earlier line that has it, or 0."""
        address_hash = blake2b(fold(address).encode(), digest_size=12).digest()
        count = len(self._lines)
        first = self._lines.setdefault(address_hash, line)
        return first if len(self._lines) == count else 0


class EntryReader:
    """Collects the faults of a file, at most MAX_FAULTS, and the lines of its addresses."""

    def __init__(self, file: str, *, omits_bad_rows: bool = False) -> None:
        self.file = file
        self.omits_bad_rows = omits_bad_rows
        self.bad_rows = 0
        self._faults_of_rows = 0
        self.subscribers = DuplicateCheck()
        self.suppressed = DuplicateCheck()
        self._faults: list[Fault] = []
        self._more = 0

    def __len__(self) -> int:
        return len(self._faults) + self._more

    def fault(
        self, line: int, key: str, said: str, *, column: int = 0, file: str = "", **values: object
    ) -> None:
        """Add a fault. Line 0 is the whole file. ``file`` is the name of a file in a ZIP."""
        message = say(said, **values)
        if len(self._faults) == MAX_FAULTS:
            self._more += 1
            return
        self._faults.append(
            Fault(file=file or self.file, line=line, column=column, key=key, message=message)
        )

    def note_row(self, fault_count: int, *, can_be_omitted: bool) -> None:
        """Count a row as bad if it added faults. ``fault_count`` is the number before it."""
        if can_be_omitted and len(self) > fault_count:
            self.bad_rows += 1
            self._faults_of_rows += len(self) - fault_count

    def finish(self) -> tuple[Fault, ...]:
        """Return the faults of the omitted rows. Raises InvalidInput if there are others."""
        can_be_omitted = 0 < len(self) == self._faults_of_rows
        if self._more:
            more = say("and {count} more", count=self._more)
            self._faults.append(Fault(file=self.file, message=more))
        faults = [replace(one, code=BAD_ROW_CODE if can_be_omitted else "") for one in self._faults]
        if faults and not (can_be_omitted and self.omits_bad_rows):
            raise InvalidInput(faults)
        return tuple(faults)

    def address(self, text: str, line: int, duplicates: DuplicateCheck) -> str:
        """Return a valid address. For an invalid or duplicate one, add a fault and return ""."""
        try:
            if not text:
                raise invalid("needs an address like ana@example.org")
            address = parse_address(text)
            if first_line := duplicates.record(address, line):
                refusal = "{address} stands on line {line} already; keep one of them"
                raise invalid(refusal, address=address, line=first_line)
        except ValueError as error:
            self.fault(line, "email", str(error))
            return ""
        return address


_ONE_LINE = "holds {control}; write it on one line"
LineOf = Callable[[str], int]
"""Key → its line in the file."""


@dataclass(frozen=True, kw_only=True)
class RawEntry(StaffNotes):
    """The values of a subscriber as written; "" if not given."""

    email: str = ""
    name: str = ""
    lists: Sequence[str] = ()
    language: str = ""
    timezone: str = ""
    consent_source: str = ""
    consent_at: str = ""
    tags: Sequence[str] = ()
    paused_until: str = ""
    left: Sequence[str] = ()
    remove_tags: Sequence[str] = ()


def parse_entry(
    reader: EntryReader,
    raw: RawEntry,
    reason: str,
    line_of: LineOf,
    *,
    with_subscriber: bool = True,
) -> Iterator[Entry | SuppressedEntry]:
    """Yield the subscriber, and with a ``reason`` the suppression; nothing if that is faulty."""
    suppressed = None
    if reason:
        suppressed = parse_suppression(
            reader, raw.email, reason, line_of("suppressed"), "suppressed"
        )
        if suppressed is None:
            return
    if with_subscriber and (person := parse_subscriber(reader, raw, line_of)):
        yield person
    if suppressed:
        yield suppressed


def parse_subscriber(reader: EntryReader, raw: RawEntry, line_of: LineOf) -> Entry | None:
    """Return a subscriber. Add faults and return None if a value is invalid."""
    fault_count = len(reader)
    address = reader.address(raw.email, line_of("email"), reader.subscribers)
    texts = {"name": raw.name, **raw.noted}
    if control_in_value("".join(texts.values())):
        for key, text in texts.items():
            if control := control_in_value(text):
                reader.fault(line_of(key), key, _ONE_LINE, control=control)
    lists, left, tags, remove_tags = map(tuple, (raw.lists, raw.left, raw.tags, raw.remove_tags))
    for key, objection in _objections(raw.language, raw.timezone, lists, left, tags, remove_tags):
        reader.fault(line_of(key), key, objection)
    consent = _consent(reader, raw, line_of)
    paused_until = _parse_instant(reader, line_of, "paused_until", raw.paused_until)
    if len(reader) > fault_count:
        return None
    return Entry(
        address=address,
        lists=_unique(lists),
        language=raw.language,
        timezone=raw.timezone,
        consent=consent,
        # with accents as most programs write them, so that searches and segments find them
        **{key: normalize("NFC", text) for key, text in texts.items() if text},
        tags=_unique(tags),
        paused_until=paused_until,
        left=_unique(left),
        remove_tags=_unique(remove_tags),
    )


def check_entry(raw: RawEntry, location: str = "") -> Entry:
    """Validate a subscriber from a form, a command or the API. Raises InvalidInput."""
    reader = EntryReader(location)
    entry = parse_subscriber(reader, raw, lambda key: 0)
    reader.finish()
    if entry is None:
        raise Defect("an entry was refused without a fault")
    return entry


def parse_suppression(
    reader: EntryReader, email: str, reason: str, line: int, key: str = "reason"
) -> SuppressedEntry | None:
    """Return a suppression. Add faults and return None if a value is invalid.

    ``key`` is the key of the reason in the file.
    """
    address = reader.address(email, line, reader.suppressed)
    reason_names = [reason.value for reason in SuppressionReason]
    if not reason:
        names = ", ".join(reason_names)
        reader.fault(line, key, "is missing; write one of {reasons}", reasons=names)
    elif reason not in reason_names:
        hint = did_you_mean(reason, reason_names, is_listed=True)
        reader.fault(line, key, "{reason!r} is not a reason{hint}", reason=reason, hint=hint)
    elif address:
        return SuppressedEntry(address=address, reason=SuppressionReason(reason))
    return None


def unknown_key(key: str, known_keys: Iterable[str]) -> str:
    return say("means nothing here{hint}", hint=did_you_mean(key, known_keys, is_listed=True))


def _consent(reader: EntryReader, raw: RawEntry, line_of: LineOf) -> Consent | None:
    if not raw.consent_source and not raw.consent_at:
        return None
    if not raw.consent_source:
        unproven = "has a time and no source; write where it was given"
        reader.fault(line_of("consent"), "consent", unproven)
        return None
    if control := control_in_value(raw.consent_source):
        reader.fault(line_of("consent"), "consent.source", _ONE_LINE, control=control)
    at = _parse_instant(reader, line_of, "consent.at", raw.consent_at)
    return Consent(source=raw.consent_source, at=at)


def _parse_instant(reader: EntryReader, line_of: LineOf, key: str, value: str) -> datetime | None:
    try:
        return parse_day_or_instant(value) if value else None
    except ValueError as error:
        reader.fault(line_of(key.partition(".")[0]), key, str(error))
        return None


parse_day_or_instant = lru_cache(maxsize=4096)(read_day_or_instant)


@lru_cache(maxsize=1024)
def list_name_objection(name: str) -> str:
    """Return why a text is not the name of a list, or ""."""
    if re.fullmatch(LIST_NAME, name):
        return ""
    return say("{name!r} is not the name of a list; write one like press or press-us", name=name)


@lru_cache(maxsize=4096)
def tag_objection(name: str) -> str:
    """Return why a text is not a tag, or ""."""
    if re.fullmatch(LIST_NAME, name):
        return ""
    advice = "{name!r} is not a tag; write one like board-member, in small letters and figures"
    return say(advice, name=name)


@lru_cache(maxsize=4096)  # most people share these values with others
def _objections(
    language: str,
    timezone: str,
    lists: tuple[str, ...],
    left: tuple[str, ...],
    tags: tuple[str, ...],
    remove_tags: tuple[str, ...],
) -> list[tuple[str, str]]:
    """Return (key, objection) for each value with a fault."""
    both = "{list} stands in lists too; who left a list is not in it"
    found = []
    for key, values, find_objection in (
        ("language", (language,), language_objection),
        ("timezone", (timezone,), zone_objection),
        ("lists", lists, list_name_objection),
        ("left", left, list_name_objection),
        ("tags", tags, tag_objection),
        ("remove_tags", remove_tags, tag_objection),
    ):
        for value in filter(None, values):
            found.append((key, find_objection(value)))
            if key == "left" and value in lists:
                found.append((key, say(both, list=value)))
    return [(key, objection) for key, objection in found if objection]


@lru_cache(maxsize=4096)
def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
