"""Import web pages, saved by a browser or a word processor, and pasted HTML."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from lxml import etree, html

from newsletter.documents.encoding import decode
from newsletter.documents.markup import word_processors
from newsletter.documents.markup.article import (
    UNSEEN,
    Article,
    drop_unseen,
    drop_ways_out,
    find_article,
)
from newsletter.documents.markup.elements import BlockReader, holding_blocks, join_blocks, numbered
from newsletter.documents.markup.facts import Facts, list_texts, read_facts
from newsletter.documents.markup.footnotes import Footnotes, take_footnotes
from newsletter.documents.markup.inline_markup import (
    Element,
    InlineReader,
    describe,
    line_of,
    text_of,
)
from newsletter.documents.markup.packed import missing_lines, page_edges
from newsletter.documents.pictures import decode_data_url, with_encoded
from newsletter.documents.redirects import redirect_note
from newsletter.documents.release.blocks import RULE, Block, ExtractedText, import_blocks
from newsletter.documents.release.dates import date_line
from newsletter.documents.release.heading import Dated
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, Pasted, unusable
from newsletter.documents.release.lines import match_key, normalise
from newsletter.documents.release.paragraphs import escape

_META_CHARSET_PATTERN = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*+=\s*+(?:["']\s*+)?([\w.:-]{1,40})""", re.IGNORECASE
)
_CONTROL_PATTERN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MAX_DEPTH = 150
_UNENDED_PATTERN = re.compile(r"<(embed|source|track|image|bgsound|wbr)\b[^<>]*+>", re.IGNORECASE)
"""Elements without an end of which the parser does not know that."""
_URL_PATTERN = re.compile(r"(?:https?://|mailto:)\S+")
_MIN_SHOWN = 0.5
_MIN_TITLE_PART_CHARS = 8
"""Minimum letters of a headline that is not in an element of its own."""
_MIN_SUBHEAD_WORDS = 6
"""Minimum words of a subhead; fewer may be a menu."""
_SCRIPTED_PAGE_NOTE = (
    "The page shows little of its text, which a script puts there; it was read from the page's"
    " data, without bold words and links."
)


def import_page(
    data: bytes,
    *,
    today: date,
    file: str,
    subject: str = "",
    plain_text: str = "",
    pictures: Callable[[str], bytes] = decode_data_url,
) -> ImportedDocument:
    """Find the statement in a web page. Raises InvalidInput, naming ``file``.

    ``subject`` is that of the email around the page, ``plain_text`` its other part, and
    ``pictures`` returns the bytes of the email's pictures.
    """
    found = _META_CHARSET_PATTERN.search(data[:4096])
    declared = [found[1].decode("ascii")] if found else []
    text, note = decode(data, file=file, declared=declared)
    root = parse(text, file=file)
    for cited in list(root.iterfind(".//blockquote[@type='cite']")):
        cited.drop_tag()  # Apple Mail and Thunderbird put all of a forwarded email into one
    is_document = word_processors.is_google(root) or word_processors.is_word(root)
    facts = read_facts(root, is_document=is_document)
    # of the whole page: a part that is dropped later may mention an embargo
    words = dict(list_texts(root))
    other = list(_find_other_words(text, plain_text, root))
    edges = list(page_edges(_take_edges(root))) if is_document else []
    review, unseen = _clean_page(root)
    ways_out = list(drop_ways_out(root))
    footnotes = take_footnotes(root)
    inline = InlineReader(base=facts.base, references=footnotes.references, keeps_pictures=True)
    article = None if is_document else find_article(root)
    chosen, around = (article.element, article.dropped) if article else (root, ())
    # the text itself is searched elsewhere
    for shown, _ in list_texts(chosen):
        words.pop(shown, None)
    blocks = read_blocks(chosen, inline)
    hidden = _hidden_text(facts.text, blocks, inline)
    if article is not None and not hidden:
        blocks = [*find_standfirst(root, chosen, facts.title), *blocks]
    notes = [note, *review.notes(), *(article.notes if article else ())]
    notes += [_SCRIPTED_PAGE_NOTE] if hidden else []
    read = ExtractedText(
        blocks=tuple(hidden or blocks),
        title=facts.title,
        window_titles=facts.window_titles,
        fallback_title=facts.fallback_title,
        email_subject=subject,
        dated=_find_date(facts, root, article),
        foot=footnote_blocks(footnotes, hidden or blocks, inline),
        outside_texts=(
            *((line, one) for one, line in words.items()),
            *((0, said) for said in facts.unseen_texts),
            *((0, line.text) for line in other),
        ),
        dropped=(*other, *edges, *unseen, *around, *inline.dropped, *ways_out),
        pictures=tuple(inline.pictures),
        notes=tuple(filter(None, [*notes, *link_notes(inline)])),
    )
    document = import_blocks(_without_line_numbers(read), today=today, file=file)
    return with_encoded(replace(document, language=facts.language), pictures)


