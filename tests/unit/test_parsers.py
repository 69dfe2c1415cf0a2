"""The worst text takes each parser time in proportion to its length, or is read in a sandbox.

A parser that outside text reaches in this process is in the first table; slower ones
go through one of the gates of the sandbox, which the second table closes.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from newsletter.documents.encoding import decode
from newsletter.documents.isolated import (
    import_isolated,
    make_picture_isolated,
    read_pasted_isolated,
)
from newsletter.documents.sandbox import ALL_GATES
from newsletter.domain.errors import InvalidInput
from newsletter.domain.events import Forged
from newsletter.domain.statements.content import greeting_name
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.statements.feed import FeedUnreadable, Item
from newsletter.domain.subscribers.address import fold, mailbox, parse_address
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.sources.desk import parse_draft, read_upload
from newsletter.sources.feeds.readers import Page, SandboxReader
from newsletter.sources.statements import Defaults, parse_statement, slugify
from newsletter.store.statements.statements import fold_text
from newsletter.web.http.forms import parse_form
from newsletter.web.http.frame import accepted_languages
from tests.contracts.webhook import NOW, signers
from tests.costs import grows_in_proportion
from tests.rows import rows

SIZE = 250_000
HEADER = 65_000
HEAD = 32 << 10
"""Bytes of all header fields of a request."""
DEFAULTS = Defaults(lists=("press",), language="en", timezone="UTC")
TODAY = date(2026, 11, 24)
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"
PILED = "\u0315\u0300"
"""Marks that have to change places with each other to be in order."""
REFUSED = (InvalidInput, ValueError, HTTPException, Forged)


def statement(text: str) -> object:
    return parse_statement(text.encode(), file="a.md", defaults=DEFAULTS)


def below_a_title(text: str) -> object:
    return statement(f"---\ntitle: A\n---\n{text}")


def in_front_matter(text: str) -> object:
    return statement(f"---\ntitle: {text}\n---\nText.")


def typed(text: str) -> object:
    times = DraftText(title=text, body="A", send_at=text, embargo_until=text, lists=("press",))
    return parse_draft(times, key="k", writers=("ana@example.org",), defaults=DEFAULTS)


def read_kind(text: str) -> object:
    return parse_form(text, b"", max_fields=400)


def form(kind: str) -> Callable[[str], object]:
    return lambda text: parse_form(kind, text.encode(), max_fields=400)


IN_PROCESS: list[tuple[str, int, Callable[[str], Any], tuple[str, ...]]] = [
    ("a statement's file", SIZE, statement, ("---\n", "a: b\n", "x")),
    ("the text of a statement's file", SIZE, below_a_title, ("\n", "a\n", "é")),
    ("front matter", HEADER, in_front_matter, ("[", "%a\n", '"x ', "1:", "\n- ", "a: ", "\\u0041")),
    ("fields of the desk", SIZE, typed, ("1 May 2026 ", "at ", PILED)),
    ("a form", SIZE, form(URLENCODED), ("&", "%", "a=")),
    (
        "a form with files",
        SIZE,
        form(MULTIPART),
        ("--a\r\n", "\r\n--a\r\nContent-Disposition: a\r\n\r\n"),
    ),
    ("a content type", HEAD, read_kind, (";", 'a="', "multipart/form-data;")),
    ("Accept-Language", HEAD, accepted_languages, ("a,", "a;q=0.1,", "a-")),
    (
        "an address",
        SIZE,
        lambda text: mailbox(fold(parse_address(text))),
        ("a", "a@", "a.", "ä", PILED),
    ),
    ("a title", SIZE, lambda text: (slugify(text), fold_text(text)), ("a'", "ﷺ", PILED)),
    ("a name", SIZE, greeting_name, ("a", "'a", PILED)),
    ("bytes", SIZE, lambda text: decode(text.encode("utf-16")), ("a", "\x80", "é")),
    (
        "quotation marks",
        30_000,
        lambda text: read_markdown(text, "fr"),
        ("'", "\"a' ", "www.a.b \\* ", "'a \"\n\n"),
    ),
]


@pytest.mark.slow("a long text for each parser")
@pytest.mark.parametrize(
    ("name", "size", "parse", "pumps"), IN_PROCESS, ids=[row[0] for row in IN_PROCESS]
)
def test_the_worst_text_takes_time_in_proportion_to_its_length(
    name: str, size: int, parse: Callable[[str], Any], pumps: tuple[str, ...]
) -> None:
    for pump in pumps:

        def read(size: int, pump: str = pump) -> None:
            with suppress(*REFUSED):
                parse(pump * (size // len(pump)))

        assert grows_in_proportion(read, size), f"{name}: {pump!r}"


def posts(example: bytes) -> Iterator[Callable[[int], bytes]]:
    """Bodies that a provider, or somebody with its key, could post, by their size."""
    yield lambda size: json.dumps([{}] * (size // 4)).encode()
    yield lambda size: b"[" * size
    yield lambda size: b'"' + b"\\u0041" * (size // 6) + b'"'
    with suppress(ValueError):
        event = json.loads(example)
        one = event if isinstance(event, list) else [event]
        yield lambda size: json.dumps(one * (size // len(example))).encode()


@pytest.mark.slow("a long post for each provider")
@pytest.mark.parametrize(("kind", "signer"), signers().items(), ids=list(signers()))
def test_the_worst_post_takes_time_in_proportion_to_its_length(kind: str, signer: Any) -> None:
    webhook = signer.webhook()
    for body in posts(signer.example(NOW)):

        def read(size: int, body: Callable[[int], bytes] = body) -> None:
            post = signer.sign(body(size), NOW)
            with suppress(*REFUSED):
                webhook.read(post.headers, post.body, NOW)

        assert grows_in_proportion(read, SIZE), f"{kind}: {body(20)!r}"


FEED = Page(status=200, headers={}, body=b"<rss/>", url="https://forum.example/feed")
READER = SandboxReader()
FILES = ("a.docx", "a.odt", "a.pdf", "a.eml", "a.html", "a.txt", "a.md")
SANDBOXED: list[tuple[str, Callable[[], Any]]] = [
    *[(name, lambda name=name: import_isolated(b"x", today=TODAY, file=name)) for name in FILES],
    *[
        (name, lambda name=name: read_upload(b"x", today=TODAY, file=name, defaults=DEFAULTS))
        for name in FILES
    ],
    ("what was pasted", lambda: read_pasted_isolated("<p>x")),
    ("a picture", lambda: make_picture_isolated(b"x", file="a.png")),
    ("a feed", lambda: READER.feed(FEED)),
    ("an item", lambda: READER.compose([Item(id="a", title="A")], zone="UTC", now=NOW)),
]


@pytest.fixture
def no_sandbox() -> Iterator[None]:
    for gate in ALL_GATES:
        gate.close()
    yield
    for gate in ALL_GATES:
        gate.open()


@pytest.mark.usefixtures("no_sandbox")
@rows(["name", "read"], SANDBOXED)
def test_what_may_take_long_is_read_in_a_sandbox_or_not_at_all(
    name: str, read: Callable[[], Any]
) -> None:
    with pytest.raises((InvalidInput, FeedUnreadable), match="newsletter is about to end"):
        read()
