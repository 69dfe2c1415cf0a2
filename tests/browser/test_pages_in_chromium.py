"""The readers' pages in Chromium: one button, on any screen, and nothing that the page forbids."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import compile_path

from newsletter.web.server import WebServer
from tests.browser.axe import violations_in_both
from tests.browser.opening import Open, Windows, opening, wait_for_count
from tests.pages import Forum, forum

pytestmark = pytest.mark.chromium

PEOPLE = [f"reader{number}@example.org" for number in range(1, 6)]
HEBREW = "הספרייה פתוחה"
LONG = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.fixture(scope="module")
def served(
    browser: Any, tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> Iterator[tuple[Forum, str]]:
    with forum(tmp_path_factory.mktemp("site") / "forum", database=migrated) as site:
        site.subscribe(*PEOPLE)
        for slug, head in {
            "hebrew": {"title": HEBREW, "language": "he", "text": HEBREW},
            "hours": {"title": "The library opens on Sundays"},
            "long": {"title": LONG},
            "right": {"title": "The library is closed", "corrects": "hours"},
        }.items():
            site.send(slug, **head)
            site.clock.advance(minutes=1)
        with WebServer(site.services, host="127.0.0.1", port=0) as server:
            yield site, server.address


@pytest.fixture
def site(served: tuple[Forum, str]) -> Forum:
    return served[0]


@pytest.fixture
def open_page(windows: Windows, served: tuple[Forum, str]) -> Iterator[Open]:
    """The archive without its sandbox, in which nothing that a test asks by script is answered."""
    with opening(windows, served[1], expected=("404",)) as given:

        def open_page(path: str, **how: Any) -> Any:
            archive = path == "/" or path.startswith(("/archive", "/search"))
            return given(path, bypass_csp=archive, **how)

        yield open_page


@pytest.fixture
def open_as_sent(windows: Windows, served: tuple[Forum, str]) -> Iterator[Open]:
    """As readers get it; what Playwright itself asks for by script is blocked in a sandbox."""
    with opening(windows, served[1], expected=("is sandboxed",)) as open_page:
        yield open_page


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_one_button_unsubscribes_one_reader(site: Forum, open_page: Open, script: bool) -> None:
    number = 1 + script
    page = open_page(site.unsubscribe_link(number), java_script_enabled=script)
    button = page.get_by_role("button")
    wait_for_count(button, 1)
    assert button.inner_text() == "Unsubscribe"
    assert site.lists_of(number) == ["press"]

    button.click()

    assert page.get_by_role("heading").inner_text() == "You’ve been unsubscribed"
    assert page.get_by_role("button").all_inner_texts() == [
        "Manage preferences",
        "Unsubscribe from everything",
    ]
    assert site.lists_of(number) == []
    assert site.lists_of(5) == ["press"]
    again = open_page(site.unsubscribe_link(number))
    assert again.get_by_role("heading").inner_text() == "You’re not subscribed"


def test_the_button_needs_no_mouse(site: Forum, open_page: Open) -> None:
    page = open_page(site.unsubscribe_link(3))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    page.keyboard.press("Enter")
    page.wait_for_selector("text=You’ve been unsubscribed")
    assert site.lists_of(3) == []


PATHS = [
    "/",
    "/u/none",
    "reader",
    "/archive/hours",
    "/archive/right",
    "/archive/hebrew",
    "/archive/none",
]
PATHS += ["/search", "/search?q=library", f"/search?q={LONG}"]


ELSEWHERE = {
    **dict.fromkeys(("/subscribe", "/subscribe/asked", "/confirm/{token}"), "test_joining"),
    **dict.fromkeys(("/preferences/{token}", "/preferences/{token}/delete"), "test_own_pages"),
    **dict.fromkeys(("/feed.rss", "/feed.atom", "/feed.json", "/sitemap.xml"), "for programs"),
    **dict.fromkeys(("/robots.txt", "/healthz", "/readyz", "/metrics"), "for programs"),
    **dict.fromkeys(("/subscribe/form.js", "/media/{name}", "/proxy/{token}"), "for programs"),
    "/preferences/{token}/data": "a file to keep",
    "/u/{token}/preferences": "leads to another page",
    "/c/{key}/{number}": "a picture, or leads to another page",
    "/page/{number}": "looks as the first page",
}
"""Where axe looks at a page that is not among ``PATHS``, or why it looks at none."""


def test_every_page_of_readers_is_among_those(site: Forum) -> None:
    looked_at = [site.unsubscribe_link(4), *(path.partition("?")[0] for path in PATHS)]
    routes = [one.path for one in site.pages.routes if "GET" in one.methods]
    public = {path for path in routes if not path.startswith(("/desk", "/api/"))}
    seen = {path for path in public if any(map(compile_path(path)[0].match, looked_at))}
    assert public - seen == ELSEWHERE.keys()


@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_each_window_and_axe_finds_nothing(
    site: Forum, open_page: Open, path: str
) -> None:
    page = open_page(site.unsubscribe_link(4) if path == "reader" else path)
    wait_for_count(page.locator("h1"), 1)
    assert page.get_attribute("html", "lang") == ("he" if path.endswith("hebrew") else "en")
    # axe looks in the last of them, so at one page on a telephone and at the next on a desk
    for width in (320, 1000, 375) if PATHS.index(path) % 2 else (320, 375, 1000):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    is_mail = path in {"/archive/hours", "/archive/right", "/archive/hebrew"}
    assert violations_in_both(page, advice=not is_mail) == {}


def test_the_style_sheet_is_let_through_by_the_policy(site: Forum, open_as_sent: Open) -> None:
    page = open_as_sent(site.unsubscribe_link(4))
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"


def test_a_page_follows_the_readers_colours(site: Forum, open_page: Open) -> None:
    page = open_page(site.unsubscribe_link(4))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (_luminance(ground) > 0.5) == (scheme == "light")
    button = page.locator("button").bounding_box()
    assert button["height"] >= 44, "a finger needs so much"


def test_the_archive_lists_the_statements_and_leads_to_them(site: Forum, open_page: Open) -> None:
    page = open_page("/")
    links = page.get_by_role("list").get_by_role("link")
    shown = ["The library is closed", LONG, "The library opens on Sundays", HEBREW]
    assert links.all_inner_texts() == shown
    links.nth(2).click()
    page.wait_for_url("**/archive/hours")
    assert "The library is open." in page.locator("body").inner_text()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1000), ("dark", 320)])
def test_what_was_corrected_says_so_at_its_top(
    site: Forum, open_page: Open, scheme: str, width: int
) -> None:
    page = open_page("/archive/hours", scheme=scheme, width=width)
    notice = page.get_by_role("note")
    assert "This statement was corrected on" in notice.inner_text()
    text = page.locator(".text").bounding_box()
    assert notice.bounding_box()["y"] < text["y"], "before the text"
    link = notice.get_by_role("link")
    assert link.bounding_box()["height"] >= 44, "a finger needs so much"
    assert _contrast(notice) >= 7
    assert _contrast(notice, link) >= 7
    ground = notice.evaluate("one => getComputedStyle(one).backgroundColor")
    assert (_luminance(ground) > 0.5) == (scheme == "light")

    link.click()
    page.wait_for_url("**/archive/right")
    wait_for_count(page.get_by_role("note"), 1)
    wait_for_count(page.get_by_role("link", name="Read the original statement"), 1)


def test_the_archive_is_searched_by_keyboard(site: Forum, open_as_sent: Open) -> None:
    page = open_as_sent("/", java_script_enabled=False)
    page.get_by_role("searchbox", name="Search the statements").fill("librar")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=librar")
    hits = page.get_by_role("list").get_by_role("link")
    shown = [LONG, "The library is closed", "The library opens on Sundays"]
    assert sorted(hits.all_inner_texts()) == shown
    assert page.locator("mark").first.inner_text() == "library"
    assert page.get_by_role("searchbox").input_value() == "librar"
    page.get_by_role("link", name="Statements", exact=True).click()
    page.wait_for_url("**/")


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("/", "light"),
        ("/search?q=library", "dark"),
        ("/archive/hours", "dark"),
        ("/archive/right", "light"),
    ],
)
def test_paper_stays_white_and_shows_where_the_page_is(
    site: Forum, open_page: Open, scheme: str, path: str
) -> None:
    page = open_page(path, scheme=scheme)
    page.emulate_media(media="print", color_scheme=scheme)
    grounds, inks, said = page.evaluate("""() => {
        const all = [...document.querySelectorAll("body, body *")].filter(
            one => one.getClientRects().length);
        const ways = all.map(one => getComputedStyle(one));
        return [
            [...new Set(ways.map(one => one.backgroundColor))],
            [...new Set(all.filter(one => one.innerText).map(one => getComputedStyle(one).color))],
            document.body.innerText,
        ];
    }""")
    assert all(_is_clear(ground) or _luminance(ground) == 1 for ground in grounds), grounds
    assert all(_luminance(ink) < 0.1 for ink in inks), inks
    wait_for_count(page.locator("form, nav").filter(visible=True), 0)
    assert "press@forum.example" in said
    if path.startswith("/archive"):
        assert f"/archive/{path.rpartition('/')[2]}" in said


def test_a_statement_begins_on_the_first_sheet(site: Forum, open_page: Open) -> None:
    page = open_page("/archive/hours")
    page.emulate_media(media="print")
    assert page.locator("h1").bounding_box()["y"] < 400
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


def _is_clear(colour: str) -> bool:
    return colour in {"transparent", "rgba(0, 0, 0, 0)"}


def _contrast(ground: Any, ink: Any = None) -> float:
    """Of text on the ground that it stands on, by WCAG 2."""
    colours = (
        ground.evaluate("one => getComputedStyle(one).backgroundColor"),
        (ink or ground).evaluate("one => getComputedStyle(one).color"),
    )
    low, high = sorted(map(_luminance, colours))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
