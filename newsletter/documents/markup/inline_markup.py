"""Read the words of a paragraph on a page, with marks and links, and write them as Markdown."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from newsletter.documents.redirects import resolve_redirect
from newsletter.documents.release.imported import DroppedLine, ImportedPicture
from newsletter.documents.release.lines import cut_text, normalise
from newsletter.documents.release.paragraphs import escape_start, escape_words

Element = Any
"""An element of lxml, which ships no types."""
BOLD_MARK, ITALIC_MARK, STRIKETHROUGH_MARK = "**", "*", "~~"
_MARK_ORDER = (BOLD_MARK, ITALIC_MARK, STRIKETHROUGH_MARK)
_FOOTNOTE_COLON_PATTERN = re.compile(r"(\[\^\w+\]):")


@dataclass(frozen=True, kw_only=True)
class Run:
    """Consecutive words with the same marks and link."""

    text: str
    marks: frozenset[str] = frozenset()
    href: str = ""
    code: bool = False
    """Shown like source code, without marks."""
    literal: str = ""
    """Markdown instead of words: the mark of a footnote."""
    ends_line: bool = False
    """Whether this is a line break without words."""


def split_lines(runs: Iterable[Run]) -> list[list[Run]]:
    """Split runs at line breaks and normalise their blanks. An empty line has no runs."""
    lines: list[list[Run]] = []
    for ends, group in groupby(runs, key=lambda run: run.ends_line):
        if ends:
            lines.extend([] for _ in list(group)[1:])
        else:
            lines.append(_tidy(group))
    return lines


def words(line: Sequence[Run]) -> str:
    return normalise("".join(run.text for run in line)).strip()


def markdown(line: Sequence[Run], *, with_marks: bool = True) -> str:
    """Write a line as Markdown. Without ``with_marks``, no word is bold, italic or struck out."""
    runs = _settle_marks(line if with_marks else [_without_marks(run) for run in line])
    text = _write_links(runs)
    first = runs[0] if runs else Run(text="")
    if not (first.marks or first.href or first.literal or first.code):
        text = escape_start(text)
    return _FOOTNOTE_COLON_PATTERN.sub(r"\1\\:", text, count=1) if text.startswith("[^") else text


def _without_marks(run: Run) -> Run:
    return replace(run, marks=frozenset(), code=False)


def _write_links(line: Sequence[Run]) -> str:
    out = ""
    for href, group in groupby(line, key=lambda run: run.href):
        runs = list(group)
        if not href:
            out += _write_marks(runs, out)
            continue
        lead = " " if runs[0].text.startswith(" ") else ""
        trail = " " if runs[-1].text.endswith(" ") else ""
        text = _write_marks(runs, "[").strip()
        # a ! or ^ before a link would make an image or a note of it
        out = re.sub(r"([!^])$", r"\\\1", out + lead)
        # else Markdown would read &copy; in a query as an entity
        address = re.sub(r"&(?=#?\w+;)", r"\\&", href)
        # Bare, a destination would end at its own bracket, or its stars would mark words.
        address = f"<{address}>" if re.search(r"[()\\*_]", address) else address
        out += f"[{text}]({address}){trail}" if text else ""
    return normalise(out).strip()


def _tidy(runs: Iterable[Run]) -> list[Run]:
    """Return the runs with single blanks, none around the line. Merge runs that look alike."""
    tidied: list[Run] = []
    for run in runs:
        text = normalise(run.text)
        if not run.literal and (not tidied or tidied[-1].text.endswith(" ")):
            text = text.lstrip(" ")
        if text or run.literal:
            tidied.append(replace(run, text=text))
    while tidied and not tidied[-1].literal and not tidied[-1].text.strip():
        tidied.pop()
    if tidied and not tidied[-1].literal:
        tidied[-1] = replace(tidied[-1], text=tidied[-1].text.rstrip(" "))
    return _merge(tidied)


def _merge(runs: Iterable[Run]) -> list[Run]:
    """Join adjacent runs that differ only in their text, except footnote marks."""
    merged: list[Run] = []
    for run in runs:
        if merged and not run.literal and replace(merged[-1], text=run.text) == run:
            merged[-1] = replace(run, text=merged[-1].text + run.text)
        else:
            merged.append(run)
    return merged


def _settle_marks(line: Sequence[Run]) -> list[Run]:
    """Remove or move marks that Markdown would show as stars, such as those next to letters."""
    # Markdown reads a tilde amid text that is struck out as the end of that.
    tilde = {STRIKETHROUGH_MARK} if any("~" in run.text for run in line) else set()
    runs = [_without_marks(run) if run.literal or not run.text.strip() else run for run in line]
    runs = [replace(run, marks=run.marks - (run.marks if run.code else tilde)) for run in runs]
    runs = [part for run in runs for part in _blanks_apart(run)]
    # In **a***b* any star may close the mark: touching words share their marks.
    for index in range(len(runs) - 1):
        before, after = runs[index : index + 2]
        touching = not before.text.endswith(" ") and not after.text.startswith(" ")
        if touching and before.marks and after.marks and before.marks != after.marks:
            runs[index + 1] = replace(after, marks=before.marks & after.marks)
    return _merge([part for n in range(len(runs)) for part in _edges_apart(runs, n)])


def _blanks_apart(run: Run) -> list[Run]:
    if run.literal or not (run.marks or run.code):
        return [run]
    core = run.text.strip(" ")
    at = run.text.index(core) if core else 0
    parts = [run.text[:at], core, run.text[at + len(core) :]]
    pieces = [_without_marks(run), run, _without_marks(run)]
    return [replace(one, text=text) for one, text in zip(pieces, parts, strict=True) if text]


def _edges_apart(runs: Sequence[Run], n: int) -> list[Run]:
    """Move punctuation out of the edges of marked words next to a letter."""
    run = runs[n]
    if run.literal or not run.marks:
        return [run]
    # Stars between a letter and punctuation open and close nothing (CommonMark 0.31, 6.2).
    before = runs[n - 1].text[-1:] if n else ""
    after = runs[n + 1].text[:1] if n + 1 < len(runs) else ""
    begin = _edge_length(run.text) if _is_letter(before) else 0
    lead, text = run.text[:begin], run.text[begin:]
    end = len(text) - (_edge_length(text[::-1]) if _is_letter(after) else 0)
    text, trail = text[:end], text[end:]
    parts = [(lead, _without_marks(run)), (text, run), (trail, _without_marks(run))]
    return [replace(one, text=piece) for piece, one in parts if piece]


def _edge_length(text: str) -> int:
    """Return the number of punctuation marks and blanks at the beginning of a text."""
    at = 0
    while at < len(text) and (_is_punctuation(text[at]) or (at and text[at] == " ")):
        at += 1
    return at


def _is_letter(character: str) -> bool:
    return bool(character) and not character.isspace() and not _is_punctuation(character)


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _write_marks(runs: Sequence[Run], before: str) -> str:
    """Write runs with one link or without a link. ``before`` is the line so far."""
    out = ""
    for marks, group in groupby(runs, key=lambda run: run.marks):
        text = ""
        for run in group:
            if run.literal.startswith("[") and (before + out + text).endswith(("!", "^")):
                text += " "
            if run.code:
                fence = "`" * (max(map(len, re.findall("`+", run.text)), default=0) + 1)
                pad = " " if run.text.startswith("`") or run.text.endswith("`") else ""
                text += run.literal or f"{fence}{pad}{run.text}{pad}{fence}"
            else:
                text += run.literal or escape_words(run.text)
        order = [mark for mark in _MARK_ORDER if mark in marks]
        out += "".join(order) + text + "".join(reversed(order))
    return out


BLOCK_TAGS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd"),
        *("details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure"),
        *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main"),
        *("menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "tr", "ul"),
    ]
)
"""Elements that begin on a new line."""

_MARK_OF_TAG = {
    **dict.fromkeys(("b", "strong"), BOLD_MARK),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), ITALIC_MARK),
    **dict.fromkeys(("s", "strike", "del"), STRIKETHROUGH_MARK),
}
_MARKING_STYLES = (
    (re.compile(r"font-weight:\s*(?:bold|[6-9]00)", re.I), BOLD_MARK),
    (re.compile(r"font-style:\s*italic", re.I), ITALIC_MARK),
    (re.compile(r"text-decoration[\w-]{0,20}+:[^;:]*line-through", re.I), STRIKETHROUGH_MARK),
)
_UNMARKING_STYLES = (
    (re.compile(r"font-weight:\s*(?:normal|[1-4]00)", re.I), BOLD_MARK),
    (re.compile(r"font-style:\s*normal", re.I), ITALIC_MARK),
)
_UNDERLINE_PATTERN = re.compile(r"text-decoration[\w-]{0,20}+:[^;:]*underline", re.I)
_REASON_BY_MEDIA_TAG = {
    **dict.fromkeys(("video", "audio", "embed", "iframe", "canvas", "applet"), "embedded media"),
    "svg": "a drawing",
    "math": "a formula",
    "object": "embedded media",
}
MEDIA_TAGS = _REASON_BY_MEDIA_TAG.keys() - {"object"}
"""Elements whose blocks browsers do not show. Those of an object replace it."""
_DESCRIBING_ATTRIBUTES = ("alt", "label", "value", "placeholder", "src", "data", "code", "srcset")
_UNSEEN_TYPES = {"hidden", "checkbox", "radio"}
"""Types of form fields whose values readers do not see."""
_SUPERSCRIPTS = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_VERTICAL_ALIGN_PATTERN = re.compile(r"vertical-align:\s*(sup|sub)", re.IGNORECASE)
_NUMBER_PATTERN = re.compile(r"[-+0-9]{1,6}")
_UNSAFE_URL_PATTERN = re.compile(r"[\s<>\"\\^`{|}]")
_LINK_SCHEMES = {"http", "https", "mailto", "tel"}
PART = "part:"
"""Prefix of the name of a part of the same file."""
_EMBEDDED = (PART, "data:image/", "cid:")
_MAX_PICTURES = 20
_MAX_CHARACTERS_ABOVE = 40


def tag_of(element: Element) -> str:
    """Return an element's name in lower case, or "" for a comment."""
    return element.tag.lower() if isinstance(element.tag, str) else ""


