"""The frame of our pages: in which language they are, and in whose colours."""

import base64
import hashlib
import re
from dataclasses import replace

import pytest
from starlette.requests import Request

from newsletter.domain.statements.brand import FONT_STACKS, Brand, Logo, Sans, light_scheme
from newsletter.domain.statements.content import Organisation, Profile, Publisher, Sender
from newsletter.domain.themes import Theme
from newsletter.web.http.frame import Frame
from tests.rows import rows

HOUSE = Publisher(
    organisation=Organisation(
        name="Forum", website="https://forum.example", postal_address="1 Example Street"
    ),
    sender=Sender(name="Forum", address="news@forum.example"),
    public_url="https://news.forum.example",
    timezone="UTC",
)
FRAME = Frame(publisher=HOUSE, language="en")


def asked(accept: str = "") -> Request:
    headers = [(b"accept-language", accept.encode("latin-1"))] if accept else []
    return Request({"type": "http", "headers": headers})


@rows("accept", ["", "xx", "xx, en;q=0.1", "*", "en;q=0", ";;;", ",," * 500])
def test_a_page_is_in_a_language_that_it_has_words_for(accept: str) -> None:
    assert FRAME.language_of(asked(accept)) == "en"
    assert FRAME.language_of(asked(accept), reader="xx") == "en"


def test_the_readers_own_language_comes_first_then_what_the_browser_wants_most() -> None:
    assert FRAME.language_of(asked("xx;q=0.9, en-GB;q=0.8, en;q=0.5")) == "en-GB"
    assert FRAME.language_of(asked("en"), reader="en-US") == "en-US"


def test_words_that_are_missing_are_english_and_said_to_be() -> None:
    assert FRAME.words("xx")[1] == "en"
    page = bytes(FRAME.page("A <title>", ["One."], language="xx").body).decode()
    assert '<html lang="en" dir="ltr">' in page
    assert "A &lt;title&gt;" in page


BRAND = Brand(color="#7a1f2b", theme=Theme.BRIEFING, sans=Sans.VERDANA)


@pytest.mark.parametrize("brand", [Brand(), BRAND])
def test_the_policy_lets_through_the_styles_that_the_page_holds(brand: Brand) -> None:
    page = Frame(publisher=replace(HOUSE, brand=brand), language="en").page("A title")
    [styles] = re.findall("<style>(.*?)</style>", bytes(page.body).decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(styles.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in page.headers["Content-Security-Policy"]
    assert f"--accent: {light_scheme(brand.color).accent};" in styles
    assert f"--band: {light_scheme(brand.color).band};" in styles
    assert f"--sans: {FONT_STACKS[brand.sans]};" in styles


def test_a_logo_stands_for_the_name_and_says_it() -> None:
    logo = Logo(src="https://forum.example/logo.png", width=180, height=48)
    publisher = replace(HOUSE, brand=replace(BRAND, logo=logo))
    page = bytes(Frame(publisher=publisher, language="en").page("A title").body).decode()
    image = '<img src="https://forum.example/logo.png" alt="Forum" width="180" height="48">'
    assert f'<p class="masthead wide">{image}' in page


def test_social_links_stand_in_the_foot_of_each_page_where_there_are_any() -> None:
    social = (Profile(name="Mastodon <3", url="https://social.example/@forum?a=1&b=2"),)
    publisher = replace(HOUSE, organisation=replace(HOUSE.organisation, social=social))
    foot = bytes(Frame(publisher=publisher, language="en").page("A title").body).decode()
    foot = foot.partition("<footer")[2]
    assert '<a rel="me" href="https://social.example/@forum?a=1&amp;b=2"><bdi>Mast' in foot
    assert "Mastodon &lt;3" in foot
    assert "social" not in bytes(FRAME.page("A title").body).decode().partition("<footer")[2]


@pytest.mark.parametrize("theme", Theme)
def test_a_page_has_the_masthead_of_the_emails(theme: Theme) -> None:
    publisher = replace(HOUSE, brand=Brand(theme=theme))
    page = bytes(Frame(publisher=publisher, language="en").page("A title").body).decode()
    assert (".band { border-block-end:" in page) is (theme is not Theme.STATEMENT)
    assert (".band { border-block-start:" in page) is (theme is Theme.BRIEFING)
