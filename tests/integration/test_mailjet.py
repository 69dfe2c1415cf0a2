"""Mailjet over a real connection, and a whole campaign through it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import parseaddr

import pytest

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.mailjet.send import MAX_RECIPIENTS, Mailjet, Options
from newsletter.transport.transport import Transport
from tests.contracts.provider import ProviderContract, Service, batch
from tests.provider_servers.mailjet import MailjetServer, error, malformed
from tests.servers import Delivered

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")


@pytest.fixture
def server() -> Iterator[MailjetServer]:
    with MailjetServer() as running:
        yield running


@pytest.fixture
def provider(server: MailjetServer) -> Iterator[HttpProvider]:
    yield from _provider(server)


def _provider(server: MailjetServer, seconds: float = 20, **changes: str) -> Iterator[HttpProvider]:
    keys = {"api_key": "key-for-tests", "secret_key": "secret-for-tests", **changes}
    options = Options.model_validate({"kind": "mailjet", "base_url": server.url, **keys})
    transport = Transport(timeout=timedelta(seconds=seconds))
    yield HttpProvider(Mailjet(options), transport)
    transport.close()


class TestContract(ProviderContract):
    @pytest.fixture
    def service(self, server: MailjetServer, provider: HttpProvider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)

    def deliver(self, service: Service, sent: OutgoingBatch) -> dict[str, Delivered]:
        """In as many calls as Mailjet needs."""
        got: dict[str, Delivered] = {}
        for start in range(0, len(sent.recipients), MAX_RECIPIENTS):
            some = sent.recipients[start : start + MAX_RECIPIENTS]
            got = super().deliver(service, replace(sent, recipients=some))
        return got

    def test_sender_subject_and_list_headers_arrive_once(self, service: Service) -> None:
        """All but Message-ID and List-Id: Mailjet refuses a message that has one of ours."""
        for message in self.deliver(service, batch()).values():
            assert parseaddr(message.one("From")) == ("Example Forum", "news@forum.example")
            assert message.one("Reply-To") == "press@forum.example"
            assert message.one("Subject") == "Forum resigns from task force"
            assert message.one("Message-ID").endswith("@mailjet.example>")
            assert message.all("List-Id") == []
            assert message.one("Feedback-ID") == "resigns:press:news:forumexample"


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*(addresses or SEVERAL))))


def test_one_malformed_address_leaves_the_others_accepted(
    server: MailjetServer, provider: HttpProvider
) -> None:
    server.refuses["ben@b.example"] = malformed("ben@b.example")
    answer = hand_over(provider)
    assert (answer.outcome.verdict, answer.outcome.provider_id) == (Verdict.ACCEPTED, "101")
    assert {n: each.verdict for n, each in answer.exceptions.items()} == {2: Verdict.REJECTED}
    assert answer.exceptions[2].reason == '"…@b.example" is an invalid email address.'
    assert [message.to for message in server.delivered] == ["ana@a.example", "cy@c.example"]


def test_one_message_that_only_a_person_can_mend_goes_again_alone(
    server: MailjetServer, provider: HttpProvider
) -> None:
    server.refuses["ben@b.example"] = error("mj-0004", 400, "Type mismatch", "TextPart")
    answer = hand_over(provider)
    assert answer.outcome.verdict is Verdict.ACCEPTED
    verdicts = {n: each.verdict for n, each in answer.exceptions.items()}
    assert verdicts == {2: Verdict.CONFIGURATION}


def test_a_sender_nobody_validated_is_a_setting(
    server: MailjetServer, provider: HttpProvider
) -> None:
    sender = Sender(name="", address="news@other.example")
    answer = provider.hand_over(provider.prepare(batch(sender=sender)))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert answer.outcome.reason == "The sender is not an authorized sender."
    assert not answer.exceptions
    assert server.delivered == []


def test_a_wrong_key_is_a_setting_and_shows_nowhere(server: MailjetServer) -> None:
    for provider in _provider(server, secret_key="key-hush"):
        answer = hand_over(provider)
        assert answer.outcome.verdict is Verdict.CONFIGURATION
        assert "hush" not in repr(answer)
    assert server.delivered == []
