"""A message with many notices stays within what chats take."""

import json

from newsletter.domain.delivery.transactional import NoticeSection
from newsletter.rendering.notices import slack_message, teams_card

MANY = [
    NoticeSection(
        title=f"Text {number}", label="approved", lines=("x" * 2_000,), url="https://a.example"
    )
    for number in range(60)
]


def test_many_notices_are_cut_short_and_counted() -> None:
    slack, teams = json.loads(slack_message(MANY)), json.loads(teams_card(MANY))
    assert len(slack["blocks"]) == 21
    assert slack["blocks"][-1]["elements"][0]["text"] == "And 40 more, at the desk."
    assert len(slack["blocks"][0]["text"]["text"]) < 3_000
    body = teams["attachments"][0]["content"]["body"]
    assert body[-1]["text"] == "And 40 more, at the desk."
    assert len(teams_card(MANY)) < 28_000


def test_a_notice_without_lines_is_a_title_alone() -> None:
    bare = NoticeSection(title="Text", label="approved", lines=(), url="https://a.example")
    assert len(json.loads(teams_card([bare]))["attachments"][0]["content"]["body"]) == 1
