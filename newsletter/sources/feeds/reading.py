"""Parses feeds, and turns the HTML of items into statements in Markdown."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.documents.markup.article import drop_furniture, drop_unseen, drop_ways_out
from newsletter.documents.markup.elements import join_blocks
from newsletter.documents.markup.footnotes import take_footnotes
from newsletter.documents.markup.inline_markup import InlineReader
from newsletter.documents.markup.pages import footnote_blocks, link_notes, parse, read_blocks
from newsletter.documents.markup.word_processors import clean_word, is_word
from newsletter.documents.release.blocks import RULE, Block
from newsletter.documents.release.imported import DroppedLine, unusable
from newsletter.documents.release.lines import cut_text, normalise
from newsletter.documents.release.paragraphs import escape
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import ExtractedStatement, FeedUnreadable, FetchedFeed, Item
from newsletter.sources.feeds import syndication
from newsletter.sources.feeds.readers import ItemText, Page, errors_as_unreadable
from newsletter.sources.feeds.syndication import decode, parse_xml

MAX_CHARS = 500_000
"""The maximum length of a text without its pictures."""
_DATA_PICTURE_PATTERN = re.compile(r"data:image/[^\s\"'<>]+", re.IGNORECASE)
_MAX_SUMMARY_CHARS = 250
_MAX_AHEAD = timedelta(days=1)
_PLUG_PATTERN = re.compile(
    r"The post .{1,400} (?:appeared first on|first appeared on) .{1,200}", re.DOTALL
)
_PLUG_START, _CUT_MARK = "The post ", "[…]"
"""The start of what WordPress adds below a post, and its mark of a shortened text."""
_MORE_PATTERN = re.compile(
    r"(?:continue reading|read more|weiterlesen|seguir leyendo)\b.{0,200}", re.I
)
_SEPARATOR_PATTERN = re.compile(r"(?:[*#~•·–—-] ?){3,}")
_DROPPED_PATTERNS = (_SEPARATOR_PATTERN, _PLUG_PATTERN, _MORE_PATTERN)


def compose(item: Item, *, zone: str, now: datetime) -> ExtractedStatement:
    """Return the text of a statement from an item. Raises InvalidInput if it has none."""
    where = item.link or item.id
    if not item.title:
        raise unusable(where, "has no title; give it one where it was written")
    # pictures are left out later, and would be most of the length
    content = _DATA_PICTURE_PATTERN.sub("data:", item.content)
    if len(content) > MAX_CHARS:
        raise unusable(where, "is longer than 500,000 characters, too much for a mail")
    body, notes = _marked_up(item, content, where) if item.markup else (_paragraphs(content), [])
    if not body:
        raise unusable(where, "has no text; write it where it was written, or check the feed")
    if not item.is_full:
        notes.insert(0, "Only a summary is in the feed: look whether it is the whole statement.")
    at = item.published
    if at is not None and at > now + _MAX_AHEAD:
        notes.append(f"It is dated in the future ({at:%Y-%m-%d}); the date is left out.")
        at = None
    return ExtractedStatement(
        title=item.title,
        body=body,
        summary=_summary(item.summary),
        date=at.astimezone(ZoneInfo(zone)).date() if at else None,
        language=item.language,
        link=item.link,
        notes=tuple(notes),
    )


def _marked_up(item: Item, content: str, where: str) -> tuple[str, list[str]]:
    if not content.strip():
        return "", []
    root = parse(f"<html><body>{content}</body></html>", file=where)
    drop_unseen(root)
    body = root.find("body") if root.find("body") is not None else root
    removed = [*drop_ways_out(body), *drop_furniture(body)]
    if is_word(root):
        clean_word(root)
    footnotes = take_footnotes(root)
    inline = InlineReader(base=item.base, references=footnotes.references)
    blocks = _without_frame(read_blocks(body, inline), item.title, removed)
    foot = footnote_blocks(footnotes, blocks, inline)
    text = "\n\n".join(filter(None, [join_blocks(blocks), *foot]))
    left_out = [f"Left out: {line.text} ({line.reason})." for line in (*removed, *inline.dropped)]
    return text, [*left_out, *link_notes(inline)]


def _without_frame(blocks: Sequence[Block], title: str, removed: list[DroppedLine]) -> list[Block]:
    """Drop a repeated title, and the site's own sentences, which are noted in ``removed``."""
    kept_blocks = list(blocks)
    while kept_blocks and (
        kept_blocks[0].text == RULE
        or (kept_blocks[0].level and kept_blocks[0].text.casefold() == title.casefold())
    ):
        del kept_blocks[0]
    while kept_blocks and any(frame.fullmatch(kept_blocks[-1].text) for frame in _DROPPED_PATTERNS):
        last = kept_blocks.pop()
        if last.text != RULE:
            why = "what the site adds below its texts"
            removed.append(DroppedLine(line=0, text=cut_text(last.text), reason=why))
    return kept_blocks


def _paragraphs(text: str) -> str:
    """Return a plain text as Markdown. Blank lines separate paragraphs, and line ends stay."""
    parts = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    paragraphs = []
    for part in parts:
        lines = [escape(line) for raw in part.split("\n") if (line := normalise(raw).strip())]
        if lines:
            paragraphs.append("\\\n".join(lines))
    return "\n\n".join(paragraphs)


def _summary(text: str) -> str:
    """Return a summary without the site's own sentences, cut between words."""
    start = text.rfind(_PLUG_START)
    if start >= 0 and _PLUG_PATTERN.fullmatch(text[start:]):
        text = text[:start].rstrip()
    if text.endswith(_CUT_MARK):
        text = text.removesuffix(_CUT_MARK).rstrip() + "…"
    if len(text) <= _MAX_SUMMARY_CHARS:
        return text
    return text[:_MAX_SUMMARY_CHARS].rpartition(" ")[0].rstrip(" ,;:–-") + "…"


def compose_all(items: Sequence[Item], zone: str, now: datetime) -> Iterator[ItemText]:
    for item in items:
        try:
            yield compose(item, zone=zone, now=now)
        except InvalidInput as error:
            yield error
        except Exception as error:
            what = f"holds something that this program stumbles over ({type(error).__name__})"
            yield unusable(item.link or item.id, f"{what}; please report it")


def read_page(page: Page) -> FetchedFeed:
    """Parse a feed. Raises InvalidInput."""
    try:
        return _read(page)
    except FeedUnreadable as error:
        raise unusable(page.url, str(error)) from error


@errors_as_unreadable()
def _read(page: Page) -> FetchedFeed:
    kind = page.headers.get("content-type", "")
    if page.body.lstrip()[:1] == b"{":
        text, remark = decode(page.body, kind)
        items = syndication.json_items_of(text, page.url)
    else:
        root, remark = parse_xml(page.body, kind)
        items = syndication.items_of(root, page.url)
    return FetchedFeed(items=tuple(items), remark=remark)
