"""How long a batch waits for its turn."""

import pytest

from newsletter.domain.pacing import Pace


def test_without_a_rate_nobody_waits() -> None:
    pace = Pace(rate=None)
    for _ in range(100):
        pace, wait = pace.reserve(1000, now=5.0)
        assert wait == 0


def test_each_turn_takes_as_long_as_its_messages() -> None:
    pace, waits = Pace(rate=10), []
    for messages in (20, 5, 1):
        pace, wait = pace.reserve(messages, now=100.0)
        waits.append(wait)
    assert waits == pytest.approx([0, 2, 2.5])


def test_an_idle_time_is_not_made_up_for_by_a_burst() -> None:
    pace, _ = Pace(rate=10).reserve(10, now=0.0)
    pace, first = pace.reserve(10, now=1000.0)
    pace, second = pace.reserve(10, now=1000.0)
    assert (first, second) == (0, 1)


def test_what_a_turn_did_not_use_is_given_back() -> None:
    pace, _ = Pace(rate=10).reserve(100, now=0.0)
    pace, wait = pace.give_back(90).reserve(10, now=0.0)
    assert wait == 1


def test_giving_back_without_a_rate_changes_nothing() -> None:
    pace = Pace(rate=None)
    assert pace.give_back(90) == pace


@pytest.mark.parametrize("rate", [None, 10.0])
def test_nothing_leaves_while_the_provider_wants_to_be_left_alone(rate: float | None) -> None:
    pace = Pace(rate=rate).block(30, now=100.0)
    assert pace.reserve(1, now=110.0)[1] == 20
    assert pace.reserve(1, now=131.0)[1] == 0


def test_a_shorter_block_does_not_end_a_longer_one() -> None:
    pace = Pace(rate=None).block(30, now=100.0).block(1, now=101.0)
    assert pace.reserve(1, now=110.0)[1] == 20
