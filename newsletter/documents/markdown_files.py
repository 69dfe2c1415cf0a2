"""Import Markdown with or without front matter. The text stays unchanged."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import yaml

from newsletter.documents.encoding import decode
from newsletter.documents.release.blocks import Block, ExtractedText, import_blocks
from newsletter.documents.release.dates import find_dates
from newsletter.documents.release.heading import Dated
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, unusable
from newsletter.documents.release.lines import normalise
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.wording import say

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<header>(?:.*\n)*?)---[ \t]*(?:\n(?:[ \t]*\n)*|\Z)")
_FENCE_PATTERN = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX_HEADING_PATTERN = re.compile(r" {0,3}(#{1,6})[ \t]++(.*)")
_SETEXT_UNDERLINE_PATTERN = re.compile(r" {0,3}(=+|-+)[ \t]*")
_DEFINITION_PATTERN = re.compile(r" {0,3}\[[^\]]+\]:")
_LINK_PATTERN = re.compile(r"!?\[([^\[\]]{0,1000})\]\([^()]{0,2000}\)")
_ESCAPED_SIGN_PATTERN = re.compile(r"\\([!-/:-@\[-`{-~])")
_EMPHASIS_MARK_PATTERN = re.compile(r"(?<!\\)(?:\*+|~~|`+)|(?<![\\\w])_+|(?<!\\)_+(?!\w)")
_EMPTY_VALUES = {"", "no", "none", "false", "null", "off", "~"}
_NOTE_MARK = re.compile(r"(?<!\\)\[\^[^\]\s]{1,50}\]")
_IMPORTED_KEYS = ("title", "date", "summary", "subject", "language")
_IGNORED = "front matter; only title, date, summary, subject and language are taken"
_LOST_MARK = "The title had a footnote, which a title cannot: nothing in the text leads to it now."


def import_markdown(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Find title and date of a Markdown file. Its text stays unchanged.

    Raises InvalidInput, naming ``file`` and the faulty line of the front matter.
    """
    text, note = decode(data, file=file)
    front_matter = _split_front_matter(text.removeprefix("\ufeff"), file)
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
    has_mark = any(_NOTE_MARK.search(o.markdown) for o in blocks if o.text == document.title)
    notes = (*document.notes, *([_LOST_MARK] if has_mark else []))
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
    found = _FRONT_MATTER.match(text)
    try:
        root = yaml.compose(found["header"], Loader=yaml.SafeLoader) if found else None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        message = say("has front matter that is not YAML; put a value with a colon in it in quotes")
        fault = Fault(file=file, line=mark.line + 2 if mark else 1, message=message)
        raise InvalidInput([fault]) from error
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
    """Split a text at blank lines and below headings, but not inside code."""
    chunk: list[str] = []
    start, blanks, fence = 0, 1, ""
    lines = body.split("\n")
    for n, line in enumerate([*lines, ""]):
        is_last = n == len(lines)
        is_heading = len(chunk) == 1 and _ATX_HEADING_PATTERN.fullmatch(chunk[0])
        is_blank = not normalise(line).strip()  # also a line of invisible characters, such as NUL
        if chunk and not fence and (is_blank or _ATX_HEADING_PATTERN.fullmatch(line) or is_heading):
            yield _make_block(chunk, first_line + start, blanks)
            blanks, chunk = 0, []
        if is_last and chunk:  # code that is never closed
            yield _make_block(chunk, first_line + start, blanks)
        if is_blank and not chunk:
            blanks += 1
            continue
        start = start if chunk else n
        chunk.append(line)
        fence = _open_fence(line, fence)


def _open_fence(line: str, fence: str) -> str:
    """Return the fence that is open below a line, or ""."""
    found = _FENCE_PATTERN.match(line)
    if found is None:
        return fence
    if not fence:
        return found[1]
    # CommonMark: what closes is at least as long as what opened, and says nothing else
    return "" if found[1].startswith(fence) and not line.strip().strip(found[1][0]) else fence


def _make_block(chunk: list[str], number: int, blanks: int) -> Block:
    source = "\n".join(chunk)
    level, words = _parse_heading(chunk)
    text = words
    if not _DEFINITION_PATTERN.match(words):
        bare = _EMPHASIS_MARK_PATTERN.sub("", _NOTE_MARK.sub("", _LINK_PATTERN.sub(r"\1", words)))
        text = _ESCAPED_SIGN_PATTERN.sub(r"\1", bare)
    return Block(
        number=number,
        text=normalise(text).strip() or normalise(source).strip(),
        markdown=source,
        level=level,
        # as many blank lines as there were: the text stays as it was written
        glue="\n" * (blanks + 1),
    )


def _parse_heading(chunk: list[str]) -> tuple[int, str]:
    found = _ATX_HEADING_PATTERN.fullmatch(chunk[0])
    if found and len(chunk) == 1:
        words = found[2].rstrip(" \t")
        title = words.rstrip("#")  # some write the marks behind a heading too: ## Title ##
        return len(found[1]), title.rstrip(" \t") if title.endswith((" ", "\t")) else words
    underline = _SETEXT_UNDERLINE_PATTERN.fullmatch(chunk[-1]) if len(chunk) > 1 else None
    # --- below an item, a quotation or a row of a table makes no heading of it
    if underline and not re.match(r"\s*(?:[-*+>|]|\d+[.)])\s", chunk[0]):
        return (1 if underline[1][0] == "=" else 2), " ".join(chunk[:-1])
    return 0, " ".join(chunk)
