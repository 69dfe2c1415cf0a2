"""Approvals that a statement brings along in its front matter."""

import pytest

from newsletter.domain.statements.statement import Channel, Progress
from newsletter.pipeline.statements.approve import note_front_matter, send_back
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom
from tests.unit.pipeline.statements.test_approve import approvals, take_back


def test_names_in_the_front_matter_count_for_nothing_until_it_is_trusted(room: Newsroom) -> None:
    room.bring_along("ed@forum.example")
    room.look()
    assert approvals(room) == []
    room.demand(trust_front_matter=True)
    assert room.note() == ("resignation",)
    [yes] = approvals(room)
    assert (yes.by, yes.channel) == ("ed@forum.example", Channel.FRONT_MATTER)
    assert room.note() == ()
    assert len(approvals(room)) == 1


@pytest.fixture
def trusting(room: Newsroom) -> Newsroom:
    room.demand(trust_front_matter=True)
    return room


@pytest.mark.parametrize("progress", [Progress.DRAFT, Progress.REVIEW])
def test_names_count_only_in_a_statement_that_says_approved(
    trusting: Newsroom, progress: Progress
) -> None:
    trusting.write_and_look(progress=progress, approved_by=("ed@forum.example",))
    assert approvals(trusting) == []


def test_a_text_changed_under_the_same_names_waits(trusting: Newsroom) -> None:
    trusting.bring_along("ed@forum.example")
    assert trusting.look().scheduled
    trusting.bring_along("ed@forum.example", body="Something else.")
    [withdrawn] = trusting.look().withdrawn
    assert "its text changed after ed@forum.example approved it" in withdrawn.reason
    for _ in range(3):
        assert not trusting.look().scheduled
    assert len(approvals(trusting)) == 1


@pytest.mark.parametrize("names", [("flo@forum.example",), ("ed@forum.example",)])
def test_names_in_the_file_of_a_text_that_was_sent_back_wait_for_an_answer(
    trusting: Newsroom, names: tuple[str, ...]
) -> None:
    trusting.write_and_look()
    send_back(
        "resignation",
        by="ed@forum.example",
        expect=trusting.content_hash(),
        reason="The hours are wrong.",
        store=trusting.store,
        rules=trusting.rules,
    )
    for named in (names, (), names):
        trusting.bring_along(*named)
        assert not trusting.look().scheduled
    assert approvals(trusting) == []

    trusting.bring_along(*names, body="Open at nine.")
    assert trusting.look().scheduled


def test_a_file_that_is_renamed_after_it_went_out_does_not_go_out_again(
    trusting: Newsroom,
) -> None:
    trusting.subscribe(3)
    words = {"body": "The Forum has resigned."}
    trusting.bring_along("ed@forum.example", **words)
    trusting.look()
    assert trusting.start_due(minutes=5)
    trusting.remove()
    trusting.bring_along("ed@forum.example", slug="renamed", **words)
    assert not trusting.look().scheduled
    assert approvals(trusting, "renamed") == []
    trusting.bring_along("ed@forum.example", slug="renamed", despite="A reminder", **words)
    assert trusting.look().scheduled


def test_names_in_the_file_of_what_was_sent_approve_nothing(trusting: Newsroom) -> None:
    trusting.send(3)
    before = approvals(trusting)
    trusting.bring_along("flo@forum.example", body="This is for next week.")
    assert not trusting.look().scheduled
    assert approvals(trusting) == before


def test_going_back_to_the_text_that_was_approved_approves_it_again(trusting: Newsroom) -> None:
    trusting.bring_along("ed@forum.example")
    trusting.look()
    trusting.bring_along("ed@forum.example", body="Something else.")
    trusting.look()
    trusting.bring_along("ed@forum.example")
    assert trusting.look().scheduled


def test_a_name_that_was_taken_out_is_revoked(trusting: Newsroom) -> None:
    trusting.bring_along("ed@forum.example")
    trusting.look()
    trusting.bring_along()
    assert trusting.look().withdrawn
    assert all(yes.revoked_at is not None for yes in approvals(trusting))
    assert ("ed@forum.example", "revoke") in trusting.deeds()


def test_a_name_that_was_taken_out_and_set_again_counts_for_the_new_text(
    trusting: Newsroom,
) -> None:
    trusting.bring_along("ed@forum.example")
    trusting.look()
    trusting.bring_along(body="Something else.")
    trusting.look()
    trusting.bring_along("ed@forum.example", body="Something else.")
    assert trusting.look().scheduled


def test_a_name_that_is_added_counts_for_the_text_with_which_it_appeared(
    trusting: Newsroom,
) -> None:
    trusting.bring_along("ed@forum.example")
    trusting.look()
    trusting.bring_along("ed@forum.example", "flo@forum.example", body="Something else.")
    [campaign] = [*trusting.look().scheduled, *trusting.plan().scheduled]
    assert campaign.approved_by == ("flo@forum.example",)


def test_the_front_matter_takes_back_no_yes_that_was_given_by_hand(trusting: Newsroom) -> None:
    trusting.bring_along("ed@forum.example")
    trusting.look()
    trusting.approve("flo@forum.example")
    trusting.bring_along()
    trusting.look()
    standing = [yes.by for yes in approvals(trusting) if yes.revoked_at is None]
    assert standing == ["flo@forum.example"]


@pytest.mark.parametrize("by", ["ed@forum.example", "ada@forum.example"])
def test_a_revoked_yes_does_not_come_back_from_the_name_still_in_the_file(
    trusting: Newsroom, by: str
) -> None:
    trusting.bring_along("ed@forum.example")
    assert trusting.look().scheduled
    assert take_back(trusting, by) == 1
    assert trusting.look().withdrawn
    trusting.bring_along("ed@forum.example", body="Something else.")
    for _ in range(3):
        assert not trusting.look().scheduled


def test_a_cancelled_statement_does_not_approve_itself_again(trusting: Newsroom) -> None:
    trusting.subscribe(3)
    trusting.bring_along("ed@forum.example")
    trusting.look()
    trusting.hand().cancel("resignation")
    trusting.clock.advance(hours=1)
    for _ in range(3):
        assert not trusting.look().scheduled
        assert not trusting.start_due()
    assert trusting.provider.accepted == []


def test_after_a_revocation_the_name_counts_when_it_is_set_anew(trusting: Newsroom) -> None:
    trusting.bring_along("ed@forum.example")
    trusting.look()
    take_back(trusting, "ed@forum.example")
    trusting.bring_along()
    trusting.look()
    trusting.bring_along("ed@forum.example")
    assert trusting.look().scheduled


def test_a_name_noted_by_somebody_else_in_the_meantime_is_not_noted_twice(
    trusting: Newsroom,
) -> None:
    trusting.bring_along("ed@forum.example")
    trusting.ingest()
    trusting.render()
    store = Meanwhile(trusting.store, trusting.note)
    start = trusting.starter().start_by_approval
    noted = note_front_matter(store=store, rules=trusting.review_rules, start=start)
    assert noted == ()
    assert len(approvals(trusting)) == 1
