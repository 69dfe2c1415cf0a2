"""Reads YAML into plain values that know where they were written.

PyYAML follows YAML 1.1, in which ``no``, ``012`` and ``22:22`` are not text: so each value keeps
how it was written, for the fault that it may turn out to be.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from newsletter.config.syntax import Place, PlainLoader
from newsletter.domain.errors import Fault

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top: ``("statements", 0, "kind")``."""

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, kw_only=True)
class Written:
    """A value that YAML does not read as text: how it stands there, and what YAML makes of it."""

    text: str
    reading: str


@dataclass(kw_only=True)
class Document:
    """A file's values, where each was written, and what is wrong with them so far."""

    file: str
    value: Any = None
    """Of dict, list, str, int, float, bool and None. What YAML takes for a date stays text."""
    places: dict[KeyPath, Place] = field(default_factory=dict)
    """Of a mapping's value, where its key stands."""
    written: dict[KeyPath, Written] = field(default_factory=dict)
    names: dict[KeyPath, KeyPath] = field(default_factory=dict)
    """The key that was written, where it is not the one that is set by it (``api_key_file``)."""
    broken: set[KeyPath] = field(default_factory=set)
    """Where a fault is already known, so that what follows from it need not be told."""
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: KeyPath, message: str, place: Place | None = None) -> None:
        """Add a fault. It stands where the path does, or the nearest thing around it."""
        path = self.names.get(path, path)
        around = path
        while place is None:
            place = self.places.get(around, None if around else Place(line=1, column=1))
            around = around[:-1]
        self.broken.add(path)
        self.faults.append(
            Fault(
                file=self.file,
                line=place.line,
                column=place.column,
                key=key_text(path),
                message=message,
            )
        )

    def is_broken(self, path: KeyPath) -> bool:
        """Whether a fault is known of this value, or of something around it."""
        path = self.names.get(path, path)
        return any(path[:end] in self.broken for end in range(1, len(path) + 1))


def key_text(path: KeyPath) -> str:
    """Write a path as people do: ``statements[0].kind``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if re.fullmatch(r"[\w-]+", part) else repr(part)
            text += f".{shown}" if text else shown
    return text


def build(file: str, node: yaml.Node) -> Document:
    """Turn a parsed file into plain values."""
    document = Document(file=file)
    document.places[()] = Place.of(node.start_mark)
    document.value = _value(document, node, ())
    return document


def _value(document: Document, node: yaml.Node, path: KeyPath) -> Any:
    if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
        return dict(_pairs(document, node, path))
    if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
        return list(_items(document, node, path))
    if isinstance(node, yaml.ScalarNode) and node.tag.removeprefix(_TAG) in _READERS:
        return _scalar(document, node, path)
    tag = node.tag.replace(_TAG, "!!")
    document.fault(path, f"has the tag {tag!r}, which has no meaning here; leave it out")
    return None


def _pairs(document: Document, node: yaml.MappingNode, path: KeyPath) -> Iterable[tuple[str, Any]]:
    for key_node, value_node in node.value:
        place = Place.of(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            document.fault(path, "has a list or mapping for a key; write a plain word", place)
            continue
        key = key_node.value
        inner = (*path, key)
        if inner in document.places:
            first = document.places[inner].line
            document.fault(inner, f"is written twice, first on line {first}; keep one", place)
            continue
        document.places[inner] = place
        yield key, _value(document, value_node, inner)


def _items(document: Document, node: yaml.SequenceNode, path: KeyPath) -> Iterable[Any]:
    for index, item in enumerate(node.value):
        inner = (*path, index)
        document.places[inner] = Place.of(item.start_mark)
        yield _value(document, item, inner)


def _scalar(document: Document, node: yaml.ScalarNode, path: KeyPath) -> Any:
    value, reading = _READERS[node.tag.removeprefix(_TAG)](node)
    if reading:
        document.written[path] = Written(text=node.value, reading=reading)
    if isinstance(value, str) and not value.isprintable() and _has_half_character(value):
        document.fault(path, "holds half of a character (\\uD800 to \\uDFFF); write it whole")
        return ""
    return value


def _has_half_character(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _read_text(node: yaml.ScalarNode) -> tuple[Any, str]:
    return node.value, ""


def _read_nothing(node: yaml.ScalarNode) -> tuple[Any, str]:
    return None, "nothing"


def _read_date(node: yaml.ScalarNode) -> tuple[Any, str]:
    return node.value, "a date"


def _read_switch(node: yaml.ScalarNode) -> tuple[Any, str]:
    value = PlainLoader("").construct_yaml_bool(node)
    return value, "true" if value else "false"


def _read_number(construct: str) -> Callable[[yaml.ScalarNode], tuple[Any, str]]:
    def read(node: yaml.ScalarNode) -> tuple[Any, str]:
        try:
            value = getattr(PlainLoader(""), construct)(node)
        except ValueError:  # matches YAML's pattern of a number and is none, like 0b_
            return node.value, ""
        if isinstance(value, float) and not math.isfinite(value):
            return node.value, ""
        return value, f"the number {value}"

    return read


_READERS: dict[str, Callable[[yaml.ScalarNode], tuple[Any, str]]] = {
    "str": _read_text,
    "value": _read_text,
    "merge": _read_text,
    "null": _read_nothing,
    "bool": _read_switch,
    "int": _read_number("construct_yaml_int"),
    "float": _read_number("construct_yaml_float"),
    "timestamp": _read_date,
}
