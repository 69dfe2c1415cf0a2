"""Replace links through the servers of mail programs and Google with the links behind them.

Each such address holds the original. Known are Google's documents and mail, Outlook's Safe Links,
Proofpoint's URL Defense 2 and 3, and Barracuda's Link Protection.
"""

import base64
import binascii
import re
from urllib.parse import parse_qs, unquote, urlsplit

_URL_PATTERN = re.compile(r"https?://[^\s<>\"]+")
_QUERY_REDIRECTS = (
    (re.compile(r"www\.google\.com/url"), ("q", "url")),
    (re.compile(r"[a-z0-9-]{1,30}\.safelinks\.protection\.outlook\.com/(?:ap/\S*)?"), ("url",)),
    (re.compile(r"linkprotect\.cudasvc\.com/url"), ("a",)),
)
"""Host and path of a redirect → the query keys that may have the target."""
_URLDEFENSE_HOST = "urldefense.proofpoint.com"
_URLDEFENSE_V3_PATTERN = re.compile(r"https://urldefense\.(?:com|us)/v3/__(.+?)__;([\w-]*)!")
_REPLACED_CHARACTERS_PATTERN = re.compile(r"\*(?:\*(.))?")
_RUN_LENGTH_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""Letters of URL Defense's run lengths: the index plus 2 is the number of characters."""


def resolve_redirect(address: str) -> str:
    """Return the target of a known redirect, or any other address unchanged.

    May raise ValueError for an invalid address.
    """
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    target = ""
    if found := _URLDEFENSE_V3_PATTERN.match(address):
        target = _insert_removed(found[1], found[2])
    elif parts.hostname == _URLDEFENSE_HOST and parts.path == "/v2/url":
        # version 2 writes - for % and _ for /
        target = unquote(query.get("u", [""])[0].replace("-", "%").replace("_", "/"))
    else:
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


def _insert_removed(written: str, removed: str) -> str:
    """Insert the characters that Proofpoint removed. A star marks one or several of them."""
    try:
        characters = base64.urlsafe_b64decode(removed + "=" * (-len(removed) % 4)).decode()
    except (binascii.Error, UnicodeError):
        return ""
    at = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal at
        count = _RUN_LENGTH_ALPHABET.find(found[1]) + 2 if found[1] else 1
        at += count
        return characters[at - count : at]

    return _REPLACED_CHARACTERS_PATTERN.sub(replaced, written)
