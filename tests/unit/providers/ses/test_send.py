"""Calls to SES, byte by byte."""

import json
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Sender
from newsletter.providers.ses.send import Options, Ses
from tests.contracts.provider import AT, batch, content, recipients

SEVERAL = ("ana@a.example", "ben@b.example")
ONE = ("ana@a.example",)
MODEL = botocore.session.Session().get_service_model("sesv2")
USUAL = {
    "kind": "ses",
    "region": "eu-west-1",
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": "key-hush",
}


def ses(**options: object) -> Ses:
    return Ses(Options.model_validate({**USUAL, **options}))


def built(sent: OutgoingBatch, **options: object) -> Any:
    return json.loads(ses(**options).build(sent).body)


def headers_for(sent: OutgoingBatch) -> list[list[tuple[str, str]]]:
    call = built(sent)
    lists = [entry["ReplacementHeaders"] for entry in call.get("BulkEmailEntries", [])]
    lists = lists or [call["Content"]["Simple"]["Headers"]]
    return [[(each["Name"], each["Value"]) for each in headers] for headers in lists]


def test_a_call_to_several_says_everything_once() -> None:
    sent = batch(*SEVERAL)
    call = built(sent, configuration_set="events")
    entries = call.pop("BulkEmailEntries")
    text, html = (
        each.replace("NLMERGEUNSUBSCRIBE", "{{unsubscribe}}")
        for each in (sent.content.text, sent.content.html)
    )
    assert call == {
        "FromEmailAddress": "Example Forum <news@forum.example>",
        "ReplyToAddresses": ["press@forum.example"],
        "ConfigurationSetName": "events",
        "ConfigurationOverrides": {
            "Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
        },
        "DefaultContent": {
            "Template": {
                "TemplateContent": {
                    "Subject": "Forum resigns from task force",
                    "Text": text,
                    "Html": html,
                },
                "TemplateData": "{}",
            }
        },
    }
    assert entries[1] == {
        "Destination": {"ToAddresses": ["ben@b.example"]},
        "ReplacementTags": [
            {"Name": "campaign", "Value": "resigns"},
            {"Name": "attempt", "Value": "attempt1"},
            {"Name": "subscriber", "Value": "2"},
        ],
        "ReplacementEmailContent": {
            "ReplacementTemplate": {
                "ReplacementTemplateData": '{"unsubscribe":"token0002A-_z","message":"letter0002"}'
            }
        },
        "ReplacementHeaders": [
            {"Name": "List-Id", "Value": "Press <press.forum.example>"},
            {"Name": "List-Unsubscribe", "Value": "<https://news.forum.example/u/token0002A-_z>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
            {"Name": "Feedback-ID", "Value": "resigns:press:news:forumexample"},
        ],
    }


def test_a_call_to_one_says_everything_once() -> None:
    sent = batch(*ONE, subject="Yours: NLMERGEMESSAGEID")
    reader = sent.recipients[0]
    call = built(sent)
    assert call.pop("Content") == {
        "Simple": {
            "Subject": {"Data": "Yours: letter0001", "Charset": "UTF-8"},
            "Body": {
                "Text": {"Data": reader.merge(sent.content.text), "Charset": "UTF-8"},
                "Html": {"Data": reader.merge(sent.content.html), "Charset": "UTF-8"},
            },
            "Headers": built(batch(*SEVERAL))["BulkEmailEntries"][0]["ReplacementHeaders"],
        }
    }
    assert call == {
        "FromEmailAddress": "Example Forum <news@forum.example>",
        "ReplyToAddresses": ["press@forum.example"],
        "ConfigurationOverrides": {
            "Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
        },
        "Destination": {"ToAddresses": ["ana@a.example"]},
        "EmailTags": [
            {"Name": "campaign", "Value": "resigns"},
            {"Name": "attempt", "Value": "attempt1"},
            {"Name": "subscriber", "Value": "1"},
        ],
    }


def test_botocore_would_send_the_same(subtests: pytest.Subtests) -> None:
    """Its model knows each member we say, and writes the same path and JSON for them."""
    for operation, addresses in [
        ("SendEmail", ONE),
        ("SendBulkEmail", SEVERAL),
        ("SendBulkEmail", tuple(f"r{n}@example.org" for n in range(50))),
    ]:
        with subtests.test(operation=operation, addresses=addresses):
            request = ses(configuration_set="events").build(batch(*addresses))
            said = json.loads(request.body)
            known = MODEL.operation_model(operation)
            report = ParamValidator().validate(said, known.input_shape)
            assert not report.has_errors(), report.generate_report()
            theirs = create_serializer("rest-json").serialize_to_request(said, known)
            assert request.method == theirs["method"]
            assert request.url.endswith(f".amazonaws.com{theirs['url_path']}")
            assert said == json.loads(theirs["body"])
            assert request.headers["Content-Type"] == theirs["headers"]["Content-Type"]


def test_a_signature_is_no_part_of_what_is_built() -> None:
    sent = batch()
    request = ses().build(sent)
    assert request == ses().build(sent)
    signed = ses(session_token="token-hush").sign(request, AT)
    assert (signed.url, signed.body) == (request.url, request.body)
    assert signed.headers["X-Amz-Date"] == "20110921T180000Z"
    scope = "Credential=AKIDEXAMPLE/20110921/eu-west-1/ses/aws4_request"
    assert scope in signed.headers["Authorization"]
    assert signed.headers["X-Amz-Security-Token"] == "token-hush"


def test_our_message_id_is_left_out_for_ses_writes_its_own() -> None:
    for sent in (batch(*ONE), batch(*SEVERAL)):
        names = {name for headers in headers_for(sent) for name, _ in headers}
        assert "List-Unsubscribe" in names
        assert "Message-ID" not in names


def test_a_slug_becomes_what_a_tag_may_hold(subtests: pytest.Subtests) -> None:
    for slug, tag in [
        ("resigns", "resigns"),
        ("a.b c/é", "a-b-c--"),
        ("x" * 300, "x" * 256),
        ("A_b-9", "A_b-9"),
    ]:
        with subtests.test(slug=slug, tag=tag):
            call = built(replace(batch(*ONE), campaign=slug))
            assert call["EmailTags"][0] == {"Name": "campaign", "Value": tag}


def test_a_name_and_a_list_that_are_not_ascii_are_encoded() -> None:
    sender = Sender(name="Fórum 論壇", address="news@bücher.example", reply_to="a@bücher.example")
    sent = batch(*SEVERAL, sender=sender, headers=(("List-Id", "Förderer <list.example>"),))
    call = built(sent)
    assert (
        call["FromEmailAddress"] == "=?utf-8?b?RsOzcnVtIOirluWjhw==?= <news@xn--bcher-kva.example>"
    )
    assert call["ReplyToAddresses"] == ["a@xn--bcher-kva.example"]
    assert headers_for(sent)[0] == [("List-Id", "=?utf-8?b?RsO2cmRlcmVy?= <list.example>")]


def test_a_sender_that_is_not_ascii_before_the_at_is_refused(subtests: pytest.Subtests) -> None:
    for which in ["address", "reply_to"]:
        with subtests.test(which=which):
            said = {"name": "Forum", "address": "news@forum.example", which: "jörg@forum.example"}
            with pytest.raises(InvalidInput, match="ASCII before the @"):
                ses().build(batch(sender=Sender(**said)))


def test_a_reader_that_is_not_ascii_before_the_at_is_left_to_ses() -> None:
    assert built(batch("jörg@a.example"))["Destination"] == {"ToAddresses": ["jörg@a.example"]}


def test_a_merge_value_that_a_template_could_escape_is_refused(subtests: pytest.Subtests) -> None:
    for value in ['a"b', "a=", "a+", "{{x}}", "a&b", "ü", "a b"]:
        for field in ["unsubscribe", "message_id"]:
            with subtests.test(value=value, field=field):
                changed: dict[str, Any] = {field: value}
                reader = recipients("a@example.org")[0]._replace(**changed)
                with pytest.raises(InvalidInput, match="plain letters"):
                    ses().build(replace(batch(), recipients=(reader,)))


MARKS = [
    "{{name}}",
    "{{{name}}}",
    "{{",
    "{NLMERGEUNSUBSCRIBE",
    "NLMERGEMESSAGEID}",
    "\\NLMERGEUNSUBSCRIBE",
]


def test_what_ses_would_replace_is_refused_by_name_in_a_template_alone(
    subtests: pytest.Subtests,
) -> None:
    for mark in MARKS:
        for field in ["subject", "text", "html"]:
            with subtests.test(mark=mark, field=field):
                said: dict[str, Any] = {field: f"Costs 5 {mark} more"}
                with pytest.raises(InvalidInput, match="batch_size") as caught:
                    ses().build(batch(*SEVERAL, **said))
                assert [fault.key for fault in caught.value.faults] == [field]
                alone = batch(*ONE, **said)
                simple = built(alone)["Content"]["Simple"]
                parts = {
                    "subject": simple["Subject"],
                    "text": simple["Body"]["Text"],
                    "html": simple["Body"]["Html"],
                }
                assert parts[field]["Data"] == alone.recipients[0].merge(said[field])


def test_what_ses_would_replace_is_refused_in_a_header_too() -> None:
    with pytest.raises(InvalidInput, match="X-Note"):
        ses().build(batch(*SEVERAL, headers=(("X-Note", "{{name}}"),)))


def test_the_longest_headers_that_ses_takes_are_said() -> None:
    headers = (("X-Note", "x" * 990), ("Y" * 126, "y" * 870), *((f"X-{n}", "x") for n in range(13)))
    assert headers_for(batch(*SEVERAL, headers=headers)) == [list(headers)] * 2


def test_the_secrets_show_nowhere() -> None:
    options = Options.model_validate({**USUAL, "session_token": "token-hush"})
    request = Ses(options).sign(Ses(options).build(batch()), AT)
    for shown in (repr(options), repr(Ses(options)), repr(request), repr(vars(Ses(options)))):
        assert "hush" not in shown


def test_a_region_names_the_host(subtests: pytest.Subtests) -> None:
    session = botocore.session.Session()
    session.set_credentials("made", "up")
    regions = ["us-east-1", "ap-southeast-3", "us-gov-west-1", "il-central-1"]
    for region in [*regions, "cn-north-1", "eusc-de-east-1"]:
        with subtests.test(region=region):
            theirs = session.create_client("sesv2", region_name=region).meta.endpoint_url
            url = ses(region=region).build(batch()).url
            assert url.startswith(f"{theirs}/v2/email/")


def test_a_call_holds_fifty_or_fewer_by_setting_or_by_size() -> None:
    assert ses().capabilities.max_recipients == 50
    assert ses(batch_size=10).capabilities.max_recipients == 10
    assert ses(batch_size=5000).capabilities.max_recipients == 50
    assert ses().capabilities.recipients_for(content()) == 50
    assert ses().capabilities.recipients_for(content(html="x" * 950_000)) < 50
    assert ses().capabilities.recipients_for(content(html="x" * 2_000_000)) == 1
    assert not ses().capabilities.own_body


def test_the_fullest_call_stays_within_its_size() -> None:
    address = "a" * 60 + "@" + ".".join(["d" * 60] * 3) + ".example"
    html = "x" * 800_000
    readers = recipients(*[address] * ses().capabilities.recipients_for(content(html=html)))
    body = ses().build(replace(batch(html=html), recipients=readers)).body
    assert len(readers) == 50
    assert len(body) <= 1_000_000
