"""Find the links, elements and parts that an email may not contain.

Markdown silently drops deeply nested parts and footnotes without a reference. Faults give the line.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate, pairwise
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from newsletter.domain.errors import Fault
from newsletter.domain.statements.review import Check
from newsletter.domain.statements.statement import Statement
from newsletter.domain.wording import say
from newsletter.rendering.markdown.greetings import GREETING, GREETING_PATTERN, greeting_fault

MAX_DEPTH = 20
"""The deepest nesting: quotations count one step each, lists two."""

_TOO_DEEP = "too_deep"
_UNMARKED_FOOTNOTE_TYPE = "footnote_without_mark"


def watch_depth(parser: MarkdownIt) -> None:
    """Let the parser leave a token in place of each deeply nested part that it drops."""
    parser.options["maxNesting"] = MAX_DEPTH + 10  # a list is two steps at once, so it is passed by
    parser.block.ruler.before("table", _TOO_DEEP, _mark_too_deep)


def lost_footnotes(env: Mapping[str, Any]) -> Iterator[Token]:
    """Yield a token for each footnote without a reference. ``env`` is the parser's environment."""
    for name, number in env.get("footnotes", {}).get("refs", {}).items():
        if number < 0:
            yield Token(_UNMARKED_FOOTNOTE_TYPE, "", 0, content=name.removeprefix(":"))


