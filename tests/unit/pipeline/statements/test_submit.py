"""Handing in at the desk: what the pipeline knows of a text, and what an approval is of."""

from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.domain.campaigns.state import State
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Progress, Reading, Statement, StoredStatement
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.statements.approve import send_back
from newsletter.pipeline.statements.ingest import DeskSource
from newsletter.pipeline.statements.write import submit_file
from newsletter.pipeline.status import find_status, load_status
from newsletter.sources.folder import FolderSource, mark_for_review
from newsletter.sources.statements import Defaults
from tests.unit.pipeline.newsroom import Newsroom
from tests.unit.pipeline.statements.desk import ANA, BEN, CLEO, DEFAULTS, VERA, WritingRoom

SLUG = "library-hours"


@pytest.fixture
def desk(room: Newsroom) -> WritingRoom:
    return WritingRoom(room)


def stored(desk: WritingRoom, slug: str = SLUG) -> StoredStatement:
    with desk.room.store.read() as tx:
        found = tx.statements.get(slug)
    assert found is not None
    return found


def approved(desk: WritingRoom) -> bool:
    with desk.room.store.read() as tx:
        return load_status(tx, stored(desk), desk.room.rules).approval.approved


def test_what_is_typed_is_unseen_until_it_is_handed_in(desk: WritingRoom) -> None:
    draft = desk.new()
    desk.room.look()
    with desk.room.store.read() as tx:
        assert tx.statements.all() == []
    desk.submit_draft(draft)
    desk.type(draft, body="Unseen.")
    desk.room.look()
    assert stored(desk).statement.body == "The library opens at 9."


def test_handing_in_makes_a_statement_in_review_that_its_source_reads_alike(
    desk: WritingRoom,
) -> None:
    draft = desk.new()
    done = desk.submitter.submit_draft(draft.key, 1, by=BEN)
    assert (done.slug, done.submitted_version, done.has_unsubmitted_text) == (
        SLUG,
        draft.version.number,
        False,
    )
    assert desk.source.read() == Reading(statements=(stored(desk).statement,))
    assert stored(desk).statement.progress is Progress.REVIEW
    assert desk.room.deeds() == [(ANA, "write"), (BEN, "submit")]
    desk.room.look()
    assert stored(desk).content_hash
    assert desk.room.ingest().slugs == ()


def test_handing_in_twice_is_handing_in_once(desk: WritingRoom) -> None:
    draft = desk.new()
    once = desk.submitter.submit_draft(draft.key, 1, by=ANA)
    assert desk.submitter.submit_draft(draft.key, 1, by=ANA) == once
    assert desk.room.deeds() == [(ANA, "write"), (ANA, "submit")]


def test_a_text_that_changed_since_it_was_opened_is_not_handed_in(desk: WritingRoom) -> None:
    draft = desk.new()
    desk.type(draft, by=BEN, body="Ben's")
    with pytest.raises(Refused, match=f"{BEN} changed this text"):
        desk.submitter.submit_draft(draft.key, 1, by=ANA)
    with desk.room.store.read() as tx:
        assert tx.drafts.list_submitted() == []


def test_whoever_looks_on_hands_nothing_in_and_takes_nothing_back(desk: WritingRoom) -> None:
    draft = desk.new()
    with pytest.raises(Refused, match="takes the role writer"):
        desk.submitter.submit_draft(draft.key, 1, by=VERA)
    desk.submit_draft(draft)
    with pytest.raises(Refused, match="takes the role writer"):
        desk.submitter.withdraw_draft(draft.key, by=VERA)
    with pytest.raises(NotFound):
        desk.submitter.withdraw_draft("z" * 16, by=ANA)


