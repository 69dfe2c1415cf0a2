"""Whatever a feed, a file or a link holds, it is read or refused, and nothing fails."""

import json
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.credentials.links import SignedLinks
from newsletter.documents.importing import import_eml
from newsletter.documents.markup.docx import import_docx
from newsletter.documents.markup.odt import import_odt
from newsletter.documents.markup.pages import import_page
from newsletter.documents.markup.pdf import import_pdf
from newsletter.documents.plain_text import import_document, import_markdown
from newsletter.domain.errors import InvalidInput, NotFound
from newsletter.domain.statements.feed import FeedUnreadable
from newsletter.formats.frontmatter import parse_front_matter
from newsletter.rendering.mail.headers import unsubscribe_token
from newsletter.sources.feeds import syndication
from newsletter.sources.feeds.syndication import items_of, parse_xml
from newsletter.sources.statements import Defaults, parse_statement
from tests.fakes import NOON
from tests.fuzz.hostile import BYTES, TEXT, hostile
from tools.office_files import FOLDER

FIELDS = ["Subject", "From", "To", "Date"]
TODAY = date(2026, 11, 24)
VERSION = "https://jsonfeed.org/version/1.1"
URL = "https://forum.example/feed"
LINKS = SignedLinks([b"k" * 32, b"n" * 32], retired={0})
DEFAULTS = Defaults(lists=("press",), language="en", timezone="America/New_York")


@hostile
@given(BYTES, st.text(max_size=30))
def test_a_feed(data: bytes, content_type: str) -> None:
    for around in (b"%b", b"<rss><channel><item>%b</item></channel></rss>"):
        with suppress(FeedUnreadable):
            root, _ = parse_xml(around.replace(b"%b", data), content_type)
            items_of(root, URL)


@hostile
@given(TEXT, TEXT, TEXT)
def test_an_item_of_a_feed(title: str, when: str, link: str) -> None:
    parts = f"<title>{title}</title><pubDate>{when}</pubDate><link>{link}</link>"
    with suppress(FeedUnreadable):
        root, _ = parse_xml(f"<rss><channel><item>{parts}</item></channel></rss>".encode(), "")
        items_of(root, URL)


@hostile
@given(TEXT)
def test_front_matter(text: str) -> None:
    for header in (text, f"---\n{text}\n---\nBody.\n"):
        with suppress(InvalidInput):
            parse_front_matter(header.encode("utf-8", "surrogatepass"), file="news.md")


@hostile
@given(BYTES, TEXT, TEXT)
def test_a_statement(body: bytes, key: str, value: str) -> None:
    head = f"---\ntitle: News\n{key}: {value}\nsend_at: {value}\n---\n"
    with suppress(InvalidInput):
        parse_statement(head.encode("utf-8", "replace") + body, file="news.md", defaults=DEFAULTS)


@hostile
@given(TEXT, st.characters(min_codepoint=0x10000))
def test_a_title_as_json_writes_it(text: str, in_halves: str) -> None:
    text += in_halves
    file = f"---\ntitle: {json.dumps(text)}\n---\nBody.\n".encode()
    read = parse_statement(file, file="news.md", defaults=DEFAULTS).statement
    assert read is None or read.title.encode() == text.strip().encode()


@hostile
@given(BYTES)
def test_a_document(data: bytes) -> None:
    for read in (import_docx, import_page, import_markdown):
        with suppress(InvalidInput):
            read(data, today=TODAY, file="news")
    with suppress(InvalidInput):
        import_document(data.decode("utf-8", "replace"), today=TODAY)


@hostile
@given(TEXT)
def test_a_json_feed(text: str) -> None:
    with suppress(FeedUnreadable):
        syndication.json_items_of(text, URL)
    with suppress(FeedUnreadable):
        item = {
            "id": text,
            "title": text,
            "content_html": text,
            "date_published": text,
            "url": text,
        }
        syndication.json_items_of(
            json.dumps({"version": VERSION, "language": text, "items": [item]}), URL
        )


@hostile
@given(st.one_of(TEXT, st.text("ABCabc019-_+/=", min_size=32, max_size=36)))
def test_a_token(word: str) -> None:
    for read in (LINKS.read_unsubscribe, LINKS.read_email_id, LINKS.read_preferences):
        with pytest.raises(NotFound):
            read(word)


@hostile
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**48 - 1), st.data())
def test_a_token_that_was_altered(campaign: int, reader: int, data: st.DataObject) -> None:
    [word], _ = LINKS.for_batch(campaign, [reader])
    assert LINKS.read_unsubscribe(word) == (campaign, reader)
    place = data.draw(st.integers(0, len(word) - 1))
    other = data.draw(st.characters().filter(lambda letter: letter != word[place]))
    with pytest.raises(NotFound):
        LINKS.read_unsubscribe(word[:place] + other + word[place + 1 :])
    assert LINKS.read_preferences(LINKS.preferences_token(reader, NOON)) == (reader, NOON)


@hostile
@given(BYTES, st.integers(0, 20_000))
def test_office_files_and_emails(data: bytes, place: int) -> None:
    for reader, name in ((import_odt, "06-table.odt"), (import_pdf, "06-table.pdf")):
        whole = (FOLDER / name).read_bytes()
        for bent in (data, whole[:place] + data + whole[place + len(data) :]):
            with suppress(InvalidInput):
                reader(bent, today=TODAY, file="a file")
    with suppress(InvalidInput):
        import_eml(b"Subject: a\nContent-Type: text/html\n" + data, today=TODAY, file="a.eml")


@hostile
@given(BYTES, st.dictionaries(st.sampled_from(FIELDS), TEXT, max_size=4))
def test_an_email_that_asks_to_leave(data: bytes, fields: dict[str, str]) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    email = head.encode("utf-8", "surrogatepass") + b"\r\n" + data
    for whole in (data, email):
        with suppress(InvalidInput):
            unsubscribe_token(whole).encode()
