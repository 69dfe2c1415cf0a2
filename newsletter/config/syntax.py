"""From a file's bytes to YAML nodes; what is no YAML becomes one fault that says where and why."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from newsletter.domain.errors import Fault, InvalidConfiguration


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


class PlainLoader(yaml.SafeLoader):
    """Safe YAML that ends: no aliases, which repeat without end, and no bottomless nesting."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node. Raises MarkedYAMLError for an alias, and beyond thirty levels."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # bare in types-pyyaml
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(None, None, "found an alias", mark)
        if self._depth > _DEEPEST:
            raise yaml.MarkedYAMLError(None, None, "nested too deeply", mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


_DEEPEST = 30


_OPENING = ("while parsing a flow", "while scanning a quoted", "while scanning a simple key")

_HINTS = {
    "'\\t' that cannot start": "a tab cannot indent YAML; write blanks instead",
    "nested too deeply": "groups and lists lie too deep in each other; close brackets",
    "found an alias": "aliases (*name) are not read here; write the value out",
    "mapping values are not allowed": "a colon with a blank after it begins a value, and none can "
    "begin here; put text that holds one in quotes, or check the indentation",
    "could not find expected ':'": "this line has no colon, or the text before it lacks its "
    "closing quote; write it like key: value",
    "unexpected end of stream": "a quote is opened and never closed",
    "expected the node content": "something else was expected here; put text that begins with a "
    "sign such as , ] } % @ or ` in quotes",
    "cannot start any token": "text cannot begin with this sign; put it in quotes",
    "expected <block end>": "this does not fit the lines above; give keys of one group the same "
    "indentation, and close quotes",
    "or ']'": "a list that [ opens must go on with , or end with ]",
    "or '}'": "a group that { opens must go on with , or end with }",
    "unknown escape": "a \\ in double quotes begins a special sign; use single quotes instead",
    "sequence entries are not allowed": "a list item (- and a blank) begins a line of its own; "
    "write it on the next line, or put text that begins so in quotes",
    "but found another document": "--- begins a second document; write everything in one",
}


def parse(path: Path) -> yaml.Node:
    """Read a YAML file. Raises InvalidConfiguration with the one fault that stops reading."""
    text = _decoded(path)
    try:
        node = yaml.compose(text, Loader=PlainLoader)
    except yaml.MarkedYAMLError as error:
        raise _stop(path, f"this is not YAML: {_in_plain_words(error)}", _where(error)) from error
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


def _decoded(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise _stop(path, "does not exist; write one with: newsletter init") from error
    except OSError as error:
        raise _stop(path, f"cannot be read: {error.strerror}; check the file") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place.after(data[: error.start].decode("utf-8-sig", "replace"))
        raise _stop(path, "is not in UTF-8; save it in that encoding", place) from error


def _where(error: yaml.MarkedYAMLError) -> Place:
    """Where a person should look: at what opens and does not close, else where YAML stopped."""
    opened = (error.context or "").startswith(_OPENING)
    mark: Any = error.context_mark if opened else error.problem_mark
    return Place.of(mark)


def _in_plain_words(error: yaml.MarkedYAMLError) -> str:
    said = " ".join(part for part in (error.context, error.problem) if part)
    for sign, hint in _HINTS.items():
        if sign in said:
            return hint
    return f"{said}; mend this line"


def _stop(path: Path, message: str, place: Place | None = None) -> InvalidConfiguration:
    line, column = (place.line, place.column) if place else (0, 0)
    return InvalidConfiguration([Fault(file=path.name, line=line, column=column, message=message)])
