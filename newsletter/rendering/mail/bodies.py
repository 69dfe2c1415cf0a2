"""The body of a statement as templates fill it in: its parts, and which blocks are in it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markdown_it.token import Token
from markupsafe import Markup

from newsletter.rendering.mail.translations import Block
from newsletter.rendering.markdown.blocks import in_parts
from newsletter.rendering.markdown.markup import to_html
from newsletter.rendering.markdown.tables import text_of

_CLASSES = re.compile(r'<[a-z]+ (?:role="presentation" )?class="([a-z- ]+)"')


@dataclass(frozen=True, kw_only=True)
class Body:
    """A statement's text in HTML."""

    above: str
    """Of the text what stands with the title, where a lead picture parts it from the rest."""
    lead: str
    """The picture from edge to edge; empty without one."""
    rest: str
    shown: frozenset[str]
    """The classes that stand in it: so much of the style sheet is needed."""

    @property
    def whole(self) -> str:
        """All of it."""
        return self.above + self.lead + self.rest

    @property
    def stands_first(self) -> bool:
        """It has a standfirst of its own."""
        return "standfirst" in self.shown

    def parts(self) -> dict[str, Markup]:
        """For the templates. nh3 made it safe; they must not escape it again."""
        parts = {"above": self.above, "lead": self.lead, "body": self.rest}
        return {name: Markup(html) for name, html in parts.items()}  # noqa: S704


def body_of(tokens: Sequence[Token], translations: Iterable[Block]) -> Body:
    """The HTML of a text, which may have its translations below it."""
    parts = in_parts(tokens)
    above, lead, rest = map(to_html, (parts.above, parts.lead, parts.rest))
    everything = [above, lead, rest, *(str(block.body) for block in translations)]
    classes = " ".join(" ".join(_CLASSES.findall(html)) for html in everything)
    return Body(above=above, lead=lead, rest=rest, shown=frozenset(classes.split()))


def opens_with(tokens: Sequence[Token], words: str) -> bool:
    """The first paragraph says these words already."""
    first = next((text_of(token) for token in tokens if token.type == "inline"), "")
    return bool(words) and _plain(first).startswith(_plain(words))


def ends_with(tokens: Sequence[Token], mark: str) -> bool:
    """The author set an end mark, this one or the usual."""
    said = [text_of(token) for token in tokens if token.type == "inline" and text_of(token)]
    return bool(said) and said[-1] in {mark, "###"}


def _plain(words: str) -> str:
    return re.sub(r"\W+", "", words).lower()
