"""What a mail may point to and show, and what is wrong with a text that goes beyond."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from urllib.parse import urlsplit

from markdown_it.token import Token

from newsletter.rendering.markdown.greetings import GREETING, greeting_fault
from newsletter.rendering.markdown.structure import nothing_seen, structure_faults

_SIZE = re.compile(r"#([1-9][0-9]{0,3})x([1-9][0-9]{0,3})(,decoration)?$")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SHOWN = 80


def faults_in(tokens: Sequence[Token]) -> list[str]:
    """What is wrong with links, images, greetings and nesting, each in a sentence with a remedy."""
    return [*nothing_seen(tokens), *chain.from_iterable(map(faults_of, tokens))]


def faults_of(token: Token) -> Iterator[str]:
    """What is wrong in one block of a text."""
    yield from structure_faults(token)
    for child, following in pairwise([*(token.children or []), Token("", "", 0)]):
        if child.type == "link_open":
            yield from _link_faults(child, following)
        if child.type == "image":
            yield from _image_faults(child)
        if child.type == GREETING and (fault := greeting_fault(child)):
            yield fault


def image_source(image: Token) -> str:
    """The address of an image, without the size that may stand at its end."""
    return _SIZE.sub("", str(image.attrs["src"]))


def image_size(image: Token) -> tuple[int, int] | None:
    """Width and height in pixels, if the address ends in ``#WIDTHxHEIGHT``.

    Outlook for Windows needs them, and nobody may look the image up while rendering.
    """
    found = _SIZE.search(str(image.attrs["src"]))
    return (int(found[1]), int(found[2])) if found else None


def is_decoration(image: Token) -> bool:
    """Whether its address says so, behind the size: it shows nothing that has to be read out."""
    found = _SIZE.search(str(image.attrs["src"]))
    return found is not None and found[3] is not None


def address_fault(address: str) -> str:
    """Why a mail may not link to this address, and what to write instead; empty if it may."""
    if not address:
        return "has no address: write it between the round brackets"
    if address.startswith("//"):
        return "lacks its beginning: write https: before the //"
    found = _SCHEME.match(address)
    if found is None:
        return "is relative, which leads nowhere in a mail: write the whole https:// address"
    scheme, rest = found[1].lower(), address[found.end() :]
    if scheme in {"mailto", "tel"}:
        return "" if rest else f"has nothing after {scheme}:"
    if scheme == "http":
        return "is not encrypted: write https://"
    if scheme != "https":
        return f"begins with {scheme}: and a mail may only link to https:, mailto: and tel:"
    return "" if _has_host(address) else "names no host: write it like https://example.org/page"


def _has_host(address: str) -> bool:
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False


def _link_faults(link: Token, following: Token) -> Iterator[str]:
    href = str(link.attrs["href"])
    fault = address_fault(href)
    if fault:
        yield f"the link to {href[:_SHOWN]!r} {fault}"
    if following.type == "link_close":
        yield f"the link to {href[:_SHOWN]!r} has no text: write it between the square brackets"


def _image_faults(image: Token) -> Iterator[str]:
    source = str(image.attrs["src"])
    fault = address_fault(source)
    if not source.lower().startswith("https:"):
        fault = fault or "is not on the web: write an https:// address"
    if fault:
        yield f"the image {source[:_SHOWN]!r} {fault}"
    if not image.content.strip() and not is_decoration(image):
        yield (
            f"the image {source[:_SHOWN]!r} has no description, and many readers see only "
            f"that: write it between the square brackets"
        )