def test_typing_never_costs_an_approval_but_handing_a_changed_text_in_does(
    desk: WritingRoom,
) -> None:
    draft = desk.new_submitted()
    desk.room.approve(BEN, SLUG)
    desk.type(draft, body="The library opens at 8.")
    desk.room.look()
    assert approved(desk)
    desk.submit_draft(draft)
    assert not approved(desk)
    with desk.room.store.read() as tx:
        standing = load_status(tx, stored(desk), desk.room.rules).approval
    assert standing.changed
    assert standing.reasons == (
        f"its text changed after {BEN} approved it; it waits for a new approval",
    )


def test_handing_the_approved_text_in_again_keeps_its_approval(desk: WritingRoom) -> None:
    draft = desk.new_submitted()
    desk.room.approve(BEN, SLUG)
    number = draft.version.number
    desk.type(draft, body="Other.")
    desk.writing().restore(draft.key, number)
    desk.submit_draft(draft)
    assert approved(desk)


def test_none_of_the_writers_of_a_version_approves_it(desk: WritingRoom) -> None:
    draft = desk.new(by=BEN)
    desk.room.clock.advance(minutes=6)
    desk.type(draft, by=CLEO, body="The library opens at 8.")
    desk.submit_draft(draft)
    for by in (BEN, "Ben@Forum.example", CLEO):
        with pytest.raises(Refused, match="wrote in library-hours"):
            desk.room.approve(by, SLUG)
    assert desk.room.approve("ed@forum.example", SLUG).approval.approved


def test_no_alias_of_a_writer_approves_it_either(desk: WritingRoom) -> None:
    aliases = ("ana+desk@forum.example", "ANA+x@forum.example")
    with desk.room.store.begin() as tx:
        for one in aliases:
            tx.staff.put(one.lower(), Role.APPROVER, desk.room.clock.now())
    desk.submit_draft(desk.new())
    for one in aliases:
        with pytest.raises(Refused, match="wrote in library-hours"):
            desk.room.approve(one, SLUG)


def test_whoever_hands_in_what_others_wrote_did_not_write_it(desk: WritingRoom) -> None:
    desk.submit_draft(desk.new(), by=BEN)
    assert desk.room.approve(BEN, SLUG).approval.approved


def test_what_was_taken_back_is_a_draft_that_nobody_approves(desk: WritingRoom) -> None:
    draft = desk.new_submitted()
    desk.room.approve(BEN, SLUG)
    desk.submitter.withdraw_draft(draft.key, by=ANA)
    assert stored(desk).statement.progress is Progress.DRAFT
    assert not approved(desk)
    desk.room.look()
    assert desk.room.ingest().slugs == ()
    with pytest.raises(Refused, match="taken back by its writers; submit it again at the desk"):
        desk.room.approve("ed@forum.example", SLUG)
    with pytest.raises(Refused, match="nothing to take back"):
        desk.submitter.withdraw_draft(draft.key, by=ANA)
    desk.type(draft, body="The library opens at 10.")
    desk.submit_draft(draft)
    with desk.room.store.read() as tx:  # approvers see what changed since
        assert find_status(tx, SLUG, desk.room.rules).approval.changed


def test_a_campaign_that_waits_ends_when_its_text_is_taken_back(desk: WritingRoom) -> None:
    desk.room.subscribe(3)
    draft = desk.new_submitted()
    desk.room.approve(BEN, SLUG)
    assert desk.room.plan().scheduled
    desk.submitter.withdraw_draft(draft.key, by=ANA)
    desk.room.look()
    assert desk.room.campaign(SLUG).state.is_ended
    desk.submit_draft(draft)
    assert desk.draft(draft).is_submitted


