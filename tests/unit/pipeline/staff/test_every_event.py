"""Each event reaches the right people and no others: once, and only while its cause lasts."""

import json
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from newsletter.domain.archive import NoteKind
from newsletter.domain.campaigns.notices import EVENT_KINDS, Channel, NoticeKind
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Resolution, Verdict
from newsletter.domain.delivery.transactional import ChannelPost, NoticeSection
from newsletter.domain.staff.role import Role
from newsletter.pipeline.archive.annotate import annotate
from newsletter.pipeline.staff.notify import PostSender, compose_post, notify
from newsletter.pipeline.statements.approve import revoke, send_back
from newsletter.rendering.mail.words import desk_language
from newsletter.rendering.notices import slack_message, teams_card, webhook_event
from newsletter.store.staff.notices import Mark
from tests.fakes import NOON, accept_all, always
from tests.marks import marked, strings_in, unmarked
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom
from tests.unit.pipeline.staff.test_notify import (
    ADA,
    ED,
    FLO,
    SAM,
    Desk,
    approved,
    failing,
    imported,
    sending,
)

ROOM = Channel(name="room", kinds=frozenset(NoticeKind) - {NoticeKind.MENTIONED})
DESK = "https://news.forum.example/desk"
HOUR = timedelta(hours=1)
Act = Callable[[Desk], object]


@dataclass(frozen=True)
class Case:
    """An event that happens after ``before``, and the people who get it."""

    kind: NoticeKind
    before: Act
    happens: Act
    told: str
    ends: Act | None
    """The act after which it gets no mail; None if it stays a fact."""
    _: KW_ONLY
    leads: str = "/statements/resignation"
    says: str = ""


def passes(span: timedelta) -> Act:
    return lambda desk: desk.room.clock.advance(seconds=span.total_seconds())


def unseen(desk: Desk) -> None:
    """No mail about the text was sent."""


def waits(desk: Desk) -> None:
    desk.mails()


def embargoed(desk: Desk) -> None:
    desk.room.write(embargo_until=datetime(2026, 11, 24, 8, 0))  # noqa: DTZ001 - a wall time
    desk.mails()


def due(desk: Desk) -> None:
    desk.mails()
    desk.room.schedule("resignation", NOON + HOUR)
    desk.mails()


def due_and_approved(desk: Desk) -> None:
    approved(desk)
    desk.room.schedule("resignation", NOON + HOUR)
    desk.mails()


def planned(desk: Desk) -> None:
    approved(desk)
    desk.start(at=NOON + 4 * HOUR)
    desk.mails()


def started_just_now(desk: Desk) -> None:
    """Sam has started it, and no mail has said so."""
    approved(desk)
    desk.mails()
    desk.start(at=NOON + 4 * HOUR)


def sent(desk: Desk) -> None:
    sending(desk)
    desk.room.drain()
    desk.mails()


def paused_by_its_number_of_readers(desk: Desk) -> None:
    planned(desk)
    desk.room.subscribe(30)
    desk.mails(after=4 * HOUR)
    desk.start(at_once=True)
    desk.room.subscribe(300)
    desk.mails()


def loses_an_approver(desk: Desk) -> None:
    desk.room.hire(ED, Role.VIEWER)


def is_sent_back(desk: Desk) -> None:
    send_back(
        "resignation",
        by=ED,
        expect=desk.room.content_hash(),
        reason="Say when.",
        store=desk.room.store,
        rules=desk.room.rules,
    )


def is_taken_back(desk: Desk) -> None:
    revoke("resignation", by=ED, store=desk.room.store, rules=desk.room.rules)


def ends_unknown(desk: Desk) -> None:
    desk.room.provider.answer = always(Verdict.UNKNOWN)
    desk.room.drain()
    desk.room.provider.answer = accept_all


def ends_rejected(desk: Desk) -> None:
    desk.room.provider.answer = always(Verdict.REJECTED)
    desk.room.drain()
    desk.room.provider.answer = accept_all


def is_cancelled_during_its_last_call(desk: Desk) -> None:
    def answer(_batch: OutgoingBatch) -> Answer:
        desk.room.hand(SAM).cancel("1")
        desk.tick()
        return Answer(outcome=Outcome(verdict=Verdict.UNKNOWN, reason="lost"))

    desk.room.provider.answer = answer
    desk.room.drain()
    desk.room.provider.answer = accept_all
    passes(timedelta(minutes=5))(desk)


def changes_its_page(desk: Desk) -> None:
    annotate("resignation", NoteKind.NOTE, "On Monday.", by=SAM, store=desk.room.store)


def brings_people_in(desk: Desk) -> None:
    imported(desk, SAM)


def undoes_the_import(desk: Desk) -> None:
    with desk.room.store.begin() as tx:
        [record] = tx.imports.list_newest(1)
        tx.imports.undo(record, tx.now, ADA)


