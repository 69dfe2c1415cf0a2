"""Render translations into the mail of their original, each in its own block."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.content import Counting
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.checks import guards
from newsletter.rendering.languages import direction, language_name
from newsletter.rendering.mail.words import Wordings
from newsletter.rendering.markdown.faults import faults_of_statement
from newsletter.rendering.markdown.greetings import open_greetings
from newsletter.rendering.markdown.links import tag_links
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import to_html
from newsletter.rendering.markdown.plaintext import to_text

_ONE_LOWER = {"h2": "h3", "h3": "h4"}
"""A block's title is an h2, so its headings are one level lower."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One translation in a mail, as templates see it."""

    name: str
    """Of the language, in that language."""
    language: str
    direction: str
    title: str
    body: Markup
    text: str
    links: tuple[str, ...]
    words: Mapping[str, str]
    """The fixed words, in its language if there are any."""


def blocks(
    translations: Sequence[Statement],
    wordings: Wordings,
    counting: Counting | None,
    fallbacks: list[str],
) -> tuple[Block, ...]:
    """Return a block for each translation. Raises InvalidInput with all faults.

    ``fallbacks`` are the words for readers without a name; theirs are added.
    """
    faults = dict.fromkeys(fault for translation in translations for fault in _faults(translation))
    if faults:
        raise InvalidInput(faults)
    return tuple(_block(translation, wordings, counting, fallbacks) for translation in translations)


def left_out(part: str, wanted: Sequence[Block]) -> Iterator[str]:
    """Yield a fault for each language that a workspace's template leaves out."""
    whole = "".join(part.split())
    for block in wanted:
        if "".join(block.title.split()) not in whole:
            yield f"it leaves out the translation in {block.name}: fill in translations"


def _faults(statement: Statement) -> list[Fault]:
    tokens = read_markdown(statement.body, statement.language)
    return [
        *(
            Fault(file=statement.origin, message=message)
            for message in guards.statement_faults(statement)
        ),
        *faults_of_statement(statement, tokens),
    ]


def _block(
    statement: Statement, wordings: Wordings, counting: Counting | None, fallbacks: list[str]
) -> Block:
    words = wordings.of(statement.language)[0]
    tokens = read_markdown(statement.body, statement.language, watch=words["watch"])
    if counting:
        tag_links(tokens, counting.marks(statement.slug), counting.hosts)
    open_greetings(tokens, fallbacks)
    for token in tokens:
        token.tag = _ONE_LOWER.get(token.tag, token.tag)
    plain = to_text(tokens)
    return Block(
        name=language_name(statement.language),
        language=statement.language,
        direction=direction(statement.language),
        title=statement.title,
        body=Markup(to_html(tokens)),  # noqa: S704 - nh3 made it safe
        text=plain.text,
        links=plain.links,
        words=words,
    )
