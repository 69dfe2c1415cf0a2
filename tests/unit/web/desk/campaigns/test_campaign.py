"""A campaign in numbers, while it goes out and afterwards; and what stops it."""

import json
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.restore_guard import HoldKind, sending_stop
from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.domain.wording import say
from newsletter.pipeline.delivery.provider_pool import PooledProvider, ProviderPool
from newsletter.web.desk.campaigns.campaign import time_left
from tests.desk import address_of, words
from tests.fakes import RecordingProvider, always
from tests.pages import kept_after
from tests.rows import rows
from tests.unit.web.desk.deciding import CANARIES, SLUG, Room, room


def send_to_five(at: Room) -> None:
    at.approve()
    at.approve("dan")
    at.start()
    at.begin()
    at.hand_over(batches=1)


kept = kept_after(room, send_to_five)
"""Twelve readers, five of whom have it."""


def here(at: Room) -> str:
    return f"/campaigns/{at.campaign.id}"


def test_while_it_goes_out_everybody_sees_how_far_it_is(at: Room) -> None:
    page = at.as_("vera").get(here(at))
    said = words(page)
    assert page.status == 200
    assert "5 of 12 accepted" in said
    assert "Waiting 7" in said
    assert f'data-live="/desk{here(at)}/figures"' in page.text
    assert 'data-part="accepted" data-whole="audience"' in page.text
    assert "Approved by Ben" in said
    assert "Started by Cleo, on Tue 24 Nov 2026, 07:00 New York, for 12 people" in said
    assert "Pause" not in said


def test_a_bar_leaves_out_people_whom_the_provider_rejected(at: Room) -> None:
    with at.services.store.begin() as tx:
        tx.db.change("UPDATE batch SET accepted = 3, rejected = 2 WHERE accepted = 5")
    for page in ("", f"/statements/{SLUG}"):
        shown = at.as_("vera").get(page)
        assert "3 of 12 accepted. The provider rejected 2." in words(shown)
        assert '<progress max="12" value="3"' in shown.text


def test_who_approved_and_started_it_is_named_also_after_they_left(at: Room) -> None:
    with at.services.store.begin() as tx:
        for left in ("ben", "cleo"):
            assert tx.staff.remove(address_of(left))
    dan = at.as_("dan")
    said = words(dan.get(here(at)))
    assert "Approved by Ben, Dan" in said
    assert "Started by Cleo" in said
    assert "Approved (done) Ben and Dan" in words(dan.get(f"/statements/{SLUG}"))
    assert 'Approved by,"Ben, Dan"' in dan.get(f"{here(at)}/report.csv").text


def test_the_figures_that_move_are_numbers_without_names(at: Room) -> None:
    at.as_("cleo").post(f"{here(at)}/pause")
    answer = at.as_("vera").get(f"{here(at)}/figures")
    found = json.loads(answer.text)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert (found["state"], found["accepted"], found["audience"]) == ("paused", 5, 12)
    six = ("pending", "accepted", "rejected", "suppressed", "cancelled", "unknown")
    assert sum(found[name] for name in six) == 12
    assert found["rate"] == "–"
    assert set(found) == {"audience", "state", "rate", "left", "at", "pause", *six}


def test_all_tabs_share_the_figures_of_a_second_and_none_is_older_than_a_page(at: Room) -> None:
    def accepted(number: int = 0) -> int:
        if number:
            with at.services.store.begin() as tx:
                tx.db.change(f"UPDATE batch SET pending = 12 - {number}, accepted = {number}")
        found: int = json.loads(at.as_("vera").get(f"{here(at)}/figures").text)["accepted"]
        return found

    with at.services.store.begin() as tx:
        tx.db.change("DELETE FROM batch WHERE no > (SELECT MIN(no) FROM batch)")
        tx.db.change("UPDATE batch SET size = 12, pending = 7, accepted = 5")
    assert [accepted(), accepted(6)] == [5, 5]
    at.as_("ana").get(here(at))
    assert accepted() == 6
    at.clock.advance(seconds=0.9)
    assert accepted(7) == 6
    at.clock.advance(seconds=0.1)
    assert accepted() == 7


def test_all_tabs_together_ask_four_times_a_second(at: Room) -> None:
    def pause() -> float:
        found: float = json.loads(at.as_("vera").get(f"{here(at)}/figures").text)["pause"]
        return found

    assert [pause() for _ in range(3)] == [2, 2.25, 2.5]
    at.clock.advance(seconds=3)
    assert pause() == 2
    assert max(pause() for _ in range(99)) == 15


