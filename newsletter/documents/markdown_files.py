"""Import Markdown with or without front matter. The text stays unchanged."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from newsletter.documents.encoding import decode
from newsletter.documents.release.blocks import Block, ExtractedText, import_blocks
from newsletter.documents.release.dates import find_dates
from newsletter.documents.release.heading import Dated
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, unusable
from newsletter.documents.release.lines import normalise
from newsletter.domain.errors import InvalidInput
from newsletter.domain.wording import say

_FRONT_MATTER_PATTERN = re.compile(
    r"---[ \t]*\n(?P<header>(?:.*\n)*?)---[ \t]*(?:\n(?:[ \t]*\n)*|\Z)"
)
_PARSER = MarkdownIt("commonmark").disable("reference")
"""Also the definition of a link is text."""
_MAX_CHARS = 200_000
"""The most of a statement at the desk."""
_EMPTY_VALUES = {"", "no", "none", "false", "null", "off", "~"}
_NOTE_PATTERN = re.compile(r"(?<!\\)\[\^[^\]\s]{1,50}\]")
_IMPORTED_KEYS = ("title", "date", "summary", "subject", "language")
_IGNORED = "front matter; only title, date, summary, subject and language are taken"
_LOST_MARK = "The title had a footnote, which a title cannot: nothing in the text leads to it now."


def import_markdown(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Find title and date of a Markdown file. Its text stays unchanged.

    Raises InvalidInput, naming ``file`` and the faulty line of the front matter.
    """
    text, note = decode(data, file=file)
    front_matter = _split_front_matter(text.removeprefix("\ufeff"), file)
    if len(front_matter.body) > _MAX_CHARS:  # the parser needs minutes for some
        long = "is longer than {most:,} characters, the most of a statement; shorten it"
        raise unusable(file, long, most=_MAX_CHARS)
    blocks = tuple(_split_blocks(front_matter.body, front_matter.body_line))
    values: dict[str, str] = {}
    ignored = []
    for key, value, line in front_matter.pairs:
        if key in _IMPORTED_KEYS and value and key not in values:
            values[key] = value
        else:
            ignored.append(DroppedLine(line=line, text=f"{key}: {value}".strip(), reason=_IGNORED))
    dates = find_dates(values.get("date", "").replace("T", " ", 1))
    extracted = ExtractedText(
        blocks=blocks,
        title=normalise(values.get("title", "")).strip(),
        dated=Dated(value=dates[0].value) if dates else None,
        summary=normalise(values.get("summary", "")).strip(),
        subject=normalise(values.get("subject", "")).strip(),
        dropped=tuple(ignored),
        notes=tuple(filter(None, [note])),
        # values that may mention an embargo; ``embargo: no`` does not
        outside_texts=tuple(
            (line, text)
            for key, value, line in front_matter.pairs
            if value.casefold() not in _EMPTY_VALUES
            for text in (value, f"{key}: {value}")
        ),
    )
    document = import_blocks(extracted, today=today, file=file)
    titles = [block.markdown for block in blocks if block.text == document.title]
    notes = (*document.notes, *([_LOST_MARK] if any(map(_NOTE_PATTERN.search, titles)) else []))
    return replace(document, language=values.get("language", ""), notes=notes)


@dataclass(frozen=True, kw_only=True)
class _FrontMatter:
    """The front matter of a file, if it has any, and the text below it."""

    pairs: tuple[tuple[str, str, int], ...]
    """(key, value, line). A value that is no text is ""."""
    body: str
    body_line: int
    """The text's first line in the file, from 1."""


def _split_front_matter(text: str, file: str) -> _FrontMatter:
    if text.startswith("+++"):
        message = "has front matter in TOML, which is not read; write it in YAML, between --- lines"
        raise unusable(file, message)
    found = _FRONT_MATTER_PATTERN.match(text)
    try:
        root = yaml.compose(found["header"], Loader=yaml.SafeLoader) if found else None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        message = say("has front matter that is not YAML; put a value with a colon in it in quotes")
        raise InvalidInput.at(file, message, line=mark.line + 2 if mark else 1) from error
    if found is None or not isinstance(root, yaml.MappingNode):  # lines across the page
        return _FrontMatter(pairs=(), body=text.rstrip(), body_line=1)
    pairs = ((_scalar(key), _scalar(value), key.start_mark.line + 2) for key, value in root.value)
    return _FrontMatter(
        pairs=tuple(pairs),
        body=text[found.end() :].rstrip(),
        body_line=text.count("\n", 0, found.end()) + 1,
    )


def _scalar(node: yaml.Node) -> str:
    return str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""


def _split_blocks(body: str, first_line: int) -> Iterator[Block]:
    """Split a text into its paragraphs, headings, items of lists and other blocks."""
    lines = body.split("\n")
    above_end = -1
    tree = SyntaxTreeNode(_PARSER.parse(body.replace("\x00", " ")))
    for block in chain.from_iterable(
        top.children if top.type.endswith("_list") else [top] for top in tree.children
    ):
        start, end = block.map or (0, 0)
        source = "\n".join(lines[start:end]).rstrip("\n")
        inlines = (node.token for node in block.walk() if node.type == "inline" and node.token)
        # the mark of an item too: 6. May 2024
        mark = block.info + block.markup if block.type == "list_item" else ""
        words = _NOTE_PATTERN.sub("", " ".join([mark, *map(_plain_words, inlines)]))
        text = normalise(words).strip() or normalise(source).strip()
        if text:  # not only invisible characters, such as NUL
            # as many blank lines as there were: the text stays as it was written
            glue = "\n" * (start - above_end + 1)
            level = int(block.tag[1:]) if block.type == "heading" else 0
            yield Block(
                number=first_line + start, text=text, markdown=source, level=level, glue=glue
            )
            above_end = start + source.count("\n") + 1


def _plain_words(inline: Token) -> str:
    parts = inline.children or ()
    return "".join(" " if part.tag == "br" else part.content for part in parts)
