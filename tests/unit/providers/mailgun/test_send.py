"""Calls to Mailgun, byte by byte, and how long it asks to wait."""

import json
from datetime import timedelta
from itertools import pairwise

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.mailgun.send import MAX_RECIPIENTS, Mailgun, Options
from newsletter.transport.http import HttpRequest, HttpResponse
from tests.contracts.provider import batch
from tests.rows import rows
from tests.servers import DATE, Received, parse_form


def mailgun(**options: object) -> Mailgun:
    usual = {"kind": "mailgun", "domain": "forum.example", "api_key": "key-hush"}
    return Mailgun(Options.model_validate({**usual, **options}))


def form(request: HttpRequest) -> dict[str, list[str]]:
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers["content-length"] = str(len(request.body))
    return parse_form(Received(method="POST", path="/", headers=headers, body=request.body))


def built(sent: OutgoingBatch) -> dict[str, list[str]]:
    return form(mailgun().build(sent))


def test_the_form_says_everything_once() -> None:
    sent = batch("ana@a.example", "ben@b.example")
    fields = built(sent)
    assert all(len(values) == 1 for values in fields.values())
    variables = json.loads(fields.pop("recipient-variables")[0])
    assert variables == {
        "ana@a.example": {"u": "token0001A-_z", "m": "letter0001"},
        "ben@b.example": {"u": "token0002A-_z", "m": "letter0002"},
    }
    assert {name: values[0] for name, values in fields.items()} == {
        "from": '"Example Forum" <news@forum.example>',
        "to": "ana@a.example, ben@b.example",
        "subject": "Forum resigns from task force",
        "text": sent.content.text.replace("NLMERGEUNSUBSCRIBE", "%recipient.u%"),
        "html": sent.content.html.replace("NLMERGEUNSUBSCRIBE", "%recipient.u%"),
        "h:Reply-To": "press@forum.example",
        "h:Message-ID": "<%recipient.m%@forum.example>",
        "h:List-Id": "Press <press.forum.example>",
        "h:List-Unsubscribe": "<https://news.forum.example/u/%recipient.u%>",
        "h:List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "h:Feedback-ID": "resigns:press:news:forumexample",
        "o:tracking": "no",
        "o:tracking-clicks": "no",
        "o:tracking-opens": "no",
        "o:tag": "resigns",
        "v:campaign": "resigns",
        "v:attempt": "attempt1",
    }


def test_the_boundary_never_stands_in_the_content() -> None:
    boundary = mailgun().build(batch()).headers["Content-Type"].partition("boundary=")[2]
    sent = batch(text=f"--{boundary}--\r\nNLMERGEUNSUBSCRIBE")
    request = mailgun().build(sent)
    assert f"boundary={boundary}" not in request.headers["Content-Type"]
    assert form(request)["text"] == [f"--{boundary}--\r\n%recipient.u%"]


def test_a_thousand_recipients_fit_in_one_call() -> None:
    addresses = [f"reader{number}@example.org" for number in range(MAX_RECIPIENTS)]
    variables = json.loads(built(batch(*addresses))["recipient-variables"][0])
    assert list(variables) == addresses


def test_the_variables_written_by_hand_read_back_for_odd_addresses() -> None:
    addresses = (
        "o'neil@a.example",
        "a+b%c{d}@a.example",
        "jörg🎉@bücher.example",
        "/$#!@x.example",
    )
    fields = built(batch(*addresses))
    variables = json.loads(fields["recipient-variables"][0])
    assert list(variables) == fields["to"][0].split(", ")
    assert [value["m"] for value in variables.values()] == [f"letter000{n}" for n in (1, 2, 3, 4)]


def test_a_sender_without_a_name_is_a_bare_address() -> None:
    assert built(batch(sender=Sender(name="", address="n@f.example")))["from"] == ["n@f.example"]


def answer(status: int, message: str, headers: dict[str, str] | None = None) -> Answer:
    said = HttpResponse(
        status=status,
        headers={"date": DATE, **(headers or {})},
        body=json.dumps({"message": message}).encode(),
    )
    return mailgun().parse(batch(), said)


def test_a_reason_keeps_the_readers_name_to_itself() -> None:
    reason = answer(400, "to parameter ana.ruiz@a.example is not valid").outcome.reason
    assert reason == "to parameter …@a.example is not valid"


WORDS = "Too many requests, try again after 120 seconds"


@rows(
    ("header", "message", "seconds"),
    [
        (None, "Too many requests", None),
        ("30", WORDS, 120),
        ("300", WORDS, 300),
        ("soon", WORDS, 120),
        (None, "try again after 999999999 seconds", 3600),
        (None, "try again after 99999999999 seconds", None),
    ],
)
def test_a_rate_limit_is_waited_out_as_mailgun_asks(
    header: str | None, message: str, seconds: int | None
) -> None:
    found = answer(429, message, {"retry-after": header} if header else {})
    assert found.outcome.verdict is Verdict.RETRY
    assert found.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_every_line_of_the_form_belongs_to_a_part() -> None:
    request = mailgun().build(batch())
    boundary = request.headers["Content-Type"].partition("boundary=")[2]
    pieces = request.body.split(f"--{boundary}".encode())
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    for piece, _ in pairwise(pieces[1:]):
        assert piece.startswith(b"\r\nContent-Disposition: form-data; name=")
        assert piece.endswith(b"\r\n")
