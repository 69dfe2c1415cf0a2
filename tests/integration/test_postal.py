"""Postal over a real connection."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import parseaddr

import pytest

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.postal.send import Options, Postal
from newsletter.transport.transport import Transport
from tests.contracts.provider import Service, batch
from tests.contracts.provider_single import ONE, SingleProviderContract
from tests.provider_servers.postal import PostalServer


@pytest.fixture
def server() -> Iterator[PostalServer]:
    with PostalServer() as running:
        yield running


@pytest.fixture
def provider(server: PostalServer) -> Iterator[HttpProvider]:
    yield from _provider(server)


def _provider(
    server: PostalServer, api_key: str = "key-for-tests", seconds: float = 20
) -> Iterator[HttpProvider]:
    options = Options.model_validate({"kind": "postal", "base_url": server.url, "api_key": api_key})
    transport = Transport(timeout=timedelta(seconds=seconds))
    yield HttpProvider(Postal(options), transport)
    transport.close()


class TestContract(SingleProviderContract):
    @pytest.fixture
    def service(self, server: PostalServer, provider: HttpProvider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)

    def test_sender_subject_and_list_headers_arrive_once(self, service: Service) -> None:
        """All but our Message-ID: Postal writes its own over it, whatever it was told."""
        for message in self.deliver(service, batch()).values():
            assert parseaddr(message.one("From")) == ("Example Forum", "news@forum.example")
            assert message.one("Reply-To") == "press@forum.example"
            assert message.one("Subject") == "Forum resigns from task force"
            assert message.one("Message-ID").endswith("@rp.postal.example>")
            assert message.one("List-Id") == "Press <press.forum.example>"
            assert message.one("Feedback-ID") == "resigns:press:news:forumexample"


def test_a_message_has_the_id_that_postal_gave_it(provider: HttpProvider) -> None:
    for number in (1, 2):
        outcome = provider.hand_over(provider.prepare(batch(ONE))).outcome
        assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, str(number))


def test_a_wrong_key_is_a_setting_and_shows_nowhere(
    subtests: pytest.Subtests, server: PostalServer
) -> None:
    for api_key in ["key-hush", " "]:
        with subtests.test(api_key=api_key):
            for provider in _provider(server, api_key):
                answer = provider.hand_over(provider.prepare(batch(ONE)))
                assert answer.outcome.verdict is Verdict.CONFIGURATION
                assert "hush" not in repr(answer)
            assert server.delivered == []


def test_a_suspended_server_and_a_strange_sender_are_settings(
    server: PostalServer, provider: HttpProvider
) -> None:
    stranger = batch(ONE, sender=Sender(name="", address="news@other.example"))
    answer = provider.hand_over(provider.prepare(stranger))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert answer.outcome.reason == "UnauthenticatedFromAddress"
    server.suspended = True
    answer = provider.hand_over(provider.prepare(batch(ONE)))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert answer.outcome.reason == "ServerSuspended"
    assert server.delivered == []


def test_no_link_is_tracked(server: PostalServer, provider: HttpProvider) -> None:
    provider.hand_over(provider.prepare(batch(ONE)))
    (message,) = server.delivered
    assert message.one("X-AMP") == "skip"
