"""statement → approval."""

import pytest

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.statements.statement import Approval, Channel, Progress
from newsletter.pipeline.statements.approve import revoke
from tests.unit.pipeline.newsroom import Newsroom


def approvals(room: Newsroom, slug: str = "resignation") -> list[Approval]:
    with room.store.read() as tx:
        return tx.approvals.list_for(slug)


def approved(room: Newsroom) -> bool:
    """Return whether planning makes a campaign of it."""
    return bool(room.plan().scheduled)


def take_back(room: Newsroom, by: str) -> int:
    return revoke("resignation", by=by, store=room.store, rules=room.rules)


def test_a_yes_binds_to_the_text_as_it_stands(room: Newsroom) -> None:
    room.write_and_look()
    given = room.approve("Ed@Forum.Example")
    assert given.content_hash == room.content_hash()
    assert given.approval.approved
    [yes] = approvals(room)
    assert yes.by == "ed@forum.example"
    assert yes.content_hash == room.content_hash()
    assert (yes.channel, yes.at) == (Channel.COMMAND, room.clock.now())
    assert room.deeds()[-1] == ("ed@forum.example", "approve")


def test_ones_own_yes_alone_is_taken_back_also_by_an_admin(room: Newsroom) -> None:
    room.write_and_approve()
    room.approve("ada@forum.example")
    revoke("resignation", by="ada@forum.example", store=room.store, rules=room.rules, own=True)
    assert [yes.by for yes in approvals(room) if yes.revoked_at is None] == ["ed@forum.example"]


def test_a_yes_is_not_taken_back_once_it_is_going_out(room: Newsroom) -> None:
    """It would stop nothing."""
    room.start()
    with pytest.raises(Refused, match="has already gone out"):
        take_back(room, "ed@forum.example")
    assert approvals(room)[0].revoked_at is None


def test_a_yes_of_whoever_may_not_give_it_is_refused(
    subtests: pytest.Subtests, room: Newsroom
) -> None:
    for by, complaint in [
        ("vic@forum.example", "has the role viewer; this takes the role approver"),
        ("eve@elsewhere.example", "newsletter user add eve@elsewhere.example --role approver"),
        ("writer@forum.example", "writer@forum.example wrote in resignation"),
        ("ed@" + "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþ" * 2 + ".example", "can be looked up"),
    ]:
        with subtests.test(by=by, complaint=complaint):
            room.write_and_look()
            with pytest.raises(Refused, match=complaint):
                room.approve(by)
            assert approvals(room) == []


def test_an_author_says_yes_where_the_settings_allow_it(room: Newsroom) -> None:
    room.demand(author_may_approve=True)
    room.write_and_look()
    room.approve("writer@forum.example")
    assert len(approvals(room)) == 1


@pytest.mark.parametrize("length", [0, 7, 64])
def test_whoever_has_seen_this_very_text_may_say_yes_to_it(room: Newsroom, length: int) -> None:
    room.write_and_look()
    room.approve(expect=room.content_hash()[:length])
    assert len(approvals(room)) == 1


def test_whoever_has_seen_another_text_approves_nothing(room: Newsroom) -> None:
    room.write_and_look()
    seen = room.content_hash()
    room.write_and_look(body="The Forum has not resigned.")
    with pytest.raises(
        Refused, match=f"changed since you looked: its content hash is {room.content_hash()[:4]}"
    ):
        room.approve(expect=seen)
    assert approvals(room) == []


def test_there_is_nothing_to_approve_where_there_is_no_statement(room: Newsroom) -> None:
    with pytest.raises(NotFound, match="there is no statement 'resignation'"):
        room.approve()
    room.write_and_look()
    room.remove()
    room.look()
    with pytest.raises(NotFound, match="there is no statement"):
        room.approve()


def test_what_cannot_be_rendered_cannot_be_approved(room: Newsroom) -> None:
    room.write_and_look(body="This is unrenderable.")
    with pytest.raises(Refused, match="newsletter statement check resignation"):
        room.approve()


def test_what_is_going_out_or_has_gone_is_not_approved_again(room: Newsroom) -> None:
    room.start()
    with pytest.raises(Refused, match="already gone out as campaign 1"):
        room.approve("flo@forum.example")
    room.drain()
    with pytest.raises(Refused, match="write a new statement that corrects it"):
        room.approve("flo@forum.example")


def test_what_was_cancelled_before_anything_went_out_can_be_approved_again(room: Newsroom) -> None:
    room.start()
    room.hand().cancel("resignation")
    assert not approved(room)
    room.approve()
    assert approved(room)


def test_a_person_takes_back_their_own_yes(room: Newsroom) -> None:
    room.demand(required=2)
    room.write_and_approve()
    room.approve("flo@forum.example")
    assert take_back(room, "Ed@forum.example") == 1
    assert [yes.by for yes in approvals(room) if yes.revoked_at is None] == ["flo@forum.example"]
    assert room.deeds()[-1] == ("ed@forum.example", "revoke")
    assert not approved(room)


def test_an_admin_takes_back_all(room: Newsroom) -> None:
    room.write_and_approve()
    room.approve("flo@forum.example")
    assert take_back(room, "ada@forum.example") == 2
    assert not approved(room)


def test_nobody_takes_back_what_they_never_gave(room: Newsroom) -> None:
    room.write_and_approve()
    with pytest.raises(NotFound, match=r"no approval of flo@forum\.example to take back"):
        take_back(room, "flo@forum.example")
    with pytest.raises(Refused, match="has the role viewer; this takes the role approver"):
        take_back(room, "vic@forum.example")
    assert approved(room)


def test_a_draft_is_not_approved_before_it_is_handed_in(room: Newsroom) -> None:
    room.write_and_look(progress=Progress.DRAFT)
    with pytest.raises(Refused, match="is a draft") as caught:
        room.approve()
    assert "newsletter statement submit resignation" in str(caught.value)


def test_what_becomes_a_draft_again_is_held_though_it_was_approved(room: Newsroom) -> None:
    room.write_and_approve()
    assert room.plan().scheduled
    room.write(progress=Progress.DRAFT)
    [withdrawn] = room.look().withdrawn
    assert "is a draft" in withdrawn.reason
    room.write(progress=Progress.REVIEW)
    assert not room.look().scheduled, "whoever edits files sends nothing that was withdrawn"
    room.approve()
    assert room.look().scheduled
