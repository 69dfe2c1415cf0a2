"""Asking a provider what it has: page by page, and an answer that is in doubt proves nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from newsletter.providers import registry
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import AT, batch
from tests.fakes import FixedClock
from tests.provider_servers.brevo import BrevoServer
from tests.provider_servers.kinds import KINDS, made
from tests.provider_servers.mailtrap import MailtrapServer
from tests.provider_servers.postmark import PostmarkServer
from tests.provider_servers.sendgrid import SendGridServer
from tests.servers import (
    DATE,
    Exchange,
    LoopbackServer,
    MailgunServer,
    Step,
    bytes_then_close,
    closed_port,
    reply,
)

READERS = tuple(f"reader{number}@example.org" for number in range(400))
WHOLE_CALLS = {"sendgrid", "brevo"}
"""Those that take all of a call or nothing, so that one message proves the call."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A provider that can be asked, and the server behind it."""

    kind: str
    server: LoopbackServer
    provider: HttpProvider
    elsewhere: HttpProvider
    """The same at a port without a listener."""

    @property
    def readers(self) -> tuple[str, ...]:
        """As many as one call may have."""
        return READERS[: self.provider.capabilities.max_recipients]


class Undated(Exchange):
    """Answers without the header Date."""

    def write(self, data: bytes) -> None:
        super().write(data.replace(f"Date: {DATE}\r\n".encode(), b""))


class Shortened(Exchange):
    """Answers with one row of those that it finds."""

    def write(self, data: bytes) -> None:
        head, mark, body = data.partition(b"\r\n\r\n")
        said = json.loads(body)
        for rows in said.values():
            if isinstance(rows, list):
                del rows[1:]
        super().write(head + mark + json.dumps(said).encode().ljust(len(body)))


WITH_RECORDS = [kind for kind, parts in registry.KINDS.items() if parts.lookup]


@pytest.fixture(params=WITH_RECORDS)
def asked(request: pytest.FixtureRequest) -> Iterator[Asked]:
    kind = request.param
    nowhere = f"http://127.0.0.1:{closed_port()}"
    with (
        KINDS[kind].server(FixedClock()) as server,
        made(kind, server.url) as provider,
        made(kind, nowhere) as elsewhere,
    ):
        yield Asked(kind=kind, server=server, provider=provider, elsewhere=elsewhere)


def take(asked: Asked, attempt_id: str, readers: tuple[str, ...]) -> None:
    sent = batch(*readers, attempt_id=attempt_id)
    asked.provider.send(asked.provider.prepare(sent))


def test_all_of_an_attempt_are_found_among_the_records_of_others(asked: Asked) -> None:
    for number, attempt_id in enumerate(("before", "attempt1", "after")):
        take(asked, attempt_id, asked.readers[number:])
    sighting = asked.provider.look_up(batch(*asked.readers, attempt_id="attempt1"))
    assert sighting.is_complete, sighting.reason
    if asked.kind in WHOLE_CALLS:
        assert len(sighting.found) == len(asked.readers)
    else:
        assert len(sighting.found) == len(asked.readers) - 1
        assert len(set(sighting.found.values())) == len(asked.readers) - 1


def test_what_left_while_our_clock_was_wrong_is_found(
    subtests: pytest.Subtests, asked: Asked
) -> None:
    for hours in [-70, -1, 1, 70]:
        with subtests.test(hours=hours):
            sent = batch(*READERS[:60], attempt_id=f"attempt{hours + 100}")
            sent = replace(sent, at=sent.at + timedelta(hours=hours))
            asked.provider.send(asked.provider.prepare(sent))
            sighting = asked.provider.look_up(sent)
            assert sighting.is_complete, sighting.reason
            assert len(sighting.found) == 60


