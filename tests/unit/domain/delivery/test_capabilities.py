"""The number of recipients that fit into one call."""

import json
from dataclasses import replace

import pytest

from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import MAX_GREETING_CHARS, Content, Sender

CONTENT = Content(
    subject="A statement",
    html="<p>" + "é" * 10_000 + "</p>",
    text="é" * 10_000,
    language="en",
    sender=Sender(name="Forum", address="news@forum.example"),
    headers=(),
    lists=("press",),
    corrects="",
    send_at="",
    embargo_until="",
    template_version="1",
)


def test_without_a_limit_of_bytes_only_the_number_counts() -> None:
    assert Capabilities(max_recipients=500).recipients_for(CONTENT) == 500


def test_where_each_recipient_costs_a_body_the_bytes_divide_by_its_longest_form() -> None:
    able = Capabilities(max_recipients=500, max_bytes=10_000_000, own_body=True)
    # Two parts of ten thousand letters, each six bytes in the longest JSON form.
    assert 500 > able.recipients_for(CONTENT) == 10_000_000 // (120_000 + 2048 + 20)


def test_where_all_share_one_body_many_more_fit() -> None:
    able = Capabilities(max_recipients=1000, max_bytes=1_000_000)
    assert able.recipients_for(CONTENT) == (1_000_000 - 122_068) // 2048


@pytest.mark.parametrize("bodies", [True, False])
def test_each_greeting_takes_room_for_the_longest_name(bodies: bool) -> None:
    able = Capabilities(max_recipients=10_000, max_bytes=10_000_000, own_body=bodies)
    greeting = replace(CONTENT, text="Dear NLMERGENAME0", fallbacks=("friend",))
    plain = replace(CONTENT, text="Dear NLGREETINGS0")
    longest = 12 * MAX_GREETING_CHARS  # two units of six bytes for each letter
    body = len(json.dumps([plain.html, plain.text, plain.headers])) + 2048
    if bodies:
        assert able.recipients_for(plain) == 10_000_000 // body
        assert able.recipients_for(greeting) == 10_000_000 // (body + longest)
    else:
        assert able.recipients_for(greeting) == (10_000_000 - body) // (2048 + longest)


def test_a_small_content_is_limited_by_the_number_again() -> None:
    able = Capabilities(max_recipients=500, max_bytes=50_000_000, own_body=True)
    assert able.recipients_for(replace(CONTENT, html="<p>x</p>", text="x")) == 500


@pytest.mark.parametrize("bodies", [True, False])
def test_at_least_one_is_tried_so_that_the_provider_says_what_is_wrong(bodies: bool) -> None:
    able = Capabilities(max_recipients=500, max_bytes=1000, own_body=bodies)
    assert able.recipients_for(CONTENT) == 1
