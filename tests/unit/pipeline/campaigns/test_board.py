"""The board and the first page: what there is, where it stands, and what waits for whom."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.domain.campaigns.campaign import CampaignState, Start, StartBy
from newsletter.domain.campaigns.digest import Issue
from newsletter.domain.campaigns.sentences import describe_further, describe_state
from newsletter.domain.campaigns.state import BoardSearch, Shelf, State
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import NewsletterError, NotFound
from newsletter.domain.schedule import LocalTime
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Progress, StoredStatement
from newsletter.pipeline.campaigns.board import (
    BoardPage,
    Desktop,
    load_board,
    load_calendar,
    load_desktop,
    load_for_page,
)
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.statements.approve import comment, send_back
from newsletter.store.sql import Store
from tests.conftest import FreshStores
from tests.contracts.books import add_campaign
from tests.contracts.store_drafts import DRAFT, FIRST
from tests.counting import counted
from tests.fakes import FixedClock
from tests.properties import examples
from tests.unit.pipeline.newsroom import Newsroom

ED, FLO, ADA = "ed@forum.example", "flo@forum.example", "ada@forum.example"


@pytest.fixture
def room(store: Store) -> Newsroom:
    return Newsroom(store)


def status(room: Newsroom, slug: str = "resignation") -> StatementStatus:
    with room.store.read() as tx:
        return load_for_page(tx, slug, room.rules)


def test_what_was_sent_stays_approved_and_started_as_it_was(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.subscribe(15)
    room.write_and_approve()
    room.starter().start(
        StartRequest(slug="resignation", by="sam@forum.example", seen="", shown=room.terms())
    )
    before = status(room)
    room.plan()
    assert room.start_due(minutes=5)
    room.write_and_look(lists=("press", "supporters"))
    for address in ("ed@forum.example", "sam@forum.example"):
        room.dismiss(address)
    sent = status(room)
    assert sent.stored.content_hash != sent.email_hash
    assert (sent.approval, sent.start) == (before.approval, before.start)
    room.dispatch()
    room.hand().cancel("resignation")
    assert status(room).approval.approved


def page(room: Newsroom, **asked: Any) -> BoardPage:
    with room.store.read() as tx:
        return load_board(tx, room.rules, **asked)


def home(room: Newsroom, address: str = ED, role: Role = Role.APPROVER) -> Desktop:
    with room.store.read() as tx:
        return load_desktop(tx, address, role, room.rules)


def slugs(found: tuple[StatementStatus, ...]) -> list[str]:
    return [one.slug for one in found]


def test_what_was_paused_before_its_start_is_not_being_sent(room: Newsroom) -> None:
    room.subscribe(3)
    room.write_and_look()
    room.approve()
    room.plan()
    room.hand().pause("resignation")
    assert home(room).ongoing == ()
    room.hand().resume("resignation")
    assert room.start_due(minutes=5)
    room.hand().pause("resignation")
    assert slugs(home(room).ongoing) == ["resignation"]


def test_a_statement_is_followed_from_draft_to_report(room: Newsroom) -> None:
    room.subscribe(25)
    room.write_and_look(progress=Progress.DRAFT)
    states = [status(room).state]
    room.write_and_look()
    states.append(status(room).state)
    room.approve()
    states.append(status(room).state)
    room.plan()
    states.append(status(room).state)
    room.start_due(minutes=5)
    states.append(status(room).state)
    room.drain()
    states.append(status(room).state)
    assert states == [
        State.DRAFT,
        State.REVIEW,
        State.LEAVING,
        State.LEAVING,
        State.SENDING,
        State.SENT,
    ]


def test_before_the_next_look_it_is_known_when_it_goes_out_and_to_how_many(room: Newsroom) -> None:
    room.subscribe(25)
    room.write(send_at=datetime(2026, 12, 1, 9, 0))  # noqa: DTZ001 - a wall time
    room.look()
    room.approve()
    found = status(room)
    assert describe_state(found) == "Goes out on Tue 1 Dec 2026, 09:00 New York to about 25 people."


def test_what_is_unknown_of_a_cancelled_campaign_waits_for_admins(lost: Newsroom) -> None:
    lost.hand().cancel("1")
    assert slugs(home(lost, ADA, Role.ADMIN).waiting) == ["resignation"]
    assert home(lost, "sam@forum.example", Role.SENDER).waiting == ()
    assert [one.id for one, *_ in home(lost).over] == [1]


def test_home_counts_subscriptions_and_their_growth(lost: Newsroom) -> None:
    lost.hand().cancel("1")
    with lost.store.begin() as tx:
        tx.choices.leave(1, ["press"], lost.clock.now(), 1)
    found = home(lost)
    assert (found.lists, found.growth, found.complaints) == (1, (9, 9, 1), None)


def test_nobody_is_counted_for_what_went_out_or_cannot_be_sent(room: Newsroom) -> None:
    room.start()
    assert status(room).readers is None
    room.write_and_look("faulty", body="unrenderable")
    assert status(room, "faulty").readers is None
    assert slugs(home(room, role=Role.SENDER).waiting) == ["faulty"]
    assert home(room, role=Role.APPROVER).waiting == ()


def test_an_unknown_name_is_not_found(room: Newsroom) -> None:
    with pytest.raises(NotFound, match="there is no statement 'nothing'"):
        status(room, "nothing")


def test_the_fault_of_a_text_stands_where_it_stands(room: Newsroom) -> None:
    room.write_and_look(body="unrenderable")
    with room.store.read() as tx:
        found = load_for_page(
            tx, "resignation", room.rules, lambda statement: f"{statement.origin}:3: no title"
        )
    assert "resignation.md:3: no title" in describe_state(found)


def test_an_embargo_is_noted_until_it_ends(room: Newsroom) -> None:
    room.write(embargo_until=datetime(2026, 12, 1, 9, 0))  # noqa: DTZ001 - a wall time
    room.look()
    assert "before Tue 1 Dec 2026, 09:00" in describe_further(status(room))[0]
    room.clock.advance(days=30)
    assert describe_further(status(room)) == ()


def test_the_calendar_has_no_translation_without_a_time_or_an_embargo(room: Newsroom) -> None:
    room.write(send_at=datetime(2026, 12, 1, 9, 0))  # noqa: DTZ001 - a wall time
    room.write_and_look("dimision", translation_of="resignation", language="es")
    now = room.clock.now()
    with room.store.read() as tx:
        entries = load_calendar(tx, room.rules, now, now + timedelta(days=60))
    assert [entry.path for entry in entries] == ["statements/resignation"]


def test_a_time_that_the_zone_lost_since_breaks_no_page(room: Newsroom) -> None:
    skipped = datetime(2027, 3, 14, 2, 30)  # noqa: DTZ001 - a wall time that New York skips
    room.write_and_look(send_at=skipped, embargo_until=skipped)
    room.approve(despite="a test")
    found = status(room)
    assert (found.release, found.embargo_until) == (None, None)
    room.write_and_look("local", local_time=LocalTime(at=time(9)), embargo_until=skipped)
    assert status(room, "local").first_and_last_at is None


def test_by_each_readers_clock_the_first_and_the_last_are_named(room: Newsroom) -> None:
    room.subscribe(3)
    room.write_and_look(local_time=LocalTime(at=time(18)))
    assert "the first Tue 24 Nov 2026, 18:00" in describe_further(status(room))[0]
    room.approve()
    assert "18:00" in describe_state(status(room))
    with room.store.begin() as tx:
        tx.db.change("DELETE FROM subscription")
    assert status(room).first_and_last_at is None


def test_a_correction_is_named_on_what_it_corrects(room: Newsroom) -> None:
    room.send()
    room.write_and_approve("again", title="Put right", corrects="resignation")
    room.plan()
    assert status(room).state is State.SENT
    room.start_due(minutes=5)
    found = status(room)
    assert found.state is State.CORRECTED
    assert describe_state(found).endswith("by “Put right”.")


def test_a_correction_takes_the_place_of_what_had_not_begun(room: Newsroom) -> None:
    room.subscribe(5)
    room.write_and_approve()
    room.plan()
    room.write_and_approve("again", title="Put right", corrects="resignation")
    room.plan()
    room.schedule("resignation", room.clock.now().replace(year=2030))
    room.plan()
    room.start_due(minutes=5)
    assert status(room).state is State.CORRECTED
    assert page(room).counts[Shelf.SENT] == 1
    with room.store.begin() as tx:
        tx.db.change("DELETE FROM statement WHERE slug = 'again'")
        tx.db.change("UPDATE campaign SET state = 'cancelled'")
    assert describe_state(status(room)).endswith("by “again”.")


def test_what_planning_refuses_is_held_back_with_the_reason(room: Newsroom) -> None:
    room.write("forum")
    room.write_and_approve(translation_of="forum", language="es")
    room.remove("forum")
    room.look()
    found = status(room)
    assert found.state is State.HELD_BACK
    assert "there is no statement of that name" in describe_state(found)


def test_languages_are_named_with_where_each_stands_and_who_waits(room: Newsroom) -> None:
    room.subscribe(3)
    with room.store.begin() as tx:
        tx.db.change("UPDATE subscriber SET language = 'es' WHERE id = 1")
    room.write()
    room.write_and_look("dimision", translation_of="resignation", language="es")
    [one] = status(room).translations
    assert (one.slug, one.language, one.state) == ("dimision", "es", State.REVIEW)
    room.approve()
    room.approve(slug="dimision")
    room.plan()
    room.schedule("dimision", room.clock.now().replace(year=2030))
    room.plan()
    room.start_due(minutes=5)
    assert status(room).awaited == ("1 reader waits for dimision (es), which is scheduled.",)


def test_a_translation_that_nobody_reads_waits_for_no_sender(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.subscribe(2)
    room.write_and_approve()
    room.write_and_approve("dimision", translation_of="resignation", language="es")
    assert slugs(home(room, "sam@forum.example", Role.SENDER).waiting) == ["resignation"]
    said = "Approved by Ed. No reader of its lists needs this translation."
    assert describe_state(status(room, "dimision")) == said


def test_a_translation_in_the_mail_of_its_original_stands_with_it(room: Newsroom) -> None:
    room.demand(shares_email=True)
    room.write()
    room.write_and_look("dimision", translation_of="resignation", language="es")
    assert status(room, "dimision").state is State.WITHIN
    assert page(room).counts[Shelf.WITHIN] == 1


def test_a_digest_email_says_how_much_it_gathers(room: Newsroom) -> None:
    made = room.write("weekly-2026-11-24", digest="weekly")
    day = room.clock.now().date()
    issue = Issue(name="weekly", day=day, upto=room.clock.now(), statement=made, parts=("a", "b"))
    with room.store.begin() as tx:
        tx.digests.put(issue, room.clock.now())
    room.look()
    assert describe_further(status(room, made.slug)) == (
        "It gathers 2 statements, and its text cannot be edited.",
    )


def test_a_text_of_the_desk_is_known_by_its_key_and_whether_it_is_ahead(room: Newsroom) -> None:
    room.write_and_look(desk=DRAFT.key)
    with room.store.begin() as tx:
        number = tx.drafts.add(DRAFT).version.number
        tx.drafts.submit(DRAFT.key, "resignation", number, by=ED, at=room.clock.now())
    assert status(room).statement.desk == DRAFT.key
    assert describe_further(status(room)) == ()
    with room.store.begin() as tx:
        head = tx.drafts.add_version(DRAFT.key, FIRST)
        tx.drafts.set_head(DRAFT.key, head, by=ED, at=room.clock.now())
    assert status(room).has_newer_draft


def fill(room: Newsroom, count: int) -> None:
    """So many statements: each fourth went out, waits, is approved or is a draft."""
    now = room.clock.now()
    with room.store.begin() as tx:
        for number in range(count):
            kind = number % 4
            slug = f"s{number:05}"
            progress = Progress.DRAFT if kind == 3 else Progress.REVIEW
            made = room.write(slug, progress=progress, title=f"Statement {number}")
            tx.statements.put(
                StoredStatement(statement=made, content_hash="d", fingerprint="f"), now
            )
            if kind == 0:
                campaign = add_campaign(tx, slug)
                for state in (CampaignState.SENDING, CampaignState.SENT):
                    tx.campaigns.change_state(campaign, state, expect=CampaignState, at=now)
        room.source.statements = []


ASKED: dict[str, Callable[[Newsroom], object]] = {
    "the board": page,
    "the last page": lambda room: page(room, page_number=2),
    "one shelf": lambda room: page(room, shelf=Shelf.REVIEW),
    "what went out": lambda room: page(room, shelf=Shelf.SENT),
    "a search": lambda room: page(room, search=BoardSearch(words="statement")),
    "home": home,
    "home of an admin": lambda room: home(room, ADA, Role.ADMIN),
}


@pytest.mark.slow("it writes eight hundred statements")
def test_what_a_page_asks_does_not_grow_with_all_that_ever_was(room: Newsroom) -> None:
    asked: dict[str, list[int]] = {name: [] for name in ASKED}
    for count in (240, 800):
        fill(room, count)
        for name, ask in ASKED.items():
            with counted() as statements:
                ask(room)
            asked[name].append(len(statements))
    assert {name: few for name, (few, many) in asked.items() if few != many} == {}
    assert max(few for few, _ in asked.values()) < 90, "no query a row"


def test_what_stopped_waits_for_a_sender_before_all_else(room: Newsroom) -> None:
    room.write("waits")
    room.start()
    room.hand().pause("resignation")
    assert slugs(home(room, ADA, Role.ADMIN).waiting) == ["resignation", "waits"]
    assert slugs(home(room).waiting) == ["waits"]


DEEDS: dict[str, Callable[[Newsroom], object]] = {
    "draft": lambda room: room.write(progress=Progress.DRAFT),
    "write": lambda room: room.write(),
    "change": lambda room: room.write(body="Another text."),
    "break": lambda room: room.write(body="unrenderable"),
    "remove": lambda room: room.remove(),
    "look": lambda room: room.look(),
    "approve": lambda room: room.approve(),
    "approve twice": lambda room: room.approve(FLO),
    "revoke": lambda room: _revoke(room),
    "wait": lambda room: room.clock.advance(minutes=6),
    "start": lambda room: room.start_due(),
    "hand over": lambda room: room.dispatcher().dispatch(),
    "pause": lambda room: room.hand().pause("resignation"),
    "resume": lambda room: room.hand().resume("resignation"),
    "cancel": lambda room: room.hand().cancel("resignation"),
    "correct": lambda room: room.write("again", corrects="resignation"),
    "approve the correction": lambda room: room.approve(slug="again"),
    "retire": lambda room: _put(room, Role.VIEWER),
    "appoint": lambda room: _put(room, Role.APPROVER),
    "retire who started": lambda room: _put(room, Role.APPROVER, ADA),
    "demand two": lambda room: room.demand(required=2),
    "trust": lambda room: room.demand(author_may_approve=True),
    "own": lambda room: room.approve("writer@forum.example"),
    "own, spelt otherwise": lambda room: room.approve("writer+2@forum.example"),
    "stand in": lambda room: room.approve(ADA, override=True),
    "stand in too": lambda room: room.approve("adi@forum.example", override=True),
    "send back": lambda room: _send_back(room),
    "hand in again": lambda room: _hand_in(room),
    "let it go": lambda room: _let_go(room),
    "undo": lambda room: room.starter().undo("resignation", by=ADA),
}


def _revoke(room: Newsroom) -> None:
    with room.store.begin() as tx:
        tx.approvals.revoke("resignation", room.clock.now(), actor=ED)


def _send_back(room: Newsroom) -> None:
    room.clock.advance(seconds=1)  # of two at one moment, which was the last?
    content_hash = room.content_hash()
    send_back(
        "resignation",
        by=FLO,
        expect=content_hash,
        reason="Which Saturday?",
        store=room.store,
        rules=room.rules,
    )


def _hand_in(room: Newsroom) -> None:
    with room.store.begin() as tx:
        tx.change_requests.close("resignation", room.clock.now())


def _let_go(room: Newsroom) -> None:
    with room.store.begin() as tx:
        now = room.clock.now()
        tx.starts.add(
            Start(slug="resignation", content_hash=room.content_hash(), by=ADA, at=now, count=15)
        )


def _put(room: Newsroom, role: Role, who: str = ED) -> None:
    room.hire(who, role)


@pytest.mark.slow("it tries out many histories")
@examples(8)
@given(history=st.lists(st.sampled_from(sorted(DEEDS)), max_size=20))
def test_a_statement_is_listed_where_its_page_says_that_it_stands(
    fresh_store: FreshStores, history: list[str]
) -> None:
    clock = FixedClock()
    room = Newsroom(fresh_store(clock))
    with room.store.begin() as tx:
        tx.staff.put("adi@forum.example", Role.ADMIN, room.clock.now())
        tx.staff.put("writer+2@forum.example", Role.APPROVER, room.clock.now())
    room.subscribe(15)
    room.write_and_look()
    for deed in history:
        with suppress(NewsletterError):  # what is refused changes nothing
            DEEDS[deed](room)
        for start in StartBy:
            _agree(room, start)


def _agree(room: Newsroom, start: StartBy) -> None:
    asked = replace(room.rules, start=start)
    with room.store.read() as tx:
        for one in load_board(tx, asked).rows:
            listed = tx.board.list_slugs(asked, one.shelf, limit=9)
            assert one.slug in listed, (one.state, describe_state(one))


def test_home_shows_the_last_comments_that_name_a_person(room: Newsroom) -> None:
    room.write_and_look()
    for by, words in ((FLO, "@ed, is this right?"), (ED, "@flo, yes, says @ed."), (FLO, "Good.")):
        comment("resignation", words, by=by, store=room.store)
    [(named, title)] = home(room).named_in
    assert (named.by, named.words, title) == (
        FLO,
        "@ed, is this right?",
        "Forum resigns from task force",
    )
    room.clock.advance(days=14)
    assert home(room).named_in == ()
