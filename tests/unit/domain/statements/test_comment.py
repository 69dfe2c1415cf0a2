"""Comments of staff on a statement."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.statements.comment import (
    MAX_COMMENT_CHARS,
    ChangeRequest,
    find_mentions,
    find_open_request,
    normalize_comment,
)
from newsletter.domain.statements.statement import Approval, Channel
from tests.fakes import NOON
from tests.rows import rows


@rows(
    ["typed", "kept"],
    [
        ("Please wait.", "Please wait."),
        ("  One.\r\n\r\nTwo. \n", "One.\n\nTwo."),
        ("a\x00b\x07c\ud800", "a b c"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * MAX_COMMENT_CHARS, "x" * MAX_COMMENT_CHARS),
    ],
)
def test_a_comment_is_kept_as_plain_lines(typed: str, kept: str) -> None:
    assert normalize_comment(typed) == kept


@rows("typed", ["", " \n\t", "\x00"])
def test_an_empty_comment_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="Write a comment first"):
        normalize_comment(typed)


def test_too_long_a_comment_is_refused_and_says_by_how_much() -> None:
    with pytest.raises(ValueError, match="it has 2,001 characters, and 2,000 are the most"):
        normalize_comment("x" * (MAX_COMMENT_CHARS + 1))


BACK = ChangeRequest(
    slug="hours", content_hash="d1", by="ben@forum.example", at=NOON, reason="the hours"
)
MINUTE = timedelta(minutes=1)


def yes(content_hash: str = "d1", minutes: int = 1) -> Approval:
    return Approval(
        slug="hours",
        content_hash=content_hash,
        by="flo@forum.example",
        at=NOON + minutes * MINUTE,
        channel=Channel.COMMAND,
    )


def test_what_was_sent_back_stays_so() -> None:
    assert find_open_request([BACK], []) == BACK
    assert find_open_request([], []) is None


def test_the_last_one_is_told() -> None:
    again = replace(BACK, at=NOON + MINUTE, reason="the day")
    assert find_open_request([BACK, again], []) == again
    assert find_open_request([again, replace(BACK, content_hash="d0")], []) == again


def test_what_was_handed_in_again_waits_for_approval() -> None:
    assert find_open_request([replace(BACK, closed_at=NOON)], []) is None


def test_an_approval_since_is_an_answer_to_it() -> None:
    assert find_open_request([BACK], [yes()]) is None
    assert find_open_request([BACK], [yes("d0")]) is None
    assert find_open_request([BACK], [yes(minutes=-1)]) == BACK
    assert find_open_request([BACK], [replace(yes(), revoked_at=NOON)]) == BACK


NAMES = {
    "ana@forum.example": "Ana Ruiz",
    "ben@forum.example": "Ben",
    "cleo@forum.example": "Cleo",
    "dan@forum.example": "Dan",
}


@rows(
    ("words", "named"),
    [
        ("@ben look", {"ben"}),
        ("Ask @Ben, please. @Ben!", {"ben"}),
        ("@ana.ruiz and @AnaRuiz and @ana-ruiz and @ana", {"ana"}),
        ("@ben@forum.example.", {"ben"}),
        ("(@cleo) @dan", {"cleo", "dan"}),
        # an address in a text names no one, nor does half a name
        ("write to ben@forum.example", set()),
        ("@be", set()),
        ("@", set()),
        ("@ben@elsewhere.example", set()),
    ],
)
def test_a_comment_names_people(words: str, named: set[str]) -> None:
    found = {*find_mentions(words, NAMES).values()} - {""}
    assert found == {f"{name}@forum.example" for name in named}


def test_a_name_that_two_go_by_means_neither() -> None:
    other = "ben.okri@forum.example"
    names = {other: "Ben Okri", "ben.lee@forum.example": "Ben Lee"}
    assert find_mentions("@ben, @Ben.Okri.", names) == {"ben": "", "Ben.Okri": other}
