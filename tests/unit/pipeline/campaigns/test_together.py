"""All languages of a statement in one mail."""

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.campaigns.sentences import describe_further, describe_state
from newsletter.domain.errors import Refused
from newsletter.domain.statements.review import Check, Severity
from newsletter.domain.statements.statement import Progress
from newsletter.pipeline.campaigns.board import load_for_page
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.statements.approve import send_back
from newsletter.pipeline.statements.review import is_settled
from tests.unit.pipeline.campaigns.correcting import foretold
from tests.unit.pipeline.newsroom import Newsroom
from tests.unit.pipeline.statements.languages import (
    FORUM,
    FRENCH,
    SPANISH,
    agree,
    begin,
    compose,
    go_together,
    held,
    in_each,
    later,
    populate,
)


def settled(room: Newsroom, slug: str) -> bool:
    with room.store.read() as tx:
        stored = tx.statements.get(slug)
        assert stored is not None
        return is_settled(tx, stored, room.review_rules)


def said(room: Newsroom, slug: str) -> list[str]:
    with room.store.read() as tx:
        status = load_for_page(tx, slug, room.rules)
    return [describe_state(status), *describe_further(status)]


def test_everybody_gets_one_mail_that_holds_all_the_languages(room: Newsroom) -> None:
    populate(room, {"": 1, "en": 2, "es": 3, "fr": 1})
    go_together(room)
    compose(room, FORUM, SPANISH, FRENCH)
    agree(room, FORUM)
    assert [one.slug for one in room.campaigns()] == [FORUM]
    assert room.plan().held == ()
    assert foretold(room, FORUM).audience == 7
    why = "it goes out in the mail of forum, for the configuration says translations: together"
    assert foretold(room, SPANISH).reasons[-1].startswith(why)
    assert begin(room) == [FORUM]
    room.drain()
    assert in_each(room) == {FORUM: 7}
    [content] = {batch.content for batch in room.provider.batches}
    assert "This is forum.\nThis is forum-es.\nThis is forum-fr." in content.text


def test_one_yes_covers_all_languages_and_lapses_when_one_changes(room: Newsroom) -> None:
    populate(room, {"en": 2})
    go_together(room)
    compose(room, FORUM, SPANISH)
    before = room.content_hash(FORUM)
    agree(room, FORUM)
    assert room.render().slugs == ()
    compose(room, SPANISH, body="This is another text.")
    assert room.content_hash(FORUM) != before
    assert room.campaign(FORUM).state is CampaignState.CANCELLED
    compose(room, SPANISH)
    assert room.content_hash(FORUM) == before
    assert begin(room) == [FORUM]


def test_a_warning_of_a_translation_holds_back_the_mail_that_it_stands_in(room: Newsroom) -> None:
    populate(room, {"en": 2})
    compose(room, FORUM)
    compose(room, SPANISH, body="This is TK.", title="X")
    assert room.review(FORUM).warnings == ()
    go_together(room)
    room.render()
    [warning] = [one for one in room.review(FORUM).findings if one.severity is Severity.WARNING]
    assert (warning.file, warning.check) == ("statements/forum-es.md", Check.PLACEHOLDER)
    with pytest.raises(Refused, match="statements/forum-es"):
        room.approve(slug=FORUM)
    assert not settled(room, SPANISH)
    given = room.approve(slug=FORUM, despite="The date is set tonight")
    assert given.warnings == ("placeholder",)
    assert settled(room, FORUM)
    assert settled(room, SPANISH)


def test_a_translation_without_its_original_is_decided_on_by_itself(room: Newsroom) -> None:
    go_together(room)
    compose(room, SPANISH)
    assert not settled(room, SPANISH)


def test_no_act_is_taken_on_a_part_alone_that_would_change_nothing(room: Newsroom) -> None:
    room.demand(trust_front_matter=True)
    go_together(room)
    compose(room, FORUM)
    compose(room, SPANISH, progress=Progress.APPROVED, approved_by=("ed@forum.example",))
    one, store, rules = {"by": "ada@forum.example", "slug": SPANISH}, room.store, room.rules
    for act in (
        lambda: room.approve(**one),
        lambda: send_back(**one, expect="", reason="Which Saturday?", store=store, rules=rules),
        lambda: later(room, SPANISH, hours=1),
        lambda: room.starter().start(StartRequest(**one, seen="")),
    ):
        with pytest.raises(Refused, match="it goes out in the mail of forum"):
            act()
    with room.store.read() as tx:
        assert tx.approvals.list_for(SPANISH) == []


