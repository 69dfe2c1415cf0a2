"""Postmark over a real connection: the contract and its refusals."""

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import ProviderContract, batch
from tests.provider_servers.kinds import fixtures, made
from tests.provider_servers.postmark import PostmarkServer

SEVERAL = ("ana@a.example", "ben@b.example")

server, provider = fixtures("postmark")


class TestContract(ProviderContract):
    """The contract of all."""


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*(addresses or SEVERAL))))


def test_an_address_that_postmark_no_longer_writes_to_is_refused_alone(
    server: PostmarkServer, provider: HttpProvider
) -> None:
    server.inactive.add("ben@b.example")
    answer = hand_over(provider, "ana@a.example", "ben@b.example", "cy@c.example")
    assert answer.outcome.verdict is Verdict.ACCEPTED
    assert answer.outcome.provider_id == "0-1"
    assert {n: each.verdict for n, each in answer.exceptions.items()} == {2: Verdict.REJECTED}
    assert {each.to for each in server.delivered} == {"ana@a.example", "cy@c.example"}


def test_an_unknown_stream_is_a_setting(server: PostmarkServer) -> None:
    with made("postmark", server.url, message_stream="other") as provider:
        assert hand_over(provider).outcome.verdict is Verdict.CONFIGURATION
    assert server.delivered == []