@pytest.mark.parametrize("by_way", [False, True])
@pytest.mark.parametrize("together", [False, True])
def test_what_was_taken_back_and_comes_back_as_it_was_waits_for_a_new_approval(
    desk: WritingRoom, together: bool, by_way: bool
) -> None:
    """Otherwise a writer, or a token of the API, sends a withdrawn text, which its page denies."""
    room = desk.room
    room.demand(shares_email=together)
    room.subscribe(3)
    original = desk.submit_draft(desk.new())
    spanish = desk.submit_draft(desk.new(title="Horas", language="es", translation_of=SLUG))
    draft = spanish if together else original
    room.approve(BEN, SLUG)
    assert room.plan().scheduled
    desk.submitter.withdraw_draft(draft.key, by=ANA)
    room.look()
    room.clock.advance(minutes=1)
    if by_way:  # of another text
        body = desk.draft(draft).version.text.body
        desk.type(draft, body="Another text.")
        desk.submit_draft(draft)
        desk.type(draft, body=body)
    desk.submit_draft(draft, by=CLEO)
    assert room.look(minutes=9).scheduled == ()
    assert not approved(desk)
    room.approve(BEN, SLUG)
    assert room.plan().scheduled


def test_what_has_gone_out_is_neither_handed_in_anew_nor_taken_back(desk: WritingRoom) -> None:
    desk.room.subscribe(3)
    draft = desk.new_submitted()
    desk.room.approve(BEN, SLUG)
    desk.room.plan()
    desk.room.clock.advance(minutes=5)
    desk.room.start_due()
    with pytest.raises(Refused, match="has already gone out"):
        desk.submit_draft(draft)
    desk.type(draft, body="Too late.")
    with pytest.raises(Refused, match="has already gone out"):
        desk.submit_draft(draft)
    with pytest.raises(Refused, match="has already gone out"):
        desk.submitter.withdraw_draft(draft.key, by=ANA)


def test_what_was_cancelled_before_anybody_had_it_is_handed_in_again(desk: WritingRoom) -> None:
    desk.room.subscribe(3)
    draft = desk.new_submitted()
    desk.room.approve(BEN, SLUG)
    desk.room.plan()
    desk.room.clock.advance(minutes=5)
    [campaign] = desk.room.start_due()
    desk.room.hand(CLEO).cancel(str(campaign.id))
    assert desk.state is State.CANCELLED
    with pytest.raises(Refused, match="opened"):
        desk.submitter.submit_draft(draft.key, 7, by=ANA)
    desk.room.clock.advance(minutes=1)
    desk.submit_draft(draft)
    assert desk.state is State.REVIEW
    assert desk.room.deeds()[-1] == (ANA, "submit")
    desk.submit_draft(draft)
    assert desk.room.deeds().count((ANA, "submit")) == 2, "it is under review already"
    [ended] = desk.room.campaigns()
    assert (ended.ended_by, ended.reason) == (CLEO, f"canceled by {CLEO}"), "its story stays"
    desk.type(draft, body="Another text.")
    desk.submit_draft(draft)
    assert stored(desk).statement.body == "Another text."


def test_all_that_is_wrong_is_told_before_anything_is_handed_in(desk: WritingRoom) -> None:
    draft = desk.new(title="", lists=(), send_at="soon")
    with pytest.raises(InvalidInput) as refused:
        desk.submitter.submit_draft(draft.key, 1, by=ANA)
    assert [one.key for one in refused.value.faults] == ["title", "lists", "send_at"]


def test_what_cannot_be_rendered_is_handed_to_nobody(desk: WritingRoom) -> None:
    draft = desk.new(body="unrenderable")
    with pytest.raises(InvalidInput):
        desk.submitter.submit_draft(draft.key, 1, by=ANA)
    with desk.room.store.read() as tx:
        assert tx.drafts.list_submitted() == []


def test_a_text_does_not_correct_itself(desk: WritingRoom) -> None:
    """Its slug is known only once it is handed in."""
    desk.submit_draft(desk.new())
    draft = desk.new(corrects="library-hours-2")
    with pytest.raises(InvalidInput, match="names the statement itself"):
        desk.submitter.submit_draft(draft.key, 1, by=ANA)


