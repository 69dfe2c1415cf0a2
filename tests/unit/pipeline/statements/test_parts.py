"""An email of several texts: whose words are in it, and what one of them keeps back."""

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.sentences import describe_further
from newsletter.domain.campaigns.state import Shelf
from newsletter.domain.errors import Refused
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import Progress
from newsletter.pipeline.campaigns.board import load_for_page
from newsletter.store.sql import Store
from tests.unit.pipeline.campaigns.digests import FIRST, Desk
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom
from tests.unit.pipeline.statements.languages import FORUM, SPANISH, agree, begin, compose

ED, FLO = "ed@forum.example", "flo@forum.example"


@pytest.fixture
def both(room: Newsroom) -> Newsroom:
    """One email in two languages: Flo wrote the Spanish one."""
    room.subscribe(3)
    room.demand(shares_email=True)
    compose(room, FORUM)
    compose(room, SPANISH, author="Flo+es@Forum.example")
    return room


def content(room: Newsroom, slug: str) -> Content:
    with room.store.read() as tx:
        found = tx.statements.get_content(room.content_hash(slug))
    assert found is not None
    return found


def shelf(room: Newsroom, slug: str) -> Shelf:
    """By SQL, as the board lists it; the page says the same."""
    with room.store.read() as tx:
        [listed] = [
            shelf for shelf in Shelf if slug in tx.board.list_slugs(room.rules, shelf, limit=9)
        ]
        assert load_for_page(tx, slug, room.rules).shelf is listed
    return listed


def test_none_of_those_who_wrote_in_any_language_of_it_approves_it(both: Newsroom) -> None:
    assert content(both, FORUM).writers == ("writer@forum.example", "Flo+es@Forum.example")
    for by in ("writer@forum.example", FLO, "FLO@forum.example"):
        with pytest.raises(Refused, match=f"{by.lower()} wrote in forum"):
            both.approve(by, FORUM)
    assert both.approve(ED, FORUM).approval.approved
    assert shelf(both, FORUM) is Shelf.SCHEDULED


def test_an_approval_of_a_translator_counts_no_more_once_their_words_are_in_it(
    room: Newsroom,
) -> None:
    room.demand(shares_email=True)
    compose(room, FORUM)
    assert room.approve(FLO, FORUM).approval.approved
    compose(room, SPANISH, author=FLO)
    with room.store.begin() as tx:
        stored = tx.statements.get(FORUM)
        assert stored is not None
        [given] = tx.approvals.list_for(FORUM)
        # as it would be had she approved the very email that holds her words
        tx.approvals.add(
            type(given)(**vars(given) | {"content_hash": stored.content_hash, "at": tx.now})
        )
    with room.store.read() as tx:
        situation = load_for_page(tx, FORUM, room.rules)
    assert not situation.approval.approved
    assert shelf(room, FORUM) is Shelf.REVIEW
    assert FLO not in situation.actors


def test_where_each_language_goes_by_itself_its_writers_are_its_own(room: Newsroom) -> None:
    room.subscribe(3)
    compose(room, FORUM)
    compose(room, SPANISH, author=FLO)
    assert room.approve(FLO, FORUM).approval.approved
    with pytest.raises(Refused, match="wrote in forum-es"):
        room.approve(FLO, SPANISH)


def test_a_change_of_who_wrote_in_it_is_another_content(room: Newsroom) -> None:
    room.write_and_look()
    before = room.content_hash()
    room.write_and_look(writers=(ED,))
    assert room.content_hash() != before


def test_a_draft_in_its_email_keeps_the_whole_from_being_approved(both: Newsroom) -> None:
    compose(both, SPANISH, progress=Progress.DRAFT)
    with pytest.raises(Refused, match="forum goes out with its translation, and forum-es is a dr"):
        both.approve(ED, FORUM)
    assert both.review(FORUM).blocking == ("draft-part",)
    assert shelf(both, FORUM) is Shelf.REVIEW
    compose(both, SPANISH)
    assert both.approve(ED, FORUM).approval.approved


def test_a_part_that_was_taken_back_keeps_back_what_was_planned(both: Newsroom) -> None:
    agree(both, FORUM)
    # at the desk one transaction takes a text back, before its email is rendered again
    with both.store.begin() as tx:
        part = tx.statements.get(SPANISH)
        draft = type(part.statement)(**vars(part.statement) | {"progress": Progress.DRAFT})
        tx.statements.put(type(part)(**vars(part) | {"statement": draft}), tx.now)
    assert shelf(both, FORUM) is Shelf.REVIEW
    assert begin(both) == []
    campaign = both.campaign(FORUM)
    assert campaign.state is CampaignState.CANCELLED
    assert "forum-es is a draft" in campaign.reason
    with both.store.read() as tx:
        [note] = describe_further(load_for_page(tx, FORUM, both.rules))
    assert note == (
        "It cannot be approved or sent: forum goes out with its translation, and forum-es is a"
        " draft."
    )


def test_a_withdrawn_plan_says_which_part_it_was(both: Newsroom) -> None:
    agree(both, FORUM)
    compose(both, SPANISH, progress=Progress.DRAFT, author="Flo+es@Forum.example")
    assert "forum-es is a draft" in both.campaign(FORUM).reason


def test_a_part_that_was_a_draft_for_a_while_needs_a_new_approval(both: Newsroom) -> None:
    agree(both, FORUM)
    for progress in (Progress.DRAFT, Progress.REVIEW):
        compose(both, SPANISH, progress=progress, author="Flo+es@Forum.example")
    assert begin(both) == []
    assert shelf(both, FORUM) is Shelf.REVIEW


def test_front_matter_approves_no_email_with_a_draft_in_it(room: Newsroom) -> None:
    room.demand(shares_email=True, trust_front_matter=True)
    compose(room, FORUM, progress=Progress.APPROVED, approved_by=(ED,))
    compose(room, SPANISH, progress=Progress.DRAFT)
    with room.store.read() as tx:
        assert [one for one in tx.approvals.list_for(FORUM) if not one.revoked_at] != []
        assert not load_for_page(tx, FORUM, room.rules).approval.approved


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(BalancedStore(store))


def publish(desk: Desk, **fields: object) -> None:
    desk.publish("one", "2026-11-25 10:00", by=ED, author=FLO, **fields)
    desk.publish("two", "2026-11-26 10:00", by=FLO)
    desk.tick("2026-11-27 16:00")


def test_none_of_those_who_wrote_what_a_digest_gathers_approves_it(desk: Desk) -> None:
    publish(desk)
    assert content(desk, FIRST).writers == (FLO, "writer@forum.example")
    with pytest.raises(Refused, match=r"flo@forum\.example wrote in weekly"):
        desk.approve(FLO, FIRST)
    assert desk.approve(ED, FIRST).approval.approved


def test_who_wrote_what_was_changed_since_it_went_out_still_wrote_it(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00", by=ED, author=FLO)
    desk.write("one", title="Another", author="sam@forum.example")
    desk.refresh()
    desk.tick("2026-11-27 16:00")
    assert content(desk, FIRST).writers == (FLO,)