def test_each_figure_of_the_page_is_one_that_is_renewed(at: Room) -> None:
    page = at.as_("vera").get(here(at)).text
    found = json.loads(at.as_("vera").get(f"{here(at)}/figures").text)
    named = {part.split('"')[0] for part in page.split('data-figure="')[1:]}
    assert named <= set(found)
    assert {"accepted", "pending", "rate", "left"} <= named


@pytest.mark.parametrize("who", ["vera", "ana", "ben"])
def test_below_a_sender_nobody_ever_sees_a_reader(at: Room, who: str) -> None:
    for number in (1, 2):
        told(at, EventKind.BOUNCED, number, bounce=Bounce.HARD, reason=f"550 {CANARIES[0]} gone")
    at.hand_over()
    signed = at.as_(who)
    pages = [here(at), f"{here(at)}/figures", f"{here(at)}/unknown", "/stop"]
    pages += [
        f"/statements/{SLUG}/{page}" for page in ("review", "start", f"versions/{at.content_hash}")
    ]
    for page in pages:
        text = signed.get(page).text
        assert "readers.example" not in text
        assert "canary" not in text


def told(at: Room, kind: EventKind, number: int, **more: Any) -> None:
    event = Event(
        id=f"{kind.value}{number}",
        kind=kind,
        at=at.clock.now(),
        address=CANARIES[number - 1],
        campaign=SLUG,
        subscriber_id=number,
        attempt_id=attempt(at, number),
        raw="{}",
        **more,
    )
    at.services.delivery.record(at.campaign.provider, [event])


def attempt(at: Room, number: int) -> str:
    """Return the attempt that sent to a reader."""
    [(found,)] = at.site.rows(
        "SELECT attempt_id FROM batch, json_each(members) WHERE value = ?", number
    )
    return str(found)


def test_no_script_has_the_page_renew_itself(at: Room) -> None:
    page = at.as_("vera").get(here(at)).text
    assert 'http-equiv="refresh"' not in page
    assert f'<a href="/desk{here(at)}">Look again</a>' in page


@rows(
    ("pending", "rate", "said"),
    [
        (0, 5.0, "–"),
        (100, 0.0, "not known yet"),
        (10, 5.0, "less than a minute"),
        (3000, 10.0, "4 to 7 minutes"),
        (500_000, 10.0, "11 to 18 hours"),
    ],
)
def test_how_long_it_takes_is_told_as_a_range(pending: int, rate: float, said: str) -> None:
    assert time_left(pending, rate) == said


def test_a_pause_stops_it_where_it_is_and_resuming_goes_on(at: Room) -> None:
    cleo = at.as_("cleo")
    answer = at.press(cleo, cleo.get(here(at)), f"/desk{here(at)}/pause")
    assert answer.headers["location"] == f"/desk{here(at)}?done=paused"
    at.hand_over()
    assert len(at.site.mails) == 5
    page = cleo.get(here(at))
    assert "5 of 12 accepted. Paused by Cleo." in words(page)
    assert at.press(cleo, page, f"/desk{here(at)}/resume").status == 303
    at.hand_over()
    assert len(at.site.mails) == 12
    assert at.deeds().count((address_of("cleo"), "pause")) == 1


def test_a_page_lifts_no_pause_that_it_did_not_show(at: Room) -> None:
    cleo, act = at.as_("cleo"), f"/desk{here(at)}/resume"
    at.press(cleo, cleo.get(here(at)), f"/desk{here(at)}/pause")
    page = cleo.get(here(at))
    assert at.press(at.as_("dan"), page, act).status == 303
    for reason in (say("paused by {who}", who=address_of("dan")),) * 2:
        with at.services.store.begin() as tx:
            paused, moving = CampaignState.PAUSED, set(CampaignState)
            tx.campaigns.change_state(
                at.campaign.id, paused, expect=moving, at=tx.now, reason=reason
            )
        for late in (at.press(cleo, page, act), cleo.post(f"{here(at)}/resume")):
            assert (late.status, "was paused again since you looked" in words(late)) == (409, True)
        assert at.campaign.state is CampaignState.PAUSED
        german = cleo.post(f"{here(at)}/resume", headers={"Accept-Language": "de"})
        assert "Das ist nicht geschehen. Es wurde inzwischen erneut angehalten." in words(german)
        page = cleo.get(here(at))
    for shown in ("", f"/statements/{SLUG}", here(at)):
        assert at.press(cleo, cleo.get(shown), act).status == 303
        at.press(cleo, cleo.get(here(at)), f"/desk{here(at)}/pause")


