"""Calls to Postmark, byte by byte, and the meaning of each of its answers."""

import json
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Sender
from newsletter.providers.postmark.send import MAX_BYTES, MAX_RECIPIENTS, Options, Postmark
from tests.contracts.provider import answered, batch, content

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")


def postmark(**options: object) -> Postmark:
    usual = {"kind": "postmark", "server_token": "token-hush"}
    return Postmark(Options.model_validate({**usual, **options}))


def built(sent: OutgoingBatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(postmark().build(sent).body)
    return messages


def test_a_message_says_everything() -> None:
    sent = batch(*SEVERAL)
    first = built(sent)[0]
    headers = first.pop("Headers")
    assert [(each["Name"], each["Value"]) for each in headers] == [
        ("Message-ID", "<letter0001@forum.example>"),
        ("List-Id", "Press <press.forum.example>"),
        ("List-Unsubscribe", "<https://news.forum.example/u/token0001A-_z>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Feedback-ID", "resigns:press:news:forumexample"),
        ("X-PM-KeepID", "true"),
    ]
    assert first == {
        "From": '"Example Forum" <news@forum.example>',
        "To": "ana@a.example",
        "ReplyTo": "press@forum.example",
        "Subject": "Forum resigns from task force",
        "TextBody": sent.recipients[0].merge(sent.content.text),
        "HtmlBody": sent.recipients[0].merge(sent.content.html),
        "MessageStream": "broadcast",
        "TrackOpens": False,
        "TrackLinks": "None",
        "Tag": "resigns",
        "Metadata": {"campaign": "resigns", "attempt": "attempt1", "subscriber": "1"},
    }


def test_each_message_names_its_own_subscriber() -> None:
    messages = built(batch(*SEVERAL))
    assert [each["Metadata"]["subscriber"] for each in messages] == ["1", "2", "3"]
    assert [each["To"] for each in messages] == list(SEVERAL)


def test_another_stream_is_named() -> None:
    (message,) = json.loads(postmark(message_stream="news-1").build(batch("a@a.example")).body)
    assert message["MessageStream"] == "news-1"


def test_a_sender_without_a_name_is_a_bare_address_and_no_reply_to_is_none() -> None:
    (message,) = built(batch("a@a.example", sender=Sender(name="", address="n@f.example")))
    assert message["From"] == "n@f.example"
    assert "ReplyTo" not in message


def test_a_body_beyond_postmarks_limit_is_refused(subtests: pytest.Subtests) -> None:
    for field in ["text", "html"]:
        with subtests.test(field=field):
            postmark().build(batch("a@a.example", **{field: "ü" * 2_500_000}))
            with pytest.raises(InvalidInput, match="5 MB"):
                postmark().build(batch(**{field: "ü" * 2_500_001}))


def test_as_many_recipients_as_the_limits_allow_fit_in_one_call() -> None:
    said = content(html='<p title="é">"NLMERGEUNSUBSCRIBE"</p>\n' * 4000)
    count = postmark().capabilities.recipients_for(said)
    sent = batch(*(f"reader{number}@example.org" for number in range(count)), html=said.html)
    assert 1 < count < MAX_RECIPIENTS
    assert len(postmark().build(sent).body) <= MAX_BYTES


def ok(to: str, number: int = 1) -> dict[str, Any]:
    return {"To": to, "MessageID": f"id-{number}", "ErrorCode": 0, "Message": "OK"}


def no(code: int, message: str = "no", **more: object) -> dict[str, Any]:
    return {"ErrorCode": code, "Message": message, **more}


def parsed(body: object, *addresses: str, status: int = 200, **headers: str) -> Answer:
    return postmark().parse(batch(*(addresses or SEVERAL)), answered(status, body, **headers))


def taken(*addresses: str) -> list[dict[str, Any]]:
    return [ok(to, number) for number, to in enumerate(addresses or SEVERAL, start=1)]


def test_a_refused_reader_is_an_exception(subtests: pytest.Subtests) -> None:
    for code in [300, 406]:
        for extra in [{}, {"To": "ben@b.example"}, {"To": None}]:
            with subtests.test(code=code, extra=extra):
                first, _, last = taken()
                answer = parsed([first, no(code, "inactive: ben@b.example", **extra), last])
                assert answer.outcome.verdict is Verdict.ACCEPTED
                ((number, outcome),) = answer.exceptions.items()
                assert number == 2
                assert outcome.verdict is Verdict.REJECTED
                assert outcome.reason == "inactive: …@b.example"
                assert outcome.provider_id == ""


def test_the_first_id_is_that_of_the_first_message_taken() -> None:
    answer = parsed([no(406), *taken()[1:]])
    assert answer.outcome.provider_id == "id-2"
    assert set(answer.exceptions) == {1}


def test_where_all_readers_are_refused_each_has_the_reason() -> None:
    answer = parsed([no(406, "one"), no(300, "two"), no(406, "three")])
    assert answer.outcome.verdict is Verdict.REJECTED
    assert {n: each.reason for n, each in answer.exceptions.items()} == {
        1: "one",
        2: "two",
        3: "three",
    }


def test_a_refusal_of_the_whole_account_is_a_setting(subtests: pytest.Subtests) -> None:
    for code in [10, 400, 401, 402, 403, 405, 409, 410, 412, 413]:
        with subtests.test(code=code):
            assert parsed([no(code)] * 3).outcome.verdict is Verdict.CONFIGURATION
            assert parsed([no(406), no(code), no(429)]).outcome.verdict is Verdict.CONFIGURATION


def test_where_nothing_was_taken_the_batch_goes_again(subtests: pytest.Subtests) -> None:
    for code in [100, 429]:
        with subtests.test(code=code):
            answer = parsed([no(code), no(406), no(code)], retry_after="30")
            assert answer.outcome.verdict is Verdict.RETRY
            assert answer.retry_after == timedelta(seconds=30)
            assert {n: each.verdict for n, each in answer.exceptions.items()} == {
                2: Verdict.REJECTED
            }


def test_in_a_batch_taken_in_part_each_has_an_outcome_of_their_own(
    subtests: pytest.Subtests,
) -> None:
    for code, verdict in [
        (100, Verdict.RETRY),
        (429, Verdict.RETRY),
        (405, Verdict.CONFIGURATION),
        (999, Verdict.UNKNOWN),
    ]:
        with subtests.test(code=code, verdict=verdict):
            items = [ok("ana@a.example"), no(code, "later"), no(406, "gone")]
            answer = parsed(items, retry_after="30")
            assert answer.outcome.verdict is Verdict.ACCEPTED
            assert answer.outcome.provider_id == "id-1"
            assert {n: each.verdict for n, each in answer.exceptions.items()} == {
                2: verdict,
                3: Verdict.REJECTED,
            }
            assert answer.exceptions[2].reason == "later"
            waits = verdict is Verdict.RETRY
            assert answer.retry_after == (timedelta(seconds=30) if waits else None)


def test_an_error_nobody_knows_is_unknown() -> None:
    answer = parsed([no(999, "odd")] * 3)
    assert answer.outcome.verdict is Verdict.UNKNOWN
    assert "odd" in answer.outcome.reason


def test_what_is_wrong_for_all_refuses_no_reader(subtests: pytest.Subtests) -> None:
    for code, message, verdict in [
        (300, "Error parsing 'To': Illegal email address 'from@x'.", Verdict.REJECTED),
        (300, "Illegal email address", Verdict.REJECTED),
        (300, "Invalid 'From' address: 'news'.", Verdict.CONFIGURATION),
        (300, "Error parsing 'ReplyTo': Illegal email domain.", Verdict.CONFIGURATION),
        (300, "Provide either email TextBody or HtmlBody or both.", Verdict.CONFIGURATION),
        (300, "The header X-Note is not allowed.", Verdict.CONFIGURATION),
        (406, "Suppressed in the stream broadcast.", Verdict.REJECTED),
        (1235, "The 'MessageStream' does not exist on this server.", Verdict.CONFIGURATION),
    ]:
        with subtests.test(code=code, message=message, verdict=verdict):
            assert parsed([no(code, message)] * 3).outcome.verdict is verdict


MALFORMED: dict[str, object] = {
    "empty": b"",
    "cut off": json.dumps(taken()).encode()[:-5],
    "a page": b"<html>Welcome</html>",
    "an object": {"ErrorCode": 0, "Message": "OK"},
    "missing": taken()[:2],
    "extra": [*taken(), ok("dot@d.example")],
    "reordered": taken()[::-1],
    "another's refusal": [*taken()[:2], no(406, To="ana@a.example")],
    "no code": [*taken()[:2], {"To": "cy@c.example", "MessageID": "id-3", "Message": "OK"}],
    "code in words": [*taken()[:2], {**ok("cy@c.example"), "ErrorCode": "0"}],
    "code false": [*taken()[:2], {**ok("cy@c.example"), "ErrorCode": False}],
    "no id": [*taken()[:2], {**ok("cy@c.example"), "MessageID": ""}],
    "odd id": [*taken()[:2], {**ok("cy@c.example"), "MessageID": 7}],
    "no address": [*taken()[:2], {**ok("cy@c.example"), "To": None}],
    "null": [*taken()[:2], None],
    "deep": b"[" * 100_000,
}


def test_a_list_that_is_not_as_described_makes_all_of_it_unknown(subtests: pytest.Subtests) -> None:
    for case in MALFORMED:
        with subtests.test(case=case):
            answer = parsed(MALFORMED[case])
            assert answer.outcome.verdict is Verdict.UNKNOWN
            assert not answer.exceptions


def test_the_address_may_come_back_in_another_case_and_form() -> None:
    answer = parsed(
        taken("ANA@a.example", "eva@xn--bcher-kva.example"), "ana@a.example", "eva@bücher.example"
    )
    assert answer.outcome.verdict is Verdict.ACCEPTED
