"""Reviews of statements as they stand, and what people say yes to all the same."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.domain.errors import Refused
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.review import Check, ReviewContext, ReviewFinding
from newsletter.domain.statements.statement import Statement
from newsletter.pipeline.statements.approve import revoke
from newsletter.pipeline.statements.review import is_settled, review
from tests.contracts.books import audited
from tests.fakes import NOON
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom
from tests.unit.pipeline.statements.languages import populate
from tests.unit.pipeline.statements.test_approve import approvals

UNFINISHED = "The Forum resigned on [DATE]. [Here](https://forum.example)."
WHY = "The date is set by the council tonight"


def checks(room: Newsroom, slug: str = "resignation") -> set[Check]:
    return {remark.check for remark in room.review(slug).findings}


def kept(room: Newsroom, action: str = "approve") -> list[Mapping[str, object]]:
    return [entry.values for entry in audited(room.store, action)]


def settled(room: Newsroom) -> bool:
    with room.store.read() as tx:
        stored = tx.statements.get("resignation")
        assert stored is not None
        return is_settled(tx, stored, room.review_rules)


@pytest.fixture
def unfinished(room: Newsroom) -> Newsroom:
    room.subscribe(3)
    room.write_and_look(body=UNFINISHED)
    return room


def test_a_review_counts_who_would_get_it(room: Newsroom) -> None:
    room.write_and_look()
    assert checks(room) == {Check.SUMMARY, Check.NO_READERS}
    room.subscribe(2, "supporters")
    assert checks(room) == {Check.SUMMARY, Check.NO_SUBSCRIBERS}
    room.subscribe(2, "press")
    assert checks(room) == {Check.SUMMARY}


def test_statements_to_the_same_lists_are_counted_once(room: Newsroom) -> None:
    room.subscribe(2)
    room.write("first")
    room.write_and_look("second")
    with room.store.read() as tx:
        both = tx.statements.find(["first", "second"])
        reviewed = review(tx, both, room.review_rules)
    assert [{remark.check for remark in one.findings} for one in reviewed] == [{Check.SUMMARY}] * 2


def test_a_correction_has_the_readers_of_its_original(room: Newsroom) -> None:
    room.write_and_look(corrects="earlier")
    assert checks(room) == {Check.SUMMARY}


def test_an_audience_that_is_another_than_last_time_is_said(room: Newsroom) -> None:
    room.send(40)
    room.subscribe(60)
    room.write("next")
    room.write_and_look("elsewhere", lists=("press", "supporters"))
    room.clock.advance(hours=2)
    assert checks(room, "next") == {Check.SUMMARY, Check.AUDIENCE}
    assert checks(room, "elsewhere") == {Check.SUMMARY, Check.UNKNOWN_LIST}


def test_another_campaign_within_the_hour_is_said_where_a_list_is_the_same(room: Newsroom) -> None:
    room.subscribe(5)
    room.write("first")
    room.write("second")
    room.write_and_look("third", lists=("supporters",))
    room.approve(slug="first")
    room.plan()
    assert Check.NEARBY not in checks(room, "first")
    assert Check.NEARBY in checks(room, "second")
    assert Check.NEARBY not in checks(room, "third")
    with room.store.begin() as tx:
        tx.schedules.put("second", datetime(2026, 11, 25, 12, tzinfo=UTC))
    assert Check.NEARBY not in checks(room, "second")


def test_the_words_of_an_approved_or_sent_statement_are_approved_again_only_with_a_reason(
    room: Newsroom,
) -> None:
    room.subscribe(5)
    words = {"title": "On the library", "body": "It opens."}
    for slug in ("first", "second"):
        room.write_and_look(slug, **words)
    room.write_and_look("third", lists=("supporters",), **words)
    assert not {Check.REPEATED} & (checks(room, "first") | checks(room, "second"))
    room.approve(slug="first")
    assert Check.REPEATED in checks(room, "second")
    room.remove("first")  # its file is gone before it went out
    room.look()
    assert Check.REPEATED not in checks(room, "second")
    room.write_and_look("first", **words)
    assert room.start_due(minutes=5)
    room.remove("first")
    room.look()
    assert Check.REPEATED not in checks(room, "third")
    with pytest.raises(Refused, match="repeated: it says the same as first"):
        room.approve(slug="second")
    assert room.approve(slug="second", despite=WHY).warnings == ("repeated",)


def test_of_a_sent_statement_the_words_and_the_readers_of_its_email_count(room: Newsroom) -> None:
    room.subscribe(5)
    sent = {"title": "On the library", "body": "It opens."}
    room.start(0, slug="first", **sent)
    room.write("first", lists=("supporters",), body="It shuts.")
    room.write("second", lists=("supporters",), body="It shuts.")
    room.write("third", lists=("supporters",), **sent)
    room.write_and_look("fourth", **sent)
    assert Check.REPEATED in checks(room, "fourth")
    assert not {Check.REPEATED} & (checks(room, "second") | checks(room, "third"))


def test_a_statement_whose_file_was_renamed_between_its_languages_is_a_repetition(
    room: Newsroom,
) -> None:
    populate(room, {"en": 2, "es": 2})
    room.write_and_look("forum")
    spanish = {"language": "es", "body": "Dice."}
    room.start(0, slug="forum-es", translation_of="forum", **spanish)
    room.remove("forum")
    text = {"body": "This is forum."}
    room.write_and_look("renamed", **text)
    assert room.review("renamed").warnings == ("repeated",)
    room.write_and_look("renamed", body="It changed with its name.")
    assert room.review("renamed").warnings == ()
    room.write_and_look("forum-es", translation_of="renamed", **spanish)
    assert room.review("renamed").warnings == ("repeated",)
    room.write_and_look("apart", lists=("supporters",), **text)
    assert Check.REPEATED not in checks(room, "apart")


def test_a_translation_whose_original_was_renamed_after_it_was_sent_is_a_repetition(
    room: Newsroom,
) -> None:
    room.subscribe(5)
    room.start(0, slug="forum")
    room.remove("forum")
    room.write("renamed", body="This is forum.")
    room.write_and_look("renamed-es", translation_of="renamed", language="es", body="Dice.")
    assert room.review("renamed-es").warnings == ("repeated",)


def test_the_times_in_the_file_and_by_staff_are_compared_as_instants(room: Newsroom) -> None:
    wall = datetime(2026, 11, 25, 9, 0)  # noqa: DTZ001 - a wall time
    room.subscribe(1)
    room.write_and_look(send_at=wall, embargo_until=wall.replace(hour=10))
    assert Check.EMBARGO in checks(room)
    with room.store.begin() as tx:
        tx.schedules.put("resignation", datetime(2026, 11, 25, 15, 0, tzinfo=UTC))
    assert Check.EMBARGO not in checks(room)


def test_a_time_that_the_zone_does_not_have_is_not_compared(room: Newsroom) -> None:
    room.subscribe(1)
    skipped = datetime(2027, 3, 14, 2, 30)  # noqa: DTZ001 - the clocks go over it
    for key in ("send_at", "embargo_until"):
        room.write_and_look(**{key: skipped})
        assert checks(room) == {Check.SUMMARY}


def test_what_cannot_be_rendered_is_reviewed_all_the_same(room: Newsroom) -> None:
    room.subscribe(1)
    room.write_and_look(body=f"This is unrenderable. {UNFINISHED}")
    assert Check.PLACEHOLDER in checks(room)


def test_a_yes_over_a_warning_takes_a_reason(unfinished: Newsroom) -> None:
    with pytest.raises(Refused) as refused:
        unfinished.approve()
    first, *lines = str(refused.value).splitlines()
    assert '--despite "why"' in first
    assert [line.split(": ")[1] for line in lines] == ["warning placeholder", "warning link-text"]
    assert approvals(unfinished) == []
    assert kept(unfinished) == []


def test_the_reason_is_written_down_with_who_and_what_warned(unfinished: Newsroom) -> None:
    given = unfinished.approve(despite=f"  {WHY}\n")
    assert given.approval.approved
    assert given.warnings == ("placeholder", "link-text")
    [yes] = approvals(unfinished)
    assert (yes.by, yes.despite, yes.warnings) == ("ed@forum.example", WHY, given.warnings)
    [values] = kept(unfinished)
    overridden = {"warnings": given.warnings, "despite": WHY}
    assert values == {"version": yes.content_hash, "by": "command", **overridden}


def test_each_approver_gives_a_reason_of_their_own(unfinished: Newsroom) -> None:
    unfinished.demand(required=2)
    unfinished.approve(despite=WHY)
    with pytest.raises(Refused, match="warning placeholder"):
        unfinished.approve("flo@forum.example")
    assert unfinished.approve("flo@forum.example", despite="I agree").approval.approved


def test_the_reason_lapses_with_the_text(unfinished: Newsroom) -> None:
    unfinished.approve(despite=WHY)
    unfinished.write_and_look(body=f"{UNFINISHED} And more.")
    with pytest.raises(Refused, match="warning placeholder"):
        unfinished.approve()


def test_a_reason_where_nothing_warns_is_no_override(room: Newsroom) -> None:
    room.subscribe(3)
    room.write_and_look()
    assert room.approve(despite="just in case").approval.approved
    [yes] = approvals(room)
    assert (yes.despite, yes.warnings) == ("", ())
    assert kept(room) == [{"version": yes.content_hash, "by": "command"}]


def test_a_reason_that_says_nothing_is_refused(
    subtests: pytest.Subtests, unfinished: Newsroom
) -> None:
    for reason, words in [
        ("", "is empty"),
        (" \n\t", "is empty"),
        ("x" * 501, "at most 500"),
        ("\x1b[2J", "visible characters"),
    ]:
        with subtests.test(reason=reason, words=words):
            with pytest.raises(Refused, match=words):
                unfinished.approve(despite=reason)
            assert approvals(unfinished) == []


def refused(
    statement: Statement, _content: Content | None, _around: ReviewContext
) -> tuple[ReviewFinding, ...]:
    """A review by which nothing may go out."""
    check = Check.FOREIGN_MERGE_FIELD
    return (ReviewFinding(check=check, message="mend it", file=statement.origin),)


def test_what_is_blocking_goes_out_for_no_reason(room: Newsroom) -> None:
    room.review_rules = replace(room.review_rules, review=refused)
    room.write_and_look()
    assert room.review().blocking == ("merge-mark",)
    with pytest.raises(Refused, match=r"correct what is blocking\n.*blocking merge-mark"):
        room.approve(despite=WHY)
    assert approvals(room) == []


def test_a_text_that_changes_while_it_is_looked_at_is_not_approved(unfinished: Newsroom) -> None:
    def change() -> None:
        unfinished.write_and_look(body="Another text.")

    with pytest.raises(Refused, match="changed during the review"):
        unfinished.approve(despite=WHY, store=Meanwhile(unfinished.store, change))
    assert approvals(unfinished) == []


def test_warnings_are_settled_by_a_yes_and_open_again_without_it(unfinished: Newsroom) -> None:
    assert not settled(unfinished)
    unfinished.approve(despite=WHY)
    assert settled(unfinished)
    revoke("resignation", by="ed@forum.example", store=unfinished.store, rules=unfinished.rules)
    assert not settled(unfinished)


def test_warnings_of_what_has_gone_out_are_settled(room: Newsroom) -> None:
    room.start(3)
    room.write_and_look(body=UNFINISHED)
    assert settled(room)


@pytest.mark.parametrize(("fields", "why"), [({"despite": WHY}, WHY), ({}, "no reason given")])
def test_a_yes_in_the_file_counts_over_warnings_which_are_written_down(
    room: Newsroom, fields: dict[str, Any], why: str
) -> None:
    room.demand(trust_front_matter=True)
    room.subscribe(3)
    room.bring_along("ed@forum.example", body=UNFINISHED, **fields)
    room.ingest()
    room.render()
    warnings = ("placeholder", "link-text")
    despite = fields.get("despite", "")
    [given] = room.noted()
    assert (given.warnings, given.despite) == (warnings, despite)
    [yes] = approvals(room)
    assert (yes.despite, yes.warnings, yes.at) == (despite, warnings, NOON)
    assert (kept(room)[0]["by"], kept(room)[0]["despite"]) == ("front matter", why)
    assert kept(room)[0]["warnings"] == ("placeholder", "link-text")
    assert room.plan().scheduled


def test_a_reason_in_a_file_without_warnings_is_no_override(room: Newsroom) -> None:
    room.demand(trust_front_matter=True)
    room.subscribe(3)
    room.bring_along("ed@forum.example", despite=WHY)
    room.ingest()
    room.render()
    [given] = room.noted()
    assert (given.warnings, given.despite) == ((), "")
    assert approvals(room)[0].despite == ""


def test_one_misspelt_list_of_several_is_told_with_a_suggestion(room: Newsroom) -> None:
    room.subscribe(2, "press")
    room.write_and_look(lists=("press", "suporters", "events"))
    room.review_rules = replace(room.review_rules, declared_lists=frozenset({"supporters"}))
    [told] = [one for one in room.review().findings if one.check is Check.UNKNOWN_LIST]
    assert told.message == (
        "there is no list 'suporters'; did you mean supporters? there are: press, supporters;"
        " there is no list 'events'; there are: press, supporters"
    )
    with pytest.raises(Refused, match="unknown-list"):
        room.approve()
