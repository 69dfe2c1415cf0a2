"""Asking for events: nothing is passed over, and being told twice is all it costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from newsletter.domain.errors import ProviderUnreachable
from newsletter.domain.events import Event, EventKind, EventPage
from newsletter.pipeline.events.record import Polled, Poller
from tests.fakes import NOON, FixedClock

MINUTE = timedelta(minutes=1)
LATENESS = timedelta(minutes=30)


@dataclass
class Listed:
    """A provider's list of what happened, of which some appears late."""

    events: list[tuple[datetime, Event]] = field(default_factory=list)
    """When it can be seen, and what."""
    most: int = 100
    """Events that one round tells."""
    reach: timedelta = timedelta(days=3)
    lateness: timedelta = LATENESS
    broken: bool = False
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def read(self, begin: datetime, end: datetime) -> Iterator[EventPage]:
        self.asked.append((begin, end))
        seen = sorted((e for at, e in self.events if at <= end), key=lambda event: event.at)
        matching = [event for event in seen if begin <= event.at <= end]
        for event in matching[: self.most]:
            yield EventPage(events=(event,), until=event.at)
        if self.broken:
            raise ProviderUnreachable("nobody there")
        whole = len(matching) <= self.most
        yield EventPage(events=(), until=end if whole else None)


def happened(number: int, at: datetime, *, seen: datetime | None = None) -> tuple[datetime, Event]:
    return seen or at, Event(id=str(number), kind=EventKind.DELIVERED, at=at)


@dataclass
class Scene:
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    listed: Listed = field(default_factory=Listed)
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.poller = Poller(history=self.listed, record=self.hear, clock=self.clock)

    def hear(self, events: Sequence[Event]) -> None:
        self.heard += [event.id for event in events]

    def poll(self, after: timedelta = timedelta(0)) -> Polled:
        self.clock.advance(seconds=after.total_seconds())
        return self.poller.poll()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_at_first_it_asks_as_far_back_as_the_provider_lists(scene: Scene) -> None:
    scene.listed.events = [happened(1, NOON - timedelta(days=2)), happened(2, NOON)]
    assert scene.poll() == Polled(events=2)
    assert scene.listed.asked == [(NOON - timedelta(days=3), NOON)]
    assert scene.heard == ["1", "2"]


def test_later_it_asks_again_only_for_what_may_have_been_late(scene: Scene) -> None:
    scene.poll()
    scene.poll(5 * MINUTE)
    assert scene.listed.asked[1] == (NOON - LATENESS, NOON + 5 * MINUTE)


def test_an_event_that_is_listed_late_is_heard(scene: Scene) -> None:
    scene.poll()
    scene.listed.events = [happened(1, NOON - MINUTE, seen=NOON + 20 * MINUTE)]
    for _ in range(6):
        scene.poll(5 * MINUTE)
    assert set(scene.heard) == {"1"}


def test_a_round_that_ends_early_goes_on_where_it_came_to(scene: Scene) -> None:
    long_ago = NOON - timedelta(days=1)
    scene.listed.events = [happened(n, long_ago + n * MINUTE) for n in range(10)]
    scene.listed.most = 4
    for _ in range(4):
        scene.poll(MINUTE)
    assert set(scene.heard) == {str(number) for number in range(10)}


def test_what_breaks_off_is_asked_for_again(scene: Scene) -> None:
    scene.listed.events = [happened(1, NOON - timedelta(days=1))]
    scene.listed.broken = True
    assert scene.poll() == Polled(events=1, reason="nobody there")
    scene.listed.events.append(happened(2, NOON - timedelta(hours=23)))
    scene.listed.broken = False
    assert not scene.poll(MINUTE).reason
    assert set(scene.heard) == {"1", "2"}


def test_a_list_that_says_nothing_of_how_far_it_goes_is_read_again_from_the_start(
    scene: Scene,
) -> None:
    scene.listed.most = 0
    scene.listed.events = [happened(1, NOON - MINUTE)]
    scene.poll()
    scene.poll(MINUTE)
    assert scene.listed.asked[1][0] == NOON + MINUTE - timedelta(days=3)


def test_whoever_is_stopped_breaks_off_after_the_page_at_hand(scene: Scene) -> None:
    scene.listed.events = [happened(n, NOON - timedelta(hours=9 - n)) for n in range(5)]
    scene.poller.stopped = lambda: len(scene.heard) == 2
    assert scene.poll() == Polled(events=2)
    scene.poller.stopped = lambda: False
    scene.poll()
    assert set(scene.heard) == {str(number) for number in range(5)}
