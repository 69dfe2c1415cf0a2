"""The contract of every provider: subclass and give it a ``service`` fixture."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest

from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import PreparedRequest, Replay
from newsletter.domain.errors import InvalidInput
from newsletter.domain.ports import Provider
from newsletter.domain.statements.content import MARK_PREFIX, Content, Recipient, Sender
from newsletter.transport.http import HttpResponse
from tests.fakes import FixedClock
from tests.servers import DATE, Delivered

AT = datetime(2011, 9, 21, 18, tzinfo=UTC)


def content(**changes: Any) -> Content:
    """The content of a campaign, with each merge mark where a renderer puts it."""
    usual = Content(
        subject="Forum resigns from task force",
        html=(
            "<html><body><p>The Forum resigns. Écoutez — 100% of us.</p>\n"
            '<a href="https://news.forum.example/u/NLMERGEUNSUBSCRIBE">Unsubscribe</a>\n'
            "</body></html>\n"
        ),
        text=(
            "The Forum resigns. Écoutez — 100% of us.\n\n"
            "Unsubscribe: https://news.forum.example/u/NLMERGEUNSUBSCRIBE\n"
        ),
        language="en",
        sender=Sender(
            name="Example Forum", address="news@forum.example", reply_to="press@forum.example"
        ),
        headers=(
            ("Message-ID", "<NLMERGEMESSAGEID@forum.example>"),
            ("List-Id", "Press <press.forum.example>"),
            ("List-Unsubscribe", "<https://news.forum.example/u/NLMERGEUNSUBSCRIBE>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("Feedback-ID", "resigns:press:news:forumexample"),
        ),
        lists=("press",),
        corrects="",
        send_at="",
        embargo_until="",
        template_version="1",
    )
    return replace(usual, **changes)


def recipients(*addresses: str) -> tuple[Recipient, ...]:
    return tuple(
        Recipient(number, address, f"token{number:04d}A-_z", f"letter{number:04d}")
        for number, address in enumerate(addresses, start=1)
    )


READERS = ("ana@a.example", "ben@b.example", "cy@c.example")


def batch(*addresses: str, attempt_id: str = "attempt1", **changes: Any) -> OutgoingBatch:
    """A batch to these addresses, or to three made-up readers."""
    said = content(**changes)
    return OutgoingBatch(
        campaign="resigns",
        attempt_id=attempt_id,
        at=AT,
        content=said,
        content_hash=said.content_hash(),
        recipients=recipients(*(addresses or READERS)),
    )


def answered(status: int, body: object = b"", **headers: str) -> HttpResponse:
    """An answer: bytes as they are, anything else as JSON, and fields with _ in place of -."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, headers={"date": DATE, **named}, body=raw)


def words_of(header: str) -> str:
    """A header value as a person reads it."""
    return str(make_header(decode_header(header)))


@dataclass(frozen=True, kw_only=True)
class Service:
    """A provider, and what stands behind it."""

    provider: Provider
    delivered: Callable[[], list[Delivered]]
    """The messages that readers have, in any order."""
    disable: Callable[[], None]
    """Make it impossible to hand anything over."""

    def batch(self, **changes: Any) -> OutgoingBatch:
        """A batch for one call: to the three readers, or to one if it takes no more."""
        return batch(*READERS[: self.provider.capabilities.max_recipients], **changes)


