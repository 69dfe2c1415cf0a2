"""Splits a Markdown file into YAML front matter and body, and reads the values."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.setting import control_in_value
from newsletter.domain.subscribers.address import fold, parse_address
from newsletter.domain.wording import did_you_mean, enclosed, say
from newsletter.formats.scalars import NULL_TAG, TEXT_TAG, misread, misreading, quote
from newsletter.formats.text import decode_utf8
from newsletter.formats.yaml_nodes import HalfCharacter, compose, in_plain_words, pairs, position_of

_ENTRY_PATTERN = re.compile(r"(?P<key>[A-Za-z_]\w*):[ \t]+(?P<value>\S.*)")
_MAX_HINTED_CHARS = 300
MAX_HEADER_BYTES = 64 << 10
MAX_KEYS = 60
"""The maximum number of keys. A statement has 23, a WordPress export about 30."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A key of the front matter, with its value."""

    key: str
    node: yaml.Node
    line: int
    """The line in the file, from 1."""
    rest: str
    """The text after the value on its last line."""


@dataclass(frozen=True, kw_only=True)
class FrontMatter:
    """A statement file, split into front matter and body."""

    fields: Mapping[str, Field]
    body: str
    """The Markdown without blank lines before and after it."""
    body_line: int
    """The body's first line in the file, from 1."""


def parse_front_matter(data: bytes, *, file: str) -> FrontMatter:
    """Decode and split a file, and find its keys, in linear time.

    Raises InvalidInput, naming the line, if the file is not text, or if its front matter is
    missing, broken or larger than ``MAX_HEADER_BYTES``.
    """
    lines = decode_utf8(data, file=file).split("\n")
    end = _closing_line(lines, file)
    header = "\n".join(["", *lines[1:end]])  # its lines count as in the file
    size = len(header[1:].encode())
    if size > MAX_HEADER_BYTES:
        long = (
            "the front matter is {size:,} bytes long, and {most:,} are the most; move the text"
            " below the line --- that closes the front matter"
        )
        raise InvalidInput.at(file, say(long, size=size, most=MAX_HEADER_BYTES), line=2)
    first = next((n for n in range(end + 1, len(lines)) if lines[n].strip()), len(lines) - 1)
    return FrontMatter(
        fields=_fields(header, file), body="\n".join(lines[first:]).rstrip(), body_line=first + 1
    )


def _closing_line(lines: list[str], file: str) -> int:
    if lines[0].rstrip() != "---":
        message = say("has no front matter; its first line must be --- and a title: must follow")
        raise InvalidInput.at(file, message, line=1)
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return number
    message = say("this front matter is not closed; write --- alone on the line after its last key")
    raise InvalidInput.at(file, message, line=1)


def _fields(header: str, file: str) -> dict[str, Field]:
    try:
        root = compose(header)
    except yaml.MarkedYAMLError as error:
        raise InvalidInput([_explain(error, header, file)]) from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        message = say("the front matter holds no keys; write lines like title: The title")
        raise InvalidInput.at(file, message, line=2)
    if len(root.value) > MAX_KEYS:
        many = (
            "the front matter has {count} keys, and {most} are the most; take out the keys that"
            " are not of a statement"
        )
        raise InvalidInput.at(file, say(many, count=len(root.value), most=MAX_KEYS), line=2)
    lines = header.split("\n")
    fields: dict[str, Field] = {}
    faults: list[Fault] = []
    for pair in pairs(root):
        line = pair.mark.line + 1
        if pair.fault:
            faults.append(Fault(file=file, line=line, key=pair.key, message=pair.fault))
            continue
        end: Any = pair.value.end_mark
        rest = lines[end.line][end.column :] if end.line < len(lines) else ""
        fields[pair.key] = Field(key=pair.key, node=pair.value, line=line, rest=rest)
    if faults:
        raise InvalidInput(faults)
    return fields


def _explain(error: yaml.MarkedYAMLError, header: str, file: str) -> Fault:
    fault = Fault(file=file, line=position_of(error).line + 1, message=in_plain_words(error))
    if isinstance(error, HalfCharacter):
        return fault
    lines = header.split("\n")
    number = min(error.problem_mark.line, len(lines) - 1) if error.problem_mark else 0
    for candidate in (number, number - 1):  # YAML often reports the next line
        hint = _hint(lines[candidate]) if candidate >= 0 else ""
        if hint:
            return Fault(file=file, line=candidate + 1, message=hint)
    return fault


def _hint(line: str) -> str:
    if line.startswith("\t"):
        return say("begins with a tab, which YAML does not allow; write blanks instead")
    entry = _ENTRY_PATTERN.fullmatch(line.rstrip(" \t"))
    if entry is None or len(line) > _MAX_HINTED_CHARS or _readable(line):
        return ""
    key, value = entry["key"], entry["value"]
    if value[0] in "[{":
        bracket = "{key}: its bracket is not closed on this line; write it like lists: [press]"
        return say(bracket, key=key)
    why = say("YAML does not read it as text")
    if ": " in value and value[0] not in "\"'":
        why = say("YAML reads the colon in it as another key")
    text = value[1:] if value[0] in "\"'" and value.count(value[0]) == 1 else value
    unread = "{key}: {why}; put the value in quotes: {key}: {value}"
    return say(unread, key=key, why=why, value=quote(text))


def _readable(line: str) -> bool:
    try:
        compose(line)
    except yaml.YAMLError:
        return False
    return True


def unknown_key(field: Field, known: Iterable[str], file: str) -> Fault:
    hint = did_you_mean(field.key, known, is_listed=True)
    message = say("is not a key of a statement{hint}", hint=hint)
    return Fault(file=file, line=field.line, key=field.key, message=message)


