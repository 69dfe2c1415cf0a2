"""Turn the paragraphs of OpenDocument texts (.odt) into HTML.

Source: OASIS OpenDocument 1.3, parts 2 and 3. Tracked deletions are kept outside of the text,
tracked insertions in it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from html import escape

from lxml import etree

from newsletter.documents.markup.inline_markup import PART, Element
from newsletter.documents.markup.packed import ArchiveKind, hidden_lines, page_edges, unread_lines
from newsletter.documents.markup.pages import import_body
from newsletter.documents.markup.word_processors import Review
from newsletter.documents.pictures import with_encoded
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, unusable
from newsletter.documents.release.lines import cut_text, normalise
from newsletter.domain.wording import say

_CONTENT, _STYLES = "content.xml", "styles.xml"
_HINT = say("open it in LibreOffice, save it again as an ODF text document (.odt) and import that")
_PART_PATTERN = re.compile(r"(?:content|styles|meta)\.xml")
_ODT_PACKING = ArchiveKind(program="LibreOffice", main=_CONTENT, read=_PART_PATTERN, advice=_HINT)
_SKIPPED_TAGS = {
    "tracked-changes",
    "annotation",
    "annotation-end",
    "table-of-content",
    "sequence-decls",
}
_VALUES = ("string-value", "value", "date-value", "time-value", "boolean-value")
"""Attributes with the value of a cell or a field."""
_REPORTED_TAGS = {"tracked-changes", "annotation", "note-citation", "title", "desc", "object"}
"""Elements whose words are counted, replaced, or said with a picture."""
_MAX_BLANKS = 100
_BOLD_PATTERN = re.compile(r"bold|[6-9]00")
_TABLE_HEADING_STYLE = "Table_20_Heading"
_TITLE_STYLE, _QUOTATIONS = "Title", {"Quotations", "Quote", "Intense_20_Quote", "Block_20_Text"}


def import_odt(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Find the statement in an OpenDocument text.

    Raises InvalidInput, naming ``file``, if it is another kind of file, broken, or unpacks to too
    much.
    """
    parts = _ODT_PACKING.parts(data, file)
    trees = {name: _ODT_PACKING.tree(text, name, file) for name, text in parts.items()}
    content = trees[_CONTENT]
    text = content.find("{*}body/{*}text")
    if text is None:
        raise unusable(file, "is no text document of LibreOffice; {advice}", advice=_HINT)
    written = _Writer(_Styles(trees))
    body = "".join(written.blocks(text)) + written.notes()
    unread = [*unread_lines(text, _REPORTED_TAGS, body), *_form_lines(text)]
    edges = (
        ("head" if _local_name(edge) == "header" else "foot", " ".join(_paragraph_texts(edge)))
        for edge in (trees[_STYLES].iter("{*}header", "{*}footer") if _STYLES in trees else ())
    )
    document = import_body(
        body,
        edges=[*page_edges(edges), *hidden_lines(written.hidden), *unread],
        outside_texts=[*_words_outside(trees), *written.hidden],
        notes=_read_review(content).notes(),
        today=today,
        file=file,
    )
    return with_encoded(document, lambda name: _ODT_PACKING.picture(data, name.removeprefix(PART)))


class _Styles:
    """The styles of paragraphs, texts and lists in a document."""

    def __init__(self, trees: Mapping[str, Element]) -> None:
        self._styles: dict[str, Element] = {}
        self._lists: dict[str, Element] = {}
        # The text's own automatic styles come last: they hide the document's of the same name.
        for part in (tree for name in (_STYLES, _CONTENT) if (tree := trees.get(name)) is not None):
            for style in part.iter("{*}style", "{*}list-style"):
                styles = self._lists if _local_name(style) == "list-style" else self._styles
                styles[_attribute(style, "name")] = style

    def ancestors(self, name: str) -> Iterator[str]:
        """Yield the names of a style and its ancestors, the nearest first."""
        # bounded: in a made file a style may build on itself
        for _ in range(20):
            if not name:
                return
            yield name
            style = self._styles.get(name)
            name = "" if style is None else _attribute(style, "parent-style-name")

    def is_hidden(self, name: str) -> bool:
        return self._text_properties(name).get("display") == "none"

    def _text_properties(self, name: str) -> dict[str, str]:
        """Return a style's text properties, also the inherited ones."""
        found: dict[str, str] = {}
        for ancestor in self.ancestors(name):
            style = self._styles.get(ancestor)
            words = None if style is None else style.find("{*}text-properties")
            for key, value in () if words is None else words.attrib.items():
                found.setdefault(etree.QName(key).localname, value)  # the nearest style decides
        return found

    def marks(self, name: str) -> tuple[str, ...]:
        """Return the HTML elements for a text style, the innermost first."""
        found = self._text_properties(name)
        raised = found.get("text-position", "")
        marked = {
            "sup": raised.startswith("super"),
            "sub": raised.startswith("sub"),
            "u": found.get("text-underline-style", "none") != "none",
            "s": found.get("text-line-through-style", "none") != "none",
            "em": found.get("font-style") in {"italic", "oblique"},
            "strong": bool(_BOLD_PATTERN.fullmatch(found.get("font-weight", ""))),
        }
        return tuple(tag for tag, is_so in marked.items() if is_so)

    def is_numbered(self, name: str, level: int) -> bool:
        style = self._lists.get(name)
        for entry in () if style is None else style:
            if _attribute(entry, "level") == str(level):
                return _local_name(entry) == "list-level-style-number" and bool(
                    _attribute(entry, "num-format")
                )
        return False


