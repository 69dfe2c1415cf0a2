"""Where two versions of a statement differ for those who get it."""

from dataclasses import replace

from newsletter.domain.statements.difference import Passage, passages
from tests.contracts.books import content


def test_what_reads_alike_does_not_differ() -> None:
    before = content()
    assert passages(before, replace(before, html="<p>Other</p>", template_version="2")) == ()


def test_each_field_and_each_place_in_the_text_is_told_once() -> None:
    before = replace(content(), text="One.\nTwo.\nThree.\nFour.")
    after = replace(before, subject="Other", text="One.\n2.\nThree.\nFour.\nFive.")
    assert passages(before, after) == (
        Passage(what="subject", before="Forum resigns", after="Other"),
        Passage(what="text", before="Two.", after="2."),
        Passage(what="text", before="", after="Five."),
    )
