"""Read the facts that a web page states: title, date, name of the site, address."""

import json
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.documents.markup.inline_markup import Element, line_of, tag_of, text_of
from newsletter.documents.release.candidates import (
    TITLE_WORDS,
    begins_page_title,
    ends_page_title,
    is_body_name,
)
from newsletter.documents.release.dates import find_dates
from newsletter.documents.release.heading import Dated
from newsletter.documents.release.lines import match_key, normalise

_TITLE_SEPARATOR_PATTERN = re.compile(r"(?<!\s)\s++[|–—»·:-]\s+")
_DATES = ("article:published_time", "datepublished", "dc.date", "dcterms.date", "date", "pubdate")
_SITES = ("og:site_name", "application-name", "apple-mobile-web-app-title", "dc.publisher")
_DESCRIPTION_ATTRIBUTES = ("alt", "title", "aria-label")
_SKIPPED_TAGS = ("script", "style", "del")
_MAX_DATA_CHARS = 500_000
_HEADING_TAGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TITLE_TAGS = (*_HEADING_TAGS, "p", "div", "td", "th", "b", "strong", "font", "span", "center", "a")
_MAX_TITLE_CHARS = 300


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts that a page states about itself; empty if it states none."""

    title: str
    window_titles: tuple[str, ...]
    """The page's titles outside of its text, which may contain the name of the site."""
    fallback_title: tuple[str, str]
    """The title to use if no line of the page matches a title, and a note."""
    text: str
    """The article's text in the page's data, or ""."""
    dated: Dated
    base: str
    language: str = ""
    unseen_texts: tuple[str, ...] = ()
    """Metadata and descriptions of pictures, which readers do not see as text."""


def read_facts(root: Element, *, is_document: bool) -> Facts:
    """Read a page's facts from its complete tree.

    ``is_document``: a word processor saved the page. Then the page's own title is often outdated.
    """
    name_attributes = ("property", "name", "itemprop")
    meta = {
        next(filter(None, map(tag.get, name_attributes)), "").lower(): normalise(
            tag.get("content") or ""
        ).strip()
        for tag in reversed(list(root.iter("meta")))  # the first of a name counts
    }
    data = list(_read_linked_data(root))
    publishers = (item["publisher"] for item in data if isinstance(item.get("publisher"), dict))
    names = [*(meta.get(key, "") for key in _SITES), *(_string(tag, "name") for tag in publishers)]
    site_names = {match_key(site) for site in names if site}
    # headings tell which half of "Title | Site" is the title
    headings = {match_key(text_of(element)) for element in root.iter("h1", "h2")}
    page = normalise(next((element.text or "" for element in root.iter("title")), "")).strip()
    headline = next((tag for tag in (_string(tag, "headline") for tag in data) if tag), "")
    window_titles = tuple(dict.fromkeys(filter(None, [headline, meta.get("og:title", ""), page])))
    split_titles = [_split_title(window, site_names, headings) for window in window_titles]
    return Facts(
        title=_find_title(root, split_titles, window_titles, site_names, is_document=is_document),
        window_titles=() if is_document else window_titles,
        fallback_title=("", "")
        if is_document
        else _fallback_title(window_titles, split_titles[0][0] if split_titles else "", headline),
        text=max((_string(item, "articleBody") for item in data), key=len, default=""),
        dated=_find_date(root, meta, data),
        base=_find_base_url(root, meta),
        language=root.get("lang") or "",
        unseen_texts=(
            *meta.values(),
            *(
                normalise(text).strip()
                for element in root.iter("*")
                for name in _DESCRIPTION_ATTRIBUTES
                if (text := element.get(name))
            ),
        ),
    )


def list_texts(root: Element) -> Iterator[tuple[str, int]]:
    """Yield (text, line) of all texts between tags, without scripts and tracked deletions."""
    for element in root.iter("*"):
        inner_text = "" if element.tag in _SKIPPED_TAGS else element.text
        for text in (inner_text, element.tail):
            text_shown = normalise(text or "").strip()
            if text_shown:
                yield text_shown, line_of(element)


def _read_linked_data(root: Element) -> Iterator[dict[str, Any]]:
    for script in root.iter("script"):
        text = script.text or ""
        is_data = (script.get("type") or "").lower() == "application/ld+json"
        if not is_data or len(text) > _MAX_DATA_CHARS:
            continue
        try:
            value = json.loads(text)
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    yield item
                    graph = item.get("@graph")
                    parts = graph if isinstance(graph, list) else []
                    yield from (part for part in parts if isinstance(part, dict))
        except (ValueError, RecursionError):  # RecursionError for deep nesting
            continue


