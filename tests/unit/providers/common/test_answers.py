"""The shared reading of answers."""

from datetime import timedelta

import pytest

from newsletter.domain.delivery.batch import Outcome, Verdict
from newsletter.domain.statements.content import Recipient
from newsletter.providers.common.answers import (
    combine,
    read_outcomes,
    refuse_by_status,
    reject_or_split,
)
from newsletter.transport.http import HttpResponse, longest
from tests.contracts.provider import batch

ALONE = batch("ana@a.example")
LATER = HttpResponse(status=200, headers={"retry-after": "7"})
A, R, U = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.UNKNOWN
RETRY, QUOTA, SETTING = Verdict.RETRY, Verdict.QUOTA, Verdict.CONFIGURATION


def test_a_refusal_that_says_no_more_is_read_by_its_status(subtests: pytest.Subtests) -> None:
    for status, several, one in [
        *((status, U, U) for status in (100, 103, 200, 202, 206)),
        *((status, U, U) for status in (300, 301, 302, 303, 304, 307, 308)),
        *((status, SETTING, SETTING) for status in (400, 402, 405, 406, 410, 422, 451)),
        *((status, SETTING, SETTING) for status in (401, 403, 404, 418)),
        *((status, U, U) for status in (408, 409, 425)),
        *((status, U, U) for status in (419, 420, 444, 460, 463, 494, 498, 499)),
        (413, Verdict.SPLIT, SETTING),
        (429, RETRY, RETRY),
        *((status, U, U) for status in (500, 501, 502, 503, 504, 520, 599, 600, 999)),
    ]:
        response = HttpResponse(status=status, headers={"retry-after": "7"})
        for sent, verdict in ((batch(), several), (ALONE, one)):
            with subtests.test(status=status, readers=len(sent.recipients)):
                answer = refuse_by_status(sent, response, "why")
                assert answer.outcome == Outcome(verdict=verdict, reason="why")
                assert answer.retry_after == (timedelta(seconds=7) if verdict is RETRY else None)


def test_a_provider_says_what_its_other_refusals_mean() -> None:
    for status, verdict in [(422, R), (401, SETTING), (503, U)]:
        response = HttpResponse(status=status, headers={})
        assert refuse_by_status(batch(), response, "why", R).outcome.verdict is verdict


def test_who_is_at_fault_is_found_by_halving() -> None:
    assert (reject_or_split(batch()), reject_or_split(ALONE)) == (Verdict.SPLIT, R)


def test_the_longest_wait_counts() -> None:
    assert longest(None, timedelta(1), timedelta(2)) == timedelta(2)
    assert longest(None) is None


def test_a_wait_that_is_asked_for_holds_for_those_who_go_again() -> None:
    items = [Outcome(verdict=each, reason="full") for each in (A, QUOTA, R)]
    answer = combine(batch(), items, LATER)
    assert answer.outcome.verdict is A
    assert {n: each.verdict for n, each in answer.exceptions.items()} == {2: QUOTA, 3: R}
    assert answer.retry_after == timedelta(seconds=7)


def accepted(recipient: Recipient, said: str) -> Outcome | None:
    return Outcome(verdict=A, provider_id=said) if said == recipient.address[0] else None


def test_what_is_said_is_read_by_place() -> None:
    items = read_outcomes(batch(), ["a", "b", "c"], accepted)
    assert [item.provider_id for item in items] == ["a", "b", "c"]


def test_an_answer_that_does_not_speak_of_each_is_unknown(subtests: pytest.Subtests) -> None:
    for said in [None, {}, "abc", [], ["a", "b"], ["a", "b", "c", "d"], ["a", "c", "b"]]:
        with subtests.test(said=said):
            answer = combine(batch(), read_outcomes(batch(), said, accepted), LATER)
            assert answer.outcome.verdict is U
            assert not answer.exceptions
