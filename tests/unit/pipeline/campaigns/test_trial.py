"""Looking before leaping, and what changed since the approval."""

from dataclasses import replace

import pytest

from newsletter.cli.statements.preview import report_lines
from newsletter.domain.campaigns.campaign import Counts
from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import MARK_PREFIX, Content, Recipient
from newsletter.domain.subscribers.audience import Entry
from newsletter.pipeline.campaigns.headcount import DryRun
from newsletter.pipeline.campaigns.trial import fill, load_email, load_sample
from newsletter.pipeline.subscribers.choose import leave
from newsletter.store.sql import Store
from tests.fakes import RecordingProvider
from tests.unit.pipeline.newsroom import Newsroom


def try_out(room: Newsroom) -> DryRun:
    return room.rehearse()


def sampled(room: Newsroom, address: str | None = None) -> tuple[Content, Recipient]:
    return load_sample("resignation", address=address, store=room.store, links=room.links)


def send(room: Newsroom, to: str) -> None:
    room.send_test(to)


def ready(room: Newsroom, readers: int = 5) -> None:
    room.subscribe(readers)
    room.write_and_look()


def test_a_dry_run_says_who_would_get_it_and_who_would_not(room: Newsroom) -> None:
    ready(room)
    room.suppress("reader2@example.org")
    found = try_out(room)
    assert (found.audience, len(found.addresses)) == (4, 4)
    assert found.excluded == (("reader2@example.org", "bounced"),)
    assert not found.approved
    assert found.content_hash == room.content_hash()
    text = "\n".join(report_lines(found))
    assert "would go to 4 readers of press" in text
    assert "and 1 more" in text
    assert "reader2@example.org: bounced" in text
    assert "not approved" in text
    assert "it has 0 of 1 approvals" in text


def test_a_dry_run_foretells_the_audience(room: Newsroom) -> None:
    ready(room, 3)
    room.approve()
    found = try_out(room)
    assert found.approved
    assert "more" not in "\n".join(report_lines(found))
    room.plan()
    room.start_due(minutes=5)
    room.drain()
    assert sorted(found.addresses) == sorted(room.provider.accepted)


def test_a_dry_run_of_nothing_is_refused(room: Newsroom) -> None:
    with pytest.raises(NotFound):
        try_out(room)


def test_a_sample_is_filled_for_a_made_up_reader(room: Newsroom) -> None:
    ready(room)
    content, recipient = sampled(room)
    done = fill(content, recipient)
    assert MARK_PREFIX in content.html
    for part in (done.html, done.text, *(value for _, value in done.headers)):
        assert MARK_PREFIX not in part
        assert "t-0-0" in part


def test_a_sample_can_be_filled_for_a_real_reader(room: Newsroom) -> None:
    ready(room)
    _, recipient = sampled(room, "reader2@example.org")
    assert (recipient.subscriber_id, recipient.unsubscribe) == (2, "t-0-2")
    with pytest.raises(NotFound, match=r"eve@example\.org is not a subscriber"):
        sampled(room, "eve@example.org")


def test_a_real_reader_is_addressed_as_they_wrote_themselves(room: Newsroom) -> None:
    ready(room)
    _, recipient = sampled(room, "Reader2@EXAMPLE.org")
    assert recipient.address == "reader2@example.org"


def test_content_that_vanished_from_the_database_makes_no_sample(
    room: Newsroom, store: Store
) -> None:
    ready(room)
    with store.begin() as tx:
        tx.db.change("DELETE FROM content")
    with pytest.raises(NotFound, match="the content of resignation is not stored"):
        sampled(room)


def test_a_test_mail_goes_to_one_address_and_is_marked(room: Newsroom) -> None:
    ready(room)
    send(room, " boss@forum.example ")
    assert room.provider.accepted == ["boss@forum.example"]
    [batch] = room.provider.batches
    assert batch.content.subject == "[Test] Forum resigns from task force"
    assert batch.content.text.startswith("A test. ")
    assert batch.content_hash == batch.content.content_hash()
    assert room.campaigns() == []
    assert room.deeds()[-1] == ("operator", "test")
    word = batch.recipients[0].unsubscribe
    leave([room.links.read_unsubscribe(word)], store=room.store)
    assert try_out(room).audience == 5


def test_a_test_mail_greets_whoever_gets_it_as_a_reader_or_a_colleague(room: Newsroom) -> None:
    room.subscribe(1)
    room.write_and_look(body="Dear {name|friend}")
    with room.store.begin() as tx:
        entry = Entry(address="reader1@example.org", lists=(), name="Ana Ruiz")
        tx.readers.upsert([entry], room.clock.now())
        tx.staff.change("ed@forum.example", name="Ed Doe")
    for to, name in {
        "Reader1@example.org": "Ana Ruiz",
        "ED@forum.example": "Ed Doe",
        "flo@forum.example": "friend",
        "boss@forum.example": "friend",
    }.items():
        send(room, to)
        [reader] = room.provider.batches[-1].recipients
        assert reader.names == (name,)
        assert reader.subscriber_id == 0
    assert "Dear friend" in fill(*sampled(room)).text
    assert "Dear Ana Ruiz" in fill(*sampled(room, "reader1@example.org")).text


def test_two_test_mails_are_two_messages(room: Newsroom) -> None:
    ready(room)
    send(room, "boss@forum.example")
    send(room, "boss@forum.example")
    names = {batch.recipients[0].message_id for batch in room.provider.batches}
    attempts = {batch.attempt_id for batch in room.provider.batches}
    assert len(names) == len(attempts) == 2
    assert {len(one) for one in attempts} == {24}