def _without_line_numbers(extracted: ExtractedText) -> ExtractedText:
    """Return the text without line numbers if most of the page is one line, as minified HTML is."""
    counts = Counter(block.number for block in extracted.blocks)
    if len(extracted.blocks) < 2 or max(counts.values()) * 2 <= len(extracted.blocks):
        return extracted
    return replace(
        extracted,
        blocks=tuple(replace(block, number=0) for block in extracted.blocks),
        dropped=tuple(replace(lost, line=0) for lost in extracted.dropped),
        outside_texts=tuple((0, one) for _, one in extracted.outside_texts),
    )


def _find_other_words(page: str, plain_text: str, root: Element) -> Iterator[DroppedLine]:
    """Yield the words that a page has for Outlook alone, and its email's plain text."""
    for_outlook = [""]
    for part in page.split("<!--[if")[1:]:
        inside = part.partition("]>")[2].partition("<![endif]-->")[0]
        if "-->" not in inside:
            drop_unseen(tree := parse(f"<body>{inside}", file=""))
            for_outlook.append(describe(tree))
    plain = [_URL_PATTERN.sub("", line) for line in plain_text.split("\n")]
    shown = f"{''.join(root.itertext())} {describe(root)}" if any(for_outlook + plain) else ""
    yield from missing_lines(for_outlook, shown, UNSEEN)
    yield from missing_lines(plain, shown, "in the email's plain text alone")


def _hidden_text(text: str, shown: Sequence[Block], inline: InlineReader) -> list[Block]:
    """Return the article in the page's data, if the page shows far less of it; else []."""
    if len(match_key(text)) * _MIN_SHOWN <= sum(len(match_key(block.text)) for block in shown):
        return []
    if re.search(r"</?(?:p|br|div|li)\b", text):
        return list(numbered(read_blocks(parse(text, file=""), inline)))
    lines = (normalise(line).strip() for line in text.split("\n"))
    blocks = (Block(number=0, text=line, markdown=escape(line)) for line in lines if line)
    return list(numbered(blocks))


def _find_date(facts: Facts, root: Element, article: Article | None) -> Dated:
    """Return the date that the page states, else the nearest one above its article."""
    if facts.dated.value is not None or article is None:
        return facts.dated
    for words, _ in reversed(_words_above(root, article.element)):
        found = date_line(words)
        if found and found.value is not None:
            note = f"The date {found.value} stands above the article on the page."
            return Dated(value=found.value, note=note)
    return facts.dated


def find_standfirst(root: Element, chosen: Element, title: str) -> list[Block]:
    """Return the lines between headline and article that are as long as a subhead."""
    title_key = match_key(title)
    above = _words_above(root, chosen)
    ends = [
        n
        for n, (words, _) in enumerate(above)
        if len(match_key(words)) >= _MIN_TITLE_PART_CHARS and title_key.endswith(match_key(words))
    ]
    if not title or not ends:
        return []
    return [
        Block(number=line, text=words, markdown=escape(words))
        for words, line in above[ends[-1] + 1 :]
        if len(words.split()) >= _MIN_SUBHEAD_WORDS and date_line(words) is None
    ]


def _words_above(root: Element, chosen: Element) -> list[tuple[str, int]]:
    """Return (text, line) of all texts above an element, in order."""
    above: list[tuple[str, int]] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if element is chosen:
            break
        words = normalise((element.text if event == "start" else element.tail) or "").strip()
        if words:
            above.append((words, line_of(element)))
    return above


def _take_edges(root: Element) -> Iterator[tuple[str, str]]:
    """Remove the heads and feet that LibreOffice wrote. Yield (head or foot, text) of each."""
    for edge in root.xpath("//div[@title='header' or @title='footer']"):
        yield "head" if edge.get("title") == "header" else "foot", text_of(edge)
        edge.drop_tree()


def _clean_page(root: Element) -> tuple[word_processors.Review, list[DroppedLine]]:
    """Remove the markup of programs, and hidden parts. Return the traces of a review and these."""
    # before their traces are removed
    from_google, from_word = word_processors.is_google(root), word_processors.is_word(root)
    if from_google:
        word_processors.clean_google(root)
    unseen = drop_unseen(root)
    review = word_processors.take_review(root)
    if from_google or from_word:
        word_processors.clean_word(root)
    return review, unseen


