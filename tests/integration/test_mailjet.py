"""Mailjet over a real connection, and a whole campaign through it."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import parseaddr

import pytest

from newsletter.domain.campaign import CampaignState
from newsletter.domain.delivery import Answer, Counts, OutgoingBatch, Verdict
from newsletter.domain.message import Sender
from newsletter.providers.calls import HttpProvider
from newsletter.providers.http import Transport
from newsletter.providers.mailjet import MAX_RECIPIENTS, Mailjet, Options
from newsletter.store.sql import SqlStore
from tests.contracts.lost_answers import LostAnswersContract
from tests.contracts.provider import ProviderContract, Service, batch
from tests.fakes import FixedClock
from tests.provider_servers.mailjet import MailjetServer, error, malformed, success
from tests.servers import Delivered, answer_bytes, bytes_then_close
from tests.unit.pipeline.newsroom import Newsroom

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")


@pytest.fixture
def server() -> Iterator[MailjetServer]:
    with MailjetServer() as running:
        yield running


@pytest.fixture
def provider(server: MailjetServer) -> Iterator[HttpProvider]:
    yield from _provider(server)


@pytest.fixture
def impatient(server: MailjetServer) -> Iterator[HttpProvider]:
    yield from _provider(server, seconds=0.4)


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


class TestLostAnswers(LostAnswersContract):
    body = json.dumps(
        {"Messages": [success(reader.address, 7) for reader in batch().recipients]}
    ).encode()


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


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_cut_off_after_it_was_taken_is_unknown(
    server: MailjetServer, provider: HttpProvider, status: int
) -> None:
    cut = answer_bytes(status, b'{"Messages":', {"Content-Length": "200"})
    server.script.append(bytes_then_close(cut, takes=True))
    answer = hand_over(provider)
    assert answer.outcome.verdict is Verdict.UNKNOWN
    assert not answer.exceptions
    assert len(server.delivered) == 3


def test_2300_readers_of_whom_50_leave_on_the_way_get_it_once_or_not_at_all(
    server: MailjetServer, provider: HttpProvider, store: SqlStore, clock: FixedClock
) -> None:
    room = Newsroom(store, clock)
    room.rules = replace(
        room.rules, provider="mailjet", batch_size=1000, capabilities=provider.capabilities
    )
    room.start(2300)
    server.refuses["reader7@example.org"] = malformed("reader7@example.org")
    dispatcher = room.dispatcher(provider=provider)
    for _ in range(10):
        assert dispatcher.dispatch() is not None
    early = {message.to for message in server.delivered}
    readers = [f"reader{number}@example.org" for number in range(1, 2301)]
    leaving = [reader for reader in readers if reader not in early][100:150]
    for reader in leaving:
        room.suppress(reader)
    while dispatcher.dispatch() is not None:
        pass

    got = Counter(message.to for message in server.delivered)
    refused = {"reader7@example.org"}
    assert set(got) == set(readers) - set(leaving) - refused
    assert set(got.values()) == {1}
    assert room.counts() == Counts(accepted=2249, rejected=1, suppressed=50)
    assert room.campaign().state is CampaignState.SENT
    sizes = [len(json.loads(call.body)["Messages"]) for call in server.taken]
    assert max(sizes) == 50
    assert sum(sizes) == 2250
