"""From an item of a feed to a statement's text: its HTML made Markdown, each guess noted."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.documents.markup.article import drop_furniture, drop_unseen
from newsletter.documents.markup.elements import joined
from newsletter.documents.markup.footnotes import take_footnotes
from newsletter.documents.markup.inlines import Inlines
from newsletter.documents.markup.pages import foot_of, link_notes, parse, read_blocks
from newsletter.documents.markup.word_processors import clean_word, is_word
from newsletter.documents.release.imported import Dropped, unusable
from newsletter.documents.release.lines import ordinary, shortened
from newsletter.documents.release.paragraphs import escape
from newsletter.documents.release.pieces import RULE, Piece
from newsletter.domain.statements.feed import ExtractedStatement, Item

LARGEST = 500_000
"""Characters of a text, pictures in it apart: more is too much for a mail."""
_PICTURE = re.compile(r"data:image/[^\s\"'<>]+", re.IGNORECASE)
_LONGEST_SUMMARY = 250
_SOON = timedelta(days=1)
_PLUG = re.compile(r"The post .{1,400} (?:appeared first on|first appeared on) .{1,200}", re.DOTALL)
_MORE = re.compile(r"(?:continue reading|read more|weiterlesen|seguir leyendo)\b.{0,200}", re.I)


def compose(item: Item, *, zone: str, now: datetime) -> ExtractedStatement:
    """Make the text of a statement. Raises InvalidInput, saying why there is none."""
    where = item.link or item.id
    if item.locked:
        raise unusable(where, "is behind a password, so it is not for everybody")
    if not item.title:
        raise unusable(where, "has no title; give it one where it was written")
    content = _PICTURE.sub("data:", item.content)
    if len(content) > LARGEST:
        raise unusable(where, "is longer than 500,000 characters, too much for a mail")
    body, notes = _marked_up(item, content, where) if item.markup else (_paragraphs(content), [])
    if not body:
        raise unusable(where, "has no text; write it where it was written, or check the feed")
    if not item.whole:
        notes.insert(0, "Only a summary is in the feed: look whether it is the whole statement.")
    ahead = item.published is not None and item.published > now + _SOON
    if ahead:
        notes.append(
            f"It is dated in the future ({item.published:%Y-%m-%d}); the date is left out."
        )
    dated = item.published is not None and not ahead
    return ExtractedStatement(
        title=item.title,
        body=body,
        summary=_summary(item.summary),
        date=item.published.astimezone(ZoneInfo(zone)).date() if item.published and dated else None,
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
    dropped = list(drop_furniture(body))
    if is_word(root):
        clean_word(root)
    footnotes = take_footnotes(root)
    inlines = Inlines(base=item.base, references=footnotes.references)
    pieces = _without_frame(read_blocks(body, inlines), item.title, dropped)
    foot = foot_of(footnotes, pieces, inlines)
    text = "\n\n".join(filter(None, [joined(pieces), *foot]))
    return text, [*_told([*dropped, *inlines.dropped]), *link_notes(inlines)]


def _without_frame(pieces: Sequence[Piece], title: str, dropped: list[Dropped]) -> list[Piece]:
    """Without the title said again above, and what a site adds below each of its texts."""
    kept = list(pieces)
    while kept and (kept[0].text == RULE or _is_title(kept[0], title)):
        del kept[0]
    while kept and (kept[-1].text == RULE or _is_frame(kept[-1].text)):
        last = kept.pop()
        if last.text != RULE:
            why = "what the site adds below its texts"
            dropped.append(Dropped(line=0, text=shortened(last.text), why=why))
    return kept


def _is_title(piece: Piece, title: str) -> bool:
    return bool(piece.level) and piece.text.casefold() == title.casefold()


def _is_frame(text: str) -> bool:
    return bool(_PLUG.fullmatch(text) or _MORE.fullmatch(text))


def _told(dropped: Iterable[Dropped]) -> list[str]:
    return [f"Left out: {one.text} ({one.why})." for one in dropped]


def _paragraphs(text: str) -> str:
    """Plain words: blank lines part paragraphs, and single line ends stay."""
    parts = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    written = []
    for part in parts:
        lines = [escape(line) for one in part.split("\n") if (line := ordinary(one).strip())]
        if lines:
            written.append("\\\n".join(lines))
    return "\n\n".join(written)


def _summary(text: str) -> str:
    """One line, cut between words."""
    if len(text) <= _LONGEST_SUMMARY:
        return text
    return text[:_LONGEST_SUMMARY].rpartition(" ")[0].rstrip(" ,;:–-") + "…"
