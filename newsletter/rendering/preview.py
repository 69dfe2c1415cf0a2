"""Show a finished mail as different readers see it, and all views on one page.

A browser has one colour scheme and loads every picture. So each copy is changed where that would
mislead, and its policy keeps the browser from fetching anything else.
"""

import html as markup
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from newsletter.domain.statements.review import ReviewFinding, Severity
from newsletter.rendering.checks.guards import HTML_LIMIT, Page
from newsletter.rendering.mail.files import default_templates, read_templates

MARK = '<meta name="generator" content="newsletter preview">'
"""Marks the folder of a preview, which may be replaced."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts above the views."""

    slug: str
    sender: str
    """The name that inboxes show."""
    sender_address: str
    reply_to: str
    to: str
    made_up: bool
    """Whether the address is made up."""
    subject: str
    inbox_line: str
    lists: tuple[str, ...]
    corrects: str
    """The corrected statement, or ""."""
    language: str
    send_at: str
    """As the file says it, or ""."""
    embargo_until: str
    made: str
    """When the preview was made, in words."""
    content_hash: str
    approved: bool
    approved_by: tuple[str, ...]
    reasons: tuple[str, ...]
    """Why it is not approved."""
    remarks: tuple[ReviewFinding, ...] = ()
    """The findings of the checks."""
    size: int
    """Bytes of HTML."""
    picture_hosts: tuple[str, ...]
    fetched: bool
    """Whether the views load pictures from there."""

    @property
    def share(self) -> int:
        """Per cent of Gmail's limit."""
        return round(self.size * 100 / HTML_LIMIT)

    @property
    def warned(self) -> bool:
        """Whether an approval needs a reason."""
        return any(remark.grade is Severity.WARNING for remark in self.remarks)


@dataclass(frozen=True, kw_only=True)
class Screenshot:
    """A picture of a view."""

    title: str
    file: str
    width: int
    height: int
    """CSS pixels, both."""
    cut: bool = False
    """Whether the mail continues below."""
    missing: tuple[str, ...] = ()
    """Pictures on the web that did not load."""
    data: str = ""
    """The picture as a data: address."""


def contact_sheet(facts: Facts, screenshots: Sequence[Screenshot], *, combined: str = "") -> str:
    """Return the page with all views, without script and network.

    ``combined`` is the file of the picture with all screenshots.
    """
    return _filled("sheet.html.j2", facts, screenshots, combined)


def sheet_of_pictures(facts: Facts, screenshots: Sequence[Screenshot]) -> str:
    """Return a page of all screenshots, to be made a picture itself."""
    return _filled("picture.html.j2", facts, screenshots)


def _filled(name: str, facts: Facts, screenshots: Sequence[Screenshot], combined: str = "") -> str:
    from newsletter.rendering.mail.templates import Templates

    values = {
        "mark": MARK,
        "facts": facts,
        "screenshots": screenshots,
        "combined": combined,
        "limit": HTML_LIMIT,
    }
    folder = default_templates() / "preview"
    return Templates(read_templates(folder), filters={}).fill(name, values)


