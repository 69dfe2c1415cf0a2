"""Import Word files (.docx)."""

import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import mammoth
from lxml import etree

from newsletter.documents.markup.inline_markup import PART
from newsletter.documents.markup.packed import ArchiveKind, hidden_lines, page_edges, unread_lines
from newsletter.documents.markup.pages import import_body
from newsletter.documents.markup.word_processors import Review
from newsletter.documents.pictures import with_encoded
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, unusable
from newsletter.documents.release.lines import cut_text, normalise
from newsletter.domain.wording import say

_MAIN_PART = "word/document.xml"
_RELATIONS_PART = "word/_rels/document.xml.rels"
_STYLE_SHEET = "word/styles.xml"
_ALT_TEXT_SEPARATOR = " \u241e "
"""The separator between a picture's path and its description."""
_UNKNOWN_TAGS = ("{*}fldSimple", "{*}dir", "{*}bdo", "{*}ruby", "{*}rubyBase", "{*}rt")
"""Elements around words that the converter drops with their words."""
_REPORTED_TAGS = {"instrText", "delText", "delInstrText", "moveFrom", "oMath", "align"}
_TEXT_PATTERN = re.compile(r"word/(?:document|footnotes|endnotes)\.xml")
_DRAWN_PART_PATTERN = re.compile(r"word/(?:charts/chart|diagrams/data)\w*\.xml")
_PAGE_EDGE_PART_PATTERN = re.compile(r"word/(?:header|footer)\d*\.xml")
_SIDE_PART_PATTERN = re.compile(r"word/(?:header|footer|footnotes|endnotes|comments)\d*\.xml")
_MAMMOTH_STYLE_MAP = """
u => u
p[style-name='Title'] => h1:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Quotations'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Block Text'] => blockquote > p:fresh
"""
_CHECKBOX_PATTERN = re.compile(r"<input(?P<checked> checked=\"checked\")?[^<>]*+>")
_SAVE_ANEW = say("open it in Word, save it again as a Word document (.docx) and import that")
_PART_PATTERN = re.compile(
    r"(?:word|docProps|_rels)/[^\0]{1,200}\.(?:xml|rels)|\[Content_Types\]\.xml"
)
_DOCX_PACKING = ArchiveKind(program="Word", main=_MAIN_PART, read=_PART_PATTERN, advice=_SAVE_ANEW)


