"""Each act at the desk is one line of the audit log, and a refusal is none.

Where it is another number, ``acting.py`` says why. The desk answers in marks: each word of ours,
after each act and each refusal, goes through the catalogue.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.domain.staff.role import Role
from newsletter.web.desk.request import Route
from newsletter.web.pages import desk_routes
from tests.desk import STAFF
from tests.marks import MarkedDesk
from tests.pages import Answer
from tests.rows import rows
from tests.unit.web.desk.acting import EXAMPLES, Example
from tests.unit.web.desk.deciding import Room, room
from tests.unit.web.desk.test_matrix import asked_of
from tests.unit.web.desk.work import WEEKLY
from tests.unit.web.desk.world import World

DONE = {200, 303}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[World]:
    channel = {"kind": "slack", "name": "press-room", "url": "https://chat.example/secret"}
    with room(
        tmp_path_factory.mktemp("audit"), migrated, notices=[channel], digests=[WEEKLY]
    ) as found:
        made = World(room=found)
        made.site.pages = made.room.site.pages = MarkedDesk(found.services)
        yield made


@pytest.fixture(autouse=True)
def _each_word_goes_through_the_catalogue(world: World) -> Iterator[None]:
    world.site.pages.take()
    yield
    assert world.site.pages.take() == []


def posts(at: Room) -> list[Route]:
    return [one for one in desk_routes(at.services) if one.method == "POST"]


def test_each_post_has_an_example(world: World) -> None:
    found, shown = {one.path for one in posts(world.room)}, {one.route for one in EXAMPLES}
    assert found == shown, "acting.py does each thing once; add an example or take one away"
    assert [one.route for one in EXAMPLES if (one.lines == 1) == bool(one.why)] == []


@pytest.mark.slow("each page is opened as each of five people")
def test_every_word_of_a_page_goes_through_the_catalogue(world: World) -> None:
    at = World.approved, World.started, World.sending, World.lost, World.submitted
    for ready in at:
        ready(world)
    paths = [one.path for one in desk_routes(world.room.services) if one.method == "GET"]
    plain = [path for path in paths if "{" not in path]
    more = [
        "/digests/weekly",
        "/statements?q=zzz",
        "/calendar?week=2026-11-24",
        "/readers/1",
        "/nowhere",
        "/staff/x",
    ]
    for path in [*plain, *more]:
        for name in STAFF:
            world.as_(name).get(path)
        world.site.get(f"/desk{path}")


@pytest.mark.slow("does everything that there is to do at the desk")
@rows(["example"], [(one,) for one in EXAMPLES])
def test_what_is_done_is_one_line(world: World, example: Example) -> None:
    act = example.ready(world)
    before = world.room.deeds()
    answer = act()
    left = world.room.deeds()[len(before) :]
    assert answer.status in DONE, f"{example.route}: {answer.status} {answer.text[:2000]}"
    assert len(left) == example.lines, f"{example.route}: {left}"
    assert world.site.pages.take() == [], example.route
    where = answer.headers.get("location", "").removeprefix("/desk").partition("?")[0]
    for path in pages_about(where, world.room):
        assert world.as_("dan").get(path).status in {200, 303, 404}, path
    assert world.site.pages.take() == [], f"the pages about {where} after {example.route}"


def pages_about(path: str, at: Room) -> list[str]:
    """Return the pages about the statement, draft or campaign that this page is about."""
    thing = re.match(r"/(?:statements|drafts|campaigns|readers/import)/[\w-]+", path)
    shapes = [one.path for one in desk_routes(at.services) if one.method == "GET"]
    return [
        shape.replace(found[0], thing[0])
        for shape in shapes
        if thing
        and (found := re.match(r"/[\w/]+/\{\w+\}", shape))
        and found[0].rpartition("/")[0] == thing[0].rpartition("/")[0]
        and "{" not in shape[found.end() :]
    ]


def test_an_approval_that_also_starts_is_one_line(tmp_path: Path, migrated: Path) -> None:
    with room(tmp_path, migrated, schedule={"start": "approval"}) as at:
        at.services.tick.run()
        ben, here = at.as_("ben"), "/statements/hours/review"
        before = len(at.deeds())
        assert at.press(ben, ben.get(here), f"/desk{here}").status == 303
        assert at.deeds()[before:] == [(ben.address, "approve")]
        assert [start.count for start in at.starts] == [12]


def left_by(world: World, route: Route, name: str, *, fresh: bool) -> tuple[Answer, list[str]]:
    """Return the result of a POST about a missing thing, and its lines in the log."""
    before = len(world.room.deeds())
    answer = world.room.as_(name, fresh=fresh).post(asked_of(route))
    return answer, [action for _, action in world.room.deeds()[before:]]


def test_what_a_role_may_not_is_one_line_that_says_so(world: World) -> None:
    for route in posts(world.room):
        if route.role not in {None, Role.VIEWER}:
            answer, left = left_by(world, route, "vera", fresh=True)
            assert (answer.status, left) == (403, ["refused"]), route.path


def test_what_asks_for_a_fresh_factor_first_is_no_line(world: World) -> None:
    for route in posts(world.room):
        if route.step_up:
            answer, left = left_by(world, route, "dan", fresh=False)
            assert (answer.status, left) == (401, []), route.path


def test_what_is_not_done_for_want_of_the_thing_is_no_line(world: World) -> None:
    there = [one for one in posts(world.room) if "{" in one.path and one.role is not None]
    for route in there:
        answer, left = left_by(world, route, "dan", fresh=True)
        assert (answer.status in DONE, left) == (False, []), f"{route.path}: {answer.status}"


def test_what_another_site_sends_or_nobody_is_no_line(world: World) -> None:
    before = len(world.room.deeds())
    dan = world.as_("dan")
    for route in posts(world.room):
        path = asked_of(route)
        other = dan.ask("POST", path, headers={"Sec-Fetch-Site": "cross-site"})
        assert other.status == 403, path
        if route.role is not None:
            ours = {"Sec-Fetch-Site": "same-origin"}
            assert world.site.ask("POST", f"/desk{path}", headers=ours).status == 401, path
    assert len(world.room.deeds()) == before