def import_body(
    body: str,
    *,
    edges: Iterable[DroppedLine],
    outside_texts: Iterable[str],
    notes: Iterable[str],
    today: date,
    file: str,
) -> ImportedDocument:
    """Find the statement in the HTML that an importer made of a document.

    ``edges`` are the heads and feet of pages. ``outside_texts`` are outside of the running text and
    may mention an embargo. The line of a block is its ordinal. Raises InvalidInput.
    """
    root = parse(f"<body>{body}</body>", file=file)
    footnotes = take_footnotes(root)
    inline = InlineReader(references=footnotes.references, keeps_pictures=True)
    blocks = tuple(numbered(read_blocks(root, inline)))
    foot = footnote_blocks(footnotes, blocks, inline)
    dropped = tuple(replace(lost, line=0) for lost in inline.dropped)
    read = ExtractedText(
        blocks=blocks,
        foot=foot,
        dropped=(*edges, *dropped),
        pictures=tuple(inline.pictures),
        notes=(*notes, *link_notes(inline)),
        outside_texts=tuple(
            (0, text) for text in (*outside_texts, *(lost.text for lost in dropped))
        ),
    )
    return import_blocks(read, today=today, file=file)


def parse(text: str, *, file: str) -> Element:
    """Parse a page. Raises InvalidInput if it is empty or nested too deep."""
    clean = _UNENDED_PATTERN.sub(r"\g<0></\1>", _CONTROL_PATTERN.sub("", text))
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, no_network=True
    )
    try:
        root = html.document_fromstring(clean.encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise unusable(file, "holds no text; look whether it is the right file") from error
    # counted by events: a function that recurses over a deep tree would fail
    deepest = depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        deep = (
            "has parts nested more than {most} deep; open it in a browser, copy the text and import"
            " that as plain text"
        )
        raise unusable(file, deep, most=_MAX_DEPTH)
    return root


def read_blocks(root: Element, inline: InlineReader) -> list[Block]:
    return BlockReader(inline=inline, block_ancestors=holding_blocks(root)).read(root)


def footnote_blocks(
    footnotes: Footnotes, blocks: Sequence[Block], inline: InlineReader
) -> tuple[str, ...]:
    """Return the footnotes that the blocks refer to, as Markdown. The others are left out."""
    written = []
    text = "\n".join(block.markdown for block in blocks)
    for name, element in footnotes.notes.items():
        # Markdown does not show a note without a mark in the text
        if f"[^{name}]" not in text:
            inline.leave_out(element, "a footnote of what was left out")
            continue
        element.tag = "div"
        inside = [block for block in read_blocks(element, inline) if block.text != RULE]
        if inside:
            lines = join_blocks(inside).split("\n")
            # so far in, paragraphs belong to the note
            rest = ["    " + line if line else "" for line in lines[1:]]
            written.append("\n".join([f"[^{name}]: {lines[0]}", *rest]))
    return tuple(written)


def link_notes(inline: InlineReader) -> list[str]:
    """Return notes on changed links, and on links and marks that an email cannot show."""
    counted = (
        (
            *(inline.http_links, "1 link begins", "links begin"),
            "with http://, which is not encrypted: write https:// where it works.",
        ),
        (
            *(inline.underlined, "1 place was", "places were"),
            "underlined; in a mail only links are: make bold what has to stand out.",
        ),
        (
            *(inline.raised_words, "1 place stood", "places stood"),
            "above or below the line, as in 5ᵗʰ, and stand on it now.",
        ),
    )
    notes = [
        f"{single if count == 1 else f'{count} {several}'} {what}"
        for count, single, several, what in counted
        if count
    ]
    return [*filter(None, [redirect_note(inline.redirects)]), *notes]


def read_pasted(html: str) -> Pasted:
    """Read a pasted part of a page, of a Word file or of Google Docs. Raises InvalidInput."""
    root = parse(html, file="what was pasted")
    other = list(_find_other_words(html, "", root))
    review, unseen = _clean_page(root)
    footnotes = take_footnotes(root)
    inline = InlineReader(references=footnotes.references)
    blocks = read_blocks(root, inline)
    foot = footnote_blocks(footnotes, blocks, inline)
    other += [*unseen, *inline.dropped]
    lost = [f"{dropped.text[:80]} ({dropped.reason})" for dropped in other]
    return Pasted(
        markdown="\n\n".join(filter(None, [join_blocks(blocks), *foot])),
        left_out=(*lost, *review.notes(), *link_notes(inline)),
    )
