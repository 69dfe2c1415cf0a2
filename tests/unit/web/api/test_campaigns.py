"""Campaigns in figures and events by a cursor: no address, and nothing twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.events import Bounce, DeliveryStatus, Event, EventKind, EventTarget
from newsletter.domain.wording import say
from tests.api import program
from tests.pages import Forum, forum


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    with forum(tmp_path, database=migrated) as site:
        site.subscribe("ana@readers.example", "ben@readers.example")
        yield site


def bounce(site: Forum, *names: str, subscriber: int | None = 1) -> None:
    with site.services.store.begin() as tx:
        place = EventTarget(subscriber_id=subscriber, campaign_id=1)
        told = [
            (Event(id=name, kind=EventKind.BOUNCED, at=tx.now, raw="ana@readers.example"), place)
            for name in names
        ]
        tx.events.store_events("outbox", told, tx.now)


def test_figures_add_up_and_name_nobody(site: Forum) -> None:
    for slug in ("first", "second"):
        site.send(slug)
    crm = program(site)
    found: list[dict[str, Any]] = []
    more = "0"
    while more is not None:
        page = crm.get(f"/campaigns?limit=1&after={more}")
        found, more = found + page["items"], page["next"]
    assert [one["statement"] for one in found] == ["second", "first"]
    assert crm.get("/campaigns/1") == found[1]
    states = ("pending", "accepted", "rejected", "suppressed", "cancelled", "unknown")
    assert found[0]["audience"] == sum(found[0][state] for state in states) == 2
    assert "readers.example" not in str(found)
    assert crm.ask("GET", "/campaigns/9").status == 404


def test_a_reason_does_not_tell_who_stopped_it(site: Forum) -> None:
    site.send("first")
    why = say("paused by {who}", who="cleo@forum.example")
    with site.services.store.begin() as tx:
        ended = {CampaignState.SENT}
        assert tx.campaigns.change_state(
            1, CampaignState.ATTENTION, expect=ended, at=tx.now, reason=why
        )
    assert program(site).get("/campaigns/1")["reason"] == "paused by a member of staff"


def test_a_cursor_leads_to_what_came_since(site: Forum) -> None:
    site.send("news")
    crm = program(site)
    empty = crm.get("/events")
    assert empty == {"items": [], "next": "0"}
    bounce(site, "a", "b", "c")
    with site.services.store.begin() as tx:
        kind = EventKind.BOUNCED
        status = DeliveryStatus(
            campaign_id=1, subscriber_id=1, kind=kind, at=tx.now, bounce=Bounce.HARD
        )
        tx.events.store_statuses([status])
    first = crm.get("/events?limit=2")
    rest = crm.get(f"/events?limit=2&after={first['next']}")
    numbers = [one["number"] for one in first["items"] + rest["items"]]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 3
    assert {(one["kind"], one["bounce"]) for one in first["items"]} == {("bounced", "hard")}
    assert "readers.example" not in str(first)
    assert crm.get(f"/events?after={rest['next']}") == {"items": [], "next": rest["next"]}
    bounce(site, "c", "d", subscriber=None)
    [late] = crm.get(f"/events?after={rest['next']}")["items"]
    assert (late["subscriber_id"], late["bounce"]) == (None, None)