@pytest.mark.parametrize("days", [-5, 5])
def test_a_clock_that_is_wrong_by_days_proves_no_absence(asked: Asked, days: int) -> None:
    """The attempt is in the records of days that no look-up asks for."""
    take(asked, "before", READERS[:60])
    sent = batch(*READERS[:60], attempt_id="attempt1")
    sent = replace(sent, at=sent.at + timedelta(days=days))
    asked.provider.send(asked.provider.prepare(sent))
    sighting = asked.provider.look_up(sent)
    assert sighting.found or not sighting.is_complete


def test_reading_stops_when_all_are_found(asked: Asked) -> None:
    take(asked, "attempt1", READERS[:3])
    before = len(asked.server.requests)
    assert asked.provider.look_up(batch(*READERS[:3])).is_complete
    # SendGrid's summaries name no attempt: a look-up opens one message
    assert len(asked.server.requests) == before + (2 if asked.kind == "sendgrid" else 1)


def test_an_or_that_is_not_understood_does_not_pass_for_an_absence() -> None:
    with MailgunServer() as server, made("mailgun", server.url) as provider:
        provider.send(provider.prepare(batch(*READERS[:60])))
        empty = reply(200, {"items": [], "paging": {"next": "", "previous": ""}})
        server.script.extend([empty, empty])
        sighting = provider.look_up(batch(*READERS[:60]))
    assert sighting.is_complete, sighting.reason
    assert len(sighting.found) == 60


def test_of_an_attempt_in_part_those_are_found_who_are_there(asked: Asked) -> None:
    take(asked, "attempt1", READERS[:2])
    sighting = asked.provider.look_up(batch(*READERS[:3]))
    assert sighting.is_complete
    assert len(sighting.found) == (3 if asked.kind in WHOLE_CALLS else 2)


def test_a_filter_that_finds_nothing_does_not_pass_for_an_absence() -> None:
    with PostmarkServer() as server, made("postmark", server.url) as provider:
        provider.send(provider.prepare(batch(*READERS[:60])))
        server.script.append(reply(200, {"TotalCount": 0, "Messages": []}))
        sighting = provider.look_up(batch(*READERS[:60]))
    assert not sighting.is_complete
    assert "by address" in sighting.reason
    assert set(sighting.found) == {1}


def test_an_answer_in_doubt_proves_nothing(subtests: pytest.Subtests, asked: Asked) -> None:
    for step in [
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
        reply(200, {"messages": [{}], "events": [{}], "next_page_cursor": None}),
        reply(200, {"messages": None, "events": 7, "next_page_cursor": None}),
        bytes_then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"),
        bytes_then_close(b""),
    ]:
        with subtests.test(step=step):
            asked.server.script.append(step)
            sighting = asked.provider.look_up(batch(*READERS[:3]))
            assert not sighting.is_complete
            assert sighting.reason
            assert not sighting.found


def test_the_wait_that_is_asked_for_is_told(asked: Asked) -> None:
    asked.server.script.append(reply(429, {"message": "slowly"}, {"Retry-After": "7"}))
    assert asked.provider.look_up(batch()).retry_after == timedelta(seconds=7)


def test_a_provider_that_cannot_be_reached_proves_nothing(asked: Asked) -> None:
    sighting = asked.elsewhere.look_up(batch())
    assert not sighting.is_complete
    assert "cannot be reached" in sighting.reason


@pytest.mark.parametrize("asked", ["mailgun", "postmark", "mailtrap"], indirect=True)
def test_pages_without_an_end_are_given_up(asked: Asked) -> None:
    row = {"message_id": "1", "category": "else", "custom_variables": {}}
    page = reply(
        200,
        {
            "items": [{"recipient": "a@a.example", "id": "1", "user-variables": {}}],
            "paging": {"next": "https://api.mailgun.net/v3/forum.example/events?page=next"},
            "Messages": [{"Metadata": {}, "MessageID": "1"}],
            "TotalCount": 9_999,
            "messages": [row],
            "next_page_cursor": "1",
        },
    )
    asked.server.script.extend([page] * 500)
    sighting = asked.provider.look_up(batch())
    assert not sighting.is_complete
    assert "pages" in sighting.reason


