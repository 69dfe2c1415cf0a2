"""Events that are asked for, over a real connection: the same as webhooks tell."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from newsletter.domain.errors import InvalidConfiguration, ProviderUnreachable
from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.providers.common.records import HttpHistory
from newsletter.providers.mailgun.send import Options as MailgunOptions
from newsletter.providers.postmark.events import event
from newsletter.providers.postmark.send import Options as PostmarkOptions
from newsletter.providers.registry import history
from newsletter.providers.resend.send import Options as ResendOptions
from tests.contracts.provider import AT
from tests.provider_servers.postmark import PostmarkServer
from tests.servers import LoopbackServer, MailgunServer, bytes_then_close, reply

BEGIN, END = AT - timedelta(days=1), AT + timedelta(hours=1)


def mailgun(server: MailgunServer) -> HttpHistory:
    said = {"domain": server.domain, "api_key": server.api_key, "base_url": server.url}
    return history(MailgunOptions.model_validate({"kind": "mailgun", **said}))


def postmark(server: PostmarkServer) -> HttpHistory:
    said = {"server_token": server.known, "base_url": server.url}
    options = PostmarkOptions.model_validate({"kind": "postmark", **said})
    return history(options)


def read(asked: HttpHistory, begin: datetime = BEGIN) -> tuple[list[Event], datetime | None]:
    """All events, and how far the list surely went."""
    told = list(asked.read(begin, END))
    return [event for page in told for event in page.events], told[-1].until


def failed(number: int) -> dict[str, Any]:
    return {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "id": f"failed-{number}",
        "timestamp": AT.timestamp() + number,
        "recipient": f"reader{number}@example.org",
        "delivery-status": {"code": 550, "message": "5.1.1 no such mailbox"},
        "user-variables": {"campaign": "hours", "attempt": "attempt1", "subscriber": "7"},
        "tags": [],
    }


def bounce(number: int) -> dict[str, Any]:
    return {
        "ID": number,
        "Type": "HardBounce",
        "TypeCode": 1,
        "MessageID": f"message-{number}",
        "Email": f"reader{number}@example.org",
        "Details": "smtp;550 5.1.1 no such mailbox",
        "BouncedAt": AT.isoformat(),
        "MessageStream": "broadcast",
    }


def test_mailguns_events_are_listed_from_page_to_page() -> None:
    with MailgunServer() as server:
        server.events = [failed(number) for number in range(450)]
        events, until = read(mailgun(server))
        assert len(server.requests) == 3
    assert [event.id for event in events] == [f"failed-{number}" for number in range(450)]
    assert until == END
    first = events[0]
    assert (first.kind, first.bounce) == (EventKind.BOUNCED, Bounce.HARD)
    assert (first.address, first.campaign, first.attempt_id) == (
        "reader0@example.org",
        "hours",
        "attempt1",
    )
    assert (first.subscriber_id, first.at) == (7, AT)


def test_mailguns_events_outside_the_window_are_not_listed() -> None:
    with MailgunServer() as server:
        server.events = [failed(number) for number in range(5)]
        events, _ = read(mailgun(server), AT + timedelta(seconds=3))
    assert [event.id for event in events] == ["failed-3", "failed-4"]


def test_a_page_of_mailguns_elsewhere_is_not_asked_for() -> None:
    page = {"items": [failed(1)], "paging": {"next": "https://api.mailgun.net/v3/domains?all"}}
    with MailgunServer() as server:
        server.script.append(reply(200, page))
        with pytest.raises(ProviderUnreachable):
            read(mailgun(server))
        assert len(server.requests) == 1


def test_postmarks_bounces_are_listed_from_page_to_page() -> None:
    with PostmarkServer() as server:
        server.bounces = [bounce(number) for number in range(1, 701)]
        events, until = read(postmark(server))
        assert len(server.requests) == 2
    assert {event.provider_id for event in events} == {f"message-{n}" for n in range(1, 701)}
    assert until == END
    assert {(event.kind, event.bounce) for event in events} == {(EventKind.BOUNCED, Bounce.HARD)}
    assert events[0].address == "reader700@example.org"


def test_a_bounce_that_is_listed_is_the_one_that_was_posted() -> None:
    posted = event({**bounce(3), "RecordType": "Bounce", "Metadata": {}}, AT)
    with PostmarkServer() as server:
        server.bounces = [bounce(3)]
        [listed] = read(postmark(server))[0]
    assert listed.id == posted.id


def test_more_bounces_than_postmark_shows_are_read_as_far_as_it_does() -> None:
    with PostmarkServer() as server:
        server.bounces = [bounce(number) for number in range(10_400)]
        events, until = read(postmark(server))
    assert len(events) == 10_000
    assert until is None


@pytest.fixture(params=["mailgun", "postmark"])
def asked(request: pytest.FixtureRequest) -> Iterator[tuple[LoopbackServer, HttpHistory]]:
    if request.param == "mailgun":
        with MailgunServer() as server:
            yield server, mailgun(server)
    else:
        with PostmarkServer() as postmarks:
            yield postmarks, postmark(postmarks)


def test_an_answer_in_doubt_is_an_error_in_words(
    subtests: pytest.Subtests, asked: tuple[LoopbackServer, HttpHistory]
) -> None:
    for step in [
        reply(500, "oops"),
        reply(401, {"message": "Forbidden"}),
        reply(302, "", {"Location": "https://elsewhere.example/"}),
        reply(200, "<html>"),
        reply(200, "[]"),
        reply(200, json.dumps({"items": [1], "Bounces": 3, "TotalCount": 1})),
        bytes_then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"),
        bytes_then_close(b""),
    ]:
        with subtests.test(step=step):
            server, history = asked
            server.script.append(step)
            with pytest.raises(ProviderUnreachable) as raised:
                list(history.read(BEGIN, END))
            assert str(raised.value)


def test_pages_without_an_end_are_given_up() -> None:
    page = {
        "items": [failed(1)],
        "paging": {"next": "https://api.mailgun.net/v3/forum.example/events/next"},
    }
    with MailgunServer() as server:
        server.script.extend([reply(200, page)] * 500)
        events, _ = read(mailgun(server))
    assert len(events) == 400


def test_a_provider_that_lists_nothing_says_what_to_do() -> None:
    options = ResendOptions.model_validate({"kind": "resend", "api_key": "key-for-tests"})
    with pytest.raises(InvalidConfiguration, match="poll_events"):
        history(options)
