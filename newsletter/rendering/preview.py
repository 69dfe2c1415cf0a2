"""Show a finished mail in a browser as different readers see it.

Each function returns a copy of the mail's HTML. The copy fixes the colour scheme, and its content
policy lets the browser fetch only the mail's own pictures.
"""

import html as markup
import re
from contextlib import suppress
from urllib.parse import urlsplit

from lxml.html import document_fromstring

from newsletter.rendering.checks.guards import Page
from newsletter.rendering.mail.files import default_templates

_STYLE_PATTERN = re.compile(r"<style\b[^<>]*>.*?</style\s*>", re.IGNORECASE | re.DOTALL)
_SCHEME_PATTERN = re.compile(
    r"\(\s*prefers-color-scheme\s*:\s*(?P<scheme>dark|light)\s*\)", re.IGNORECASE
)
_ALWAYS_TRUE_QUERY, _NEVER_TRUE_QUERY = "(min-width:0)", "(max-width:0)"
_HEAD_START_PATTERN = re.compile(r"<head\b[^<>]*>", re.IGNORECASE)
_HEAD_END_PATTERN = re.compile(r"</head\s*>", re.IGNORECASE)
_IMAGE_PATTERN = re.compile(r"<img\b(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*>", re.IGNORECASE)
_ATTRIBUTE_PATTERN = re.compile(
    r"(?<!\s)(?P<blank>\s++)(?P<name>[^\s=>/]++)(?:\s*+=\s*+(?P<value>\"[^\"]*\"|'[^']*'|[^\s>]+))?"
)
_HOST_PATTERN = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
_INVISIBLE_PATTERN = re.compile(
    r"<!--.*?-->|<(?P<tag>head|style|script|title)\b.*?</(?P=tag)\s*>", re.IGNORECASE | re.DOTALL
)
_PADDING_PATTERN = re.compile("(?:[\u00a0\u00ad\u034f\u2007\u200b-\u200f\u2060\ufeff]\\s*){6,}")
_INBOX_CHARS = 130
_CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}"
_HEAD_ADDITION = (
    '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
    '<meta name="referrer" content="no-referrer"><base target="_blank">'
)
_PICTURE_OUTLINE_STYLE = " img {outline: 1px solid #a9aeb3; outline-offset: -1px;}"
"""Mail programs outline missing pictures. Browsers do not."""


def as_light(html: str) -> str:
    return _with_policy(_set_scheme(html, "light"))


def as_dark(html: str) -> str:
    """Return the mail as shown by a dark mail program that uses the mail's dark colours."""
    return _with_policy(_set_scheme(html, "dark"))


def without_images(html: str) -> str:
    """Return the mail as a light screen shows it with alt text in place of pictures."""
    kept = lambda one: "" if one["name"].lower() in {"src", "srcset"} else one.group()  # noqa: E731
    stripped = _IMAGE_PATTERN.sub(lambda tag: _ATTRIBUTE_PATTERN.sub(kept, tag.group()), html)
    return _add_head(_set_scheme(stripped, "light", rules=_PICTURE_OUTLINE_STYLE), "'none'")


def text_page(text: str, *, title: str, language: str) -> str:
    """Return the text part as an HTML page, as browsers guess the encoding of plain text files."""
    page = (default_templates() / "desk" / "email-text.html").read_text("utf-8")
    return page.format(
        language=markup.escape(language),
        front=_HEAD_ADDITION.format(policy=_CONTENT_POLICY.format(pictures="'none'")),
        title=markup.escape(title),
        text=markup.escape(text),
    )


def inbox_line(html: str) -> str:
    """Return the first words of the mail, hidden or not, which inboxes show after the subject."""
    page = Page(_INVISIBLE_PATTERN.sub("", html))
    beginning = _PADDING_PATTERN.split(page.text.strip(), maxsplit=1)[0]
    words = " ".join(beginning.split())
    if len(words) <= _INBOX_CHARS:
        return words
    excerpt = words[: _INBOX_CHARS - 1]
    return (excerpt.rpartition(" ")[0] or excerpt) + "…"


def picture_hosts(html: str) -> tuple[str, ...]:
    """Return the hosts of the pictures that are fetched over https, each once, in order."""
    hosts = []
    for address in document_fromstring(html.strip() or "<p>").xpath("//img/@src"):
        with suppress(ValueError):
            part = urlsplit(address)
            if part.scheme == "https" and _HOST_PATTERN.fullmatch(part.netloc):
                hosts.append(part.netloc)
    return tuple(dict.fromkeys(hosts))


def _with_policy(html: str) -> str:
    hosts = " ".join(f"https://{host}" for host in picture_hosts(html))
    media_source = " 'self'" if "/media/" in html else ""
    return _add_head(html, f"data:{media_source} {hosts}".rstrip())


def _add_head(html: str, pictures: str) -> str:
    """Return the HTML with the policy first in the head, so that it applies to all that follows."""
    front = _HEAD_ADDITION.format(policy=_CONTENT_POLICY.format(pictures=pictures))
    head = _HEAD_START_PATTERN.search(html)
    at = head.end() if head else html.find(">") + 1  # without a head: after the doctype
    return html[:at] + front + html[at:]


def _set_scheme(html: str, scheme: str, *, rules: str = "") -> str:
    """Return the HTML with the style rules of one colour scheme only."""

    def settled(found: re.Match[str]) -> str:
        return _ALWAYS_TRUE_QUERY if found["scheme"].lower() == scheme else _NEVER_TRUE_QUERY

    html = _STYLE_PATTERN.sub(lambda style: _SCHEME_PATTERN.sub(settled, style.group()), html)
    rule = f"<style>:root {{color-scheme: only {scheme} !important;}}{rules}</style>"
    return _HEAD_END_PATTERN.sub(lambda end: rule + end.group(), html, count=1)
