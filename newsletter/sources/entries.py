"""One subscriber or suppression, checked value by value, whatever kind of file it is from."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from newsletter.domain.audience import (
    LIST_NAME,
    Consent,
    Entry,
    SuppressedEntry,
    SuppressionReason,
    fold,
    parse_address,
)
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.sources.scalars import did_you_mean
from newsletter.sources.text import control_in_value
from newsletter.sources.times import language_objection, read_instant, zone_objection

MAX_FAULTS = 1000
PROGRESS_STEP = 1000

_ABSENT = ""


@dataclass(kw_only=True)
class Book:
    """What was read so far, and what was wrong with it. Grows; handed out only when whole."""

    file: str
    progress: Callable[[int], None]
    entries: list[Entry] = field(default_factory=list)
    suppressed: list[SuppressedEntry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _more: int = 0
    _read: int = 0
    _lines: dict[str, int] = field(default_factory=dict)
    _suppressed_lines: dict[str, int] = field(default_factory=dict)

    def fault(self, line: int, key: str, message: str) -> None:
        """Note a fault; beyond the thousandth they are only counted."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(file=self.file, line=line, key=key, message=message))
        else:
            self._more += 1

    def count(self) -> None:
        """Count one more entry, good or not, and tell now and then how many there were."""
        self._read += 1
        if self._read % PROGRESS_STEP == 0:
            self.progress(self._read)

    def finish(self) -> None:
        """Tell the final count. Raises InvalidInput if anything at all was wrong."""
        if self._read % PROGRESS_STEP:
            self.progress(self._read)
        if self.faults:
            more = [Fault(file=self.file, message=f"and {self._more} more")] if self._more else []
            raise InvalidInput([*self.faults, *more])

    def subscriber_address(self, text: str, line: int) -> str:
        """The address of a subscriber; empty, with a fault, if bad or not the first of its kind."""
        return self._address(text, line, self._lines)

    def suppressed_address(self, text: str, line: int) -> str:
        """The address of a suppression; empty, with a fault, if bad or not the first."""
        return self._address(text, line, self._suppressed_lines)

    def _address(self, text: str, line: int, lines: dict[str, int]) -> str:
        if not text:
            self.fault(line, "email", "needs an address like ana@example.org")
            return ""
        try:
            address = parse_address(text)
            first = lines.get(fold(address))
        except ValueError as error:
            self.fault(line, "email", str(error))
            return ""
        if first is not None:
            self.fault(line, "email", f"{address} stands on line {first} already; keep one of them")
            return ""
        lines[fold(address)] = line
        return address


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


def add_subscriber(book: Book, raw: Raw, lines: Callable[[str], int]) -> None:
    """Check one subscriber and add it to the book; ``lines`` tells where each key stands."""
    address = book.subscriber_address(raw.email, lines("email"))
    before = len(book.faults)
    control = control_in_value(raw.name) if raw.name else ""
    if control:
        book.fault(lines("name"), "name", f"holds {control}; write it on one line")
    _check(book, lines, "language", raw.language, language_objection)
    _check(book, lines, "timezone", raw.timezone, zone_objection)
    for name in raw.lists:
        _check(book, lines, "lists", name, _list_objection)
    consent = _consent(book, raw, lines)
    if not address or len(book.faults) > before:
        return
    book.entries.append(
        Entry(
            address=address,
            name=raw.name,
            lists=_unique(tuple(raw.lists)),
            language=raw.language,
            timezone=raw.timezone,
            consent=consent,
        )
    )


def add_suppression(book: Book, email: str, reason: str, line: int) -> None:
    """Check one suppression and add it to the book."""
    address = book.suppressed_address(email, line)
    known = [reason.value for reason in SuppressionReason]
    if not reason:
        book.fault(line, "reason", f"is missing; write one of {', '.join(known)}")
    elif reason not in known:
        book.fault(line, "reason", f"{reason!r} is not a reason{did_you_mean(reason, known)}")
    elif address:
        book.suppressed.append(SuppressedEntry(address=address, reason=SuppressionReason(reason)))


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What to say of a key or column that means nothing to us."""
    return f"means nothing here{did_you_mean(key, known)}"


def _check(
    book: Book,
    lines: Callable[[str], int],
    key: str,
    value: str,
    objection: Callable[[str], str],
) -> None:
    message = objection(value) if value else ""
    if message:
        book.fault(lines(key), key, message)


def _consent(book: Book, raw: Raw, lines: Callable[[str], int]) -> Consent | None:
    if not raw.consent_source and not raw.consent_at:
        return None
    if not raw.consent_source:
        book.fault(
            lines("consent"), "consent", "has a time and no source; write where it was given"
        )
        return None
    control = control_in_value(raw.consent_source)
    if control:
        book.fault(lines("consent"), "consent.source", f"holds {control}; write it on one line")
    if not raw.consent_at:
        return Consent(source=raw.consent_source, at=None)
    try:
        return Consent(source=raw.consent_source, at=_instant(raw.consent_at))
    except ValueError as error:
        book.fault(lines("consent"), "consent.at", str(error))
        return None


_instant = lru_cache(maxsize=4096)(read_instant)


@lru_cache(maxsize=1024)
def _list_objection(name: str) -> str:
    if re.fullmatch(LIST_NAME, name):
        return ""
    return f"{name!r} is not the name of a list; write one like press or press-us"


@lru_cache(maxsize=4096)
def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
