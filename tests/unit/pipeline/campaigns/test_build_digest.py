"""campaigns → digest: one issue a local date, of what went out, and of nothing that is wrong."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from newsletter.domain.archive import NoteKind
from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.digest import Every
from newsletter.domain.errors import NotFound, Refused
from newsletter.pipeline.archive.annotate import annotate
from newsletter.store.sql import Store
from tests.contracts.books import add_campaign
from tests.fakes import PlainRenderer
from tests.interrupted import Fuse, PowerCut, watched
from tests.unit.pipeline.campaigns.digests import FIRST, SECOND, THIRD, WEEKLY, Desk
from tests.unit.pipeline.newsroom import BalancedStore, Meanwhile
from tests.unit.pipeline.statements.languages import populate


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(BalancedStore(store))


def test_at_its_hour_what_went_out_is_gathered_and_waits_for_approval(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00", summary="Of the first.")
    desk.publish("two", "2026-11-26 10:00")
    desk.at("2026-11-27 15:59:59")
    assert desk.build() == []
    desk.at("2026-11-27 16:00")
    assert desk.build() == [(FIRST, "2 statements; it waits for approval")]

    issue = desk.issues()[FIRST]
    assert issue.parts == ("one", "two")
    assert issue.statement is not None
    assert issue.statement.title == "The week at Example Forum"
    assert issue.statement.date == date(2026, 11, 27)
    assert "[On one](<https://news.forum.example/archive/one>)" in issue.statement.body
    assert "2026-11-25 · Of the first." in issue.statement.body
    assert ("scheduler", "gather") in desk.deeds()


@pytest.mark.parametrize("has_parts", [False, True])
def test_a_statement_with_the_name_of_an_issue_goes_out_as_it_was_approved(
    desk: Desk, has_parts: bool
) -> None:
    if has_parts:
        desk.publish("one", "2026-11-25 10:00")
    desk.write(FIRST, title="Weekly 2026-11-27", body="The week in the press.")
    desk.refresh()
    desk.approve(slug=FIRST)
    desk.starter().schedule(FIRST, desk.clock.now() + timedelta(days=9), by="sam@forum.example")
    [(issue, said)] = desk.tick("2026-11-27 16:00")
    assert (issue.parts, said) == (
        (),
        f"another statement has the name {FIRST}: there is no issue",
    )
    assert desk.tick("2026-11-27 17:00") == []
    assert desk.campaign(FIRST).state is CampaignState.SCHEDULED
    desk.digests = ()
    desk.tick("2026-12-10 10:00")
    assert desk.started(FIRST)


def test_nobody_gets_it_without_a_yes_and_everybody_once_it_is_given(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.at("2026-11-27 16:00")
    for _ in range(3):
        desk.tick()
        desk.drain()
    assert len(desk.provider.accepted) == 3
    assert desk.started(FIRST) is None

    desk.approve(slug=FIRST)
    desk.tick()
    desk.drain()
    assert len(desk.provider.accepted) == 6
    assert desk.campaign(FIRST).state is CampaignState.SENT
    desk.tick("2026-11-27 18:00")
    assert len(desk.campaigns()) == 2


def test_looking_again_and_putting_the_clock_back_make_no_second_one(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.at("2026-11-27 16:00")
    assert len(desk.build()) == 1
    made = desk.issues()
    for wall in ("2026-11-27 16:00", "2026-11-27 15:00", "2026-11-27 16:30", "2026-11-20 16:01"):
        desk.at(wall)
        assert desk.build() == []
    assert desk.issues() == made


def test_an_issue_of_a_clock_that_ran_ahead_ends_no_digest(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.at("2027-11-26 16:00")
    assert [slug for slug, _ in desk.build()] == ["weekly-2027-11-26"]
    desk.publish("two", "2026-11-26 10:00")
    desk.at("2026-11-27 16:00")
    assert [slug for slug, _ in desk.build()] == [FIRST]
    assert desk.issues()[FIRST].parts == ("two",)


def test_two_looks_at_once_make_one(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.at("2026-11-27 16:00")
    racing = Meanwhile(desk.store, lambda: desk.builder().build())
    assert desk.builder(racing).build() == ()  # type: ignore[arg-type] # a store in what counts
    assert list(desk.issues()) == [FIRST]


def test_killed_in_the_middle_it_is_made_whole_by_the_next_look(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.at("2026-11-27 16:00")
    with pytest.raises(PowerCut):
        desk.builder(watched(desk.store, within=Fuse(1).burn)).build()
    assert desk.issues() == {}
    assert ("scheduler", "gather") not in desk.deeds()
    assert [slug for slug, _ in desk.build()] == [FIRST]
    assert desk.parts() == ("one",)


def test_each_statement_is_in_one_issue(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.publish("two", "2026-11-27 15:59")
    desk.publish("three", "2026-11-27 16:01")
    desk.tick()
    desk.publish("four", "2026-12-01 10:00")
    desk.tick("2026-12-04 17:00")
    assert desk.parts(FIRST) == ("one", "two")
    assert desk.parts(SECOND) == ("three", "four")


def test_what_went_out_before_it_was_configured_is_not_gathered(store: Store) -> None:
    desk = Desk(BalancedStore(store), replace(WEEKLY, name="other"))
    desk.publish("old", "2026-11-25 10:00")
    desk.at("2026-11-27 15:00")
    desk.digests = (WEEKLY,)
    desk.tick()
    desk.publish("new", "2026-11-27 15:30")
    desk.at("2026-11-27 16:00")
    assert [slug for slug, _ in desk.build()] == [FIRST]
    assert desk.parts() == ("new",)


def test_one_that_is_configured_after_its_hour_waits_for_the_next(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.at("2026-11-27 16:00:01")
    desk.digests = (replace(WEEKLY, name="late"),)
    assert desk.build() == []
    desk.at("2026-12-03 16:00")
    assert desk.build() == []


def test_one_that_was_taken_out_and_put_back_begins_anew(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.digests = ()
    desk.tick()
    desk.at("2026-12-08 10:00")
    desk.digests = (WEEKLY,)
    desk.tick()
    desk.publish("two", "2026-12-09 10:00")
    desk.tick("2026-12-11 16:00")
    assert {slug: one.parts for slug, one in desk.issues().items()} == {THIRD: ("two",)}


def test_after_a_standstill_the_newest_slot_is_made_up_and_the_others_are_named(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.publish("two", "2026-12-02 10:00")
    desk.at("2026-12-13 09:00")
    assert desk.build() == [
        (THIRD, "2 statements; it waits for approval; passed over: 2026-11-27, 2026-12-04")
    ]
    assert desk.parts(THIRD) == ("one", "two")
    assert desk.build() == []


def test_too_few_are_no_issue_and_are_in_the_next(desk: Desk) -> None:
    desk.set(least=2)
    desk.publish("one", "2026-11-25 10:00")
    desk.at("2026-11-27 16:00")
    said = "1 statement went out, and it takes 2: there is no issue"
    assert desk.build() == [("", said)]
    assert desk.build() == []
    desk.publish("two", "2026-12-01 10:00")
    desk.tick("2026-12-04 16:00")
    assert desk.parts(SECOND) == ("one", "two")


def test_where_nothing_went_out_there_is_no_issue(desk: Desk) -> None:
    desk.set(gathers=("press", "city"))
    desk.at("2026-11-27 16:00")
    said = "0 statements went out to press, city, and it takes 1: there is no issue"
    assert desk.build() == [("", said)]
    desk.refresh()
    with desk.store.read() as tx:
        assert tx.statements.all() == []


def test_what_is_embargoed_still_is_not_in_it(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    monday = datetime(2026, 11, 30, 12, 0)  # noqa: DTZ001 - a wall time
    desk.write("later", title="Later", embargo_until=monday)
    desk.refresh()
    desk.approve(slug="later")
    desk.tick("2026-11-27 16:00")
    assert desk.campaign("later").state is CampaignState.SCHEDULED
    assert desk.parts() == ("one",)
    issue = desk.issues()[FIRST].statement
    assert "Later" not in issue.body


def test_it_gathers_by_list_and_never_other_round_ups(store: Store) -> None:
    monthly = replace(
        WEEKLY, name="monthly", every=Every.MONTH, day=28, at="09:00", gathers=("press",)
    )
    desk = Desk(BalancedStore(store), WEEKLY, monthly)
    desk.subscribe(2, "city")
    desk.publish("press", "2026-11-25 10:00")
    desk.publish("city", "2026-11-26 10:00", lists=("city",))
    desk.tick("2026-11-27 16:00")
    desk.approve(slug=FIRST)
    desk.tick()
    desk.tick("2026-11-28 09:00")
    assert desk.parts(FIRST) == ("press", "city")
    assert desk.parts("monthly-2026-11-28") == ("press",)


def test_of_two_translations_it_names_that_in_its_language(desk: Desk) -> None:
    desk.publish("uno", "2026-11-25 10:00", language="es")
    populate(desk, {"en": 1}, start=90)  # somebody who joins too late for the original
    desk.publish("one", "2026-11-25 10:05", translation_of="uno")
    desk.tick("2026-11-27 16:00")
    assert desk.parts() == ("one",)


def test_a_statement_that_changed_since_is_named_in_words_that_were_approved(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00", title="As approved", summary="Approved.")
    desk.write("one", title="Never approved", summary="Nor this.")
    desk.refresh()
    desk.tick("2026-11-27 16:00")
    made = desk.issues()[FIRST].statement
    assert "As approved" in made.body
    assert "2026-11-25" in made.body
    assert "Never approved" not in made.body
    assert "Nor this" not in made.body


def test_the_oldest_are_left_out_where_one_mail_cannot_hold_them_and_that_is_said(
    desk: Desk,
) -> None:
    with desk.store.begin() as tx:
        for number in range(52):
            campaign = add_campaign(tx, f"s{number:02}")
            at = desk.clock.now() + timedelta(minutes=number + 1)
            tx.campaigns.change_state(
                campaign, CampaignState.SENDING, expect={CampaignState.SCHEDULED}, at=at
            )
    desk.at("2026-11-27 16:00")
    said = "50 statements; it waits for approval; the 2 oldest are left out, for one mail holds 50"
    assert desk.build() == [(FIRST, said)]
    assert desk.parts()[0] == "s02"


def made(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.publish("two", "2026-11-26 10:00")
    desk.tick("2026-11-27 16:00")


def correct(desk: Desk, slug: str, by: str) -> None:
    desk.write(by, title=f"Correction of {slug}", corrects=slug)
    desk.refresh()
    desk.approve(slug=by)


def test_a_part_that_is_corrected_gives_way_to_its_correction_which_waits_for_a_new_yes(
    desk: Desk,
) -> None:
    made(desk)
    desk.approve(slug=FIRST)
    desk.schedule(FIRST, desk.clock.now() + timedelta(hours=2))
    desk.tick()
    correct(desk, "one", "one-corrected")
    desk.plan()
    desk.start_due()
    assert desk.build() == [
        (FIRST, "a part was corrected or cancelled since, and it is made again from 2 statements")
    ]
    assert desk.parts() == ("two", "one-corrected")
    desk.tick()
    assert desk.campaign(FIRST).state is CampaignState.CANCELLED
    desk.tick("2026-11-28 16:00")
    assert desk.started(FIRST) is None
    desk.approve(slug=FIRST)
    desk.tick()
    assert desk.started(FIRST) is not None


def test_one_does_not_begin_with_a_part_that_was_corrected_since_the_look(desk: Desk) -> None:
    made(desk)
    correct(desk, "one", "one-corrected")
    at = desk.clock.now() + timedelta(hours=2)
    desk.schedule("one-corrected", at)
    desk.plan()
    desk.approve(slug=FIRST)
    desk.schedule(FIRST, at)
    desk.plan()
    desk.tick("2026-11-27 18:00")
    assert desk.started("one-corrected") is not None
    assert desk.started(FIRST) is None
    desk.tick()
    assert (desk.parts(), desk.started(FIRST)) == (("two", "one-corrected"), None)


def test_one_does_not_begin_with_a_part_that_left_the_web_since_the_look(desk: Desk) -> None:
    made(desk)
    desk.approve(slug=FIRST)
    desk.plan()
    annotate("one", NoteKind.WITHDRAWN, "Mistaken.", by="operator", store=desk.store)
    assert desk.start_due() == ()
    desk.tick()
    assert (desk.parts(), desk.started(FIRST)) == (("two",), None)


@pytest.mark.parametrize("is_corrected", [False, True])
def test_one_that_is_sent_stops_where_a_part_leaves_the_web_and_the_rest_do_not_get_it(
    desk: Desk, is_corrected: bool
) -> None:
    made(desk)
    desk.approve(slug=FIRST)
    desk.tick()
    assert desk.campaign(FIRST).state is CampaignState.SENDING
    if is_corrected:
        correct(desk, "one", "one-corrected")
        desk.tick()
        reason, why = "one-corrected corrected one", "it lists one, which one-corrected corrected"
    else:
        annotate("two", NoteKind.WITHDRAWN, "Mistaken.", by="operator", store=desk.store)
        reason = "operator took the text of two off the web"
        why = "it lists two, whose text is off the web"
    campaign = desk.campaign(FIRST)
    assert (campaign.state, campaign.reason) == (CampaignState.PAUSED, reason)
    desk.hand().cancel(FIRST)
    with pytest.raises(Refused, match=why):
        desk.hand().reopen(FIRST)


def test_the_correction_is_not_in_the_next_issue_again(desk: Desk) -> None:
    made(desk)
    correct(desk, "one", "one-corrected")
    desk.plan()
    desk.start_due()
    desk.build()
    desk.publish("three", "2026-12-01 10:00")
    desk.tick("2026-12-04 16:00")
    assert desk.parts(SECOND) == ("three",)


def test_one_that_has_begun_stays_as_it_went_out(desk: Desk) -> None:
    made(desk)
    desk.approve(slug=FIRST)
    desk.tick()
    assert desk.started(FIRST) is not None
    before = desk.issues()
    correct(desk, "one", "one-corrected")
    desk.tick()
    assert desk.build() == []
    assert desk.issues() == before


def test_a_part_that_is_cancelled_or_off_the_web_is_taken_out_and_none_left_is_no_issue(
    desk: Desk,
) -> None:
    desk.subscribe(30)
    for slug, wall in (("one", "2026-11-25 10:00"), ("two", "2026-11-25 11:00")):
        desk.at(wall)
        desk.write(slug, title=slug)
        desk.refresh()
        desk.approve(slug=slug)
        desk.plan()
        desk.start_due()  # begun, and nothing handed over yet
    desk.tick("2026-11-27 16:00")
    assert desk.parts() == ("one", "two")
    annotate("one", NoteKind.WITHDRAWN, "Mistaken.", by="operator", store=desk.store)
    desk.tick()
    assert desk.parts() == ("two",)
    desk.hand().cancel("two")
    said = "a part was corrected or cancelled since, and none is left"
    assert desk.build() == [("", said)]
    desk.refresh()
    with desk.store.read() as tx:
        stored = tx.statements.get(FIRST)
    assert not stored.present
    assert desk.build() == []


def test_where_its_round_up_is_not_configured_any_more_it_cannot_be_put_right_and_goes(
    desk: Desk,
) -> None:
    made(desk)
    desk.digests = ()
    assert desk.build() == []
    correct(desk, "one", "one-corrected")
    desk.plan()
    desk.start_due()
    assert [slug for slug, _ in desk.build()] == [""]
    assert desk.issues()[FIRST].statement is None


def test_two_looks_at_once_put_it_right_once(desk: Desk) -> None:
    made(desk)
    correct(desk, "one", "one-corrected")
    desk.plan()
    desk.start_due()
    racing = Meanwhile(desk.store, lambda: desk.builder().build())
    assert desk.builder(racing).build() == ()  # type: ignore[arg-type] # a store in what counts
    assert desk.parts() == ("two", "one-corrected")


def test_one_that_cannot_be_rendered_holds_nothing_up(desk: Desk) -> None:
    desk.set(intro="unrenderable")
    desk.publish("one", "2026-11-25 10:00")
    desk.tick("2026-11-27 16:00")
    desk.publish("two", "2026-11-28 10:00")
    with pytest.raises(Refused, match="cannot be rendered"):
        desk.approve(slug=FIRST)


def test_made_by_hand_it_is_that_of_today_and_the_slot_of_today_is_seen_to(desk: Desk) -> None:
    desk.set(least=3)
    desk.publish("one", "2026-11-27 10:00")
    issue, summary = desk.builder().make("weekly", "ada@forum.example")
    assert (issue.slug, summary) == (FIRST, "1 statement; it waits for approval")
    assert ("ada@forum.example", "gather") in desk.deeds()
    desk.at("2026-11-27 16:00")
    assert desk.build() == []
    with pytest.raises(Refused, match=f"{FIRST} is made already"):
        desk.builder().make("weekly", "ada@forum.example")


def test_made_by_hand_on_another_day_the_slot_has_what_came_after(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    assert desk.builder().make("weekly", "ada@forum.example")[0].slug == "weekly-2026-11-25"
    desk.publish("two", "2026-11-26 10:00")
    desk.tick("2026-11-27 16:00")
    assert desk.parts() == ("two",)


def test_after_a_slot_with_too_few_it_may_be_made_by_hand_on_the_same_day(desk: Desk) -> None:
    desk.tick("2026-11-27 16:00")
    desk.publish("one", "2026-11-27 17:00")
    assert desk.builder().make("weekly", "ada@forum.example")[0].slug == FIRST
    assert desk.parts() == ("one",)


def test_what_cannot_be_made_by_hand_is_refused_with_the_reason(desk: Desk) -> None:
    builder = desk.builder()
    with pytest.raises(NotFound, match="no digest email 'daily' is configured"):
        builder.make("daily", "ada@forum.example")
    with pytest.raises(Refused, match="since 2026-11-24 07:00, when weekly was first seen here"):
        builder.make("weekly", "ada@forum.example")
    assert desk.issues() == {}


def test_one_that_was_never_looked_at_begins_when_it_is_made_by_hand(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    desk.digests = (replace(WEEKLY, name="new"),)
    with pytest.raises(Refused, match="there is nothing to gather: since 2026-11-25 10:00"):
        desk.builder().make("new", "ada@forum.example")
    assert desk.builder().forecast("new").parts == ()


def test_a_dropped_one_goes_and_what_was_in_it_is_in_the_next(desk: Desk) -> None:
    made(desk)
    dropped = desk.builder().drop(FIRST, "ada@forum.example")
    assert (dropped.slug, dropped.statement) == (FIRST, None)
    desk.tick()
    assert desk.started(FIRST) is None
    desk.tick("2026-12-04 16:00")
    assert desk.parts(SECOND) == ("one", "two")
    with pytest.raises(NotFound, match="there is no issue"):
        desk.builder().drop(FIRST, "ada@forum.example")


def test_one_that_was_dropped_since_the_look_does_not_begin(desk: Desk) -> None:
    made(desk)
    desk.approve(slug=FIRST)
    desk.plan()
    desk.builder().drop(FIRST, "ada@forum.example")
    assert desk.start_due() == ()


def test_settings_that_changed_hold_for_what_is_made_afterwards(desk: Desk) -> None:
    made(desk)
    before = desk.issues()[FIRST].statement.title
    desk.set(title="What we said this week")
    desk.tick()
    assert desk.issues()[FIRST].statement.title == before
    desk.builder().drop(FIRST, "ada@forum.example")
    desk.builder().make("weekly", "ada@forum.example")
    assert desk.issues()[FIRST].statement.title == "What we said this week"


def test_a_dropped_one_that_is_made_again_waits_for_a_new_approval(desk: Desk) -> None:
    made(desk)
    desk.approve(slug=FIRST)
    desk.builder().drop(FIRST, "ada@forum.example")
    desk.refresh()
    desk.builder().make("weekly", "ada@forum.example")
    desk.tick()
    assert desk.started(FIRST) is None


def test_one_whose_parts_were_off_the_web_waits_for_a_new_approval(desk: Desk) -> None:
    made(desk)
    desk.approve(slug=FIRST)
    for kind, words in ((NoteKind.WITHDRAWN, "Mistaken."), (NoteKind.RESTORED, "")):
        for part in ("one", "two"):
            annotate(part, kind, words, by="operator", store=desk.store)
        desk.build()
        desk.refresh()
    assert desk.issues()[FIRST].statement is None
    desk.builder().make("weekly", "ada@forum.example")
    desk.tick()
    assert desk.started(FIRST) is None


def test_one_that_has_begun_cannot_be_dropped(desk: Desk) -> None:
    made(desk)
    desk.approve(slug=FIRST)
    desk.tick()
    with pytest.raises(Refused, match=f"the command is 'newsletter cancel {FIRST}'"):
        desk.builder().drop(FIRST, "ada@forum.example")


def test_a_look_ahead_says_what_would_be_made_and_makes_nothing(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00")
    ahead = desk.builder().forecast("weekly")
    assert ahead.coming.date() == date(2026, 11, 27)
    assert [one.slug for one in ahead.parts] == ["one"]
    assert ahead.made == ()
    assert desk.issues() == {}
    desk.builder().make("weekly", "ada@forum.example")
    ahead = desk.builder().forecast("weekly")
    assert ahead.parts == ()
    assert [one.slug for one in ahead.made] == ["weekly-2026-11-25"]


@pytest.mark.parametrize("changed", [{}, {"summary": "Never approved."}])
def test_templates_that_changed_since_leave_the_words_that_were_approved(
    desk: Desk, changed: dict[str, str]
) -> None:
    words = {"subject": "The subject", "summary": "Approved."}
    desk.publish("one", "2026-11-25 10:00", **words)
    desk.write("one", title="On one", **words | changed)
    desk.renderer = PlainRenderer("plain-2")
    desk.forget_looks()
    desk.at("2026-11-27 16:00")
    desk.refresh()
    desk.tick()
    made_of = desk.issues()[FIRST].statement
    assert ("On one" in made_of.body, "Approved." in made_of.body) == (not changed, not changed)
    assert ("The subject" in made_of.body, "Never" in made_of.body) == (bool(changed), False)
    assert "writer@forum.example" in made_of.written_by
