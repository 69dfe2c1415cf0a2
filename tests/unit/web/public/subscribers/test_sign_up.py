"""The link that confirms; one network posts so often an hour, and of networks little is kept."""

from pathlib import Path

import pytest

from newsletter.web.http.limits import RequestLimit
from tests.fakes import FixedClock
from tests.pages import forum


def test_a_link_is_looked_at_and_used_once(tmp_path: Path) -> None:
    with forum(tmp_path) as site:
        site.post("/subscribe", {"email": "ana@example.org", "list": "press"})
        [(number,)] = site.rows("SELECT id FROM transactional_email")
        link = f"/confirm/{site.services.links.email_token(number)}"
        before = site.everything()

        assert "ana" not in site.get(link).text, "the address is masked"
        assert site.ask("HEAD", link).status == 200
        assert site.everything() == before
        assert (site.post(link).status, site.lists_of()) == (200, ["press"])
        site.change("DELETE FROM subscription")
        assert site.post(link).status == 200
        assert site.lists_of() == []
        assert site.get("/confirm/abc").status == 404


def test_a_network_posts_so_often_within_an_hour(clock: FixedClock) -> None:
    limit = RequestLimit(2, clock)

    assert [limit.is_over("8.8.8.0/24") for _ in range(4)] == [False, False, True, True]
    assert not limit.is_over("9.9.9.0/24")
    clock.advance(minutes=59, seconds=59)
    assert limit.is_over("8.8.8.0/24")
    clock.advance(seconds=1)
    assert not limit.is_over("8.8.8.0/24"), "what was turned away does not count"


def test_an_unnamed_network_has_no_limit(clock: FixedClock) -> None:
    limit = RequestLimit(1, clock)

    assert not any(limit.is_over("") for _ in range(100))


@pytest.mark.parametrize("hours", [2, -2])
def test_a_clock_that_jumps_locks_nobody_out(clock: FixedClock, hours: int) -> None:
    limit = RequestLimit(1, clock)
    limit.is_over("8.8.8.0/24")
    clock.advance(hours=hours)

    assert not limit.is_over("8.8.8.0/24")


def test_the_networks_that_were_quiet_longest_are_forgotten(clock: FixedClock) -> None:
    limit = RequestLimit(1, clock)
    for number in range(10_001):
        limit.is_over(f"network {number}")

    assert limit.is_over("network 1")
    assert not limit.is_over("network 0")
