"""Calls to MailerSend, and the meaning of each of its answers."""

import json
from typing import Any

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.mailersend.send import MailerSend, Options
from tests.contracts.provider import answered, batch, content
from tests.rows import rows

ONE = "ana@a.example"
ID = {"x_message_id": "m1"}


def mailersend(**options: object) -> MailerSend:
    usual = {"kind": "mailersend", "api_token": "token-hush"}
    return MailerSend(Options.model_validate({**usual, **options}))


def built(**changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(mailersend().build(batch(ONE, **changes)).body)
    return said


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


def test_the_exact_bytes_of_a_small_call() -> None:
    sender = Sender(name="", address="n@forum.example")
    small = batch(ONE, text='Grüße "NLMERGEMESSAGEID"\n', html="", headers=(), sender=sender)
    assert mailersend().build(small).body.decode() == (
        '{"from":{"email":"n@forum.example"},"subject":"Forum resigns from task force",'
        '"text":"Grüße \\"letter0001\\"\\n","to":[{"email":"ana@a.example"}],'
        '"tags":["resigns/attempt1/1"],'
        '"settings":{"track_clicks":false,"track_opens":false,"track_content":false}}'
    )


@rows(
    ("status", "body", "headers", "verdict"),
    [
        (202, b"", ID, Verdict.ACCEPTED),
        (202, b"\r\n", ID, Verdict.ACCEPTED),
        (202, b"", ID | {"x_send_paused": "false"}, Verdict.ACCEPTED),
        (202, b"", ID | {"x_send_paused": "true"}, Verdict.UNKNOWN),
        (202, b"", {"x_message_id": ""}, Verdict.UNKNOWN),
        (202, b"", {}, Verdict.UNKNOWN),
        (200, b"", ID, Verdict.UNKNOWN),
        (202, {"message": "Some"}, ID, Verdict.UNKNOWN),
        (202, {"bulk_email_id": "614470d1588b866d0454f3e2"}, {}, Verdict.UNKNOWN),
        (202, suppressed(ONE, "ALL_SUPPRESSED", "blocklisted"), {}, Verdict.REJECTED),
        (202, suppressed("Ana@A.example"), {}, Verdict.REJECTED),
        (202, suppressed(ONE, "ALL_SUPPRESSED", "blocklisted"), ID, Verdict.UNKNOWN),
        (202, suppressed(ONE, "SOME_SUPPRESSED", "blocklisted"), {}, Verdict.UNKNOWN),
        (202, suppressed("ben@b.example"), {}, Verdict.UNKNOWN),
        (202, {"warnings": []}, {}, Verdict.UNKNOWN),
        (202, {"warnings": [{"type": "ALL_SUPPRESSED"}]}, {}, Verdict.UNKNOWN),
        (202, {"warnings": suppressed()["warnings"] * 2}, {}, Verdict.UNKNOWN),
    ],
)
def test_only_an_id_alone_is_proof(
    status: int, body: object, headers: dict[str, str], verdict: Verdict
) -> None:
    outcome = parsed(status, body, **headers).outcome
    assert outcome.verdict is verdict
    assert outcome.provider_id == ("m1" if verdict is Verdict.ACCEPTED else "")
    assert outcome.reason or verdict is Verdict.ACCEPTED


@rows(
    ("status", "body", "verdict"),
    [
        (422, invalid("The to.0.email must be a valid email address."), Verdict.REJECTED),
        (422, invalid("The to.0.email must be a valid email address. #MS42208"), Verdict.REJECTED),
        (422, invalid("You have reached a limit. #MS42225"), Verdict.CONFIGURATION),
        (422, invalid("must be a valid email address", "and more"), Verdict.CONFIGURATION),
        (422, invalid(), Verdict.CONFIGURATION),
        (422, {"errors": {"to.0.email": "must be a valid email address"}}, Verdict.CONFIGURATION),
        (422, {"errors": ["must be a valid email address"]}, Verdict.CONFIGURATION),
        (
            422,
            {"errors": {"to.0.email": ["must be a valid email address"], "from.email": ["?"]}},
            Verdict.CONFIGURATION,
        ),
        (
            422,
            invalid("The from.email must be a valid email address. #MS42208", field="from.email"),
            Verdict.CONFIGURATION,
        ),
        (400, invalid("The to.0.email must be a valid email address."), Verdict.CONFIGURATION),
        (
            422,
            {"message": "The recipient domain must be verified. #MS42212"},
            Verdict.CONFIGURATION,
        ),
        (401, {"message": "Unauthenticated."}, Verdict.CONFIGURATION),
        (413, b"", Verdict.CONFIGURATION),
        (421, b"<html>maintenance</html>", Verdict.RETRY),
        (429, {"message": "Too Many Attempts."}, Verdict.RETRY),
        (
            429,
            {"message": "It reached its rate limit of 120 requests/min. #MS42903"},
            Verdict.RETRY,
        ),
        (429, {"message": "It reached its API daily quota limit. #MS42901"}, Verdict.QUOTA),
        (408, {"message": "There is an error on our system."}, Verdict.UNKNOWN),
        (500, {"message": "Server Error"}, Verdict.UNKNOWN),
    ],
)
def test_only_an_address_that_is_none_refuses_a_reader(
    status: int, body: object, verdict: Verdict
) -> None:
    answer = parsed(status, body, retry_after="30")
    assert answer.outcome.verdict is verdict
    assert (answer.retry_after is not None) is (verdict in {Verdict.RETRY, Verdict.QUOTA})
    assert answer.outcome.reason


def test_the_reason_is_that_of_the_field_and_names_no_reader() -> None:
    answer = parsed(422, invalid("ana@a.example is no address", "and more"))
    assert answer.outcome.reason == "…@a.example is no address"
    assert parsed(422, b"<html>").outcome.reason == "HTTP 422"
    assert parsed(422, {"errors": {"to": []}, "message": "No."}).outcome.reason == "No."
