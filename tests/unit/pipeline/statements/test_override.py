"""Two admins in place of a missing approval."""

import pytest

from newsletter.domain.errors import Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Channel
from tests.contracts.books import audited
from tests.unit.pipeline.newsroom import Newsroom

ADA, DAN = "ada@forum.example", "dan@forum.example"
WHY = "Ed is away until Monday"


@pytest.fixture
def room(room: Newsroom) -> Newsroom:
    """It takes two approvals, and there are two admins."""
    room.demand(required=2)
    room.hire(DAN, Role.ADMIN)
    room.subscribe(3)
    room.write_and_look()
    return room


def test_two_admins_with_reasons_are_enough(room: Newsroom) -> None:
    assert not room.approve(ADA, override=True, despite=WHY).approval.approved
    assert not room.plan().scheduled
    assert room.approve(DAN, override=True, despite="so is Flo").approval.approved
    [campaign] = room.plan().scheduled
    assert campaign.approved_by == (ADA, DAN)
    with room.store.read() as tx:
        given = tx.approvals.list_for("resignation")
    assert [(one.channel, one.despite) for one in given] == [
        (Channel.OVERRIDE, WHY),
        (Channel.OVERRIDE, "so is Flo"),
    ]
    assert audited(room.store, "approve")[0].values == {
        "version": room.content_hash(),
        "by": "override",
        "despite": WHY,
    }


@pytest.mark.parametrize("despite", [None, ""])
def test_without_a_reason_nobody_stands_in(room: Newsroom, despite: str | None) -> None:
    with pytest.raises(Refused, match=r"say why you replace|is empty"):
        room.approve(ADA, override=True, despite=despite)


def test_no_approver_and_no_sender_stands_in(room: Newsroom) -> None:
    for who in ("ed@forum.example", "sam@forum.example"):
        with pytest.raises(Refused, match="takes the role admin"):
            room.approve(who, override=True, despite=WHY)


def test_where_nothing_is_missing_nobody_stands_in(room: Newsroom) -> None:
    room.approve()
    room.approve("flo@forum.example")
    with pytest.raises(Refused, match="has all the approvals it needs"):
        room.approve(ADA, override=True, despite=WHY)


def test_what_is_blocking_stays_so(room: Newsroom) -> None:
    room.write_and_look(embargo="until noon")
    with pytest.raises(Refused, match="say when its embargo ends"):
        room.approve(ADA, override=True, despite=WHY)
