"""Subscribers from YAML, streamed: no tree, and not even the text, of the whole file is held."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import yaml

from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry
from newsletter.formats.scalars import NULL_TAG, misreading, quoted, tag_of_plain
from newsletter.subscriber_files.entries import (
    EntryReader,
    Raw,
    subscriber,
    suppression,
    unknown_key,
)
from newsletter.subscriber_files.subscriber_file import Located, Member, control_in, not_text

_MAX_DEPTH = 8
_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Scalar:
    """A single value."""

    value: str
    line: int
    plain: bool
    """Not quoted, so that YAML may take it for something other than text."""


@dataclass(slots=True)
class Sequence:
    """A list of values."""

    items: "list[Value]"
    line: int


@dataclass(slots=True)
class Mapping:
    """Keys and values, in order, with repeats."""

    pairs: "list[tuple[Value, Value]]"
    line: int


Value = Scalar | Sequence | Mapping


class Unreadable(Exception):
    """What no file of ours holds: an alias, a tag, or nesting without end."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def line_of(event: yaml.Event) -> int:
    """Where an event begins, from 1."""
    mark = event.start_mark
    return mark.line + 1 if mark is not None else 0


class Events:
    """The events of a YAML text, which is read in pieces as they are asked for.

    Lines count from 1. Raises yaml.YAMLError and Unreadable.
    """

    def __init__(self, text: IO[str]) -> None:
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=_LOADER))

    def next(self) -> yaml.Event:
        """The next event, skipping none."""
        return next(self._events)

    def value(self, event: yaml.Event | None = None, depth: int = 0) -> Value:
        """Read one whole value, whose first event may have been taken already."""
        event = event or self.next()
        line = line_of(event)
        if isinstance(event, yaml.ScalarEvent):
            if event.tag is not None:
                message = f"YAML takes {event.tag} for a type; put the whole value in quotes"
                raise Unreadable(line, message)
            return Scalar(event.value, line, event.implicit[0])
        if depth > _MAX_DEPTH:
            raise Unreadable(line, "is nested too deeply; write it as in subscribers.example.yaml")
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(list(self._until(yaml.SequenceEndEvent, depth + 1)), line)
        if isinstance(event, yaml.MappingStartEvent):
            flat = list(self._until(yaml.MappingEndEvent, depth + 1))
            return Mapping(list(zip(flat[::2], flat[1::2], strict=True)), line)
        raise Unreadable(line, "refers to a value elsewhere by *; write the value itself")

    def _until(self, end: type[yaml.Event], depth: int) -> Iterator[Value]:
        while not isinstance(event := self.next(), end):
            yield self.value(event, depth)


_SECTIONS = ("subscribers", "suppressed")
_SEVERAL = {"lists": "press", "tags": "board", "left": "press"}
_KEYS = (
    *("email", "name", "lists", "language", "timezone", "consent", "place", "tags"),
    *("paused_until", "left", "suppressed"),
)
_CONSENT = ("source", "at")
_SUPPRESSED = ("email", "reason")
_OWN_CHECKS = {"email", "consent.at", "paused_until"}
_SHAPE = "write it as in subscribers.example.yaml"

Found = tuple[Entry | SuppressedEntry | None, ...]


def read_yaml(member: Member, encoding: str, reader: EntryReader) -> Iterator[Located]:
    """Read all subscribers and suppressions; what is wrong is noted.

    Raises InvalidInput where the file is not text.
    """
    try:
        control = control_in(member, encoding)
    except UnicodeDecodeError as error:
        raise InvalidInput([not_text(member, encoding)]) from error
    if control:
        raise InvalidInput([control])
    try:
        with io.TextIOWrapper(member.open(), encoding) as text:
            for line, found in _document(Events(text), reader):
                for person in found:
                    if person:
                        yield Located(f"{member.name}:{line}", person)
    except Unreadable as error:
        reader.fault(error.line, "", str(error))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it is not YAML"
        what = f"YAML cannot read on from here ({problem})"
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 0)
        hint = "look at the quotes, colons and blanks of this line"
        reader.fault(line, "", f"{what}; {hint}", column=column)


def _document(events: Events, reader: EntryReader) -> Iterator[tuple[int, Found]]:
    events.next()
    if isinstance(events.next(), yaml.StreamEndEvent):
        reader.fault(1, "", f"is empty; {_SHAPE}")
        return
    root = events.next()
    if not isinstance(root, yaml.MappingStartEvent):
        reader.fault(line_of(root), "", f"has no subscribers: at its top; {_SHAPE}")
        return
    seen: dict[str, int] = {}
    while not isinstance(event := events.next(), yaml.MappingEndEvent):
        key = events.value(event)
        name = key.value if isinstance(key, Scalar) else "?"
        yield from _section(name, key.line, seen, events, reader)
    events.next()
    extra = events.next()
    if not isinstance(extra, yaml.StreamEndEvent):
        reader.fault(line_of(extra), "", "begins a second document; keep one")