def test_the_slug_stays_and_another_text_of_that_title_gets_a_number(desk: WritingRoom) -> None:
    draft = desk.new_submitted()
    desk.type(draft, title="Opening hours")
    assert desk.submit_draft(draft).slug == SLUG
    assert desk.submit_draft(desk.new()).slug == f"{SLUG}-2"
    assert desk.submit_draft(desk.new()).slug == f"{SLUG}-3"
    long = desk.new(title=" ".join(["library"] * 20))
    desk.submit_draft(long)
    second = desk.submit_draft(desk.new(title=" ".join(["library"] * 20)))
    assert second.slug.endswith("-2")
    assert len(second.slug) <= 80


def known_elsewhere(desk: WritingRoom, *, present: bool) -> None:
    statement = Statement(slug="old", title="Old", body="Old.", lists=("press",), language="en")
    with desk.room.store.begin() as tx:
        one = StoredStatement(statement=statement, content_hash="", fingerprint="", present=present)
        tx.statements.put(one, desk.room.clock.now())


def test_a_copy_takes_the_place_of_a_file_that_is_gone(desk: WritingRoom) -> None:
    known_elsewhere(desk, present=False)
    first, second = desk.writing().copy("old"), desk.writing().copy("old")
    assert desk.submit_draft(first).slug == "old"
    assert stored(desk, "old").present
    assert desk.submit_draft(second).slug == "old-2"


def test_a_copy_of_a_file_that_is_there_is_another_statement(desk: WritingRoom) -> None:
    known_elsewhere(desk, present=True)
    draft = desk.writing().copy("old")
    assert desk.submitter.submit_draft(draft.key, 1, by=ANA).slug == "old-2"


def test_only_what_was_handed_in_or_taken_back_since_is_read_again(desk: WritingRoom) -> None:
    assert desk.source.read() == Reading(statements=())
    draft = desk.new_submitted()
    first = desk.source.read()
    desk.type(draft, body="Unseen.")
    desk.room.approve(BEN, SLUG)
    assert desk.source.read() is first
    desk.submitter.withdraw_draft(draft.key, by=ANA)
    [taken] = desk.source.read().statements
    assert taken == replace(first.statements[0], progress=Progress.DRAFT)
    desk.writing().delete(draft.key)
    assert desk.source.read() == Reading(statements=())


def test_what_the_configuration_no_longer_has_is_a_fault_of_the_text(desk: WritingRoom) -> None:
    segment = Segment(name="berlin", list="press", timezone="UTC")
    with_it = replace(DEFAULTS, segments=(segment,))
    draft = desk.new(segment="berlin")
    replace(desk.submitter, defaults=with_it).submit_draft(draft.key, 1, by=ANA)
    [read] = DeskSource(desk.room.store, with_it).read().statements
    assert read.segment == segment
    [fault] = DeskSource(desk.room.store, DEFAULTS).read().faults
    assert (fault.key, fault.file) == ("segment", f"desk/drafts/{draft.key}")
    desk.submitter.withdraw_draft(draft.key, by=ANA)
    desk.room.look()
    assert not stored(desk).present


@pytest.mark.parametrize("taken_back", [False, True])
def test_what_was_sent_back_waits_for_approval_once_it_is_handed_in_again(
    desk: WritingRoom, taken_back: bool
) -> None:
    draft = desk.submit_draft(desk.new())
    desk.room.look()
    room = desk.room
    send_back(
        SLUG,
        by="ed@forum.example",
        expect="",
        reason="Look at the hours again.",
        store=room.store,
        rules=room.rules,
    )
    assert desk.state is State.RETURNED
    room.clock.advance(minutes=1)
    if taken_back:
        desk.submitter.withdraw_draft(draft.key, by=ANA)
    desk.submit_draft(draft)
    assert desk.state is State.REVIEW
    assert room.deeds()[-1] == (ANA, "submit")


