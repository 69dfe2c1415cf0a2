"""Small values of feeds: words, times, languages and addresses, cleaned as they come in."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from newsletter.sources.lines import ordinary
from newsletter.sources.times import language_objection

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
_BLOCK_END = re.compile(r"</(?:p|div|li|h[1-6]|td)>|<br\b[^<>]{0,100}>", re.IGNORECASE)
_LONGEST = 2_000
_MARKUP = re.compile(r"<[a-zA-Z/!]|&#?\w+;")


def clean(text: str) -> str:
    """Without characters that no text should have."""
    return _CONTROL.sub("", text)


def plain(text: str) -> str:
    """The words of a piece of HTML, or of plain text, on one line."""
    text = clean(text)
    if _MARKUP.search(text):
        parted = _BLOCK_END.sub(r"\g<0> ", text[:100_000])
        try:
            root = html.fragment_fromstring(parted, create_parent="div")
            text = "".join(str(part) for part in root.itertext())
        except etree.ParserError:  # marks alone, and no words
            text = ""
    return ordinary(text).strip()[:_LONGEST]


def instant(text: str) -> datetime | None:
    """A time as feeds write it (RFC 822 or ISO 8601), in UTC; None for anything else."""
    text = text.strip()
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
    """A language's code in its usual letters; empty where it is none."""
    text = text.strip().replace("_", "-")
    if not text or language_objection(text):
        return ""
    first, *others = text.lower().split("-")
    return "-".join([first, *(_subtag(other) for other in others)])


def _subtag(text: str) -> str:
    if len(text) == 2:
        return text.upper()
    return text.title() if len(text) == 4 and text.isalpha() else text


def address(base: str, text: str) -> str:
    """A web address, counted from a base; empty where it is none."""
    text = clean(text).strip()
    if not text:
        return ""
    try:
        whole = urljoin(base, text)
        return whole[:_LONGEST] if urlsplit(whole).scheme in {"http", "https"} else ""
    except ValueError:
        return ""
