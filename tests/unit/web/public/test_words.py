"""Every word of ours on the pages for readers is in their catalogues."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from starlette.routing import Route

from newsletter.domain.archive import NoteKind, PublicNote
from newsletter.web.http.frame import shared_frame
from newsletter.web.http.threads import Lanes
from newsletter.web.pages import Pages
from tests.marks import MarkedWords, strings_in, unmarked, words_of
from tests.pages import SETTINGS, Answer, Forum, forum

_ANA, _BO = "ana@readers.example", "bo@readers.example"
_OURS = {
    **SETTINGS["organisation"],
    "tagline": "Practical answers",
    "postal_address": "Forum, PO Box 1",
    "press_contact": {"name": "Vera", "email": "press@forum.example"},
}
"""Another publisher than in other tests: the frame of a publisher is shared."""
_LISTS = [
    {"name": "press", "title": "Press releases"},
    {"name": "sport", "title": "Events", "approval": True},
]
_NO_PAGES = {
    "/healthz": "data for programs",
    "/readyz": "data for programs",
    "/metrics": "data for programs",
    "/proxy/{token}": "data for programs",
    "/subscribe/form.js": "a script",
    "/media/{name}": "a picture",
    "/preferences/{token}/data": "a file to keep",
    **dict.fromkeys(("/feed.atom", "/feed.rss", "/feed.json"), "titles of statements"),
    **dict.fromkeys(("/sitemap.xml", "/robots.txt"), "addresses"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Forum]:
    folder = tmp_path_factory.mktemp("words") / "forum"
    with forum(folder, database=migrated, organisation=_OURS, lists=_LISTS) as found:
        services = found.services
        publisher, language = services.settings.publisher(), services.settings.language
        frame = shared_frame(publisher=publisher, language=language)
        vars(frame)["_wordings"] = MarkedWords(vars(frame)["_templates"])
        found.pages = Forum(services=services, folder=folder, clock=found.clock).pages
        found.subscribe(_ANA, _BO, *(f"reader{number}@readers.example" for number in range(9)))
        text = {"title": "The library opens earlier", "text": "The library opens at nine."}
        found.send(*(f"hours-{number}" for number in range(51)), **text)
        found.send("right", corrects="hours-50", **text)
        note = partial(PublicNote, at=found.clock.now(), by="ed@forum.example", words="Fine.")
        with services.store.begin() as tx:
            tx.public_notes.add(note(slug="hours-2", kind=NoteKind.NOTE))
            tx.public_notes.add(note(slug="hours-3", kind=NoteKind.WITHDRAWN))
        yield found


def left_of(answer: Answer) -> list[str]:
    """Return the words of an answer that are in no catalogue."""
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        page = re.sub("</?mark>", "", answer.text)
        return [word for text in words_of(page, "en") for word in unmarked(text)]
    if kind == "application/json":
        return [word for text in strings_in(json.loads(answer.body)) for word in unmarked(text)]
    return []


def token_of(site: Forum, form: dict[str, str]) -> str:
    """Ask for an email by this form of the sign-up page; return the token of its link."""
    assert site.post("/subscribe", form).status == 303
    [[number]] = site.rows("SELECT MAX(id) FROM transactional_email")
    return site.services.links.email_token(number)


Visit = Callable[[Forum], Sequence[Answer]]


def get(*paths: str) -> Visit:
    return lambda site: [site.get(path) for path in paths]


def _unsubscribing(path: str, method: str) -> Visit:
    def visit(site: Forum) -> list[Answer]:
        links = [site.unsubscribe_link(1), "/u/made-up"]
        return [site.ask(method, link + path) for link in links]

    return visit


def _choosing(path: str, method: str, *forms: dict[str, str]) -> Visit:
    def visit(site: Forum) -> list[Answer]:
        link = site.preferences_link(2)
        answers = [site.ask(method, link + path, form=form) for form in forms or ({},)]
        site.clock.advance(hours=25)
        late = site.ask(method, link + path)
        site.clock.advance(hours=-25)
        return [*answers, late, site.ask(method, f"/preferences/made-up{path}")]

    return visit


def _confirming(method: str) -> Visit:
    def visit(site: Forum) -> list[Answer]:
        answers = [site.ask(method, "/confirm/made-up")]
        for name in ("press", "sport"):
            form = {"email": f"{method}-{name}@readers.example".lower(), "list": name}
            link = f"/confirm/{token_of(site, form)}"
            answers += [site.get(link), site.ask(method, link), site.ask(method, link)]
        link = f"/confirm/{token_of(site, {'email': 'late@readers.example', 'list': 'press'})}"
        site.clock.advance(days=40)
        answers.append(site.ask(method, link))
        site.clock.advance(days=-40)
        return answers

    return visit


def _signs_up(site: Forum) -> list[Answer]:
    forms = [
        {"email": "eve@readers.example", "list": "press"},
        {},
        {"email": "a@", "name": "x" * 101},
        {"email": "news@forum.example", "list": "press"},
        {"email": "eve@readers.example", "list": "press", "wording": "another"},
    ]
    as_data = {"Accept": "application/json"}
    answers = [site.post("/subscribe", form) for form in forms]
    answers += [site.post("/subscribe", form, headers=as_data) for form in forms]
    return [*answers, *(site.post("/subscribe", forms[0]) for _ in range(30))]


VISITS: dict[str, Visit] = {
    "GET /": get("/"),
    "GET /page/{number}": get("/page/2", "/page/9"),
    "GET /search": get("/search", "/search?q=library", "/search?q=library&page=2", "/search?q=zzz"),
    "GET /archive/{slug}": get(
        *(
            f"/archive/{slug}"
            for slug in ("hours-1", "hours-2", "hours-3", "hours-50", "right", "x")
        )
    ),
    "GET /c/{key}/{number}": get("/c/made-up/1"),
    "GET /subscribe": get("/subscribe", "/subscribe?list=sport"),
    "GET /subscribe/asked": get("/subscribe/asked"),
    "POST /subscribe": _signs_up,
    "GET /confirm/{token}": _confirming("GET"),
    "POST /confirm/{token}": _confirming("POST"),
    "GET /u/{token}": _unsubscribing("", "GET"),
    "POST /u/{token}": _unsubscribing("", "POST"),
    "POST /u/{token}/everything": _unsubscribing("/everything", "POST"),
    "GET /u/{token}/preferences": _unsubscribing("/preferences", "GET"),
    "POST /u/{token}/preferences": _unsubscribing("/preferences", "POST"),
    "POST /u/{token}/lists/{list}": _unsubscribing("/lists/press", "POST"),
    "GET /preferences/{token}": _choosing("", "GET"),
    "POST /preferences/{token}": _choosing(
        "", "POST", {"pause": "week"}, {"pause": "day", "name": "x" * 101, "language": "q"}
    ),
    "POST /preferences/{token}/address": _choosing(
        "/address", "POST", {"address": "a@"}, {"address": "other@readers.example"}
    ),
    "POST /preferences/{token}/again": _choosing("/again", "POST"),
    "GET /preferences/{token}/delete": _choosing("/delete", "GET"),
    "POST /preferences/{token}/delete": _choosing("/delete", "POST"),
}


def routes_of(site: Forum) -> list[str]:
    """Return the method and path of each page for readers."""
    routes = Pages(site.services, Lanes()).routes()
    return [
        f"{method} {route.path}"
        for route in routes
        if isinstance(route, Route) and route.path not in _NO_PAGES
        for method in sorted((route.methods or {"GET"}) - {"HEAD"})
    ]


def test_each_page_for_readers_is_visited(site: Forum) -> None:
    assert sorted(routes_of(site)) == sorted(VISITS)


@pytest.mark.slow("each page for readers is asked for in several states")
@pytest.mark.parametrize("route", VISITS)
def test_every_word_of_a_page_for_readers_is_in_its_catalogue(site: Forum, route: str) -> None:
    answers = VISITS[route](site)
    assert [left for one in answers if (left := left_of(one))] == []


def test_every_word_of_an_error_is_in_the_catalogue(site: Forum) -> None:
    answers = [
        site.get("/nowhere"),
        site.post("/archive/right"),
        site.post("/subscribe", body=b"x"),
    ]
    assert {one.status for one in answers} >= {404, 405}
    assert [left for one in answers if (left := left_of(one))] == []
