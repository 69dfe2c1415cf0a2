"""Read subscribers from YAML as a stream, without keeping the whole file in memory."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.audience import NOTED_FIELDS, Entry, SuppressedEntry
from newsletter.domain.wording import say
from newsletter.formats.scalars import NULL_TAG, TEXT_TAG, misread, quote
from newsletter.formats.yaml_nodes import TWICE, NodeReader, in_plain_words, pairs, position_of
from newsletter.subscriber_files.encodings import Member
from newsletter.subscriber_files.entries import (
    EntryReader,
    RawEntry,
    parse_entry,
    parse_suppression,
    unknown_key,
)
from newsletter.subscriber_files.subscriber_file import PlacedPerson, find_text_fault

_MAX_DEPTH = 8
_SECTION_NAMES = ("subscribers", "suppressed")
_LIST_EXAMPLES = {"lists": "press", "tags": "board", "left": "press", "remove_tags": "board"}
_SUBSCRIBER_KEYS = (
    *("email", "name", "lists", "language", "timezone", "consent", "tags", *NOTED_FIELDS),
    *("paused_until", "left", "remove_tags", "suppressed"),
)
_OWN_CHECKS = {"email", "consent.at", "paused_until"}
_SHAPE = say("write it as in subscribers.example.yaml")

Entries = Iterable[Entry | SuppressedEntry]


def read_yaml(member: Member, encoding: str, reader: EntryReader) -> Iterator[PlacedPerson]:
    """Yield all subscribers and suppressions. The reader collects the faults.

    An entry without ``lists`` is a person on no list; an empty list is a fault. A time without an
    offset is in UTC. Raises InvalidInput if the file is not text.
    """
    if flaw := find_text_fault(member, encoding):
        raise InvalidInput([flaw])
    try:
        with io.TextIOWrapper(member.open(), encoding) as text:
            for line, entries in _document(NodeReader(text, deepest=_MAX_DEPTH), reader):
                for person in entries:
                    yield PlacedPerson(f"{member.name}:{line}", person)
    except yaml.MarkedYAMLError as error:
        mark = position_of(error)
        reader.fault(mark.line + 1, "", in_plain_words(error), column=mark.column + 1)


def _document(nodes: NodeReader, reader: EntryReader) -> Iterator[tuple[int, Entries]]:
    nodes.event()
    if isinstance(nodes.event(), yaml.StreamEndEvent):
        reader.fault(1, "", "is empty; {shape}", shape=_SHAPE)
        return
    root = nodes.event()
    if not isinstance(root, yaml.MappingStartEvent):
        lacks = "has no subscribers: at its top; {shape}"
        reader.fault(_line(root.start_mark), "", lacks, shape=_SHAPE)
        return
    line_of_key: dict[str, int] = {}
    while not isinstance(event := nodes.event(), yaml.MappingEndEvent):
        key = nodes.node(event)
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        yield from _section(name, _line(key.start_mark), line_of_key, nodes, reader)
    nodes.event()
    extra_event = nodes.event()
    if not isinstance(extra_event, yaml.StreamEndEvent):
        reader.fault(_line(extra_event.start_mark), "", "begins a second document; keep one")


def _section(
    key: str, line: int, lines: dict[str, int], nodes: NodeReader, reader: EntryReader
) -> Iterator[tuple[int, Entries]]:
    if key not in _SECTION_NAMES:
        reader.fault(line, key, unknown_key(key, _SECTION_NAMES))
        nodes.node()
        return
    if key in lines:
        reader.fault(line, key, say(TWICE, line=lines[key]))
    lines.setdefault(key, line)
    start = nodes.event()
    if not isinstance(start, yaml.SequenceStartEvent):
        if not _is_null(nodes.node(start)):
            reader.fault(line, key, "must be a list; {shape}", shape=_SHAPE)
        return
    read = _subscriber if key == "subscribers" else _suppression
    while not isinstance(event := nodes.event(), yaml.SequenceEndEvent):
        item = nodes.node(event)
        at = _line(item.start_mark)
        if isinstance(item, yaml.MappingNode):
            yield at, read(item, reader)
        else:
            keyless = "must hold keys like email: ana@example.org; {shape}"
            reader.fault(at, key, keyless, shape=_SHAPE)


def _subscriber(item: yaml.MappingNode, reader: EntryReader) -> Entries:
    values = _pairs(item, _SUBSCRIBER_KEYS, "", reader)
    lines = {key: _line(value.start_mark) for key, value in values.items()}
    names: dict[str, Any] = {
        key: _read_names(key, values.pop(key), reader) for key in _LIST_EXAMPLES if key in values
    }
    consent = _consent(values.pop("consent"), reader) if "consent" in values else {}
    texts = {key: _text(key, value, reader) for key, value in values.items()}
    reason = texts.pop("suppressed", "")
    raw = RawEntry(
        consent_source=consent.get("source", ""),
        consent_at=consent.get("at", ""),
        **names,
        **texts,
    )
    return parse_entry(reader, raw, reason, lambda key: lines.get(key, _line(item.start_mark)))


def _suppression(item: yaml.MappingNode, reader: EntryReader) -> Entries:
    values = _pairs(item, ("email", "reason"), "", reader)
    texts = {key: _text(key, value, reader) for key, value in values.items()}
    line = _line(item.start_mark)
    entry = parse_suppression(reader, texts.get("email", ""), texts.get("reason", ""), line)
    return [entry] if entry else []


def _consent(value: yaml.Node, reader: EntryReader) -> dict[str, str]:
    if _is_null(value):
        return {}
    if not isinstance(value, yaml.MappingNode):
        example = "{source: web form, at: 2024-05-01T10:00:00Z}"
        halved = "must hold source and at; write consent: {example}"
        reader.fault(_line(value.start_mark), "consent", halved, example=example)
        return {}
    values = _pairs(value, ("source", "at"), "consent.", reader)
    return {key: _text(f"consent.{key}", part, reader) for key, part in values.items()}


def _read_names(key: str, value: yaml.Node, reader: EntryReader) -> tuple[str, ...]:
    example = f"{key}: [{_LIST_EXAMPLES[key]}]"
    if not isinstance(value, yaml.SequenceNode):
        single = "must be a list; write it like {example}"
        reader.fault(_line(value.start_mark), key, single, example=example)
        return ()
    if not value.value:
        empty = "is an empty list; write one like {example}, or take the key out"
        reader.fault(_line(value.start_mark), key, empty, example=example)
    return tuple(filter(None, [_text(key, item, reader) for item in value.value]))


def _pairs(
    item: yaml.MappingNode, known: tuple[str, ...], prefix: str, reader: EntryReader
) -> dict[str, yaml.Node]:
    values: dict[str, yaml.Node] = {}
    for pair in pairs(item):
        fault = pair.fault or ("" if pair.key in known else unknown_key(pair.key, known))
        if fault:
            reader.fault(_line(pair.mark), prefix + (pair.key or "?"), fault)
        else:
            values[pair.key] = pair.value
    return values


def _text(key: str, value: yaml.Node, reader: EntryReader) -> str:
    """Return the text of a value. For any other value, add a fault and return ""."""
    if not isinstance(value, yaml.ScalarNode):
        if key == "email":
            return ""
        reader.fault(_line(value.start_mark), key, "must be one line of text; write it in quotes")
        return ""
    if _is_null(value):
        return ""
    if value.tag != TEXT_TAG and key not in _OWN_CHECKS:
        reader.fault(_line(value.start_mark), key, misread(value.value, quote(value.value)))
        return ""
    return str(value.value).strip()


def _is_null(value: yaml.Node) -> bool:
    return isinstance(value, yaml.ScalarNode) and not value.style and value.tag == NULL_TAG


def _line(mark: yaml.Mark | yaml._yaml.Mark | None) -> int:
    return mark.line + 1 if mark else 0
