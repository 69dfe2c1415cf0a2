"""Messages that are not sent: to those who left, altered ones, and those that no call can carry."""

from dataclasses import replace

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.errors import Defect, Fault, InvalidInput, Refused, StoreUnavailable
from newsletter.store.sql import Store
from tests.fakes import MemoryWatermark, RecordingProvider, always
from tests.unit.pipeline.newsroom import Newsroom


class SpeechlessProvider(RecordingProvider):
    """Cannot express any content."""

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        raise InvalidInput([Fault(file="message", key="X-Note", message="cannot be said")])


def test_what_the_provider_cannot_express_pauses_the_campaign_before_any_call(
    room: Newsroom,
) -> None:
    room.start(25)
    provider = SpeechlessProvider()
    done = room.dispatcher(provider=provider).dispatch()
    assert done.answer.outcome.verdict is Verdict.CONFIGURATION
    assert provider.batches == []
    assert room.campaign().state is CampaignState.PAUSED
    assert room.campaign().reason == (
        "recording refuses: message X-Note: cannot be said. Nothing is lost: the operator has to"
        " correct that, then the sending can go on"
    )
    assert room.counts() == Counts(pending=25)


@pytest.mark.parametrize("delivery_settings_hash", ["", "another body"])
def test_what_another_body_of_the_provider_would_make_of_it_is_not_handed_over(
    room: Newsroom, delivery_settings_hash: str
) -> None:
    room.renderer.delivery_settings_hash = "the body that was approved"
    room.start(25)
    for _ in range(2):
        replace(room.dispatcher(), delivery_settings_hash=delivery_settings_hash).dispatch()
    assert room.provider.batches == []
    assert room.campaign().state is CampaignState.PAUSED
    assert "changed after the approval" in room.campaign().reason

    room.hand().resume("resignation")
    same = replace(room.dispatcher(), delivery_settings_hash=room.renderer.delivery_settings_hash)
    while same.dispatch() is not None:
        room.clock.advance(minutes=5)
    assert room.counts() == Counts(accepted=25)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE content SET document = replace(document, 'has resigned', 'has NOT resigned')",
        "UPDATE content SET document = replace(document, 'news@forum', 'eve@forum')",
    ],
)
def test_content_that_was_altered_in_the_database_is_not_handed_over(
    room: Newsroom, store: Store, tampering: str
) -> None:
    room.start(5)
    with store.begin() as tx:
        assert tx.db.change(tampering) == 1
    for _ in range(2):
        room.dispatcher().dispatch()
        assert room.campaign().state is CampaignState.PAUSED
        assert room.campaign().reason == (
            "its emails cannot be built (the content of campaign 1 is not what was approved): see"
            " the log, then resume it, or cancel it"
        )
        room.hand().resume("resignation")
    assert room.provider.batches == []
    assert room.counts() == Counts(pending=5)


class BrokenProvider(RecordingProvider):
    """Fails at the text of one statement."""

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        if batch.campaign == "broken":
            raise ZeroDivisionError("a defect of a translator")
        return super().prepare(batch)


