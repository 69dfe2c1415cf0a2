"""Word files (.docx) into pieces of Markdown; changes, comments and pictures are told of."""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import mammoth
from lxml import etree

from newsletter.documents.markup.elements import numbered
from newsletter.documents.markup.footnotes import take_footnotes
from newsletter.documents.markup.inlines import Inlines, shortened
from newsletter.documents.markup.pages import foot_of, link_notes, parse, read_blocks
from newsletter.documents.markup.revisions import Review
from newsletter.documents.release.imported import Dropped, ImportedDocument, unusable
from newsletter.documents.release.lines import ordinary
from newsletter.documents.release.pieces import Pieces, import_pieces
from newsletter.domain.errors import InvalidInput

_MAIN = "word/document.xml"
_PART = re.compile(r"word/(?:document|footnotes|endnotes)\.xml")
_EDGE = re.compile(r"word/(?:header|footer)\d*\.xml")
_MOST_PARTS = 5_000
_LARGEST_XML = 6_000_000
"""Of one part, unpacked: some 500 pages of text."""
_LARGEST_WHOLE = 20_000_000
"""Of all parts that are XML."""
_BESIDE = re.compile(r"word/(?:header|footer|footnotes|endnotes|comments)\d*\.xml")
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Block Text'] => blockquote > p:fresh
"""
_SAVE_ANEW = "open it in Word, save it anew as a Word document (.docx) and import that"


def import_docx(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Find the statement in a Word file.

    Raises InvalidInput, naming ``file``, if it is no such file, is broken or unpacks to too much.
    """
    parts = _parts(data, file)
    trees = {name: _tree(text, name, file) for name, text in parts.items()}
    review = _reviewed(trees)
    root = parse(f"<body>{_as_html(parts, file)}</body>", file=file)
    footnotes = take_footnotes(root)
    inlines = Inlines(references=footnotes.references)
    pieces = tuple(numbered(read_blocks(root, inlines)))
    foot = foot_of(footnotes, pieces, inlines)
    dropped = (replace(one, line=0) for one in inlines.dropped)
    read = Pieces(
        pieces=pieces,
        foot=foot,
        dropped=(*_edges(trees), *dropped),
        notes=(*review.notes(), *link_notes(inlines)),
        beside=tuple(
            (0, text) for text in (*_beside(trees), *(one.text for one in inlines.dropped))
        ),
    )
    return import_pieces(read, today=today, file=file)


def _parts(data: bytes, file: str) -> dict[str, bytes]:
    """All XML of a file, by name, each read no further than it may be large."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if len(names) > _MOST_PARTS:
                raise unusable(file, f"has {len(names)} parts, far more than Word writes")
            parts = _read(archive, [name for name in names if name.endswith((".xml", ".rels"))])
    except InvalidInput:
        raise
    except Exception as error:  # what a broken archive raises has no common name
        raise unusable(file, f"is no Word file, or a broken one; {_SAVE_ANEW}") from error
    large = [name for name, text in parts.items() if len(text) > _LARGEST_XML]
    if large or sum(map(len, parts.values())) > _LARGEST_WHOLE:
        where = f" in {large[0]}" if large else ""
        message = f"holds far more than a statement{where}; copy the statement into a new file"
        raise unusable(file, message)
    if _MAIN not in parts:
        raise unusable(file, f"is no Word file: it has no text of one in it; {_SAVE_ANEW}")
    return parts


def _read(archive: zipfile.ZipFile, names: Sequence[str]) -> dict[str, bytes]:
    """Parts, as long as all may be together: what an archive says of sizes may be untrue."""
    parts: dict[str, bytes] = {}
    left = _LARGEST_WHOLE
    for name in names:
        if left < 0:
            break
        with archive.open(name) as part:
            parts[name] = part.read(min(_LARGEST_XML, left) + 1)
        left -= len(parts[name])
    return parts


def _tree(data: bytes, name: str, file: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise unusable(file, f"is broken: {name} in it cannot be read; {_SAVE_ANEW}") from error
    if root.getroottree().docinfo.doctype:
        raise unusable(file, f"is no file that Word writes: {name} declares a type; {_SAVE_ANEW}")
    return root


def _reviewed(trees: Mapping[str, Any]) -> Review:
    counts: Counter[str] = Counter()
    for name in filter(_PART.fullmatch, trees):
        counts.update(etree.QName(one).localname for one in trees[name].iter("{*}*"))
    return Review(
        inserted=counts["ins"] + counts["moveTo"],
        deleted=counts["del"] + counts["moveFrom"],
        comments=counts["commentReference"],
        formulas=counts["oMath"],
    )


def _edges(trees: Mapping[str, Any]) -> Iterator[Dropped]:
    """What stands at the head and foot of each page."""
    seen: set[str] = set()
    for name in filter(_EDGE.fullmatch, trees):
        words = (one.text or "" for one in trees[name].iter("{*}t"))
        text = ordinary(" ".join(words)).strip()
        if text and text not in seen:
            seen.add(text)
            why = "at the head of each page" if "header" in name else "at the foot of each page"
            yield Dropped(line=0, text=shortened(text), why=why)


def _beside(trees: Mapping[str, Any]) -> Iterator[str]:
    """What stands beside the running text: text boxes, watermarks, page heads, the file's data."""
    for name, tree in trees.items():
        if name.startswith("docProps/"):
            yield from (ordinary(one.text or "").strip() for one in tree.iter("{*}*"))
        elif name == _MAIN:
            for box in tree.iter("{*}txbxContent"):
                yield from _paragraphs(box)
        elif _BESIDE.fullmatch(name):
            yield from _paragraphs(tree)
        yield from (one.get("string") or "" for one in tree.iter("{*}textpath"))


def _paragraphs(part: Any) -> Iterator[str]:
    for paragraph in part.iter("{*}p"):
        yield ordinary("".join(one.text or "" for one in paragraph.iter("{*}t"))).strip()


def _as_html(parts: Mapping[str, bytes], file: str) -> str:
    packed = io.BytesIO()  # anew, of what was looked at: mammoth would unpack a bomb whole
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    try:
        result = mammoth.convert_to_html(
            packed,
            style_map=_STYLES,
            include_embedded_style_map=False,
            # the picture itself is never opened: some lie outside of the file
            convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
        )
    except Exception as error:  # what a file is made to raise in there has no common name
        raise unusable(file, f"is broken: its parts do not fit together; {_SAVE_ANEW}") from error
    return str(result.value)
