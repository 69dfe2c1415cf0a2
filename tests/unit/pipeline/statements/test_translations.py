"""One statement in several languages: each reader gets one of them, once."""

import pytest

from newsletter.cli.statements.preview import report_lines
from newsletter.domain.archive import NoteKind
from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.errors import Refused
from newsletter.pipeline.archive.annotate import annotate
from newsletter.pipeline.campaigns.report import make_report
from tests.contracts.books import audited
from tests.fakes import accept_all, always
from tests.unit.pipeline.campaigns.correcting import foretold
from tests.unit.pipeline.newsroom import Newsroom
from tests.unit.pipeline.statements.languages import (
    FORUM,
    FRENCH,
    MEXICAN,
    SPANISH,
    agree,
    begin,
    compose,
    held,
    in_each,
    later,
    populate,
)
from tests.unit.pipeline.statements.languages import (
    got as had,
)


def awaited(room: Newsroom, slug: str = FORUM) -> list[str]:
    return [row["said"] for row in make_report(slug, store=room.store)["awaited"]]


@pytest.mark.parametrize(
    "order", [(FORUM, SPANISH, MEXICAN), (MEXICAN, SPANISH, FORUM), (SPANISH, FORUM, MEXICAN)]
)
@pytest.mark.parametrize("apart", [False, True])
def test_each_reader_gets_their_language_in_whatever_order_members_are_approved_and_start(
    room: Newsroom, order: tuple[str, ...], apart: bool
) -> None:
    populate(room, {"": 3, "en": 4, "es": 5, "es-AR": 2, "es-MX": 6, "de": 1})
    compose(room, FORUM, SPANISH, MEXICAN)
    for hours, slug in enumerate(order):
        if apart:
            later(room, slug, hours=hours)
    agree(room, *order)
    started = []
    for _ in order:
        started += begin(room)
        room.drain()
        room.clock.advance(hours=1)
    assert started == (list(order) if apart else sorted(order))
    assert in_each(room) == {FORUM: 8, SPANISH: 7, MEXICAN: 6}
    assert room.campaign(SPANISH).translates == FORUM
    assert make_report(SPANISH, store=room.store)["translates"] == FORUM
    assert awaited(room) == []


@pytest.mark.parametrize("order", [(FORUM, SPANISH), (SPANISH, FORUM)])
def test_a_reader_whose_language_changes_between_two_starts_gets_the_one_that_they_waited_for(
    room: Newsroom, order: tuple[str, str]
) -> None:
    populate(room, {"en": 3, "es": 3})
    compose(room, FORUM, SPANISH)
    first, second = order
    later(room, second, hours=1)
    agree(room, *order)
    assert begin(room) == [first]
    room.drain()
    with room.store.begin() as tx:
        for number, language in ((1, "es"), (2, "fr"), (4, "en"), (5, "fr")):
            tx.choices.set_details(number, language=language)
    assert room.rehearse(second).audience == 3
    room.clock.advance(hours=1)
    assert begin(room) == [second]
    room.drain()
    assert in_each(room) == {FORUM: 3, SPANISH: 3}


def test_of_two_statements_under_way_a_reader_gets_the_one_that_they_waited_for_in_each(
    room: Newsroom,
) -> None:
    [reader] = populate(room, {"es": 1})
    populate(room, {"en": 1, "fr": 1}, start=2)
    compose(room, FORUM, SPANISH)
    later(room, SPANISH, hours=2)
    agree(room, FORUM, SPANISH)
    assert begin(room) == [FORUM]

    def speak(language: str) -> None:
        with room.store.begin() as tx:
            tx.choices.set_details(1, language=language)

    speak("fr")
    room.write("hall", language="en", body="The hall opens.")
    room.write("hall-fr", language="fr", body="La salle ouvre.", translation_of="hall")
    room.look()
    later(room, "hall-fr", hours=1)
    agree(room, "hall", "hall-fr")
    assert begin(room) == ["hall"]
    speak("en")
    speak("de")
    room.clock.advance(hours=1)
    assert begin(room) == ["hall-fr"]
    room.clock.advance(hours=1)
    assert begin(room) == [SPANISH]
    room.drain()
    assert sorted(had(room)[reader]) == [SPANISH, "hall-fr"]
    with room.store.begin() as tx:
        kept = tx.data_exports.collect(1)["former_languages"]
        assert [one["language"] for one in kept] == ["es", "fr"]  # type: ignore[attr-defined] # a list
        tx.readers.erase(reader, tx.now)
        assert not tx.db.has_row("SELECT 1 FROM former_language")