CONTROLLED = ["sendgrid", "brevo", "mailtrap"]


def test_an_empty_log_proves_no_absence(asked: Asked) -> None:
    sighting = asked.provider.look_up(batch())
    assert not sighting.is_complete
    assert sighting.reason


def test_an_absence_is_proven_where_the_same_filters_find_others(asked: Asked) -> None:
    take(asked, "attempt1", asked.readers)
    sighting = asked.provider.look_up(batch("ana@a.example", attempt_id="attempt2"))
    assert sighting.is_complete, sighting.reason
    assert not sighting.found


def test_answers_without_a_date_prove_no_absence(asked: Asked) -> None:
    """The time between two looks would be that of our clock, which may have been put forward."""
    take(asked, "attempt1", asked.readers)
    usual = asked.server.usual
    step = Step(act=lambda exchange: usual(exchange.received).act(Undated(**vars(exchange))))
    asked.server.script.extend([step] * 9)
    sighting = asked.provider.look_up(batch("ana@a.example", attempt_id="attempt2"))
    assert (sighting.is_complete, sighting.reason) == (False, "its answer has no Date")


def test_filters_that_find_nothing_of_what_is_there_prove_no_absence(asked: Asked) -> None:
    take(asked, "attempt1", asked.readers)
    nothing = reply(
        200,
        {
            "messages": [],
            "next_page_cursor": None,
            "total_count": 0,
            "items": [],
            "Messages": [],
            "TotalCount": 0,
        },
    )
    usual = Step(act=lambda exchange: asked.server.usual(exchange.received).act(exchange))
    before_the_control = {"brevo": 3, "mailgun": 5, "postmark": 3}.get(asked.kind, 2)
    asked.server.script.extend([*[usual] * before_the_control, nothing])
    sighting = asked.provider.look_up(batch("ana@a.example", attempt_id="attempt2"))
    assert not sighting.is_complete
    assert not sighting.found


@pytest.mark.parametrize("asked", ["mailgun", "mailtrap"], indirect=True)
def test_filters_that_find_one_of_two_prove_no_absence(asked: Asked) -> None:
    """They may take the second address of two for a part of the first."""
    take(asked, "attempt1", asked.readers)
    usual = asked.server.usual
    short = Step(act=lambda exchange: usual(exchange.received).act(Shortened(**vars(exchange))))
    whole = Step(act=lambda exchange: usual(exchange.received).act(exchange))
    before_the_control = {"mailgun": 5}.get(asked.kind, 2)
    asked.server.script.extend([*[whole] * before_the_control, short])
    sighting = asked.provider.look_up(batch("ana@a.example", attempt_id="attempt2"))
    assert not sighting.is_complete


@pytest.mark.parametrize("asked", CONTROLLED, indirect=True)
def test_an_address_beyond_ascii_is_not_told_to_be_absent(asked: Asked) -> None:
    take(asked, "attempt1", asked.readers)
    assert not asked.provider.look_up(batch("jörg@example.org", attempt_id="attempt2")).is_complete


@pytest.mark.parametrize("asked", ["sendgrid"], indirect=True)
def test_a_message_that_does_not_say_whose_it_is_proves_nothing(asked: Asked) -> None:
    take(asked, "attempt1", READERS[:3])
    assert isinstance(asked.server, SendGridServer)
    for log in asked.server.logs.values():
        del log["custom_args"]
    sighting = asked.provider.look_up(batch(*READERS[:3]))
    assert not sighting.is_complete
    assert not sighting.found


@pytest.mark.parametrize("asked", ["sendgrid"], indirect=True)
def test_mail_of_other_programs_to_the_same_reader_is_passed_over(asked: Asked) -> None:
    take(asked, "before", READERS[:1])
    assert isinstance(asked.server, SendGridServer)
    for log in asked.server.logs.values():
        log.update(custom_args={}, category=["invoices"])
    take(asked, "attempt1", READERS[:1])
    assert asked.provider.look_up(batch(*READERS[:1])).found == {1: "message-2"}


