"""Asking a provider what it has: page by page, and an answer that is in doubt proves nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.providers.calls import HttpProvider
from newsletter.providers.http import Transport
from newsletter.providers.inquiries.mailgun import MailgunInquiry
from newsletter.providers.inquiries.postmark import PostmarkInquiry
from newsletter.providers.mailgun import Mailgun
from newsletter.providers.mailgun import Options as MailgunOptions
from newsletter.providers.postmark import Options as PostmarkOptions
from newsletter.providers.postmark import Postmark
from tests.contracts.provider import batch
from tests.provider_servers.postmark import PostmarkServer
from tests.servers import LoopbackServer, MailgunServer, Step, bytes_then_close, closed_port, reply

READERS = tuple(f"reader{number}@example.org" for number in range(400))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A provider that can be asked, and the server behind it."""

    server: LoopbackServer
    provider: HttpProvider
    elsewhere: HttpProvider
    """The same at a port where nobody listens."""


def mailgun(server: Any, url: str, transport: Transport, settle: Any = None) -> HttpProvider:
    said = {"kind": "mailgun", "domain": server.domain, "api_key": server.api_key, "base_url": url}
    options = MailgunOptions.model_validate(said)
    return HttpProvider(Mailgun(options), transport, MailgunInquiry(options), settle=settle)


def postmark(server: Any, url: str, transport: Transport, settle: Any = None) -> HttpProvider:
    said = {"kind": "postmark", "server_token": server.known, "base_url": url}
    options = PostmarkOptions.model_validate(said)
    return HttpProvider(Postmark(options), transport, PostmarkInquiry(options), settle=settle)


Make = Callable[..., HttpProvider]
KINDS: dict[str, tuple[type[LoopbackServer], Make]] = {
    "mailgun": (MailgunServer, mailgun),
    "postmark": (PostmarkServer, postmark),
}


@pytest.fixture(params=list(KINDS))
def asked(request: pytest.FixtureRequest) -> Iterator[Asked]:
    make_server, make = KINDS[request.param]
    transport = Transport(timeout=timedelta(seconds=20))
    with make_server() as server:
        nowhere = f"http://127.0.0.1:{closed_port()}"
        yield Asked(
            server=server,
            provider=make(server, server.url, transport),
            elsewhere=make(server, nowhere, transport),
        )
    transport.close()


def take(asked: Asked, attempt_id: str, readers: tuple[str, ...]) -> None:
    sent = batch(*readers, attempt_id=attempt_id)
    asked.provider.hand_over(asked.provider.prepare(sent))


def test_all_of_an_attempt_are_found_among_the_records_of_others(asked: Asked) -> None:
    for number, attempt_id in enumerate(("before", "attempt1", "after")):
        take(asked, attempt_id, READERS[number:])
    sighting = asked.provider.look_up(batch(*READERS, attempt_id="attempt1"))
    assert sighting.whole, sighting.reason
    assert len(sighting.found) == len(READERS) - 1
    assert len(set(sighting.found.values())) == len(READERS) - 1


def test_reading_stops_when_all_are_found(asked: Asked) -> None:
    take(asked, "attempt1", READERS[:3])
    before = len(asked.server.requests)
    assert asked.provider.look_up(batch(*READERS[:3])).whole
    assert len(asked.server.requests) == before + 1


def test_an_or_that_is_not_understood_does_not_pass_for_an_absence() -> None:
    transport = Transport(timeout=timedelta(seconds=20))
    with MailgunServer() as server:
        provider = mailgun(server, server.url, transport)
        provider.hand_over(provider.prepare(batch(*READERS[:60])))
        empty = reply(200, {"items": [], "paging": {"next": "", "previous": ""}})
        server.script.extend([empty, empty])
        sighting = provider.look_up(batch(*READERS[:60]))
    assert sighting.whole, sighting.reason
    assert len(sighting.found) == 60
    transport.close()


