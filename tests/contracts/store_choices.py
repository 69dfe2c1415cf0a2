"""Contract: a store keeps the choices of readers, and holds messages during a pause."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import Correction, Counts
from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.delivery.transactional import EmailKind, EmailLimits, TransactionalEmail
from newsletter.domain.events import Bounce, DeliveryStatus, Event, EventKind, EventTarget
from newsletter.domain.subscribers.audience import Audience, SuppressedEntry, SuppressionReason
from newsletter.domain.subscribers.signup import ConsentRecord, Method
from newsletter.store.sql import Store
from tests.contracts.books import PRESS, REJECTED, UNKNOWN, Books, add_campaign, entries, ids
from tests.contracts.store_readers import ANA, suppress
from tests.fakes import NOON

WEEK = NOON + timedelta(days=7)


def pause(store: Store, *numbers: int) -> None:
    with store.begin() as tx:
        for number in numbers:
            tx.choices.set_details(number, paused_until=WEEK)


class ChoicesContract:
    def test_a_pause_ends_when_it_is_over_or_when_the_person_says_so(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(3), NOON)
        pause(store, 1, 2, 3)
        with store.begin() as tx:
            tx.choices.set_details(3, paused_until=None)
            assert tx.audiences.count(PRESS) == 1
            early = WEEK - timedelta(milliseconds=1)
            assert not tx.choices.has_ended_pause(early)
            assert tx.choices.end_pauses(early) == 0
            assert tx.choices.has_ended_pause(WEEK)
            assert tx.choices.end_pauses(WEEK) == 2
            assert not tx.choices.has_ended_pause(WEEK)
            assert tx.audiences.count(PRESS) == 3

    def test_whoever_pauses_is_in_no_audience_and_said_to_pause(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(4), NOON)
            tx.choices.leave(2, ["press"], NOON, 7)
            gone = SuppressedEntry(
                address="reader3@example.org", reason=SuppressionReason.COMPLAINED
            )
            tx.readers.suppress([gone], NOON, "test")
        pause(store, 1, 2, 3)
        with store.read() as tx:
            assert list(tx.audiences.stream_addresses(PRESS)) == ["reader4@example.org"]
            assert tx.audiences.list_excluded(PRESS) == [
                ("reader1@example.org", "paused"),
                ("reader2@example.org", "unsubscribed"),
                ("reader3@example.org", "complained"),
            ]
            everyone = frozenset({""})
            split = Audience(slug="a", original="a", lists=("press",), languages=everyone)
            assert tx.audiences.count(split) == 1

    def test_whoever_pauses_after_the_freeze_is_booked_with_that_reason(self, store: Store) -> None:
        books = Books(store, 3)
        pause(store, 2)
        assert ids(books.claim()) == [1, 3]
        assert books.counts() == Counts(pending=2, suppressed=1)
        with store.read() as tx:
            assert tx.campaigns.list_exceptions(books.id) == [
                ("reader2@example.org", "suppressed", "paused", "")
            ]

    def test_a_correction_goes_to_whoever_has_the_original_even_while_they_pause(
        self, store: Store
    ) -> None:
        Books(store, 2).settled()
        pause(store, 1)
        wanted = Correction(
            by="right",
            original="resignation",
            lists=("press",),
            is_original_unstarted=False,
            ended_campaigns=(),
        )
        with store.read() as tx:
            assert tx.audiences.count(wanted) == 2
            assert tx.audiences.list_excluded(wanted) == []

    @pytest.mark.parametrize("unstarted", [False, True])
    def test_who_waits_for_the_original_gets_no_correction_while_they_pause(
        self, store: Store, unstarted: bool
    ) -> None:
        books = Books(store, 2)
        pause(store, 1)
        wanted = Correction(
            by="right",
            original="resignation",
            lists=("press",),
            is_original_unstarted=unstarted,
            ended_campaigns=(books.campaign(),),
        )
        with store.read() as tx:
            assert list(tx.audiences.stream_addresses(wanted)) == ["reader2@example.org"]
            assert tx.audiences.list_excluded(wanted) == [("reader1@example.org", "paused")]

    def test_joining_confirms_what_had_ended_and_says_what_is_new(self, store: Store) -> None:
        later = NOON + timedelta(hours=1)
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            tx.choices.leave(1, ["press"], NOON, 7)
            assert tx.choices.join(1, ["press", "supporters", "new"], later, ()) == {"press", "new"}
            assert tx.choices.join(1, ["press"], later, ()) == frozenset()
            assert tx.choices.join(1, ["board"], later, ["board"]) == {"board"}
            [waits] = tx.readers.list_requesting(9)
            assert (waits.id, waits.requested, "board" in waits.lists) == (1, ("board",), False)
            tx.choices.confirm_request(1, "board", later)
            assert tx.readers.list_requesting(9) == []
            assert tx.choices.leave(1, ["board"], later) == {"board"}
            assert tx.choices.leave(1, ["new", "nothing"], later) == {"new"}
            assert tx.choices.leave(1, ["new"], later) == frozenset()
            found = tx.readers.get(1)
            assert found.lists == ("press", "supporters")
            assert tx.events.count_reactions([7])[7].unsubscribed == 0

    def test_what_a_person_says_of_themselves_is_written_down(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA, *entries(1)], NOON)
            tx.choices.set_details(1, name="", language="de", timezone="Europe/Berlin")
            chosen, other = tx.readers.get(1), tx.readers.get(2)
        assert (chosen.name, chosen.language, chosen.timezone) == ("", "de", "Europe/Berlin")
        assert (other.name, other.language, other.lists) == ("", "", ("press",))

    def test_a_link_ends_the_lists_of_its_campaign_and_all_where_nobody_knows_them(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(3, "press", "events", "members"), NOON)
            campaign = add_campaign(tx, lists=("press", "members"))
            assert tx.choices.unsubscribe_by_links([], NOON) == []
            links = [(campaign, 1), (99, 2), (campaign, 77), (campaign, 1)]
            assert tx.choices.unsubscribe_by_links(links, NOON) == [(campaign, 77)]
            assert [tx.readers.get(number).lists for number in (1, 2, 3)] == [  # type: ignore[union-attr]
                ("events",),
                (),
                ("events", "members", "press"),
            ]
            assert tx.events.count_reactions([campaign])[campaign].unsubscribed == 1
            tx.choices.leave(3, tx.readers.get(3).lists, NOON, campaign)  # type: ignore[union-attr]
            assert tx.readers.get(3).lists == ()  # type: ignore[union-attr]
            assert tx.events.count_reactions([campaign])[campaign].unsubscribed == 2

    def test_a_data_export_names_what_became_of_each_delivery(self, store: Store) -> None:
        states = {}
        books = Books(store, 6, batch_size=2, slug="first", beside=False).settled(n2=REJECTED)
        books.settle(books.claim(), UNKNOWN)
        with store.read() as tx:
            for number in range(1, 8):
                [found] = tx.data_exports.collect(number).get("deliveries") or [None]
                states[number] = found and (found["statement"], found["state"])
        assert states == {
            1: ("first", "accepted"),
            2: ("first", "rejected"),
            3: ("first", "unknown"),
            4: ("first", "unknown"),
            5: ("first", "pending"),
            6: ("first", "pending"),
            7: None,
        }
        with books.step() as tx:
            tx.unknowns.decide(books.id, Resolution.GIVE_UP, NOON)
            [given_up] = tx.data_exports.collect(3)["deliveries"]
        assert given_up["state"] == "unknown"
        books.settle(books.claim())
        other = Books(store, [], batch_size=2, slug="second", beside=False)
        other.settle(other.claim(), REJECTED)
        with store.read() as tx:
            assert [one["state"] for one in tx.data_exports.collect(1)["deliveries"]] == [
                "accepted",
                "rejected",
            ]

    def test_a_data_export_has_all_that_is_kept_and_nothing_of_anybody_else(
        self, store: Store
    ) -> None:
        books = Books(store, [ANA, *entries(1)]).settled()
        told = Event(id="e1", kind=EventKind.BOUNCED, at=NOON, raw='{"a": [1]}')
        other = replace(told, id="e2", raw="not JSON")
        bounce = DeliveryStatus(
            campaign_id=books.id,
            subscriber_id=1,
            kind=EventKind.BOUNCED,
            at=NOON,
            bounce=Bounce.SOFT,
            reason="full",
        )
        email = TransactionalEmail(
            id=0, kind=EmailKind.MOVE, address="new@example.org", asked_at=NOON
        )
        record = ConsentRecord(
            list="press", given=True, method=Method.PREFERENCES, source="page", at=NOON
        )
        with books.step() as tx:
            tx.choices.set_details(1, paused_until=WEEK)
            tx.events.store_events("mailgun", [(told, EventTarget(subscriber_id=1))], NOON)
            tx.events.store_events("mailgun", [(other, EventTarget(subscriber_id=1))], NOON)
            tx.events.store_statuses([bounce])
            for one in (replace(email, subscriber_id=1), replace(email, address=ANA.address)):
                limits = EmailLimits()
                tx.emails.ask(replace(one, kind=one.kind), network="", limits=limits)
            wording = tx.consents.store_words("Yes, all of it.", "en", NOON)
            tx.consents.add(1, [replace(record, wording=wording)])
            suppress(tx, ANA.address)
        with store.read() as tx:
            found: Any = tx.data_exports.collect(1)
            assert tx.data_exports.collect(99) == {}
            shown = json.dumps(found)
        assert found["subscriber"]["paused_until"] == WEEK.isoformat()
        assert found["subscriber"]["consent_when_imported"]["source"] == "web form"
        assert found["suppression"]["reason"] == "manual"
        assert {one["list"] for one in found["subscriptions"]} == {"press", "supporters"}
        assert [one["words"] for one in found["consents"]] == ["Yes, all of it."]
        assert [one["address"] for one in found["emails"]] == ["new@example.org", ANA.address]
        assert [one["lists"] for one in found["emails"]] == [list(email.lists)] * 2
        assert [one["raw"] for one in found["events"]] == [{"a": [1]}, "not JSON"]
        assert [one["reason"] for one in found["delivery_statuses"]] == ["full"]
        assert "reader1@" not in shown

    def test_an_address_is_found_however_it_is_written(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        for raw in [
            '{"to": "JOSé@München.Example"}',
            '{"to": "jos\\u00e9@m\\u00fcnchen.example"}',
            "rcpt=JOSé@xn--mnchen-3ya.example",
            "rcpt=jose\u0301@xn--mnchen-3ya.example",
            "https://x.example/?to=jos%C3%A9%40xn--mnchen-3ya.example",
        ]:
            with subtests.test(raw=raw):
                told = Event(id="e1", kind=EventKind.OTHER, at=NOON, raw=raw)
                friend = replace(told, id="e2", raw="friend@example.org")
                with store.begin() as tx:
                    tx.events.store_events(
                        "mailgun", [(told, EventTarget()), (friend, EventTarget())], NOON
                    )
                    traces = tx.traces.find(
                        "josé@münchen.example" if "É" not in raw else "JosÉ@münchen.example"
                    )
                    tx.traces.erase(traces)
                    assert len(traces) == 1
                    assert tx.traces.find("josé@münchen.example") == []
                    assert len(tx.traces.find("Friend@example.org")) == 1

    def test_a_reason_of_somebody_elses_that_quotes_an_address_is_emptied(
        self, store: Store
    ) -> None:
        books = Books(store, 2)
        bad = replace(REJECTED, reason="forwarded to <ANA@example.org>: full")
        books.settle(books.claim(), n2=bad)
        with books.step() as tx:
            tx.traces.erase(tx.traces.find("ana@example.org"))
            assert tx.traces.find("ana@example.org") == []
            [(_, state, reason, _)] = tx.campaigns.list_exceptions(books.id)
        assert (state, reason) == ("rejected", "")

    def test_whoever_is_forgotten_leaves_no_letter_and_no_consent(self, store: Store) -> None:
        email = TransactionalEmail(id=0, kind=EmailKind.JOIN, address=ANA.address, asked_at=NOON)
        record = ConsentRecord(
            list="press", given=True, method=Method.PREFERENCES, source="page", at=NOON
        )
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            tx.emails.ask(email, network="", limits=EmailLimits())
            move = replace(email, kind=EmailKind.MOVE, address="new@b.example", subscriber_id=1)
            tx.emails.ask(move, network="", limits=EmailLimits())
            tx.consents.add(1, [record])
            assert tx.traces.erasure_due_since() is None
            tx.readers.erase(ANA.address, NOON)
            assert tx.emails.get(1) is None
            assert tx.emails.get(2) is None
            assert tx.consents.list_for(1) == []
            assert tx.traces.erasure_due_since() == NOON, "what is left is to be overwritten"
        assert store.secure_erase()
        with store.read() as tx:
            assert tx.traces.erasure_due_since() is None

    def test_whoever_moved_and_is_forgotten_leaves_no_old_address_either(
        self, store: Store
    ) -> None:
        email = TransactionalEmail(id=0, kind=EmailKind.JOIN, address=ANA.address, asked_at=NOON)
        with store.begin() as tx:
            tx.emails.ask(email, network="", limits=EmailLimits())
            stranger = replace(email, address="bo@example.org")
            tx.emails.ask(stranger, network="", limits=EmailLimits())
            tx.readers.upsert([ANA], NOON)
            suppress(tx, ANA.address, SuppressionReason.BOUNCED)
            assert tx.readers.change_address(1, "new@example.org")
            assert tx.readers.suppression_reason(ANA.address) is SuppressionReason.BOUNCED
            tx.readers.erase("new@example.org", NOON)
            assert (tx.emails.get(1), tx.emails.get(2).address) == (None, stranger.address)
            assert list(tx.readers.stream_suppressions()) == []
            assert tx.readers.suppression_reason(ANA.address) is SuppressionReason.ERASED

    @pytest.mark.parametrize("reason", SuppressionReason)
    def test_staff_end_a_suppression_of_any_kind(
        self, store: Store, reason: SuppressionReason
    ) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA, *entries(1)], NOON)
            suppress(tx, ANA.address, reason)
            suppress(tx, "reader1@example.org", reason)
            assert tx.readers.lift("ANA@example.org", by_staff=True)
            assert not tx.readers.lift(ANA.address, by_staff=True)
            assert tx.readers.suppression_reason(ANA.address) is None
            assert tx.readers.suppression_origin(ANA.address) == ""
            assert tx.readers.suppression_reason("reader1@example.org") is reason
