"""A look reads the open and the changed: it costs the same after any number of campaigns."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.digest import Digest
from newsletter.domain.errors import StoreUnavailable
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Progress
from newsletter.pipeline.campaigns.build_digest import DigestBuilder
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.staff.notify import notify
from newsletter.store.sql import Store
from tests.contracts.books import add_campaign
from tests.counting import counted
from tests.fakes import PlainAbstracts
from tests.interrupted import Fuse, watched
from tests.unit.pipeline.campaigns.digests import WEEKLY
from tests.unit.pipeline.newsroom import Newsroom

ED, FLO = "ed@forum.example", "flo@forum.example"


@pytest.fixture
def room(store: Store) -> Newsroom:
    return Newsroom(store)


def settle(room: Newsroom, count: int) -> None:
    """So many sent statements, and as many that were never approved."""
    for number in range(count):
        room.write(f"went-{number}")
        room.write(f"draft-{number}")
    room.look()
    with room.store.begin() as tx:
        for number in range(count):
            campaign = add_campaign(tx, f"went-{number}")
            for state in (CampaignState.SENDING, CampaignState.SENT):
                tx.campaigns.change_state(
                    campaign, state, expect=CampaignState, at=room.clock.now()
                )


def look(room: Newsroom, *digests: Digest) -> None:
    """All that the scheduler does at each tick."""
    digest_builder = DigestBuilder(
        store=room.store, digests=digests, timezone=room.rules.timezone, abstracts=PlainAbstracts()
    )
    digest_builder.build()
    room.look()
    room.start_due()
    notify(store=room.store, rules=room.rules)


def test_a_look_at_an_unchanged_world_asks_as_little_however_much_there_is(room: Newsroom) -> None:
    asked = []
    for count in (3, 30):
        settle(room, count)
        for _ in range(3):  # what the looks themselves write is looked at once more
            look(room, WEEKLY)
        with counted() as statements:
            look(room, WEEKLY)
        asked.append(len(statements))
    assert asked[0] == asked[1] < 50


def test_one_that_changed_is_looked_at_alone(room: Newsroom) -> None:
    asked = []
    for count in (3, 30):
        settle(room, count)
        for _ in range(3):
            room.look()
        room.write("draft-0", title=f"Another title, now of {count}")
        with counted() as statements:
            room.look()
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_a_review_asks_as_little_however_much_went_out(room: Newsroom) -> None:
    asked = []
    for count in (3, 30):
        settle(room, count)
        with counted() as statements:
            room.review("draft-0")
        asked.append(len(statements))
    assert asked[0] == asked[1]


# --- what wakes a statement: each against a room whose looks have seen everything ----------------

Wakes = Callable[[Newsroom], object]


def approve(room: Newsroom) -> None:
    room.approve()


def _staff(role: Role) -> Wakes:
    def put(room: Newsroom) -> None:
        room.hire(ED, role)

    return put


def rewrite(room: Newsroom) -> None:
    room.write(body="Another text.")


def remove(room: Newsroom) -> None:
    room.remove()


def demand(room: Newsroom) -> None:
    room.demand(required=2)


def revoke(room: Newsroom) -> None:
    with room.store.begin() as tx:
        tx.approvals.revoke("resignation", room.clock.now(), actor="ed")


def break_templates(room: Newsroom) -> None:
    room.renderer.fingerprint = "plain-2"
    room.forget_looks()  # a process has other templates only after it started again


@pytest.mark.parametrize(
    "wake", [rewrite, remove, demand, revoke, break_templates, _staff(Role.VIEWER)]
)
def test_what_speaks_against_it_takes_a_campaign_back_at_once(room: Newsroom, wake: Wakes) -> None:
    room.subscribe(3)
    planned(room)
    wake(room)
    assert [held.slug for held in room.look().withdrawn] == ["resignation"]
    assert room.campaign().state is CampaignState.CANCELLED


def planned(room: Newsroom) -> None:
    """An approved statement whose campaign waits, and looks that have seen it."""
    room.write_and_approve()
    assert len(room.look().scheduled) == 1
    for _ in range(2):
        assert room.look().scheduled == ()


@pytest.mark.parametrize(
    ("before", "wake"),
    [
        (lambda room: None, approve),
        (lambda room: (room.approve(), _staff(Role.VIEWER)(room)), _staff(Role.APPROVER)),
        (lambda room: (room.demand(required=2), room.approve()), lambda room: room.approve(FLO)),
        (lambda room: (room.approve(), room.remove()), lambda room: room.write()),
    ],
    ids=["a yes", "a role", "the second yes", "its file comes back"],
)
def test_what_was_missing_lets_it_be_planned_at_once(
    room: Newsroom, before: Wakes, wake: Wakes
) -> None:
    room.write_and_look()
    before(room)
    for _ in range(3):
        assert room.look().scheduled == ()
    wake(room)
    assert [one.slug for one in room.look().scheduled] == ["resignation"]


def test_a_time_that_staff_set_moves_a_campaign_that_waits(room: Newsroom) -> None:
    planned(room)
    at = room.clock.now() + timedelta(hours=3)
    room.schedule("resignation", at)
    room.look()
    assert room.campaign().release_at == at


def test_one_that_was_cancelled_before_anybody_got_it_goes_out_after_a_new_yes(
    room: Newsroom,
) -> None:
    room.subscribe(3)
    planned(room)
    room.hand().cancel("resignation")
    for _ in range(2):
        assert room.look().scheduled == ()
    room.approve()
    assert len(room.look().scheduled) == 1


def test_a_correction_waits_for_what_it_corrects_and_then_for_a_sender(room: Newsroom) -> None:
    room.subscribe(3)
    room.write("right", title="Put right", corrects="resignation")
    room.write_and_look()
    room.approve(slug="right")
    for _ in range(3):
        [held] = room.look().held
        assert held.slug == "right"
    room.approve()
    room.look()
    room.start_due(minutes=5)
    room.drain()
    assert room.look().held == ()
    assert room.look().scheduled == ()  # nobody was shown how many get it
    room.starter().start(
        StartRequest(slug="right", by="sam@forum.example", seen="", shown=room.terms("right"))
    )
    assert [one.slug for one in room.look().scheduled] == ["right"]


def test_an_original_is_rendered_again_when_a_translation_in_its_mail_changes_or_leaves_it(
    room: Newsroom,
) -> None:
    room.demand(shares_email=True)
    room.write()
    room.write("auf-deutsch", language="de", translation_of="resignation")
    alone: set[str] = set()
    for changes in ({}, {"body": "Anders."}, {"translation_of": ""}):
        fields = {"language": "de", "translation_of": "resignation"} | changes
        room.write_and_look("auf-deutsch", **fields)
        room.look()
        alone.add(room.content_hash())
    assert len(alone) == 3


def test_a_fault_of_a_translation_is_told_at_each_look_until_it_is_mended(room: Newsroom) -> None:
    room.write()
    room.write("doubled", translation_of="resignation")  # in the language of the original
    for _ in range(3):
        room.ingest()
        [fault] = room.render().faults
        assert fault.file == "statements/doubled.md"
    room.write("doubled", translation_of="resignation", language="de")
    room.ingest()
    assert room.render().faults == ()


def test_one_that_cannot_be_rendered_is_told_at_each_look_and_rendered_but_twice(
    room: Newsroom,
) -> None:
    room.write(body="unrenderable")
    rendered = []
    for _ in range(4):
        room.ingest()
        done = room.render()
        assert [fault.message for fault in done.faults] == ["cannot be rendered"]
        rendered.append(done.slugs)
    assert rendered[2:] == [(), ()]
    room.write(body="It can.")
    room.ingest()
    assert room.render().faults == ()


def test_what_stands_held_is_told_at_each_look(room: Newsroom) -> None:
    room.write_and_approve()
    room.write(body="Changed since.")
    for _ in range(3):
        assert [held.slug for held in room.look().held] == ["resignation"]
    room.approve()
    assert room.look().held == ()


def test_a_name_in_a_file_counts_when_its_text_can_be_rendered_at_last(room: Newsroom) -> None:
    room.demand(trust_front_matter=True)
    room.write(progress=Progress.APPROVED, approved_by=(ED,), body="unrenderable")
    for _ in range(3):
        room.look()
    room.write(progress=Progress.APPROVED, approved_by=(ED,), body="It can.")
    assert [one.slug for one in room.look().scheduled] == ["resignation"]


def test_one_that_another_process_wrote_meanwhile_is_put_right(room: Newsroom) -> None:
    room.write_and_look()
    room.look()
    with room.store.begin() as tx:
        stored = tx.statements.get("resignation")
        other = replace(stored, statement=replace(stored.statement, title="Not in the file"))
        tx.statements.put(other, room.clock.now())
    room.look()
    with room.store.read() as tx:
        now = tx.statements.get("resignation")
    assert now == stored


def test_one_whose_source_could_not_be_read_is_gone_once_it_can_be(room: Newsroom) -> None:
    room.write_and_look()
    room.source.complete = False
    room.remove()
    for _ in range(2):
        assert room.ingest().slugs == ()
    room.source.complete = True
    assert room.ingest().slugs == ("resignation",)


@pytest.mark.parametrize("stage", ["ingest", "render", "plan", "note"])
def test_what_a_look_could_not_do_the_next_one_does(room: Newsroom, stage: str) -> None:
    room.demand(trust_front_matter=True)
    room.look()
    room.write(progress=Progress.APPROVED, approved_by=(ED,))
    for before in ("ingest", "render", "note", "plan"):
        if before == stage:
            break
        getattr(room, before)()
    full = Fuse(1, StoreUnavailable("the disk is full"))
    store, room.store = room.store, watched(room.store, before=full.burn)
    with pytest.raises(StoreUnavailable):
        getattr(room, stage)()
    room.store = store
    assert [one.slug for one in room.look().scheduled] == ["resignation"]