def _section(
    key: str, line: int, seen: dict[str, int], events: Events, reader: EntryReader
) -> Iterator[tuple[int, Found]]:
    if key not in _SECTIONS:
        reader.fault(line, key, unknown_key(key, _SECTIONS))
        events.value()
        return
    if key in seen:
        reader.fault(line, key, f"stands twice, first on line {seen[key]}; keep one of them")
    seen.setdefault(key, line)
    start = events.next()
    if not isinstance(start, yaml.SequenceStartEvent):
        value = events.value(start)
        if not _is_nothing(value):
            reader.fault(line, key, f"must be a list; {_SHAPE}")
        return
    read = _subscriber if key == "subscribers" else _suppression
    while not isinstance(event := events.next(), yaml.SequenceEndEvent):
        item = events.value(event)
        if isinstance(item, Mapping):
            yield item.line, read(item, reader)
        else:
            reader.fault(item.line, key, f"must hold keys like email: ana@example.org; {_SHAPE}")


def _subscriber(item: Mapping, reader: EntryReader) -> Found:
    values = _pairs(item, _KEYS, "", reader)
    lines = {key: value.line for key, value in values.items()}
    lists, tags, left = (
        _names(key, values.pop(key), reader) if key in values else () for key in _SEVERAL
    )
    consent = _consent(values.pop("consent"), reader) if "consent" in values else {}
    texts = {key: _text(key, value, reader) for key, value in values.items()}
    reason = texts.pop("suppressed", "")
    if reason:
        line = lines["suppressed"]
        gone = suppression(reader, texts.get("email", ""), reason, line, "suppressed")
        if gone is None:
            return ()
    raw = Raw(
        consent_source=consent.get("source", ""),
        consent_at=consent.get("at", ""),
        lists=lists,
        tags=tags,
        left=left,
        **texts,
    )
    person = subscriber(reader, raw, lambda key: lines.get(key, item.line))
    return (person, gone) if reason else (person,)


def _suppression(item: Mapping, reader: EntryReader) -> Found:
    values = _pairs(item, _SUPPRESSED, "", reader)
    texts = {key: _text(key, value, reader) for key, value in values.items()}
    return (suppression(reader, texts.get("email", ""), texts.get("reason", ""), item.line),)


def _consent(value: Value, reader: EntryReader) -> dict[str, str]:
    if _is_nothing(value):
        return {}
    if not isinstance(value, Mapping):
        example = "{source: web form, at: 2024-05-01T10:00:00Z}"
        reader.fault(value.line, "consent", f"must hold source and at; write consent: {example}")
        return {}
    values = _pairs(value, _CONSENT, "consent.", reader)
    return {key: _text(f"consent.{key}", part, reader) for key, part in values.items()}


def _names(key: str, value: Value, reader: EntryReader) -> tuple[str, ...]:
    example = f"{key}: [{_SEVERAL[key]}]"
    if not isinstance(value, Sequence):
        reader.fault(value.line, key, f"must be a list; write it like {example}")
        return ()
    if not value.items:
        what = f"is an empty list; write one like {example}"
        nobody = " for a person in no list" if key == "lists" else ""
        reader.fault(value.line, key, f"{what}, or take the key out{nobody}")
    return tuple(filter(None, [_text(key, item, reader) for item in value.items]))


def _pairs(
    item: Mapping, known: tuple[str, ...], prefix: str, reader: EntryReader
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, value in item.pairs:
        name = key.value if isinstance(key, Scalar) else "?"
        if name not in known:
            reader.fault(key.line, prefix + name, unknown_key(name, known))
        elif name in values:
            reader.fault(key.line, prefix + name, "stands twice; keep one of them")
        else:
            values[name] = value
    return values


def _text(key: str, value: Value, reader: EntryReader) -> str:
    """The text of a value. Addresses and times are left to their own checks, as we read them."""
    if not isinstance(value, Scalar):
        if key == "email":
            return ""
        reader.fault(value.line, key, "must be one line of text; write it in quotes")
        return ""
    if not value.plain or key in _OWN_CHECKS or _is_nothing(value):
        return "" if _is_nothing(value) else value.value.strip()
    meant = misreading(value.value)
    if meant:
        write = quoted(value.value)
        message = f"YAML reads {value.value} as {meant}; put it in quotes: {write}"
        reader.fault(value.line, key, message)
        return ""
    return value.value.strip()


def _is_nothing(value: Value) -> bool:
    return isinstance(value, Scalar) and value.plain and tag_of_plain(value.value) == NULL_TAG
