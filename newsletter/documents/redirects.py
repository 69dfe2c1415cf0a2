"""Replace links through the servers of mail programs and Google with the links behind them.

Each such address holds the original. Known are Google's documents and mail, and Outlook's Safe
Links.
"""

import re
from urllib.parse import parse_qs, urlsplit

_URL_PATTERN = re.compile(r"https?://[^\s<>\"]+")
_QUERY_REDIRECTS = (
    (re.compile(r"www\.google\.com/url"), ("q", "url")),
    (re.compile(r"[a-z0-9-]{1,30}\.safelinks\.protection\.outlook\.com/(?:ap/\S*)?"), ("url",)),
)
"""Host and path of a redirect → the query keys that may have the target."""


def resolve_redirect(address: str) -> str:
    """Return the target of a known redirect, or any other address unchanged.

    May raise ValueError for an invalid address.
    """
    parts = urlsplit(address)
    query, target = parse_qs(parts.query), ""
    for place, keys in _QUERY_REDIRECTS:
        if place.fullmatch(f"{parts.hostname}{parts.path}"):
            target = next((query[key][0] for key in keys if key in query), "")
    return target if re.match(r"https?://", target) else address


def replace_redirects(text: str) -> tuple[str, int]:
    """Replace the redirects in a plain text. Return the text and the number of replacements."""
    count = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal count
        try:
            address = resolve_redirect(found[0])
        except ValueError:
            return found[0]
        count += address != found[0]
        return address

    return _URL_PATTERN.sub(replaced, text), count


def redirect_note(count: int) -> str:
    links = "1 link" if count == 1 else f"{count} links"
    return f"{links} through a mail program's or Google's redirect made direct." if count else ""
