"""Turn the blocks of a page or a Word file into an imported statement."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from newsletter.documents.release import imported
from newsletter.documents.release.candidates import (
    MAX_TITLE_LEN,
    Heading,
    find_line_in_title,
    has_title_length,
    is_body_name,
    is_repeated_name,
    may_be_title,
)
from newsletter.documents.release.embargo import embargoed_headline, is_embargo
from newsletter.documents.release.furniture import find_forwarded_start, find_menu_end
from newsletter.documents.release.heading import find_prose
from newsletter.documents.release.lines import Line, ends_sentence, match_key
from newsletter.documents.release.recognition import StatedFacts, complete_document, recognise

RULE = "* * *"
"""A rule: a line across the text, in words and in Markdown."""

_LINKS_PATTERN = re.compile(
    r"(?:(?:[\s|·•>*+-]|\d{1,3}\.)*\[[^\[\]\n]{1,200}\]\((?!mailto:|tel:)[^()\s]{1,500}\))+[\s|·•]*"
)
_MAX_BOLD_HEADING_CHARS = 100
_MAX_KICKER_BLOCKS = 2
"""Maximum blocks of running text above a title."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A paragraph or one of its lines, a heading, or a whole list, quotation or table."""

    number: int
    """Line in the file, or ordinal of the paragraph in a Word file, from 1."""
    text: str
    """The words alone, on one line."""
    markdown: str
    broken: bool = False
    """Whether only a line break is before the block, not the end of a paragraph."""
    level: int = 0
    """The level of a heading, from 1; 0 for other blocks."""
    glue: str = "\n\n"
    """The Markdown between the previous block and this one, if both are kept."""


@dataclass(frozen=True, kw_only=True)
class ExtractedText(StatedFacts):
    """The text of a file that may be the statement, and the facts that the file states."""

    blocks: tuple[Block, ...]
    title: str = ""
    """The title that the file states outside of its text, or ""."""
    window_titles: tuple[str, ...] = ()
    """The file's titles, with the name of the site. They identify the headline."""
    fallback_title: tuple[str, str] = ("", "")
    """The title to use if no line matches, and a note."""
    subject: str = ""
    foot: tuple[str, ...] = ()
    """Footnotes in Markdown, for the end of the text."""
    dropped: tuple[imported.DroppedLine, ...] = ()
    pictures: tuple[imported.ImportedPicture, ...] = ()
    notes: tuple[str, ...] = ()


def import_blocks(extracted: ExtractedText, *, today: date, file: str) -> imported.ImportedDocument:
    """Recognise the statement in blocks. Raises InvalidInput, naming ``file``, without a text."""
    if not extracted.blocks:
        raise imported.unusable(file, "holds no text; look whether it is the right file")
    header_end, inner_subject = find_forwarded_start([block.text for block in extracted.blocks])
    forwarded = list(_as_lines(extracted.blocks[:header_end]))
    extracted = replace(extracted, blocks=extracted.blocks[header_end:])
    lines = list(_as_lines(extracted.blocks))
    headings = {
        n
        for n, block in enumerate(extracted.blocks)
        if block.level and len(block.text) <= MAX_TITLE_LEN and not ends_sentence(block.text)
    }
    prose = find_prose(lines, 0, extracted.window_titles, headings)
    stated = replace(
        extracted,
        heading=_heading(extracted, lines, prose),
        email_subject=inner_subject or extracted.email_subject,
        forwarded=forwarded,
        outside_texts=((0, extracted.title), *extracted.outside_texts),
    )
    document, kept = recognise(lines, stated, prose=prose, width=0, today=today, file=file)
    body = "\n\n".join([_join_body(extracted.blocks, kept), *extracted.foot])
    notes = (*extracted.notes, *document.notes)
    document = complete_document(document, body, dropped=extracted.dropped, notes=notes)
    return replace(document, subject=extracted.subject, pictures=extracted.pictures)


