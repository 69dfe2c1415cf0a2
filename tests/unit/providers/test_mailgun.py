"""What Mailgun is told, byte by byte."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from newsletter.domain.delivery import OutgoingBatch
from newsletter.domain.errors import InvalidInput
from newsletter.domain.message import Sender
from newsletter.providers.http import HttpRequest
from newsletter.providers.mailgun import MAX_RECIPIENTS, Mailgun, Options
from tests.contracts.provider import batch, content, recipients
from tests.servers import Received, parse_form


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


def test_the_call_goes_to_the_domain_with_the_key() -> None:
    request = mailgun().build(batch())
    assert request.method == "POST"
    assert request.url == "https://api.mailgun.net/v3/forum.example/messages"
    assert request.headers["Authorization"] == "Basic YXBpOmtleS1odXNo"


@pytest.mark.parametrize("base", ["https://api.eu.mailgun.net", "https://api.eu.mailgun.net/"])
def test_another_base_url_keeps_the_path(base: str) -> None:
    request = mailgun(base_url=base).build(batch())
    assert request.url == "https://api.eu.mailgun.net/v3/forum.example/messages"


def test_the_same_batch_gives_the_same_bytes_and_another_attempt_others() -> None:
    first, again, other = (
        mailgun().build(batch(attempt_id=attempt)).body for attempt in ("a1", "a1", "a2")
    )
    assert first == again != other


def test_content_is_compiled_anew_when_only_the_text_behind_a_digest_changes() -> None:
    provider = mailgun()
    provider.build(batch())
    changed = replace(batch(), content=content(subject="Another"))
    assert changed.digest == batch().digest
    assert form(provider.build(changed))["subject"] == ["Another"]


def test_many_contents_in_turn_are_each_said_right() -> None:
    provider = mailgun()
    for number in [*range(10), *range(10)]:
        said = form(provider.build(batch(subject=f"Number {number}")))
        assert said["subject"] == [f"Number {number}"]


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


@pytest.mark.parametrize("count", [0, MAX_RECIPIENTS + 1])
def test_more_than_mailgun_takes_and_nobody_are_refused(count: int) -> None:
    readers = recipients(*(f"reader{number}@example.org" for number in range(count)))
    with pytest.raises(InvalidInput, match="1 to 1000"):
        mailgun().build(replace(batch(), recipients=readers))


@pytest.mark.parametrize(
    "address",
    [
        "a,b@example.org",
        'a"b@example.org',
        "a\\b@example.org",
        "a b@example.org",
        "a\nb@example.org",
        "<a@example.org>",
        "a;b@example.org",
        "",
    ],
)
def test_an_address_that_would_break_the_list_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="address"):
        mailgun().build(batch("fine@example.org", address))


def test_an_address_twice_in_a_batch_is_refused() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        mailgun().build(batch("a@example.org", "a@example.org"))


@pytest.mark.parametrize("value", ['a"b', "a\\", "a\n", "%recipient.m%", "ü"])
def test_a_merge_value_that_is_no_plain_word_is_refused(value: str) -> None:
    for field in ("unsubscribe", "message_id"):
        changed: dict[str, Any] = {field: value}
        reader = recipients("a@example.org")[0]._replace(**changed)
        with pytest.raises(InvalidInput, match="recipient-variables"):
            mailgun().build(replace(batch(), recipients=(reader,)))


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


@pytest.mark.parametrize(
    "mark",
    [
        "%recipient.name%",
        "%recipient%",
        "%recipient_email%",
        "%Recipient.u%",
        "%unsubscribe_url%",
        "%mailing_list_unsubscribe_url%",
        "%tag_unsubscribe_url%",
        "%unsubscribe_email%",
        "%UNSUBSCRIBE_URL%",
    ],
)
@pytest.mark.parametrize("field", ["subject", "text", "html"])
def test_a_mark_of_mailguns_own_is_refused_by_name(field: str, mark: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        mailgun().build(batch(**{field: f"Costs 5 {mark} more"}))
    (fault,) = caught.value.faults
    assert fault.key == field
    assert mark[:8] in fault.message


def test_marks_of_mailguns_own_are_found_in_names_and_headers_and_all_listed() -> None:
    sender = Sender(name="%recipient.x%", address="news@forum.example")
    with pytest.raises(InvalidInput) as caught:
        mailgun().build(batch(sender=sender, headers=(("X-Note", "%recipient.y%"),)))
    assert [fault.key for fault in caught.value.faults] == ["from", "h:X-Note"]


@pytest.mark.parametrize(
    "text",
    ["100% of recipients", "50%more%", "https://x.example/?u=%2Fmy_url%2F", "%20recipient", "%%"],
)
def test_other_percent_signs_pass(text: str) -> None:
    assert built(batch(text=text))["text"] == [text]


def test_headers_beyond_mailguns_limit_are_refused() -> None:
    with pytest.raises(InvalidInput, match="16 KB"):
        mailgun().build(batch(headers=(("X-Note", "x" * 17_000),)))


@pytest.mark.parametrize("name", ['X"; name="to', "X Y", "X:Y", "Ü", ""])
def test_a_header_name_cannot_break_the_form(name: str) -> None:
    with pytest.raises(InvalidInput, match="not a name"):
        mailgun().build(batch(headers=((name, "x"),)))


def test_a_sender_without_a_name_is_a_bare_address() -> None:
    assert built(batch(sender=Sender(name="", address="n@f.example")))["from"] == ["n@f.example"]


def test_every_line_of_the_form_belongs_to_a_part() -> None:
    request = mailgun().build(batch())
    boundary = request.headers["Content-Type"].partition("boundary=")[2]
    pieces = request.body.split(f"--{boundary}".encode())
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    for piece, _ in pairwise(pieces[1:]):
        assert piece.startswith(b"\r\nContent-Disposition: form-data; name=")
        assert piece.endswith(b"\r\n")


def test_the_key_shows_nowhere() -> None:
    options = Options(kind="mailgun", domain="forum.example", api_key="key-hush")  # type: ignore[arg-type]  # as YAML gives it
    request = Mailgun(options).build(batch())
    for shown in (repr(options), str(options), repr(Mailgun(options)), repr(request)):
        assert "key-hush" not in shown
        assert "YXBpOmtleS1odXNo" not in shown


@pytest.mark.parametrize(
    "wrong",
    [{"domain": "a/b"}, {"domain": ""}, {"domain": "-a"}, {"api_key": ""}, {"apikey": "x"}],
)
def test_options_that_cannot_work_are_refused_without_showing_the_key(
    wrong: dict[str, str],
) -> None:
    with pytest.raises(ValidationError) as caught:
        mailgun(**wrong)
    assert "key-hush" not in str(caught.value)


def test_the_batch_size_lowers_the_limit() -> None:
    assert mailgun().capabilities.max_recipients == 1000
    assert mailgun(batch_size=50).capabilities.max_recipients == 50
    assert mailgun(batch_size=5000).capabilities.max_recipients == 1000
