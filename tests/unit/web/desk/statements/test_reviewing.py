"""An approver decides on the version that they read, and on no other."""

from datetime import datetime, timedelta

import pytest

from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Channel
from tests.desk import Signed, Staffed, address_of, words
from tests.pages import Answer, Kept, kept_after
from tests.rows import rows
from tests.unit.web.desk.deciding import CANARIES, SLUG, Room, form_of, room

PAGE, HERE = f"/statements/{SLUG}/review", f"/desk/statements/{SLUG}"


kept = kept_after(room)


@pytest.fixture
def ben(at: Room) -> Signed:
    return at.as_("ben")


ALONE = "sandbox allow-same-origin; default-src 'none'"
"""No script, form, pop-up or other page: only its height is known to the page around it."""


def approve(at: Room, who: Signed, page: Answer | None = None, **typed: str) -> Answer:
    return at.press(who, page or who.get(PAGE), f"{HERE}/review", **typed)


def test_who_approves_sees_the_email_the_checks_and_who_gets_it(at: Room, ben: Signed) -> None:
    page = ben.get(PAGE)
    said = words(page)
    assert page.status == 200
    assert (
        "Your approval is for this text alone. If one letter changes, it no longer counts." in said
    )
    assert "Approve this text" in said
    assert "Recipients 12 people Press releases" in said
    assert f'src="{HERE}/versions/{at.content_hash}?view=desktop"' in page.text
    assert not any(one in page.text for one in CANARIES)


def test_the_email_in_the_frame_is_that_very_version_and_runs_nothing(
    at: Room, ben: Signed
) -> None:
    seen = at.content_hash
    for view in ("desktop", "phone", "dark", "text"):
        mail = ben.get(f"/statements/{SLUG}/versions/{seen}?view={view}")
        assert "opens at nine" in mail.text
        assert mail.headers["content-security-policy"].startswith(ALONE)
    ben.get(PAGE)
    approve(at, ben)
    at.write("The library opens at eight.")
    assert "at nine" in ben.get(f"/statements/{SLUG}/versions/{seen}").text
    assert "at eight" in ben.get(f"/statements/{SLUG}/versions/{at.content_hash}").text


def test_a_version_of_another_statement_is_not_there(at: Room, ben: Signed) -> None:
    at.write("Something else.", slug="other")
    with at.services.store.read() as tx:
        other = tx.statements.get("other")
    assert ben.get(f"/statements/{SLUG}/versions/{other.content_hash}").status == 404
    assert ben.get(f"/statements/{SLUG}/versions/{'0' * 64}").status == 404
    assert ben.get("/statements/nowhere/review").status == 404


def test_an_approval_is_taken_down_once(at: Room, ben: Signed) -> None:
    page = ben.get(PAGE)
    answer = approve(at, ben, page)
    assert (answer.status, answer.headers["location"]) == (303, f"{HERE}?done=approved")
    again = approve(at, ben, page)
    assert again.status == 303
    [yes] = at.approvals
    assert (yes.by, yes.content_hash, yes.channel) == (
        address_of("ben"),
        at.content_hash,
        Channel.DESK,
    )
    assert at.deeds().count((address_of("ben"), "approve")) == 1


def test_a_text_that_changed_between_view_and_approval_is_not_approved(
    at: Room, ben: Signed
) -> None:
    page = ben.get(PAGE)
    at.write("The library opens at eight.")
    answer = approve(at, ben, page)
    said = words(answer)
    assert answer.status == 409
    assert "Not approved. This text was changed while you were reading it." in said
    assert "What changed since the version that you saw" in said
    assert "The library opens at <del>nine.</del>" in answer.text
    assert "<ins>eight.</ins>" in answer.text
    assert "Approve the new text Not now" in said
    assert at.approvals == []
    assert form_of(answer, f"{HERE}/review")["digest"] == at.content_hash
    assert approve(at, ben, answer).status == 303
    assert [yes.content_hash for yes in at.approvals] == [at.content_hash]


def test_what_changed_since_the_last_approval_is_shown(at: Room, ben: Signed) -> None:
    approve(at, ben)
    at.write("The library opens at eight.")
    page = ben.get(PAGE)
    assert "What changed since the last approval" in words(page)
    assert "<ins>eight.</ins>" in page.text
    approve(at, ben, page)
    assert "What changed" not in words(ben.get(PAGE))


