"""A change shows its cost before it is made, and the cost stays visible."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, StartBy
from newsletter.domain.campaigns.sentences import describe_further, describe_state
from newsletter.domain.campaigns.state import Act, State
from newsletter.domain.errors import Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.draft import Draft, DraftText, Version, VersionKind
from newsletter.domain.statements.statement import Progress
from newsletter.pipeline.campaigns.board import load_desktop
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.statements.write import Lapse, WouldLapse, lapse_of
from tests.fakes import NOON
from tests.rows import rows
from tests.unit.pipeline.campaigns.test_board import status
from tests.unit.pipeline.newsroom import Newsroom
from tests.unit.pipeline.statements.desk import ANA, BEN, WritingRoom
from tests.unit.pipeline.statements.languages import FORUM, SPANISH, compose

ED, SAM = "ed@forum.example", "sam@forum.example"
EVENING = datetime(2026, 11, 24, 20)  # noqa: DTZ001 - a wall time in New York


@pytest.fixture
def room(room: Newsroom) -> Newsroom:
    """Approved by Ed; a sender starts it."""
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.subscribe(3)
    room.write_and_approve()
    return room


def start(room: Newsroom, slug: str = "resignation") -> None:
    room.starter().start(
        StartRequest(slug=slug, by=SAM, seen=room.content_hash(slug), shown=room.terms(slug))
    )


def cost(room: Newsroom, slug: str = "resignation") -> Lapse:
    by: dict[str, Any] = {"by": ANA, "began_at": NOON, "at": NOON}
    text = Version(number=1, kind=VersionKind.TYPED, text=DraftText(), writers=(), **by)
    made: dict[str, Any] = {
        "created_at": NOON,
        "created_by": ANA,
        "changed_at": NOON,
        "changed_by": ANA,
    }
    with room.store.read() as tx:
        draft = Draft(key="k", version=text, slug=slug, revision=1, **made)
        return lapse_of(tx, draft, room.rules)


def reasons(room: Newsroom) -> str:
    return "; ".join(status(room).approval.reasons)


def test_what_a_change_would_cost_is_known_before_it(room: Newsroom) -> None:
    assert (cost(room).depth, cost(room).sentence) == (1, "ed@forum.example approved it")
    start(room)
    both = "ed@forum.example approved it and sam@forum.example started it"
    assert (cost(room).depth, cost(room).sentence) == (2, both)
    assert cost(room, "nothing") == Lapse()
    room.write("fresh")
    assert cost(room, "fresh") == Lapse()
    room.look()
    assert (cost(room, "fresh").depth, cost(room, "fresh").sentence) == (0, "")
    room.look()
    room.start_due(minutes=6)
    assert cost(room) == Lapse()


def test_a_change_of_a_translation_costs_the_approval_of_the_email_of_both(room: Newsroom) -> None:
    room.demand(shares_email=True)
    compose(room, FORUM, SPANISH)
    room.approve(slug=FORUM)
    assert cost(room, SPANISH) == Lapse(approved_by=(ED,))
    room.remove(FORUM)
    compose(room, "forum-fr", translation_of="gone")
    assert cost(room, "forum-fr") == Lapse()
    room.write_and_look(progress=Progress.DRAFT)
    assert cost(room) == Lapse()


def test_a_new_translation_costs_the_approval_of_the_email_that_it_gets_in(room: Newsroom) -> None:
    room.demand(shares_email=True)
    desk = WritingRoom(room)
    desk.new_submitted()
    apart = desk.new_submitted(title="Horario", language="es")
    room.approve(BEN, "library-hours")
    room.approve(BEN, "horario")
    start(room, "library-hours")
    late = desk.new(title="Horaires", language="fr", translation_of="library-hours")
    desk.type(apart, translation_of="library-hours")
    both = r"ben@forum\.example approved it and sam@forum\.example started it"
    for draft in (late, apart):
        with pytest.raises(WouldLapse, match=both):
            desk.submitter.submit_draft(draft.key, desk.draft(draft).revision, by=ANA)
    room.look()
    assert room.campaign("library-hours").state is CampaignState.SCHEDULED


def test_a_change_is_handed_in_only_by_whom_was_told_what_it_costs(room: Newsroom) -> None:
    desk = WritingRoom(room)
    draft = desk.new_submitted()
    assert desk.submitter.submit_draft(draft.key, 1, by=ANA).is_submitted  # it costs nothing
    room.approve(BEN, "library-hours")
    desk.type(draft, body="The library opens at 8.")
    with pytest.raises(WouldLapse, match=r"ben@forum\.example approved it, which counts no more"):
        desk.submitter.submit_draft(draft.key, desk.draft(draft).revision, by=ANA)
    start(room, "library-hours")
    with pytest.raises(WouldLapse, match=r"and sam@forum\.example started it"):
        desk.submitter.submit_draft(draft.key, desk.draft(draft).revision, by=ANA, shown_depth=1)
    room.look()
    assert room.campaign("library-hours").state is CampaignState.SCHEDULED
    desk.submit_draft(draft)
    with room.store.read() as tx:
        [entry, *_] = [one for one in tx.audit.list_newest(9) if one.action == "submit"]
    both = "ben@forum.example approved it and sam@forum.example started it"
    assert entry.values["lapse"] == both
    reason = room.campaign("library-hours").reason
    assert reason.endswith("; sam@forum.example had started it, and that has lapsed")


def test_a_start_that_lapsed_stays_to_be_seen_until_somebody_starts_again(room: Newsroom) -> None:
    start(room)
    room.write_and_look(title="Another title")
    changed = status(room)
    assert changed.state is State.CHANGED
    lapsed = (
        "Sam started it, and that has lapsed. Its text, an approval or their role changed since."
    )
    assert lapsed in describe_further(changed)
    assert Act.FORGET_START in changed.acts_for(SAM)
    assert Act.FORGET_START not in changed.acts_for(ED)
    with room.store.read() as tx:
        mine = load_desktop(tx, SAM, Role.SENDER, room.rules).lapsed
        assert [one.slug for one in mine] == ["resignation"]
        assert load_desktop(tx, ED, Role.APPROVER, room.rules).lapsed == ()
    room.clock.advance(minutes=1)
    room.approve()
    assert {lapsed, "No sender has started it since."} <= {*describe_further(status(room))}
    start(room)
    assert describe_further(status(room)) == ()


def test_a_sender_takes_off_a_start_that_lapsed(room: Newsroom) -> None:
    start(room)
    room.write_and_look(progress=Progress.DRAFT)
    assert Act.FORGET_START in status(room).acts_for(SAM)
    assert room.starter().undo("resignation", by=SAM) is False
    assert Act.FORGET_START not in status(room).acts_for(SAM)


def test_what_began_has_no_start_that_lapsed(room: Newsroom) -> None:
    start(room)
    room.look()
    room.start_due(minutes=6)
    room.hand().cancel("resignation")
    assert status(room).lapsed_start is None
    room.rules = replace(room.rules, start=StartBy.APPROVAL)
    room.write_and_look(title="Another")
    assert status(room).lapsed_start is None


@rows(
    ["change", "said"],
    [
        ({"body": "It has not."}, "its text"),
        ({"lists": ("supporters",)}, "its lists"),
        ({"send_at": EVENING}, "its times"),
        ({"writers": ("vic@forum.example",)}, "who wrote in it"),
        ({"body": "It has not.", "lists": ("supporters",)}, "its text and its lists"),
    ],
)
def test_an_approval_that_was_lost_says_what_changed(
    room: Newsroom, change: dict[str, Any], said: str
) -> None:
    room.write_and_look(**change)
    assert reasons(room) == f"{said} changed after {ED} approved it; it waits for a new approval"
    words = f"After Ed approved it, {said} changed. It needs a new approval."
    assert describe_state(status(room)) == words


def test_templates_and_translations_are_named_too(room: Newsroom) -> None:
    room.renderer.fingerprint = "plain-2"
    room.look()
    assert reasons(room).startswith("the templates or settings changed after ed@")
    room.demand(shares_email=True)
    compose(room, FORUM, SPANISH)
    room.approve(slug=FORUM)
    compose(room, SPANISH, body="Otra cosa.")
    standing = status(room, FORUM).approval
    assert standing.lost == "the translation forum-es"


def test_a_text_that_cannot_be_made_into_an_email_is_another_text(room: Newsroom) -> None:
    room.write_and_look(body="unrenderable")
    assert reasons(room).startswith("its text changed after")


def test_an_approval_for_a_later_time_says_so(room: Newsroom) -> None:
    room.write_and_approve(send_at=EVENING)
    room.schedule("resignation", NOON + timedelta(hours=1), renews_approvals=True)
    assert reasons(room) == (
        "it has 0 of 1 approvals; ed@forum.example approved it for a later time than is set now"
    )
    with pytest.raises(Refused, match="for a later time than is set now"):
        start(room)


def test_a_time_that_was_set_stays_to_be_seen_and_does_not_pass_in_silence(room: Newsroom) -> None:
    room.write_and_approve(send_at=EVENING)
    before = status(room)
    assert describe_state(before) == (
        "Approved by Ed. No sender has started it."
        " It is to go out on Tue 24 Nov 2026, 20:00 New York."
    )
    assert not before.is_overdue
    room.clock.advance(hours=14)
    late = status(room)
    assert late.is_overdue
    assert describe_state(late).endswith("It was to go out on Tue 24 Nov 2026, 20:00 New York.")
    start(room)
    assert not status(room).is_overdue


def test_a_time_that_the_zone_does_not_have_is_none(room: Newsroom) -> None:
    room.write(send_at=datetime(2027, 3, 14, 2, 30))  # noqa: DTZ001 - New York skips it
    room.look()
    assert status(room).set_for is None