def _as_lines(blocks: Sequence[Block]) -> Iterator[Line]:
    """Yield the blocks as lines. Adjacent bold ones have no gap: they are one headline."""
    for n, block in enumerate(blocks):
        row = n > 0 and _is_bold(blocks[n - 1]) and _is_bold(block)
        yield Line(
            number=block.number,
            text=block.text,
            gap_above=n > 0 and not block.broken and not row,
            is_group=block.markdown.startswith(("- ", "1. ", "| ", "> ")),
            link_count=block.markdown.count("](") * bool(_LINKS_PATTERN.fullmatch(block.markdown)),
        )


def _is_bold(block: Block) -> bool:
    """Return whether a block is a short line that is all bold."""
    bold = block.markdown.startswith("**") and block.markdown.endswith("**")
    return bold and block.markdown.count("**") == 2 and len(block.text) <= _MAX_BOLD_HEADING_CHARS


def _heading(extracted: ExtractedText, lines: Sequence[Line], prose: int | None) -> Heading | None:
    """Return the stated title, the first of the highest headings, or the only bold line."""
    title_lines = lines[: (len(lines) if prose is None else prose) + _MAX_KICKER_BLOCKS]
    title = embargoed_headline(extracted.title) if is_embargo(extracted.title) else extracted.title
    if title:
        return _place_title(extracted, title, title_lines, prose)
    for window in extracted.window_titles:
        found = find_line_in_title(window, title_lines)
        if found is not None and not is_embargo(found.title):
            return found
    title, note = extracted.fallback_title
    title = embargoed_headline(title) if is_embargo(title) else title
    if title:
        return replace(_place_title(extracted, title, title_lines, prose), note=note)
    head = extracted.blocks if prose is None else extracted.blocks[:prose]
    titles = [n for n, block in enumerate(head) if may_be_title(block.text)]
    bold = [n for n, block in enumerate(head) if _is_bold(block)]
    only = [n for n in titles if bold == [n] and has_title_length(head[n].text)]
    headings = [n for n in titles if head[n].level] or only
    if find_menu_end(lines[: len(head)]) and not any(head[n].level == 1 for n in headings):
        return None
    names = {n for n in headings if is_body_name(head[n].text) or is_repeated_name(lines, n)}
    headings = [n for n in headings if n not in names]
    if not headings:  # the place of the lines decides
        return None
    best = min(headings, key=lambda n: (head[n].level, n))
    is_only_one = sum(head[n].level == head[best].level for n in titles) == 1
    note = f"{lines[best].opening} was taken for the title; look whether it is."
    return Heading(title=head[best].text, first=best, last=best, note="" if is_only_one else note)


def _place_title(
    extracted: ExtractedText, title: str, title_lines: Sequence[Line], prose: int | None
) -> Heading:
    """Return a title with the indexes of its lines, which are -1 if it is in no line."""
    end = len(title_lines) if prose is None else prose
    for n, block in enumerate(extracted.blocks[: len(title_lines)]):
        if match_key(block.text) == match_key(title) and (n < end or block.level):
            return Heading(title=title, first=n, last=n)
    found = find_line_in_title(title, title_lines[:end])
    return replace(found, title=title) if found else Heading(title=title, first=-1, last=-1)


def _join_body(blocks: Sequence[Block], kept: Iterable[int]) -> str:
    indexes = list(kept)
    # a rule at the beginning or end separates nothing
    while len(indexes) > 1 and blocks[indexes[0]].text == RULE:
        del indexes[0]
    while len(indexes) > 1 and blocks[indexes[-1]].text == RULE:
        del indexes[-1]
    body = ""
    for place, n in enumerate(indexes):
        # a line break joins two blocks only if no block between them was dropped
        is_adjacent = place > 0 and indexes[place - 1] == n - 1
        glue = blocks[n].glue if is_adjacent or not blocks[n].broken else "\n\n"
        body += (glue if place else "") + blocks[n].markdown
    return body
