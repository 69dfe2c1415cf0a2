"""Stored content that was altered holds back its own statement, and all others go on."""

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import UNREADABLE
from newsletter.pipeline.campaigns.report import make_report
from newsletter.pipeline.staff.notify import notify
from newsletter.pipeline.statements.ingest import DigestSource
from newsletter.store.sql import Store
from tests.unit.pipeline.campaigns.correcting import RIGHT, WRONG, agree, held
from tests.unit.pipeline.campaigns.digests import FIRST, Desk
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom
from tests.unit.pipeline.statements import languages
from tests.unit.pipeline.statements.languages import FORUM, MEXICAN, SPANISH

PAUSED = CampaignState.PAUSED
ALTERATIONS = [
    "UPDATE content SET document = replace(document, :words, 'Of Eve')",
    "UPDATE content SET document = 'no JSON' WHERE instr(document, :words) > 0",
]
alterations = pytest.mark.parametrize("alteration", ALTERATIONS)


def alter(room: Newsroom, alteration: str, words: str) -> None:
    with room.store.begin() as tx:
        assert tx.db.change(alteration, words=words)


@alterations
def test_a_statement_altered_before_planning_is_paused_and_others_start(
    room: Newsroom, alteration: str
) -> None:
    room.subscribe(3)
    for slug in ("altered", "sound"):
        room.write(slug, body=f"Text of {slug}.")
    room.look()
    for slug in ("altered", "sound"):
        room.approve(slug=slug)
    alter(room, alteration, "Text of altered")
    assert [one.slug for one in room.plan().scheduled] == ["altered", "sound"]
    assert (room.campaign("altered").state, room.campaign("altered").unlisted) == (PAUSED, True)
    assert "not what was approved" in room.campaign("altered").reason
    assert [one.slug for one in room.start_due(minutes=5)] == ["sound"]

    room.write("altered", body="New words.")
    room.look()
    room.approve(slug="altered")
    room.plan()
    assert [one.slug for one in room.start_due(minutes=5)] == ["altered"]


def test_a_changed_statement_whose_approved_content_is_damaged_stops_no_planning(
    room: Newsroom,
) -> None:
    room.subscribe(3)
    room.write_and_approve("damaged", body="Text of damaged.")
    room.write_and_approve("sound")
    alter(room, ALTERATIONS[1], "Text of damaged")
    room.write("damaged", body="New words.")
    room.look()
    assert [one.slug for one in room.start_due(minutes=5)] == ["sound"]


@alterations
def test_an_altered_translation_keeps_its_readers_waiting_and_the_rest_go_out(
    room: Newsroom, alteration: str
) -> None:
    languages.populate(room, {"en": 3, "es": 4, "es-MX": 2})
    languages.compose(room, FORUM, SPANISH, MEXICAN)
    languages.agree(room, FORUM, SPANISH, MEXICAN)
    alter(room, alteration, f"This is {SPANISH}.")
    assert languages.begin(room) == [FORUM, MEXICAN]
    room.drain()
    assert languages.in_each(room) == {FORUM: 3, MEXICAN: 2}
    assert room.campaign(SPANISH).state is PAUSED
    [awaited] = make_report(FORUM, store=room.store)["awaited"]
    assert awaited["said"] == "4 readers wait for forum-es (es), which is paused"


@alterations
def test_a_translation_in_the_altered_email_of_its_original_stops_no_planning(
    room: Newsroom, alteration: str
) -> None:
    languages.go_together(room)
    languages.populate(room, {"en": 3})
    languages.compose(room, FORUM, SPANISH)
    languages.agree(room, FORUM)
    assert languages.begin(room) == [FORUM]
    alter(room, alteration, f"This is {FORUM}.")
    room.forget_looks()
    room.write_and_approve("sound")
    agree(room, corrects=SPANISH)
    assert "was sent to no one" in held(room)
    assert room.campaign("sound").state is CampaignState.SCHEDULED


@alterations
def test_a_correction_of_an_altered_statement_that_has_not_begun_is_held(
    room: Newsroom, alteration: str
) -> None:
    room.subscribe(3)
    room.write_and_approve(WRONG, body="Text of the wrong one.")
    room.plan()
    agree(room)
    alter(room, alteration, "Text of the wrong one.")
    room.write_and_approve("sound")
    assert "not what was approved" in held(room, RIGHT)
    assert [one.slug for one in room.start_due(minutes=5)] == ["sound"]


@alterations
def test_a_digest_leaves_out_an_altered_part_whose_text_changed(
    store: Store, alteration: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(BalancedStore(store))
    for slug in ("altered", "sound"):
        desk.publish(slug, "2026-11-25 10:00", body=f"Text of {slug}.")
    alter(desk, alteration, "Text of altered")
    desk.write("altered", body="New words.")
    desk.refresh()
    desk.at("2026-11-27 16:00")
    assert desk.build() == [(FIRST, "1 statement; it waits for approval")]
    assert desk.parts() == ("sound",)
    assert "campaign 1 is in no digest" in caplog.text
    assert desk.build() == []


def damage(room: Newsroom, where: str, table: str = "statement") -> None:
    with room.store.begin() as tx:
        assert tx.db.change(f"UPDATE {table} SET document = '{{\"slug\":7' WHERE {where}")


def test_a_damaged_statement_pauses_its_own_campaign_and_others_start(room: Newsroom) -> None:
    room.subscribe(3)
    for slug in ("damaged", "sound"):
        room.write_and_approve(slug, body=f"Text of {slug}.")
    room.plan()
    damage(room, "slug = 'damaged'")
    room.plan()
    assert [one.slug for one in room.start_due(minutes=5)] == ["sound"]
    notify(store=room.store, rules=room.rules)
    assert room.campaign("damaged").state is PAUSED
    assert "cannot be read" in room.campaign("damaged").reason
    [report] = [one for one in room.store.check_rows(seconds=9) if one.what == "statements"]
    assert report.damaged == ("statement damaged",)
    with room.store.read() as tx:
        assert [one.slug for one in tx.statements.all()] == ["sound"]
        assert tx.statements.find_translations("damaged") == []
    with pytest.raises(Refused, match="damaged: its stored text cannot be read; ask"):
        room.approve(slug="damaged")

    room.forget_looks()
    room.look()
    with room.store.read() as tx:
        stored = tx.statements.get("damaged")
    assert stored is not None
    assert stored.statement.body == "Text of damaged."


def test_a_damaged_issue_of_a_digest_keeps_its_parts_and_stops_no_other(store: Store) -> None:
    desk = Desk(BalancedStore(store))
    desk.publish("hours", "2026-11-25 10:00")
    desk.at("2026-11-27 16:00")
    assert desk.build() == [(FIRST, "1 statement; it waits for approval")]
    damage(desk, "name = 'weekly'", "issue")
    [report] = [one for one in store.check_rows(seconds=9) if one.what == "issues"]
    assert report.damaged == (FIRST,)
    [fault] = DigestSource(store).read().faults
    assert (fault.file, fault.message) == (f"digest email {FIRST}", UNREADABLE)
    desk.publish("library", "2026-11-29 10:00")
    desk.at("2026-12-04 16:00")
    [(slug, _)] = desk.build()
    assert desk.parts(slug) == ("library",)

    with store.begin() as tx:
        tx.db.change("UPDATE issue SET parts = '[7' WHERE day = '2026-11-27'")
    assert len(DigestSource(store).read().faults) == 1
    [report] = [one for one in store.check_rows(seconds=9) if one.what == "issues"]
    assert report.damaged == (FIRST,)
