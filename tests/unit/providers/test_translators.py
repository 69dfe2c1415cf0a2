"""Rules for the call of every provider over HTTP, kind by kind, and the facts of each."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr, ValidationError

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider, PreparedCall
from newsletter.providers.registry import OPTIONS, build
from newsletter.transport.http import HttpRequest
from tests.contracts.provider import batch, content, recipients
from tests.fakes import FixedClock
from tests.provider_servers.kinds import KINDS


def keys(kind: str) -> dict[str, Any]:
    """The options without which there is none; every secret among them is ``hush``."""
    needed = KINDS[kind].options
    read = OPTIONS[kind].model_validate({"kind": kind, **needed})
    hidden = {name for name, value in read if isinstance(value, SecretStr)}
    return {**needed, **{name: "hush" for name in needed if name in hidden}}


KEYS = {kind: keys(kind) for kind in KINDS if kind != "http"}
"""``http`` sends what a workspace describes: its own folder has the tests of that."""
NO_ADDRESSES = ["", "a b@x.example", 'a"b@x.example', "a,b@x.example", "a;b@x.example"]
NO_ADDRESSES += ["a\\b@x.example", "<a@x.example>", "(a)@x.example", "a:b@x.example"]
NO_WORDS = ['a"b', "a\\", "a\n", "a b", "ü", "{{x}}", "%recipient.m%", "<%body%>"]


def provider(kind: str, **options: object) -> HttpProvider:
    read = OPTIONS[kind].model_validate({"kind": kind, **KEYS[kind], **options})
    made = build(read, workspace=Path(), clock=FixedClock())
    assert isinstance(made, HttpProvider)
    return made


SINGLE = {kind for kind in KEYS if provider(kind).capabilities.max_recipients == 1}


def request(made: HttpProvider, sent: OutgoingBatch) -> HttpRequest:
    prepared = made.prepare(sent)
    assert isinstance(prepared, PreparedCall)
    return prepared.request


def one(**changes: Any) -> OutgoingBatch:
    return batch("ana@a.example", **changes)


def test_another_base_url_keeps_the_path(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        for base in ["http://127.0.0.1:9", "http://127.0.0.1:9/"]:
            with subtests.test(kind=kind, base=base):
                usual = urlsplit(request(provider(kind), one()).url)
                other = request(provider(kind, base_url=base), one()).url
                assert len(usual.path) > 1
                assert other == f"http://127.0.0.1:9{usual.path}"


def test_the_same_batch_gives_the_same_bytes_and_another_attempt_others(
    subtests: pytest.Subtests,
) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            first, again, other = (
                request(provider(kind), one(attempt_id=attempt)) for attempt in ("a1", "a1", "a2")
            )
            assert first == again
            assert (first.body, first.headers) != (other.body, other.headers)


def test_content_is_said_anew_when_only_the_text_behind_a_digest_changes(
    subtests: pytest.Subtests,
) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            made = provider(kind)
            request(made, one())
            changed = replace(one(), content=content(subject="Another"))
            assert b"Another" in request(made, changed).body


def test_many_contents_in_turn_are_each_said_right(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            made = provider(kind)
            for number in [*range(10), *range(10)]:
                body = request(made, one(subject=f"Number {number}")).body
                assert {other for other in range(10) if f"Number {other}".encode() in body} == {
                    number
                }


def test_more_than_it_takes_and_nobody_are_refused(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            made = provider(kind)
            most = made.capabilities.max_recipients
            why = "one call takes one" if kind in SINGLE else f"takes 1 to {most}"
            for count in (0, most + 1):
                readers = recipients(*(f"reader{number}@example.org" for number in range(count)))
                with pytest.raises(InvalidInput, match=f"{count} recipients; .*{why}"):
                    made.prepare(replace(one(), recipients=readers))


def test_an_address_that_would_break_the_call_is_refused(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        for address in NO_ADDRESSES:
            with subtests.test(kind=kind, address=address):
                others = () if kind in SINGLE else ("fine@example.org",)
                with pytest.raises(InvalidInput, match="an address is empty or holds"):
                    provider(kind).prepare(batch(*others, address))


def test_an_address_twice_in_a_batch_is_refused(subtests: pytest.Subtests) -> None:
    by_place = {"ses"}  # what is said of one reader cannot become another's there
    for kind in KEYS.keys() - SINGLE - by_place:
        with subtests.test(kind=kind), pytest.raises(InvalidInput, match="twice"):
            provider(kind).prepare(batch("a@example.org", "b@example.org", "a@example.org"))


def test_a_merge_value_that_is_no_plain_word_is_refused(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        for value in NO_WORDS:
            for field in ["unsubscribe", "message_id"]:
                with subtests.test(kind=kind, value=value, field=field):
                    changed: dict[str, Any] = {field: value}
                    reader = one().recipients[0]._replace(**changed)
                    with pytest.raises(InvalidInput, match="merge value"):
                        provider(kind).prepare(replace(one(), recipients=(reader,)))


LIMITS = {
    "brevo": (1000, 10_000_000, True),
    "mailersend": (1, 0, True),
    "mailgun": (1000, 25_000_000, False),
    "mailjet": (50, 15_000_000, True),
    "mailpit": (1, 0, True),
    "mailtrap": (500, 50_000_000, True),
    "postal": (1, 0, True),
    "postmark": (500, 50_000_000, True),
    "resend": (100, 0, True),
    "sendgrid": (1000, 30_000_000, False),
    "ses": (50, 1_000_000, False),
}
"""Kind → recipients and bytes of a call, whether each has a body of its own."""


def test_the_limits_of_a_call_are_those_of_its_provider() -> None:
    known = {kind: provider(kind).capabilities for kind in LIMITS}
    assert {
        kind: (each.max_recipients, each.max_bytes, each.own_body) for kind, each in known.items()
    } == LIMITS


BEARER, JSON = {"Authorization": "Bearer hush"}, {"Content-Type": "application/json"}
CALLS = {
    "brevo": ("https://api.brevo.com/v3/smtp/email", {"api-key": "hush"} | JSON),
    "mailersend": ("https://api.mailersend.com/v1/email", BEARER | JSON),
    "mailgun": (
        "https://api.mailgun.net/v3/forum.example/messages",
        {"Authorization": "Basic YXBpOmh1c2g=", "Content-Type": "multipart/form-data"},
    ),
    "mailjet": (
        "https://api.mailjet.com/v3.1/send",
        {"Authorization": "Basic cHVibGljOmh1c2g="} | JSON,
    ),
    "mailpit": ("http://127.0.0.1:8025/api/v1/send", JSON),
    "mailtrap": ("https://bulk.api.mailtrap.io/api/batch", BEARER | JSON),
    "postal": (
        "https://postal.forum.example/api/v1/send/message",
        {"X-Server-API-Key": "hush"} | JSON,
    ),
    "postmark": (
        "https://api.postmarkapp.com/email/batch",
        {"X-Postmark-Server-Token": "hush"} | JSON,
    ),
    "resend": (
        "https://api.resend.com/emails/batch",
        {"Idempotency-Key": "attempt1", "x-batch-validation": "strict"} | BEARER | JSON,
    ),
    "sendgrid": ("https://api.sendgrid.com/v3/mail/send", BEARER | JSON),
    "ses": ("https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails", JSON),
}
"""Kind → the address of a call, and its header fields, which show who we are."""


def test_a_call_goes_to_its_provider_with_the_key() -> None:
    def call(kind: str) -> tuple[str, dict[str, str]]:
        own = {"api_key": "public"} if kind == "mailjet" else {}  # the first of two
        made = request(provider(kind, **own), one())
        content_type = made.headers["Content-Type"].partition(";")[0]
        return made.url, {**made.headers, "Content-Type": content_type}

    calls = {kind: call(kind) for kind in CALLS}
    # Brevo's key for the attempt has a test of its own
    calls["brevo"][1].pop("idempotencyKey", None)
    assert calls == CALLS
    assert {request(provider(kind), one()).method for kind in KEYS} == {"POST"}


MARKS = {
    "brevo": ["{{ params.x }}", "{{contact.X}}", "{% if x %}", "{# x #}", "[UNSUBSCRIBE]"],
    "mailersend": ["{{ name }}", "{{name}}", "{% if x %}", "{$unsubscribe}"],
    "mailgun": [
        *("%recipient.name%", "%recipient%", "%recipient_email%", "%Recipient.u%"),
        *("%unsubscribe_url%", "%mailing_list_unsubscribe_url%", "%tag_unsubscribe_url%"),
        *("%unsubscribe_email%", "%UNSUBSCRIBE_URL%"),
    ],
    "mailjet": ["{{var:day}}", "{{ data:x}}", "[[VAR:day]]", "[[UNSUB_LINK_EN]]", "[[PERMALINK]]"],
    "mailtrap": ["{{name}}", "__unsubscribe_url__"],
    "postal": ["https+notrack://x.example"],
    "postmark": ["{{{ pm:unsubscribe }}}", "{{{pm:unsubscribe_url}}}", "{{ PM:x }}", "{{ { pm:x"],
    "resend": ["{{{RESEND_UNSUBSCRIBE_URL}}}", "{{ resend_x }}", "{{{contact.first_name|there}}}"],
    "sendgrid": ["<%body%>", "<% subject %>", "<%asm_group_unsubscribe_raw_url%>", "%ASM_x_url%"],
}
"""Kind → what the provider would replace. SES replaces only in a template: see its own tests."""
OUR_OWN = ["NLMERGEADDRESS", "NLMERGECAMPAIGN"]


def test_a_mark_of_the_provider_or_our_own_is_refused_by_name(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        for mark in [*MARKS.get(kind, []), *OUR_OWN]:
            said = f"Costs 5 {mark} more"
            sender = Sender(name=said, address="news@forum.example")
            for field in ["subject", "text", "html", "from"]:
                changes: dict[str, Any] = {"sender": sender} if field == "from" else {field: said}
                with subtests.test(kind=kind, mark=mark, field=field):
                    with pytest.raises(InvalidInput) as caught:
                        provider(kind).prepare(one(**changes))
                    (fault,) = caught.value.faults
                    assert fault.key == field
                    assert re.search(f"“{re.escape(mark[:2])}.*might replace", fault.message)


SIGNS = {
    "brevo": ["a { b } c", "p{color:red}@media{p{a:b}}", "[unsubscribe]", "100%", "}}"],
    "mailersend": ["<style>@media print{#top{color:red}}</style>{ 5 % }"],
    "mailgun": [
        *("100% of recipients", "50%more%", "https://x.example/?u=%2Fmy_url%2F"),
        *("%20recipient", "%%"),
    ],
    "mailjet": ["{% x %} {{ x }} [[ word ]]"],
    "mailpit": ["{{name}} %recipient.x% {% if %} https+notrack://x.example"],
    "mailtrap": ["<style>@media print{a{color:red}}</style>{ {x} }"],
    "sendgrid": ["100% of us", "a < b % c", "{{name}}", "[unsubscribe]", "-name-"],
    "ses": ["a { b } c", "}}", "{ {name} }", "<%x%>", "%recipient.x%", "\\"],
}
"""Kind → what looks like a mark, and is none."""


def test_other_signs_pass_untouched(subtests: pytest.Subtests) -> None:
    for kind, signs in SIGNS.items():
        for text in signs:
            with subtests.test(kind=kind, text=text):
                readers = ("ana@a.example",) if kind in SINGLE else ("ana@a.example", "b@b.example")
                body = request(provider(kind), batch(*readers, text=text, html=text)).body
                written = text if kind == "mailgun" else json.dumps(text)
                assert body.count(written.encode()) >= 2


NOT_TWICE = (("X-Note", "1"), ("x-note", "2"))
HEADERS: dict[str, list[tuple[tuple[tuple[str, str], ...], str]]] = {
    "brevo": [
        ((("List-Id", "Préss <press.forum.example>"),), "plain letters"),
        ((("X-Mailin-custom", "1"),), "cannot be given"),
        ((("idempotencyKey", "1"),), "cannot be given"),
    ],
    "mailersend": [
        ((("In-Reply-To", "<a@b.example>"),), "cannot be given"),
        ((("Precedence", "bulk"),), "cannot be given"),
        ((("X_Note", "a"),), "not a name"),
        ((("X-Note", "é"),), "plain letters"),
        ((("List-Unsubscribe", "<https://é.example>"),), "plain letters"),
        ((("List-Unsubscribe", "<a>"), ("list-unsubscribe", "<b>")), "not twice"),
    ],
    "mailgun": [
        ((("X-Note", "x" * 17_000),), "16 KB"),
        ((('X"', "x"),), "not a name"),
        ((('X"; name="to', "x"),), "not a name"),
    ],
    "mailjet": [
        ((("Bcc", "a@a.example"),), "cannot be given"),
        ((("X-Mailer", "a"),), "cannot be given"),
        ((("X-MJ-TemplateLanguage", "True"),), "cannot be given"),
        ((("X-Mailjet-TrackOpen", "1"),), "cannot be given"),
        ((("X-Note", "é"),), "plain letters"),
    ],
    "mailpit": [
        (((name, "x"),), "cannot be given")
        for name in ("Cc", "Bcc", "CC", "X-Attempt", "X-subscriber")
    ],
    "postal": [((("x-amp", "on"),), "cannot be given"), ((("X-AMP", "on"),), "cannot be given")],
    "postmark": [((('X"', "x"),), "not a name")],
    "resend": [((('X"', "x"),), "not a name")],
    "sendgrid": [((("X-Note", "é"),), "plain letters"), ((("X-SG-ID", "1"),), "cannot be given")],
    "ses": [
        ((("X-Note", ""),), "empty or too long"),
        ((("X-Note", "x" * 991),), "empty or too long"),
        ((("X" * 127, "x"),), "empty or too long"),
        ((("Cc", "x"),), "cannot be given"),
        ((("X-SES-MESSAGE-TAGS", "a=b"),), "cannot be given"),
        ((("X-Note", "é NLMERGEUNSUBSCRIBE"),), "plain letters"),
        (tuple((f"X-{number}", "x") for number in range(16)), "are 16; SES takes 15"),
    ],
}
"""Kind → header fields that a call cannot carry, and why; ``EVERYWHERE`` holds for each kind."""
EVERYWHERE: list[tuple[tuple[tuple[str, str], ...], str]] = [
    (NOT_TWICE, "not twice"),
    *((((name, "x"),), "not a name") for name in ("X Y", "X:Y", "Ü", "")),
    *(
        (((name, "x"),), "twice|cannot be given")
        for name in ("To", "From", "Reply-To", "Date", "Subject", "Content-Type", "Mime-Version")
    ),
]


def test_a_header_that_a_call_cannot_carry_is_refused(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        for headers, why in [*EVERYWHERE, *HEADERS.get(kind, [])]:
            for readers in [1] if kind in SINGLE else [1, 3]:
                sent = one(headers=headers) if readers == 1 else batch(headers=headers)
                with (
                    subtests.test(kind=kind, headers=headers, readers=readers),
                    pytest.raises(InvalidInput, match=why),
                ):
                    provider(kind).prepare(sent)


def test_the_batch_size_lowers_the_limit_and_never_raises_it(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            most = provider(kind).capabilities.max_recipients
            lower = 1 if kind in SINGLE else most // 2
            assert provider(kind, batch_size=lower).capabilities.max_recipients == lower
            assert provider(kind, batch_size=5000).capabilities.max_recipients == most


def test_no_secret_shows(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            options = OPTIONS[kind].model_validate({"kind": kind, **KEYS[kind]})
            secrets = [value for _, value in options if isinstance(value, SecretStr)]
            assert bool(secrets) == (kind != "mailpit")
            made = request(provider(kind), one())
            for shown in (repr(options), str(options), repr(made)):
                assert "hush" not in shown
                assert all(value not in shown for value in made.headers.values())


WRONG = {
    "mailgun": [("domain", "a/b"), ("domain", "-a"), ("apikey", "x")],
    "mailpit": [("api_key", "x"), ("base_url", "http://user:secret@mail.example")],
    "postmark": [("message_stream", ""), ("message_stream", "a/b"), ("api_key", "x")],
    "ses": [
        *(("region", "eu-west-1.evil.example"), ("region", "EU-WEST-1"), ("access_key_id", "A/B")),
        *(("session_token", ""), ("configuration_set", "a b"), ("api_key", "x")),
    ],
}
"""Kind → an option and a value that it cannot have."""


def test_options_that_cannot_work_are_refused_without_showing_a_secret(
    subtests: pytest.Subtests,
) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            wrong: list[dict[str, object]] = [{name: ""} for name in KEYS[kind]]
            wrong += [{name: value} for name, value in WRONG.get(kind, [])]
            wrong += [{"nonsense": "x"}, {"base_url": "nowhere"}, {"batch_size": 0}]
            for each in wrong:
                with pytest.raises(ValidationError) as caught:
                    provider(kind, **each)
                assert "hush" not in str(caught.value)


UNDER_A_KEY = {
    "brevo": "e2206c2e8c9f62a1dc4052dd46966fb641e43521c483e98c20274280c22e92fb",
    "resend": "662d6efc44ae38eab5d6effa7cc58f29372e41779282e0fd4e46f7efe4c0e28f",
}
"""The SHA-256 of this version's calls. Where yours differs, attempts that are unknown when
somebody upgrades are not repeated under their key: write that into the changelog, then this."""


def test_an_upgrade_makes_the_bytes_that_the_version_before_it_made() -> None:
    keyed = {kind for kind in KEYS if provider(kind).capabilities.replay is Replay.KEYED}
    sent = batch("ana@a.example", "ben@b.example")
    made = {kind: request(provider(kind), sent).body for kind in sorted(keyed)}
    assert {kind: hashlib.sha256(body).hexdigest() for kind, body in made.items()} == UNDER_A_KEY
