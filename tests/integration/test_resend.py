"""Resend over a real connection: the contract and its refusals."""

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import ProviderContract, batch
from tests.provider_servers.kinds import fixtures
from tests.provider_servers.resend import ResendServer

SEVERAL = ("ana@a.example", "ben@b.example")

server, provider = fixtures("resend")


class TestContract(ProviderContract):
    """The contract of all."""


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
