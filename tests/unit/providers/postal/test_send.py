"""Calls to Postal, and the meaning of each of its answers."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.options import ProviderOptions
from newsletter.providers.postal.send import Options, Postal
from tests.contracts.provider import answered, batch, content

ONE = "ana@a.example"


def postal(**options: object) -> Postal:
    usual = {"kind": "postal", "base_url": "https://postal.example", "api_key": "key-hush"}
    return Postal(Options.model_validate({**usual, **options}))


def built(**changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(postal().build(batch(ONE, **changes)).body)
    return said


def parsed(status: int, body: object, *, address: str = ONE) -> Answer:
    return postal().parse(batch(address), answered(status, body))


def said(status: object, data: object) -> dict[str, object]:
    return {"status": status, "time": 0.01, "flags": {}, "data": data}


def error(code: object, message: str | None = None) -> dict[str, object]:
    return said("error", {"code": code, "message": message})


def taken(**messages: object) -> dict[str, object]:
    return said("success", {"message_id": "x@rp.example", "messages": messages})


def test_the_call_says_everything_once() -> None:
    request = postal().build(batch(ONE))
    assert (request.method, request.url) == ("POST", "https://postal.example/api/v1/send/message")
    assert request.headers == {
        "X-Server-API-Key": "key-hush",
        "Content-Type": "application/json",
    }
    assert json.loads(request.body) == {
        "to": [ONE],
        "tag": "resigns/attempt1/1",
        "from": '"Example Forum" <news@forum.example>',
        "reply_to": "press@forum.example",
        "subject": "Forum resigns from task force",
        "plain_body": content().text.replace("NLMERGEUNSUBSCRIBE", "token0001A-_z"),
        "html_body": content().html.replace("NLMERGEUNSUBSCRIBE", "token0001A-_z"),
        "headers": {
            "X-AMP": "skip",
            "Message-ID": "<letter0001@forum.example>",
            "List-Id": "Press <press.forum.example>",
            "List-Unsubscribe": "<https://news.forum.example/u/token0001A-_z>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": "resigns:press:news:forumexample",
        },
    }


def test_the_exact_bytes_of_a_small_call() -> None:
    sender = Sender(name="", address="n@forum.example")
    small = batch(ONE, text='Grüße "NLMERGEMESSAGEID"\n', html="", headers=(), sender=sender)
    assert postal().build(small).body.decode() == (
        '{"to":["ana@a.example"],"tag":"resigns/attempt1/1","from":"n@forum.example",'
        '"subject":"Forum resigns from task force","plain_body":"Grüße \\"letter0001\\"\\n",'
        '"headers":{"X-AMP":"skip"}}'
    )


def test_there_is_no_public_server_to_fall_back_on() -> None:
    with pytest.raises(ValidationError, match="base_url"):
        Options.model_validate({"kind": "postal", "api_key": "key-hush"})
    with pytest.raises(ValidationError, match="base_url"):
        postal(base_url=None)


def test_its_base_url_has_the_form_of_every_base_url() -> None:
    ours = Options.model_json_schema()["properties"]["base_url"]
    usual = ProviderOptions.model_json_schema()["properties"]["base_url"]
    assert ours["pattern"] in {each.get("pattern") for each in usual["anyOf"]}
    assert (
        postal(base_url="http://p.example/")
        .build(batch(ONE))
        .url.startswith("http://p.example/api/")
    )


def test_a_refusal_that_repeats_the_key_does_not_show_it() -> None:
    refused = said("error", {"code": "InvalidServerAPIKey", "message": "No.", "token": "key-hush"})
    assert "hush" not in repr(parsed(200, refused))


GOOD = {"id": 42, "token": "x"}

ANSWERS: dict[str, tuple[int, object, Verdict]] = {
    "taken": (200, taken(**{ONE: GOOD}), Verdict.ACCEPTED),
    "202": (202, taken(**{ONE: GOOD}), Verdict.UNKNOWN),
    "list": (200, [taken(**{ONE: GOOD})], Verdict.UNKNOWN),
    "no data": (200, {"status": "success"}, Verdict.UNKNOWN),
    "no messages": (200, said("success", {}), Verdict.UNKNOWN),
    "odd messages": (200, said("success", {"messages": [GOOD]}), Verdict.UNKNOWN),
    "nobody": (200, taken(), Verdict.UNKNOWN),
    "another": (200, taken(**{"ben@b.example": GOOD}), Verdict.UNKNOWN),
    "one more": (200, taken(**{ONE: GOOD, "ben@b.example": GOOD}), Verdict.UNKNOWN),
    "no id": (200, taken(**{ONE: {"token": "x"}}), Verdict.UNKNOWN),
    "odd id": (200, taken(**{ONE: {"id": "42"}}), Verdict.UNKNOWN),
    "true id": (200, taken(**{ONE: {"id": True}}), Verdict.UNKNOWN),
    "zero id": (200, taken(**{ONE: {"id": 0}}), Verdict.UNKNOWN),
    "odd message": (200, taken(**{ONE: 42}), Verdict.UNKNOWN),
    "no status": (200, said(None, {"code": "X"}), Verdict.UNKNOWN),
    "new status": (200, said("queued", {"code": "X"}), Verdict.UNKNOWN),
    "no code": (200, said("error", {"message": "x"}), Verdict.UNKNOWN),
    "odd code": (200, error(7), Verdict.UNKNOWN),
    "AccessDenied": (200, error("AccessDenied", "Must be"), Verdict.CONFIGURATION),
    "InvalidServerAPIKey": (200, error("InvalidServerAPIKey", "No"), Verdict.CONFIGURATION),
    "ServerSuspended": (200, said("error", {"code": "ServerSuspended"}), Verdict.CONFIGURATION),
    "unverified": (200, error("UnauthenticatedFromAddress"), Verdict.CONFIGURATION),
    "FromAddressMissing": (200, error("FromAddressMissing"), Verdict.CONFIGURATION),
    "NoContent": (200, error("NoContent"), Verdict.CONFIGURATION),
    "TooManyToAddresses": (200, error("TooManyToAddresses"), Verdict.CONFIGURATION),
    "NoRecipients": (200, error("NoRecipients", "There are none"), Verdict.REJECTED),
    "new code": (200, error("QuotaOfTheDay"), Verdict.CONFIGURATION),
    "parameter": (200, said("parameter-error", {"message": "to"}), Verdict.CONFIGURATION),
    "parameter void": (200, said("parameter-error", {}), Verdict.CONFIGURATION),
    "502": (502, error("AccessDenied"), Verdict.UNKNOWN),
}


def test_each_answer_has_its_verdict(subtests: pytest.Subtests) -> None:
    for case in ANSWERS:
        with subtests.test(case=case):
            status, body, verdict = ANSWERS[case]
            answer = parsed(status, body)
            assert answer.outcome.verdict is verdict
            assert answer.outcome.reason or verdict is Verdict.ACCEPTED
            assert not answer.exceptions


def test_a_taken_message_has_the_number_that_its_events_name() -> None:
    assert parsed(200, taken(**{ONE: GOOD})).outcome.provider_id == "42"


def test_a_taken_message_is_found_under_the_domain_that_was_said() -> None:
    answer = parsed(200, taken(**{"eva@xn--bcher-kva.example": GOOD}), address="eva@bücher.example")
    assert answer.outcome.verdict is Verdict.ACCEPTED


def test_a_refusal_is_told_by_code_and_words() -> None:
    answer = parsed(200, error("AccessDenied", "Must be authenticated as a server."))
    assert answer.outcome.reason == "AccessDenied: Must be authenticated as a server."
    assert parsed(200, said("parameter-error", {})).outcome.reason == "parameter-error"
