"""What staff say to each other about a statement."""

import pytest

from newsletter.domain.statements.comment import LONGEST, said
from tests.rows import rows


@rows(
    ["typed", "kept"],
    [
        ("Please wait.", "Please wait."),
        ("  One.\r\n\r\nTwo. \n", "One.\n\nTwo."),
        ("a\x00b\x07c\ud800", "a b c"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * LONGEST, "x" * LONGEST),
    ],
)
def test_a_comment_is_kept_as_plain_lines(typed: str, kept: str) -> None:
    assert said(typed) == kept


@rows("typed", ["", " \n\t", "\x00"])
def test_an_empty_comment_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="Write a comment first"):
        said(typed)


def test_too_long_a_comment_is_refused_and_says_by_how_much() -> None:
    with pytest.raises(ValueError, match="it has 2,001 characters, and 2,000 are the most"):
        said("x" * (LONGEST + 1))
