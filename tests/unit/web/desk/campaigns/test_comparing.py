"""The last campaigns, compared."""

from dataclasses import replace

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.events import Bounce, DeliveryStatus, EventKind
from tests.counting import counted
from tests.desk import words
from tests.pages import kept_after
from tests.unit.web.desk.deciding import Room, room

kept = kept_after(room, Room.approve, Room.start, Room.begin, Room.hand_over)
"""Twelve readers, who all have it."""


def test_what_became_of_each_stands_beside_the_others(at: Room) -> None:
    row = "The library opens earlier 24 Nov 2026 · Press releases 12 100%"
    assert f"{row} – – 0" in words(at.as_("vera").get("/campaigns"))
    kinds = ((1, EventKind.BOUNCED, Bounce.HARD), (2, EventKind.BOUNCED, Bounce.POLICY))
    with at.services.store.begin() as tx:
        tx.events.store_statuses(
            DeliveryStatus(
                campaign_id=at.campaign.id, subscriber_id=reader, kind=kind, bounce=why, at=tx.now
            )
            for reader, kind, why in (*kinds, (3, EventKind.COMPLAINED, None))
        )
        tx.choices.leave(4, ["press"], tx.now, at.campaign.id)
    page = at.as_("vera").get("/campaigns")
    assert f"{row} 16.6% 1 1" in words(page)
    assert 'href="/desk/campaigns.csv"' in page.text
    head, line = at.as_("vera").get("/campaigns.csv").body.decode("utf-8-sig").splitlines()
    assert head == (
        "Statement,State,Lists,Started,People,Accepted,Rejected,Bounced,Spam reports,Unsubscribed"
    )
    began = "2026-11-24 07:06:00-05:00"
    assert line == f"The library opens earlier,sent,Press releases,{began},12,12,0,2,1,1"
    assert '<rect class="f1" x="0" y="0" width="833.3" height="10"/>' in page.text
    assert '<rect class="f2" x="833.3" y="0" width="166.7" height="10"/>' in page.text


def test_it_is_reached_from_home_and_from_the_report(at: Room) -> None:
    vera = at.as_("vera")
    for path in ("", f"/campaigns/{at.campaign.id}"):
        assert 'href="/desk/campaigns"' in vera.get(path).text
    growth = "Growth of the lists"
    shown = [growth in words(at.as_(name).get("/campaigns")) for name in ("vera", "cleo")]
    assert shown == [False, True]


def test_twenty_are_on_a_page_and_none_costs_a_query(at: Room) -> None:
    vera = at.as_("vera")
    with counted() as few:
        assert "Older" not in words(vera.get("/campaigns"))
    with at.services.store.begin() as tx:
        for number in range(20):
            campaign = tx.campaigns.add(replace(at.campaign, slug=f"s{number}"), tx.now)
            for state in (CampaignState.SENDING, CampaignState.CANCELLED):
                tx.campaigns.change_state(campaign, state, expect=CampaignState, at=tx.now)
    with counted() as many:
        page = vera.get("/campaigns")
    assert len(many) == len(few)
    assert "Canceled s19 24 Nov 2026 · Press releases 0 – – – 0" in words(page)
    assert 'rel="next" href="/desk/campaigns?page=2"' in page.text
    assert words(vera.get("/campaigns?page=2")).count("24 Nov 2026") == 1
