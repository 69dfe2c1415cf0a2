"""A stream of YAML, read one small value at a time instead of as one big tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import yaml

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