def test_a_campaign_whose_emails_cannot_be_built_stops_no_other(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    room.subscribe(3)
    for slug in ("broken", "sound"):
        room.write(slug, body=f"Text of {slug}.")
    room.look()
    for slug in ("broken", "sound"):
        room.approve(slug=slug)
    room.plan()
    room.start_due(minutes=5)
    provider = BrokenProvider()
    room.drain(dispatcher=room.dispatcher(provider=provider))
    assert [batch.campaign for batch in provider.batches] == ["sound"]
    assert room.campaign("broken").state is CampaignState.PAUSED
    assert room.campaign("broken").counts == Counts(pending=3)
    assert "cannot be built (a defect of a translator)" in room.campaign("broken").reason
    assert "a defect of a translator" in caplog.text

    room.hand().resume("broken")
    room.drain()
    assert room.campaign("broken").counts == Counts(accepted=3)


def test_a_claim_that_cannot_be_noted_outside_is_not_handed_over_and_waits(room: Newsroom) -> None:
    room.start(25)
    guard_file = MemoryWatermark(begun=True)
    room.guard_file, guard_file.full = guard_file, True
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        room.dispatcher().dispatch()
    assert room.provider.batches == []
    assert room.counts() == Counts(pending=25)

    guard_file.full = False
    assert room.drain() == 3
    assert room.counts() == Counts(accepted=25)


def test_a_database_that_goes_back_while_it_is_at_work_hands_nothing_over(
    room: Newsroom, store: Store
) -> None:
    room.start(25)
    room.dispatch()
    with store.begin() as tx:
        tx.db.change("UPDATE restore_guard SET claims = 0")
    with pytest.raises(Refused, match="exchanged"):
        room.dispatcher().dispatch()
    assert len(room.provider.batches) == 1
    assert room.counts() == Counts(accepted=10, pending=15)


def test_content_altered_after_the_first_batch_changes_nothing_for_the_next(
    room: Newsroom, store: Store
) -> None:
    campaign = room.start(25)
    dispatcher = room.dispatcher()
    dispatcher.dispatch()
    with store.begin() as tx:
        tx.db.change("UPDATE content SET document = replace(document, 'has', 'not')")
    while dispatcher.dispatch() is not None:
        pass
    assert {batch.content.content_hash() for batch in room.provider.batches} == {
        campaign.content_hash
    }


def test_a_dispatcher_keeps_apart_the_contents_of_many_campaigns(room: Newsroom) -> None:
    slugs = [f"s{number}" for number in range(20)]
    room.subscribe(1)
    for slug in slugs:
        room.write(slug, body=f"Text of {slug}.")
    room.look()
    for slug in slugs:
        room.approve(slug=slug)
    room.plan()
    assert len(room.start_due(minutes=5)) == 20
    room.drain()
    assert [
        (batch.campaign, batch.content.text.splitlines()[0]) for batch in room.provider.batches
    ] == [(slug, f"Text of {slug}.") for slug in sorted(slugs)]


def test_content_that_vanished_is_not_handed_over(room: Newsroom, store: Store) -> None:
    room.start(5)
    with store.begin() as tx:
        tx.db.change("INSERT INTO content SELECT 'x', document, created_at FROM content LIMIT 1")
        tx.db.change("UPDATE campaign SET content_hash = 'x'")
        tx.db.change("DELETE FROM content WHERE content_hash <> 'x'")
    room.dispatcher().dispatch()
    assert room.provider.batches == []
    assert room.campaign().state is CampaignState.PAUSED


def test_whoever_left_since_the_start_gets_nothing(room: Newsroom) -> None:
    room.start(25)
    room.suppress("READER3@example.org")
    with room.store.begin() as tx:
        tx.readers.erase("reader13@example.org", room.clock.now())
        tx.choices.leave(23, ["press"], room.clock.now(), 1)
    room.drain()
    left = {f"reader{number}@example.org" for number in (3, 13, 23)}
    assert len(room.provider.accepted) == 22
    assert not left & set(room.provider.accepted)
    assert room.counts() == Counts(accepted=22, suppressed=3)
    assert room.campaign().state is CampaignState.SENT


def test_a_campaign_whose_last_readers_left_while_it_waited_ends(room: Newsroom) -> None:
    room.start(2)
    for number in (1, 2):
        room.suppress(f"reader{number}@example.org")
    assert room.dispatcher().dispatch() is None
    assert room.provider.batches == []
    assert room.campaign().state is CampaignState.SENT
    assert room.counts() == Counts(suppressed=2)


def test_an_emptied_campaign_does_not_end_others_that_still_wait(room: Newsroom) -> None:
    room.start(5)
    room.dispatch(always(Verdict.RETRY))
    assert room.dispatcher().dispatch() is None
    assert room.campaign().state is CampaignState.SENDING


def test_a_campaign_without_batches_for_what_is_pending_is_a_defect(
    room: Newsroom, store: Store
) -> None:
    room.start(5)
    with store.begin() as tx:
        tx.db.change("UPDATE batch SET state = 'done'")
    with pytest.raises(Defect, match="deliveries pending and no batch"):
        room.dispatcher(store).dispatch()
