"""Posts that wait at the same time are recorded together, each answered with what became of it."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from newsletter.domain.errors import Defect, StoreUnavailable
from newsletter.domain.events import Event, EventKind
from newsletter.web.http.group_commit import GroupCommit
from tests.fakes import NOON

PATIENCE = 60


def events(name: str, count: int = 1) -> tuple[Event, ...]:
    return tuple(
        Event(id=f"{name}{number}", kind=EventKind.DELIVERED, at=NOON) for number in range(count)
    )


class Slow:
    """A database that is busy with the first post until it is let go."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], int]] = []
        self.busy, self.go = threading.Event(), threading.Event()
        self.fails: dict[str, Exception] = {}

    def record(self, told: tuple[Event, ...], posts: int) -> None:
        names = [event.id for event in told]
        self.taken.append((names, posts))
        if len(self.taken) == 1:
            self.busy.set()
            assert self.go.wait(PATIENCE)
        for name in self.fails.keys() & set(names):
            raise self.fails[name]


def post_while_busy(slow: Slow, *posts: tuple[Event, ...]) -> list[Future[None]]:
    """The first post; the others while it is being written down."""
    gathering = GroupCommit(slow.record)
    with ThreadPoolExecutor(len(posts)) as pool:
        futures = [pool.submit(gathering.record, posts[0])]
        assert slow.busy.wait(PATIENCE)
        for number, post in enumerate(posts[1:], start=1):
            futures.append(pool.submit(gathering.record, post))
            while len(gathering._waiting) < number:
                threading.Event().wait(0.001)
        slow.go.set()
        wait(futures, PATIENCE)
    return futures


def test_a_post_that_is_alone_is_recorded_alone() -> None:
    slow = Slow()
    slow.go.set()
    GroupCommit(slow.record).record(events("a", 2))
    assert slow.taken == [(["a0", "a1"], 1)]


def test_those_who_wait_are_recorded_in_one_go_and_in_their_order() -> None:
    slow = Slow()
    futures = post_while_busy(slow, events("a"), events("b"), events("c", 2), events("d"))
    assert slow.taken == [(["a0"], 1), (["b0", "c0", "c1", "d0"], 3)]
    assert [future.result() for future in futures] == [None] * 4


def test_no_more_than_a_thousand_events_of_several_posts_are_recorded_in_one_go() -> None:
    slow = Slow()
    post_while_busy(slow, events("a"), events("b", 600), events("c", 400), events("d", 1_500))
    assert [(len(names), posts) for names, posts in slow.taken] == [(1, 1), (1_000, 2), (1_500, 1)]


def test_each_hears_of_the_failure_that_met_its_own_post() -> None:
    slow = Slow()
    slow.fails = {"b0": StoreUnavailable("full")}
    first, *others = post_while_busy(slow, events("a"), events("b"), events("c"))
    assert first.result() is None
    for future in others:
        with pytest.raises(StoreUnavailable, match="full"):
            future.result()
    assert len(slow.taken) == 2


def test_what_is_wrong_in_one_post_does_not_keep_the_others_out() -> None:
    slow = Slow()
    slow.fails = {"b0": Defect("broken")}
    first, broken, last = post_while_busy(slow, events("a"), events("b"), events("c"))
    with pytest.raises(Defect, match="broken"):
        broken.result()
    assert (first.result(), last.result()) == (None, None)
    assert slow.taken[1:] == [(["b0", "c0"], 2), (["b0"], 1), (["c0"], 1)]


def test_what_is_wrong_in_one_event_does_not_keep_the_others_of_its_post_out() -> None:
    slow = Slow()
    slow.go.set()
    slow.fails = {"a2": Defect("broken")}
    with pytest.raises(Defect, match="broken"):
        GroupCommit(slow.record).record(events("a", 4))
    assert slow.taken[1:] == [(["a0", "a1"], 1), (["a2", "a3"], 1), (["a2"], 1), (["a3"], 1)]