def test_a_change_that_nobody_reads_is_told_as_such(at: Room, ben: Signed) -> None:
    at.write('[The library](https://forum.example "Hours") opens at nine.')
    approve(at, ben)
    at.write('[The library](https://forum.example "Times") opens at nine.')
    assert "Nothing that readers read." in words(ben.get(PAGE))


def test_another_picture_is_shown_by_its_address(at: Room, ben: Signed) -> None:
    at.write("![A door](https://forum.example/door.png)\n\nThe library opens at nine.")
    approve(at, ben)
    at.write("![A door](https://forum.example/gate.png)\n\nThe library opens at nine.")
    assert "<ins>https://forum.example/gate.png</ins>" in ben.get(PAGE).text


def test_while_a_check_warns_a_reason_is_asked_for_and_kept(at: Room, ben: Signed) -> None:
    at.write("Come at TK, we open.")
    page = ben.get(PAGE)
    assert "A check warns. Why may it go out like this?" in words(page)
    refused = approve(at, ben, page)
    assert refused.status == 409
    assert "Not approved. Say why it may go out like this." in words(refused)
    assert approve(at, ben, refused, despite="TK is our name").status == 303
    assert [yes.despite for yes in at.approvals] == ["TK is our name"]


def test_an_embargo_without_an_end_is_waived_in_ones_own_name(at: Room, ben: Signed) -> None:
    at.write("Embargoed until further notice. We open.", embargo="until further notice")
    page = ben.get(PAGE)
    assert "There is no embargo" in words(page)
    refused = approve(at, ben, page)
    assert refused.status == 409
    assert "Not approved. Confirm that there is no embargo, or send it back" in words(refused)
    assert at.approvals == []
    for garbled in ("0", "no", "yes "):
        assert approve(at, ben, page, no_embargo=garbled, despite="agreed").status == 409
    assert approve(at, ben, page, no_embargo="yes", despite="agreed").status == 303
    assert [yes.warnings for yes in at.approvals] == [("open-embargo",)]
    for page in (f"/statements/{SLUG}", f"/statements/{SLUG}/checks"):
        said = ben.get(page)
        assert "Ben confirmed that there is no embargo." in words(said)
        assert "Error:" not in words(said)


def test_a_digest_is_no_ones_wish(at: Room, ben: Signed) -> None:
    at.write("We open.")
    assert "asked for approval." in words(ben.get(PAGE))
    at.site.change("UPDATE statement SET document = json_set(document, '$.digest', 'weekly')")
    page = words(ben.get(PAGE))
    assert "A digest email, made by the program from statements that were sent." in page
    assert "asked for approval." not in page


def test_who_wrote_it_is_told_that_someone_else_approves(at: Room, ben: Signed) -> None:
    at.write("We open.", author="ben@forum.example")
    page = ben.get(PAGE)
    assert "You wrote in this text" in words(page)
    assert "Someone else has to approve it." in words(page)
    assert "Approve this text" not in words(page)
    answer = ben.post(PAGE, {"digest": at.content_hash})
    assert answer.status == 409
    assert "Not approved. Ben wrote in hours" in words(answer)
    assert at.approvals == []


def test_it_is_sent_back_with_what_should_change(at: Room, ben: Signed) -> None:
    reason = "The hours are wrong.\nSee Monday."
    answer = at.press(ben, ben.get(PAGE), f"{HERE}/send-back", reason=reason)
    assert answer.headers["location"] == f"{HERE}?done=sent-back"
    said = words(ben.get(PAGE))
    assert "Ben sent it back on" in said
    assert "The hours are wrong. See Monday." in said
    assert "What should change?" not in said
    assert (address_of("ben"), "send back") in at.deeds()


def test_who_reads_it_again_sees_why_it_was_sent_back_and_what_changed(
    at: Room, ben: Signed
) -> None:
    approve(at, ben)
    at.write("The library opens at ten.")
    at.press(ben, ben.get(PAGE), f"{HERE}/send-back", reason="At ten? It was nine.")
    at.write("The library opens at half past nine.")
    page = at.as_("dan").get(PAGE)
    said = words(page)
    assert "Ben sent an earlier version back on" in said
    assert "At ten? It was nine." in said
    assert "What changed since then" in said
    assert "The library opens at <del>ten.</del>" in page.text
    assert "<ins>half past nine.</ins>" in page.text
    at.clock.advance(minutes=1)
    approve(at, ben)
    at.write("The library opens at eleven.")
    said = words(ben.get(PAGE))
    assert "What changed since the last approval" in said
    assert "It was nine." not in said


