"""Waiting after a failed try, counting deliveries, and the end of a campaign."""

from dataclasses import fields
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import (
    FIRST_BACKOFF,
    MAX_BACKOFF,
    Answer,
    DeliveryState,
    Origin,
    Outcome,
    Verdict,
    backoff,
    find_origin,
    unique_part,
)
from newsletter.runtime.keys import workspace_name
from tests.rows import rows


def test_the_wait_doubles_with_each_try_up_to_ten_minutes() -> None:
    waits = [backoff(tries, jitter=0).total_seconds() for tries in range(1, 13)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]


@pytest.mark.parametrize("tries", [0, -3])
def test_a_batch_that_was_never_tried_waits_as_after_the_first_try(tries: int) -> None:
    assert backoff(tries, jitter=0) == FIRST_BACKOFF


def test_a_million_tries_wait_no_longer_than_the_longest_wait() -> None:
    assert backoff(1_000_000, jitter=0) == MAX_BACKOFF


@rows(
    ["outcome", "exceptions", "stayed"],
    [
        (Verdict.ACCEPTED, [], 0),
        (Verdict.ACCEPTED, [Verdict.RETRY, Verdict.REJECTED, Verdict.UNKNOWN], 1),
        (Verdict.RETRY, [], 5),
        (Verdict.RETRY, [Verdict.ACCEPTED, Verdict.QUOTA], 4),
    ],
)
def test_messages_that_provably_did_not_leave_are_counted(
    outcome: Verdict, exceptions: list[Verdict], stayed: int
) -> None:
    others = {number: Outcome(verdict=each) for number, each in enumerate(exceptions)}
    answer = Answer(outcome=Outcome(verdict=outcome), exceptions=others)
    assert answer.count_not_sent(5) == stayed


@rows("jitter", [0.0, 0.25, 0.5, 1.0])
def test_jitter_takes_off_up_to_half(jitter: float) -> None:
    assert backoff(5, jitter=jitter).total_seconds() == 16 * (1 - jitter / 2)


def test_what_the_provider_asked_for_is_the_least() -> None:
    hour = timedelta(hours=1)
    assert backoff(1, jitter=1, retry_after=hour) == hour
    assert backoff(9, jitter=0, retry_after=timedelta(seconds=1)) == timedelta(seconds=256)
    assert backoff(3, jitter=0, retry_after=timedelta(0)) == timedelta(seconds=4)


def test_the_audience_is_the_sum_of_all_states() -> None:
    counts = Counts(
        pending=1, accepted=20, rejected=300, suppressed=4000, cancelled=50000, unknown=6
    )
    assert counts.audience == 54327


def test_each_state_of_a_delivery_is_counted() -> None:
    assert [field.name for field in fields(Counts)] == [state.value for state in DeliveryState]
    for state in DeliveryState:
        assert Counts(**{state.value: 3}).audience == 3


def test_what_is_sent_or_cancelled_is_final_and_what_needs_a_person_is_not() -> None:
    final = {state for state in CampaignState if state.is_final}
    assert final == {CampaignState.SENT, CampaignState.CANCELLED}


def test_a_campaign_in_an_ended_state_hands_nothing_over() -> None:
    assert [state for state in CampaignState if state.is_ended] == [
        CampaignState.SENT,
        CampaignState.CANCELLED,
        CampaignState.ATTENTION,
    ]


UNIQUE = "0123456789ab" * 2
OURS, OTHERS = workspace_name(b"k" * 32), workspace_name(b"l" * 32)


def test_a_name_says_whose_it_is_and_what_no_other_has() -> None:
    name = OURS + UNIQUE
    assert name.isalnum()
    assert (name[:12], name[12:]) == (OURS, UNIQUE)
    assert unique_part(name) == UNIQUE
    assert find_origin(name, OURS) is Origin.OURS
    assert find_origin(name, OTHERS) is Origin.ANOTHER


@rows("name", ["", UNIQUE, "a1", UNIQUE + OURS.upper(), OURS + UNIQUE + "0", "ü" * 36])
def test_what_is_no_such_name_says_nothing(name: str) -> None:
    assert find_origin(name, OURS) is Origin.UNNAMED
