"""Route, method and role: what each route demands, and that nothing goes round it.

``matrix.txt`` says in so many words what each route demands. A route without a line there fails.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.domain.staff.role import Role
from newsletter.web.desk.request import Route
from newsletter.web.pages import desk_routes
from tests.counting import counted
from tests.desk import STAFF, Staffed, desk
from tests.pages import Kept
from tests.rows import rows
from tests.unit.web.desk.work import READERS, WEEKLY, send, write
from tests.unit.web.desk.writing import Desk as Writing


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Kept]:
    """A workspace whose emails count opens and clicks."""
    folder = tmp_path_factory.mktemp("desk")
    with desk(folder, database=migrated, count=["opens", "clicks"], digests=[WEEKLY]) as staffed:
        yield Kept(staffed.site)


MATRIX = Path(__file__).with_name("matrix.txt")


def line_of(route: Route) -> str:
    role = route.role.value if route.role else "anybody"
    return f"{route.method} /desk{route.path} {role}{' fresh' if route.step_up else ''}"


def asked_of(route: Route) -> str:
    """An address of the route, of something that is not there."""
    return re.sub(r"\{[^}]*\}", "nothing-there", route.path)


def test_each_route_demands_what_stands_written(staffed: Staffed) -> None:
    found = sorted(line_of(route) for route in desk_routes(staffed.site.services))
    written = MATRIX.read_text("utf-8").splitlines()
    assert found == sorted(written), "matrix.txt says what each route demands; add or mend its line"


@pytest.mark.slow("each route is asked as each of five people")
def test_no_route_is_open_to_whom_it_is_not_for(staffed: Staffed) -> None:
    for route in desk_routes(staffed.site.services):
        path = asked_of(route)
        for name, role in STAFF.items():
            answer = staffed.as_(name).ask(route.method, path)
            barred = route.role is not None and not role.includes(route.role)
            assert (answer.status == 403) == barred, f"{route.method} {path} as {role.value}"
            asked = answer.status == 401 and "Confirm that it" in answer.text
            if route.step_up and not barred:
                assert asked, f"{route.method} {path} as {role.value} asks for no fresh factor"


def test_who_is_not_signed_in_gets_to_the_door_alone(staffed: Staffed) -> None:
    for route in desk_routes(staffed.site.services):
        if route.role is None:
            continue
        fields = {} if route.method == "GET" else {"Sec-Fetch-Site": "same-origin"}
        answer = staffed.site.ask(route.method, f"/desk{asked_of(route)}", headers=fields)
        assert answer.status == (303 if route.method == "GET" else 401), asked_of(route)


OWN_STYLE_OR_SCRIPT = re.compile(r"\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=)")
NOT_SHOWN = {
    **dict.fromkeys(("/second", "/second/set-up", "/sign-in"), "to who is signed in"),
    **dict.fromkeys(("/campaigns/{id}/cancel", "/statements/{slug}/start"), "of what was sent"),
    **dict.fromkeys(("/calendar/{word}.ics", "/invitation/{word}"), "by a word that is made up"),
    **dict.fromkeys(("/readers/import/{number}", "/readers/import/{number}/undo"), "without one"),
    "/campaigns/{id}/unknown": "where all is known",
    "/drafts/{key}/translate": "in one language",
    "/sign-in/back": "without an identity provider",
}


def pages_of(staffed: Staffed) -> dict[str, str]:
    """Return each route of a page → its path, of a text and a campaign that are there."""
    staffed.site.subscribe(*READERS)
    send(staffed)
    text = Writing(staffed)
    text.ana.post(f"{text.at}/hand-in", {"base": str(text.draft.revision)})
    services = staffed.site.services
    with services.store.read() as tx:
        content_hash = tx.statements.get("hours").content_hash
    there = {"slug": "hours", "key": text.key, "digest": content_hash, "word": "made-up"}
    there |= {"name": WEEKLY["name"]}
    there |= dict.fromkeys(("id", "number", "reader"), "1") | {"address": "ana@forum.example"}
    routes = [one.path for one in desk_routes(services) if one.method == "GET"]
    return {path: path.replace(":path", "").format(**there) for path in routes}


@pytest.mark.slow("each page is asked for as each of five people")
def test_no_page_changes_a_row_runs_what_it_holds_or_shows_a_reader_to_others(
    staffed: Staffed,
) -> None:
    pages = pages_of(staffed)
    people = [staffed.as_(name, fresh=True) for name in STAFF]
    unseen, before = set[str](), staffed.site.everything()
    for route, path in pages.items():
        answers = [one.get(path) for one in people]
        if not any(one.status == 200 for one in answers):
            unseen.add(route)
        for one, answer in zip(people, answers, strict=True):
            assert "/c/" not in answer.text, f"{route} would count"
            policy = answer.headers["content-security-policy"]
            if not policy.startswith("sandbox "):
                assert "unsafe" not in policy, route
                assert not OWN_STYLE_OR_SCRIPT.search(answer.text), route
            if not STAFF[one.name].includes(Role.SENDER):
                assert "canary" not in answer.text, route
    assert staffed.site.everything() == before
    assert unseen == NOT_SHOWN.keys()


def grow(staffed: Staffed, name: str, number: int) -> None:
    """Add as many readers, statements of each kind, texts and comments."""
    for each in (f"{name}{count}" for count in range(number)):
        staffed.site.subscribe(f"{each}@readers.example")
        write(staffed, f"{each}-waits", title=f"{each} waits")
        send(staffed, f"{each}-sent", title=f"{each} was sent")
        staffed.as_("ana").post("/drafts/new", {"title": each})
        staffed.as_("ana").post(f"/statements/{each}-waits/comments", {"comment": "@dan, look."})


@pytest.mark.slow("each page is asked for before and after all has grown")
def test_no_page_asks_a_query_a_row(staffed: Staffed) -> None:
    pages = pages_of(staffed)

    def count() -> dict[str, int]:
        dan, counts = staffed.as_("dan", fresh=True), {}
        for route, path in pages.items():
            dan.get(path)  # what a first request alone asks does not count
            with counted() as statements:
                dan.get(path)
            counts[route] = len(statements)
        return counts

    grow(staffed, "one", 2)
    before = count()
    grow(staffed, "other", 6)
    assert count() == before


VARIANTS = [
    lambda path: f"{path}/",
    lambda path: path.upper(),
    lambda path: f"/{path}",
    lambda path: path.replace("/", "//"),
    lambda path: path.replace("/", "/./"),
    lambda path: f"{path};x=1",
    lambda path: f"{path}%2f",
    lambda path: f"{path}.json",
    lambda path: f"{path}\0",
]


@pytest.mark.slow("each route is asked in each spelling")
@rows("variant", range(len(VARIANTS)))
def test_no_spelling_of_a_path_goes_round_its_role(staffed: Staffed, variant: int) -> None:
    vera = staffed.as_("vera")
    for route in desk_routes(staffed.site.services):
        if route.role in {None, Role.VIEWER}:
            continue
        path = VARIANTS[variant](asked_of(route))
        answer = vera.ask(route.method, path)
        assert answer.status in {303, 400, 403, 404, 405}, f"{route.method} {path}"


@pytest.mark.slow("each route is asked by each method")
@rows("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"])
def test_no_other_method_does_anything(staffed: Staffed, method: str) -> None:
    vera = staffed.as_("vera")
    before = staffed.site.everything()
    for route in desk_routes(staffed.site.services):
        answer = vera.ask(method, asked_of(route))
        allowed = {200, 303, 401, 403, 404, 405} if method == "HEAD" else {403, 405}
        assert answer.status in allowed, f"{method} {asked_of(route)}: {answer.status}"
    assert len(staffed.site.everything()) == len(before)
