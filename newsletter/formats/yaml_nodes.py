"""YAML as nodes that know where they stand: settings, front matter and files of subscribers."""

from typing import IO, Any

import yaml

from newsletter.formats.scalars import TEXT_TAG, tag_of_plain

_FAST: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 30


class FoundAlias(yaml.MarkedYAMLError):
    """Stands for a value elsewhere: a few lines of them repeat without end."""


class TooDeep(yaml.MarkedYAMLError):
    """Groups and lists lie too deep in each other."""


class Nodes:
    """Composes the nodes of a text one after another; the text is read as they are asked for.

    PyYAML's own composer holds the whole tree, follows aliases, and goes as deep as is written.
    Raises yaml.YAMLError.
    """

    def __init__(
        self,
        text: str | IO[str],
        *,
        loader: type[yaml.SafeLoader | yaml.CSafeLoader] = _FAST,
        deepest: int = _DEEPEST,
    ) -> None:
        self._events = iter(yaml.parse(text, Loader=loader))
        self._deepest = deepest

    def event(self) -> Any:
        """The next event, skipping none: untyped, for libyaml's have marks of their own."""
        return next(self._events)

    def node(self, event: Any = None, depth: int = 0) -> yaml.Node:
        """Read one whole value, whose first event may have been taken already."""
        event = event or self.event()
        start, end = event.start_mark, event.end_mark
        if isinstance(event, yaml.ScalarEvent):
            tag = _explicit(event) or (tag_of_plain(event.value) if event.implicit[0] else TEXT_TAG)
            return yaml.ScalarNode(tag, event.value, start, end, event.style)
        if isinstance(event, yaml.AliasEvent):
            raise FoundAlias(None, None, "found an alias", start)
        if depth > self._deepest:
            raise TooDeep(None, None, "nested too deeply", start)
        inner, end = self._inner(depth + 1)
        if isinstance(event, yaml.SequenceStartEvent):
            tag = _explicit(event) or yaml.Loader.DEFAULT_SEQUENCE_TAG
            return yaml.SequenceNode(tag, inner, start, end)
        tag = _explicit(event) or yaml.Loader.DEFAULT_MAPPING_TAG
        pairs = list(zip(inner[::2], inner[1::2], strict=True))
        return yaml.MappingNode(tag, pairs, start, end)

    def _inner(self, depth: int) -> tuple[list[yaml.Node], Any]:
        """The values up to the end of what holds them, and where that ends."""
        found: list[yaml.Node] = []
        while not isinstance(event := self.event(), yaml.CollectionEndEvent):
            found.append(self.node(event, depth))
        return found, event.end_mark


def _explicit(event: Any) -> str:
    """The tag that is written; ``!`` alone says only that the value is no other kind than text."""
    return "" if event.tag in {None, "!"} else str(event.tag)


def compose(text: str) -> yaml.Node | None:
    """The one document of a text; None where there is none. Raises yaml.YAMLError.

    What libyaml cannot read, PyYAML's own parser, ten times slower, reads once more: its words do
    not depend on what is installed.
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
