"""Questions that providers answer before any mail leaves, and what their answers prove."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from newsletter.domain.delivery.provider import Finding, Level
from newsletter.domain.errors import ProviderUnreachable
from newsletter.providers import registry
from newsletter.providers.common.calls import PreparedCall
from newsletter.providers.common.doctor import Probe
from newsletter.providers.common.options import ProviderOptions
from tests.contracts.provider import batch
from tests.fakes import FixedClock
from tests.provider_servers.kind import Said
from tests.provider_servers.kinds import ASKED, KINDS
from tests.provider_servers.mailjet import RECORDS
from tests.provider_servers.postmark import STREAM
from tests.provider_servers.questions import QuestionServer
from tests.provider_servers.ses import ACCOUNT, IDENTITY
from tests.servers import bytes_then_close, bytes_then_silence, closed_port

SENDER = "news@forum.example"


@pytest.fixture
def server() -> Iterator[QuestionServer]:
    with QuestionServer() as running:
        yield running


def options(kind: str, url: str, key: str = "", **more: Any) -> ProviderOptions:
    own = {"kind": kind, **KINDS[kind].options, "base_url": url, **more}
    return registry.OPTIONS[kind].model_validate(own | ({ASKED[kind].key: key} if key else {}))


def examined(
    kind: str,
    server: QuestionServer,
    key: str = "",
    sender: str = SENDER,
    more: dict[str, Said] | None = None,
) -> dict[str, Finding]:
    """Return the findings by subject."""
    server.requests.clear()
    asked = ASKED[kind]
    server.shown, server.refusal, server.signed = asked.shown, asked.refusal, asked.signed
    server.answers = {**asked.answers, **(more or {})}
    found = registry.examine(options(kind, server.url, key), sender=sender, clock=FixedClock())
    assert len({finding.what for finding in found}) == len(found)
    assert all(finding.detail for finding in found)
    assert all(finding.advice for finding in found if finding.level is Level.FAULT)
    assert "hush" not in repr(found)
    return {finding.what: finding for finding in found}


def test_all_is_well(subtests: pytest.Subtests, server: QuestionServer) -> None:
    for kind in ASKED:
        with subtests.test(kind=kind):
            found = examined(kind, server)
            assert set(found) == ASKED[kind].what
            levels = {finding.level for finding in found.values()}
            assert levels == ({Level.OK, Level.WARNING} if kind == "postmark" else {Level.OK})
            assert len(server.requests) == len(ASKED[kind].answers)


def test_a_wrong_key_is_a_fault_and_nothing_more_is_asked(
    subtests: pytest.Subtests, server: QuestionServer
) -> None:
    for kind in [kind for kind in ASKED if kind not in {"mailgun", "mailtrap"}]:
        with subtests.test(kind=kind):
            found = examined(kind, server, key="key-hush")
            assert set(found) == {"provider key"}
            assert found["provider key"].level is Level.FAULT
            assert len(server.requests) == 1


def test_a_refused_key_proves_nothing_where_one_that_may_only_send_is_refused_too(
    subtests: pytest.Subtests, server: QuestionServer
) -> None:
    for kind in ["mailgun", "mailtrap"]:
        with subtests.test(kind=kind):
            found = examined(kind, server, key="key-hush")
            assert set(found) == {"provider key"}
            assert found["provider key"].level is Level.WARNING
            assert "proves nothing" in found["provider key"].detail


def test_a_key_that_may_only_send_is_no_fault(
    subtests: pytest.Subtests, server: QuestionServer
) -> None:
    for kind in ASKED:
        with subtests.test(kind=kind):
            refused: Said = (403, {"errors": [{"message": "access forbidden"}]})
            if kind == "resend":
                refused = (
                    401,
                    {"name": "restricted_api_key", "message": "restricted to only send"},
                )
            found = examined(kind, server, more=dict.fromkeys(ASKED[kind].answers, refused))
            assert found["provider key"].level is Level.WARNING
            assert Level.FAULT not in {finding.level for finding in found.values()}


FAULTS: dict[str, tuple[str, dict[str, Said], str, Level, str]] = {
    "mailgun, missing": (
        "mailgun",
        {"/v4/domains/forum.example": (404, {"message": "Domain not found"})},
        "sending domain",
        Level.FAULT,
        "not in this account",
    ),
    "mailgun, unverified": (
        "mailgun",
        {"/v4/domains/forum.example": (200, {"domain": {"state": "unverified"}})},
        "sending domain",
        Level.FAULT,
        "not verified",
    ),
    "mailgun, disabled": (
        "mailgun",
        {"/v4/domains/forum.example": (200, {"domain": {"state": "disabled"}})},
        "sending domain",
        Level.FAULT,
        "disabled",
    ),
    "sendgrid, no scope": (
        "sendgrid",
        {"/v3/scopes": (200, {"scopes": ["alerts.read"]})},
        "provider key",
        Level.FAULT,
        "may not send",
    ),
    "sendgrid, missing": (
        "sendgrid",
        {"/v3/whitelabel/domains?limit=200": (200, [{"domain": "other.example", "valid": True}])},
        "sending domain",
        Level.WARNING,
        "not among",
    ),
    "sendgrid, unverified": (
        "sendgrid",
        {"/v3/whitelabel/domains?limit=200": (200, [{"domain": "forum.example", "valid": False}])},
        "sending domain",
        Level.FAULT,
        "not verified",
    ),
    "postmark, transactional": (
        "postmark",
        {"/message-streams/broadcast": (200, STREAM | {"MessageStreamType": "Transactional"})},
        "message stream",
        Level.FAULT,
        "Transactional",
    ),
    "postmark, archived": (
        "postmark",
        {"/message-streams/broadcast": (200, STREAM | {"ArchivedAt": "2020-07-01T00:00:00"})},
        "message stream",
        Level.FAULT,
        "2020-07-01",
    ),
    "postmark, missing": (
        "postmark",
        {"/message-streams/broadcast": (422, {"ErrorCode": 1226, "Message": "No such stream"})},
        "message stream",
        Level.FAULT,
        "no stream broadcast",
    ),
    "postmark, its own unsubscribing": (
        "postmark",
        {
            "/message-streams/broadcast": (
                200,
                STREAM
                | {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Postmark"}},
            )
        },
        "message stream",
        Level.WARNING,
        "'Postmark'",
    ),
    "postmark, nothing said of unsubscribing": (
        "postmark",
        {"/message-streams/broadcast": (200, {"MessageStreamType": "Broadcasts"})},
        "message stream",
        Level.OK,
        "broadcast stream",
    ),
    "resend, missing": (
        "resend",
        {"/domains?limit=100": (200, {"data": [], "has_more": False})},
        "sending domain",
        Level.FAULT,
        "not in this account",
    ),
    "resend, on another page": (
        "resend",
        {"/domains?limit=100": (200, {"data": [{"name": "a.example"}], "has_more": True})},
        "sending domain",
        Level.WARNING,
        "first 1",
    ),
    "resend, a key of nobody": (
        "resend",
        {
            "/domains?limit=100": (
                400,
                {"name": "validation_error", "message": "API key is invalid"},
            )
        },
        "provider key",
        Level.FAULT,
        "it is refused",
    ),
    "resend, pending": (
        "resend",
        {"/domains?limit=100": (200, {"data": [{"name": "forum.example", "status": "pending"}]})},
        "sending domain",
        Level.FAULT,
        "not verified",
    ),
    "resend, for the moment": (
        "resend",
        {
            "/domains?limit=100": (
                200,
                {"data": [{"name": "forum.example", "status": "temporary_failure"}]},
            )
        },
        "sending domain",
        Level.WARNING,
        "for the moment",
    ),
    "brevo, missing": (
        "brevo",
        {"/v3/senders/domains": (200, {"domains": [], "count": 0})},
        "sending domain",
        Level.FAULT,
        "not in this account",
    ),
    "brevo, on another page": (
        "brevo",
        {"/v3/senders/domains": (200, {"domains": [], "count": 70})},
        "sending domain",
        Level.WARNING,
        "first 0",
    ),
    "brevo, unverified": (
        "brevo",
        {
            "/v3/senders/domains": (
                200,
                {"domains": [{"domain_name": "Forum.Example", "authenticated": False}]},
            )
        },
        "sending domain",
        Level.FAULT,
        "not verified",
    ),
    "mailersend, missing": (
        "mailersend",
        {"/v1/domains?limit=100": (200, {"data": ["?", {"name": "other.example"}], "links": {}})},
        "sending domain",
        Level.FAULT,
        "not in this account",
    ),
    "mailersend, not on the first page": (
        "mailersend",
        {"/v1/domains?limit=100": (200, {"data": [], "links": {"next": "https://x.example"}})},
        "sending domain",
        Level.WARNING,
        "not among the first",
    ),
    "mailersend, unverified": (
        "mailersend",
        {"/v1/domains?limit=100": (200, {"data": [{"name": "forum.example"}]})},
        "sending domain",
        Level.FAULT,
        "not verified",
    ),
    "mailersend, paused": (
        "mailersend",
        {
            "/v1/domains?limit=100": (
                200,
                {
                    "data": [
                        {
                            "name": "forum.example",
                            "is_verified": True,
                            "domain_settings": {"send_paused": True},
                        }
                    ]
                },
            )
        },
        "sending domain",
        Level.FAULT,
        "paused",
    ),
    "mailtrap, missing": (
        "mailtrap",
        {"/api/domains": (200, {"data": ["?", {"domain_name": "other.example"}]})},
        "sending domain",
        Level.FAULT,
        "not in this account",
    ),
    "mailtrap, unverified": (
        "mailtrap",
        {"/api/domains": (200, {"data": [{"domain_name": "forum.example"}]})},
        "sending domain",
        Level.FAULT,
        "not verified",
    ),
    "ses, in the sandbox": (
        "ses",
        {"/v2/email/account": (200, ACCOUNT | {"ProductionAccessEnabled": False})},
        "provider account",
        Level.FAULT,
        "sandbox",
    ),
    "ses, switched off": (
        "ses",
        {"/v2/email/account": (200, ACCOUNT | {"SendingEnabled": False})},
        "provider account",
        Level.FAULT,
        "switched off",
    ),
    "ses, stopped": (
        "ses",
        {"/v2/email/account": (200, ACCOUNT | {"EnforcementStatus": "SHUTDOWN"})},
        "provider account",
        Level.FAULT,
        "stopped",
    ),
    "ses, watched": (
        "ses",
        {"/v2/email/account": (200, ACCOUNT | {"EnforcementStatus": "PROBATION"})},
        "provider account",
        Level.WARNING,
        "watches",
    ),
    "ses, its quota": ("ses", {}, "provider account", Level.OK, "50,000 a day, 14 a second"),
    "ses, without end": (
        "ses",
        {
            "/v2/email/account": (
                200,
                ACCOUNT | {"SendQuota": {"Max24HourSend": -1, "MaxSendRate": 90}},
            )
        },
        "provider account",
        Level.OK,
        "any number a day",
    ),
    "ses, nothing said of a quota": (
        "ses",
        {"/v2/email/account": (200, ACCOUNT | {"SendQuota": None})},
        "provider account",
        Level.OK,
        "it may send",
    ),
    "ses, missing": (
        "ses",
        {"/v2/email/identities/forum.example": (404, {"__type": "NotFoundException"})},
        "sending domain",
        Level.WARNING,
        "no identity in eu-west-1",
    ),
    "ses, unverified": (
        "ses",
        {
            "/v2/email/identities/forum.example": (
                200,
                IDENTITY | {"VerifiedForSendingStatus": False},
            )
        },
        "sending domain",
        Level.FAULT,
        "not verified",
    ),
    "ses, not signed": (
        "ses",
        {
            "/v2/email/identities/forum.example": (
                200,
                IDENTITY | {"DkimAttributes": {"SigningEnabled": True, "Status": "PENDING"}},
            )
        },
        "sending domain",
        Level.WARNING,
        "not signed",
    ),
    "ses, a key that is not known": (
        "ses",
        {"/v2/email/account": (403, {"__type": "com.amazon#UnrecognizedClientException"})},
        "provider key",
        Level.FAULT,
        "not known",
    ),
    "ses, credentials that have expired": (
        "ses",
        {"/v2/email/account": (403, {"__type": "ExpiredTokenException"})},
        "provider key",
        Level.FAULT,
        "expired",
    ),
    "ses, a key that may only send": (
        "ses",
        {
            "/v2/email/account": (403, {"__type": "AccessDeniedException"}),
            "/v2/email/identities/forum.example": (403, {"__type": "AccessDeniedException"}),
        },
        "provider key",
        Level.WARNING,
        "may not ask",
    ),
    "mailjet, the address alone": (
        "mailjet",
        {
            "/v3/REST/sender?Domain=forum.example&Limit=1000": (
                200,
                {"Data": ["?", {"Email": "News@Forum.example", "Status": "Active"}]},
            )
        },
        "sender address",
        Level.OK,
        "validated",
    ),
    "mailjet, another address": (
        "mailjet",
        {
            "/v3/REST/sender?Domain=forum.example&Limit=1000": (
                200,
                {"Data": [{"Email": "press@forum.example", "Status": "Active"}]},
            )
        },
        "sender address",
        Level.WARNING,
        "neither it nor all of forum.example",
    ),
    "mailjet, inactive": (
        "mailjet",
        {
            "/v3/REST/sender?Domain=forum.example&Limit=1000": (
                200,
                {"Data": [{"Email": "*@forum.example", "Status": "Inactive"}]},
            )
        },
        "sender address",
        Level.FAULT,
        "not validated",
    ),
    "mailjet, no record": (
        "mailjet",
        {
            "/v3/REST/dns/forum.example": (
                200,
                {"Data": [RECORDS | {"DKIMStatus": "Error", "SPFStatus": "Not checked"}]},
            )
        },
        "sending domain",
        Level.WARNING,
        "DKIM 'Error', SPF 'Not checked'",
    ),
    "mailjet, an unknown domain": (
        "mailjet",
        {"/v3/REST/dns/forum.example": (404, {"ErrorMessage": "Object not found"})},
        "sending domain",
        Level.WARNING,
        "knows no records",
    ),
}


def test_each_state_of_an_account_is_told(
    subtests: pytest.Subtests, server: QuestionServer
) -> None:
    for case in FAULTS:
        with subtests.test(case=case):
            kind, answers, what, level, says = FAULTS[case]
            finding = examined(kind, server, more=answers)[what]
            assert finding.level is level
            assert says in finding.detail


NONSENSE: list[object] = [b"", b"<html>Welcome</html>", b"[" * 100_000, [], {}, "x", None, 7]


def test_nonsense_proves_nothing(subtests: pytest.Subtests, server: QuestionServer) -> None:
    for kind in ASKED:
        for said in NONSENSE:
            with subtests.test(kind=kind, said=said):
                if (kind, said) == ("sendgrid", []):
                    continue  # an empty list of domains is an answer
                found = examined(kind, server, more=dict.fromkeys(ASKED[kind].answers, (200, said)))
                assert {finding.level for finding in found.values()} == {Level.WARNING}


def test_another_status_proves_nothing(subtests: pytest.Subtests, server: QuestionServer) -> None:
    for status in [302, 404, 418, 429, 500, 503]:
        for kind in ["sendgrid", "resend", "brevo", "mailtrap", "ses", "mailjet"]:
            with subtests.test(status=status, kind=kind):
                found = examined(
                    kind, server, more=dict.fromkeys(ASKED[kind].answers, (status, {}))
                )
                assert {finding.level for finding in found.values()} == {Level.WARNING}


def test_who_cannot_be_reached_is_told_apart(subtests: pytest.Subtests) -> None:
    for kind in ASKED:
        with subtests.test(kind=kind):
            asked = options(kind, f"http://127.0.0.1:{closed_port()}")
            with pytest.raises(ProviderUnreachable, match=r"127\.0\.0\.1"):
                registry.examine(asked, sender=SENDER, clock=FixedClock())


def test_a_question_that_is_not_answered_in_full_is_no_proof(server: QuestionServer) -> None:
    asked = options("resend", server.url, timeout="1s")
    for step in (bytes_then_close(b"HTTP/1.1 200 "), bytes_then_silence()):
        server.script.append(step)
        with pytest.raises(ProviderUnreachable, match="did not answer"):
            registry.examine(asked, sender=SENDER, clock=FixedClock())


def test_a_sender_outside_mailguns_domain_is_told(server: QuestionServer) -> None:
    for address in ("news@forum.example", "news@press.forum.example"):
        assert "sender" not in examined("mailgun", server, sender=address)
    finding = examined("mailgun", server, sender="news@other.example")["sender"]
    assert finding.level is Level.WARNING
    assert "other.example" in finding.detail


def test_a_subdomain_may_be_signed_by_the_domain_above_it(server: QuestionServer) -> None:
    found = examined("mailersend", server, sender="news@press.forum.example")
    assert found["sending domain"].level is Level.OK
    found = examined("sendgrid", server, sender="news@press.forum.example")
    assert found["sending domain"].level is Level.OK
    found = examined("sendgrid", server, sender="news@myforum.example")
    assert found["sending domain"].level is Level.WARNING


def test_an_international_domain_is_compared_as_the_dns_has_it(server: QuestionServer) -> None:
    listed = {"data": [{"name": "xn--bcher-kva.example", "status": "verified"}]}
    more: dict[str, Said] = {"/domains?limit=100": (200, listed)}
    found = examined("resend", server, sender="news@Bücher.example", more=more)
    assert found["sending domain"].level is Level.OK


def found_of(kind: str, **own: Any) -> dict[str, Finding]:
    asked = registry.OPTIONS[kind].model_validate({"kind": kind, **own})
    found = registry.examine(asked, sender=SENDER, clock=FixedClock())
    return {one.what: one for one in found}


def test_mailpit_tells_its_version(server: QuestionServer) -> None:
    server.shown = ("accept", "application/json")
    server.answers = {"/api/v1/info": (200, {"Version": "v1.20.0", "Messages": 3})}
    found = found_of("mailpit", base_url=server.url)
    assert found["provider"].level is Level.OK
    assert "v1.20.0" in found["provider"].detail
    server.answers = {"/api/v1/info": (200, {"version": 1})}
    assert found_of("mailpit", base_url=server.url)["provider"].level is Level.WARNING


def test_the_outbox_needs_no_proof() -> None:
    assert found_of("outbox")["provider"].level is Level.OK


def test_postal_cannot_be_asked() -> None:
    found = found_of("postal", api_key="key-for-tests", base_url="http://127.0.0.1:9")
    assert found["provider"].level is Level.WARNING
    assert "--to YOU" in found["provider"].advice


def test_what_a_described_body_leaves_out_is_told() -> None:
    url = "http://127.0.0.1:9/"
    assert set(found_of("http", url=url, body="{{ message | tojson }}")) == {"provider"}
    body = '{"to": "{{ message.to }}", "s": "{{ message.subject }}", "t": "{{ message.text }}"}'
    finding = found_of("http", url=url, body=body)["provider body"]
    assert finding.level is Level.WARNING
    assert "List-Unsubscribe-Post" in finding.detail


def test_a_provider_without_questions_is_said_to_have_none() -> None:
    (finding,) = registry.examine(ProviderOptions(), sender=SENDER, clock=FixedClock())
    assert finding.level is Level.WARNING


def test_who_is_asked_is_who_gets_the_mail(subtests: pytest.Subtests, tmp_path: Path) -> None:
    """Mailtrap's account alone has a host of its own."""
    for kind in [kind for kind in ASKED if kind != "mailtrap"]:
        with subtests.test(kind=kind):
            asked = options(kind, "http://127.0.0.1:9").model_copy(update={"base_url": None})
            provider = registry.build(asked, workspace=tmp_path, clock=FixedClock())
            prepared = provider.prepare(batch("ana@a.example"))
            assert isinstance(prepared, PreparedCall)
            parts = registry.probes(asked, sender=SENDER)
            hosts = {urlsplit(part.url).hostname for part in parts if isinstance(part, Probe)}
            assert hosts == {urlsplit(prepared.request.url).hostname}
