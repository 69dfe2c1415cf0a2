"""The choices of readers take effect."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.credentials.links import Owner
from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.audience import Subscriber, SuppressionReason
from newsletter.domain.subscribers.preferences import PREFERENCES_LINK_LIFETIME, PreferenceChange
from newsletter.pipeline.subscribers.choose import ask_for_link, resume, save, subscriber_of
from tests.unit.pipeline.newsroom import Newsroom

HOST = "203.0.113.7"


@pytest.fixture
def owner(room: Newsroom) -> Owner:
    room.subscribe(2)
    return Owner(subscriber_id=1, signed_at=room.clock.now())


def saved(room: Newsroom, owner: Owner, wish: PreferenceChange) -> Subscriber:
    shown = {name: f"Yes to {name}." for name in ("press", "events")}
    save(owner, wish, shown=shown, language="en", closed={"closed"}, store=room.store)
    return subscriber_of(owner, store=room.store)


def emails(room: Newsroom) -> list[tuple[str, str, int | None]]:
    found = []
    with room.store.read() as tx:
        for number in range(1, 10):
            email = tx.emails.get(number)
            if email is not None:
                found.append((email.kind.value, email.address, email.subscriber_id))
    return found


def test_a_pause_ends_by_itself_and_the_next_campaign_is_for_everybody_again(
    room: Newsroom,
) -> None:
    room.subscribe(2)
    with room.store.begin() as tx:
        tx.choices.set_details(1, paused_until=room.clock.now() + timedelta(days=7))
    assert resume(store=room.store) == 0
    room.clock.advance(days=7)
    assert resume(store=room.store) == 1
    assert resume(store=room.store) == 0
    room.start(0)
    assert room.counts().audience == 2


def test_a_link_opens_for_a_day_and_only_if_we_signed_it(room: Newsroom) -> None:
    word = room.links.preferences_token(7, room.clock.now())
    found = room.links.read_preferences(word)
    now = room.clock.now()
    assert found == Owner(subscriber_id=7, signed_at=now)
    assert not found.is_late(now + PREFERENCES_LINK_LIFETIME)
    assert found.is_late(now + PREFERENCES_LINK_LIFETIME + timedelta(minutes=1))
    assert found.is_late(now - timedelta(hours=2)), "signed in the future"
    with pytest.raises(NotFound, match="not one of ours"):
        room.links.read_preferences("x")


def test_only_what_a_wish_names_is_changed(room: Newsroom, owner: Owner) -> None:
    before = subscriber_of(owner, store=room.store)
    assert saved(room, owner, PreferenceChange()) == before
    until = room.clock.now() + timedelta(days=7)
    details = {"name": "Ana", "language": "es", "timezone": "Europe/Madrid", "paused_until": until}
    wish = PreferenceChange(
        joins=frozenset({"events"}), leaves=frozenset({"press"}), details=details
    )
    now = {"lists": ("events",), "left": ("press",), **details}
    assert saved(room, owner, wish) == replace(before, **now)  # type: ignore[arg-type]
    assert saved(room, owner, PreferenceChange(details={"name": ""})).name == ""
    assert saved(room, owner, PreferenceChange(details={"paused_until": None})).paused_until is None
    with room.store.read() as tx:
        assert [(one.list, one.given) for one in tx.consents.list_for(1)] == [
            ("events", True),
            ("press", False),
        ]


def test_joining_lifts_what_the_person_said_but_nothing_that_staff_entered(
    room: Newsroom, owner: Owner
) -> None:
    join = PreferenceChange(joins=frozenset({"events"}))
    room.suppress("reader1@example.org", SuppressionReason.COMPLAINED)
    saved(room, owner, PreferenceChange(details={"name": "Ana"}))
    assert subscriber_of(owner, store=room.store).suppressed is SuppressionReason.COMPLAINED
    saved(room, owner, join)
    assert subscriber_of(owner, store=room.store).suppressed is None
    room.suppress("reader1@example.org", SuppressionReason.BOUNCED)
    saved(room, owner, PreferenceChange(unsuppresses=True))
    assert subscriber_of(owner, store=room.store).suppressed is None
    saved(room, owner, PreferenceChange(leaves=frozenset({"events"})))
    room.suppress("reader1@example.org", SuppressionReason.MANUAL)
    saved(room, owner, join)
    assert subscriber_of(owner, store=room.store).suppressed is SuppressionReason.MANUAL


def test_a_letter_goes_to_the_persons_own_address_or_to_the_new_one(
    room: Newsroom, owner: Owner
) -> None:
    how = {"host": HOST, "language": "en", "store": room.store}
    for number in (owner.subscriber_id, 99):
        for new_address in ("", "new@example.org"):
            ask_for_link(number, new_address=new_address, **how)  # type: ignore[arg-type]
    assert emails(room) == [
        ("preferences", "reader1@example.org", 1),
        ("move", "new@example.org", 1),
    ]


def test_the_link_of_whoever_is_not_there_any_more_finds_nothing(room: Newsroom) -> None:
    nobody = Owner(subscriber_id=99, signed_at=room.clock.now())
    with pytest.raises(NotFound, match="no such reader"):
        subscriber_of(nobody, store=room.store)
    with pytest.raises(NotFound, match="no such reader"):
        saved(room, nobody, PreferenceChange(details={"name": "Eve"}))


def test_a_closed_list_is_asked_for_and_may_be_taken_back(room: Newsroom, owner: Owner) -> None:
    asked = saved(room, owner, PreferenceChange(joins=frozenset({"closed"})))
    assert (asked.lists, asked.requested) == (("press",), ("closed",))
    left = saved(room, owner, PreferenceChange(leaves=frozenset({"closed"})))
    assert (left.lists, left.requested, left.left) == (("press",), (), ("closed",))
