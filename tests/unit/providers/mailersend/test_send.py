"""Calls to MailerSend, and the meaning of each of its answers."""

import json
from typing import Any

from newsletter.domain.delivery.batch import Answer
from newsletter.providers.mailersend.send import MailerSend, Options
from tests.contracts.provider import answered, batch, content

ONE = "ana@a.example"
ID = {"x_message_id": "m1"}


def mailersend(**options: object) -> MailerSend:
    usual = {"kind": "mailersend", "api_token": "token-hush"}
    return MailerSend(Options.model_validate({**usual, **options}))


def parsed(status: int, body: object, **headers: str) -> Answer:
    return mailersend().parse(batch(ONE), answered(status, body, **headers))


def suppressed(to: str = ONE, kind: str = "ALL_SUPPRESSED", *reasons: str) -> dict[str, Any]:
    return {"warnings": [{"type": kind, "recipients": [{"email": to, "reasons": reasons}]}]}


def invalid(*told: object, field: str = "to.0.email") -> dict[str, Any]:
    return {"message": "The given data was invalid.", "errors": {field: told}}


def test_the_call_says_everything_once() -> None:
    request = mailersend().build(batch(ONE))
    assert (request.method, request.url) == ("POST", "https://api.mailersend.com/v1/email")
    assert request.headers == {
        "Authorization": "Bearer token-hush",
        "Content-Type": "application/json",
    }
    assert json.loads(request.body) == {
        "from": {"email": "news@forum.example", "name": "Example Forum"},
        "reply_to": {"email": "press@forum.example"},
        "to": [{"email": ONE}],
        "subject": "Forum resigns from task force",
        "text": content().text.replace("NLMERGEUNSUBSCRIBE", "token0001A-_z"),
        "html": content().html.replace("NLMERGEUNSUBSCRIBE", "token0001A-_z"),
        "headers": [
            {"name": "List-Id", "value": "Press <press.forum.example>"},
            {"name": "Feedback-ID", "value": "resigns:press:news:forumexample"},
        ],
        "list_unsubscribe": "<https://news.forum.example/u/token0001A-_z>",
        "tags": ["resigns/attempt1/1"],
        "settings": {"track_clicks": False, "track_opens": False, "track_content": False},
    }


def test_the_reason_is_that_of_the_field_and_names_no_reader() -> None:
    gone = parsed(202, suppressed(ONE, "ALL_SUPPRESSED", "blocklisted"))
    assert gone.outcome.reason == "suppressed: blocklisted"
    answer = parsed(422, invalid("ana@a.example is no address", "and more"))
    assert answer.outcome.reason == "…@a.example is no address"
    assert parsed(422, b"<html>").outcome.reason == "HTTP 422"
    assert parsed(422, {"errors": {"to": []}, "message": "No."}).outcome.reason == "No."