def test_a_dry_run_says_who_gets_which_language(room: Newsroom) -> None:
    populate(room, {"en": 2, "es": 2, "es-MX": 1})
    room.suppress("reader001@example.org")
    compose(room, FORUM, SPANISH)
    before = foretold(room, FORUM)
    assert (before.audience, before.elsewhere, before.unapproved) == (4, (), (SPANISH,))
    assert "forum-es is not approved, so no one waits for it" in list(report_lines(before))
    assert foretold(room, SPANISH).unapproved == ()

    room.approve(slug=SPANISH)
    dry = foretold(room, FORUM)
    room.plan()
    assert dry == foretold(room, FORUM)
    assert dry.addresses == ("reader002@example.org",)
    assert dry.excluded == (("reader001@example.org", "bounced"),)
    spanish = tuple(f"reader00{number}@example.org" for number in (3, 4, 5))
    assert dry.elsewhere == tuple((one, "gets it in es: forum-es") for one in spanish)
    assert "3 more on these lists: gets it in es: forum-es" in list(report_lines(dry))

    theirs = foretold(room, SPANISH)
    assert (theirs.addresses, theirs.translates) == (spanish, FORUM)
    assert theirs.elsewhere == (("reader002@example.org", "gets it in en: forum"),)

    assert begin(room) == [SPANISH]
    assert {why for _, why in foretold(room, FORUM).elsewhere} == {"is in the audience of forum-es"}


@pytest.mark.parametrize(
    ("first", "second", "got"),
    [(FORUM, SPANISH, {FORUM: 5, SPANISH: 2}), (SPANISH, FORUM, {FORUM: 4, SPANISH: 3})],
)
def test_who_subscribes_after_one_member_began_gets_the_other(
    room: Newsroom, first: str, second: str, got: dict[str, int]
) -> None:
    """The one that was approved too late goes to those alone who have nothing."""
    populate(room, {"en": 2, "es": 3})
    compose(room, FORUM, SPANISH)
    agree(room, first)
    assert begin(room) == [first]
    populate(room, {"es": 2}, start=10)
    agree(room, second)
    assert begin(room) == [second]
    room.drain()
    assert in_each(room) == got


@pytest.mark.parametrize("end", ["cancel", "revoke", "remove", "pause"])
def test_who_waits_for_a_translation_that_does_not_come_is_shown_and_can_still_be_reached(
    room: Newsroom, end: str
) -> None:
    populate(room, {"en": 2, "es": 3, "fr": 1})
    compose(room, FORUM, SPANISH, FRENCH)
    later(room, SPANISH, hours=9)
    later(room, FRENCH, hours=9)
    agree(room, FORUM, SPANISH, FRENCH)
    assert begin(room) == [FORUM]
    room.drain()
    assert awaited(room) == [
        "3 readers wait for forum-es (es), which is scheduled",
        "1 reader waits for forum-fr (fr), which is scheduled",
    ]
    if end == "cancel":
        room.hand().cancel(SPANISH)
    elif end == "revoke":
        with room.store.begin() as tx:
            tx.approvals.revoke(SPANISH, room.clock.now(), actor="ed")
    elif end == "remove":
        room.remove(SPANISH)
    else:
        room.hand().pause(SPANISH)
    room.look()
    state = "paused" if end == "pause" else "canceled"
    assert awaited(room)[0] == f"3 readers wait for forum-es (es), which is {state}"
    assert in_each(room) == {FORUM: 2}

    if end == "pause":
        room.hand().resume(SPANISH)
    else:
        compose(room, SPANISH)
        agree(room, SPANISH) if end != "remove" else room.plan()
    assert SPANISH in [one.slug for one in room.start_due(hours=9)]
    room.drain()
    assert in_each(room) == {FORUM: 2, SPANISH: 3, FRENCH: 1}
    assert awaited(room) == []
    assert awaited(room, SPANISH) == []


