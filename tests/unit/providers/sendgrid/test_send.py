"""Calls to SendGrid, byte by byte, and the meaning of its answers."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.statements.content import Sender
from newsletter.providers.sendgrid.send import Options, SendGrid
from tests.contracts.provider import answered, batch
from tests.provider_servers.sendgrid import errors

SEVERAL = ("ana@a.example", "ben@b.example")


def sendgrid(**options: object) -> SendGrid:
    usual = {"kind": "sendgrid", "api_key": "key-hush"}
    return SendGrid(Options.model_validate({**usual, **options}))


def built(sent: OutgoingBatch) -> Any:
    return json.loads(sendgrid().build(sent).body)


def test_the_call_says_everything_once() -> None:
    sent = batch(*SEVERAL)
    call = built(sent)
    personalizations = call.pop("personalizations")
    assert call == {
        "from": {"email": "news@forum.example", "name": "Example Forum"},
        "reply_to": {"email": "press@forum.example"},
        "subject": "Forum resigns from task force",
        "content": [
            {"type": "text/plain", "value": sent.content.text},
            {"type": "text/html", "value": sent.content.html},
        ],
        "categories": ["resigns"],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        },
        "mail_settings": {"footer": {"enable": False}},
    }
    assert personalizations[1] == {
        "to": [{"email": "ben@b.example"}],
        "headers": {
            "Message-ID": "<letter0002@forum.example>",
            "List-Id": "Press <press.forum.example>",
            "List-Unsubscribe": "<https://news.forum.example/u/token0002A-_z>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": "resigns:press:news:forumexample",
        },
        "substitutions": {"NLMERGEUNSUBSCRIBE": "token0002A-_z", "NLMERGEMESSAGEID": "letter0002"},
        "custom_args": {"campaign": "resigns", "attempt": "attempt1", "subscriber": "2"},
    }


def test_the_same_content_in_another_campaign_is_counted_under_that_one() -> None:
    provider = sendgrid()
    provider.build(batch())
    call = json.loads(provider.build(replace(batch(), campaign="another")).body)
    assert call["categories"] == ["another"]
    assert call["personalizations"][0]["custom_args"]["campaign"] == "another"


def test_a_sender_without_a_name_or_reply_address_names_neither() -> None:
    call = built(batch(sender=Sender(name="", address="n@bücher.example")))
    assert call["from"] == {"email": "n@xn--bcher-kva.example"}
    assert "reply_to" not in call


def test_the_json_written_by_hand_reads_back_for_odd_addresses() -> None:
    addresses = ["o'neil@a.example", "a+b%c{d}@a.example", "jörg🎉@b.example", "/$#!@x.example"]
    call = built(batch(*addresses))
    assert [each["to"][0]["email"] for each in call["personalizations"]] == addresses


BLOCKED = errors("Too many bad requests. Temporary block")
ID = {"x_message_id": "m1"}


def test_a_reason_has_all_messages_and_keeps_names_to_itself() -> None:
    said = {"errors": [{"message": "ana.ruiz@a.example is bad"}, {"message": "So is the rest"}]}
    answer = sendgrid().parse(batch(), answered(400, said))
    assert answer.outcome.reason == "…@a.example is bad; So is the rest"


def test_a_rate_limit_is_waited_out_as_sendgrid_asks(subtests: pytest.Subtests) -> None:
    for headers, seconds in [
        ({}, None),
        ({"retry_after": "30"}, 30),
        ({"x_ratelimit_reset": "1316628060"}, 60),
        ({"retry_after": "90", "x_ratelimit_reset": "1316628060"}, 90),
        ({"x_ratelimit_reset": "1316620000"}, 0),
        ({"x_ratelimit_reset": "99999999999"}, 3600),
        ({"x_ratelimit_reset": "soon"}, None),
    ]:
        with subtests.test(headers=headers, seconds=seconds):
            answer = sendgrid().parse(batch(), answered(429, **headers))
            assert answer.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_a_temporary_block_is_waited_out_for_long() -> None:
    assert sendgrid().parse(batch(), answered(403, BLOCKED)).retry_after == timedelta(hours=1)
    asked = answered(403, BLOCKED, retry_after="600")
    assert sendgrid().parse(batch(), asked).retry_after == timedelta(minutes=10)
