"""A desk at a host of its own shares it with nothing public but pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.web.desk.page import Desk
from newsletter.web.http.threads import Lanes
from newsletter.web.pages import Pages, desk_routes
from tests.desk import Staffed, desk
from tests.pages import Answer, Forum
from tests.rows import rows
from tests.unit.web.desk.test_matrix import asked_of

DESK, PUBLIC = "desk.forum.example", "news.forum.example"
MONITORED = {"/healthz", "/readyz", "/metrics"}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Staffed]:
    """A desk at a host of its own, and one statement that went out."""
    folder = tmp_path_factory.mktemp("own")
    with desk(folder, database=migrated, desk={"url": f"https://{DESK}"}) as staffed:
        went_out(staffed.site)
        yield staffed


def went_out(site: Forum) -> None:
    site.subscribe("reader@readers.example")
    site.send("hours")
    site.services.tick.run()


def at(site: Forum, host: str, path: str) -> Answer:
    return site.ask("GET", path, headers={"Host": host})


def public_paths(site: Forum) -> list[str]:
    """An address of each public page, without any of the desk's."""
    found = {route.path for route in Pages(site.services, Lanes()).routes()} | {"/webhooks/outbox"}
    return sorted(path.replace("{slug}", "hours").replace("{number}", "2") for path in found)


@pytest.mark.parametrize("host", [DESK, DESK.upper(), f"{DESK}:443", f"{DESK}."])
def test_at_the_host_of_the_desk_nothing_is_public_but_pictures(own: Staffed, host: str) -> None:
    assert at(own.site, host, "/desk/sign-in").status == 200
    for path in public_paths(own.site):
        answer = at(own.site, host, path)
        if path == "/":
            assert (answer.status, answer.headers["location"]) == (303, "/desk")
        elif path not in MONITORED:
            assert answer.status == 404, path
        assert "On hours" not in answer.text


@pytest.mark.parametrize("host", [PUBLIC, PUBLIC.upper(), f"{PUBLIC}:443", f"{PUBLIC}."])
def test_at_the_public_host_the_desk_is_not_there(own: Staffed, host: str) -> None:
    assert "On hours" in at(own.site, host, "/archive/hours").text
    dan = own.as_("dan", fresh=True)
    for route in desk_routes(Desk(own.site.services.staff), own.site.services):
        answer = dan.ask(route.method, asked_of(route), headers={"Host": host})
        assert (answer.status, "set-cookie" in answer.headers) == (404, False), route.path
    assert at(own.site, host, "/desk/static/x/desk.js").status == 404


@rows("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "]", ""])
def test_by_an_address_of_the_machine_both_are_there(own: Staffed, host: str) -> None:
    assert at(own.site, host, "/archive/hours").status == 200
    assert at(own.site, host, "/desk/sign-in").status == 200