def test_of_an_attempt_in_part_those_are_found_who_are_there(asked: Asked) -> None:
    take(asked, "attempt1", READERS[:2])
    sighting = asked.provider.look_up(batch(*READERS[:3]))
    assert sighting.whole
    assert len(sighting.found) == 2


def test_a_filter_that_finds_nothing_does_not_pass_for_an_absence() -> None:
    transport = Transport(timeout=timedelta(seconds=20))
    with PostmarkServer() as server:
        provider = postmark(server, server.url, transport)
        provider.hand_over(provider.prepare(batch(*READERS[:60])))
        server.script.append(reply(200, {"TotalCount": 0, "Messages": []}))
        sighting = provider.look_up(batch(*READERS[:60]))
    assert not sighting.whole
    assert "by address" in sighting.reason
    assert set(sighting.found) == {1}
    transport.close()


@pytest.mark.parametrize(
    "step",
    [
        reply(500, "oops"),
        reply(401, {"message": "Forbidden"}),
        reply(404, {"message": "Domain not found"}),
        reply(302, "", {"Location": "https://elsewhere.example/"}),
        reply(429, {"message": "slowly"}, {"Retry-After": "7"}),
        reply(200, "<html>"),
        reply(200, "[]"),
        reply(200, {"items": [{"recipient": 1}], "Messages": [{}], "TotalCount": 1}),
        reply(200, {"items": None, "Messages": [], "TotalCount": 5}),
        reply(200, {"Messages": [], "TotalCount": 20_000}),
        bytes_then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"),
        bytes_then_close(b""),
    ],
)
def test_an_answer_in_doubt_proves_nothing(asked: Asked, step: Step) -> None:
    asked.server.script.append(step)
    sighting = asked.provider.look_up(batch(*READERS[:3]))
    assert not sighting.whole
    assert sighting.reason
    assert not sighting.found


def test_the_wait_that_is_asked_for_is_told(asked: Asked) -> None:
    asked.server.script.append(reply(429, {"message": "slowly"}, {"Retry-After": "7"}))
    assert asked.provider.look_up(batch()).retry_after == timedelta(seconds=7)


def test_a_provider_that_cannot_be_reached_proves_nothing(asked: Asked) -> None:
    sighting = asked.elsewhere.look_up(batch())
    assert not sighting.whole
    assert "cannot be reached" in sighting.reason


def test_pages_without_an_end_are_given_up(asked: Asked) -> None:
    page = reply(
        200,
        {
            "items": [{"recipient": "a@a.example", "id": "1", "user-variables": {}}],
            "paging": {"next": "https://api.mailgun.net/v3/forum.example/events?page=next"},
            "Messages": [{"Metadata": {}, "MessageID": "1"}],
            "TotalCount": 9_999,
        },
    )
    asked.server.script.extend([page] * 500)
    sighting = asked.provider.look_up(batch())
    assert not sighting.whole
    assert "pages" in sighting.reason


def test_a_page_elsewhere_is_not_asked_for() -> None:
    transport = Transport(timeout=timedelta(seconds=20))
    with MailgunServer() as server:
        provider = mailgun(server, server.url, transport)
        item = {"recipient": "a@a.example", "id": "1", "user-variables": {}}
        strange = "https://api.mailgun.net/v3/domains?delete=all"
        page = reply(200, {"items": [item], "paging": {"next": strange}})
        server.script.extend([page, page])  # of these readers, and of all
        assert not provider.look_up(batch()).whole
        assert len(server.requests) == 2
    transport.close()


@pytest.mark.parametrize(("make_server", "make"), KINDS.values(), ids=list(KINDS))
def test_the_settling_time_can_be_set(make_server: type[LoopbackServer], make: Make) -> None:
    transport = Transport(timeout=timedelta(seconds=20))
    with make_server() as server:
        usual = make(server, server.url, transport).capabilities
        own = make(server, server.url, transport, timedelta(seconds=9)).capabilities
    assert usual.settles_in is not None
    assert own == replace(usual, settles_in=timedelta(seconds=9))
    transport.close()
