"""Contract: a store keeps the rate, and splits a batch of which only a part may be sent."""

from datetime import date, timedelta

from newsletter.domain.campaigns.campaign import Counts
from newsletter.domain.delivery.rate_limit import Cause, RateLimit
from newsletter.store.sql import Store
from tests.contracts.books import LEASE, REJECTED, UNKNOWN, Books, ids
from tests.fakes import NOON

KEPT = RateLimit(
    free_at=NOON + timedelta(microseconds=333),
    blocked_until=NOON + timedelta(hours=1),
    cause=Cause.QUOTA,
    reason="limit reached — “later”",
    failing_since=NOON - timedelta(hours=2),
    day=date(2026, 11, 24),
    used=12_345,
)


class PacesContract:
    def test_a_pace_comes_back_as_it_was_put(self, store: Store) -> None:
        with store.begin() as tx:
            tx.rate_limits.put("mailgun", "forum.example", RateLimit())
            tx.rate_limits.put("mailgun", "forum.example", KEPT)
        with store.read() as tx:
            assert tx.rate_limits.get("mailgun", "forum.example") == KEPT

    def test_each_provider_and_each_domain_has_a_pace_of_its_own(self, store: Store) -> None:
        with store.begin() as tx:
            tx.rate_limits.put("mailgun", "forum.example", KEPT)
        with store.read() as tx:
            assert tx.rate_limits.get("mailgun", "other.example") == RateLimit()
            assert tx.rate_limits.get("postmark", "forum.example") == RateLimit()

    def test_messages_are_counted_for_their_provider_and_domain_alone(self, store: Store) -> None:
        places = [("mailgun", "forum.example"), ("mailgun", "other.example"), ("postmark", "")]
        with store.begin() as tx:
            for place in places:
                tx.rate_limits.put(*place, KEPT)
            assert tx.rate_limits.count(*places[0], 5, day=date(2026, 11, 24), quota=20_000)
        with store.read() as tx:
            used = [tx.rate_limits.get(*place).used for place in places]
        assert used == [12_350, 12_345, 12_345]

    def test_what_left_through_a_provider_is_counted_from_its_claim(self, store: Store) -> None:
        books = Books(store, 10, batch_size=5)
        assert books.settle(books.claim(), n2=REJECTED)
        books.claim(NOON + timedelta(seconds=1))
        with store.read() as tx:
            assert tx.batches.count_sent_since("recording", NOON) == 10
            assert tx.batches.count_sent_since("recording", NOON + timedelta(seconds=1)) == 5
            assert tx.batches.count_sent_since("mailgun", NOON) == 0

    def test_a_batch_of_which_a_part_may_leave_is_parted(self, store: Store) -> None:
        books = Books(store, 10, batch_size=5)
        with books.step() as tx:
            claimed = tx.batches.claim(
                at=NOON, lease=LEASE, attempt_id="a1", allowance={"recording": 2}
            )
        assert claimed is not None
        assert ids(claimed) == [1, 2]
        assert books.settle(claimed)
        assert books.counts() == Counts(accepted=2, pending=8)
        assert books.drain() == [[6, 7, 8, 9, 10], [3, 4, 5]]
        assert books.counts() == Counts(accepted=10)

    def test_a_batch_that_may_leave_whole_is_not_parted(self, store: Store) -> None:
        books = Books(store, 5)
        with books.step() as tx:
            claimed = tx.batches.claim(
                at=NOON, lease=LEASE, attempt_id="a1", allowance={"recording": 5}
            )
        assert claimed is not None
        assert ids(claimed) == [1, 2, 3, 4, 5]

    def test_a_part_that_stays_unknown_names_its_own_readers_alone(self, store: Store) -> None:
        books = Books(store, 4)
        with books.step() as tx:
            tx.readers.erase("reader1@example.org", NOON)
            claimed = tx.batches.claim(
                at=NOON, lease=LEASE, attempt_id="a1", allowance={"recording": 2}
            )
        assert claimed is not None
        assert books.settle(claimed, UNKNOWN)
        assert books.counts() == Counts(suppressed=1, unknown=2, pending=1)
        with store.read() as tx:
            assert tx.campaigns.list_unknown(books.id) == [
                "reader2@example.org",
                "reader3@example.org",
            ]

    def test_urgent_campaigns_go_first_and_then_the_oldest(self, store: Store) -> None:
        first = Books(store, 4, batch_size=2, slug="first")
        Books(store, 2, batch_size=2, slug="second")
        late = Books(store, 4, batch_size=2, slug="late")
        with store.begin() as tx:
            tx.campaigns.change(late.id, release_at=NOON, urgent=True)
        assert late.campaign().urgent
        order = [first.claim().campaign.slug for _ in range(5)]
        assert order == ["late", "late", "first", "first", "second"]

    def test_an_urgent_campaign_whose_batches_wait_holds_nobody_up(self, store: Store) -> None:
        usual = Books(store, 2, slug="usual")
        urgent = Books(store, 2, slug="urgent")
        with store.begin() as tx:
            tx.campaigns.change(urgent.id, release_at=NOON, urgent=True)
        assert urgent.requeue(urgent.claim(), seconds=60)
        assert usual.claim().campaign.slug == "usual"

    def test_a_provider_that_is_forgiven_is_spoken_to_again(self, store: Store) -> None:
        with store.begin() as tx:
            tx.rate_limits.put("mailgun", "forum.example", KEPT)
            tx.rate_limits.put("postmark", "forum.example", KEPT)
            tx.rate_limits.clear_block("mailgun")
            forgiven = tx.rate_limits.get("mailgun", "forum.example")
            assert tx.rate_limits.get("postmark", "forum.example") == KEPT
        assert forgiven.failing_since is None
        assert forgiven.blocked_until < NOON
        assert forgiven.used == KEPT.used

    def test_what_waits_is_claimed_for_the_carrier_at_once(self, store: Store) -> None:
        books = Books(store, 4, batch_size=2)
        waiting = books.claim()
        assert books.requeue(waiting, seconds=600)
        with books.step() as tx:
            assert tx.campaigns.assign_provider(books.id, "second")
            assert not tx.campaigns.assign_provider(books.id, "second")
            assert tx.campaigns.find_fallback_providers() == {"second"}
        assert books.campaign().fallback_provider == "second"
        for room in ({"recording": None, "second": 0}, {"recording": 5, "second": None}):
            with books.step() as tx:
                claimed = tx.batches.claim(at=NOON, lease=LEASE, attempt_id="a2", allowance=room)
            assert (claimed is None) is (room["second"] == 0)
        assert (claimed.provider, ids(claimed)) == ("second", [1, 2])
        with store.read() as tx:
            assert tx.campaigns.find_providers(books.id) == ["second"]

    def test_a_carrier_that_is_not_configured_any_more_is_the_first(self, store: Store) -> None:
        books = Books(store, 2)
        with books.step() as tx:
            tx.campaigns.assign_provider(books.id, "gone")
            claimed = tx.batches.claim(
                at=NOON, lease=LEASE, attempt_id="a", allowance={"new": None}
            )
        assert claimed.provider == "new"
