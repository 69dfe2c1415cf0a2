"""The contract of all providers, for each kind, over a real connection."""

from collections.abc import Iterator
from typing import Any

import pytest

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.ports import Provider
from tests.contracts.provider import ProviderContract, Service, batch
from tests.fakes import FixedClock
from tests.provider_servers.kinds import KINDS, made

OWN = {"http", "ses"}
"""Those whose calls differ so much that their own modules run the contract."""


@pytest.fixture
def server(kind: str) -> Iterator[Any]:
    with KINDS[kind].server(FixedClock()) as running:
        yield running


@pytest.fixture
def provider(kind: str, server: Any) -> Iterator[Provider]:
    with made(kind, server.url) as provider:
        yield provider


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - OWN))
class TestContract(ProviderContract):
    @pytest.fixture(autouse=True)
    def about(self, kind: str) -> None:
        self.message_id, self.list_id = KINDS[kind].message_id, KINDS[kind].list_id

    def test_international_addresses_keep_their_name_and_get_a_dns_domain(
        self, service: Service, kind: str
    ) -> None:
        if not KINDS[kind].ascii_mailboxes:
            super().test_international_addresses_keep_their_name_and_get_a_dns_domain(service)
            return
        assert set(self.deliver(service, batch("eva@bücher.example"))) == {
            "eva@xn--bcher-kva.example"
        }
        prepared = service.provider.prepare(batch("jörg@example.org"))
        assert service.provider.send(prepared).outcome.verdict is Verdict.REJECTED
        assert len(service.delivered()) == 1
