"""Calls to Brevo, byte by byte, and the meaning of its answers."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.statements.content import Sender
from newsletter.providers.brevo.send import (
    MAX_BYTES,
    MAX_RECIPIENTS,
    Brevo,
    Options,
    idempotency_key,
)
from tests.contracts.provider import answered, batch, content, words_of

SEVERAL = ("ana@a.example", "ben@b.example")
ONE = ("ana@a.example",)


def brevo(**options: object) -> Brevo:
    usual = {"kind": "brevo", "api_key": "key-hush"}
    return Brevo(Options.model_validate({**usual, **options}))


def built(sent: OutgoingBatch) -> Any:
    return json.loads(brevo().build(sent).body)


def said(message: str, code: str = "invalid_parameter") -> dict[str, str]:
    return {"code": code, "message": message}


def test_the_call_says_everything_once() -> None:
    sent = batch(*SEVERAL)
    call = built(sent)
    versions = call.pop("messageVersions")
    assert call == {
        "sender": {"email": "news@forum.example", "name": "Example Forum"},
        "replyTo": {"email": "press@forum.example"},
        "subject": "Forum resigns from task force",
        "htmlContent": sent.content.html.replace("NLMERGEUNSUBSCRIBE", ""),
        "textContent": sent.content.text.replace("NLMERGEUNSUBSCRIBE", ""),
        "headers": {"idempotencyKey": idempotency_key("attempt1")},
        "tags": ["resigns", "attempt1"],
    }
    assert len(versions) == 2
    assert versions[1] == {
        "to": [{"email": "ben@b.example", "contactPixelTrackingConsent": False}],
        "headers": {
            "X-Mailin-custom": "resigns.attempt1.2",
            "Message-ID": "<letter0002@forum.example>",
            "List-Id": "Press <press.forum.example>",
            "List-Unsubscribe": "<https://news.forum.example/u/token0002A-_z>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": "resigns:press:news:forumexample",
        },
        "htmlContent": sent.content.html.replace("NLMERGEUNSUBSCRIBE", "token0002A-_z"),
        "textContent": sent.content.text.replace("NLMERGEUNSUBSCRIBE", "token0002A-_z"),
        "subject": "Forum resigns from task force",
    }


def test_each_mark_gets_its_own_value_wherever_it_stands() -> None:
    text = "NLMERGEMESSAGEID NLMERGEUNSUBSCRIBE\n“NLMERGEUNSUBSCRIBE” \\ NLMERGEMESSAGEID"
    (version,) = built(batch(*ONE, text=text, html=text, subject="NLMERGEMESSAGEID"))[
        "messageVersions"
    ]
    filled = "letter0001 token0001A-_z\n“token0001A-_z” \\ letter0001"
    assert version["textContent"] == version["htmlContent"] == filled
    assert version["subject"] == "letter0001"


def test_content_without_headers_is_said_too() -> None:
    (version,) = built(batch(*ONE, headers=()))["messageVersions"]
    assert version["headers"] == {"X-Mailin-custom": "resigns.attempt1.1"}


def test_the_idempotency_key_is_a_uuid_that_the_attempt_decides() -> None:
    key = idempotency_key("attempt1")
    assert UUID(key).version == 4
    assert key == idempotency_key("attempt1") != idempotency_key("attempt2")


def test_a_sender_without_a_name_or_reply_address_names_neither() -> None:
    call = built(batch(sender=Sender(name="", address="n@bücher.example")))
    assert call["sender"] == {"email": "n@xn--bcher-kva.example"}
    assert "replyTo" not in call


def test_a_name_that_brevo_keeps_is_said_as_it_is(subtests: pytest.Subtests) -> None:
    for name in ["Forum, Inc.", "Fórum für Élan 論壇"]:
        with subtests.test(name=name):
            sender = Sender(name=name, address="news@forum.example")
            assert built(batch(sender=sender))["sender"]["name"] == name


def test_a_name_that_brevo_would_drop_is_encoded_in_one_line() -> None:
    name = "Fórum für Élan, 論壇 " * 5 + "e.V."
    told = built(batch(sender=Sender(name=name, address="news@forum.example")))["sender"]["name"]
    assert told.isascii()
    assert "\n" not in told
    assert words_of(told) == name


def test_as_many_recipients_as_are_planned_fit_the_size_of_a_call() -> None:
    large = {"html": "é<b>" * 20_000, "text": "“x”" * 5_000}
    count = brevo().capabilities.recipients_for(content(**large))
    assert 1 < count < MAX_RECIPIENTS
    sent = batch(*(f"reader{number}@example.org" for number in range(count)), **large)
    assert len(brevo().build(sent).body) < MAX_BYTES


def test_a_reason_keeps_the_readers_name_to_itself() -> None:
    answer = brevo().parse(batch(), answered(400, said("email ana.ruiz@a.example is not valid")))
    assert answer.outcome.reason == "email …@a.example is not valid"


def test_a_rate_limit_is_waited_out_as_brevo_asks(subtests: pytest.Subtests) -> None:
    for headers, seconds in [
        ({}, None),
        ({"retry_after": "30"}, 30),
        ({"x_sib_ratelimit_reset": "60"}, 60),
        ({"retry_after": "90", "x_sib_ratelimit_reset": "60"}, 90),
        ({"x_sib_ratelimit_reset": "99999999"}, 3600),
        ({"x_sib_ratelimit_reset": "soon"}, None),
    ]:
        with subtests.test(headers=headers, seconds=seconds):
            answer = brevo().parse(batch(), answered(429, **headers))
            assert answer.retry_after == (None if seconds is None else timedelta(seconds=seconds))
