"""The frame of our pages: in which language they are."""

import pytest
from starlette.requests import Request

from newsletter.domain.message import House, Organisation, Sender
from newsletter.web.frame import Frame

HOUSE = House(
    organisation=Organisation(
        name="Forum", website="https://forum.example", postal_address="1 Example Street"
    ),
    sender=Sender(name="Forum", address="news@forum.example"),
    public_url="https://news.forum.example",
    timezone="UTC",
)


def asked(accept: str = "") -> Request:
    headers = [(b"accept-language", accept.encode("latin-1"))] if accept else []
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize("accept", ["", "xx", "xx, en;q=0.1", "*", "en;q=0", ";;;", ",," * 500])
def test_a_page_is_in_a_language_that_it_has_words_for(accept: str) -> None:
    frame = Frame(house=HOUSE, language="en")
    assert frame.language_of(asked(accept)) == "en"
    assert frame.language_of(asked(accept), reader="xx") == "en"


def test_the_readers_own_language_comes_first_then_what_the_browser_wants_most() -> None:
    frame = Frame(house=HOUSE, language="en")
    assert frame.language_of(asked("xx;q=0.9, en-GB;q=0.8, en;q=0.5")) == "en-GB"
    assert frame.language_of(asked("en"), reader="en-US") == "en-US"


def test_words_that_are_missing_are_english_and_said_to_be() -> None:
    frame = Frame(house=HOUSE, language="en")
    assert frame.words("xx")[1] == "en"
    page = bytes(frame.page("A <title>", ["One."], language="xx").body).decode()
    assert '<html lang="en" dir="ltr">' in page
    assert "A &lt;title&gt;" in page