def test_a_new_translation_in_the_same_email_answers_what_was_asked_of_the_email(
    desk: WritingRoom,
) -> None:
    room = desk.room
    room.demand(shares_email=True)
    desk.submit_draft(desk.new())
    spanish = desk.submit_draft(desk.new(title="Horas", language="es", translation_of=SLUG))
    room.look()
    ed, why = "ed@forum.example", "The Spanish hours are wrong."
    send_back(SLUG, by=ed, expect="", reason=why, store=room.store, rules=room.rules)
    assert desk.state is State.RETURNED
    room.clock.advance(minutes=1)
    desk.type(spanish, body="Abre a las 10.")
    desk.submit_draft(spanish)
    assert desk.state is State.REVIEW


def test_the_file_of_a_draft_is_handed_in_once_by_whoever_writes(
    room: Newsroom, tmp_path: Path
) -> None:
    file = tmp_path / "news.md"
    file.write_text("---\ntitle: News\nlists: [press]\nstatus: draft\n---\nIt opens.\n")
    room.source = FolderSource(  # type: ignore[assignment]
        folder=tmp_path,
        workspace=tmp_path,
        defaults=Defaults(lists=(), language="en", timezone="UTC"),
    )
    room.look()

    def release(origin: str, line: int) -> None:
        mark_for_review(tmp_path / origin, line)

    def submit(by: str = "operator") -> None:
        submit_file("news", by=by, release=release, store=room.store)

    with pytest.raises(
        Refused, match=r"nobody@forum\.example is not among the staff; who was invited"
    ):
        submit("nobody@forum.example")
    submit()
    assert "status: review\n" in file.read_text()
    assert room.deeds()[-1] == ("operator", "submit")
    room.look()
    with pytest.raises(Refused, match="news is no draft: it says status: review already"):
        submit()
    ed, why = "ed@forum.example", "Say when."
    send_back("news", by=ed, expect="", reason=why, store=room.store, rules=room.rules)
    room.approve(slug="news")
    file.write_text(file.read_text().replace("status: review", "status: draft"))
    room.look()
    submit()
    room.look()
    with room.store.read() as tx:
        assert [one.closed_at for one in tx.change_requests.list_for("news")] == [tx.now]
        assert not find_status(tx, "news", room.rules).approval.approved


def test_a_draft_of_the_desk_is_not_handed_in_as_a_file(desk: WritingRoom) -> None:
    draft = desk.new_submitted()
    desk.submitter.withdraw_draft(draft.key, by=ANA)
    desk.room.look()
    with pytest.raises(Refused, match="taken back by its writers; submit it again at the desk"):
        submit_file(SLUG, by=ANA, release=lambda *_: None, store=desk.room.store)


def test_a_text_in_the_email_of_its_original_is_settled_once_that_is_sent(
    desk: WritingRoom,
) -> None:
    room = desk.room
    room.subscribe(2)
    room.demand(shares_email=True)
    desk.new_submitted()
    part = desk.new_submitted(title="Horario", language="es", translation_of=SLUG)
    room.approve(BEN, SLUG)
    room.plan()
    room.start_due(minutes=6)
    taken = f"{SLUG} has already gone out as campaign 1"
    with pytest.raises(Refused, match=taken):
        desk.submitter.withdraw_draft(part.key, by=ANA)
    desk.type(part, body="Abre a las 10.")
    with pytest.raises(Refused, match=taken):
        desk.submit_draft(part)
    with room.store.read() as tx:
        assert [one.revoked_at for one in tx.approvals.list_for(SLUG)] == [None]
    late = desk.new(title="Horaires", language="fr", translation_of=SLUG)
    with pytest.raises(Refused, match=taken):
        desk.submit_draft(late)


def test_a_translation_with_an_email_of_its_own_may_follow_its_original(desk: WritingRoom) -> None:
    desk.room.subscribe(2)
    desk.new_submitted()
    desk.room.approve(BEN, SLUG)
    desk.room.plan()
    assert desk.room.start_due(minutes=6)
    late = desk.new_submitted(title="Horaires", language="fr", translation_of=SLUG)
    assert desk.draft(late).is_submitted
