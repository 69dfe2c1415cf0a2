"""Reads YAML as nodes with their positions: settings, front matter, subscriber files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import IO, Any

import yaml

from newsletter.domain.wording import say
from newsletter.formats.scalars import TEXT_TAG, plain_tag

_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_NESTING_DEPTH = 30
TWICE = say("appears twice, first on line {line}; keep one of them")


class UnsupportedYaml(yaml.MarkedYAMLError):
    """YAML that is not supported here; ``problem`` says what to write."""


class HalfCharacter(UnsupportedYaml):
    """A lone surrogate, half of a character that JSON writes as ``\\uD83D\\uDE00``."""


class NodeReader:
    """Composes the nodes of a text one by one, without aliases and tags, to a limited depth.

    PyYAML's own composer keeps the whole tree. Raises yaml.YAMLError.
    """

    def __init__(
        self,
        text: str | IO[str],
        *,
        loader: type[yaml.SafeLoader | yaml.CSafeLoader] = _LOADER,
        deepest: int = _MAX_NESTING_DEPTH,
    ) -> None:
        self._events = iter(yaml.parse(text, Loader=loader))
        self._deepest = deepest

    def event(self) -> Any:
        """Return the next event. libyaml's events have marks of another type."""
        return next(self._events)

    def node(self, event: Any = None, depth: int = 0) -> yaml.Node:
        """Compose one value. ``event`` is its first event if that is already read."""
        event = event or self.event()
        start: Any = event.start_mark
        end: Any = event.end_mark
        if isinstance(event, yaml.AliasEvent):
            # a few lines of aliases may repeat a value without end
            what = "aliases (*name) are not read here; write the value out, or put it in quotes"
            raise UnsupportedYaml(None, None, say(what), start)
        if event.tag:
            what = "the tag {tag} is not read here; leave it out, or put the whole value in quotes"
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise UnsupportedYaml(None, None, say(what, tag=tag), start)
        if isinstance(event, yaml.ScalarEvent):
            tag = plain_tag(event.value) if event.implicit[0] else TEXT_TAG
            return yaml.ScalarNode(tag, _join_surrogates(event), start, end, event.style)
        if depth > self._deepest:
            what = "groups and lists lie too deep in each other; close brackets"
            raise UnsupportedYaml(None, None, say(what), start)
        inner: list[yaml.Node] = []
        while not isinstance(following := self.event(), yaml.CollectionEndEvent):
            inner.append(self.node(following, depth + 1))
        end = following.end_mark
        if isinstance(event, yaml.SequenceStartEvent):
            return yaml.SequenceNode(yaml.Loader.DEFAULT_SEQUENCE_TAG, inner, start, end)
        entries = list(zip(inner[::2], inner[1::2], strict=True))
        return yaml.MappingNode(yaml.Loader.DEFAULT_MAPPING_TAG, entries, start, end)


def _join_surrogates(event: Any) -> str:
    """Return the text with each pair of surrogates (``\\uD83D\\uDE00``) as one character."""
    if event.style != '"':
        return str(event.value)
    try:
        return str(event.value).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        what = "holds half of a character (\\uD800 to \\uDFFF); write it whole"
        raise HalfCharacter(None, None, say(what), event.start_mark) from error


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A key of a group, with its value."""

    key: str
    """The key; "" if it is a list or a group."""
    value: yaml.Node
    mark: Any
    """The position of the key."""
    fault: str
    """Why the key cannot be read, or ""."""


def pairs(node: yaml.MappingNode) -> Iterator[Pair]:
    """Yield the keys of a group in order. A second key of the same name is a fault."""
    line_of_key: dict[str, int] = {}
    for name, value in node.value:
        mark: Any = name.start_mark
        key = name.value if isinstance(name, yaml.ScalarNode) else ""
        fault = say(TWICE, line=line_of_key[key]) if key in line_of_key else ""
        if isinstance(name, yaml.ScalarNode):
            line_of_key.setdefault(key, mark.line + 1)
        else:
            fault = say("has a list or mapping for a key; write a plain word")
        yield Pair(key=key, value=value, mark=mark, fault=fault)


def compose(text: str) -> yaml.Node | None:
    """Return the only document of a text; None for an empty text. Raises yaml.YAMLError.

    If libyaml fails, PyYAML's slow parser reads again, so that messages are always the same.
    """
    try:
        return _read_document(NodeReader(text))
    except yaml.YAMLError:
        return _read_document(NodeReader(text, loader=yaml.SafeLoader))


def _read_document(nodes: NodeReader) -> yaml.Node | None:
    nodes.event()
    if isinstance(begin := nodes.event(), yaml.StreamEndEvent):
        return None
    root = nodes.node()
    nodes.event()
    if not isinstance(extra := nodes.event(), yaml.StreamEndEvent):
        raise yaml.composer.ComposerError(
            "expected a single document in the stream",
            begin.start_mark,
            "but found another document",
            extra.start_mark,
        )
    return root


_UNCLOSED = ("while parsing a flow", "while scanning a quoted", "while scanning a simple key")


@cache
def _hints() -> Mapping[str, str]:
    """Return words in a parser's message → the explanation for people."""
    text = files("newsletter.formats").joinpath("hints.yaml").read_text("utf-8")
    hints: Mapping[str, str] = yaml.safe_load(text)
    return hints


def in_plain_words(error: yaml.MarkedYAMLError) -> str:
    """Return why YAML cannot be read, and what to do."""
    if isinstance(error, UnsupportedYaml):
        return error.problem or ""
    problem = " ".join(part for part in (error.context, error.problem) if part)
    hint = next((hint for sign, hint in _hints().items() if sign in problem), "")
    hint = say(hint) if hint else say("{problem}; correct this line", problem=problem)
    return say("this is not YAML: {hint}", hint=hint)


def position_of(error: yaml.MarkedYAMLError) -> Any:
    """Return the position of an unclosed opening, or else where YAML stopped."""
    is_at_opening = (error.context or "").startswith(_UNCLOSED)
    return error.context_mark if is_at_opening else error.problem_mark