def line_of(element: Element) -> int:
    """Return an element's line in its file, from 1, or 0 if it is unknown."""
    return element.sourceline or 0


def text_of(element: Element) -> str:
    """Return all words in an element, on one line."""
    return normalise(" ".join(element.itertext())).strip()


def tail_of(element: Element) -> str:
    """Return the text behind an element. Pages set a date apart from the next one by a margin."""
    return element.tail or (" " if tag_of(element) == "time" else "")


def has_no_words(element: Element) -> bool:
    """Return whether an element has neither words nor elements."""
    return not len(element) and not (element.text or "").strip()


def describe(element: Element) -> str:
    """Return an element's words, then descriptions or sources of its parts without words."""
    found = []
    for part in filter(has_no_words, element.iter("*")):
        # a picture of one point counts readers
        is_point = {part.get("width"), part.get("height")} & {"0", "1"}
        values = map(part.get, () if is_point else _DESCRIBING_ATTRIBUTES)
        is_seen = part.get("type") not in _UNSEEN_TYPES
        found.append(next((v for v in values if v and not v.startswith("data:") and is_seen), ""))
    return normalise(" ".join([text_of(element), *found])).strip()


@dataclass(kw_only=True)
class InlineReader:
    """Reads the words of one page, and collects the parts that it leaves out."""

    base: str = ""
    """The page's address, for relative links."""
    references: dict[Element, str] = field(default_factory=dict)
    """The link that is the mark of a footnote → the footnote's name."""
    dropped: list[DroppedLine] = field(default_factory=list)
    keeps_pictures: bool = False
    """Whether to keep pictures that are in the file itself."""
    pictures: list[ImportedPicture] = field(default_factory=list)
    http_links: int = 0
    """Number of unencrypted links."""
    redirects: int = 0
    """Number of links through a server of a mail program or of Google."""
    underlined: int = 0
    raised_words: int = 0
    """Numbers of underlined words, and of raised or lowered words that are no figures."""

    def add_marks(self, element: Element, like: Run) -> Run:
        """Return ``like`` with the marks and the link that an element adds."""
        tag, style = tag_of(element), element.get("style") or ""
        marks = set(like.marks)
        if tag in _MARK_OF_TAG:
            marks.add(_MARK_OF_TAG[tag])
        marks |= {mark for pattern, mark in _MARKING_STYLES if pattern.search(style)}
        # last: Google Docs wraps a copied text in a <b> whose style is not bold
        marks -= {mark for pattern, mark in _UNMARKING_STYLES if pattern.search(style)}
        href = self._address(element) if tag == "a" and element.get("href") else like.href
        lined = tag == "u" or _UNDERLINE_PATTERN.search(style)
        self.underlined += bool(lined and not href and element.text and element.text.strip())
        return replace(like, marks=frozenset(marks), href=href)

    def runs(self, element: Element, style: Run) -> list[Run]:
        tag = tag_of(element)
        if tag == "br":
            return [Run(text="\n", ends_line=True)]
        if self._leaves_out(element, tag):
            return []
        if element in self.references:
            return [Run(text="", literal=f"[^{self.references[element]}]")]
        if tag in {"code", "kbd", "samp", "tt"}:
            return [replace(one, code=True) for one in self.runs_in(element, style)]
        # sup is above the line, sub below it; Google Docs says so by a style
        shifted = _VERTICAL_ALIGN_PATTERN.search(element.get("style") or "")
        level = tag if tag in {"sup", "sub"} else shifted[1].lower() if shifted else ""
        # m² and H₂O can be written with letters of their own; words cannot
        if level and _NUMBER_PATTERN.fullmatch(element.text or "") and not len(element):
            letters = _SUPERSCRIPTS if level == "sup" else _SUBSCRIPTS
            return [replace(style, text=element.text.translate(letters))]
        # the raised mark of a note is a link
        bare = element.find(".//a") is None and bool(text_of(element))
        self.raised_words += bool(level) and bare
        inside = self.runs_in(element, self.add_marks(element, style))
        if tag == "q":
            return [replace(style, text="“"), *inside, replace(style, text="”")]
        end = [Run(text="\n", ends_line=True)] if tag in BLOCK_TAGS else []
        return [*end, *inside, *end]

    def _leaves_out(self, element: Element, tag: str) -> bool:
        """Record a part without words. Return whether the whole element is one."""
        if tag in {"img", "image"}:
            self.leave_out_image(element)
        elif tag in _REASON_BY_MEDIA_TAG:
            self.leave_out(element, _REASON_BY_MEDIA_TAG[tag])
            if element.get("poster"):
                why = "the poster of a film; a picture that leads to the film shows one in a mail"
                self.leave_out(element, why, _file_name(element.get("poster")))
        elif has_no_words(element) and ("-" in tag or describe(element)):
            self.leave_out(element, "a form" if tag == "input" else "embedded media")
        else:
            return False
        return True

    def runs_in(self, element: Element, style: Run) -> list[Run]:
        runs = [replace(style, text=element.text or "")]
        for child in element:
            runs += self.runs(child, style)
            runs.append(replace(style, text=tail_of(child)))
        return runs

    def leave_out(self, element: Element, reason: str, text: str = "") -> None:
        """Record an element as left out, described by ``text`` or its words."""
        text = text or describe(element) or element.get("title") or tag_of(element)
        self.dropped.append(DroppedLine(line=line_of(element), text=cut_text(text), reason=reason))

    def leave_out_image(self, element: Element) -> None:
        """Record a picture: to import if it is in the file, else as left out."""
        alt = normalise(element.get("alt") or "").strip()
        source = element.get("src") or ""
        if (
            self.keeps_pictures
            and source.startswith(_EMBEDDED)
            and len(self.pictures) < _MAX_PICTURES
        ):
            above = element.xpath("string(preceding::text()[normalize-space()][1])")
            above = normalise(above).strip()[-_MAX_CHARACTERS_ABOVE:]
            self.pictures.append(ImportedPicture(source=source, alt=alt, above=above))
            return
        name = "" if source.startswith("data:") else _file_name(source)
        elsewhere = self.keeps_pictures and source and not source.startswith(_EMBEDDED)
        why = "which is not in the file: add it yourself"
        why = f"a picture: {why if elsewhere else 'pictures are not imported'}"
        self.leave_out(element, why, alt or name or "a picture without a description")

    def _address(self, element: Element) -> str:
        # browsers leave control characters out, so that java\tscript: is a scheme to them
        href = re.sub(r"[\x00-\x1f\x7f]", "", element.get("href")).strip()
        if href.startswith("#"):
            return ""
        try:
            written = urljoin(self.base, href)
            address = resolve_redirect(written)
            scheme = urlsplit(address).scheme.lower()
        except ValueError:  # for an invalid address, like http://[x
            written = address = href
            scheme = ""
        self.redirects += address != written
        if scheme in _LINK_SCHEMES:
            self.http_links += scheme == "http"
            return _UNSAFE_URL_PATTERN.sub(lambda found: quote(found.group()), address)
        why = (
            f"a {scheme}: link" if scheme else "a relative link: the page does not say its address"
        )
        text = f"{text_of(element)} → {cut_text(href)}".strip()
        self.dropped.append(
            DroppedLine(line=line_of(element), text=text, reason=f"{why}; its words stay")
        )
        return ""


def _file_name(address: str) -> str:
    return address.split("?")[0].rpartition("/")[2]
