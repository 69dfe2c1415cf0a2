"""Calls to Postal, and the meaning of each of its answers."""

import json

import pytest
from pydantic import ValidationError

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.common.options import ProviderOptions
from newsletter.providers.postal.send import Options, Postal
from tests.contracts.provider import answered, batch, content

ONE = "ana@a.example"


def postal(**options: object) -> Postal:
    usual = {"kind": "postal", "base_url": "https://postal.example", "api_key": "key-hush"}
    return Postal(Options.model_validate({**usual, **options}))


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
    assert request.headers == {"X-Server-API-Key": "key-hush", "Content-Type": "application/json"}
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


def test_a_taken_message_has_the_number_that_its_events_name() -> None:
    assert parsed(200, taken(**{ONE: GOOD})).outcome.provider_id == "42"


def test_a_taken_message_is_found_under_the_domain_that_was_said() -> None:
    answer = parsed(200, taken(**{"eva@xn--bcher-kva.example": GOOD}), address="eva@bücher.example")
    assert answer.outcome.verdict is Verdict.ACCEPTED


def test_a_refusal_is_told_by_code_and_words() -> None:
    answer = parsed(200, error("AccessDenied", "Must be authenticated as a server."))
    assert answer.outcome.reason == "AccessDenied: Must be authenticated as a server."
    assert parsed(200, said("parameter-error", {})).outcome.reason == "parameter-error"