def test_before_it_is_cancelled_exact_numbers_are_shown(at: Room) -> None:
    cleo = at.as_("cleo")
    page = cleo.get(f"{here(at)}/cancel")
    said = words(page)
    assert "It went to 5 people. 7 people will not get it." in said
    assert "It is still sending" in said
    assert "After that only an admin can send it to those who did not get it." in said
    answer = at.press(cleo, page, f"/desk{here(at)}/cancel")
    assert answer.headers["location"] == f"/desk{here(at)}?done=cancelled"
    at.hand_over()
    assert len(at.site.mails) == 5
    assert "It was canceled after the provider accepted 5 of 12 emails." in words(
        cleo.get(here(at))
    )
    assert cleo.get(f"{here(at)}/cancel").status == 303


def test_what_waits_for_its_time_can_be_undone_here(tmp_path: Path, migrated: Path) -> None:
    with room(tmp_path, migrated, schedule={"start": "approval"}) as at:
        at.approve()
        cleo = at.as_("cleo")
        page = cleo.get(here(at))
        assert "It has not begun. Its time is Tue 24 Nov 2026, 07:05 New York." in words(page)
        corrected = cleo.get(f"{here(at)}/amend")
        assert corrected.headers["location"] == f"/desk{here(at)}", "there is nothing to correct"
        assert at.press(cleo, page, f"/desk/statements/{SLUG}/undo").status == 303
        assert "It was canceled before anybody got it." in words(cleo.get(here(at)))


def test_one_that_is_paused_for_its_number_says_so_and_is_started_again(
    tmp_path: Path, migrated: Path
) -> None:
    with room(tmp_path, migrated) as at:
        at.approve()
        cleo = at.as_("cleo")
        form = f"/desk/statements/{SLUG}/start"
        at.press(cleo, cleo.get(f"/statements/{SLUG}/start"), form)
        at.services.tick.run()
        at.site.subscribe(*(f"more{number}@readers.example" for number in range(20)))
        at.begin()
        page = cleo.get(here(at))
        assert "Cleo started it for 12; find out why, then start it again" in words(page)
        resumed = at.press(cleo, page, f"/desk{here(at)}/resume")
        assert resumed.headers["location"] == form
        at.press(cleo, cleo.get(f"/statements/{SLUG}/start"), form, right="yes")
        at.begin()
        at.hand_over()
        assert len(at.site.mails) == 32


@rows("number", ["0", "99", "x", "1x", "9" * 30, "١"])
def test_a_campaign_that_is_not_there_is_404(at: Room, number: str) -> None:
    cleo = at.as_("cleo")
    for page in ("", "/figures", "/cancel", "/unknown", "/people"):
        assert cleo.get(f"/campaigns/{number}{page}").status == 404
    for deed in ("pause", "resume", "cancel"):
        assert cleo.post(f"/campaigns/{number}/{deed}").status == 404


def test_the_report_is_a_sum_and_never_a_false_nought(at: Room) -> None:
    at.hand_over()
    page = at.as_("vera").get(here(at))
    said = words(page)
    assert "100 % accepted 12 of 12 people accepted" in said
    assert "12 accepted by the provider" in said
    assert "Accepted over time Half by 07:0" in said
    assert "No events were received from the provider" in said
    assert "elivered over time" not in said
    assert "reported it as spam" not in said
    assert "Opens and clicks are not tracked" in said
    assert "style=" not in page.text
    assert "data-live" not in page.text


def test_what_the_provider_told_stands_beside_it(at: Room) -> None:
    at.hand_over()
    for number in (1, 2, 3):
        told(at, EventKind.DELIVERED, number)
    told(at, EventKind.BOUNCED, 4, bounce=Bounce.HARD, reason="<script>alert(1)</script>")
    told(at, EventKind.COMPLAINED, 3)
    page = at.as_("vera").get(here(at))
    said = words(page)
    assert "25 % delivered 3 of 12 people delivered" in said
    assert "3 delivered 1 bounced 8 no report yet" in said
    assert "reported it as spam 1" in said
    assert "No such mailbox 1" in said
    assert "readers.example" not in said
    assert "Delivered over time Half by" in said
    assert "Domain Bounced readers.example 1" in words(at.as_("cleo").get(here(at)))
    assert "<script>alert" not in page.text


def test_who_was_not_reached_is_for_senders_to_see(at: Room) -> None:
    at.hand_over()
    told(at, EventKind.BOUNCED, 4, bounce=Bounce.HARD, reason="<b>no such user</b>")
    cleo = at.as_("cleo")
    assert f'href="/desk{here(at)}/people"' in cleo.get(here(at)).text
    page = cleo.get(f"{here(at)}/people")
    assert f"{CANARIES[3]} No such mailbox <b>no such user</b>" in words(page)
    assert "<b>" not in page.text
    assert CANARIES[4] not in page.text
    for who in ("vera", "ana", "ben"):
        assert f"{here(at)}/people" not in at.as_(who).get(here(at)).text