class ProviderContract:
    """The suite."""

    message_id: str = ""
    """The end of the Message-ID that a provider writes over ours."""
    list_id: bool = True
    """Whether it takes our List-Id."""

    @pytest.fixture
    def service(self, server: Any, provider: Provider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)

    def deliver(self, service: Service, sent: OutgoingBatch) -> dict[str, Delivered]:
        """In as many calls as the provider needs."""
        most = service.provider.capabilities.max_recipients
        for start in range(0, len(sent.recipients), most):
            some = replace(
                sent,
                recipients=sent.recipients[start : start + most],
                attempt_id=f"{sent.attempt_id}{start}" if start else sent.attempt_id,
            )
            answer = service.provider.send(service.provider.prepare(some))
            assert answer.outcome.verdict is Verdict.ACCEPTED, answer.outcome.reason
            assert not answer.exceptions
        messages = service.delivered()
        assert len({message.to for message in messages}) == len(messages)
        return {message.to: message for message in messages}

    def test_preparing_the_same_batch_twice_gives_the_same_bytes(self, service: Service) -> None:
        first, second = (service.provider.prepare(service.batch()) for _ in range(2))
        assert first.body == second.body

    def test_each_recipient_gets_exactly_one_message(self, service: Service) -> None:
        calls = 20 if service.provider.capabilities.max_recipients == 1 else 120
        sent = batch(*(f"reader{number}@example.org" for number in range(calls)))
        got = self.deliver(service, sent)
        assert set(got) == {recipient.address for recipient in sent.recipients}

    def test_nothing_leaves_once_the_claim_is_over(self, service: Service) -> None:
        clock = FixedClock()
        prepared = service.provider.prepare(batch("only@example.org"))
        lease = NotAfter.after(timedelta(minutes=2), clock)
        clock.advance(minutes=2)
        answer = service.provider.send(replace(prepared, not_after=lease))
        assert answer.outcome.verdict is Verdict.LATE
        assert service.delivered() == []

    def test_one_recipient_is_a_batch_too(self, service: Service) -> None:
        assert set(self.deliver(service, batch("only@example.org"))) == {"only@example.org"}

    def test_both_one_click_headers_carry_the_recipients_own_token(self, service: Service) -> None:
        sent = batch()
        got = self.deliver(service, sent)
        for recipient in sent.recipients:
            message = got[recipient.address]
            link = f"<https://news.forum.example/u/{recipient.unsubscribe}>"
            assert message.one("List-Unsubscribe") == link
            assert message.one("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"

    def test_an_inbox_beside_the_link_to_unsubscribe_arrives_too(self, service: Service) -> None:
        mark = "NLMERGEUNSUBSCRIBE"
        ways = f"<https://news.forum.example/u/{mark}>, <mailto:u@a.example?subject=u.{mark}>"
        headers = (
            *(each for each in content().headers if each[0] != "List-Unsubscribe"),
            ("List-Unsubscribe", ways),
            ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        )
        sent = batch(headers=headers)
        got = self.deliver(service, sent)
        for recipient in sent.recipients:
            message = got[recipient.address]
            assert " ".join(message.one("List-Unsubscribe").split()) == recipient.merge(ways)
            assert message.one("X-Auto-Response-Suppress") == "OOF, AutoReply"

    def test_sender_subject_and_list_headers_arrive_once(self, service: Service) -> None:
        sent = batch()
        got = self.deliver(service, sent)
        for recipient in sent.recipients:
            message = got[recipient.address]
            assert parseaddr(message.one("From")) == ("Example Forum", "news@forum.example")
            assert message.one("Reply-To") == "press@forum.example"
            assert message.one("Subject") == "Forum resigns from task force"
            ours = f"<{recipient.message_id}@forum.example>"
            assert message.one("Message-ID").endswith(self.message_id or ours)
            assert message.all("List-Id") == ["Press <press.forum.example>"] * self.list_id
            assert message.one("Feedback-ID") == "resigns:press:news:forumexample"

    def test_both_bodies_arrive_with_every_merge_mark_filled(self, service: Service) -> None:
        sent = batch()
        got = self.deliver(service, sent)
        for recipient in sent.recipients:
            message = got[recipient.address]
            assert message.text.split() == recipient.merge(sent.content.text).split()
            assert message.html.split() == recipient.merge(sent.content.html).split()
            assert MARK_PREFIX not in message.text + message.html + repr(message.headers)

    def test_each_reader_is_called_by_their_own_name(self, service: Service) -> None:
        said = content()
        html = said.html.replace("<p>", "<p>Dear NLMERGENAME0, querida NLMERGENAME1: ")
        text = f"Dear NLMERGENAME0, querida NLMERGENAME1:\n\n{said.text}"
        sent = batch(html=html, text=text, fallbacks=("friend", "lectora"))
        known = ("O'Brien", "Ángela Ruiz, Ph.D.", "{{contact}}")
        readers = tuple(
            reader._replace(names=sent.content.fill_names(name))
            for reader, name in zip(sent.recipients, known, strict=True)
        )
        got = self.deliver(service, replace(sent, recipients=readers))
        for reader, name in zip(
            readers, [("O’Brien",) * 2, (known[1],) * 2, ("friend", "lectora")], strict=True
        ):
            message = got[reader.address]
            assert message.text.startswith(f"Dear {name[0]}, querida {name[1]}:")
            assert f"<p>Dear {name[0]}, querida {name[1]}: " in message.html
            assert MARK_PREFIX not in message.text + message.html

    def test_no_message_tells_of_another_reader(self, service: Service) -> None:
        sent = batch()
        got = self.deliver(service, sent)
        for recipient in sent.recipients:
            everything = repr(got[recipient.address])
            for other in sent.recipients:
                if other != recipient:
                    assert other.address not in everything
                    assert other.unsubscribe not in everything
                    assert other.message_id not in everything

    def test_a_name_with_a_comma_and_quotes_stays_one_name(self, service: Service) -> None:
        name = 'Forum, "The" \\ Example; Inc.'
        sender = Sender(name=name, address="news@forum.example")
        for message in self.deliver(service, batch(sender=sender)).values():
            assert parseaddr(message.one("From")) == (name, "news@forum.example")
            assert message.all("Reply-To") == []

    def test_international_names_and_subjects_arrive(self, service: Service) -> None:
        sender = Sender(name="Fórum für Élan 論壇", address="news@forum.example")
        subject = "Förum " * 20 + "論壇辭職 🎉"
        for message in self.deliver(service, batch(sender=sender, subject=subject)).values():
            name, address = parseaddr(message.one("From"))
            assert words_of(name) == "Fórum für Élan 論壇"
            assert address == "news@forum.example"
            assert words_of(message.one("Subject")) == subject

    def test_international_addresses_keep_their_name_and_get_a_dns_domain(
        self, service: Service
    ) -> None:
        got = self.deliver(service, batch("jörg@example.org", "eva@bücher.example"))
        assert set(got) == {"jörg@example.org", "eva@xn--bcher-kva.example"}

    def test_merge_marks_in_the_subject_are_filled(self, service: Service) -> None:
        sent = batch("only@example.org", subject="Yours: NLMERGEMESSAGEID")
        (message,) = self.deliver(service, sent).values()
        assert message.one("Subject") == "Yours: letter0001"

    def test_a_control_character_in_a_header_is_refused(
        self, subtests: pytest.Subtests, service: Service
    ) -> None:
        for bad in ["a\nBcc: eve@example.org", "a\rb", "a\0b", "a\u2028b", "a\x85"]:
            with subtests.test(bad=bad):
                sender = Sender(name=bad, address="news@forum.example")
                for faulty in (
                    service.batch(subject=bad),
                    service.batch(sender=sender),
                    service.batch(headers=(("List-Id", bad),)),
                    service.batch(headers=((bad, "value"),)),
                    batch(f"{bad}@example.org"),
                ):
                    with pytest.raises(InvalidInput):
                        service.provider.prepare(faulty)
                assert service.delivered() == []

    def test_what_was_prepared_is_what_leaves(self, service: Service) -> None:
        sent = service.batch()
        plain = PreparedRequest(batch=sent, body=service.provider.prepare(sent).body)
        assert service.provider.send(plain).outcome.verdict is Verdict.ACCEPTED
        assert len(service.delivered()) == len(sent.recipients)

    def test_handing_over_again_makes_no_second_message_where_that_is_promised(
        self, service: Service
    ) -> None:
        promised = service.provider.capabilities.replay
        if promised is Replay.NEVER:
            return  # nothing is promised, and nothing is replayed
        self.deliver(service, batch(attempt_id="attempt1"))
        again = batch(attempt_id="attempt1" if promised is Replay.KEYED else "attempt2")
        answer = service.provider.send(service.provider.prepare(again))
        # one that knows the key may say just that: then its records have to tell
        assert answer.outcome.verdict in {Verdict.ACCEPTED, Verdict.UNKNOWN}
        assert len(service.delivered()) == 3

    def test_its_records_name_whom_it_took_of_an_attempt_and_nobody_else(
        self, service: Service
    ) -> None:
        took, other = batch("ana@a.example"), batch("ben@b.example", attempt_id="attempt2")
        if service.provider.capabilities.records_delay is None:
            assert not service.provider.look_up(took).is_complete
            return
        self.deliver(service, took)
        found = service.provider.look_up(took)
        assert found.is_complete, found.reason
        assert set(found.found) == {took.recipients[0].subscriber_id}
        self.deliver(service, other)
        never = batch("ana@a.example", "ben@b.example", attempt_id="attempt3")
        absent = service.provider.look_up(never)
        assert absent.is_complete, absent.reason
        assert not absent.found

    def test_a_provider_out_of_order_is_an_answer_not_an_error(self, service: Service) -> None:
        prepared = service.provider.prepare(service.batch())
        service.disable()
        answer = service.provider.send(prepared)
        assert answer.outcome.verdict in {Verdict.RETRY, Verdict.CONFIGURATION}
        assert answer.outcome.reason
        assert not answer.exceptions

    def test_the_largest_batch_it_names_is_taken(self, service: Service) -> None:
        most = service.provider.capabilities.max_recipients
        got = self.deliver(service, batch(*(f"reader{n}@example.org" for n in range(most))))
        assert len(got) == most
