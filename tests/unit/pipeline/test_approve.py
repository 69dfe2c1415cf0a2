"""statement → approval."""

from datetime import timedelta

import pytest

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.statement import Approval, Channel, Progress
from newsletter.pipeline.approve import approve, revoke
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom


def approvals(room: Newsroom) -> list[Approval]:
    with room.store.read() as tx:
        return tx.approvals.of("resignation")


def approved(room: Newsroom) -> bool:
    """Whether planning makes a campaign of it."""
    return bool(room.plan().scheduled)


def take_back(room: Newsroom, by: str) -> int:
    return revoke("resignation", by=by, store=room.store, clock=room.clock)


def test_a_yes_binds_to_the_text_as_it_stands(room: Newsroom) -> None:
    room.write()
    room.look()
    given = room.approve("Ed@Forum.Example")
    assert given.digest == room.digest()
    assert given.standing.approved
    [yes] = approvals(room)
    assert yes.by == "ed@forum.example"
    assert yes.digest == room.digest()
    assert (yes.channel, yes.at) == (Channel.COMMAND, room.clock.now())
    assert room.deeds()[-1] == ("ed@forum.example", "approve")


def test_saying_yes_twice_is_taken_down_once(room: Newsroom) -> None:
    room.write()
    room.look()
    room.approve()
    assert room.approve().standing.approved
    assert len(approvals(room)) == 1


def test_two_people_are_two_approvals(room: Newsroom) -> None:
    room.demand(required=2)
    room.write()
    room.look()
    assert not room.approve().standing.approved
    assert room.approve("flo@forum.example").standing.approved


@pytest.mark.parametrize(
    ("by", "complaint"),
    [
        ("vic@forum.example", "is a viewer; to approve takes the role approver"),
        ("eve@elsewhere.example", "newsletter user add eve@elsewhere.example --role approver"),
        ("writer@forum.example", "writer@forum.example wrote resignation"),
        ("ed@" + "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþ" * 2 + ".example", "can be looked up"),
    ],
)
def test_a_yes_of_whoever_may_not_give_it_is_refused(
    room: Newsroom, by: str, complaint: str
) -> None:
    room.write()
    room.look()
    with pytest.raises(Refused, match=complaint):
        room.approve(by)
    assert approvals(room) == []


def test_the_author_may_approve_where_the_configuration_says_so(room: Newsroom) -> None:
    room.demand(author_may_approve=True)
    room.write()
    room.look()
    assert room.approve("writer@forum.example").standing.approved


@pytest.mark.parametrize("length", [0, 7, 64])
def test_whoever_has_seen_this_very_text_may_say_yes_to_it(room: Newsroom, length: int) -> None:
    room.write()
    room.look()
    approve(
        "resignation",
        by="ed@forum.example",
        expect=room.digest()[:length],
        store=room.store,
        policy=room.rules.policy,
        clock=room.clock,
    )
    assert len(approvals(room)) == 1


def test_whoever_has_seen_another_text_approves_nothing(room: Newsroom) -> None:
    room.write()
    room.look()
    seen = room.digest()
    room.write(body="The Forum has not resigned.")
    room.look()
    with pytest.raises(Refused, match=f"changed since you looked: it is {room.digest()[:12]}"):
        approve(
            "resignation",
            by="ed@forum.example",
            expect=seen,
            store=room.store,
            policy=room.rules.policy,
            clock=room.clock,
        )
    assert approvals(room) == []


def test_there_is_nothing_to_approve_where_there_is_no_statement(room: Newsroom) -> None:
    with pytest.raises(NotFound, match="there is no statement 'resignation'"):
        room.approve()
    room.write()
    room.look()
    room.remove()
    room.look()
    with pytest.raises(NotFound, match="there is no statement"):
        room.approve()


def test_what_cannot_be_rendered_cannot_be_approved(room: Newsroom) -> None:
    room.write(body="This is unrenderable.")
    room.look()
    with pytest.raises(Refused, match="newsletter statement check resignation"):
        room.approve()


def test_what_is_going_out_or_has_gone_is_not_approved_again(room: Newsroom) -> None:
    room.start()
    with pytest.raises(Refused, match="already gone out as campaign 1"):
        room.approve("flo@forum.example")
    room.drain()
    with pytest.raises(Refused, match="corrects: resignation"):
        room.approve("flo@forum.example")


def test_what_was_cancelled_before_anything_went_out_can_be_approved_again(
    room: Newsroom,
) -> None:
    room.start()
    room.hand().cancel("resignation")
    assert not approved(room)
    room.approve()
    assert approved(room)


# --- taking back


def test_a_person_takes_back_their_own_yes(room: Newsroom) -> None:
    room.demand(required=2)
    room.write()
    room.look()
    room.approve()
    room.approve("flo@forum.example")
    assert take_back(room, "Ed@forum.example") == 1
    assert [yes.by for yes in approvals(room) if yes.revoked_at is None] == ["flo@forum.example"]
    assert room.deeds()[-1] == ("ed@forum.example", "revoke")
    assert not approved(room)


def test_an_admin_takes_back_all(room: Newsroom) -> None:
    room.write()
    room.look()
    room.approve()
    room.approve("flo@forum.example")
    assert take_back(room, "ada@forum.example") == 2
    assert not approved(room)


def test_nobody_takes_back_what_they_never_gave(room: Newsroom) -> None:
    room.write()
    room.look()
    room.approve()
    with pytest.raises(NotFound, match=r"no approval of flo@forum\.example to take back"):
        take_back(room, "flo@forum.example")
    with pytest.raises(Refused, match="is a viewer; to revoke takes the role approver"):
        take_back(room, "vic@forum.example")
    assert approved(room)


# --- front matter


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
    trusting.write(progress=progress, approved_by=("ed@forum.example",))
    trusting.look()
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
    trusting.store = Meanwhile(trusting.store, trusting_note := Newsroom.note.__get__(trusting))
    assert trusting_note() == ()
    assert len(approvals(trusting)) == 1


def test_the_time_of_the_first_yes_stands_when_others_follow(room: Newsroom) -> None:
    room.write()
    room.look()
    first = room.clock.now()
    room.approve()
    room.plan()
    room.clock.advance(minutes=4)
    room.approve("flo@forum.example")
    room.plan()
    assert room.campaign().release_at == first + timedelta(minutes=5)