def test_who_was_cancelled_in_one_language_after_the_original_began_is_shown(
    room: Newsroom,
) -> None:
    populate(room, {"en": 2, "es": 25})
    compose(room, FORUM, SPANISH)
    agree(room, SPANISH, FORUM)
    assert sorted(begin(room)) == [FORUM, SPANISH]
    room.dispatch()
    room.dispatch()
    room.hand().cancel(SPANISH)
    room.drain()
    left = room.campaign(SPANISH).counts.cancelled
    assert left > 0
    assert awaited(room) == [f"{left} readers wait for forum-es (es), which is canceled"]

    room.remove(SPANISH)
    room.write_and_look("otra", language="es", translation_of=FORUM, body="This is another.")
    agree(room, "otra")
    assert begin(room) == ["otra"]
    room.drain()
    assert in_each(room)["otra"] == left
    assert sum(in_each(room).values()) == 27


def test_a_crash_frees_nobody_for_another_language(room: Newsroom) -> None:
    populate(room, {"en": 1, "es": 9})
    compose(room, FORUM, SPANISH)
    agree(room, SPANISH)
    begin(room)
    room.dispatch(always(Verdict.UNKNOWN))
    room.recover()
    room.hand().cancel(SPANISH)
    room.provider.answer = accept_all
    agree(room, FORUM)
    begin(room)
    room.drain()
    assert room.campaign(FORUM).counts == Counts(accepted=1)


@pytest.mark.parametrize("slug", [FORUM, SPANISH])
def test_a_member_for_whom_nobody_is_left_is_paused_and_says_why(room: Newsroom, slug: str) -> None:
    populate(room, {"es" if slug == FORUM else "en": 3})
    compose(room, FORUM, SPANISH)
    agree(room, SPANISH, FORUM)
    begin(room)
    campaign = room.campaign(slug)
    assert campaign.state is CampaignState.PAUSED
    assert f"no one on press is left for {slug}: no one reads its language" in campaign.reason
    other = {FORUM: SPANISH, SPANISH: FORUM}[slug]
    room.drain()
    assert in_each(room) == {other: 3}


def test_a_translation_of_what_is_not_there_is_held_and_others_do_not_wait_for_it(
    room: Newsroom,
) -> None:
    populate(room, {"en": 1, "es": 2})
    compose(room, SPANISH)
    agree(room, SPANISH)
    assert held(room, SPANISH).startswith("it translates forum, and there is no statement of that")
    assert foretold(room, SPANISH).reasons == (
        "it translates forum, and there is no statement of that name; write the slug of one",
    )
    compose(room, FORUM)
    agree(room, SPANISH)  # now that it can be said how many get it
    [scheduled] = [one for one in room.campaigns() if one.slug == SPANISH]
    assert scheduled.state is CampaignState.SCHEDULED
    room.remove(FORUM)
    room.ingest()
    assert "there is no statement of that name" in held(room, SPANISH)
    assert room.campaign(SPANISH).state is CampaignState.CANCELLED


def test_a_translation_stays_one_when_the_file_of_what_went_out_is_taken_away(
    room: Newsroom,
) -> None:
    populate(room, {"en": 1, "es": 2})
    compose(room, FORUM, SPANISH)
    later(room, SPANISH, hours=1)
    agree(room, FORUM, SPANISH)
    assert begin(room) == [FORUM]
    room.remove(FORUM)
    assert room.look().withdrawn == ()
    room.start_due(hours=1)
    room.drain()
    assert in_each(room) == {FORUM: 1, SPANISH: 2}


def test_faults_of_families_are_told_before_anybody_approves(room: Newsroom) -> None:
    compose(room, FORUM, SPANISH)
    assert room.render().faults == ()
    room.write("otra", language="es", translation_of=FORUM)
    room.ingest()
    said = [str(fault) for fault in room.render().faults]
    assert [one.partition(";")[0] for one in said] == [
        "statements/forum-es.md: otra is in es and translates forum too",
        "statements/otra.md: forum-es is in es and translates forum too",
    ]


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_second_text_in_a_language_stops_no_translation_that_was_approved_before(
    room: Newsroom, is_approved: bool
) -> None:
    populate(room, {"en": 1, "es": 2})
    compose(room, FORUM, SPANISH)
    later(room, SPANISH, hours=1)
    agree(room, FORUM, SPANISH)
    room.write_and_look("otra", language="es", translation_of=FORUM)
    if is_approved:
        agree(room, "otra")
        assert held(room, "otra").startswith(f"{SPANISH} is in es and translates {FORUM} too")
    assert room.campaign(SPANISH).state is CampaignState.SCHEDULED
    assert begin(room) == [FORUM]
    room.clock.advance(hours=1)
    assert begin(room) == [SPANISH]
    room.drain()
    assert in_each(room) == {FORUM: 1, SPANISH: 2}