def passes_again(desk: Desk) -> None:
    with desk.room.store.begin() as tx:
        tx.failing_checks.store_failing({}, tx.now)


def is_gone(desk: Desk) -> None:
    desk.room.remove()


def has_other_words(desk: Desk) -> None:
    desk.room.write(body="The Forum resigned on Monday.")


def approves(by: str) -> Act:
    return lambda desk: desk.room.approve(by)


def says(words: str) -> Act:
    return lambda desk: desk.say(words, FLO)


def nothing_on_hand(desk: Desk) -> None:
    desk.room.schedule("resignation", None)


def undoes(by: str) -> Act:
    return lambda desk: desk.room.starter().undo("resignation", by=by)


def starts_again(desk: Desk) -> None:
    desk.start(at=NOON + 5 * HOUR)


def decides(desk: Desk) -> None:
    desk.room.hand().resolve("1", Resolution.ACCEPTED)


CASES = {
    "submitted": Case(NoticeKind.SUBMITTED, unseen, unseen, "ed flo sam ada", approves(ED)),
    "an approval is taken back": Case(
        NoticeKind.SUBMITTED, approved, is_taken_back, "flo sam ada", approves(FLO)
    ),
    "an approver has left": Case(
        NoticeKind.SUBMITTED, planned, loses_an_approver, "flo sam ada", approves(FLO)
    ),
    "sent back": Case(NoticeKind.SENT_BACK, waits, is_sent_back, "writer", has_other_words),
    "approved": Case(NoticeKind.APPROVED, waits, approves(ED), "writer sam ada", is_taken_back),
    "approved once more": Case(
        NoticeKind.APPROVED,
        waits,
        lambda desk: [approves(SAM)(desk), desk.tick(), approves(FLO)(desk)],
        "writer ada",
        has_other_words,
    ),
    "comment": Case(
        NoticeKind.COMMENTED,
        waits,
        says("Which Monday?"),
        "writer",
        is_gone,
        leads="/statements/resignation#comments",
    ),
    "mention": Case(
        NoticeKind.MENTIONED,
        waits,
        says("@vic, which Monday?"),
        "vic",
        is_gone,
        leads="/statements/resignation#comments",
    ),
    "scheduled": Case(NoticeKind.SCHEDULED, approved, starts_again, "writer ed", undoes(ADA)),
    "scheduled, and approved once more": Case(
        NoticeKind.SCHEDULED,
        approved,
        lambda desk: [starts_again(desk), desk.tick(), approves(FLO)(desk)],
        "writer ed",
        undoes(ADA),
    ),
    "starts in an hour": Case(
        NoticeKind.STARTS_SOON,
        planned,
        passes(3 * HOUR),
        "writer ed sam",
        lambda desk: desk.room.schedule("resignation", NOON + 6 * HOUR),
        says="Goes out on Tue 24 Nov 2026, 11:00 New York",
    ),
    "due and not started": Case(
        NoticeKind.OVERDUE,
        due_and_approved,
        passes(HOUR),
        "writer sam ada",
        lambda desk: desk.start(at_once=True),
    ),
    "due and not approved": Case(
        NoticeKind.OVERDUE, due, passes(HOUR), "writer ed flo sam ada", nothing_on_hand
    ),
    "embargo over": Case(
        NoticeKind.EMBARGO_OVER, embargoed, passes(HOUR), "writer ed flo sam ada", has_other_words
    ),
    "started": Case(
        NoticeKind.STARTED,
        lambda desk: [approved(desk), desk.start(), desk.mails()],
        passes(timedelta(minutes=5)),
        "writer ed sam",
        lambda desk: desk.room.drain(),
    ),
    "finished": Case(
        NoticeKind.FINISHED,
        sending,
        ends_rejected,
        "writer ed sam",
        lambda desk: desk.room.hand().reopen("1"),
    ),
    "page changed": Case(
        NoticeKind.PAGE_CHANGED,
        sent,
        changes_its_page,
        "writer ed",
        None,
        says="Sam wrote on its page: On Monday.",
    ),
    "undone": Case(
        NoticeKind.TAKEN_BACK,
        planned,
        undoes(ADA),
        "writer ed sam",
        starts_again,
        says="Ada undid the start.",
    ),
    "undone before it was told": Case(
        NoticeKind.TAKEN_BACK, started_just_now, undoes(ADA), "sam", starts_again
    ),
    "cancelled": Case(
        NoticeKind.TAKEN_BACK,
        sending,
        lambda desk: desk.room.hand(SAM).cancel("1"),
        "writer ed",
        lambda desk: desk.room.hand().reopen("1"),
        says="Canceled by Sam, before anybody got it.",
    ),
    "paused by a person": Case(
        NoticeKind.PAUSED,
        sending,
        lambda desk: desk.room.hand(SAM).pause("1"),
        "writer ed ada",
        lambda desk: desk.room.hand().resume("1"),
    ),
    "paused a second time by its number of readers": Case(
        NoticeKind.PAUSED,
        paused_by_its_number_of_readers,
        passes(timedelta(minutes=5)),
        "writer ed sam ada",
        lambda desk: desk.start(at_once=True),
    ),
    "unknown": Case(NoticeKind.DECISION, sending, ends_unknown, "ada", decides),
    "unknown after a cancellation": Case(
        NoticeKind.DECISION, sending, is_cancelled_during_its_last_call, "ada", decides
    ),
    "imported": Case(
        NoticeKind.IMPORTED,
        waits,
        brings_people_in,
        "sam ada",
        undoes_the_import,
        leads="/readers/import",
    ),
    "health": Case(
        NoticeKind.HEALTH,
        waits,
        lambda desk: failing(desk, dns="no SPF record"),
        "ada",
        passes_again,
        leads="/channels",
        says="dns: no SPF record",
    ),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def desk(room: Newsroom, case: Case) -> Desk:
    """A desk where the event is about to happen, and all may get an email at once."""
    desk = Desk(room=room, channels=(ROOM,))
    room.subscribe(3)
    room.write()
    case.before(desk)
    posted(desk)
    room.clock.advance(minutes=1)
    return desk


def told(desk: Desk, kind: NoticeKind, **how: Any) -> set[str]:
    """Return the people whose next mail tells of such an event."""
    return {who for who, labels in desk.whom(**how).items() if kind.value in labels}


def posted(desk: Desk) -> list[tuple[NoticeSection, ...]]:
    """Return the messages that the channel gets now."""
    found: list[tuple[NoticeSection, ...]] = []

    def call(_post: ChannelPost, news: tuple[NoticeSection, ...]) -> Answer:
        found.append(news)
        return Answer(outcome=Outcome(verdict=Verdict.ACCEPTED))

    sender = PostSender(
        store=desk.room.store,
        channels={ROOM.name: ROOM},
        compose=partial(compose_post, rules=desk.room.rules, desk=DESK),
        call=call,
        jitter=lambda: 0.0,
    )
    while sender.post() is not None:
        pass
    return found


def notify_twice_at_once(desk: Desk) -> None:
    """Let another process notify between the two halves of ours."""
    store, rules = desk.room.store, desk.room.rules
    desk.look()
    other: Any = Meanwhile(store, lambda: notify(store=store, rules=rules, channels=[ROOM]))
    notify(store=other, rules=rules, channels=[ROOM])


def test_every_event_is_among_the_cases() -> None:
    assert {case.kind for case in CASES.values()} == {*EVENT_KINDS}


def test_it_is_told_once_to_the_right_people_and_channels(desk: Desk, case: Case) -> None:
    case.happens(desk)
    notify_twice_at_once(desk)
    assert told(desk, case.kind, after=timedelta()) == {*case.told.split()}
    heard = NoticeKind.COMMENTED if case.kind is NoticeKind.MENTIONED else case.kind
    event = heard.name.lower()
    [news] = [news for news in posted(desk) if any(event in one.events for one in news)]
    section = next(one for one in news if event in one.events)
    label = section.label
    assert heard.value in label
    assert section.url == f"{DESK}{case.leads}"
    assert case.says in " ".join(section.lines)
    english = desk_language("en")
    for format_post in (slack_message, teams_card):
        assert label in format_post(news, english).decode()
        told_in_marks = strings_in(json.loads(format_post(news, marked())))
        assert [word for text in told_in_marks for word in unmarked(text)] == []
    hook = json.loads(webhook_event(news, organisation="Forum", at=NOON))
    assert event in [name for one in hook["data"]["notices"] for name in one["events"]]
    # another process without our mark, a minute later
    with desk.room.store.begin() as tx:
        tx.notices.store_mark(Mark())
    desk.room.forget_looks()
    assert told(desk, case.kind) == set()
    assert not [one for news in posted(desk) for one in news if event in one.events]


def test_it_is_told_to_nobody_after_its_cause_is_gone(desk: Desk, case: Case) -> None:
    if case.ends is None:
        return
    case.happens(desk)
    desk.tick()
    with desk.room.store.read() as tx:
        assert tx.emails.count_waiting()[0]
    case.ends(desk)
    assert told(desk, case.kind, after=timedelta()) == set()
    assert not [
        one for news in posted(desk) for one in news if case.kind.name.lower() in one.events
    ]


def test_it_is_told_to_nobody_who_wants_it_not_or_was_removed(desk: Desk, case: Case) -> None:
    case.happens(desk)
    desk.tick()
    for number, name in enumerate(sorted(case.told.split())):
        address = f"{name}@forum.example"
        if number % 2:
            with desk.room.store.begin() as tx:
                tx.staff.remove(address)
                tx.accounts.remove(address)
        else:
            desk.mute(address, case.kind)
    assert told(desk, case.kind, after=timedelta()) == set()
