"""From an outcome for each entry to one answer: none is lost, in any order."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.domain.delivery.batch import Outcome, Verdict
from newsletter.providers.common.answers import combine_outcomes
from tests.contracts.provider import batch

WAIT = timedelta(seconds=30)


def outcome(verdict: Verdict, reason: str = "because") -> Outcome:
    return Outcome(verdict=verdict, reason=reason)


OF_ONE_ENTRY = [each for each in Verdict if each not in {Verdict.SPLIT, Verdict.LATE}]
"""Possible answers for an entry: LATE is about our own claim, before there is an answer."""


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(OF_ONE_ENTRY), min_size=1))
def test_each_recipient_keeps_the_outcome_of_their_entry(verdicts: list[Verdict]) -> None:
    sent = batch(*(f"r{number}@example.org" for number in range(len(verdicts))))
    answer = combine_outcomes(sent, [outcome(each) for each in verdicts], WAIT)
    numbers = range(1, len(verdicts) + 1)
    assert [answer.exceptions.get(n, answer.outcome).verdict for n in numbers] == verdicts
    waits = set(verdicts) & {Verdict.RETRY, Verdict.QUOTA}
    assert answer.retry_after == (WAIT if waits else None)
    if Verdict.ACCEPTED in verdicts:
        assert answer.outcome.verdict is Verdict.ACCEPTED


def test_what_stops_all_leads_where_nobody_was_accepted(subtests: pytest.Subtests) -> None:
    for verdicts, leading in [
        ([Verdict.QUOTA, Verdict.CONFIGURATION, Verdict.RETRY], Verdict.CONFIGURATION),
        ([Verdict.RETRY, Verdict.QUOTA, Verdict.UNKNOWN], Verdict.QUOTA),
        ([Verdict.REJECTED, Verdict.UNKNOWN, Verdict.RETRY], Verdict.RETRY),
        ([Verdict.REJECTED, Verdict.UNKNOWN, Verdict.REJECTED], Verdict.UNKNOWN),
    ]:
        with subtests.test(verdicts=verdicts, leading=leading):
            answer = combine_outcomes(batch(), [outcome(each) for each in verdicts])
            assert answer.outcome.verdict is leading


def test_each_who_is_refused_keeps_their_own_reason() -> None:
    items = [outcome(Verdict.REJECTED, reason) for reason in ("one", "two", "three")]
    answer = combine_outcomes(batch(), items)
    assert [answer.exceptions[n].reason for n in (1, 2, 3)] == ["one", "two", "three"]


def test_a_refusal_that_could_be_about_all_refuses_a_reader_only_where_others_show_it(
    subtests: pytest.Subtests,
) -> None:
    for verdicts, means in [
        ([Verdict.SPLIT], Verdict.REJECTED),
        ([Verdict.SPLIT, Verdict.ACCEPTED], Verdict.REJECTED),
        ([Verdict.SPLIT, Verdict.SPLIT], Verdict.CONFIGURATION),
        ([Verdict.SPLIT, Verdict.REJECTED], Verdict.CONFIGURATION),
        ([Verdict.SPLIT, Verdict.RETRY], Verdict.CONFIGURATION),
    ]:
        with subtests.test(verdicts=verdicts, means=means):
            sent = batch(*(f"r{number}@example.org" for number in range(len(verdicts))))
            answer = combine_outcomes(sent, [outcome(each) for each in verdicts])
            assert answer.exceptions.get(1, answer.outcome) == outcome(means)


def test_the_first_of_a_kind_leads() -> None:
    items = [outcome(Verdict.RETRY), *(outcome(Verdict.ACCEPTED, word) for word in ("b", "c"))]
    answer = combine_outcomes(batch(), items)
    assert answer.outcome.reason == "b"
    assert set(answer.exceptions) == {1}