def test_what_a_translation_translates_is_part_of_what_is_approved(room: Newsroom) -> None:
    compose(room, FORUM, SPANISH)
    before = room.content_hash(SPANISH)
    room.write_and_look(SPANISH, language="es", body=f"This is {SPANISH}.")
    assert room.content_hash(SPANISH) != before


def test_a_correction_goes_to_those_who_got_that_member(room: Newsroom) -> None:
    populate(room, {"en": 2, "es": 3})
    compose(room, FORUM, SPANISH)
    agree(room, FORUM, SPANISH)
    begin(room)
    room.drain()
    room.write_and_look("right-es", corrects=SPANISH, language="es", body="This is right.")
    agree(room, "right-es")
    assert begin(room) == ["right-es"]
    room.drain()
    assert room.campaign("right-es").counts == Counts(accepted=3)


def test_who_gets_a_correction_in_place_of_a_member_gets_no_other_member(room: Newsroom) -> None:
    populate(room, {"en": 2, "es": 25})
    compose(room, FORUM, SPANISH)
    agree(room, FORUM)
    begin(room)
    room.dispatch()
    room.write_and_look("right", corrects=FORUM, body="This is right.")
    agree(room, "right")
    assert begin(room) == ["right"]
    agree(room, SPANISH)
    begin(room)
    room.drain()
    assert room.campaign(SPANISH).state is CampaignState.PAUSED
    assert room.campaign("right").counts == Counts(accepted=27)


def test_what_has_not_begun_and_goes_out_in_several_languages_is_mended_not_corrected(
    room: Newsroom,
) -> None:
    populate(room, {"en": 2, "es": 2})
    compose(room, FORUM, SPANISH)
    later(room, FORUM, hours=9)
    later(room, SPANISH, hours=9)
    agree(room, FORUM, SPANISH)
    for wrong in (FORUM, SPANISH):
        room.write_and_look(f"right-{wrong}", corrects=wrong, body="This is right.")
        agree(room, f"right-{wrong}")
        why = f"it corrects {wrong}, which goes out in several languages and has not begun"
        assert held(room, f"right-{wrong}").startswith(why)


def test_what_a_correction_took_the_place_of_is_translated_no_more(room: Newsroom) -> None:
    populate(room, {"en": 2, "es": 2})
    compose(room, FORUM)
    later(room, FORUM, hours=9)
    agree(room, FORUM)
    room.write_and_look("right", corrects=FORUM, body="This is right.")
    agree(room, "right")
    assert begin(room) == ["right"]
    compose(room, SPANISH)
    agree(room, SPANISH)
    assert "in whose place its correction right goes" in held(room, SPANISH)


def begin_original(room: Newsroom) -> None:
    """Begin an original whose translation is approved, and goes out in two days."""
    populate(room, {"en": 2, "es": 2})
    compose(room, FORUM, SPANISH)
    later(room, SPANISH, days=2)
    agree(room, FORUM, SPANISH)
    assert begin(room) == [FORUM]


@pytest.mark.parametrize("amends", [False, True])
def test_a_translation_that_was_approved_before_a_correction_does_not_go_out_uncorrected(
    room: Newsroom, amends: bool
) -> None:
    begin_original(room)
    room.drain()
    room.write_and_look("right", corrects=FORUM)
    room.approve(slug="right")
    room.look()
    assert begin(room) == ["right"]
    room.drain()
    assert held(room, SPANISH).startswith("it translates forum, which right has corrected since")
    assert begin(room) == []
    if amends:
        compose(room, SPANISH, body="The right text.")
    else:
        with room.store.begin() as tx:
            tx.approvals.revoke(SPANISH, tx.now, actor="ed@forum.example", reason="is it right?")
    agree(room, SPANISH)
    room.clock.advance(days=2)
    assert begin(room) == [SPANISH]
    room.write_and_look("better", corrects="right")
    assert room.approve(slug="better")