_STYLE = re.compile(r"<style\b[^<>]*>.*?</style\s*>", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(?P<scheme>dark|light)\s*\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width:0)", "(max-width:0)"
_HEAD = re.compile(r"<head\b[^<>]*>", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"(?<!\s)(?P<blank>\s++)(?P<name>[^\s=>/]++)(?:\s*+=\s*+(?P<value>\"[^\"]*\"|'[^']*'|[^\s>]+))?"
)
_NUMBER = re.compile(r"[0-9]{1,5}")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
_NOT_SHOWN = re.compile(
    r"<!--.*?-->|<(?P<tag>head|style|script|title)\b.*?</(?P=tag)\s*>", re.IGNORECASE | re.DOTALL
)
_FILLING = re.compile("(?:[\u00a0\u00ad\u034f\u2007\u200b-\u200f\u2060\ufeff]\\s*){6,}")
_INBOX_LENGTH = 130
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}"
_IN_FRONT = (
    '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
    '<meta name="referrer" content="no-referrer"><base target="_blank">'
)
_BOX = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
    ' viewBox="0 0 {width} {height}"><rect width="100%" height="100%" fill="#8a9096"'
    ' fill-opacity=".28"/><path d="M0 0L{width} {height}M{width} 0L0 {height}" stroke="#8a9096"'
    ' stroke-opacity=".6" stroke-width="{line}"/></svg>'
)
_OUTLINE = " img {outline: 1px solid #a9aeb3; outline-offset: -1px;}"
"""Mail programs show where a picture would be; a browser does not."""
_TEXT_PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
{front}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{margin: 0; background-color: #ffffff; color: #1b1b1b;}}
pre {{margin: 0; padding: 20px; font: 14px/1.5 Menlo, Consolas, "Liberation Mono", monospace;
white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext;}}
</style>
</head>
<body><pre dir="auto" tabindex="0">{text}</pre></body>
</html>
"""


def light(html: str, *, fetch: bool = False) -> str:
    """Show the mail on a light screen.

    Boxes of the same size replace pictures, unless they are fetched.
    """
    return _as_seen(_in_scheme(html, "light"), fetch=fetch)


def dark(html: str, *, fetch: bool = False) -> str:
    """Show the mail in a dark mail program that uses the mail's dark colours."""
    return _as_seen(_in_scheme(html, "dark"), fetch=fetch)


def without_images(html: str) -> str:
    """Show the mail on a light screen without pictures: alt text replaces them."""
    bare = _in_scheme(_altered(html, lambda _: ""), "light", rules=_OUTLINE)
    return _in_front(bare, "'none'")


def without_styles(html: str, *, fetch: bool = False) -> str:
    """Show the mail as Gmail does for other providers' mailboxes: without style sheets."""
    return _as_seen(_in_scheme(_STYLE.sub("", html), "light"), fetch=fetch)


def plain(text: str, *, title: str, language: str) -> str:
    """Show the text part as a page: browsers guess the encoding of bare text files."""
    return _TEXT_PAGE.format(
        language=markup.escape(language),
        front=_IN_FRONT.format(policy=_POLICY.format(pictures="'none'")),
        title=markup.escape(title),
        text=markup.escape(text),
    )


def inbox_line(html: str) -> str:
    """Return the inbox's preview text: the first words of the mail, hidden or not."""
    page = Page(_NOT_SHOWN.sub("", html))
    shown = _FILLING.split(page.text.strip(), maxsplit=1)[0]
    words = " ".join(shown.split())
    if len(words) <= _INBOX_LENGTH:
        return words
    cut = words[: _INBOX_LENGTH - 1]
    return (cut.rpartition(" ")[0] or cut) + "…"


_BLOCK = re.compile(r"<(?:p|h[1-6]|li|hr)\b", re.IGNORECASE)
_LINE_LETTERS, _LINE, _GAP, _EDGES = 58, 28, 34, 160


def frame_height(html: str) -> int:
    """Estimate the pixels of a mail on a desktop, rounded up, for browsers without script."""
    shown = _NOT_SHOWN.sub("", html)
    lines, blocks = len(Page(shown).text) // _LINE_LETTERS, len(_BLOCK.findall(shown))
    heights = (_attributes(tag).get("height", "") for tag in _IMAGE.findall(shown))
    drawn = sum(int(height) for height in heights if _NUMBER.fullmatch(height))
    return (lines * _LINE + blocks * _GAP + drawn + _EDGES) // 100 * 100 + 100


def pictures(html: str) -> tuple[str, ...]:
    """Return the addresses of all pictures, each once, in order."""
    attributes = map(_attributes, _IMAGE.findall(html))
    return tuple(dict.fromkeys(one["src"] for one in attributes if "src" in one))


def picture_hosts(html: str) -> tuple[str, ...]:
    """Return the hosts of the pictures over https, each once, in order."""
    hosts = []
    for address in pictures(html):
        with suppress(ValueError):
            part = urlsplit(address)
            if part.scheme == "https" and _HOST.fullmatch(part.netloc):
                hosts.append(part.netloc)
    return tuple(dict.fromkeys(hosts))


def _attributes(tag: str) -> dict[str, str]:
    return {
        found["name"].lower(): markup.unescape((found["value"] or "").strip("\"'"))
        for found in _ATTRIBUTE.finditer(tag)
    }


def _as_seen(html: str, *, fetch: bool) -> str:
    if not fetch:
        return _in_front(_altered(html, _box), "data:")
    hosts = " ".join(f"https://{host}" for host in picture_hosts(html))
    own = " 'self'" if 'src="/media/' in html else ""
    return _in_front(html, f"data:{own} {hosts}".rstrip())


def _in_front(html: str, pictures: str) -> str:
    """Put the policy first in the head, before anything loads."""
    front = _IN_FRONT.format(policy=_POLICY.format(pictures=pictures))
    head = _HEAD.search(html)
    at = head.end() if head else html.find(">") + 1  # without a head: behind the doctype
    return html[:at] + front + html[at:]


def _in_scheme(html: str, scheme: str, *, rules: str = "") -> str:
    """Fix the colour scheme of the style sheets and of the bare page."""

    def settled(found: re.Match[str]) -> str:
        return _ALWAYS if found["scheme"].lower() == scheme else _NEVER

    html = _STYLE.sub(lambda style: _SCHEME.sub(settled, style.group()), html)
    rule = f"<style>:root {{color-scheme: only {scheme} !important;}}{rules}</style>"
    return _HEAD_END.sub(lambda end: rule + end.group(), html, count=1)


def _altered(html: str, source: Callable[[dict[str, str]], str]) -> str:
    """Replace the address of each picture; "" removes it."""

    def of_tag(tag: re.Match[str]) -> str:
        new = source(_attributes(tag.group()))

        def of_attribute(found: re.Match[str]) -> str:
            if found["name"].lower() not in {"src", "srcset"}:
                return found.group()
            return f' src="{new}"' if found["name"].lower() == "src" and new else ""

        return _ATTRIBUTE.sub(of_attribute, tag.group())

    return _IMAGE.sub(of_tag, html)


def _box(attributes: dict[str, str]) -> str:
    """Return a grey box as large as the picture."""
    sizes = [attributes.get(name, "") for name in ("width", "height")]
    width, height = (int(size) if _NUMBER.fullmatch(size) else 300 for size in sizes)
    svg = _BOX.format(width=width, height=height, line=max(1, width // 300))
    return f"data:image/svg+xml,{quote(svg)}"
