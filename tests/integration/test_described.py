"""A provider described in YAML over a real connection, one message a call and several."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.errors import InvalidInput
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.http.send import Described, Options
from newsletter.transport.transport import Transport
from tests.contracts.provider import ProviderContract, Service, batch
from tests.provider_servers.http import MANY, ONE, GatewayServer

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")


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


class TestOneMessageACall(ProviderContract):
    @pytest.fixture
    def service(self, server: GatewayServer, one: HttpProvider) -> Service:
        return Service(provider=one, delivered=lambda: server.delivered, disable=server.close)

    def test_several_recipients_in_one_call_are_refused(self, service: Service) -> None:
        with pytest.raises(InvalidInput, match="one call takes one"):
            service.provider.prepare(batch())


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
    return provider.send(provider.prepare(batch(*addresses, **changes)))


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


AWKWARD = '", "bcc": "eve@example.org" }}{{ 7 * 7 }}{% for x in message %}{# \\u0022 \\'


def test_a_statement_cannot_end_its_string_nor_be_run(
    server: GatewayServer, one: HttpProvider
) -> None:
    bodies = {"html": f"<p>{AWKWARD}\n\t</p>", "text": f"{AWKWARD}\r\n\x0b"}
    assert hand_over(one, "ana@a.example", subject=AWKWARD, **bodies).outcome.provider_id
    (message,) = server.delivered
    assert message.one("Subject") == AWKWARD
    assert (message.html, message.text) == (bodies["html"], bodies["text"])
