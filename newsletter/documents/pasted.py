"""What a browser has on its clipboard, as Markdown: all of it is text, and nothing is a title."""

from dataclasses import dataclass

from newsletter.documents.markup.article import drop_unseen
from newsletter.documents.markup.footnotes import take_footnotes
from newsletter.documents.markup.google import clean_google, is_google
from newsletter.documents.markup.inlines import Inlines
from newsletter.documents.markup.office import clean_word, is_word
from newsletter.documents.markup.pages import foot_of, link_notes, parse, read_blocks
from newsletter.documents.markup.revisions import take_review
from newsletter.documents.release.pieces import Piece

_FILE = "what was pasted"


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """What was made of it, and what was left out or changed, in sentences."""

    markdown: str
    left_out: tuple[str, ...] = ()


def read_pasted(html: str) -> Pasted:
    """Read a piece of a page, of a Word file or of Google Docs. Raises InvalidInput."""
    root = parse(html, file=_FILE)
    if is_google(root):
        clean_google(root)
    drop_unseen(root)
    review = take_review(root)
    if is_word(root):
        clean_word(root)
    footnotes = take_footnotes(root)
    inlines = Inlines(references=footnotes.references)
    pieces = read_blocks(root, inlines)
    foot = foot_of(footnotes, pieces, inlines)
    lost = [f"{one.text[:80]} ({one.why})" for one in inlines.dropped]
    return Pasted(
        markdown="\n\n".join(filter(None, [_joined(pieces), *foot])),
        left_out=(*lost, *review.notes(), *link_notes(inlines)),
    )


def _joined(pieces: list[Piece]) -> str:
    text = ""
    for one in pieces:
        text += (one.glue if text else "") + one.markdown
    return text