def test_where_a_sender_starts_it_no_time_is_made_up(at: Room, ben: Signed) -> None:
    assert "Send time Once a sender starts it Embargo" in words(ben.get(PAGE))
    at.write(send_at="2031-05-01 09:00")
    assert "Once a sender starts it, no earlier than Thu 1 May 2031, 09:00" in words(ben.get(PAGE))


def test_a_text_that_changed_meanwhile_is_not_sent_back_and_the_reason_stays(
    at: Room, ben: Signed
) -> None:
    page = ben.get(PAGE)
    at.write("The library opens at eight.")
    answer = at.press(ben, page, f"{HERE}/send-back", reason="Not at nine.")
    assert answer.status == 409
    assert "Not sent back. This text was changed" in words(answer)
    assert form_of(answer, f"{HERE}/send-back")["reason"] == "Not at nine."


def test_ones_own_approval_is_withdrawn_and_nobody_elses(at: Room, ben: Signed) -> None:
    dan = at.as_("dan")
    approve(at, ben)
    approve(at, dan)
    answer = at.press(dan, dan.get(PAGE), f"{HERE}/withdraw")
    assert answer.headers["location"] == f"{HERE}?done=approval-withdrawn"
    assert [yes.by for yes in at.approvals] == [address_of("ben")]
    assert dan.post(f"/statements/{SLUG}/withdraw").status == 404


def test_two_admins_stand_in_with_reasons_and_a_fresh_factor(at: Room) -> None:
    with at.services.store.begin() as tx:
        tx.staff.put(address_of("eve"), Role.ADMIN, at.clock.now())
    dan, eve = at.as_("dan", fresh=True), at.as_("eve", fresh=True)
    page = dan.get(PAGE)
    assert "Nobody else can approve it in time" in words(page)
    empty = at.press(dan, page, f"{HERE}/override", why=" ")
    assert empty.status == 422
    first = at.press(dan, page, f"{HERE}/override", why="Ben is away")
    assert first.headers["location"] == f"{HERE}?done=stood-in"
    page = eve.get(PAGE)
    assert "Dan has done so: “Ben is away”" in words(page)
    second = at.press(eve, page, f"{HERE}/override", why="So is everybody")
    assert second.headers["location"] == f"{HERE}?done=approved"
    assert [yes.channel for yes in at.approvals] == [Channel.OVERRIDE, Channel.OVERRIDE]


kept_by_approval = kept_after(room, schedule={"start": "approval"})


@pytest.fixture
def by_approval(kept_by_approval: Kept) -> Room:
    return Room(Staffed(site=kept_by_approval.again()))


def test_the_button_says_when_and_to_how_many(by_approval: Room) -> None:
    ben = by_approval.as_("ben")
    page = ben.get(PAGE)
    assert "Approve: goes out at 07:05 to 12 people" in words(page)
    assert approve(by_approval, ben, page).status == 303
    by_approval.begin()
    assert by_approval.campaign.counts.audience == 12


def test_above_the_limit_the_number_is_typed_and_a_factor_shown(by_approval: Room) -> None:
    at, ben = by_approval, by_approval.as_("ben")
    at.site.subscribe(*(f"many{number}@readers.example" for number in range(988)))
    page = ben.get(PAGE)
    assert "To confirm, type 1000" in words(page)
    for typed in ("", "1001", "a thousand"):
        assert approve(at, ben, page, typed=typed).status == 422
    assert approve(at, ben, page, typed="1,000").status == 401
    assert at.approvals == []
    assert approve(at, at.as_("ben", fresh=True), page, typed="1,000").status == 303
    assert len(at.approvals) == 1


@rows("shown", ["", "abc", "999", "-1000", "1e3", "9" * 20, None])
def test_a_number_that_the_form_leaves_out_or_garbles_approves_nothing(
    by_approval: Room, shown: str | None
) -> None:
    at, ben = by_approval, by_approval.as_("ben", fresh=True)
    form = form_of(ben.get(PAGE), f"{HERE}/review")
    assert form.pop("shown") == "12"
    answer = ben.post(PAGE, form | ({} if shown is None else {"shown": shown}))
    assert answer.status == 409
    assert "Not approved. It would go to 12 people now" in words(answer)
    assert (at.approvals, at.starts) == ([], [])


