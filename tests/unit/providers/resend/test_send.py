"""Calls to Resend, byte by byte, and the meaning of each of its answers."""

import json
from typing import Any

from newsletter.domain.delivery.batch import Answer, OutgoingBatch
from newsletter.domain.statements.content import Sender
from newsletter.providers.resend.send import Options, Resend
from tests.contracts.provider import answered, batch

SEVERAL = ("ana@a.example", "ben@b.example")


def resend(**options: object) -> Resend:
    return Resend(Options.model_validate({"kind": "resend", "api_key": "re_hush", **options}))


def built(sent: OutgoingBatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(resend().build(sent).body)
    return messages


def test_a_message_says_everything() -> None:
    sent = batch(*SEVERAL)
    assert built(sent)[1] == {
        "from": '"Example Forum" <news@forum.example>',
        "to": ["ben@b.example"],
        "reply_to": "press@forum.example",
        "subject": "Forum resigns from task force",
        "text": sent.recipients[1].merge(sent.content.text),
        "html": sent.recipients[1].merge(sent.content.html),
        "headers": {
            "Message-ID": "<letter0002@forum.example>",
            "List-Id": "Press <press.forum.example>",
            "List-Unsubscribe": "<https://news.forum.example/u/token0002A-_z>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": "resigns:press:news:forumexample",
        },
        "tags": [
            {"name": "campaign", "value": "resigns"},
            {"name": "attempt", "value": "attempt1"},
            {"name": "subscriber", "value": "2"},
        ],
    }


def test_a_sender_without_a_name_is_a_bare_address_and_no_reply_to_is_none() -> None:
    (message,) = built(batch("a@a.example", sender=Sender(name="", address="n@f.example")))
    assert message["from"] == "n@f.example"
    assert "reply_to" not in message


def parsed(body: object, *addresses: str, status: int = 200, **headers: str) -> Answer:
    return resend().parse(batch(*(addresses or SEVERAL)), answered(status, body, **headers))


def no(name: str, message: str = "no") -> dict[str, Any]:
    return {"statusCode": 0, "name": name, "message": message}


BAD_TO = "Invalid `to` field. The email address needs another form: ana.ruiz@a"


def test_a_reason_keeps_the_readers_name_to_itself() -> None:
    answer = parsed(no("validation_error", BAD_TO), status=422)
    assert "ana.ruiz" not in answer.outcome.reason
    assert "…@a" in answer.outcome.reason
