"""Read YAML as nodes with their places: settings, front matter, files of subscribers."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import IO, Any

import yaml

from newsletter.formats.scalars import TEXT_TAG, tag_of_plain

_FAST: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_NESTING_DEPTH = 30


class NotRead(yaml.MarkedYAMLError):
    """YAML that is not supported here; ``problem`` says what to write."""


class HalfCharacter(NotRead):
    """Half of a character that JSON writes in two, ``\\uD83D\\uDE00``."""


class Nodes:
    """Composes the nodes of a text one by one, as they are asked for.

    PyYAML's own composer keeps the whole tree, follows aliases and has no limit of depth. Raises
    yaml.YAMLError.
    """

    def __init__(
        self,
        text: str | IO[str],
        *,
        loader: type[yaml.SafeLoader | yaml.CSafeLoader] = _FAST,
        deepest: int = _MAX_NESTING_DEPTH,
    ) -> None:
        self._events = iter(yaml.parse(text, Loader=loader))
        self._deepest = deepest

    def event(self) -> Any:
        """Return the next event; untyped, because libyaml's events have other marks."""
        return next(self._events)

    def node(self, event: Any = None, depth: int = 0) -> yaml.Node:
        """Read one whole value; ``event`` is its first event, if already read."""
        event = event or self.event()
        start: Any = event.start_mark
        end: Any = event.end_mark
        if isinstance(event, yaml.ScalarEvent):
            tag = _explicit(event) or (tag_of_plain(event.value) if event.implicit[0] else TEXT_TAG)
            return yaml.ScalarNode(tag, _join_surrogates(event), start, end, event.style)
        if isinstance(event, yaml.AliasEvent):
            # an alias repeats a value: a few lines of them repeat without end
            what = "aliases (*name) are not read here; write the value out, or put it in quotes"
            raise NotRead(None, None, what, start)
        if depth > self._deepest:
            what = "groups and lists lie too deep in each other; close brackets"
            raise NotRead(None, None, what, start)
        inner: list[yaml.Node] = []
        while not isinstance(following := self.event(), yaml.CollectionEndEvent):
            inner.append(self.node(following, depth + 1))
        end = following.end_mark
        if isinstance(event, yaml.SequenceStartEvent):
            tag = _explicit(event) or yaml.Loader.DEFAULT_SEQUENCE_TAG
            return yaml.SequenceNode(tag, inner, start, end)
        tag = _explicit(event) or yaml.Loader.DEFAULT_MAPPING_TAG
        return yaml.MappingNode(tag, list(zip(inner[::2], inner[1::2], strict=True)), start, end)


def _join_surrogates(event: Any) -> str:
    """Return the text, with JSON's two halves (``\\uD83D\\uDE00``) as one character."""
    if event.style != '"':
        return str(event.value)
    try:
        return str(event.value).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        what = "holds half of a character (\\uD800 to \\uDFFF); write it whole"
        raise HalfCharacter(None, None, what, event.start_mark) from error


def _explicit(event: Any) -> str:
    """Return the written tag; ``!`` alone only forces text."""
    return "" if event.tag in {None, "!"} else str(event.tag)


def compose(text: str) -> yaml.Node | None:
    """Return the only document of a text, or None. Raises yaml.YAMLError.

    If libyaml fails, PyYAML's parser, ten times slower, reads again, so that messages are the same
    with every installation.
    """
    try:
        return _document(Nodes(text))
    except yaml.YAMLError:
        return _document(Nodes(text, loader=yaml.SafeLoader))


def _document(nodes: Nodes) -> yaml.Node | None:
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


_OPENING = ("while parsing a flow", "while scanning a quoted", "while scanning a simple key")


@cache
def _hints() -> Mapping[str, str]:
    """Return words in the messages of both parsers, and what to tell people."""
    text = files("newsletter.formats").joinpath("hints.yaml").read_text("utf-8")
    hints: Mapping[str, str] = yaml.safe_load(text)
    return hints


def in_plain_words(error: yaml.MarkedYAMLError) -> str:
    """Say why YAML cannot be read, and what to do."""
    if isinstance(error, NotRead):
        return str(error.problem)
    problem = " ".join(part for part in (error.context, error.problem) if part)
    hint = next((hint for sign, hint in _hints().items() if sign in problem), "")
    return f"this is not YAML: {hint or f'{problem}; correct this line'}"


def mark_of(error: yaml.MarkedYAMLError) -> Any:
    """Return the place to look at: an unclosed opening, else where YAML stopped."""
    is_at_opening = (error.context or "").startswith(_OPENING)
    return error.context_mark if is_at_opening else error.problem_mark