def test_who_waits_or_was_cancelled_is_named_and_counted(at: Room) -> None:
    cleo = at.as_("cleo")
    waiting = words(cleo.get(f"{here(at)}/people"))
    assert waiting.count("Waits for its turn") == 7
    assert "7 people" in waiting
    # a started campaign rests on no role any more
    assert "unsent statement" not in words(at.as_("dan").get("/staff/cleo@forum.example"))
    at.press(cleo, cleo.get(f"{here(at)}/cancel"), f"/desk{here(at)}/cancel")
    cancelled = words(cleo.get(f"{here(at)}/people"))
    assert cancelled.count("Canceled before it was sent") == 7
    assert "7 people" in cancelled
    assert "Nobody, as far" not in cancelled


@pytest.fixture
def lost(at: Room) -> Room:
    """The seven who waited are unknown."""
    losing = RecordingProvider(max_recipients=5)
    losing.answer = always(Verdict.UNKNOWN)
    first = at.services.delivery.pool.first
    vars(at.services.delivery)["pool"] = ProviderPool(
        first=PooledProvider(provider=losing, limiter=first.limiter)
    )
    at.hand_over()
    assert at.campaign.state is CampaignState.ATTENTION
    return at


def test_a_cancelled_one_stays_on_home_and_is_sent_again_by_its_own_way_alone(at: Room) -> None:
    losing = RecordingProvider(max_recipients=5)
    losing.answer = always(Verdict.UNKNOWN)
    first = at.services.delivery.pool.first
    vars(at.services.delivery)["pool"] = ProviderPool(
        first=PooledProvider(provider=losing, limiter=first.limiter)
    )
    at.hand_over(batches=1)
    cleo, dan = at.as_("cleo"), at.as_("dan", fresh=True)
    at.press(cleo, cleo.get(f"{here(at)}/cancel"), f"/desk{here(at)}/cancel")
    home = words(dan.get(""))
    assert "Canceled The library opens earlier 41.6 % 24 Nov 2026 · 5 of 12 accepted" in home
    assert "First steps" not in home
    assert "41,6 %" in words(dan.get(here(at), headers={"Accept-Language": "de"}))
    page = dan.get(f"{here(at)}/unknown")
    assert "It has none of them" not in words(page), "it would be refused"
    assert f'href="/desk{here(at)}/amend#door-rest"' in page.text
    assert 'id="door-rest"' in (amend := dan.get(f"{here(at)}/amend")).text
    assert "Decide that first" not in words(amend)
    assert "accepted 5 of 12 emails. For 5 people it is unknown" in words(dan.get(here(at)))
    at.press(dan, page, f"/desk{here(at)}/unknown", way="leave")
    assert "It was canceled. It went to 5 people." in words(dan.get(here(at)))


def test_everybody_sees_that_it_needs_a_decision_and_whose(lost: Room) -> None:
    page = lost.as_("vera").get(here(lost))
    said = words(page)
    assert "For 7 people it is unknown whether the provider took the email." in said
    assert "Next: Dan can decide." in said
    sender = words(lost.as_("cleo").get(f"{here(lost)}/unknown"))
    assert "This takes the role admin. Ask Dan." in sender
    assert "Decide for" not in sender


@pytest.mark.parametrize(
    ("way", "accepted", "cancelled", "state"),
    [
        ("has", 12, 0, CampaignState.SENT),
        ("none", 5, 0, CampaignState.SENDING),
        ("leave", 5, 7, CampaignState.SENT),
    ],
)
def test_an_admin_decides_one_of_three_ways_and_the_sums_are_right(
    lost: Room, way: str, accepted: int, cancelled: int, state: CampaignState
) -> None:
    dan = lost.as_("dan", fresh=True)
    page = dan.get(f"{here(lost)}/unknown")
    said = words(page)
    assert "For 7 people it is unknown whether Outbox took the email. Look in its log, " in said
    assert "If that is wrong, they get it twice." in said
    answer = lost.press(dan, page, f"/desk{here(lost)}/unknown", way=way)
    assert answer.headers["location"] == f"/desk{here(lost)}?done=decided"
    counts = lost.campaign.counts
    assert (counts.accepted, counts.cancelled, counts.unknown) == (accepted, cancelled, 0)
    assert counts.audience == 12
    assert lost.campaign.state is state
    figure = f"Canceled{' or given up' * (way == 'leave')},{cancelled}\r\n"
    assert figure in dan.get(f"{here(lost)}/report.csv").text
    twice = lost.press(dan, page, f"/desk{here(lost)}/unknown", way=way)
    assert twice.status == 409
    assert "has nothing unknown" in words(twice)
    assert lost.deeds().count((address_of("dan"), "resolve")) == 1


