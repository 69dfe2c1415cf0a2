"""Mailtrap's bulk stream over a real connection."""

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.mailtrap.send import MAX_BYTES
from tests.contracts.provider import ProviderContract, batch
from tests.provider_servers.kinds import fixtures, made
from tests.provider_servers.mailtrap import MailtrapServer

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")

server, provider = fixtures("mailtrap")


class TestContract(ProviderContract):
    """The contract of all."""


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*addresses)))


def test_one_refused_recipient_leaves_the_others_accepted(
    server: MailtrapServer, provider: HttpProvider
) -> None:
    server.refuses["ben@b.example"] = "recipient ben@b.example is suppressed"
    answer = hand_over(provider, *SEVERAL)
    assert answer.outcome.verdict is Verdict.ACCEPTED
    assert answer.outcome.provider_id == "0-1"
    assert {number: each.verdict for number, each in answer.exceptions.items()} == {
        2: Verdict.REJECTED
    }
    assert answer.exceptions[2].reason == "recipient …@b.example is suppressed"
    assert [message.to for message in server.delivered] == ["ana@a.example", "cy@c.example"]


def test_a_sender_nobody_verified_is_a_setting(
    server: MailtrapServer, provider: HttpProvider
) -> None:
    sender = Sender(name="", address="news@other.example")
    answer = provider.hand_over(provider.prepare(batch(sender=sender)))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert answer.outcome.reason == "'from' domain other.example is not verified"
    assert not answer.exceptions
    assert server.delivered == []


def test_a_wrong_token_is_a_setting_and_shows_nowhere(server: MailtrapServer) -> None:
    with made("mailtrap", server.url, api_token="token-hush") as provider:
        answer = hand_over(provider, *SEVERAL)
        assert answer.outcome.verdict is Verdict.CONFIGURATION
        assert "hush" not in repr(answer)
    assert server.delivered == []


def test_as_many_bytes_as_it_names_are_taken_and_more_are_halved(
    server: MailtrapServer, provider: HttpProvider
) -> None:
    text = "x" * (MAX_BYTES // 500)
    sent = batch(*(f"reader{number}@example.org" for number in range(500)), text=text)
    assert len(provider.prepare(sent).body) < MAX_BYTES  # said once: nobody's own link is in it
    own = batch(
        *(f"reader{number}@example.org" for number in range(500)), text=text + "NLMERGEUNSUBSCRIBE"
    )
    assert provider.capabilities.recipients_for(own.content) < 500
    prepared = provider.prepare(own)
    assert len(prepared.body) > MAX_BYTES
    assert provider.hand_over(prepared).outcome.verdict is Verdict.SPLIT
    assert server.delivered == []