def test_the_page_of_a_part_says_whether_the_email_went_out_with_it(room: Newsroom) -> None:
    populate(room, {"en": 2})
    go_together(room)
    compose(room, FORUM, SPANISH)
    agree(room, FORUM)
    assert said(room, SPANISH)[0].startswith("It goes out in the email of its original")
    begin(room)
    assert said(room, SPANISH) == ["It went out in the email of its original."]
    compose(room, SPANISH, body="This is another text.")
    compose(room, FRENCH)
    change = "Its text has changed since it went out, and no one gets the change."
    assert said(room, SPANISH) == ["It went out in the email of its original.", change]
    lost = "The email of its original went out without it. No one gets it."
    assert said(room, FRENCH) == [lost]


def test_the_page_of_a_sent_text_says_that_its_file_has_another_one(room: Newsroom) -> None:
    room.send(3)
    [sent] = said(room, "resignation")
    room.write_and_look(lists=("press", "supporters"))
    assert said(room, "resignation") == [sent]
    room.write_and_look(body="This is for next week.")
    change = "Its text has changed since it went out, and no one gets the change."
    assert said(room, "resignation") == [sent, change]
    room.remove()
    room.look()
    assert said(room, "resignation") == [sent]


def test_a_translation_that_comes_or_goes_changes_what_was_approved(room: Newsroom) -> None:
    go_together(room)
    compose(room, FORUM)
    alone = room.content_hash(FORUM)
    compose(room, SPANISH)
    assert room.content_hash(FORUM) != alone
    room.remove(SPANISH)
    room.look()
    assert room.content_hash(FORUM) == alone


def test_no_mail_is_made_while_one_of_its_languages_has_a_fault(room: Newsroom) -> None:
    go_together(room)
    compose(room, FORUM)
    room.write(SPANISH, language="en", translation_of=FORUM)
    room.ingest()
    said = [str(fault) for fault in room.render().faults]
    assert said == [
        "statements/forum-es.md: it is in en, as is forum, which it translates;"
        " write its own language, as in language: es",
        "statements/forum.md: goes out together with forum-es, which has a fault; correct that"
        " first",
    ]
    assert room.content_hash(FORUM) == ""
    compose(room, SPANISH)
    assert room.content_hash(FORUM) != ""
    compose(room, SPANISH, body="unrenderable")
    [fault] = {str(fault) for fault in room.render().faults}
    assert fault == "statements/forum-es.md: cannot be rendered"


def test_after_the_setting_changed_nobody_gets_two(room: Newsroom) -> None:
    populate(room, {"en": 2, "es": 3, "fr": 1})
    compose(room, FORUM, SPANISH, FRENCH)
    agree(room, SPANISH)
    assert begin(room) == [SPANISH]
    later(room, FRENCH, hours=9)
    agree(room, FRENCH)
    go_together(room)
    room.render()
    assert held(room, FRENCH).startswith("it goes out in the mail of forum")
    assert room.campaign(FRENCH).state is CampaignState.CANCELLED
    agree(room, FORUM)
    assert begin(room) == [FORUM]
    room.drain()
    assert room.campaign(FORUM).counts == Counts(accepted=3)
    assert in_each(room) == {FORUM: 3, SPANISH: 3}


def test_a_correction_goes_out_in_all_its_languages_to_those_who_got_the_original(
    room: Newsroom,
) -> None:
    populate(room, {"en": 2, "es": 3})
    go_together(room)
    compose(room, FORUM, SPANISH)
    agree(room, FORUM)
    begin(room)
    room.drain()
    populate(room, {"es": 2}, start=10)
    room.write("right", corrects=FORUM, body="This is right.")
    room.write_and_look("right-es", translation_of="right", language="es", body="This is right-es.")
    assert room.render().faults == ()
    agree(room, "right")
    assert begin(room) == ["right"]
    room.drain()
    assert room.campaign("right").counts == Counts(accepted=5)
    assert "This is right.\nThis is right-es." in room.provider.batches[-1].content.text


def test_a_correction_of_what_went_out_within_an_email_names_that_email(room: Newsroom) -> None:
    populate(room, {"en": 2})
    go_together(room)
    compose(room, FORUM, SPANISH)
    agree(room, FORUM)
    assert begin(room) == [FORUM]
    room.write_and_approve("correction", corrects=SPANISH)
    why = "it corrects forum-es, which went out in the email of forum; correct forum"
    assert held(room, "correction") == why