T = TypeVar("T")
_SWITCH_TAG = "tag:yaml.org,2002:bool"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads values of the front matter by key, and collects their faults."""

    front: FrontMatter
    file: str
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, key: str, pattern: str, /, *, line: int = 0, **values: object) -> None:
        """Add a fault at the line of the key, or at another line."""
        place = self.front.fields.get(key)
        position = line or (place.line if place else 1)
        message = say(pattern, **values)
        self.faults.append(Fault(file=self.file, line=position, key=key, message=message))

    def text(self, key: str, check: Callable[[str], T]) -> T | None:
        """Return a text of one line; None if it is absent, empty or faulty."""
        place = self.front.fields.get(key)
        if place is None or (_is_empty(place.node) and not _text_lost_as_comment(place)):
            return None
        value = self._plain_text(key, place)
        return None if value is None else self._checked(key, value, check, place.line)

    def required(self, key: str, check: Callable[[str], T]) -> T | None:
        """Return a text that decides about recipients or time: an empty value is a fault."""
        place = self.front.fields.get(key)
        if place is not None and _is_empty(place.node):
            self.refuse(key, "has no value; fill it in, or take the line out")
            return None
        return self.text(key, check)

    def flag(self, key: str) -> bool:
        """Return whether a field is true; a field that is absent or faulty is false."""
        place = self.front.fields.get(key)
        if place is None:
            return False
        node = place.node
        value = node.value.casefold() if isinstance(node, yaml.ScalarNode) else ""
        if (
            value not in {"true", "false"}
            or node.tag != _SWITCH_TAG
            or _text_lost_as_comment(place)
        ):
            self.refuse(key, "must be true or false, without quotes; write {key}: true", key=key)
        return bool(value == "true")

    def moment_text(self, key: str, check: Callable[[str], T]) -> T | None:
        """Return the checked text of a date or time, of any YAML type."""
        place = self.front.fields.get(key)
        if place is None:
            return None
        if not isinstance(place.node, yaml.ScalarNode):
            self.refuse(key, "must be one value, not a list; write it like 2011-09-21")
            return None
        if _is_empty(place.node):
            self.refuse(key, "has no value; fill it in, or take the line out")
            return None
        return self._checked(key, place.node.value.strip(), check, place.line, raw=place.node)

    def texts(self, key: str, check: Callable[[str], str], example: str) -> tuple[str, ...]:
        """Return the checked texts of a list, each once, or () if absent, empty or faulty."""
        place = self.front.fields.get(key)
        if place is None:
            return ()
        if not isinstance(place.node, yaml.SequenceNode):
            what = "must be a list; write it like {key}: [{example}]"
            self.refuse(key, what, key=key, example=example)
            return ()
        if not place.node.value:
            self.refuse(key, "is an empty list; fill it in, or take the line out")
        found = [self._item(key, node, check) for node in place.node.value]
        return tuple(dict.fromkeys(item for item in found if item is not None))

    def _item(self, key: str, node: yaml.Node, check: Callable[[str], str]) -> str | None:
        mark: Any = node.start_mark
        line = mark.line + 1
        if not isinstance(node, yaml.ScalarNode) or node.value == "":
            self.refuse(key, "holds something that is not one word of text", line=line)
            return None
        if node.tag != TEXT_TAG:
            self.refuse(key, misread(node.value, quote(node.value)), line=line)
            return None
        return self._checked(key, node.value, check, line)

    def _plain_text(self, key: str, field: Field) -> str | None:
        node = field.node
        if not isinstance(node, yaml.ScalarNode):
            what = "must be one line of text; write it in quotes: {example}"
            self.refuse(key, what, example=f'{key}: "…"')
            return None
        cut = _text_lost_as_comment(field)
        if cut:
            value = quote(f"{node.value} {cut}".strip())
            lost = "YAML drops all from {cut!r} on as a comment; write {key}: {value}"
            self.refuse(key, lost, cut=cut, key=key, value=value)
            return None
        if node.tag != TEXT_TAG:
            self.refuse(key, misread(node.value, f"{key}: {quote(node.value)}"))
            return None
        return str(node.value).strip()

    def _checked(
        self,
        key: str,
        value: str,
        check: Callable[[str], T],
        line: int,
        raw: yaml.ScalarNode | None = None,
    ) -> T | None:
        control = control_in_value(value)
        if control:
            broken = say("holds {control}; write it as one line of plain text", control=control)
            self.refuse(key, broken, line=line)
            return None
        try:
            return check(value)
        except ValueError as error:
            # a hint if YAML reads a number
            is_misread = raw is not None and not raw.style and raw.tag not in {TEXT_TAG, NULL_TAG}
            meaning = misreading(raw.value) if raw is not None and is_misread else ""
            message = str(error)
            if "number" in meaning:
                read = "{text} (YAML reads {value} as {reading})"
                message = enclosed(read, text=message, value=value, reading=meaning)
            self.refuse(key, message, line=line)
            return None


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value == ""


def _text_lost_as_comment(field: Field) -> str:
    """Return the text that YAML drops as a comment, but people mean: ``wins #1 spot``."""
    rest = field.rest.strip()
    node = field.node
    is_plain = isinstance(node, yaml.ScalarNode) and not node.style
    return rest if is_plain and rest.startswith("#") and rest[1:2].strip() not in {"", "#"} else ""


def read_address(value: str) -> str:
    """Return a folded address. Raises ValueError."""
    return fold(parse_address(value))
