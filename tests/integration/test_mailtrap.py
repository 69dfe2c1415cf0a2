"""Mailtrap's bulk stream over a real connection."""

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.mailtrap.send import MAX_BYTES
from tests.contracts.provider import ProviderContract, batch
from tests.provider_servers.kinds import fixtures
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
