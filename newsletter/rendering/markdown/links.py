"""Link addresses that are written without a label, and add the marks that count visits."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

BARE_URL_MARK = "bare"
"""The ``markup`` of a link that was written without a label."""

# text right after a letter, a slash or an @ is part of another address
_BARE_URL_PATTERN = re.compile(
    r"(?<![\w@/.:-])(?:https://|www\.(?=\w))[^\s<>\"“”«»]+"
    r"|(?<![\w@/.:+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}(?![\w@-])",
    re.IGNORECASE,
)
_TRAILING_SIGNS = ".,;:!?'’*_~…"
_BRACKETS = ((")", "("), ("]", "["))


def link_bare_addresses(state: StateCore) -> None:
    """Link addresses in the text, but not in code. A rule of the parser."""
    for token in state.tokens:
        if token.children:
            token.children = list(_add_links(token.children))


WORD_TOKENS = frozenset({"text", "text_special"})
"""Types of tokens of words. The second is an escaped sign. An address may consist of both."""


def _add_links(children: Sequence[Token]) -> Iterator[Token]:
    link_depth = 0
    for words, run in groupby(children, key=lambda child: child.type in WORD_TOKENS):
        tokens = list(run)
        # an address in a link's label is not linked: the label leads where its author wrote
        if words and not link_depth:
            yield from _split_addresses(tokens)
        else:
            link_depth += sum(
                (token.type == "link_open") - (token.type == "link_close") for token in tokens
            )
            yield from tokens


def _split_addresses(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield tokens of words with the addresses in them as links."""
    words, position = TokenText(tokens), 0
    for found in _BARE_URL_PATTERN.finditer(words.text):
        address = _trim_address(found.group())
        # https:// alone leads nowhere, and neither does an address that is still being written
        is_place = "@" in address or "." in address.partition("//")[2]
        if not (is_place or address[:4].lower() == "www."):
            continue
        yield from words.tokens_between(position, found.start())
        yield from _link(address, tokens[0].level)
        position = found.start() + len(address)
    yield from words.tokens_between(position, len(words.text)) if position else tokens


class TokenText:
    """The text of a run of tokens, which can be taken in pieces."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._starts = list(accumulate((len(token.content) for token in tokens), initial=0))
        self.text = "".join(token.content for token in tokens)

    def tokens_between(self, start: int, end: int) -> Iterator[Token]:
        """Yield copies of the tokens from one position to another, cut at both."""
        number = bisect_right(self._starts, start) - 1
        while number < len(self._tokens) and (place := self._starts[number]) < end:
            token = self._tokens[number]
            content = token.content[max(start - place, 0) : end - place]
            if content:
                yield token.copy(content=content)
            number += 1


def _trim_address(address: str) -> str:
    """Remove signs of the sentence at the end, such as a bracket that opened before the address."""
    # brackets are counted once, as an address may end with a hundred thousand of them
    excess = {end: address.count(end) - address.count(begin) for end, begin in _BRACKETS}
    end = len(address)
    while end and (address[end - 1] in _TRAILING_SIGNS or excess.get(address[end - 1], 0) > 0):
        end -= 1
        if address[end] in excess:
            excess[address[end]] -= 1
    return address[:end]


def _link(address: str, level: int) -> Iterator[Token]:
    beginning = "https://" if address[:4].lower() == "www." else ""
    if "@" in address and not address.lower().startswith(("https://", "www.")):
        beginning = "mailto:"
    href: dict[str, str | int | float] = {"href": beginning + address}
    yield Token("link_open", "a", 1, attrs=href, level=level, markup=BARE_URL_MARK, info="auto")
    yield Token("text", "", 0, content=address, level=level + 1)
    yield Token("link_close", "a", -1, level=level, markup=BARE_URL_MARK, info="auto")


def tag_links(tokens: Sequence[Token], marks: Mapping[str, str], hosts: Sequence[str]) -> None:
    """Add the marks to each link to one of the hosts, or to a subdomain."""
    if not marks:
        return
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrs["href"] = add_marks(str(child.attrs["href"]), marks, hosts)


def add_marks(address: str, marks: Mapping[str, str], hosts: Sequence[str]) -> str:
    """Return an address with the marks if it is at one of the hosts and has no ``utm_`` mark."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError:  # faults_of_statement reports it
        return address
    ours = any(host == one or host.endswith(f".{one}") for one in hosts)
    existing = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.scheme != "https" or not ours or any(name.startswith("utm_") for name in existing):
        return address
    query = "&".join(filter(None, (parts.query, urlencode(marks))))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


_UTM_PARAMETER_PATTERN = re.compile(r"(?:(?<=\?)|&)utm_(?:source|medium|campaign)=[^&#]*")


def remove_marks(address: str) -> str:
    """Return an address without the UTM parameters of an email, for pages on the web."""
    if "utm_medium=email" not in address:
        return address
    untracked = _UTM_PARAMETER_PATTERN.sub("", address)
    # "?&" becomes "?", and a "?" at the end is removed
    return re.sub(r"\?(?:&|(?=#|$))", lambda found: "?" * (len(found.group()) > 1), untracked)