@pytest.mark.parametrize(
    ("to", "complaint"),
    [("reader2@example.org", "is suppressed \\(bounced\\)"), ("nobody", "is not an address")],
)
def test_a_test_mail_to_whoever_must_not_get_any_is_refused(
    room: Newsroom, to: str, complaint: str
) -> None:
    ready(room)
    room.suppress("reader2@example.org")
    with pytest.raises(Refused, match=complaint):
        send(room, to)
    assert room.provider.batches == []


def test_to_a_group_all_go_or_none(room: Newsroom) -> None:
    ready(room)
    send(room, "boss@forum.example")
    group = [f"chair{number}@home.example" for number in range(5)]
    with pytest.raises(Refused, match="nothing was sent"):
        room.test_sender().send("resignation", to=group)
    assert room.provider.accepted == ["boss@forum.example"]
    assert len(room.test_sender().send("resignation", to=group[:4])) == 4
    assert room.provider.accepted == ["boss@forum.example", *group[:4]]


def test_a_press_while_the_same_test_is_under_way_sends_no_other(room: Newsroom) -> None:
    ready(room)
    group = ["chair@home.example", "dee@home.example"]
    again: list[dict[str, Answer]] = []

    class PressedAgain(RecordingProvider):
        def send(self, prepared: PreparedRequest) -> Answer:
            again.append(room.test_sender().send("resignation", to=group[1:]))
            return super().send(prepared)

    sender = room.test_sender()
    slow = replace(sender.provider, provider=PressedAgain())
    answers = replace(sender, provider=slow).send("resignation", to=group)
    assert [*answers] == group
    [late] = again[0].values()
    assert (late.outcome.verdict, str(late.outcome.reason)) == (
        Verdict.LATE,
        "the same test email is under way",
    )
    assert room.provider.accepted == []
    assert len(room.test_sender().send("resignation", to=group)) == 2


def test_a_test_mail_leaves_the_books_alone(room: Newsroom) -> None:
    room.start(5)
    send(room, "reader1@example.org")
    assert room.counts() == Counts(pending=5)
    room.drain()
    assert room.provider.accepted.count("reader1@example.org") == 2


def bodies(room: Newsroom, *, reader: int = 0) -> str | None:
    """The text that is shown, if any."""
    with room.store.read() as tx:
        stored = tx.statements.get("resignation")
        assert stored is not None
        found = load_email(tx, stored, reader=reader, links=room.links)
    return found and found[0].text


def test_what_went_out_is_shown_and_not_what_was_written_since(room: Newsroom) -> None:
    room.start(5)
    assert "has resigned" in (bodies(room) or "")
    room.dispatch()
    room.write_and_look(body="The Forum has not resigned.")
    assert "has resigned" in (bodies(room, reader=1) or "")
    with pytest.raises(NotFound, match="no such reader"):
        bodies(room, reader=99)


def test_of_a_text_that_cannot_be_rendered_there_is_no_mail_to_show(room: Newsroom) -> None:
    room.write_and_look(body="unrenderable")
    assert bodies(room) is None


def test_a_test_mail_goes_while_all_sending_is_stopped(room: Newsroom) -> None:
    ready(room)
    room.hire("vera@forum.example", Role.SENDER)
    room.guard().stop(by="vera@forum.example", reason="wrong figures")
    send(room, "boss@forum.example")
    assert room.provider.accepted == ["boss@forum.example"]


def test_forty_test_mails_at_once_are_five_of_one_person_and_twenty_of_all(room: Newsroom) -> None:
    ready(room)
    for number in range(9):
        for by in (OPERATOR_NAME, "ada@forum.example", "ed@forum.example", "sam@forum.example"):
            if number < 5:
                room.send_test("ed@forum.example", by=by)
                continue
            with pytest.raises(Refused, match="wait and try again"):
                room.send_test("ed@forum.example", by=by)
    assert len(room.provider.accepted) == 20
    with pytest.raises(Refused, match="wait and try again"):
        room.send_test("ed@forum.example", by="writer@forum.example")
    room.clock.advance(minutes=1)
    send(room, "x@forum.example")
    assert len(room.provider.accepted) == 21


def test_of_one_person_sixty_test_mails_leave_within_an_hour(room: Newsroom) -> None:
    ready(room)
    with room.store.begin() as tx:
        tx.throttle.record_failure([f"test {OPERATOR_NAME}"] * 60, room.clock.now())
    room.clock.advance(minutes=59)
    with pytest.raises(Refused, match="60 by one person within an hour"):
        send(room, "x@forum.example")
    room.clock.advance(minutes=1)
    send(room, "x@forum.example")


def test_a_test_that_the_provider_cannot_send_is_refused_each_time(room: Newsroom) -> None:
    ready(room)

    class Unable(RecordingProvider):
        def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
            raise InvalidInput.at("resignation", "is too large", key="body")

    sender = room.test_sender()
    unable = replace(sender, provider=replace(sender.provider, provider=Unable()))
    for _ in range(2):
        with pytest.raises(InvalidInput, match="is too large"):
            unable.send("resignation", to=["chair@home.example"])
    assert len(sender.send("resignation", to=["chair@home.example"])) == 1
    assert room.provider.accepted == ["chair@home.example"]