@pytest.mark.parametrize("asked", ["sendgrid", "brevo"], indirect=True)
def test_more_than_a_page_of_one_reader_proves_nothing(asked: Asked) -> None:
    row = {
        "sg_message_id": "1",
        "to_email": "ana@a.example",
        "messageId": "1",
        "email": "ana@a.example",
    }
    full = reply(200, {"messages": [row] * 1000, "events": [row] * 500})
    asked.server.script.append(full)
    sighting = asked.provider.look_up(batch("ana@a.example"))
    assert not sighting.is_complete


@pytest.mark.parametrize("asked", ["sendgrid", "brevo"], indirect=True)
def test_a_filter_that_is_ignored_is_noticed(asked: Asked) -> None:
    take(asked, "attempt1", asked.readers)
    row = {
        "to_email": "eve@example.org",
        "sg_message_id": "message-1.recvd-1.0",
        "email": "eve@example.org",
        "messageId": "9",
        "date": AT.isoformat(),
        "tag": '["resigns", "attempt1"]',
    }
    others = reply(200, {"messages": [row], "events": [row]})
    asked.server.script.extend([others, others])
    assert not asked.provider.look_up(batch("ana@a.example", attempt_id="attempt2")).is_complete


def test_brevos_tags_that_name_no_attempt_prove_nothing() -> None:
    for shown in (lambda tags: tags[0], lambda tags: "", lambda tags: json.dumps(tags[:1])):
        with BrevoServer(shows_tags=shown) as server, made("brevo", server.url) as provider:
            provider.send(provider.prepare(batch()))
            sighting = provider.look_up(batch())
            assert not sighting.is_complete
            assert not sighting.found


def test_mailtraps_filter_of_readers_may_be_ignored() -> None:
    with (
        MailtrapServer(ignores=frozenset({"to"})) as server,
        made("mailtrap", server.url) as provider,
    ):
        provider.send(provider.prepare(batch(*READERS)))
        assert len(provider.look_up(batch(*READERS[:40])).found) == 40
        absent = provider.look_up(batch(*READERS[:3], attempt_id="attempt2"))
    assert absent.is_complete, absent.reason
    assert not absent.found


def test_postmarks_filter_of_attempts_may_be_ignored() -> None:
    with PostmarkServer() as server, made("postmark", server.url) as provider:
        for attempt_id in ("attempt1", "attempt2"):
            provider.send(provider.prepare(batch(*READERS, attempt_id=attempt_id)))
        two_pages = [record for records in server.records.values() for record in records]
        server.records["attempt1"] = two_pages
        sighting = provider.look_up(batch(*READERS, attempt_id="attempt1"))
    assert len(sighting.found) == len(READERS)


def test_mailtraps_messages_without_variables_prove_nothing() -> None:
    with MailtrapServer() as server, made("mailtrap", server.url) as provider:
        provider.send(provider.prepare(batch()))
        for row in server.log:
            row["custom_variables"] = {}
        assert not provider.look_up(batch()).is_complete


def test_a_page_elsewhere_is_not_asked_for() -> None:
    with MailgunServer() as server, made("mailgun", server.url) as provider:
        item = {"recipient": "a@a.example", "id": "1", "user-variables": {}}
        strange = "https://api.mailgun.net/v3/domains?delete=all"
        page = reply(200, {"items": [item], "paging": {"next": strange}})
        server.script.extend([page, page])  # of these readers, and of all
        assert not provider.look_up(batch()).is_complete
        assert len(server.requests) == 2


def test_the_settling_time_can_be_set(subtests: pytest.Subtests) -> None:
    for kind in WITH_RECORDS:
        with (
            subtests.test(kind=kind),
            made(kind, "http://127.0.0.1:9") as usual,
            made(kind, "http://127.0.0.1:9", settle="9s") as own,
        ):
            assert usual.capabilities.records_delay is not None
            nine = timedelta(seconds=9)
            assert own.capabilities == replace(usual.capabilities, records_delay=nine)
