"""Contract: a store sends at hours by readers' own clocks: each batch waits for one instant."""

import random
from datetime import timedelta

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import LaterReaders
from newsletter.domain.events import Event, EventKind
from newsletter.domain.schedule import ByZone
from newsletter.domain.subscribers.audience import Audience, Entry
from newsletter.store.sql import Store
from tests.contracts.books import ACCEPTED, BUSY, LEASE, PRESS, UNKNOWN, Books, add_campaign, ids
from tests.fakes import NOON

TOKYO, BERLIN, NEW_YORK = "Asia/Tokyo", "Europe/Berlin", "America/New_York"
HOUR = timedelta(hours=1)
BY_ZONE = ByZone(
    instants={TOKYO: NOON - HOUR, BERLIN: NOON + HOUR, NEW_YORK: NOON + 7 * HOUR},
    otherwise=NOON + 7 * HOUR,
)


def people(zones: list[str]) -> list[Entry]:
    return [
        Entry(address=f"reader{number}@example.org", lists=("press",), timezone=zone)
        for number, zone in enumerate(zones, start=1)
    ]


class Timed(Books):
    """A campaign whose readers have hours of their own."""

    def __init__(
        self, store: Store, zones: list[str], *, batch_size: int = 2, by_zone: ByZone = BY_ZONE
    ) -> None:
        self.store = store
        with store.begin() as tx:
            tx.readers.upsert(people(zones), NOON)
            self.id = add_campaign(tx)
            self.move(CampaignState.SENDING, tx)
            self.size = tx.audiences.freeze(self.id, PRESS, batch_size, by_zone)
        self.check()

    def due(self, at: timedelta) -> list[list[int]]:
        """Claim and accept all that is due; returns the members of each batch."""
        taken = []
        while (claimed := self.try_claim(NOON + at)) is not None:
            taken.append(ids(claimed))
            assert self.settle(claimed)
        return taken

    def due_by(self, at: timedelta) -> bool:
        with self.store.read() as tx:
            return tx.batches.count_open().due_by(NOON + at)

    def later(self, at: timedelta = timedelta(0)) -> LaterReaders | None:
        with self.store.read() as tx:
            return tx.batches.find_later_readers(self.id, NOON + at)


class HoursContract:
    def test_each_batch_holds_readers_of_one_instant_and_waits_for_it(self, store: Store) -> None:
        books = Timed(store, [BERLIN, TOKYO, "", BERLIN, NEW_YORK, BERLIN, TOKYO, "Mars/Olympus"])
        assert books.size == 8
        assert books.due(timedelta(0)) == [[2, 7]]
        assert books.due(HOUR - timedelta(milliseconds=1)) == []
        assert books.due(HOUR) == [[1, 4], [6]]
        assert books.due(6 * HOUR) == []
        assert books.due(7 * HOUR) == [[3, 5], [8]]
        assert books.counts().accepted == 8

    def test_whatever_the_zones_every_reader_is_in_one_batch_of_their_instant(
        self, store: Store
    ) -> None:
        chance = random.Random(5)  # noqa: S311 - the same each time
        zones = [chance.choice([TOKYO, BERLIN, NEW_YORK, ""]) for _ in range(200)]
        books = Timed(store, zones, batch_size=7)
        assert books.size == 200
        taken: list[int] = []
        for at, named in ((0, {TOKYO}), (1, {BERLIN}), (7, {NEW_YORK, ""})):
            batches = books.due(at * HOUR)
            assert all(len(one) == 7 for one in batches[:-1])
            assert {zones[number - 1] for one in batches for number in one} == named
            taken += [number for one in batches for number in one]
        assert sorted(taken) == list(range(1, 201))

    def test_who_waits_for_their_hour_is_told_apart_from_what_was_put_back(
        self, store: Store
    ) -> None:
        books = Timed(store, [TOKYO, BERLIN, BERLIN, NEW_YORK])
        later = LaterReaders(next_at=NOON + HOUR, last_at=NOON + 7 * HOUR, readers=3)
        assert books.later() == later
        assert books.due_by(timedelta(0))  # that of Tokyo is
        assert books.requeue(books.claim(), seconds=3600)
        assert books.later() == later
        assert books.due_by(timedelta(0))  # it waits for something else
        assert books.due(2 * HOUR) == [[1], [2, 3]]
        assert books.later() == LaterReaders(
            next_at=NOON + 7 * HOUR, last_at=NOON + 7 * HOUR, readers=1
        )
        assert not books.due_by(6 * HOUR)
        assert books.due_by(7 * HOUR)
        assert books.later(7 * HOUR) is None
        assert books.due(7 * HOUR) == [[4]]
        assert not books.due_by(7 * HOUR)

    def test_failing_over_hurries_what_was_put_back_and_nobodys_hour(self, store: Store) -> None:
        books = Timed(store, [TOKYO, TOKYO, BERLIN])
        assert books.settle(books.claim(), ACCEPTED, n2=BUSY)
        with books.step() as tx:
            assert tx.campaigns.assign_provider(books.id, "second")
            claimed = tx.batches.claim(
                at=NOON, lease=LEASE, attempt_id="a2", allowance={"second": None}
            )
        assert claimed is not None
        assert ids(claimed) == [2]
        assert books.try_claim(NOON) is None
        assert books.later() == LaterReaders(next_at=NOON + HOUR, last_at=NOON + HOUR, readers=1)

    def test_an_event_finds_its_reader_in_however_many_hours_they_are(self, store: Store) -> None:
        hours = [f"Etc/GMT-{number}" for number in range(1, 9)]
        by_zone = ByZone(
            instants={zone: NOON + place * HOUR for place, zone in enumerate(hours)}, otherwise=NOON
        )
        books = Timed(store, hours * 3, batch_size=10, by_zone=by_zone)
        assert ids(claimed := books.claim()) == [1, 9, 17]
        assert books.settle(claimed, UNKNOWN)
        with books.step() as tx:
            event = Event(
                id="e",
                kind=EventKind.DELIVERED,
                at=NOON,
                address="reader17@example.org",
                campaign="resignation",
            )
            [place] = tx.events.locate([event], provider="recording", workspace="")
            assert place.delivery == (books.id, 17)
            assert tx.unknowns.confirm(books.id, {9: "", 17: ""}, at=NOON, reason="told") == 2
        assert books.counts() == Counts(accepted=2, unknown=1, pending=21)

    def test_who_leaves_before_their_hour_gets_nothing(self, store: Store) -> None:
        books = Timed(store, [BERLIN, BERLIN, NEW_YORK])
        with books.step() as tx:
            tx.choices.leave(1, ["press"], NOON, books.id)
        assert books.due(HOUR) == [[2]]
        with books.step() as tx:
            tx.campaigns.cancel_pending(books.id)
        assert books.later() is None
        assert (books.counts().suppressed, books.counts().cancelled) == (1, 1)

    def test_a_member_of_a_family_has_hours_too(self, store: Store) -> None:
        Books(store, 1, slug="forum")
        split = Audience(
            slug="forum-es", original="forum", lists=("press",), languages=frozenset({""})
        )
        with store.begin() as tx:
            tx.readers.upsert(people(["", TOKYO, BERLIN]), NOON)
            number = add_campaign(tx, "forum-es")
            assert tx.audiences.freeze(number, split, 10, BY_ZONE) == 2
            later = tx.batches.find_later_readers(number, NOON)
        assert later == LaterReaders(next_at=NOON + HOUR, last_at=NOON + HOUR, readers=1)
