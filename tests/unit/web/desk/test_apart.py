"""A desk at a host of its own shares it with nothing public but pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
    for route in desk_routes(own.site.services):
        answer = dan.ask(route.method, asked_of(route), headers={"Host": host})
        assert (answer.status, "set-cookie" in answer.headers) == (404, False), route.path
    assert at(own.site, host, "/desk/static/x/desk.js").status == 404


def elsewhere(site: Forum) -> list[str]:
    """An address of each page of the desk and of the public, but for monitoring's."""
    rows = desk_routes(site.services)
    return [*{f"/desk{asked_of(row)}" for row in rows}, *set(public_paths(site)) - MONITORED]


@rows(
    "host",
    [
        "evil.example",
        f"evil.{DESK}",
        f"{DESK}.evil.example",
        "127.0.0.1:8000",
        "localhost",
        "[::1]:8000",
        f"{PUBLIC}@evil.example",
        f"evil.example@{DESK}",
        f"{DESK}, {PUBLIC}",
        f"{DESK}:443:1",
        f"{DESK}..",
        "]",
        "",
    ],
)
def test_at_any_other_host_there_is_nothing(own: Staffed, host: str) -> None:
    for path in elsewhere(own.site):
        assert at(own.site, host, path).status == 421, path


def test_what_another_field_says_of_the_host_counts_for_nothing(own: Staffed) -> None:
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host"):
        fields = {"Host": PUBLIC, name: f"host={DESK}" if name == "Forwarded" else DESK}
        assert own.site.ask("GET", "/desk/sign-in", headers=fields).status == 404
        assert own.site.ask("GET", "/desk", headers=fields | {"Host": "evil.example"}).status == 421


@rows("path", sorted(MONITORED))
def test_monitoring_may_ask_by_an_address_of_the_machine(own: Staffed, path: str) -> None:
    for host in ("localhost", "127.0.0.1:8000", "[::1]:8000", "127.0.0.2", DESK, PUBLIC):
        assert at(own.site, host, path).status != 421
    assert own.site.get(path).status != 421  # HTTP/1.0 without Host
    for host in ("evil.example", "203.0.113.9", "", "localhost.evil.example"):
        assert at(own.site, host, path).status == 421


def test_no_host_at_all_is_no_host_of_ours(own: Staffed) -> None:
    assert own.site.get("/desk").status == own.site.get("/").status == 421


def test_a_desk_at_the_public_host_is_there_and_nowhere_else(
    tmp_path: Path, migrated: Path
) -> None:
    with desk(tmp_path, database=migrated, desk={"url": f"https://{PUBLIC}"}) as staffed:
        for path in ("/", "/desk/sign-in"):
            assert at(staffed.site, PUBLIC, path).status == 200
            assert at(staffed.site, "localhost", path).status == 421
