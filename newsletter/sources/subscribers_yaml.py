"""Subscribers from YAML, streamed: a hundred thousand of them need no tree of the whole file."""

import yaml

from newsletter.sources.entries import Book, Raw, add_subscriber, add_suppression, unknown_key
from newsletter.sources.events import Events, Mapping, Scalar, Sequence, Unreadable, Value, line_of
from newsletter.sources.scalars import NULL_TAG, misreading, quoted, tag_of_plain
from newsletter.sources.text import control_in_lines

_SECTIONS = ("subscribers", "suppressed")
_KEYS = ("email", "name", "lists", "language", "timezone", "consent")
_CONSENT = ("source", "at")
_SUPPRESSED = ("email", "reason")
_SHAPE = "write it as in subscribers.example.yaml"


def read_yaml(text: str, book: Book) -> None:
    """Read all subscribers and suppressions into the book."""
    control = control_in_lines(text)
    if control:
        line, name = control
        book.fault(line, "", f"holds {name}, which is invisible; take it out")
        return
    events = Events(text)
    try:
        _document(events, book)
    except Unreadable as error:
        book.fault(error.line, "", str(error))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it is not YAML"
        what = f"YAML cannot read on from here ({problem})"
        line = mark.line + 1 if mark else 1
        book.fault(line, "", f"{what}; look at the quotes, colons and blanks of this line")


def _document(events: Events, book: Book) -> None:
    events.next()
    if isinstance(events.next(), yaml.StreamEndEvent):
        book.fault(1, "", f"is empty; {_SHAPE}")
        return
    root = events.next()
    if not isinstance(root, yaml.MappingStartEvent):
        book.fault(line_of(root), "", f"has no subscribers: at its top; {_SHAPE}")
        return
    seen: dict[str, int] = {}
    while not isinstance(event := events.next(), yaml.MappingEndEvent):
        key = events.value(event)
        _section(key.value if isinstance(key, Scalar) else "?", key.line, seen, events, book)
    events.next()
    extra = events.next()
    if not isinstance(extra, yaml.StreamEndEvent):
        book.fault(line_of(extra), "", "begins a second document; keep one")


def _section(key: str, line: int, seen: dict[str, int], events: Events, book: Book) -> None:
    if key not in _SECTIONS:
        book.fault(line, key, unknown_key(key, _SECTIONS))
        events.value()
        return
    if key in seen:
        book.fault(line, key, f"stands twice, first on line {seen[key]}; keep one of them")
    seen.setdefault(key, line)
    start = events.next()
    if not isinstance(start, yaml.SequenceStartEvent):
        value = events.value(start)
        if not _is_nothing(value):
            book.fault(line, key, f"must be a list; {_SHAPE}")
        return
    add = _subscriber if key == "subscribers" else _suppression
    while not isinstance(event := events.next(), yaml.SequenceEndEvent):
        book.count()
        item = events.value(event)
        if isinstance(item, Mapping):
            add(item, book)
        else:
            book.fault(item.line, key, f"must hold keys like email: ana@example.org; {_SHAPE}")


def _subscriber(item: Mapping, book: Book) -> None:
    values = _pairs(item, _KEYS, "", book)
    lines = {key: value.line for key, value in values.items()}
    lists = _lists(values.pop("lists"), book) if "lists" in values else ()
    consent = _consent(values.pop("consent"), book) if "consent" in values else {}
    texts = {key: _text(key, value, book) for key, value in values.items()}
    add_subscriber(
        book,
        Raw(
            email=texts.get("email", ""),
            name=texts.get("name", ""),
            lists=lists,
            language=texts.get("language", ""),
            timezone=texts.get("timezone", ""),
            consent_source=consent.get("source", ""),
            consent_at=consent.get("at", ""),
        ),
        lambda key: lines.get(key, item.line),
    )


def _suppression(item: Mapping, book: Book) -> None:
    values = _pairs(item, _SUPPRESSED, "", book)
    texts = {key: _text(key, value, book) for key, value in values.items()}
    add_suppression(book, texts.get("email", ""), texts.get("reason", ""), item.line)


def _consent(value: Value, book: Book) -> dict[str, str]:
    if _is_nothing(value):
        return {}
    if not isinstance(value, Mapping):
        example = "{source: web form, at: 2024-05-01T10:00:00Z}"
        book.fault(value.line, "consent", f"must hold source and at; write consent: {example}")
        return {}
    values = _pairs(value, _CONSENT, "consent.", book)
    return {key: _text(f"consent.{key}", part, book) for key, part in values.items()}


def _lists(value: Value, book: Book) -> tuple[str, ...]:
    if not isinstance(value, Sequence):
        book.fault(value.line, "lists", "must be a list; write it like lists: [press]")
        return ()
    if not value.items:
        what = "is an empty list; write one like lists: [press]"
        book.fault(value.line, "lists", f"{what}, or take the key out for a person in no list")
    return tuple(filter(None, [_text("lists", item, book) for item in value.items]))


def _pairs(item: Mapping, known: tuple[str, ...], prefix: str, book: Book) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, value in item.pairs:
        name = key.value if isinstance(key, Scalar) else "?"
        if name not in known:
            book.fault(key.line, prefix + name, unknown_key(name, known))
        elif name in values:
            book.fault(key.line, prefix + name, "stands twice; keep one of them")
        else:
            values[name] = value
    return values


def _text(key: str, value: Value, book: Book) -> str:
    """The text of a value. Addresses and times are left to their own checks, as we read them."""
    if not isinstance(value, Scalar):
        if key == "email":
            return ""
        book.fault(value.line, key, "must be one line of text; write it in quotes")
        return ""
    if not value.plain or key in {"email", "consent.at"} or _is_nothing(value):
        return "" if _is_nothing(value) else value.value.strip()
    meant = misreading(value.value)
    if meant:
        write = quoted(value.value)
        message = f"YAML reads {value.value} as {meant}; put it in quotes: {write}"
        book.fault(value.line, key, message)
        return ""
    return value.value.strip()


def _is_nothing(value: Value) -> bool:
    return isinstance(value, Scalar) and value.plain and tag_of_plain(value.value) == NULL_TAG
