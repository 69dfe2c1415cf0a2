"""Notes on the public page of a statement, and its text off the web."""

import pytest

from newsletter.domain.archive import NoteKind
from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.state import Act
from newsletter.domain.delivery.batch import Resolution, Verdict
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.errors import InvalidInput, NotFound, Outdated, Refused
from newsletter.pipeline.archive.annotate import annotate
from newsletter.pipeline.status import find_status
from tests.fakes import RecordingProvider, accept_all, always
from tests.unit.pipeline.campaigns.test_index import begin, found
from tests.unit.pipeline.newsroom import Newsroom

SAM = "sam@forum.example"


def put(room: Newsroom, kind: NoteKind, words: str = "Mistaken.", by: str = SAM) -> None:
    annotate("resignation", kind, words, by=by, store=room.store)


def test_nothing_is_written_about_what_has_no_page(room: Newsroom) -> None:
    room.write_and_look()
    with pytest.raises(NotFound, match="resignation has no page on the web"):
        put(room, NoteKind.NOTE)
    room.write(welcome=True)
    begin(room, "resignation")
    assert room.campaign().started_at is not None
    for kind in (NoteKind.NOTE, NoteKind.WITHDRAWN):
        with pytest.raises(NotFound, match="resignation has no page on the web"):
            put(room, kind)


def test_a_text_leaves_the_web_with_the_words_of_the_note_before(room: Newsroom) -> None:
    room.subscribe(1)
    room.write(body="It left.")
    begin(room, "resignation")
    put(room, NoteKind.NOTE)
    put(room, NoteKind.WITHDRAWN)
    assert found(room, "left") == []


def test_what_is_off_the_web_is_not_found_until_it_is_put_back(room: Newsroom) -> None:
    room.subscribe(2)
    room.write(body="It left.")
    begin(room, "resignation")
    with pytest.raises(Refused, match="is on the web already"):
        put(room, NoteKind.RESTORED)
    put(room, NoteKind.WITHDRAWN)
    put(room, NoteKind.NOTE)
    put(room, NoteKind.NOTE)  # a second press
    assert found(room, "left") == []
    with pytest.raises(Refused, match="is off the web already"):
        put(room, NoteKind.WITHDRAWN)
    put(room, NoteKind.RESTORED, "")
    assert found(room, "left") == ["resignation"]
    with pytest.raises(Refused, match="takes the role"):
        put(room, NoteKind.NOTE, by="ed@forum.example")
    with pytest.raises(InvalidInput):
        put(room, NoteKind.NOTE, "")
    deeds = ["take off the web", "pause", "annotate", "put back on the web"]
    assert [deed for by, deed in room.deeds() if by == SAM] == deeds


def test_who_waits_does_not_get_a_text_that_was_taken_off_the_web(room: Newsroom) -> None:
    room.start(25)
    room.dispatch()
    put(room, NoteKind.NOTE)
    assert room.campaign().state is CampaignState.SENDING
    put(room, NoteKind.WITHDRAWN)
    assert (room.drain(), len(room.provider.accepted)) == (0, 10)
    campaign = room.campaign()
    why = f"{SAM} took the text of resignation off the web"
    assert (campaign.state, campaign.reason) == (CampaignState.PAUSED, why)
    assert room.deeds()[-2:] == [(SAM, "take off the web"), (SAM, "pause")]
    room.hand().resume("resignation")
    room.drain()
    assert len(room.provider.accepted) == 25


def test_a_page_of_before_does_not_resume_a_text_that_was_taken_off_the_web(room: Newsroom) -> None:
    room.start(25)
    room.dispatch()
    shown = room.hand().pause("resignation").moves
    put(room, NoteKind.WITHDRAWN)
    with pytest.raises(Outdated):
        room.hand().resume("resignation", shown=shown)
    why = f"paused by ada@forum.example; {SAM} took the text of resignation off the web"
    assert room.campaign().reason == why


@pytest.mark.parametrize("is_replayed", [False, True])
def test_what_proves_unsent_does_not_go_out_after_its_text_was_taken_off_the_web(
    room: Newsroom, is_replayed: bool
) -> None:
    if is_replayed:
        room.provider = RecordingProvider(replay=Replay.SAFE)
    room.start(10)
    room.dispatch(always(Verdict.UNKNOWN))
    put(room, NoteKind.WITHDRAWN)
    with room.store.read() as tx:
        assert find_status(tx, "resignation", room.rules).acts[:2] == (Act.DECIDE, Act.RESUME)
    room.provider.answer = accept_all
    if is_replayed:
        room.find_out(hours=1)
    else:
        room.hand().resolve("resignation", Resolution.RESEND)
    assert (room.drain(), len(room.provider.batches)) == (0, 1)
    assert room.campaign().state is CampaignState.PAUSED