def test_the_rest_of_a_translation_waits_when_its_original_is_corrected(room: Newsroom) -> None:
    populate(room, {"en": 2, "es": 25})
    compose(room, FORUM, SPANISH)
    agree(room, FORUM, SPANISH)
    assert begin(room) == [FORUM, SPANISH]
    room.dispatch()
    room.dispatch()
    for slug, corrects in (("right", FORUM), ("better", "right")):
        room.write_and_look(slug, corrects=corrects)
        room.approve(slug=slug)
        room.look()
        assert begin(room) == [slug]
        room.drain()
        campaign = room.campaign(SPANISH)
        assert (campaign.state, campaign.counts.accepted) == (CampaignState.PAUSED, 10)
        assert campaign.reason == f"{slug} corrected {FORUM}"
        line = audited(room.store, "pause")[-1]
        assert (line.actor, line.subject) == ("scheduler", SPANISH)
        assert line.values["reason"] == campaign.reason
        room.hand().resume(SPANISH)
    room.drain()
    assert room.campaign(SPANISH).counts.accepted == 25


def test_the_rest_of_a_translation_that_was_corrected_meanwhile_is_not_sent_after_its_end(
    room: Newsroom,
) -> None:
    populate(room, {"en": 2, "es": 25})
    compose(room, FORUM, SPANISH)
    agree(room, FORUM, SPANISH)
    begin(room)
    room.dispatch()
    room.dispatch()
    room.write_and_look("right", corrects=FORUM)
    room.approve(slug="right")
    room.look()
    assert begin(room) == ["right"]
    room.clock.advance(minutes=1)
    room.hand().cancel(SPANISH)
    with pytest.raises(Refused, match="forum, which right has corrected since"):
        room.hand().reopen(SPANISH)


def test_no_translation_goes_out_while_the_text_of_its_original_is_off_the_web(
    room: Newsroom,
) -> None:
    begin_original(room)
    room.drain()
    annotate(FORUM, NoteKind.WITHDRAWN, "It was wrong.", by="ada@forum.example", store=room.store)
    room.clock.advance(days=2)
    assert begin(room) == []
    assert held(room, SPANISH).startswith("it translates forum, whose text is off the web")
    annotate(FORUM, NoteKind.RESTORED, "", by="ada@forum.example", store=room.store)
    room.plan()
    assert begin(room) == [SPANISH]
    annotate(FORUM, NoteKind.WITHDRAWN, "It was wrong.", by="ada@forum.example", store=room.store)
    assert room.campaign(SPANISH).state is CampaignState.PAUSED


@pytest.mark.parametrize("is_sent_on", [False, True])
def test_no_translation_goes_out_after_its_original_was_cancelled(
    room: Newsroom, is_sent_on: bool
) -> None:
    begin_original(room)
    room.clock.advance(days=2)
    room.hand().cancel(FORUM)
    assert begin(room) == []
    assert held(room, SPANISH).startswith("it translates forum, which was canceled after its")
    if is_sent_on:
        room.hand().reopen(FORUM)
    else:
        with room.store.begin() as tx:
            tx.approvals.revoke(SPANISH, tx.now, actor="ed@forum.example", reason="alone?")
        agree(room, SPANISH)
    room.plan()
    room.clock.advance(days=2)
    assert begin(room) == [SPANISH]


def test_what_was_translated_corrects_nothing_so_that_nobody_gets_two_languages(
    room: Newsroom,
) -> None:
    populate(room, {"en": 2, "es": 2})
    room.write_and_look("wrong", body="This is wrong.")
    agree(room, "wrong")
    assert begin(room) == ["wrong"]
    room.drain()
    compose(room, FORUM, SPANISH)
    agree(room, SPANISH)
    assert begin(room) == [SPANISH]
    room.drain()
    compose(room, FORUM, corrects="wrong")
    agree(room, FORUM)
    assert held(room, FORUM).startswith(f"its translation {SPANISH} went out")
    assert begin(room) == []


def test_a_statement_without_translations_has_no_family(room: Newsroom) -> None:
    populate(room, {"en": 2, "es": 2})
    compose(room, FORUM)
    agree(room, FORUM)
    begin(room)
    room.drain()
    assert room.campaign(FORUM).counts == Counts(accepted=4)
    assert awaited(room) == []