def test_to_decide_takes_a_choice_a_factor_and_the_role(lost: Room) -> None:
    address = f"/desk{here(lost)}/unknown"
    page = lost.as_("dan").get(f"{here(lost)}/unknown")
    assert lost.press(lost.as_("dan"), page, address, way="none").status == 401
    assert lost.press(lost.as_("cleo", fresh=True), page, address, way="none").status == 403
    for way in ("", "all"):
        answer = lost.press(lost.as_("dan", fresh=True), page, address, way=way)
        assert answer.status == 422
        assert "Choose what you found in the provider's log" in words(answer)
    assert lost.campaign.counts.unknown == 7


def test_unknown_welcome_emails_are_decided_while_others_go_out(lost: Room) -> None:
    lost.site.change("UPDATE campaign SET welcome = 1, state = 'sending', finished_at = NULL")
    page, dan = here(lost), lost.as_("dan", fresh=True)
    assert "For 7 people it is unknown" in words(dan.get(page))
    assert f'href="/desk{page}/unknown">Decide</a>' in dan.get(page).text
    lost.press(dan, dan.get(f"{page}/unknown"), f"/desk{page}/unknown", way="has")
    assert (lost.campaign.counts.unknown, lost.campaign.state) == (0, CampaignState.SENDING)
    assert "Decide" not in words(dan.get(page))


def test_all_sending_stops_by_one_press_and_says_who_and_why(at: Room) -> None:
    cleo = at.as_("cleo")
    page = cleo.get("/stop")
    assert "Stop all sending?" in words(page)
    answer = at.press(cleo, page, "/desk/stop", reason="wrong\tlist")
    assert answer.headers["location"] == "/desk/stop?done=stopped"
    at.hand_over()
    assert len(at.site.mails) == 5
    said = words(at.as_("vera").get(here(at)))
    assert "All sending is stopped." in said
    assert "wrong list" in said
    assert at.press(cleo, page, "/desk/stop").status == 303
    assert at.deeds().count((address_of("cleo"), "hold")) == 1


def test_each_stop_keeps_its_reason_and_is_lifted_by_a_page_that_shows_it(at: Room) -> None:
    cleo, dan = at.as_("cleo", fresh=True), at.as_("dan", fresh=True)
    form = cleo.get("/stop")
    at.press(dan, form, "/desk/stop", reason="lunch")
    page = dan.get("/stop")
    at.press(cleo, form, "/desk/stop", reason="wrong list")
    at.press(cleo, form, "/desk/stop", reason="wrong list")
    assert "Cleo, Tue 24 Nov 2026, 07:06 New York: wrong list; stopped by dan" in words(
        dan.get("/stop")
    )
    for late in (
        at.press(dan, page, "/desk/resume"),
        dan.post("/resume"),
        dan.post("/resume", {"shown": "s"}),
    ):
        assert (late.status, "stopped for another reason now" in words(late)) == (409, True)
    assert at.press(dan, dan.get("/stop"), "/desk/resume").status == 303
    assert [deed for _, deed in at.deeds() if deed in {"hold", "release"}] == [
        *("hold", "hold", "release")
    ]


def test_a_doubt_is_for_an_admin_who_compared(at: Room) -> None:
    with at.services.store.begin() as tx:
        tx.hold.put(HoldKind.RESTORE_GUARD, "restored on Monday")
    cleo = at.as_("cleo", fresh=True)
    page = cleo.get("/stop")
    assert "This database may be older than what went out." in words(page)
    assert "This takes the role admin. Ask Dan." in words(page)
    assert cleo.post("/resume").status == 303
    assert cleo.post("/compared").status == 403
    assert HoldKind.RESTORE_GUARD in at.services.delivery.guard().holds()
    dan = at.as_("dan", fresh=True)
    with at.services.store.begin() as tx:
        tx.hold.put(HoldKind.STOP, sending_stop("cleo@forum.example", at.clock.now(), ""))
    answer = at.press(dan, dan.get("/stop"), "/desk/compared")
    assert answer.headers["location"] == "/desk/stop", "not resumed: a person stopped it too"
    answer = at.press(dan, dan.get("/stop"), "/desk/resume")
    assert answer.headers["location"] == "/desk?done=resumed-all"
    assert at.services.delivery.guard().holds() == {}