@rows("digest", ["", "none", "0", None])
def test_nor_does_the_beginning_of_a_version(by_approval: Room, digest: str | None) -> None:
    at, ben = by_approval, by_approval.as_("ben")
    form = form_of(ben.get(PAGE), f"{HERE}/review")
    seen = form.pop("digest")
    for short in (digest, seen[:1], seen[:63], seen.upper()):
        given = {} if short is None else {"digest": short}
        assert ben.post(PAGE, form | given).status == 409
        assert ben.post(f"/statements/{SLUG}/send-back", {"reason": "No", **given}).status == 409
    assert at.approvals == []


def test_the_second_admin_who_stands_in_types_the_number_too(by_approval: Room) -> None:
    at = by_approval
    at.site.subscribe(*(f"many{number}@readers.example" for number in range(988)))
    with at.services.store.begin() as tx:
        tx.staff.put(address_of("eve"), Role.ADMIN, at.clock.now())
    dan, eve = at.as_("dan", fresh=True), at.as_("eve", fresh=True)
    page = dan.get(PAGE)
    assert at.press(dan, page, f"{HERE}/override", why="Ben is away").status == 303
    page = eve.get(PAGE)
    form = form_of(page, f"{HERE}/override") | {"why": "So is everybody"}
    assert "typed_override" in form
    over = f"/statements/{SLUG}/override"
    wrong = eve.post(over, form | {"typed_override": "100"})
    assert wrong.status == 422
    assert "Type 1000, the number of people who get it" in words(wrong)
    assert eve.post(over, {**form, "typed_override": "1000", "shown": ""}).status == 409
    assert at.starts == []
    assert eve.post(over, form | {"typed_override": "1000"}).status == 303
    assert [one.count for one in at.starts] == [1000]


@rows("time", ["", "none", "2026-11-24", "tomorrow", None])
def test_a_time_that_the_form_leaves_out_or_garbles_approves_nothing(
    by_approval: Room, time: str | None
) -> None:
    at, dan = by_approval, by_approval.as_("dan", fresh=True)
    with at.services.store.begin() as tx:
        tx.schedules.put(SLUG, at.clock.now() + timedelta(hours=2))
    page = dan.get(PAGE)
    for action, typed in (("review", {}), ("override", {"why": "Ben is away"})):
        form = form_of(page, f"{HERE}/{action}") | typed
        assert datetime.fromisoformat(form.pop("shown_time")) == at.clock.now() + timedelta(hours=2)
        answer = dan.post(
            f"/statements/{SLUG}/{action}", form | ({} if time is None else {"shown_time": time})
        )
        assert answer.status == 409
        assert "Not approved. It would leave no earlier than Tue 24 Nov" in words(answer)
    assert (at.approvals, at.starts) == ([], [])


def test_a_page_that_is_older_than_an_earlier_time_approves_nothing(at: Room) -> None:
    """Seed 51005453 of the simulation: the sender set it while the approver read."""
    starter, now = at.services.campaigns.starter(), at.clock.now()
    starter.schedule(SLUG, now + timedelta(hours=2), by=address_of("cleo"))
    ben = at.as_("ben")
    page = ben.get(PAGE)
    starter.schedule(SLUG, now + timedelta(hours=1), by=address_of("cleo"), renews_approvals=True)
    answer = approve(at, ben, page)
    assert answer.status == 409
    assert at.approvals == []
    assert approve(at, ben, answer).status == 303
    assert [given.not_before for given in at.approvals] == [now + timedelta(hours=1)]


def test_a_page_from_before_it_was_sent_back_approves_nothing(at: Room) -> None:
    ben, dan = at.as_("ben"), at.as_("dan")
    before = dan.get(PAGE)
    assert at.press(ben, ben.get(PAGE), f"{HERE}/send-back", reason="The date").status == 303
    answer = approve(at, dan, before)
    assert (answer.status, "sent back by Ben already: The date" in words(answer)) == (409, True)
    assert at.approvals == []
    assert approve(at, dan, answer).status == 303
