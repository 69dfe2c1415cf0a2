"""Calls to a described provider, and the meaning of each of its answers."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from pydantic import ValidationError

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Sender
from newsletter.providers.http.send import Described, Options
from tests.contracts.provider import answered, batch, content
from tests.provider_servers.http import MANY, ONE

USUAL: Mapping[str, object] = {
    "kind": "http",
    "url": "https://gateway.forum.example/v1/messages?queue=press",
    "body": ONE,
}
LONE = "ana@a.example"
PAIR = (LONE, "ben@b.example")


def options(**changes: object) -> Options:
    return Options.model_validate_json(json.dumps({**USUAL, **changes}))


def described(**changes: object) -> Described:
    return Described(options(**changes))


def parsed(
    status: int,
    body: bytes | Mapping[str, object] = b"",
    *addresses: str,
    sent: Mapping[str, str] | None = None,
    **changes: object,
) -> Answer:
    response = answered(status, body, **(sent or {}))
    return described(**changes).parse(batch(*(addresses or (LONE,))), response)


def test_the_call_says_everything_once() -> None:
    request = described(headers={"X-Api-Key": "key-hush"}).build(batch(LONE))
    assert (request.method, request.url) == ("POST", USUAL["url"])
    assert request.headers == {"Content-Type": "application/json", "X-Api-Key": "key-hush"}
    assert json.loads(request.body) == {
        "reference": "letter0001",
        "to": LONE,
        "from": {"name": "Example Forum", "email": "news@forum.example"},
        "reply_to": "press@forum.example",
        "subject": "Forum resigns from task force",
        "html": content().html.replace("NLMERGEUNSUBSCRIBE", "token0001A-_z"),
        "text": content().text.replace("NLMERGEUNSUBSCRIBE", "token0001A-_z"),
        "headers": {
            "Message-ID": "<letter0001@forum.example>",
            "List-Id": "Press <press.forum.example>",
            "List-Unsubscribe": "<https://news.forum.example/u/token0001A-_z>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": "resigns:press:news:forumexample",
        },
    }


def test_where_answers_go_to_the_sender_the_template_can_leave_them_out() -> None:
    sender = Sender(name="", address="news@bücher.example")
    said = json.loads(described().build(batch(LONE, sender=sender)).body)
    assert "reply_to" not in said
    assert said["from"] == {"name": "", "email": "news@xn--bcher-kva.example"}


def test_several_messages_stand_in_one_list_in_their_order() -> None:
    said = json.loads(described(body=MANY, batch_size=3).build(batch()).body)
    assert [message["to"] for message in said["messages"]] == [
        "ana@a.example",
        "ben@b.example",
        "cy@c.example",
    ]


def test_the_batch_size_is_what_it_can_do(subtests: pytest.Subtests) -> None:
    for batch_size, most in [(None, 1), (1, 1), (40, 40)]:
        with subtests.test(batch_size=batch_size, most=most):
            body = MANY if most > 1 else ONE
            known = described(body=body, batch_size=batch_size).capabilities
            assert (known.max_recipients, known.max_bytes, known.own_body) == (most, 0, True)


def test_an_address_that_is_none_is_refused(subtests: pytest.Subtests) -> None:
    for address in ['a"b@example.org', "a\\b@example.org", "a b@example.org", ""]:
        with subtests.test(address=address), pytest.raises(InvalidInput, match="address"):
            described().build(batch(address))


def test_two_header_fields_of_a_name_are_refused() -> None:
    with pytest.raises(InvalidInput, match="two have the same name"):
        described().build(batch(LONE, headers=(("X-Note", "a"), ("x-note", "b"))))


def test_a_template_that_fails_on_one_message_alone_stops_before_anything_leaves() -> None:
    body = ONE.replace('"subject": "{{ message.subject }}"', '"subject": {{ message.subject }}')
    with pytest.raises(ValidationError, match="gives no JSON"):
        described(body=body)
    sly = ONE.replace(
        '"subject": "{{ message.subject }}"',
        '{% if message.subject == "7" %}"a": {% endif %}"subject": "{{ message.subject }}"',
    )
    assert json.loads(described(body=sly).build(batch(LONE)).body)
    with pytest.raises(InvalidInput, match="body: gives no JSON"):
        described(body=sly).build(batch(LONE, subject="7"))


def test_many_contents_in_turn_are_each_said_right() -> None:
    provider = described()
    for number in [*range(10), *range(10)]:
        said = json.loads(provider.build(batch(LONE, subject=f"Number {number}")).body)
        assert said["subject"] == f"Number {number}"


def test_a_base_url_replaces_the_host_alone() -> None:
    based = described(base_url="http://127.0.0.1:9/").build(batch(LONE)).url
    assert based == "http://127.0.0.1:9/v1/messages?queue=press"
    bare = described(url="https://g.example", base_url="http://127.0.0.1:9").build(batch(LONE)).url
    assert bare == "http://127.0.0.1:9"


def test_no_secret_shows_anywhere() -> None:
    secret = {
        "headers": {"X-Api-Key": "key-hush"},
        "auth": {"user": "forum", "password": "pass-hush"},
    }
    shown = [options(**secret), described(**secret), described(**secret).build(batch(LONE))]
    assert "hush" not in "".join(map(repr, shown))
    assert "hush" not in options(**secret).model_dump_json()
    basic = described(**secret).build(batch(LONE)).headers["Authorization"].split()[1]
    echo = {"error": f"not key-hush, nor pass-hush, nor {basic}"}
    reason = parsed(401, echo, **secret).outcome.reason
    assert "hush" not in reason
    assert basic not in reason
    bearer = parsed(401, {"error": "Bearer token-hush?"}, auth={"bearer": "token-hush"})
    assert bearer.outcome.reason == 'HTTP 401 {"error": "Bearer …?"}'


def test_a_value_too_short_to_be_a_secret_makes_no_riddle_of_a_reason() -> None:
    reason = parsed(402, b"2 of 22", headers={"X-Version": "2"}).outcome.reason
    assert reason == "HTTP 402 2 of 22"


TAKEN = {"queued": [{"id": "m1"}, {"id": "m2"}]}
PATH = "queued[0].id"

ANSWERS: dict[str, tuple[int, bytes | Mapping[str, object], Verdict, Verdict]] = {
    "200": (200, TAKEN, Verdict.ACCEPTED, Verdict.ACCEPTED),
    "201": (201, TAKEN, Verdict.ACCEPTED, Verdict.ACCEPTED),
    "202": (202, TAKEN, Verdict.ACCEPTED, Verdict.ACCEPTED),
    "203": (203, TAKEN, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "207": (207, TAKEN, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "no id": (202, {"queued": []}, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "empty id": (202, {"queued": [{"id": ""}]}, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "odd id": (202, {"queued": [{"id": True}]}, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "half": (202, b'{"queued": [', Verdict.UNKNOWN, Verdict.UNKNOWN),
    "301": (301, b"", Verdict.UNKNOWN, Verdict.UNKNOWN),
    "302": (302, TAKEN, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "400": (400, {"error": "no"}, Verdict.REJECTED, Verdict.SPLIT),
    "422": (422, {"error": "no"}, Verdict.REJECTED, Verdict.SPLIT),
    "500": (500, TAKEN, Verdict.UNKNOWN, Verdict.UNKNOWN),
}


def test_each_answer_has_its_verdict_for_one_and_for_two(subtests: pytest.Subtests) -> None:
    for case in ANSWERS:
        with subtests.test(case=case):
            status, body, alone, together = ANSWERS[case]
            one = parsed(status, body, LONE, message_id=PATH)
            two = parsed(status, body, *PAIR, message_id=PATH)
            assert (one.outcome.verdict, two.outcome.verdict) == (alone, together)
            for answer in (one, two):
                assert answer.outcome.reason or answer.outcome.verdict is Verdict.ACCEPTED
                assert not answer.exceptions


def test_without_a_path_the_status_alone_counts() -> None:
    outcome = parsed(202, b"").outcome
    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, "")


def test_which_statuses_mean_what_can_be_described() -> None:
    said: dict[str, object] = {"accepted": [204], "rejected": [410], "quota": [402, 420]}
    assert parsed(204, **said).outcome.verdict is Verdict.ACCEPTED
    assert parsed(202, **said).outcome.verdict is Verdict.UNKNOWN
    assert parsed(410, **said).outcome.verdict is Verdict.REJECTED
    assert parsed(422, **said).outcome.verdict is Verdict.CONFIGURATION
    wait = parsed(420, sent={"retry-after": "60"}, **said)
    assert (wait.outcome.verdict, wait.retry_after) == (Verdict.QUOTA, timedelta(seconds=60))


def test_a_description_cannot_make_an_unknown_answer_certain() -> None:
    for wrong in ({"accepted": [500]}, {"rejected": [302]}, {"quota": [503]}):
        with pytest.raises(ValidationError):
            options(**wrong)


def test_an_accepted_answer_without_its_id_says_where_it_was_looked_for() -> None:
    reason = parsed(202, {"id": 7}, message_id=PATH).outcome.reason
    assert reason == 'no id at queued[0].id: HTTP 202 {"id": 7}'


def test_the_words_of_an_answer_are_told_without_the_name_in_an_address() -> None:
    reason = parsed(422, {"error": "ana@a.example bounced"}).outcome.reason
    assert reason == 'HTTP 422 {"error": "…@a.example bounced"}'


def test_what_cannot_be_a_description_is_refused(subtests: pytest.Subtests) -> None:
    for wrong in [
        {"url": "ftp://gateway.example/"},
        {"url": "https://me:secret@gateway.example/"},
        {"url": "https://gateway.example/#here"},
        {"url": "https://gateway.example?queue=press"},
        {"headers": {"": "x"}},
        {"headers": {"Host": "x"}},
        {"headers": {"X-Note": "a\r\nB: c"}},
        {"headers": {"X-Note": "論"}},
        {"auth": {}},
        {"auth": {"user": "a"}},
        {"auth": {"password": "a"}},
        {"auth": {"user": "a:b", "password": "c"}},
        {"auth": {"user": "a", "password": ""}},
        {"auth": {"user": "a", "password": "b", "bearer": "c"}},
        {"auth": {"bearer": "a b"}},
        {"auth": {"bearer": "a\n"}},
        {"auth": {"bearer": "a"}, "headers": {"AUTHORIZATION": "b"}},
        {"message_id": "a b"},
        {"body": ""},
    ]:
        with subtests.test(wrong=wrong):
            with pytest.raises(ValidationError) as caught:
                options(**wrong)
            assert "secret" not in str(caught.value)


def test_no_path_can_be_written_out() -> None:
    assert options(message_id=None).message_id is None


def test_a_batch_size_that_is_none_is_the_only_fault() -> None:
    with pytest.raises(ValidationError) as caught:
        options(batch_size=0, body=MANY)
    assert [fault["loc"] for fault in caught.value.errors()] == [("batch_size",)]
