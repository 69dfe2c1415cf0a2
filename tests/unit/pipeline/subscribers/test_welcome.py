"""The welcome email: each person gets it once, as they join a list by themselves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.credentials.links import Owner
from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Counts
from newsletter.domain.campaigns.sentences import describe_state
from newsletter.domain.campaigns.state import Act, Shelf, State
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.errors import Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Consent, Entry
from newsletter.domain.subscribers.preferences import PreferenceChange
from newsletter.domain.subscribers.signup import SignUp
from newsletter.pipeline.campaigns.board import load_desktop, load_for_page
from newsletter.pipeline.subscribers.administer import SubscriberActs
from newsletter.pipeline.subscribers.choose import save
from newsletter.pipeline.subscribers.join import ShownConsent, SignUpRequest, ask, confirm
from newsletter.store.sql import Store
from newsletter.web.public.archive import published
from tests.fakes import PlainRenderer, RecordingProvider, accept_all, always
from tests.unit.pipeline.newsroom import Newsroom

ANA, SAM = "ana@example.org", "sam@forum.example"


@pytest.fixture
def press(room: Newsroom) -> Newsroom:
    """A newsroom whose list has a welcome email."""
    room.start(0, slug="welcome", welcome=True)
    return room


def joins(room: Newsroom, *lists: str, closed: tuple[str, ...] = ()) -> int:
    """Sign up and confirm."""
    wish = SignUp(address=ANA, name="Ana", lists=lists or ("press",))
    with room.store.begin() as tx:
        tx.db.change("DELETE FROM transactional_email")  # no limit on asking again
    shown = ShownConsent(words="May we?", language="en", wording="")
    request = SignUpRequest(wish=wish, consent=shown, source="page", network="8.8.8.0/24")
    ask([request], store=room.store)
    with room.store.read() as tx:
        [number] = tx.db.column("SELECT MAX(id) FROM transactional_email")
    confirm(f"l-{number}", known=wish.lists, closed=closed, store=room.store, links=room.links)
    return number_of(room)


def number_of(room: Newsroom) -> int:
    with room.store.read() as tx:
        person = tx.readers.find(ANA)
    return person.id


def imported(room: Newsroom, *lists: str) -> None:
    with room.store.begin() as tx:
        consent = Consent(source="file", at=tx.now)
        tx.readers.upsert([Entry(address=ANA, lists=lists or ("press",), consent=consent)], tx.now)


def leaves(room: Newsroom, number: int) -> None:
    with room.store.begin() as tx:
        tx.choices.leave(number, ["press"], tx.now)


def prefers(room: Newsroom, number: int, **wish: tuple[str, ...]) -> None:
    save(
        Owner(subscriber_id=number, signed_at=room.clock.now()),
        replace(PreferenceChange(), **wish),  # type: ignore[arg-type] # its lists
        shown={"press": "press", "sport": "sport"},
        language="en",
        closed=(),
        store=room.store,
    )


def welcomed(room: Newsroom) -> list[str]:
    """Send what waits; return the addresses that ever got it."""
    room.drain()
    return [one.address for batch in room.provider.batches for one in batch.recipients]


def status(room: Newsroom) -> StatementStatus:
    with room.store.read() as tx:
        return load_for_page(tx, "welcome", room.rules)


def test_a_person_who_confirms_gets_the_approved_text_and_the_campaign_goes_on(
    press: Newsroom,
) -> None:
    press.subscribe(3)
    assert welcomed(press) == []
    joins(press)
    press.write("welcome", welcome=True, body="Another text, approved by nobody.")
    press.renderer = PlainRenderer("plain-2")
    press.look()
    assert welcomed(press) == [ANA]
    [batch] = press.provider.batches
    assert batch.content_hash == press.campaign("welcome").content_hash
    assert batch.content.content_hash() == batch.content_hash
    assert press.campaign("welcome").state is CampaignState.SENDING
    found = status(press)
    assert (found.state, found.shelf) == (State.IN_USE, Shelf.SENDING)
    assert (
        describe_state(found)
        == "Each person who joins its lists gets it once. It went to 1 person."
    )
    assert set(found.acts) == {Act.REPORT, Act.PAUSE, Act.CANCEL}


def test_nobody_gets_it_twice_or_without_joining_by_themselves(press: Newsroom) -> None:
    number = joins(press)
    leaves(press, number)
    joins(press)
    imported(press)
    prefers(press, number, leaves=("press",))
    prefers(press, number, joins=("press",))
    leaves(press, number)
    joins(press, closed=("press",))
    SubscriberActs(store=press.store, actor=SAM).decide_request(number, "press", admits=True)
    assert welcomed(press) == [ANA]


@pytest.mark.parametrize("before", [imported, lambda room: leaves(room, joins(room))])
def test_a_person_who_was_on_the_list_before_gets_none(
    room: Newsroom, before: Callable[[Newsroom], None]
) -> None:
    before(room)
    room.start(0, slug="welcome", welcome=True)
    joins(room)
    assert welcomed(room) == []


def test_a_person_who_left_or_was_suppressed_before_the_sending_gets_none(press: Newsroom) -> None:
    leaves(press, joins(press))
    assert welcomed(press) == []
    assert press.campaign("welcome").counts.suppressed == 1


def test_the_preferences_and_the_admission_to_a_closed_list_welcome_too(room: Newsroom) -> None:
    room.subscribe(1, "press", "sport")
    room.start(0, slug="welcome", welcome=True, lists=("press", "sport"))
    imported(room, "other")
    prefers(room, number_of(room), joins=("press",))
    assert welcomed(room) == [ANA]
    joins(room, "sport", closed=("sport",))
    SubscriberActs(store=room.store, actor=SAM).decide_request(
        number_of(room), "sport", admits=True
    )
    assert welcomed(room) == [ANA]  # of one campaign nobody gets two


def test_an_admission_is_the_moment_of_joining_a_closed_list(press: Newsroom) -> None:
    number = joins(press, closed=("press",))
    assert welcomed(press) == []
    SubscriberActs(store=press.store, actor=SAM).decide_request(number, "press", admits=True)
    assert welcomed(press) == [ANA]


def test_while_it_is_paused_people_wait_and_once_it_is_cancelled_nobody_gets_it(
    press: Newsroom,
) -> None:
    press.hand().pause("welcome")
    number = joins(press)
    assert welcomed(press) == []
    press.hand().resume("welcome")
    assert welcomed(press) == [ANA]
    press.hand().cancel("welcome")
    assert set(status(press).acts) == {Act.REPORT}
    with press.store.begin() as tx:
        tx.readers.erase(ANA, tx.now)
        tx.readers.lift(ANA, by_staff=True)
    assert joins(press) != number
    assert welcomed(press) == [ANA]


def test_a_new_welcome_email_takes_the_place_and_the_waiting_readers_of_the_old_one(
    press: Newsroom,
) -> None:
    press.subscribe(1, "sport")
    press.hand().pause("welcome")
    joins(press)
    new = press.start(0, slug="hello", welcome=True, lists=("press", "sport"), title="Hello")
    assert welcomed(press) == [ANA]
    assert press.provider.batches[0].content_hash == new.content_hash
    old = press.campaign("welcome")
    assert (old.state, old.reason) == (CampaignState.CANCELLED, "replaced by hello")
    press.look()
    assert press.campaign("welcome").id == old.id  # its approval is spent


def test_readers_of_two_welcome_emails_whom_an_outage_keeps_waiting_get_the_new_one(
    room: Newsroom,
) -> None:
    room.subscribe(1)
    room.subscribe(1, "sport")
    room.start(0, slug="welcome", welcome=True)
    room.start(0, slug="play", welcome=True, lists=("sport",), title="Play")
    joins(room, "press", "sport")
    room.dispatch(always(Verdict.RETRY))
    room.provider.answer = accept_all
    room.provider.batches.clear()
    room.start(0, slug="hello", welcome=True, lists=("press", "sport"), title="Hello")
    assert welcomed(room) == [ANA]
    [batch] = room.provider.batches
    assert batch.content_hash == room.campaign("hello").content_hash
    assert {one.counts.pending for one in room.campaigns()} == {0}
    with pytest.raises(Refused, match="hello replaced it"):
        room.hand().reopen("welcome")


def test_a_reader_whose_email_is_under_way_while_another_replaces_it_gets_one_of_them(
    room: Newsroom,
) -> None:
    room.subscribe(1)
    room.start(0, slug="welcome", welcome=True)
    joins(room)
    room.write_and_look("hello", welcome=True, title="Hello")
    room.approve(slug="hello")
    room.plan()
    room.clock.advance(minutes=5)

    def replace_it(batch: OutgoingBatch) -> Answer:
        assert room.start_due() == (), "it waits for the call"
        return always(Verdict.RETRY)(batch)

    room.dispatch(replace_it)
    room.provider.answer = accept_all
    room.provider.batches.clear()
    assert len(room.start_due(minutes=1)) == 1
    assert welcomed(room) == [ANA]
    [batch] = room.provider.batches
    assert batch.content_hash == room.campaign("hello").content_hash


@pytest.mark.parametrize("ended_by_person", [False, True])
def test_a_reader_whom_a_replaced_email_provably_did_not_reach_gets_the_new_one(
    press: Newsroom, ended_by_person: bool
) -> None:
    press.provider = RecordingProvider(records_delay=timedelta(minutes=10))
    press.subscribe(1, "sport")
    joins(press)
    press.dispatch(always(Verdict.UNKNOWN))
    press.provider.answer = accept_all
    press.provider.batches.clear()
    if ended_by_person:
        press.hand().cancel("welcome")
    press.start(0, slug="hello", welcome=True, lists=("press", "sport"), title="Hello")
    assert welcomed(press) == [], "the old one may have arrived"
    for _ in range(9):
        press.find_out(minutes=5)
    assert press.campaign("welcome").counts == Counts(cancelled=1)
    assert welcomed(press) == ([] if ended_by_person else [ANA])
    assert [one.campaign for one in press.provider.batches] == ["hello"] * (not ended_by_person)


def test_a_welcome_email_for_more_lists_goes_on_beside_a_new_one_for_some(room: Newsroom) -> None:
    room.subscribe(1)
    room.subscribe(1, "sport")
    room.start(0, slug="welcome", welcome=True, lists=("press", "sport"))
    room.start(0, slug="hello", welcome=True, title="Hello")
    assert room.campaign("welcome").state is CampaignState.SENDING


def test_a_translation_of_a_welcome_email_does_not_go_to_the_list(press: Newsroom) -> None:
    press.subscribe(3)
    press.write_and_approve("willkommen", translation_of="welcome", language="de")
    [held] = press.plan().held
    assert "a welcome email; write one in its language" in held.reason


def test_the_archive_and_home_do_not_show_it(press: Newsroom, store: Store) -> None:
    joins(press)
    welcomed(press)
    assert published.list_newest(store, 9) == []
    with store.read() as tx:
        assert published.find_published(tx, ["welcome"]) == {}
        home = load_desktop(tx, SAM, tx.staff.roles()[SAM], press.rules)
        assert tx.campaigns.count_published()[0] == 0
        assert (
            tx.search.find_headings({"welcome": tx.campaigns.get_without_counts(1).content_hash})
            == {}
        )
        assert tx.campaigns.list_begun(press.clock.now().replace(year=2000)) == []
        assert (home.ongoing, tx.campaigns.find_sending_ids()) == ((), [])


def test_an_unknown_outcome_leaves_it_in_use(press: Newsroom) -> None:
    joins(press)
    press.provider.answer = always(Verdict.UNKNOWN)
    press.drain()
    found: Campaign = press.campaign("welcome")
    assert (found.state, found.counts.unknown) == (CampaignState.SENDING, 1)
    with press.store.read() as tx:
        [waits] = load_desktop(tx, SAM, Role.SENDER, press.rules).waiting
        assert load_desktop(tx, SAM, Role.APPROVER, press.rules).waiting == ()
    told = "For 1 person it is unknown whether the provider took the email."
    assert describe_state(waits).endswith(told)
    press.provider.answer = accept_all
