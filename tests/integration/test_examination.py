"""Questions that providers answer before any mail leaves, and what their answers prove."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

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
from tests.provider_servers.questions import QuestionServer
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


CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_suffix(".yaml").read_text("utf-8")
)


def test_each_state_of_an_account_is_told(
    subtests: pytest.Subtests, server: QuestionServer
) -> None:
    for kind, cases in CASES.items():
        usual: Mapping[str, Any] = ASKED[kind].answers
        for name, case in cases.items():
            with subtests.test(kind=kind, case=name):
                answers = case.get("answers", {})
                for path, changes in case.get("changes", {}).items():
                    answers[path] = (200, usual[path][1] | changes)
                what, level, says = case["finding"]
                finding = examined(kind, server, more=answers)[what]
                assert finding.level is Level[level]
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
