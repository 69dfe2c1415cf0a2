"""Contract: a store freezes an audience once, and moves campaigns between states by rule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Counts
from newsletter.domain.delivery.batch import BatchState
from newsletter.domain.errors import NewsletterError
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.store.sql import Store
from tests.contracts.books import PRESS, Books, add_campaign, content, entries, ids
from tests.fakes import NOON


class CampaignsContract:
    def test_links_that_count_are_known_once_and_only_their_numbers_grow(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            tx.counted_links.add("a" * 16, {0: "", 1: "https://forum.example/a?b=c&d"})
            tx.counted_links.add("a" * 16, {1: "https://evil.example", 2: "https://forum.example"})
        for _ in range(2):
            with store.begin(is_durable=False) as tx:
                tx.counted_links.increase({("a" * 16, 1): 2, ("a" * 16, 9): 5, ("b" * 16, 0): 1})
                tx.counted_links.increase({})
        with store.read() as tx:
            assert tx.counted_links.list_for("a" * 16) == [
                (0, "", 0),
                (1, "https://forum.example/a?b=c&d", 4),
                (2, "https://forum.example", 0),
            ]
            assert tx.counted_links.list_for("b" * 16) == []
            found = [tx.counted_links.find_target("a" * 16, number) for number in (0, 2, 3, -1)]
            assert found == ["", "https://forum.example", None, None]

    def test_a_welcome_email_gets_its_readers_one_by_one_and_hands_them_on(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(2), NOON)
            begun = [add_campaign(tx, slug, welcome=True) for slug in ("hello", "hi", "welcome")]
            for number in begun:
                expect = {CampaignState.SCHEDULED}
                tx.campaigns.change_state(number, CampaignState.SENDING, expect=expect, at=NOON)
            found = tx.campaigns.list_running_welcomes(["sport", "press"])
            assert [one.id for one in found] == begun[::-1]
            assert (
                tx.campaigns.list_running_welcomes(["sport"])
                == tx.campaigns.find_sending_ids()
                == []
            )
            old, other, new = begun
            for campaign, reader in ((old, 1), (old, 1), (old, 2), (other, 1), (other, 3)):
                tx.batches.add_reader(campaign, reader)
            assert tx.campaigns.find_sending_ids() == [old, other]
            tx.campaigns.move_queued(old, new)
            tx.campaigns.move_queued(other, new)
            found = [tx.campaigns.get(number) for number in begun]
            figures = [one and one.counts.pending for one in found]
            assert figures == [0, 1, 3]  # nobody is in the new one twice

    def test_a_campaign_comes_back_as_it_was_added(self, store: Store) -> None:
        with store.begin() as tx:
            campaign = Campaign(
                id=0,
                slug="resignation",
                content_hash=tx.statements.store_content(content(), NOON),
                state=CampaignState.SCHEDULED,
                release_at=NOON + timedelta(milliseconds=1),
                approved_by=("ed@forum.example", "josé@forum.example"),
                lists=("press", "supporters"),
                provider="recording",
                corrects="earlier",
                reason="because",
            )
            number = tx.campaigns.add(campaign, NOON)
        with store.read() as tx:
            assert tx.campaigns.get(number) == replace(campaign, id=number, counts=Counts())

    def test_there_is_no_campaign_of_content_that_is_not_kept(self, store: Store) -> None:
        with store.begin() as tx:
            number = add_campaign(tx)
            campaign = tx.campaigns.get(number)
        assert campaign is not None
        with pytest.raises(NewsletterError), store.begin() as tx:
            tx.campaigns.add(replace(campaign, content_hash="f" * 64), NOON)
        with store.read() as tx:
            assert [one.id for one in tx.campaigns.list_newest(None)[::-1]] == [number]

    def test_the_latest_campaign_of_a_statement_is_the_one_added_last(self, store: Store) -> None:
        with store.begin() as tx:
            first, second = add_campaign(tx), add_campaign(tx)
            other = add_campaign(tx, "other")
            latest = tx.campaigns.find_latest("resignation")
            assert latest.id == second
            assert tx.campaigns.find_latest("nothing") is None
            assert tx.campaigns.get(other + 1) is None
            assert [one.id for one in tx.campaigns.list_newest(None)[::-1]] == [
                first,
                second,
                other,
            ]

    def test_those_due_come_oldest_first_and_no_others(self, store: Store) -> None:
        with store.begin() as tx:
            late = add_campaign(tx, "late", release_at=NOON)
            early = add_campaign(tx, "early", release_at=NOON - timedelta(hours=1))
            add_campaign(tx, "future", release_at=NOON + timedelta(milliseconds=1))
            held = add_campaign(tx, "held", release_at=NOON)
            tx.campaigns.change_state(
                held, CampaignState.PAUSED, expect=[CampaignState.SCHEDULED], at=NOON
            )
            assert [one.id for one in tx.campaigns.list_scheduled(until=NOON)] == [early, late]
            tx.campaigns.change(early, release_at=NOON + timedelta(hours=1), urgent=False)
            tx.campaigns.change(late, approved_by=("ana@forum.example", "ben@forum.example"))
            [due] = tx.campaigns.list_scheduled(until=NOON)
            assert (due.id, due.approved_by) == (late, ("ana@forum.example", "ben@forum.example"))

    def test_those_that_are_sending_are_listed_and_no_others(self, store: Store) -> None:
        first, second = Books(store, 1, slug="first"), Books(store, [], slug="second")
        with store.begin() as tx:
            add_campaign(tx, "third")
        for expected in ({first.id, second.id}, {second.id}):
            with store.read() as tx:
                assert set(tx.campaigns.find_sending_ids()) == expected
            first.move(CampaignState.PAUSED)

    def test_a_state_moves_only_from_where_it_was_expected(self, store: Store) -> None:
        with store.begin() as tx:
            number = add_campaign(tx)
            sending = [CampaignState.SENDING]
            assert not tx.campaigns.change_state(
                number, CampaignState.PAUSED, expect=sending, at=NOON
            )
            assert not tx.campaigns.change_state(
                number + 1, CampaignState.PAUSED, expect=list(CampaignState), at=NOON
            )
            unchanged = tx.campaigns.get(number)
        assert unchanged.state is CampaignState.SCHEDULED

    def test_moving_keeps_the_first_start_and_the_last_end(self, store: Store) -> None:
        books = Books(store, 1)
        later = NOON + timedelta(hours=1)
        for state in (CampaignState.PAUSED, CampaignState.SENDING, CampaignState.ATTENTION):
            with books.step() as tx:
                tx.campaigns.change_state(
                    books.id, state, expect=list(CampaignState), at=later, reason=state.value
                )
        ended = books.campaign()
        assert (ended.started_at, ended.finished_at) == (NOON, later)
        assert ended.reason == "attention"
        books.move(CampaignState.SENDING)
        assert books.campaign().finished_at is None
        assert books.campaign().reason == ""

    @pytest.mark.parametrize(("people", "size"), [(1, 1), (10, 10), (11, 10), (25, 10), (7, 3)])
    def test_an_audience_is_frozen_in_full_batches_and_a_rest(
        self, store: Store, people: int, size: int
    ) -> None:
        books = Books(store, people, batch_size=size)
        assert books.size == people
        assert books.counts() == Counts(pending=people)
        taken = books.drain()
        assert len(taken) == -(-people // size)
        assert [len(one) for one in taken[:-1]] == [size] * (len(taken) - 1)
        everybody = [number for one in taken for number in one]
        assert everybody == sorted(set(everybody))
        assert len(everybody) == people

    def test_whoever_is_on_two_lists_is_in_the_audience_once(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(3, "press"), NOON)
        books = Books(store, entries(3, "events", start=2), lists=["press", "events"])
        assert books.size == 4

    def test_nobody_who_left_or_is_suppressed_is_in_the_audience(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(4), NOON)
            bounced = SuppressionReason.BOUNCED
            gone = [SuppressedEntry(address="READER1@example.org", reason=bounced)]
            tx.readers.suppress(gone, NOON, "test")
            left = tx.readers.find("reader2@example.org")
            tx.choices.leave(left.id, ["press"], NOON, 1)
        books = Books(store, [])
        assert books.size == 2
        assert [address for _, address in books.claim().members] == [
            "reader3@example.org",
            "reader4@example.org",
        ]

    def test_whoever_joins_after_the_freeze_is_not_in_the_audience(self, store: Store) -> None:
        books = Books(store, 2)
        with books.step() as tx:
            tx.readers.upsert(entries(5), NOON)
        assert len(ids(books.claim())) == 2
        assert books.try_claim() is None

    def test_an_audience_is_frozen_only_once(self, store: Store) -> None:
        books = Books(store, 3)
        with pytest.raises(NewsletterError), store.begin() as tx:
            tx.audiences.freeze(books.id, PRESS, 10)
        books.check()
        assert books.drain() == [[1, 2, 3]]

    def test_an_audience_of_nobody_has_no_batches(self, store: Store) -> None:
        books = Books(store, 0)
        assert books.size == 0
        assert books.try_claim() is None
        with store.read() as tx:
            assert not tx.batches.is_open(books.id)

    def test_the_figures_of_two_campaigns_are_kept_apart(self, store: Store) -> None:
        first = Books(store, 5, batch_size=2, slug="first", beside=False)
        second = Books(store, [], batch_size=3, slug="second", beside=False)
        assert first.settle(first.claim())
        assert first.counts() == Counts(pending=3, accepted=2)
        assert second.counts() == Counts(pending=5)
        with store.read() as tx:
            by_all = {one.id: one.counts for one in tx.campaigns.list_newest(None)[::-1]}
        assert by_all == {first.id: first.counts(), second.id: second.counts()}

    def test_cancelling_what_waits_leaves_what_is_under_way(self, store: Store) -> None:
        books = Books(store, 25).settled()
        under_way = books.claim()
        with books.step() as tx:
            tx.campaigns.cancel_pending(books.id)
        assert books.counts() == Counts(accepted=10, pending=10, cancelled=5)
        with books.step() as tx:
            tx.campaigns.cancel_pending(books.id)
        assert books.settle(under_way)
        assert books.counts() == Counts(accepted=20, cancelled=5)
        assert books.try_claim() is None

    def test_what_is_cancelled_in_doubt_may_have_arrived(self, store: Store) -> None:
        books = Books(store, 3)
        with books.step() as tx:
            tx.campaigns.cancel_pending(books.id, to=BatchState.GIVEN_UP)
            assert tx.batches.count_unreached(books.id) == 0
            assert {state for _, state in tx.campaigns.list_unsent(books.id)} == {"given up"}
        assert books.counts() == Counts(cancelled=3)
