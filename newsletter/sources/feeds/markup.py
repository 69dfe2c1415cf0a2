"""Parses the XML of a feed, strictly, without entities and without fetching.

Common mistakes are corrected first: HTML's named characters, a bare ``&``, a wrong declared
encoding. Then the XML must be well-formed, because half a statement is worse than none.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.entities import html5
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from newsletter.documents.encoding import decode_as_declared
from newsletter.documents.release.lines import normalise
from newsletter.domain.schedule import ACCEPTED_YEARS
from newsletter.domain.statements.feed import FeedUnreadable
from newsletter.formats.times import language_objection

_CONTROL_PATTERN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]"
)
_BLOCK_END_PATTERN = re.compile(r"</(?:p|div|li|h[1-6]|td)>|<br\b[^<>]{0,100}>", re.IGNORECASE)
_YEAR_PATTERN = re.compile(r"(?<!\d)(?<![\d\s][+-])\d{4}")
_MAX_CHARS = 2_000
_MARKUP_PATTERN = re.compile(r"<[a-zA-Z/!]|&#?\w+;")


def without_controls(text: str) -> str:
    return _CONTROL_PATTERN.sub("", text)


def plain(text: str) -> str:
    """Return the words of HTML or plain text, on one line."""
    text = without_controls(text)
    if _MARKUP_PATTERN.search(text):
        separated = _BLOCK_END_PATTERN.sub(r"\g<0> ", text[:100_000])
        try:
            root = html.fragment_fromstring(separated, create_parent="div")
            text = "".join(str(part) for part in root.itertext())
        except etree.ParserError:  # markup without words
            text = ""
    return normalise(text).strip()[:_MAX_CHARS]


def instant(text: str) -> datetime | None:
    """Parse a time in RFC 822 or ISO 8601, in UTC; None for anything else."""
    text = text.strip()
    # year 1, by which generators mean no time, would be read as 2001
    year = _YEAR_PATTERN.search(text)
    if year and int(year[0]) not in ACCEPTED_YEARS:
        return None
    try:
        if re.match(r"\d{4}", text):
            time = datetime.fromisoformat(text)
        else:
            time = parsedate_to_datetime(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return time.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def language(text: str) -> str:
    """Return a language tag in its usual case, or "" for an invalid one."""
    text = text.strip().replace("_", "-")
    if not text or language_objection(text):
        return ""
    primary, *subtags = text.lower().split("-")
    subtags = [
        one.upper() if len(one) == 2 else one.title() if len(one) == 4 and one.isalpha() else one
        for one in subtags
    ]
    return "-".join([primary, *subtags])


def absolute_url(base: str, text: str) -> str:
    """Return the absolute http or https URL of a link, or ""."""
    text = without_controls(text).strip()
    if not text:
        return ""
    try:
        absolute = urljoin(base, text)
        return absolute[:_MAX_CHARS] if urlsplit(absolute).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


Element = Any

_ENCODING_PATTERN = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_CHARSET_PATTERN = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_XML_DECLARATION_PATTERN = re.compile(r"^\s*<\?xml[^>]{0,400}\?>")
_DOCTYPE_PATTERN = re.compile(r"<!DOCTYPE[^\[<>]{0,2000}>", re.IGNORECASE)
_ENTITY_PATTERN = re.compile(
    r"&([a-zA-Z][a-zA-Z0-9]{0,31});|&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};)"
)
_XML_ENTITIES = {"amp", "lt", "gt", "quot", "apos"}
_ROOT_TAG_PATTERN = re.compile(r"<(!doctype\s+html|html|rss|feed|rdf:RDF)\b", re.IGNORECASE)
_LINK_TAG_PATTERN = re.compile(r"<link\b[^<>]{0,1000}>", re.IGNORECASE)
_FEED_TYPE_PATTERN = re.compile(r"""\btype=["']application/(?:rss|atom)\+xml""", re.IGNORECASE)
_HREF_PATTERN = re.compile(r"""\bhref=["']([^"'<>]+)""", re.IGNORECASE)


def parse_xml(data: bytes, content_type: str) -> tuple[Element, str]:
    """Return the root element of a feed, and a remark on its encoding. Raises FeedUnreadable."""
    text, remark = decode(data, content_type)
    root_tag = _ROOT_TAG_PATTERN.search(text[:5000])
    if root_tag and root_tag[1].lower().endswith("html"):
        raise FeedUnreadable(_page_advice(text))
    # the text is parsed as UTF-8
    text = _XML_DECLARATION_PATTERN.sub("", text, count=1)
    text = _DOCTYPE_PATTERN.sub("", text, count=1)
    if "<!DOCTYPE" in text[:5000] or "<!ENTITY" in text:
        raise FeedUnreadable("it declares entities of its own, which no feed needs: not read")
    text = _ENTITY_PATTERN.sub(_character, without_controls(text)).strip()
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode(), parser), remark
    except etree.XMLSyntaxError as error:
        why = str(error.msg).partition(", line")[0][:150] if error.msg else "it is empty"
        raise FeedUnreadable(
            f"it is not well-formed XML, or its end is missing (line {error.lineno}: {why});"
            " nothing of it was taken; it is tried again, and its operator may correct it"
        ) from error


def decode(data: bytes, content_type: str) -> tuple[str, str]:
    """Return the text of a feed, and a remark if its encoding is a guess, else ""."""
    found, header = _ENCODING_PATTERN.search(data[:400]), _CHARSET_PATTERN.search(content_type)
    declared_encodings = [found[1].decode("ascii", "replace")] if found else []
    with suppress(UnicodeDecodeError):
        text = decode_as_declared(data, [*declared_encodings, *([header[1]] if header else [])])
        if text is not None:
            return text, ""
    remark = "it is not in the encoding that it declares; look at its quotes, dashes and accents"
    return data.decode("cp1252", "replace"), remark


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        return "&amp;"
    if name in _XML_ENTITIES:
        return found[0]
    return html5.get(f"{name};", f"&amp;{name};")


def _page_advice(text: str) -> str:
    for link in _LINK_TAG_PATTERN.findall(text[:200_000]):
        href = _HREF_PATTERN.search(link)
        if href and _FEED_TYPE_PATTERN.search(link):
            return f"it is a web page and no feed; write the feed that it names: {href[1][:300]}"
    return "it is a web page and no feed; look on the page for the address of its feed"
