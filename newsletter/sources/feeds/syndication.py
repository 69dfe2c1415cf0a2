"""Parses the items of RSS (0.9 to 2.0), Atom and JSON Feed (1.0 and 1.1).

XML is parsed strictly, without entities and without fetching. Common mistakes are corrected first:
HTML's named characters, a bare ``&``, a wrong declared encoding. Then the XML must be well-formed,
because half a statement is worse than none.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.entities import html5
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from newsletter.documents.encoding import decode_as_declared
from newsletter.documents.release.lines import normalise
from newsletter.domain.schedule import ACCEPTED_YEARS
from newsletter.domain.statements.feed import FeedUnreadable, Item
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


Entry = TypeVar("Entry")

MAX_ITEMS = 20_000
"""The maximum number of items in a feed."""

_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CONTENT_TAG = "{http://purl.org/rss/1.0/modules/content/}encoded"
_DC = "{http://purl.org/dc/elements/1.1/}"
_ABOUT_ATTRIBUTE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_ATOM_LINK = "{http://www.w3.org/2005/Atom}link"


def items_of(root: Element, url: str) -> list[Item]:
    """Return the items of an RSS or Atom feed from ``url``. Raises FeedUnreadable."""
    name = etree.QName(root).localname
    if name in {"rss", "RDF"}:
        feed_language = _text(_child(next(_children(root, "channel"), None), "language"))
        # in the channel, or next to it in RSS 1.0
        places = [*_children(root, "channel"), root]
        items = (item for place in places for item in _children(place, "item"))
        return [_rss(item, url, feed_language) for item in require_few(items)]
    if name == "feed":
        return [_atom(entry, url) for entry in require_few(_children(root, "entry"))]
    raise FeedUnreadable(f"it is XML of another kind (<{name[:40]}>) and no feed; correct its url")


def require_few(entries: Iterable[Entry]) -> list[Entry]:
    """Return all entries. Raises FeedUnreadable if there are too many."""
    entries = list(islice(entries, MAX_ITEMS + 1))
    if len(entries) > MAX_ITEMS:
        raise FeedUnreadable(
            f"it lists more than {MAX_ITEMS:,} items; ask for a feed of the newest items alone"
        )
    return entries


def _rss(item: Element, url: str, feed_language: str) -> Item:
    base = _base(item, url)
    guid = _child(item, "guid")
    guid_text = _text(guid)
    permalink = guid is not None and guid.get("isPermaLink", "true").lower() != "false"
    # some feeds also have Atom's link, which has another meaning
    plain_link = next((child for child in _children(item, "link") if child.tag != _ATOM_LINK), None)
    link = absolute_url(base, _text(plain_link))
    # RSS 2.0: a guid is the item's URL unless isPermaLink is false
    if not link and permalink and guid_text.startswith(("http://", "https://")):
        link = absolute_url(base, guid_text)
    encoded, description = _text(item.find(_CONTENT_TAG)), _text(_child(item, "description"))
    title = plain(_text(_child(item, "title")))
    date = instant(_text(_child(item, "pubDate"))) or instant(_text(item.find(f"{_DC}date")))
    content, summary = (encoded, plain(description)) if encoded.strip() else (description, "")
    own_language = _text(item.find(f"{_DC}language"))
    return Item(
        id=guid_text or item.get(_ABOUT_ATTRIBUTE) or link or made_up_id(title, date),
        title=title,
        link=link,
        published=date,
        content=content,
        # usually HTML; in a text without markup, line breaks count
        markup="<" in content or "&" in content,
        is_full=bool(encoded.strip()),
        summary=summary,
        language=language(own_language or feed_language) or language(_find_inherited(item, _LANG)),
        base=link or base,
    )


def made_up_id(title: str, published_at: object) -> str:
    """Return an id for an item without id and link."""
    return "made-up:" + hashlib.sha256(f"{title}\n{published_at}".encode()).hexdigest()[:32]


def _atom(entry: Element, url: str) -> Item:
    base = _base(entry, url)
    link = _find_link(entry, base)
    title = plain(_words(_child(entry, "title")))
    published_at = _time(entry, "published", "issued") or _time(entry, "updated", "modified")
    content = _child(entry, "content")
    summary = _child(entry, "summary")
    # content with a src is on another page, which is not fetched
    is_inline = content is not None and not content.get("src")
    element = content if is_inline and _words(content).strip() else summary
    return Item(
        id=_text(_child(entry, "id")) or link or made_up_id(title, published_at),
        title=title,
        link=link,
        published=published_at,
        content=_words(element),
        markup=element is not None and element.get("type", "text") not in {"text", "text/plain"},
        is_full=element is not None and element is content,
        summary=plain(_words(summary)) if element is content else "",
        language=language(_find_inherited(entry, _LANG)),
        base=_base(element, base) if element is not None else base,
    )


def _words(element: Element | None) -> str:
    """Return the text of an Atom element; XHTML becomes HTML."""
    if element is None:
        return ""
    if element.get("type") in {"xhtml", "application/xhtml+xml"} and len(element):
        for part in element.iter():
            if isinstance(part.tag, str):
                part.tag = etree.QName(part).localname
        return without_controls(
            "".join(html.tostring(part, encoding="unicode") for part in element)
        )
    return _text(element)


def _find_link(entry: Element, base: str) -> str:
    links = [link for link in _children(entry, "link") if link.get("href")]
    alternates = [link for link in links if link.get("rel", "alternate") == "alternate"]
    pages = [link for link in alternates if link.get("type", "text/html").startswith("text/html")]
    best = next(iter([*pages, *alternates]), None)
    return "" if best is None else absolute_url(_base(best, base), best.get("href"))


def _time(entry: Element, *names: str) -> Any:
    return next((at for name in names if (at := instant(_text(_child(entry, name))))), None)


def _children(element: Element, name: str) -> Iterator[Element]:
    """Yield children by local name, because old feeds use many namespaces."""
    for child in element:
        if isinstance(child.tag, str) and etree.QName(child).localname == name:
            yield child


def _child(element: Element | None, name: str) -> Element | None:
    """Return the first child in the element's namespace, or in any; but no media:title."""
    if element is None:
        return None
    space = etree.QName(element).namespace
    found = list(_children(element, name))
    own = [child for child in found if etree.QName(child).namespace == space]
    # a title or description in another namespace is a picture's
    return next(iter([*own, *found]), None) if own or name not in {"title", "description"} else None