class _Writer:
    """Writes a document as HTML. ``hidden`` collects the words that are hidden."""

    def __init__(self, styles: _Styles) -> None:
        self._styles = styles
        self._notes: list[str] = []
        self.hidden: list[str] = []

    def blocks(self, parent: Element, style: str = "", level: int = 0) -> Iterator[str]:
        """Yield the HTML of each block. ``style`` and ``level`` are those of the list around it."""
        for child in parent:
            name = _local_name(child)
            if name in {"p", "h"}:
                for shape in child.iter("{*}custom-shape", "{*}text-box"):
                    if next(shape.iterancestors("{*}p", "{*}h")) is child:
                        yield from self.blocks(shape)
                yield "" if self._note_if_hidden(child) else self._paragraph_html(child)
            elif name == "list":
                yield self._list_html(child, style, level + 1)
            elif name == "table":
                rows = (
                    f"<tr>{''.join(self._cell_html(row))}</tr>"
                    for row in child.iter("{*}table-row")
                )
                yield f"<table>{''.join(rows)}</table>"
            elif name == "frame" and (picture := self._picture_html(child)):
                yield f"<p>{picture}</p>"
            elif name and name not in _SKIPPED_TAGS and not self._note_if_hidden(child):
                yield from self.blocks(child, style, level)

    def _paragraph_html(self, element: Element) -> str:
        inside = self._inner_html(element)
        styles = set(self._styles.ancestors(_attribute(element, "style-name")))
        if _local_name(element) == "h":
            level = _attribute(element, "outline-level")
            tag = f"h{min(6, max(1, int(level)))}" if level.isdecimal() and len(level) < 3 else "h2"
            return f"<{tag}>{inside}</{tag}>"
        if _TITLE_STYLE in styles:
            return f"<h1>{inside}</h1>"
        if "Horizontal_20_Line" in styles:
            return "<hr>"
        if _TABLE_HEADING_STYLE not in styles:  # a head is bold as it is
            inside = self._wrap(inside, _attribute(element, "style-name"))
        paragraph = f"<p>{inside}</p>"
        return f"<blockquote>{paragraph}</blockquote>" if styles & _QUOTATIONS else paragraph

    def _list_html(self, element: Element, style: str, level: int) -> str:
        style = _attribute(element, "style-name") or style
        tag = "ol" if self._styles.is_numbered(style, level) else "ul"
        items = "".join(
            f"<li>{''.join(self.blocks(item, style, level))}</li>"
            for item in element
            if _local_name(item) in {"list-item", "list-header"}
        )
        return f"<{tag}>{items}</{tag}>"

    def _cell_html(self, row: Element) -> Iterator[str]:
        for cell in row.iterchildren("{*}table-cell"):
            spans = [_attribute(cell, f"number-{way}-spanned") for way in ("columns", "rows")]
            attributes = "".join(
                f' {name}="{span}"'
                for name, span in zip(("colspan", "rowspan"), spans, strict=True)
                if span.isdecimal()
            )
            inside = "".join(self.blocks(cell)) or escape(_attribute(cell, *_VALUES))
            styles = [_attribute(element, "style-name") for element in cell.iter("{*}p")]
            heads = any(_TABLE_HEADING_STYLE in self._styles.ancestors(style) for style in styles)
            tag = "th" if heads else "td"
            yield f"<{tag}{attributes}>{inside}</{tag}>"

    def _inner_html(self, element: Element) -> str:
        written = [escape(_ordinary(element.text))]
        for child in element:
            written += [self._inline_html(child), escape(_ordinary(child.tail))]
        return "".join(written)

    def _inline_html(self, element: Element) -> str:
        name = _local_name(element)
        if name in {*_SKIPPED_TAGS, "custom-shape", ""}:
            return ""
        if name == "s":
            # ODF writes blanks in a row as <text:s c="3"/>: one without a count is one
            count = _attribute(element, "c")
            return " " * min(_MAX_BLANKS, int(count) if count[:4].isdecimal() else 1)
        if name in {"tab", "line-break"}:
            return " " if name == "tab" else "<br>"
        if name in {"note", "frame"}:
            return self._footnote_html(element) if name == "note" else self._picture_html(element)
        if self._note_if_hidden(element):
            return ""
        inside = self._inner_html(element)
        if name == "a":
            return f'<a href="{escape(_attribute(element, "href"))}">{inside}</a>'
        return self._wrap(inside, _attribute(element, "style-name")) if name == "span" else inside

    def _note_if_hidden(self, element: Element) -> bool:
        """Return whether an element is hidden. If it is, move its words to ``hidden``."""
        marks = [element, *element.iterchildren("{*}hidden-paragraph")]
        is_hidden = (
            self._styles.is_hidden(_attribute(element, "style-name"))
            or _attribute(element, "display") == "none"
            or any(_attribute(mark, "is-hidden") == "true" for mark in marks)
        )
        words = "".join(element.itertext()) or _attribute(element, *_VALUES) if is_hidden else ""
        words = _ordinary(words).strip()
        self.hidden += [words] if words else []
        if is_hidden:
            element.clear(keep_tail=True)
        return is_hidden

    def _wrap(self, inside: str, style: str) -> str:
        for tag in self._styles.marks(style) if inside.strip() else ():
            inside = f"<{tag}>{inside}</{tag}>"
        return inside

    def _picture_html(self, frame: Element) -> str:
        """Return an ``img`` or ``embed``, or "" for a text box, which is read elsewhere."""
        if frame.find("{*}text-box") is not None:
            return ""
        image = frame.find("{*}image")
        alt = next((part.text or "" for part in frame.iter("{*}desc", "{*}title")), "")
        if image is None:
            return f'<embed src="{escape(alt or _attribute(frame, "name"))}">'
        return f'<img src="{escape(PART + _attribute(image, "href"))}" alt="{escape(alt)}">'

    def _footnote_html(self, note: Element) -> str:
        """Return the mark of a footnote, and keep the note. The two link to each other."""
        body = note.find("{*}note-body")
        number = len(self._notes) + 1
        # reserve the number: a note within this one gets the next
        self._notes.append("")
        words = "" if body is None else "".join(self.blocks(body))
        back = f'<a href="#mark-{number}">^</a>'
        self._notes[number - 1] = f'<li id="note-{number}">{words}<p>{back}</p></li>'
        return f'<sup><a href="#note-{number}" id="mark-{number}">[{number}]</a></sup>'

    def notes(self) -> str:
        return f"<ol>{''.join(self._notes)}</ol>" if self._notes else ""


