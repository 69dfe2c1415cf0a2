"""Calls to SendGrid, byte by byte, and the meaning of its answers."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.delivery.batch import OutgoingBatch, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.sendgrid.send import Options, SendGrid
from newsletter.transport.http import HttpResponse
from tests.contracts.provider import answered, batch
from tests.provider_servers.sendgrid import errors

SEVERAL = ("ana@a.example", "ben@b.example")
ONE = ("ana@a.example",)


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
        "substitutions": {
            "NLMERGEUNSUBSCRIBE": "token0002A-_z",
            "NLMERGEMESSAGEID": "letter0002",
        },
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


BAD_TO = errors("Does not contain a valid address.", "personalizations.1.to.0.email")
NO_TO = errors("The to array is required.", "personalizations.0.to")
BAD_FROM = errors("Does not contain a valid address.", "from.email")
MIXED = {"errors": [*BAD_TO["errors"], *BAD_FROM["errors"]]}
UNVERIFIED = errors("The from address does not match a verified Sender Identity.", "from")
BLOCKED = errors("Too many bad requests. Temporary block")
ID = {"x_message_id": "m1"}

# answer, verdict for several recipients, verdict for one
ANSWERS: dict[str, tuple[HttpResponse, Verdict, Verdict]] = {
    "accepted": (answered(202, **ID), Verdict.ACCEPTED, Verdict.ACCEPTED),
    "202 void id": (answered(202, x_message_id=" "), Verdict.UNKNOWN, Verdict.UNKNOWN),
    "202 words": (answered(202, b"Hello", **ID), Verdict.UNKNOWN, Verdict.UNKNOWN),
    "200 empty": (answered(200, **ID), Verdict.UNKNOWN, Verdict.UNKNOWN),
    "200 json": (answered(200, {}, **ID), Verdict.UNKNOWN, Verdict.UNKNOWN),
    "bad to": (answered(400, BAD_TO), Verdict.SPLIT, Verdict.REJECTED),
    "no to": (answered(400, NO_TO), Verdict.SPLIT, Verdict.REJECTED),
    "bad from": (answered(400, BAD_FROM), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "mixed": (answered(400, MIXED), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "bad header": (
        answered(400, errors("x", "personalizations.0.headers")),
        Verdict.CONFIGURATION,
        Verdict.CONFIGURATION,
    ),
    "no field": (answered(400, errors("x")), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "plain": (answered(400, {"errors": ["x"]}), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "no list": (answered(400, {"errors": "x"}), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "none": (answered(400, {"errors": []}), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "cut": (answered(400, b'{"errors":[{'), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "key": (answered(401, errors("invalid")), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "used up": (answered(401, errors("Maximum credits exceeded")), Verdict.QUOTA, Verdict.QUOTA),
    "unverified": (answered(403, UNVERIFIED), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "blocked": (answered(403, BLOCKED), Verdict.RETRY, Verdict.RETRY),
    "503": (answered(503, errors("x")), Verdict.UNKNOWN, Verdict.UNKNOWN),
}


def test_each_answer_has_its_verdict(subtests: pytest.Subtests) -> None:
    for case in ANSWERS:
        for addresses in [SEVERAL, ONE]:
            with subtests.test(case=case, addresses=addresses):
                response, several, one = ANSWERS[case]
                answer = sendgrid().parse(batch(*addresses), response)
                assert answer.outcome.verdict is (several if addresses is SEVERAL else one)
                assert answer.outcome.reason
                assert not answer.exceptions


def test_an_accepted_batch_has_sendgrids_id() -> None:
    assert sendgrid().parse(batch(), answered(202, **ID)).outcome.provider_id == "m1"


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
