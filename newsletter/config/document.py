"""Reads YAML into plain values that know their place in the file.

PyYAML follows YAML 1.1, in which ``no``, ``012`` and ``22:22`` are not text. So each value keeps
its written form for an error message.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from newsletter.domain.errors import Fault, InvalidConfiguration
from newsletter.formats.scalars import misreading
from newsletter.formats.yaml_nodes import compose, in_plain_words, mark_of

_GAP = re.compile(
    r"(?P<literal>\$\$\{)"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<fallback>:-(?P<default>[^}]*))?\}"
    r"|(?P<malformed>\$\{)"
)


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Replace ``${NAME}`` and ``${NAME:-default}``; ``$${`` becomes ``${``.

    As in a shell, the default also replaces an empty variable. Values are not expanded again.
    Raises ValueError with the name of each unset variable.
    """
    wrong: list[str] = []

    def fill(gap: re.Match[str]) -> str:
        if gap["literal"]:
            return "${"
        if gap["malformed"]:
            wrong.append("holds a ${ that is not ${NAME}; for the two signs themselves write $${")
            return ""
        name = gap["name"]
        if gap["fallback"]:
            return environ.get(name) or gap["default"]
        if name not in environ:
            wrong.append(
                f"the environment variable {name} is not set; set it, "
                f"or write a value to use without it: ${{{name}:-value}}"
            )
        return environ.get(name, "")

    expanded = _GAP.sub(fill, text)
    if wrong:
        raise ValueError("; ".join(dict.fromkeys(wrong)))
    return expanded


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in a file, counted from 1."""

    line: int
    column: int

    @classmethod
    def of(cls, mark: yaml.Mark) -> "Place":
        """Count from 1, as people do."""
        return cls(line=mark.line + 1, column=mark.column + 1)

    @classmethod
    def after(cls, text: str) -> "Place":
        """The place of whatever follows this text."""
        return cls(line=text.count("\n") + 1, column=len(text) - text.rfind("\n"))


def parse(path: Path, data: bytes | None = None) -> yaml.Node:
    """Read a YAML file, or ``data`` in its place.

    Raises InvalidConfiguration with the one fault that stops reading.
    """
    text = _decoded(path, data)
    try:
        node = compose(text)
    except yaml.MarkedYAMLError as error:
        raise _stop(path, in_plain_words(error), Place.of(mark_of(error))) from error
    except yaml.reader.ReaderError as error:
        raise _stop(
            path,
            f"holds the control character U+{error.character:04X}; delete it",
            Place.after(text[: error.position]),
        ) from error
    if node is None or node.tag.endswith(":null"):
        raise _stop(path, "is empty; to see what to write: newsletter init in another directory")
    if not isinstance(node, yaml.MappingNode):
        raise _stop(path, "must hold keys and values, like language: en", Place.of(node.start_mark))
    return node


def _decoded(path: Path, data: bytes | None) -> str:
    try:
        data = path.read_bytes() if data is None else data
    except FileNotFoundError as error:
        raise _stop(path, "does not exist; write one with: newsletter init") from error
    except OSError as error:
        raise _stop(path, f"cannot be read: {error.strerror}; check the file") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place.after(data[: error.start].decode("utf-8-sig", "replace"))
        raise _stop(path, "is not in UTF-8; save it in that encoding", place) from error


def _stop(path: Path, message: str, place: Place | None = None) -> InvalidConfiguration:
    line, column = (place.line, place.column) if place else (0, 0)
    return InvalidConfiguration([Fault(file=path.name, line=line, column=column, message=message)])


KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top: ``("statements", 0, "kind")``."""

_TAG = "tag:yaml.org,2002:"
_CONSTRUCTED = frozenset({"bool", "int", "float"})
_KINDS = _CONSTRUCTED | {"str", "value", "merge", "null", "timestamp"}


@dataclass(frozen=True, kw_only=True)
class Written:
    """A value that YAML does not read as text: its written form and YAML's value."""

    text: str
    reading: str


@dataclass(kw_only=True)
class Document:
    """The values of a file, their places, and the faults found so far."""

    file: str
    value: Any = None
    """Made of dict, list, str, int, float, bool and None. Dates stay text."""
    places: dict[KeyPath, Place] = field(default_factory=dict)
    """For a value in a mapping, the place of its key."""
    written: dict[KeyPath, Written] = field(default_factory=dict)
    names: dict[KeyPath, KeyPath] = field(default_factory=dict)
    """The written key, if it is another one than the key that it sets (``api_key_file``)."""
    broken: set[KeyPath] = field(default_factory=set)
    """Values with a known fault: faults that follow from these are not reported."""
    faults: list[Fault] = field(default_factory=list)
    secret_files: list[Path] = field(default_factory=list)
    """The files that hold secrets, as ``api_key_file`` names them."""

    @property
    def lines(self) -> dict[str, int]:
        """The line of each key that sets something."""
        places = {**self.places, **{key: self.places[name] for key, name in self.names.items()}}
        return {key_text(path): place.line for path, place in places.items()}

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
        """Return whether this value, or one that contains it, has a known fault."""
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
    if isinstance(node, yaml.ScalarNode) and node.tag.removeprefix(_TAG) in _KINDS:
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
    kind = node.tag.removeprefix(_TAG)
    value = None if kind == "null" else node.value
    if kind in _CONSTRUCTED:
        try:
            value = yaml.constructor.SafeConstructor().construct_object(node)
        except ValueError:  # matches YAML's pattern of a number and is none, like 0b_
            return node.value
        # settings are validated as JSON, which has neither .inf nor .nan
        if isinstance(value, float) and not math.isfinite(value):
            return node.value
    if kind == "timestamp" or value is not node.value:
        document.written[path] = Written(text=node.value, reading=misreading(node.value))
    return value