def _string(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value.strip() if isinstance(value, str) else ""


def _find_title(
    root: Element,
    split_titles: Sequence[tuple[str, str]],
    window_titles: Sequence[str],
    site_names: Container[str],
    *,
    is_document: bool,
) -> str:
    """Return an ``h1`` or another element's text that matches a title, else the only ``h1``.

    A page of a word processor has only the first. Returns "" if there is none.
    """
    headings = [text for element in root.iter("h1") if (text := text_of(element))]
    # many sites make a heading of their own name
    headings = [text for text in headings if match_key(text) not in site_names]
    for title, _ in split_titles:
        for heading in headings:
            if match_key(title) == match_key(heading):
                return heading
    named_title = "" if is_document else _find_marked_title(root, window_titles)
    if is_document or named_title:
        return named_title
    cut_parts = {match_key(rest) for _, rest in split_titles}
    headings = [text for text in headings if match_key(text) not in cut_parts]
    return headings[0] if len(headings) == 1 or (headings and not split_titles) else ""


def _find_marked_title(root: Element, window_titles: Sequence[str]) -> str:
    """Return the longest text of an element that a window title contains as the title, or ""."""
    found: list[str] = []
    for element in root.iter(*_TITLE_TAGS) if window_titles else ():
        text = _read_short_text(element)
        for window in window_titles if text else ():
            equal = tag_of(element) in _HEADING_TAGS and match_key(text) == match_key(window)
            if equal or begins_page_title(window, text) or ends_page_title(window, text):
                found.append(text)
    return max(found, key=len, default="")


def _read_short_text(element: Element) -> str:
    """Return an element's text, or "" if it is longer than a title."""
    text = ""
    for part in element.itertext():
        text += f"{part} "
        if len(text) > _MAX_TITLE_CHARS:
            return ""
    return normalise(text).strip()


def _fallback_title(window_titles: Sequence[str], title: str, headline: str) -> tuple[str, str]:
    """Return a title from the page's data or window, and a note; "" twice if it has none."""
    is_short = len(title.split()) <= TITLE_WORDS or is_body_name(title)
    if (is_short and title != headline) or not title:
        return "", ""  # the name of a site rather than a title
    is_in_data = window_titles[0] != window_titles[-1]
    source = "the page's data" if is_in_data else "the page's window title"
    return title, f"The title is from {source}; look whether it is what the page shows."


def _split_title(title: str, site_names: Container[str], shown: Container[str]) -> tuple[str, str]:
    """Split a page's title into the title and the name of its site, if either is known.

    ``site_names`` and ``shown``, the page's headings, are texts as ``match_key`` returns them.
    A heading at the beginning is the title. One at the end is the site's name, unless it is the
    longer part.
    """
    for separator in _TITLE_SEPARATOR_PATTERN.finditer(title):
        before, after = title[: separator.start()], title[separator.end() :]
        if match_key(after) in site_names:
            return before, after
        if match_key(before) in site_names:
            return after, before
        is_title_first, is_title_last = match_key(before) in shown, match_key(after) in shown
        if is_title_last and len(after) > len(before):
            return after, before
        if is_title_first or is_title_last:
            return before, after
    return title, ""


def _find_date(root: Element, meta: dict[str, str], data: Iterable[dict[str, Any]]) -> Dated:
    stated = [*(meta.get(key, "") for key in _DATES), *(_string(i, "datePublished") for i in data)]
    candidates = [(text, "the page's data") for text in stated if text]
    for mark in root.iter("time"):
        inside = any(tag_of(above) in {"article", "main"} for above in mark.iterancestors())
        if inside or mark.get("pubdate") is not None or mark.get("itemprop") == "datePublished":
            candidates.append((mark.get("datetime") or text_of(mark), "the page's mark of a time"))
    for text, source in candidates:
        # The day as it is written there, in whatever zone that is.
        found = find_dates(re.sub(r"(?<=\d)T(?=\d)", " ", text[:60]))
        if found and found[0].value is not None:
            value = found[0].value
            return Dated(value=value, note=f"The date {value} is from {source}.")
    return Dated(value=None)


def _find_base_url(root: Element, meta: dict[str, str]) -> str:
    canonical = ""
    for link in root.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split():
            canonical = canonical or link.get("href") or ""
    address = next((url for url in (canonical, meta.get("og:url", "")) if _is_web_address(url)), "")
    for base in root.iter("base"):
        if _is_web_address(base.get("href") or ""):
            return str(base.get("href"))
    return address


def _is_web_address(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))
