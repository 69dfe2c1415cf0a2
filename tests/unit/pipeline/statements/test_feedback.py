"""A statement sent back stays returned until its text changes; and comments on one."""

from dataclasses import replace
from typing import Any

import pytest

from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.statements.comment import ChangeRequest
from newsletter.domain.statements.statement import Progress
from newsletter.pipeline.ledger import ContentChanged
from newsletter.pipeline.statements.approve import comment, send_back
from newsletter.pipeline.status import load_status
from tests.unit.pipeline.newsroom import Newsroom

ED = "ed@forum.example"


@pytest.fixture
def room(room: Newsroom) -> Newsroom:
    room.subscribe(3)
    room.write_and_look()
    return room


def back(room: Newsroom, reason: str = "The hours are wrong.", by: str = ED, **seen: Any) -> None:
    send_back(
        "resignation",
        by=by,
        expect=seen.get("expect", room.content_hash()),
        reason=reason,
        store=room.store,
        rules=room.rules,
    )


def returned(room: Newsroom) -> ChangeRequest | None:
    with room.store.read() as tx:
        stored = tx.statements.get("resignation")
        assert stored is not None
        return load_status(tx, stored, room.rules).change_request


def test_it_is_sent_back_with_what_should_change(room: Newsroom) -> None:
    back(room, "  The hours\t are wrong.\n\nSee Monday. ")
    found = returned(room)
    assert (found.by, found.reason) == (ED, "The hours are wrong.\n\nSee Monday.")
    assert room.deeds()[-1] == (ED, "send back")


def test_a_change_of_its_text_is_an_answer(room: Newsroom) -> None:
    back(room)
    room.write_and_look(body="Open at nine.")
    assert returned(room) is None


def test_another_look_of_the_same_text_is_no_answer(room: Newsroom) -> None:
    before = room.content_hash()
    back(room)
    found = returned(room)
    with room.store.begin() as tx:  # as after a change of a template or a setting
        stored = tx.statements.get("resignation")
        assert stored is not None
        tx.statements.put(replace(stored, content_hash="another look"), tx.now)
    assert room.content_hash() != before
    assert returned(room) == found is not None


def test_an_approval_of_another_is_an_answer(room: Newsroom) -> None:
    back(room)
    room.approve("flo@forum.example")
    assert returned(room) is None


def test_who_sends_it_back_approves_it_no_more(room: Newsroom) -> None:
    room.demand(required=3)
    room.approve()
    room.approve("flo@forum.example")
    back(room)
    with room.store.read() as tx:
        assert [one.revoked_at for one in tx.approvals.list_for("resignation")] == [
            room.clock.now(),
            None,
        ]


def test_it_is_sent_back_once(room: Newsroom) -> None:
    back(room)
    with pytest.raises(Refused, match=r"was sent back by ed@forum\.example already"):
        back(room, by="flo@forum.example")


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 2001, "a\x00b"])
def test_without_words_that_can_be_read_nothing_is_sent_back(room: Newsroom, reason: str) -> None:
    with pytest.raises(Refused, match=r"should change|requested change"):
        back(room, reason)
    assert returned(room) is None


def test_another_text_than_was_seen_is_not_sent_back(room: Newsroom) -> None:
    seen = room.content_hash()
    room.write_and_look(body="Open at nine.")
    with pytest.raises(ContentChanged):
        back(room, expect=seen)


def test_whoever_may_not_approve_sends_nothing_back(room: Newsroom) -> None:
    with pytest.raises(Refused, match="takes the role approver"):
        back(room, by="vic@forum.example")


def test_a_draft_is_not_sent_back(room: Newsroom) -> None:
    room.write_and_look(progress=Progress.DRAFT)
    with pytest.raises(Refused, match="is a draft"):
        back(room)


def test_what_is_approved_is_taken_back_first(room: Newsroom) -> None:
    room.approve()
    with pytest.raises(Refused, match="is approved; take that back first"):
        back(room)


def test_what_has_gone_out_is_not_sent_back(room: Newsroom) -> None:
    room.approve()
    room.plan()
    room.start_due(minutes=6)
    with pytest.raises(Refused, match="has already gone out"):
        back(room)


def test_what_is_not_there_is_not_sent_back(room: Newsroom) -> None:
    room.remove()
    room.look()
    with pytest.raises(NotFound):
        back(room)


def test_a_comment_is_about_the_text_that_there_was(room: Newsroom) -> None:
    made = comment("resignation", " Which Saturday? ", by=ED, store=room.store)
    assert (made.by, made.words) == (ED, "Which Saturday?")
    assert made.content_hash == room.content_hash()
    assert room.deeds()[-1] == (ED, "comment")


def test_nothing_is_said_in_no_words_or_about_nothing(room: Newsroom) -> None:
    with pytest.raises(InvalidInput):
        comment("resignation", " ", by=ED, store=room.store)
    with pytest.raises(NotFound, match="no statement 'nowhere'"):
        comment("nowhere", "Which?", by=ED, store=room.store)