def _text(element: Element | None) -> str:
    return "" if element is None else without_controls("".join(element.itertext())).strip()


def _base(element: Element, url: str) -> str:
    """Return the base URL of an element. Each xml:base is relative to the outer one."""
    bases = [node.get(_BASE) for node in [element, *element.iterancestors()] if node.get(_BASE)]
    base = url
    for relative in reversed(bases):
        base = absolute_url(base, relative) or base
    return base


def _find_inherited(element: Element, name: str) -> str:
    ancestors = [element, *element.iterancestors()]
    return next((str(ancestor.get(name)) for ancestor in ancestors if ancestor.get(name)), "")


_JSON_FEED_VERSION = "https://jsonfeed.org/version/"


def json_items_of(text: str, url: str) -> list[Item]:
    """Return the items of a JSON Feed from ``url``. Raises FeedUnreadable."""
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeedUnreadable(
            "it is not well-formed JSON, or its end is missing; it is tried again, and its keeper"
            " may mend it"
        ) from error
    version = feed.get("version") if isinstance(feed, dict) else None
    if not (isinstance(version, str) and version.startswith(_JSON_FEED_VERSION)):
        raise FeedUnreadable("it is JSON and no JSON Feed; correct its url")
    items = feed.get("items")
    lang = _value(feed, "language")
    if not isinstance(items, list):
        raise FeedUnreadable("it has no list of items; its operator may correct it")
    return [_json_item(item, lang, url) for item in require_few(items) if isinstance(item, dict)]


def _json_item(item: dict[str, Any], feed_language: str, url: str) -> Item:
    link = absolute_url(url, _value(item, "url") or _value(item, "external_url"))
    title = plain(_value(item, "title"))
    published_at = instant(_value(item, "date_published")) or instant(_value(item, "date_modified"))
    rich, simple = _value(item, "content_html"), _value(item, "content_text")
    summary = _value(item, "summary")
    content = rich or simple or summary
    return Item(
        id=_read_id(item) or link or made_up_id(title, published_at),
        title=title,
        link=link,
        published=published_at,
        content=content,
        markup=bool(rich),
        is_full=bool(rich or simple),
        summary=plain(summary) if rich or simple else "",
        language=language(_value(item, "language")) or language(feed_language),
        base=link or url,
    )


def _read_id(item: dict[str, Any]) -> str:
    """Return the id, which is a number in some feeds, or ""."""
    value = item.get("id")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return without_controls(value) if isinstance(value, str) else ""


def _value(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    return without_controls(value).strip() if isinstance(value, str) else ""