def import_docx(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Find the statement in a Word file.

    Raises InvalidInput, naming ``file``, if it is another kind of file, broken, or unpacks to too
    much.
    """
    parts = _DOCX_PACKING.parts(data, file)
    trees = {name: _DOCX_PACKING.tree(text, name, file) for name, text in parts.items()}
    review = _read_review(trees)
    hidden = _take_hidden(trees)
    for element in list(trees[_MAIN_PART].iter(*_UNKNOWN_TAGS)):
        # the converter reads what is in a smart tag, which has no meaning of its own
        element.tag = f"{{{etree.QName(element).namespace}}}smartTag"
    _name_pictures(trees)
    parts.update(
        (name, etree.tostring(trees[name])) for name in filter(_TEXT_PATTERN.fullmatch, trees)
    )
    edges = (
        ("head" if "header" in name else "foot", normalise(" ".join(_texts(trees[name]))).strip())
        for name in filter(_PAGE_EDGE_PART_PATTERN.fullmatch, trees)
    )
    body = _as_html(parts, file)
    unread = [*unread_lines(trees[_MAIN_PART], _REPORTED_TAGS, body), *_drawn_lines(trees)]
    document = import_body(
        body,
        edges=[*page_edges(edges), *hidden_lines(hidden), *unread],
        outside_texts=[*_words_outside(trees), *hidden, *(lost.text for lost in unread)],
        notes=review.notes(),
        today=today,
        file=file,
    )
    return with_encoded(document, lambda name: _DOCX_PACKING.picture(data, name.removeprefix(PART)))


def _name_pictures(trees: Mapping[str, Any]) -> None:
    """Write the path of each picture in the file into its description.

    The converter reports only the description. A picture outside of the file gets no path.
    """
    relations = trees.get(_RELATIONS_PART)
    places = {
        relation.get("Id"): relation.get("Target") or ""
        for relation in (relations if relations is not None else ())
        if relation.get("TargetMode") != "External"
    }
    for description in trees[_MAIN_PART].iter("{*}docPr"):
        shown = next(description.getparent().iter("{*}blip"), None)
        # r:embed is a part of the file; r:link is an address, which is not fetched
        attributes = {} if shown is None else shown.attrib
        keys = [value for name, value in attributes.items() if name.endswith("}embed")]
        place = posixpath.normpath(posixpath.join("word", places.get(keys[0], ""))) if keys else ""
        if place.startswith("word/media/"):
            alt = description.get("descr") or description.get("title") or ""
            description.set("descr", f"{PART}{place}{_ALT_TEXT_SEPARATOR}{alt}")


def _read_review(trees: Mapping[str, Any]) -> Review:
    counts: Counter[str] = Counter()
    for name in filter(_TEXT_PATTERN.fullmatch, trees):
        counts.update(etree.QName(element).localname for element in trees[name].iter("{*}*"))
    return Review(
        # tracked moves are a deletion and an insertion
        inserted=counts["ins"] + counts["moveTo"],
        deleted=counts["del"] + counts["moveFrom"],
        comments=counts["commentReference"],
        formulas=counts["oMath"],
    )


def _take_hidden(trees: Mapping[str, Any]) -> list[str]:
    """Remove hidden words, and return them by paragraph.

    The converter would keep them, whether their own format or a style hides them.
    """
    styles = _hiding_styles(trees)
    found: dict[Any, str] = {}
    for name in filter(_TEXT_PATTERN.fullmatch, trees):
        for run in list(trees[name].iter("{*}r")):
            paragraph = next(run.iterancestors("{*}p"), None)
            properties = run.find("{*}rPr")
            # words may be hidden by their own style or by their paragraph's
            styled = [] if properties is None else properties.findall("{*}rStyle")
            styled += [] if paragraph is None else paragraph.findall("{*}pPr/{*}pStyle")
            if _is_hidden(properties, default=any(_value(style) in styles for style in styled)):
                found[paragraph] = found.get(paragraph, "") + "".join(_texts(run))
                run.getparent().remove(run)
    return [text for words in found.values() if (text := normalise(words).strip())]


def _hiding_styles(trees: Mapping[str, Any]) -> set[str]:
    """Return the ids of styles that hide words. A base style usually comes before its heirs."""
    found: set[str] = set()
    sheet = trees.get(_STYLE_SHEET)
    for style in () if sheet is None else sheet.iter("{*}style"):
        base = style.find("{*}basedOn")
        is_inherited = base is not None and _value(base) in found
        if _is_hidden(style.find("{*}rPr"), default=is_inherited):
            names = (value for key, value in style.attrib.items() if key.endswith("}styleId"))
            found.add(next(names, ""))
    return found


def _is_hidden(properties: Any, *, default: bool) -> bool:
    vanish = None if properties is None else properties.find("{*}vanish")
    return default if vanish is None else _value(vanish) not in {"0", "false", "off"}


def _value(element: Any) -> str:
    return next((value for key, value in element.attrib.items() if key.endswith("}val")), "")


def _drawn_lines(trees: Mapping[str, Any]) -> Iterator[DroppedLine]:
    """Yield words in charts, diagrams, WordArt and choices of forms, and files in the file."""
    found = [
        ("another document", "put into the file") for _ in trees[_MAIN_PART].iter("{*}altChunk")
    ]
    for name, tree in trees.items():
        drawn = (element.get("string") or "" for element in tree.iter("{*}textpath"))
        found += ((words, "drawn as WordArt") for words in drawn)
        if _DRAWN_PART_PATTERN.fullmatch(name):
            words = " ".join(element.text or "" for element in tree.iter("{*}t", "{*}v"))
            found.append((words, "in a chart or a diagram"))
    for choice in trees[_MAIN_PART].iter("{*}ddList"):
        entries = list(map(_value, choice.iter("{*}listEntry")))
        number = next(map(_value, choice.iter("{*}result", "{*}default")), "0")
        if number[:3].isdecimal():
            found += ((entry, "chosen in a form") for entry in entries[int(number[:3]) :][:1])
    for text, why in dict.fromkeys(found):
        if words := " ".join(normalise(text).split()):
            yield DroppedLine(line=0, text=cut_text(words), reason=why)


def _words_outside(trees: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words outside of the text: text boxes, watermarks, page heads, metadata."""
    for name, tree in trees.items():
        if name.startswith("docProps/"):
            yield from (normalise(element.text or "").strip() for element in tree.iter("{*}*"))
        parts = tree.iter("{*}txbxContent") if name == _MAIN_PART else [tree]
        for part in parts if name == _MAIN_PART or _SIDE_PART_PATTERN.fullmatch(name) else ():
            for paragraph in part.iter("{*}p"):
                yield normalise("".join(_texts(paragraph))).strip()


def _texts(part: Any) -> Iterator[str]:
    return (element.text or "" for element in part.iter("{*}t"))


def _as_html(parts: Mapping[str, bytes], file: str) -> str:
    def picture_attributes(found: Any) -> dict[str, str]:
        # never opened here: some pictures lie outside of the file
        place, separator, alt = (found.alt_text or "").partition(_ALT_TEXT_SEPARATOR)
        return {"src": place, "alt": alt} if separator and place.startswith(PART) else {"src": ""}

    buffer = io.BytesIO()  # of the checked parts alone: mammoth would unpack a bomb whole
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    try:
        result = mammoth.convert_to_html(
            buffer,
            style_map=_MAMMOTH_STYLE_MAP,
            # a stranger's file decides nothing about how it is converted
            include_embedded_style_map=False,
            convert_image=mammoth.images.img_element(picture_attributes),
        )
    except Exception as error:  # mammoth raises anything for a crafted file
        broken = "is broken: its parts do not fit together; {advice}"
        raise unusable(file, broken, advice=_SAVE_ANEW) from error
    return _CHECKBOX_PATTERN.sub(lambda box: "☒" if box["checked"] else "☐", str(result.value))
