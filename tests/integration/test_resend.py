"""Resend over a real connection: the contract and its refusals."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.resend.send import Options, Resend
from newsletter.transport.transport import Transport
from tests.contracts.provider import ProviderContract, Service, batch
from tests.provider_servers.resend import ResendServer

SEVERAL = ("ana@a.example", "ben@b.example")


@pytest.fixture
def server() -> Iterator[ResendServer]:
    with ResendServer() as running:
        yield running


@pytest.fixture
def provider(server: ResendServer) -> Iterator[HttpProvider]:
    yield from _provider(server)


def _provider(
    server: ResendServer, seconds: float = 20, api_key: str = "re_for_tests"
) -> Iterator[HttpProvider]:
    options = {"kind": "resend", "api_key": api_key, "base_url": server.url}
    transport = Transport(timeout=timedelta(seconds=seconds))
    yield HttpProvider(Resend(Options.model_validate(options)), transport)
    transport.close()


class TestContract(ProviderContract):
    @pytest.fixture
    def service(self, server: ResendServer, provider: HttpProvider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)

    def test_each_recipient_gets_exactly_one_message(self, service: Service) -> None:
        """The suite's own takes more recipients at once than Resend does: here in three calls."""
        addresses = [f"reader{number}@example.org" for number in range(250)]
        most = service.provider.capabilities.max_recipients
        for first in range(0, len(addresses), most):
            part = addresses[first : first + most]
            self.deliver(service, batch(*part, attempt_id=f"attempt{first}"))
        assert sorted(each.to for each in service.delivered()) == sorted(addresses)


def hand_over(provider: HttpProvider, *addresses: str, attempt_id: str = "attempt1") -> Answer:
    sent = batch(*(addresses or SEVERAL), attempt_id=attempt_id)
    return provider.hand_over(provider.prepare(sent))


def test_the_same_bytes_again_are_answered_and_not_delivered_again(
    server: ResendServer, provider: HttpProvider
) -> None:
    first, again = hand_over(provider), hand_over(provider)
    assert first == again
    assert first.outcome.verdict is Verdict.ACCEPTED
    assert len(server.delivered) == 2


def test_another_body_under_the_same_attempt_is_unknown(
    server: ResendServer, provider: HttpProvider
) -> None:
    hand_over(provider)
    answer = hand_over(provider, "cy@c.example")
    assert answer.outcome.verdict is Verdict.UNKNOWN
    assert len(server.delivered) == 2


def test_one_bad_address_delivers_to_nobody_until_it_is_alone(
    server: ResendServer, provider: HttpProvider
) -> None:
    bad = "ben@b@b.example"
    together = hand_over(provider, "ana@a.example", bad, attempt_id="a1")
    assert together.outcome.verdict is Verdict.SPLIT
    assert server.delivered == []
    assert hand_over(provider, bad, attempt_id="a2").outcome.verdict is Verdict.REJECTED
    good = hand_over(provider, "ana@a.example", attempt_id="a3")
    assert good.outcome.verdict is Verdict.ACCEPTED
    assert [each.to for each in server.delivered] == ["ana@a.example"]


def test_a_wrong_key_is_a_setting_and_shows_nowhere(server: ResendServer) -> None:
    for provider in _provider(server, api_key="re_hush"):
        answer = hand_over(provider)
        assert answer.outcome.verdict is Verdict.CONFIGURATION
        assert "hush" not in repr(answer)
    assert server.delivered == []


def test_an_unverified_domain_is_a_setting(server: ResendServer, provider: HttpProvider) -> None:
    server.domain = "other.example"
    assert hand_over(provider).outcome.verdict is Verdict.CONFIGURATION
    assert server.delivered == []
