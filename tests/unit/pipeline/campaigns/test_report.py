"""A campaign in figures."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.errors import NotFound
from newsletter.pipeline.campaigns.report import load_summary, load_vitals, make_report
from newsletter.pipeline.subscribers.choose import leave
from tests.fakes import always
from tests.unit.pipeline.newsroom import Newsroom

PROMISED = (
    "campaign, statement, state, audience, pending, accepted, rejected, suppressed, cancelled,"
    " unknown, delivered, bounced, complained, unsubscribed, content_digest, approved_by,"
    " provider, started_at, finished_at"
)
STATES = ("pending", "accepted", "rejected", "suppressed", "cancelled", "unknown")


def figures(room: Newsroom) -> dict[str, Any]:
    found = make_report("resignation", store=room.store)
    assert found["audience"] == sum(found[state] for state in STATES)
    json.dumps(found)
    return found


def test_a_report_has_all_that_was_promised(room: Newsroom) -> None:
    campaign = room.start()
    found = figures(room)
    assert set(PROMISED.replace(",", "").split()) <= set(found)
    assert found["campaign"] == campaign.id
    assert found["statement"] == "resignation"
    assert found["state"] == "sending"
    assert found["content_digest"] == campaign.content_hash
    assert found["approved_by"] == ["ed@forum.example"]
    assert found["provider"] == "recording"
    assert found["started_at"] == "2026-11-24T12:05:00+00:00"
    assert found["finished_at"] is None


def test_before_it_begins_the_audience_is_an_estimate_and_says_so(room: Newsroom) -> None:
    room.subscribe(7)
    room.write("other")
    room.write_and_approve()
    room.approve(slug="other")
    room.plan()
    found = figures(room)
    assert (found["audience"], found["pending"], found["estimated"]) == (7, 7, True)
    room.suppress("reader3@example.org")
    assert figures(room)["audience"] == 6
    with room.store.begin() as tx:
        stored = tx.statements.get("resignation")
        assert stored is not None
        # no reader gets what planning refuses by now
        wrong = replace(stored.statement, corrects="nothing")
        tx.statements.put(replace(stored, statement=wrong), tx.now)
    assert (figures(room)["audience"], figures(room)["estimated"]) == (0, False)
    room.look()
    room.start_due(minutes=6)
    assert not make_report("other", store=room.store)["estimated"]
    assert make_report("other", store=room.store)["audience"] == 6


def mixed(batch: OutgoingBatch) -> Answer:
    first, second = (one.subscriber_id for one in batch.recipients[:2])
    return Answer(
        outcome=Outcome(verdict=Verdict.ACCEPTED),
        exceptions={
            first: Outcome(verdict=Verdict.REJECTED, reason="no such mailbox", provider_id="m1"),
            second: Outcome(verdict=Verdict.ACCEPTED, provider_id="m2"),
        },
    )


def test_the_audience_is_the_sum_of_the_six_states_at_any_moment(room: Newsroom) -> None:
    room.start(45)
    assert figures(room)["audience"] == 45
    room.suppress("reader3@example.org")
    for answer in (mixed, always(Verdict.UNKNOWN), always(Verdict.RETRY), always(Verdict.SPLIT)):
        room.provider.answer = answer
        room.dispatch(minutes=1)
        assert figures(room)["audience"] == 45
    room.hand().cancel("resignation")
    found = figures(room)
    assert {state: found[state] for state in STATES} == {
        "pending": 0,
        "accepted": 8,
        "rejected": 1,
        "suppressed": 1,
        "cancelled": 25,
        "unknown": 10,
    }
    assert found["state"] == "cancelled"


def test_those_that_a_person_has_to_look_at_are_named(room: Newsroom) -> None:
    room.start(15)
    room.suppress("reader3@example.org")
    room.dispatch(mixed)
    room.dispatch(always(Verdict.UNKNOWN))
    found = figures(room)
    assert found["exceptions"] == [
        {
            "address": "reader1@example.org",
            "state": "rejected",
            "reason": "no such mailbox",
            "provider_id": "m1",
        },
        {
            "address": "reader3@example.org",
            "state": "suppressed",
            "reason": "bounced",
            "provider_id": "",
        },
    ]
    assert found["unknown_addresses"] == [f"reader{number}@example.org" for number in range(11, 16)]
    assert found["state"] == "attention"


def test_everybody_who_was_refused_is_named_also_when_all_were(room: Newsroom) -> None:
    room.start(3)
    room.dispatch(always(Verdict.REJECTED, "not verified"))
    found = figures(room)
    assert (found["rejected"], found["state"]) == (3, "sent")
    assert [(one["address"], one["reason"]) for one in found["exceptions"]] == [
        (f"reader{number}@example.org", "not verified") for number in range(1, 4)
    ]


def test_those_who_left_by_a_link_of_this_campaign_are_counted(room: Newsroom) -> None:
    room.send(5)
    for token in room.links.for_batch(1, [1, 2, 2])[0]:
        leave([room.links.read_unsubscribe(token)], store=room.store)
    assert figures(room)["unsubscribed"] == 2


def test_of_an_email_that_cannot_be_read_nothing_is_counted(room: Newsroom) -> None:
    room.start()
    with room.store.begin() as tx:
        tx.db.change("UPDATE content SET document = '{'")
    assert figures(room)["counted"] is None


def test_without_events_the_report_says_that_it_knows_none(room: Newsroom) -> None:
    room.send(5)
    found = figures(room)
    assert found["events_received"] is False
    assert (found["delivered"], found["bounced"], found["complained"]) == (0, 0, 0)


def test_a_summary_names_nobody_who_got_it(room: Newsroom) -> None:
    room.start(5)
    with room.store.read() as tx:
        assert "@example.org" not in json.dumps(load_summary(tx, room.campaign()))


def test_there_is_no_report_of_what_is_not_there(room: Newsroom) -> None:
    with pytest.raises(NotFound, match="there is no campaign 'nothing'"):
        make_report("nothing", store=room.store)


def test_an_outage_of_the_provider_stands_in_the_report(room: Newsroom) -> None:
    room.start(readers=25)
    assert figures(room)["outage"] is None
    room.dispatch(always(Verdict.RETRY))
    outage = figures(room)["outage"]
    assert (outage["people"], outage["tries"]) == (10, 1)
    assert outage["reason"]
    assert outage["next_at"] > room.clock.now().isoformat()
    room.provider.answer = always(Verdict.ACCEPTED)
    room.drain(hours=1)
    assert figures(room)["outage"] is None


def test_vitals_tell_how_long_emails_and_a_due_campaign_have_waited(room: Newsroom) -> None:
    room.write_and_approve()
    room.plan()
    with room.store.begin() as tx:
        tx.emails.inform("ada@forum.example", "Somebody signed in.", tx.now)
    room.clock.advance(minutes=7)
    vitals = load_vitals(store=room.store)
    assert (vitals.emails, vitals.oldest_email_age) == (1, timedelta(minutes=7))
    assert vitals.overdue == timedelta(minutes=2)
