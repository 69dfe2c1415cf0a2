"""The kinds of value in front matter: each function reads one, or says what to write instead."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import yaml

from newsletter.domain.errors import Fault
from newsletter.domain.subscribers.audience import fold, parse_address
from newsletter.formats.frontmatter import Field, FrontMatter
from newsletter.formats.scalars import NULL_TAG, TEXT_TAG, misreading, quoted
from newsletter.formats.text import control_in_value

T = TypeVar("T")
_SWITCH_TAG = "tag:yaml.org,2002:bool"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads values by key and gathers what is wrong with them."""

    front: FrontMatter
    file: str
    faults: list[Fault] = field(default_factory=list)

    def fault(self, key: str, message: str, line: int = 0) -> None:
        """Note a fault where the key stands, or on another line."""
        place = self.front.fields.get(key)
        where = line or (place.line if place else 1)
        self.faults.append(Fault(file=self.file, line=where, key=key, message=message))

    def text(self, key: str, check: Callable[[str], T]) -> T | None:
        """One line of text; None if absent, empty or faulty."""
        place = self.front.fields.get(key)
        if place is None or (_is_empty(place.node) and not _cut_off(place)):
            return None
        value = self._plain_text(key, place)
        return None if value is None else self._checked(key, value, check, place.line)

    def decisive(self, key: str, check: Callable[[str], T]) -> T | None:
        """Like ``text``, for a key that decides who gets it or when: empty is a fault, not a no."""
        place = self.front.fields.get(key)
        if place is not None and _is_empty(place.node):
            self.fault(key, "has no value; fill it in, or take the line out")
            return None
        return self.text(key, check)

    def switch(self, key: str) -> bool:
        """True or false; false if absent or faulty."""
        place = self.front.fields.get(key)
        if place is None:
            return False
        node = place.node
        said = node.value.casefold() if isinstance(node, yaml.ScalarNode) else ""
        if said not in {"true", "false"} or node.tag != _SWITCH_TAG or _cut_off(place):
            self.fault(key, f"must be true or false, without quotes; write {key}: true")
        return bool(said == "true")

    def when(self, key: str, check: Callable[[str], T]) -> T | None:
        """A date or a time, which YAML may read as something else as long as we can."""
        place = self.front.fields.get(key)
        if place is None:
            return None
        if not isinstance(place.node, yaml.ScalarNode):
            self.fault(key, "must be one value, not a list; write it like 2011-09-21")
            return None
        if _is_empty(place.node):
            self.fault(key, "has no value; fill it in, or take the line out")
            return None
        return self._checked(key, place.node.value.strip(), check, place.line, raw=place.node)

    def several(self, key: str, check: Callable[[str], str], example: str) -> tuple[str, ...]:
        """A list of texts without repeats; empty if absent or faulty. An empty list is a fault."""
        place = self.front.fields.get(key)
        if place is None:
            return ()
        if not isinstance(place.node, yaml.SequenceNode):
            self.fault(key, f"must be a list; write it like {key}: [{example}]")
            return ()
        if not place.node.value:
            self.fault(key, "is an empty list; fill it in, or take the line out")
        found = [self._item(key, node, check) for node in place.node.value]
        return tuple(dict.fromkeys(item for item in found if item is not None))

    def _item(self, key: str, node: yaml.Node, check: Callable[[str], str]) -> str | None:
        line = node.start_mark.line + 2
        if not isinstance(node, yaml.ScalarNode) or node.value == "":
            self.fault(key, "holds something that is not one word of text", line)
            return None
        if node.tag != TEXT_TAG:
            self.fault(key, _misread(node, write=quoted(node.value)), line)
            return None
        return self._checked(key, node.value, check, line)

    def _plain_text(self, key: str, place: Field) -> str | None:
        node = place.node
        if not isinstance(node, yaml.ScalarNode):
            example = f'{key}: "…"'
            self.fault(key, f"must be one line of text; write it in quotes: {example}")
            return None
        cut = _cut_off(place)
        if cut:
            whole = quoted(f"{node.value} {cut}".strip())
            self.fault(key, f"YAML drops all from {cut!r} on as a comment; write {key}: {whole}")
            return None
        if node.tag != TEXT_TAG:
            self.fault(key, _misread(node, write=f"{key}: {quoted(node.value)}"))
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
            self.fault(key, f"holds {control}; write it as one line of plain text", line)
            return None
        try:
            return check(value)
        except ValueError as error:
            self.fault(key, f"{error}{_hint(raw)}", line)
            return None


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value == ""


def _misread(node: yaml.ScalarNode, *, write: str) -> str:
    if not node.tag.startswith("tag:yaml.org,2002:"):
        return f"YAML takes {node.tag} for a type; put the whole value in quotes"
    meant = misreading(node.value) or "something else"
    return f"YAML reads {node.value} as {meant}; put it in quotes: {write}"


def _hint(node: yaml.ScalarNode | None) -> str:
    """What YAML would have made of it, where that is a surprise."""
    if node is None or node.style or node.tag in {TEXT_TAG, NULL_TAG}:
        return ""
    meant = misreading(node.value)
    return f" (YAML reads {node.value} as {meant})" if "number" in meant else ""


def _cut_off(place: Field) -> str:
    """What a # without a blank behind it cut off: ``wins #1 spot``. A comment has the blank."""
    rest = place.rest.strip()
    node = place.node
    bare = isinstance(node, yaml.ScalarNode) and not node.style
    return rest if bare and rest.startswith("#") and rest[1:2].strip() not in {"", "#"} else ""


def as_it_is(value: str) -> str:
    """Any text."""
    return value


def address(value: str) -> str:
    """A folded address. Raises ValueError."""
    return fold(parse_address(value))