def _structure_faults(token: Token) -> Iterator[str]:
    """Yield a fault if readers would not see a part of a block."""
    line = token.map[0] + 1 if token.map else 0
    if token.type == _TOO_DEEP:
        deep = "line {line} is deeper than {lists} lists or {most} quotations: use fewer levels"
        yield say(deep, line=line, lists=MAX_DEPTH // 2, most=MAX_DEPTH)
    if token.type == _UNMARKED_FOOTNOTE_TYPE:
        lost = (
            "no reader would see the footnote [^{name}], for nothing refers to it: write [^{name}]"
            " where it belongs, or remove it"
        )
        yield say(lost, name=token.content)
    depths = accumulate((child.nesting for child in token.children or ()), initial=0)
    if max(depths) > MAX_DEPTH:
        nested = (
            "the paragraph on line {line} of the body has more than {most} marks of emphasis"
            " inside of each other: remove some, or write \\* for a star"
        )
        yield say(nested, line=line, most=MAX_DEPTH)


def _mark_too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # silent: the parser only asks whether a paragraph would end here
    if silent or state.level <= MAX_DEPTH:
        return False
    token = state.push(_TOO_DEEP, "", 0)
    token.map, token.content = [start, end], state.getLines(start, end, 0, False)
    state.line = end
    return True


_PICTURE_SIZE_PATTERN = re.compile(r"#([1-9][0-9]{0,3})x([1-9][0-9]{0,3})(,decoration)?$")
_SCHEME_PATTERN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_MAX_SHOWN = 80


def _faults_of(token: Token, own_url: str) -> Iterator[str]:
    """Yield the faults of one block, each with a remedy."""
    yield from _structure_faults(token)
    for child, following in pairwise([*(token.children or []), Token("", "", 0)]):
        if child.type == "link_open":
            yield from _link_faults(child, following, own_url)
        if child.type == "image":
            yield from _image_faults(child, own_url)
        if child.type == GREETING and (fault := greeting_fault(child)):
            yield fault


def image_source(image: Token) -> str:
    """Return the address of an image without the size at its end."""
    return _PICTURE_SIZE_PATTERN.sub("", str(image.attrs["src"]))


def image_size(image: Token) -> tuple[int, int] | None:
    """Return width and height in pixels if the address ends in ``#WIDTHxHEIGHT``, else None.

    Outlook for Windows needs the size, and rendering may not fetch the image.
    """
    found = _PICTURE_SIZE_PATTERN.search(str(image.attrs["src"]))
    return (int(found[1]), int(found[2])) if found else None


def address_fault(address: str, own_url: str = "") -> str:
    """Return why a mail may not link to an address, and what to write instead; "" if it may.

    ``own_url`` is the URL of our pages, which may be http on a machine of one's own.
    """
    if not address:
        return say("has no address: write it between the round brackets")
    if address.startswith("//"):
        return say("lacks its beginning: write https: before the //")
    found = _SCHEME_PATTERN.match(address)
    if found is None:
        return say("is relative, which leads nowhere in a mail: write the whole https:// address")
    scheme, rest = found[1].lower(), address[found.end() :]
    if scheme in {"mailto", "tel"}:
        return "" if rest else say("has nothing after {scheme}:", scheme=scheme)
    is_own = bool(own_url) and address.startswith(f"{own_url}/")
    if scheme == "http" and not is_own:
        return say("is not encrypted: write https://")
    if scheme != "https" and not is_own:
        only = "begins with {scheme}: and an email may only link to https:, mailto: and tel:"
        return say(only, scheme=scheme)
    with suppress(ValueError):
        if urlsplit(address).hostname:
            return ""
    return say("names no host: write it like https://example.org/page")


def _link_faults(link: Token, following: Token, own_url: str) -> Iterator[str]:
    href = str(link.attrs["href"])
    shown = href[:_MAX_SHOWN]
    if fault := address_fault(href, own_url):
        yield say("the link to {link!r} {fault}", link=shown, fault=fault)
    if following.type == "link_close":
        empty = "the link to {link!r} has no text: write it between the square brackets"
        yield say(empty, link=shown)


def _image_faults(image: Token, own_url: str) -> Iterator[str]:
    source = str(image.attrs["src"])
    fault = address_fault(source, own_url)
    if not source.lower().startswith("http"):
        fault = fault or say("is not on the web: write an https:// address")
    if fault:
        yield say("the image {image!r} {fault}", image=source[:_MAX_SHOWN], fault=fault)
    # an image whose size ends in ",decoration" needs no description
    size = _PICTURE_SIZE_PATTERN.search(str(image.attrs["src"]))
    if not image.content.strip() and not (size and size[3]):
        blind = (
            "the image {image!r} has no description, and many readers see only that: write it"
            " between the square brackets"
        )
        yield say(blind, image=source[:_MAX_SHOWN])


_MERGE_TAG_PATTERN = re.compile(
    r"\{\{\{? {0,3}[#/&>^]? {0,3}[A-Za-z_][^{}\n]{0,80}\}\}\}?"  # Handlebars, Liquid and their kin
    r"|\{%-? {0,3}(?:if|for|assign|include) {1,3}\w[^%\n]{0,80}%\}"
    r"|%7B%7B[^\s()]{0,80}?%7D%7D"  # the same in an address
    r"|\*\|[A-Za-z0-9_:]{1,40}\|\*"  # Mailchimp
    r"|%recipient[.\w]{1,40}%"  # Mailgun
    r"|%%[A-Za-z_][\w ]{0,40}%%"  # Salesforce
    r"|(?<![\w%])%(?:[A-Z][A-Z_]{2,30}|[a-z]{1,30}_[a-z_]{1,30})%"
    r"|\[\[[A-Za-z][^\[\]\n]{0,80}\]\](?!\()"  # Mailjet
    r"|\{\$[A-Za-z_]\w{0,40}\}"  # MailerLite
    r"|<%[^%\n]{0,80}%>"
    r"|\$\{[A-Za-z_][\w.]{0,40}\}"
)
_ESCAPED_SIGN_PATTERN = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE_SPAN_PATTERN = re.compile(r"`[^`\n]*`")


def faults_of_statement(
    statement: Statement, tokens: Sequence[Token], own_url: str = ""
) -> list[Fault]:
    """Return all faults of a text for a mail, each once. ``own_url`` is as in ``address_fault``."""
    faults = list(_front_matter_faults(statement))
    # the body may consist of rules, empty quotations and unused addresses
    if statement.body.strip() and not any(token.content.strip() for token in tokens):
        unseen = (
            "no reader would see a word of its body: look whether all of it is marks of Markdown"
        )
        line = statement.line_of("body")
        faults.append(Fault(file=statement.origin, line=line, message=say(unseen)))
    return list(dict.fromkeys([*faults, *_text_faults(statement, tokens, own_url)]))


def _front_matter_faults(statement: Statement) -> Iterator[Fault]:
    for key in ("title", "subject", "preview", "summary"):
        line = statement.line_of(key)
        for found in GREETING_PATTERN.finditer(getattr(statement, key)):
            yield Fault(
                file=statement.origin,
                line=line,
                key=key if line else "",
                message=say(
                    "holds {tag!r}, and it is the same for all readers: greet them in the text",
                    tag=found.group(),
                ),
                code=Check.FOREIGN_MERGE_FIELD.value,
            )
        for found in _MERGE_TAG_PATTERN.finditer(getattr(statement, key)):
            yield _merge_tag_fault(statement, found.group(), line, key if line else "")


def _text_faults(statement: Statement, tokens: Sequence[Token], own_url: str) -> Iterator[Fault]:
    body, header_lines = statement.line_of("body"), 0
    for token in tokens:
        header_lines = token.map[0] if token.map else header_lines
        line = body + header_lines if body else 0
        for message in _faults_of(token, own_url):
            yield Fault(file=statement.origin, line=line, message=message)
        if token.type == "inline":
            # blanks in place of code keep the count of lines
            written = _CODE_SPAN_PATTERN.sub(lambda found: " " * len(found.group()), token.content)
            source = _ESCAPED_SIGN_PATTERN.sub(r"\1", written)  # as readers would see it
            for found in _MERGE_TAG_PATTERN.finditer(source):
                line_offset = source.count("\n", 0, found.start()) if line else 0
                yield _merge_tag_fault(statement, found.group(), line + line_offset)


def _merge_tag_fault(statement: Statement, written: str, line: int, key: str = "") -> Fault:
    # front matter is the same for all readers and greets none by name
    by_name = not key and "name" in written.lower()
    raw = (
        "readers would see {tag!r} as it stands: write {instead}, or put it between two ` if they"
        " are to see it"
    )
    instead = say("what it is to say")
    if by_name:
        instead = say("{greeting} to greet readers by name", greeting="{name|friend}")
    return Fault(
        file=statement.origin,
        line=line,
        key=key,
        message=say(raw, tag=written, instead=instead),
        code=Check.FOREIGN_MERGE_FIELD.value,
    )
