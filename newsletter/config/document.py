"""Read YAML into plain values, with the position of each value in the file.

In YAML 1.1, ``no``, ``012`` and ``22:22`` are not text. The written form of such values is kept for
error messages.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from newsletter.domain.errors import Fault, InvalidConfiguration, InvalidInput
from newsletter.domain.wording import joined, say
from newsletter.formats.scalars import DATE_TAG, NULL_TAG, construct, misreading
from newsletter.formats.text import decode_utf8
from newsletter.formats.yaml_nodes import compose, in_plain_words, pairs, position_of

_VARIABLE_PATTERN = re.compile(
    r"(?P<literal>\$\$\{)"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<fallback>:-(?P<default>[^}]*))?\}"
    r"|(?P<malformed>\$\{)"
)


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Return the text with the values of ``${NAME}`` and ``${NAME:-default}``.

    As in a shell, the default also replaces an empty variable. ``$${`` becomes ``${``. Raises
    ValueError with the name of each unset variable.
    """
    errors: list[str] = []

    def fill(variable: re.Match[str]) -> str:
        if variable["literal"]:
            return "${"
        if variable["malformed"]:
            malformed = "holds a ${ that is not ${NAME}; for the two signs themselves write $${"
            errors.append(say(malformed))
            return ""
        name = variable["name"]
        if variable["fallback"]:
            return environ.get(name) or variable["default"]
        if name not in environ:
            unset = (
                "the environment variable {name} is not set; set it, or write a value to use"
                " without it: ${{{name}:-value}}"
            )
            errors.append(say(unset, name=name))
        return environ.get(name, "")

    expanded = _VARIABLE_PATTERN.sub(fill, text)
    if errors:
        raise ValueError(joined([*dict.fromkeys(errors)]))
    return expanded


@dataclass(frozen=True, kw_only=True)
class Position:
    """A line and column of a file, counted from 1."""

    line: int
    column: int

    @classmethod
    def of(cls, mark: yaml.Mark) -> "Position":
        """Return the position of a YAML mark, which counts from 0."""
        return cls(line=mark.line + 1, column=mark.column + 1)


def parse(path: Path, data: bytes | None = None) -> yaml.Node:
    """Return the root node of a YAML file, or of ``data`` in place of its content.

    Raises InvalidConfiguration with the fault that stops the parser.
    """
    try:
        data = path.read_bytes() if data is None else data
        node = compose(decode_utf8(data, file=path.name))
    except FileNotFoundError as error:
        raise _fatal(path, say("does not exist; write one with: newsletter init")) from error
    except OSError as error:
        unread = say("cannot be read: {error}; check the file", error=error.strerror)
        raise _fatal(path, unread) from error
    except InvalidInput as error:
        raise InvalidConfiguration(error.faults) from error
    except yaml.MarkedYAMLError as error:
        raise _fatal(path, in_plain_words(error), Position.of(position_of(error))) from error
    if node is None or node.tag.endswith(":null"):
        empty = say("is empty; to see what to write: newsletter init in another directory")
        raise _fatal(path, empty)
    if not isinstance(node, yaml.MappingNode):
        other = say("must hold keys and values, like language: en")
        raise _fatal(path, other, Position.of(node.start_mark))
    return node


def _fatal(path: Path, message: str, position: Position | None = None) -> InvalidConfiguration:
    line, column = (position.line, position.column) if position else (0, 0)
    return InvalidConfiguration.at(path.name, message, line=line, column=column)


KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top: ``("statements", 0, "kind")``."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """The written form of a value that is not text for YAML, or that has variables."""

    text: str
    reading: str
    """A value that YAML reads, such as ``a date``; "" for text with variables."""


@dataclass(kw_only=True)
class Document:
    """The values of a file, their positions, and the faults found so far."""

    file: str
    value: Any = None
    """Plain values: dict, list, str, int, float, bool and None. Dates are text."""
    positions: dict[KeyPath, Position] = field(default_factory=dict)
    """The position of each key and of each item of a list, by path."""
    written: dict[KeyPath, Written] = field(default_factory=dict)
    names: dict[KeyPath, KeyPath] = field(default_factory=dict)
    """The path that it sets (``api_key``) → the path as written (``api_key_file``)."""
    broken: set[KeyPath] = field(default_factory=set)
    """The paths of values with a fault. Further faults of these are not reported."""
    faults: list[Fault] = field(default_factory=list)
    secret_files: list[Path] = field(default_factory=list)
    """The files that keys such as ``api_key_file`` name."""

    @property
    def lines(self) -> dict[str, int]:
        """Return the line number of each key path, such as ``provider.api_key``."""
        positions = {
            **self.positions,
            **{key: self.positions[name] for key, name in self.names.items()},
        }
        return {key_text(path): position.line for path, position in positions.items()}

    def fault(self, path: KeyPath, message: str, position: Position | None = None) -> None:
        """Add a fault at a path. The default position is that of the path, or of its group."""
        path = self.names.get(path, path)
        around = path
        while position is None:
            position = self.positions.get(around, None if around else Position(line=1, column=1))
            around = around[:-1]
        self.broken.add(path)
        self.faults.append(
            Fault(
                file=self.file,
                line=position.line,
                column=position.column,
                key=key_text(path),
                message=message,
            )
        )

    def is_broken(self, path: KeyPath) -> bool:
        """Return whether this value, or one that contains it, has a fault."""
        path = self.names.get(path, path)
        return any(path[:end] in self.broken for end in range(1, len(path) + 1))


def key_text(path: KeyPath) -> str:
    """Return a path for messages: ``statements[0].kind``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if re.fullmatch(r"[\w-]+", part) else repr(part)
            text += f".{shown}" if text else shown
    return text


def build(file: str, node: yaml.Node) -> Document:
    document = Document(file=file)
    document.positions[()] = Position.of(node.start_mark)
    document.value = _value(document, node, ())
    return document


def _value(document: Document, node: yaml.Node, path: KeyPath) -> Any:
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(document, node, path))
    if isinstance(node, yaml.SequenceNode):
        return list(_items(document, node, path))
    value = None if node.tag == NULL_TAG else construct(node.value, node.tag)
    if node.tag == DATE_TAG or value is not node.value:
        document.written[path] = Written(text=node.value, reading=misreading(node.value))
    return value


def _pairs(document: Document, node: yaml.MappingNode, path: KeyPath) -> Iterable[tuple[str, Any]]:
    for pair in pairs(node):
        position = Position.of(pair.mark)
        inner = (*path, pair.key)
        if pair.fault:
            document.fault(inner if pair.key else path, pair.fault, position)
            continue
        document.positions[inner] = position
        yield pair.key, _value(document, pair.value, inner)


def _items(document: Document, node: yaml.SequenceNode, path: KeyPath) -> Iterable[Any]:
    for index, item in enumerate(node.value):
        inner = (*path, index)
        document.positions[inner] = Position.of(item.start_mark)
        yield _value(document, item, inner)
