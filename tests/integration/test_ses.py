"""SES over a real connection: the contract, signatures that botocore checks, mixed answers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.ports import Provider
from newsletter.domain.statements.content import Sender
from tests.contracts.provider import ProviderContract, Service, batch
from tests.fakes import FixedClock
from tests.provider_servers.kinds import made
from tests.provider_servers.ses import SesServer

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")


@pytest.fixture
def server(clock: FixedClock) -> Iterator[SesServer]:
    with SesServer(clock=clock) as running:
        yield running


Make = Callable[..., Provider]


@pytest.fixture
def make(server: SesServer, clock: FixedClock) -> Iterator[Make]:
    """Makes providers of the usual options, changed as a test says."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(made("ses", server.url, clock, **changes))


@pytest.fixture
def provider(make: Make) -> Provider:
    return make()


def hand_over(provider: Provider, *addresses: str) -> Answer:
    return provider.send(provider.prepare(batch(*(addresses or SEVERAL))))


class TestContract(ProviderContract):
    message_id = ".amazonses.com>"

    def test_international_addresses_keep_their_name_and_get_a_dns_domain(
        self, service: Service
    ) -> None:
        """Only the domain: what stands before the @ must be ASCII for SES, which refuses it."""
        answer = hand_over(service.provider, "jörg@example.org", "eva@bücher.example")
        assert {n: each.verdict for n, each in answer.exceptions.items()} == {1: Verdict.REJECTED}
        assert [each.to for each in service.delivered()] == ["eva@xn--bcher-kva.example"]


def test_one_recipient_goes_without_a_template_and_arrives_the_same(
    server: SesServer, provider: Provider
) -> None:
    hand_over(provider, "ana@a.example")
    hand_over(provider, "ana@a.example", "ben@b.example")
    alone, among, _ = server.delivered
    assert [each.path for each in server.requests] == [
        "/v2/email/outbound-emails",
        "/v2/email/outbound-bulk-emails",
    ]
    assert (alone.text, alone.html) == (among.text, among.html)
    own = [
        [field for field in message.headers if field[0] != "Message-ID"]
        for message in (alone, among)
    ]
    assert own[0] == own[1]


def test_events_can_name_each_delivery(
    subtests: pytest.Subtests, server: SesServer, provider: Provider
) -> None:
    for addresses in [SEVERAL, SEVERAL[:1]]:
        with subtests.test(addresses=addresses):
            hand_over(provider, *addresses)
            for number, address in enumerate(addresses, start=1):
                assert server.tags[address] == {
                    "campaign": "resigns",
                    "attempt": "attempt1",
                    "subscriber": str(number),
                }


def test_a_call_is_signed_when_it_is_made_not_when_it_was_built(
    server: SesServer, provider: Provider, clock: FixedClock
) -> None:
    prepared = provider.prepare(batch())
    clock.advance(hours=3)
    assert provider.send(prepared).outcome.verdict is Verdict.ACCEPTED
    clock.advance(hours=3)
    plain = PreparedRequest(batch=prepared.batch, body=prepared.body)
    assert provider.send(plain).outcome.verdict is Verdict.ACCEPTED
    assert len({each.body for each in server.requests}) == 1
    assert len({each.headers["authorization"] for each in server.requests}) == 2


def test_a_provider_made_from_options_signs_by_the_clock_it_was_given(
    server: SesServer, provider: Provider, clock: FixedClock
) -> None:
    clock.advance(days=1)
    assert hand_over(provider).outcome.verdict is Verdict.ACCEPTED
    assert server.requests[0].headers["x-amz-date"] == "20261125T120000Z"


def test_a_clock_that_is_wrong_is_a_setting(server: SesServer, provider: Provider) -> None:
    server.clock = FixedClock()
    server.clock.advance(minutes=6)
    answer = hand_over(provider)
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert "Signature expired" in answer.outcome.reason
    assert server.delivered == []


def test_a_wrong_setting_is_one_and_no_secret_shows(
    subtests: pytest.Subtests, server: SesServer, make: Make
) -> None:
    for addresses in [SEVERAL, SEVERAL[:1]]:
        for wrong in [
            {"secret_access_key": "secret-hush"},
            {"access_key_id": "AKIDUNKNOWN"},
            {"region": "us-east-1"},
            {"configuration_set": "elsewhere"},
        ]:
            with subtests.test(addresses=addresses, wrong=wrong):
                answer = hand_over(make(**wrong), *addresses)
                assert answer.outcome.verdict is Verdict.CONFIGURATION
                assert "hush" not in repr(answer)
                assert server.delivered == []


def test_an_unverified_sender_is_a_setting(
    subtests: pytest.Subtests, server: SesServer, provider: Provider
) -> None:
    for addresses in [SEVERAL, SEVERAL[:1]]:
        with subtests.test(addresses=addresses):
            sender = Sender(name="Forum", address="news@else.example")
            answer = provider.send(provider.prepare(batch(*addresses, sender=sender)))
            assert answer.outcome.verdict is Verdict.CONFIGURATION
            assert "not verified" in answer.outcome.reason
            assert "news@" not in answer.outcome.reason
            assert server.delivered == []


def test_temporary_credentials_and_a_configuration_set_are_said(
    server: SesServer, make: Make
) -> None:
    provider = make(session_token="token", configuration_set="events")
    assert hand_over(provider).outcome.verdict is Verdict.ACCEPTED
    assert server.requests[0].headers["x-amz-security-token"] == "token"
    assert b'"ConfigurationSetName":"events"' in server.requests[0].body


def test_each_entry_has_its_own_answer(server: SesServer, provider: Provider) -> None:
    server.statuses = {
        "ben@b.example": ("ACCOUNT_THROTTLED", "Maximum sending rate exceeded."),
        "cy@c.example": ("FAILED", "Something went wrong"),
    }
    answer = hand_over(provider, *SEVERAL, "dee@nowhere")
    assert answer.outcome.verdict is Verdict.ACCEPTED
    assert answer.outcome.provider_id == "message-0-0"
    assert {number: each.verdict for number, each in answer.exceptions.items()} == {
        2: Verdict.RETRY,
        3: Verdict.UNKNOWN,
        4: Verdict.REJECTED,
    }
    assert answer.exceptions[4].reason == "INVALID_PARAMETER: Missing final '@domain': …@nowhere"
    assert [each.to for each in server.delivered] == ["ana@a.example"]


def test_an_address_ses_refuses_is_rejected_alone_too(
    server: SesServer, provider: Provider
) -> None:
    assert hand_over(provider, "dee@nowhere").outcome.verdict is Verdict.REJECTED
    assert server.delivered == []
