"""Calls to Mailpit, and the meaning of each of its answers."""

import json

from newsletter.domain.delivery.batch import Answer
from newsletter.providers.mailpit.send import Mailpit, Options
from tests.contracts.provider import answered, batch, content

ONE = "ana@a.example"


def mailpit(**options: object) -> Mailpit:
    return Mailpit(Options.model_validate({"kind": "mailpit", **options}))


def parsed(status: int, body: object) -> Answer:
    return mailpit().parse(batch(ONE), answered(status, body))


def test_the_call_says_everything_once() -> None:
    request = mailpit().build(batch(ONE))
    assert (request.method, request.url) == ("POST", "http://127.0.0.1:8025/api/v1/send")
    assert request.headers == {"Content-Type": "application/json"}
    assert json.loads(request.body) == {
        "From": {"Email": "news@forum.example", "Name": "Example Forum"},
        "To": [{"Email": ONE}],
        "ReplyTo": [{"Email": "press@forum.example"}],
        "Subject": "Forum resigns from task force",
        "Text": content().text.replace("NLMERGEUNSUBSCRIBE", "token0001A-_z"),
        "HTML": content().html.replace("NLMERGEUNSUBSCRIBE", "token0001A-_z"),
        "Headers": {
            "X-Attempt": "attempt1",
            "X-Subscriber": "1",
            "Message-ID": "<letter0001@forum.example>",
            "List-Id": "Press <press.forum.example>",
            "List-Unsubscribe": "<https://news.forum.example/u/token0001A-_z>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": "resigns:press:news:forumexample",
        },
        "Tags": ["resigns"],
    }


def test_a_kept_message_has_mailpits_id() -> None:
    assert parsed(200, {"ID": "iAfZ"}).outcome.provider_id == "iAfZ"


def test_a_refusal_is_told_in_its_words_without_the_readers_name() -> None:
    answer = parsed(400, {"Error": "invalid To address: ana.ruiz@a.example"})
    assert answer.outcome.reason == "invalid To address: …@a.example"
