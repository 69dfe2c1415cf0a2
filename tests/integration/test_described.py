"""A provider described in YAML over a real connection, one message a call and several."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.delivery import Answer, Counts, Verdict
from newsletter.domain.errors import InvalidInput
from newsletter.providers.calls import HttpProvider
from newsletter.providers.described import Described
from newsletter.providers.description import Options
from newsletter.providers.http import Transport
from newsletter.store.sql import SqlStore
from tests.contracts.provider import ProviderContract, Service, batch
from tests.contracts.provider_single import SingleProviderContract
from tests.fakes import FixedClock
from tests.provider_servers.gateway import MANY, ONE, GatewayServer
from tests.servers import answer_bytes, bytes_then_close, bytes_then_silence, reply
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")
TAKEN = answer_bytes(202, b'{"queued":[{"id":"letter0001"}]}')


@pytest.fixture
def server() -> Iterator[GatewayServer]:
    with GatewayServer() as running:
        yield running


@pytest.fixture
def one(server: GatewayServer) -> Iterator[HttpProvider]:
    yield from _provider(server, body=ONE)


@pytest.fixture
def many(server: GatewayServer) -> Iterator[HttpProvider]:
    yield from _provider(server, body=MANY, batch_size=250)


def _provider(
    server: GatewayServer, seconds: float = 20, bearer: str = "token-for-tests", **options: Any
) -> Iterator[HttpProvider]:
    usual: dict[str, Any] = {
        "kind": "http",
        "url": f"{server.url}/v1/messages",
        "auth": {"bearer": bearer},
        "message_id": "queued[0].id",
    }
    described = Described(Options.model_validate(usual | options))
    transport = Transport(timeout=timedelta(seconds=seconds))
    yield HttpProvider(described, transport)
    transport.close()


class TestOneMessageACall(SingleProviderContract):
    @pytest.fixture
    def service(self, server: GatewayServer, one: HttpProvider) -> Service:
        return Service(provider=one, delivered=lambda: server.delivered, disable=server.close)


class TestSeveralMessagesACall(ProviderContract):
    @pytest.fixture
    def service(self, server: GatewayServer, many: HttpProvider) -> Service:
        return Service(provider=many, delivered=lambda: server.delivered, disable=server.close)

    def test_more_than_the_batch_size_is_refused(self, service: Service) -> None:
        for faulty in (
            batch(*(f"reader{number}@example.org" for number in range(251))),
            replace(batch(), recipients=()),
        ):
            with pytest.raises(InvalidInput, match="one call takes 1 to 250"):
                service.provider.prepare(faulty)


def hand_over(provider: HttpProvider, *addresses: str, **changes: Any) -> Answer:
    return provider.hand_over(provider.prepare(batch(*addresses, **changes)))


def test_an_accepted_call_has_the_id_that_the_path_names(many: HttpProvider) -> None:
    outcome = hand_over(many, *SEVERAL).outcome
    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, "letter0001")


def test_a_call_shows_who_we_are_as_described(server: GatewayServer) -> None:
    auth = {"user": "forum", "password": "pass:wörd"}
    headers = {"X-Api-Key": "key-for-tests", "content-type": "application/json; charset=utf-8"}
    for provider in _provider(server, body=ONE, auth=auth, headers=headers):
        hand_over(provider, "ana@a.example")
    (received,) = server.requests
    assert received.headers["authorization"] == "Basic Zm9ydW06cGFzczp3w7ZyZA=="
    assert received.headers["x-api-key"] == "key-for-tests"
    assert received.headers["content-type"] == "application/json; charset=utf-8"


def test_a_base_url_replaces_the_host_and_leaves_the_path(server: GatewayServer) -> None:
    url = "https://gateway.forum.example/v1/messages"
    for provider in _provider(server, body=ONE, url=url, base_url=server.url):
        assert hand_over(provider, "ana@a.example").outcome.verdict is Verdict.ACCEPTED


def test_a_wrong_token_is_a_setting_and_shows_nowhere(server: GatewayServer) -> None:
    for provider in _provider(server, body=ONE, bearer="token-hush"):
        answer = hand_over(provider, "ana@a.example")
        assert answer.outcome.verdict is Verdict.CONFIGURATION
        assert "unknown: " in answer.outcome.reason
        assert "hush" not in repr(answer)
    assert server.delivered == []


def test_a_refused_address_splits_the_batch_and_is_rejected_alone(
    server: GatewayServer, many: HttpProvider
) -> None:
    assert hand_over(many, "a@a.example", "b@nowhere").outcome.verdict is Verdict.SPLIT
    answer = hand_over(many, "b@nowhere")
    assert answer.outcome.verdict is Verdict.REJECTED
    assert "no mail exchanger for …@nowhere" in answer.outcome.reason
    assert server.delivered == []


@pytest.mark.parametrize("end", [0, 11, 40, len(TAKEN) - 7])
def test_an_answer_cut_off_is_unknown_though_it_was_taken(
    server: GatewayServer, one: HttpProvider, end: int
) -> None:
    server.script.append(bytes_then_close(TAKEN[:end], takes=True))
    assert hand_over(one, "ana@a.example").outcome.verdict is Verdict.UNKNOWN
    assert len(server.delivered) == len(server.requests) == 1


def test_an_answer_that_never_comes_is_unknown(server: GatewayServer) -> None:
    server.script.append(bytes_then_silence(TAKEN[:40], takes=True))
    for provider in _provider(server, 0.4, body=ONE):
        assert hand_over(provider, "ana@a.example").outcome.verdict is Verdict.UNKNOWN
    assert len(server.delivered) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 500, 502, 504])
def test_a_redirection_or_a_broken_server_is_unknown_and_not_followed(
    server: GatewayServer, one: HttpProvider, status: int
) -> None:
    server.script.append(reply(status, b"", {"Location": f"{server.url}/v1/messages"}))
    assert hand_over(one, "ana@a.example").outcome.verdict is Verdict.UNKNOWN
    assert len(server.requests) == 1


def test_a_rate_limit_says_how_long(server: GatewayServer, one: HttpProvider) -> None:
    server.script.append(reply(429, {"error": "slow down"}, {"Retry-After": "30"}))
    answer = hand_over(one, "ana@a.example")
    assert (answer.outcome.verdict, answer.retry_after) == (Verdict.RETRY, timedelta(seconds=30))


AWKWARD = '", "bcc": "eve@example.org" }}{{ 7 * 7 }}{% for x in message %}{# \\u0022 \\'


def test_a_statement_cannot_end_its_string_nor_be_run(
    server: GatewayServer, one: HttpProvider
) -> None:
    bodies = {"html": f"<p>{AWKWARD}\n\t</p>", "text": f"{AWKWARD}\r\n\x0b"}
    assert hand_over(one, "ana@a.example", subject=AWKWARD, **bodies).outcome.provider_id
    (message,) = server.delivered
    assert message.one("Subject") == AWKWARD
    assert (message.html, message.text) == (bodies["html"], bodies["text"])


def test_of_2300_readers_each_gets_it_once_but_the_50_who_left(
    store: SqlStore, clock: FixedClock, server: GatewayServer, many: HttpProvider
) -> None:
    room = Newsroom(BalancedStore(store), clock)
    room.rules = replace(room.rules, batch_size=100, capabilities=many.capabilities)
    room.start(readers=2_300)
    gone = {f"reader{number}@example.org" for number in range(46, 2_301, 46)}
    for address in gone:
        room.suppress(address)
    dispatcher = room.dispatcher(provider=many)
    calls = 0
    while dispatcher.dispatch() is not None:
        calls += 1
        assert calls <= 23
    assert room.counts() == Counts(accepted=2_250, suppressed=50)
    got = Counter(message.to for message in server.delivered)
    assert set(got) == {f"reader{n}@example.org" for n in range(1, 2_301)} - gone
    assert set(got.values()) == {1}
