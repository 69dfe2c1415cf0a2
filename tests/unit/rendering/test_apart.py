"""Long texts are made mails and reviewed in a sandbox, within a time, and come out the same."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest

from newsletter.documents.sandbox import TEXT_GATE
from newsletter.domain.errors import InvalidInput, Postponed, TookTooLong
from newsletter.domain.statements.review import Check, ReviewContext
from newsletter.domain.statements.statement import Statement
from newsletter.domain.subscribers.segment import Segment
from newsletter.rendering.checks.reviewer import review_text
from newsletter.rendering.lazy import LazyRenderer, is_long
from newsletter.rendering.lazy import review_text as review
from newsletter.rendering.mail.files import mail_templates
from newsletter.rendering.mail.renderer import TemplateRenderer
from newsletter.rendering.markdown.markdown import MAX_SHORT_CHARS
from tests.costs import grows_in_proportion
from tests.rows import rows
from tests.unit.rendering.examples import HOUSE, STATEMENT

MADE_BY = {"publisher": HOUSE, "files": mail_templates(None), "delivery_settings_hash": ""}
AROUND = ReviewContext(today=date(2026, 11, 24), day=date(2026, 11, 24), readers=9, audience=9)
PROSE = 'The forum said "today" that it resigns from the [task force](https://a.example/).\n\n'
LONG = replace(STATEMENT, body=PROSE * (MAX_SHORT_CHARS // len(PROSE) + 2) + "TK")


@pytest.fixture
def no_room() -> Iterator[None]:
    TEXT_GATE.close()
    yield
    TEXT_GATE.open()


@pytest.mark.slow("renders in a sandbox")
def test_a_long_text_comes_out_of_the_sandbox_as_it_does_here() -> None:
    segment = Segment(
        name="near", list="press", timezone="UTC", joined_since=date(2026, 1, 2), tags=("a",)
    )
    text = replace(LONG, segment=segment)
    here = TemplateRenderer(**MADE_BY).render(text)
    # however busy the machine is
    within = timedelta(minutes=2)
    apart = LazyRenderer(publisher=HOUSE, override=None, delivery_settings_hash="", timeout=within)
    assert apart.render(text) == here
    with pytest.raises(InvalidInput, match="it has no title"):
        apart.render(replace(text, title=""))
    found = review(LONG, here, AROUND, timeout=within)
    assert found == review_text(LONG, here, AROUND)
    assert Check.PLACEHOLDER in {one.check for one in found}


def test_a_text_that_takes_too_long_is_refused_with_what_to_do() -> None:
    with pytest.raises(TookTooLong, match="takes longer than 0 s to be made an email: shorten it"):
        LazyRenderer(
            publisher=HOUSE, override=None, delivery_settings_hash="", timeout=timedelta(0)
        ).render(LONG)
    [found] = review(LONG, None, AROUND, timeout=timedelta(0))
    assert found.check is Check.FAULT
    assert "takes longer than 0 s" in found.message


@pytest.mark.usefixtures("no_room")
def test_only_long_texts_need_a_sandbox_and_one_without_room_is_tried_again() -> None:
    renderer = LazyRenderer(publisher=HOUSE, override=None, delivery_settings_hash="")
    assert renderer.render(STATEMENT).subject == STATEMENT.title
    with pytest.raises(Postponed, match="was not made an email yet"):
        renderer.render(LONG)
    half = replace(LONG, body=LONG.body[: MAX_SHORT_CHARS // 2])
    with pytest.raises(Postponed):  # two texts of one mail
        renderer.render(half, (replace(half, slug="other", language="es"),))
    [found] = review(LONG, None, AROUND)
    assert found.check is Check.FAULT
    assert "try again" in found.message


@pytest.mark.slow("the worst short texts")
@rows("again", ["![", "a\n\n"])
def test_the_worst_short_text_takes_time_in_proportion_to_its_length(again: str) -> None:
    def render(length: int) -> None:
        with suppress(InvalidInput):
            TemplateRenderer(**MADE_BY).render(_short(again, length))

    assert grows_in_proportion(render, MAX_SHORT_CHARS)


def _short(again: str, length: int) -> Statement:
    room = length - len(STATEMENT.title + STATEMENT.summary + STATEMENT.preview)
    text = replace(STATEMENT, body=(again * (room // len(again)))[:room])
    assert not is_long(text)
    return text
