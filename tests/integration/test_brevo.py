"""Brevo over a real connection: the contract and its refusals."""

from email.utils import parseaddr

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import ProviderContract, batch, words_of
from tests.provider_servers.brevo import BrevoServer
from tests.provider_servers.kinds import fixtures

server, provider = fixtures("brevo")


class TestContract(ProviderContract):
    """The contract of all."""


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*addresses)))


def test_an_accepted_batch_has_the_first_id(provider: HttpProvider) -> None:
    assert hand_over(provider).outcome.provider_id == "<1.1@relay.example>"


def test_the_same_attempt_again_is_unknown_and_reaches_nobody_twice(
    server: BrevoServer, provider: HttpProvider
) -> None:
    assert hand_over(provider).outcome.verdict is Verdict.ACCEPTED
    assert hand_over(provider).outcome.verdict is Verdict.UNKNOWN
    assert len(server.delivered) == 3


def test_each_message_names_its_attempt_and_subscriber(
    server: BrevoServer, provider: HttpProvider
) -> None:
    hand_over(provider)
    custom = [message.one("X-Mailin-custom") for message in server.delivered]
    assert custom == [f"resigns.attempt1.{number}" for number in (1, 2, 3)]


def test_a_name_with_an_accent_and_a_comma_arrives(
    server: BrevoServer, provider: HttpProvider
) -> None:
    sender = Sender(name="Fórum, e.V.", address="news@forum.example")
    provider.hand_over(provider.prepare(batch("a@a.example", sender=sender)))
    name, address = parseaddr(server.delivered[0].one("From"))
    assert (words_of(name), address) == ("Fórum, e.V.", "news@forum.example")


def test_an_address_brevo_refuses_splits_the_batch_and_is_rejected_alone(
    server: BrevoServer, provider: HttpProvider
) -> None:
    assert hand_over(provider, "a@a.example", "b@nowhere").outcome.verdict is Verdict.SPLIT
    assert hand_over(provider, "b@nowhere").outcome.verdict is Verdict.REJECTED
    assert server.delivered == []