def _read_review(content: Element) -> Review:
    changes = [_local_name(kind) for region in content.iter("{*}changed-region") for kind in region]
    return Review(
        inserted=changes.count("insertion"),
        deleted=changes.count("deletion"),
        comments=sum(1 for _ in content.iter("{*}annotation")),
        formulas=sum(1 for _ in content.iter("{http://www.w3.org/1998/Math/MathML}math")),
    )


def _form_lines(text: Element) -> Iterator[DroppedLine]:
    """Yield the labels and values of form fields."""
    for field in text.iter("{urn:oasis:names:tc:opendocument:xmlns:form:1.0}*"):
        named = [_attribute(field, name) for name in ("label", "current-value", "current-state")]
        if words := _ordinary(": ".join(filter(None, named))).strip():
            yield DroppedLine(line=0, text=cut_text(words), reason="in a form field of the file")


def _words_outside(trees: Mapping[str, Element]) -> Iterator[str]:
    """Yield the texts outside of the running text: text boxes, heads of pages, metadata."""
    for box in trees[_CONTENT].iter("{*}text-box"):
        yield from _paragraph_texts(box)
    for name, kinds in ((_STYLES, ("{*}header", "{*}footer")), ("meta.xml", ("{*}meta",))):
        for part in trees[name].iter(*kinds) if name in trees else ():
            yield from _paragraph_texts(part)


def _paragraph_texts(part: Element) -> Iterator[str]:
    """Yield the texts of a part's paragraphs, headings and metadata fields."""
    for element in part.iter(
        "{*}p", "{*}h", "{*}title", "{*}subject", "{*}keyword", "{*}description"
    ):
        text = _ordinary("".join(element.itertext())).strip()
        if text:
            yield text


def _ordinary(text: str | None) -> str:
    return normalise(text or "")


def _local_name(element: Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _attribute(element: Element, *names: str) -> str:
    """Return the value of the first attribute that has one of the names, else ""."""
    named = ((etree.QName(key).localname, value) for key, value in element.attrib.items())
    return next((value for name, value in named if name in names), "")
