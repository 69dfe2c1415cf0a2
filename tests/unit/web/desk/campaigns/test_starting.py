"""A sender starts an approved text, for the number that they saw, and undoes it."""

import json
from pathlib import Path

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from tests.desk import Signed, address_of, words
from tests.pages import Answer, kept_after
from tests.rows import rows
from tests.unit.pipeline.staff.office import hash_cheaply
from tests.unit.web.desk.deciding import CANARIES, SLUG, Room, form_of, room
from tests.unit.web.desk.visitor import Browser, action, hidden

PAGE, HERE = f"/statements/{SLUG}/start", f"/desk/statements/{SLUG}"
TOMORROW = "2026-11-25T09:00"
"""In New York, where it is seven in the morning of the 24th."""


kept = kept_after(room, Room.approve)
"""Approved, and no sender has started it."""


@pytest.fixture
def cleo(at: Room) -> Signed:
    return at.as_("cleo")


def start(at: Room, who: Signed, page: Answer | None = None, /, **typed: str) -> Answer:
    return at.press(who, page or who.get(PAGE), f"{HERE}/start", **typed)


def test_whoever_takes_a_role_away_is_told_what_waits_for_another_person_then(
    at: Room, cleo: Signed
) -> None:
    dan = at.as_("dan", fresh=True)
    assert "unsent statement" not in words(dan.get("/staff/cleo@forum.example"))
    assert "1 unsent statement rests on what Ben" in words(dan.get("/staff/ben@forum.example"))
    start(at, cleo, when="at", at=TOMORROW)
    at.services.tick.run()
    for who, name in (("cleo", "Cleo"), ("ben", "Ben")):
        page = dan.get(f"/staff/{who}@forum.example")
        assert f"1 unsent statement rests on what {name} approved or started:" in words(page)
        assert f'href="/desk/statements/{SLUG}"' in page.text
    assert "unsent statement" not in words(dan.get("/staff/ana@forum.example"))
    assert dan.post("/staff/cleo@forum.example/remove").status == 303
    at.services.tick.run()
    assert at.campaign.state is CampaignState.CANCELLED


def test_a_sender_sees_how_many_get_it_and_who_is_left_out(at: Room, cleo: Signed) -> None:
    with at.services.store.begin() as tx:
        reader = tx.readers.find(CANARIES[0])
        tx.choices.leave(reader.id, ["press"], at.clock.now(), 0)
        gone = [
            SuppressedEntry(address=one, reason=SuppressionReason.BOUNCED) for one in CANARIES[1:3]
        ]
        tx.readers.suppress(gone, at.clock.now(), "test")
    page = cleo.get(PAGE)
    said = words(page)
    assert "Send to 9 people?" in said
    assert "From Example Forum <news@forum.example> Subject: " in said
    assert "Left out 3: 2 bounced, 1 unsubscribed" in said
    assert "Approved by Ben" in said
    assert (
        "This is a trial: emails are kept as files on this machine, and nobody gets them." in said
    )
    assert "Anyone who subscribes before it leaves gets it too." in said
    assert "Nothing leaves for 5 minutes. Until then you can undo it." in said
    assert not any(one in page.text for one in CANARIES)


def test_what_was_started_leaves_after_the_time_to_undo(at: Room, cleo: Signed) -> None:
    answer = start(at, cleo)
    assert (answer.status, answer.headers["location"]) == (303, f"{HERE}?done=started")
    [begun] = at.starts
    assert (begun.by, begun.count, begun.content_hash) == (address_of("cleo"), 12, at.content_hash)
    at.services.tick.run()
    assert at.site.mails == []
    at.begin()
    at.hand_over()
    assert len(at.site.mails) == 12


def test_a_time_is_read_in_the_zone_of_the_organisation(at: Room, cleo: Signed) -> None:
    assert "Without a city: New York." in words(cleo.get(PAGE))
    assert start(at, cleo, when="at", at=TOMORROW).status == 303
    at.services.tick.run()
    assert at.campaign.release_at.isoformat() == "2026-11-25T14:00:00+00:00"


def test_a_time_that_passed_before_anybody_started_it_is_told(at: Room, cleo: Signed) -> None:
    at.write(send_at="2026-11-25 09:00")
    assert "Changed on Tue 24 Nov 2026, 07:00 New York" in words(cleo.get("/statements"))
    at.approve()
    assert "It was to go out" not in words(cleo.get(PAGE))
    board = words(cleo.get("/statements"))
    assert "Requested for Wed 25 Nov 2026, 09:00 New York" in board
    at.clock.advance(hours=30)
    cleo = at.as_("cleo")
    late = "It was to go out on Wed 25 Nov 2026, 09:00 New York, and no sender has started it."
    assert late in words(cleo.get(PAGE))
    assert "Overdue since Wed 25 Nov 2026, 09:00 New York" in words(cleo.get("/statements"))
    assert "It was to go out on Wed 25 Nov 2026, 09:00" in words(cleo.get(f"/statements/{SLUG}"))


def test_a_start_that_lapsed_is_on_its_senders_home_until_they_take_it_off(
    at: Room, cleo: Signed
) -> None:
    start(at, cleo)
    at.write("The library opens at ten.")
    assert "It changed since you started it" in words(cleo.get(""))
    assert "Start lapsed, given" in words(cleo.get("/statements"))
    here = cleo.get(f"/statements/{SLUG}")
    assert "Cleo started it, and that has lapsed." in words(here)
    at.write()  # as it was: the start counts again, and no page says that a lapsed one went
    assert at.press(cleo, here, f"{HERE}/undo?lapsed=yes").status == 409
    assert "Scheduled by Cleo" in words(cleo.get(PAGE))
    at.write("The library opens at ten.")
    off = at.press(cleo, here, f"{HERE}/undo?lapsed=yes")
    assert off.headers["location"] == f"{HERE}?done=start-off"
    assert "Changed since you started it" not in words(cleo.get(""))


def test_now_is_not_offered_before_the_time_that_was_approved(at: Room, cleo: Signed) -> None:
    at.write(send_at="2026-11-25 09:00")
    at.approve()
    page = cleo.get(PAGE)
    assert 'value="now"' not in page.text
    for typed in ({"when": "now"}, {"when": "at", "at": "2026-11-25T08:59"}):
        answer = start(at, cleo, page, **typed)
        assert answer.status == 409
        assert (
            "Nothing was started. Ben approved hours for no earlier than Wed 25 Nov 2026, 09:00"
            in words(answer)
        )
    assert at.starts == []
    assert start(at, cleo, page, when="at", at="2026-11-25T09:01").status == 303


def test_an_earlier_time_is_asked_for_and_waits_for_a_new_approval(at: Room, cleo: Signed) -> None:
    at.write(send_at="2026-11-25 09:00")
    at.approve()
    page = cleo.get(PAGE)
    assert "Send it earlier" in words(page)
    assert at.press(cleo, page, f"{HERE}/time", earlier="").status == 422
    for earlier, done in (("2026-11-25T10:00", "time"), ("2026-11-24T18:00", "time-anew")):
        assert at.approvals, "a later time takes no new approval"
        answer = at.press(cleo, cleo.get(PAGE), f"{HERE}/time", earlier=earlier)
        assert answer.headers["location"] == f"{HERE}?done={done}"
    assert at.approvals == []
    assert "It can't be sent yet." in words(cleo.get(PAGE))
    assert "Send time Once a sender starts it, no earlier than Tue 24 Nov 2026, 18:00" in words(
        at.as_("ben").get(f"/statements/{SLUG}/review")
    )
    at.clock.advance(minutes=1)
    at.approve()
    start(at, cleo)
    at.services.tick.run()
    assert at.campaign.release_at.isoformat() == "2026-11-24T23:00:00+00:00"


def test_a_time_that_is_left_as_it_is_changes_nothing(at: Room, cleo: Signed) -> None:
    start(at, cleo, when="at", at=TOMORROW)
    page = cleo.get(PAGE)
    assert "Wed 25 Nov 2026, 09:00 New York, as it is set" in words(page)
    assert at.press(cleo, page, f"{HERE}/time").status == 303
    at.services.tick.run()
    assert at.campaign.release_at.isoformat() == "2026-11-25T14:00:00+00:00"


def test_words_for_a_time_are_shown_as_a_date_before_they_count(at: Room, cleo: Signed) -> None:
    page = start(at, cleo, when="at", at="tomorrow 9am")
    assert (page.status, at.starts) == (200, [])
    assert "Wed 25 Nov 2026, 09:00 New York. Press the button again" in words(page)
    assert "autofocus" in page.text, "where no script scrolls to the question"
    assert start(at, cleo, page, when="at", at="Thursday 9am").status == 200, "of another time"
    assert start(at, cleo, page, when="at", at="tomorrow 9am").status == 303
    at.services.tick.run()
    assert at.campaign.release_at.isoformat() == "2026-11-25T14:00:00+00:00"
    earlier = at.press(cleo, cleo.get(PAGE), f"{HERE}/time", when="at", at="today 10am")
    assert "Tue 24 Nov 2026, 10:00 New York" in words(earlier)


def test_a_script_asks_what_words_for_a_time_mean(cleo: Signed) -> None:
    read = json.loads(cleo.get("/time?typed=tomorrow+9am").text)
    words_read = "Wed 25 Nov 2026, 09:00 New York"
    assert read == {"words": words_read, "wrong": False, "at": "2026-11-25T14:00:00+00:00"}
    read = json.loads(cleo.get("/time?typed=3/12+9am").text)
    assert (read["wrong"], read["at"]) == (True, "")


@rows(
    ["typed", "said"],
    [
        ({"when": "at", "at": ""}, "Add a time. Write it like"),
        ({"when": "at", "at": "tomorrow"}, "Add a time of day"),
        ({"when": "at", "at": "9999-12-31T23:59"}, "out of the calendar"),
        ({"when": "at", "at": "9am local"}, "Readers' own clocks are set in the text"),
        ({"when": "at", "at": "2026-11-24T06:59"}, "This time has passed: it is 07:00 now."),
        ({"when": "at", "at": "2027-03-14T02:30"}, "02:30 does not exist in America/New_York"),
        ({"when": "at", "at": "2027-11-07T01:30"}, "01:30 comes twice in America/New_York"),
        ({"when": "now", "at": TOMORROW}, "You gave a time and chose another way."),
        ({"when": "soon"}, "Choose when it goes out"),
    ],
)
def test_a_time_that_is_none_starts_nothing(
    at: Room, cleo: Signed, typed: dict[str, str], said: str
) -> None:
    answer = start(at, cleo, **typed)
    assert answer.status == 422
    assert said in words(answer)
    assert at.starts == []


def test_above_the_limit_the_number_is_typed_and_a_factor_shown(at: Room, cleo: Signed) -> None:
    at.site.subscribe(*(f"many{number}@readers.example" for number in range(988)))
    page = cleo.get(PAGE)
    assert "To confirm, type 1000" in words(page)
    for typed in ("", "100", "a thousand"):
        wrong = start(at, cleo, page, typed=typed)
        assert wrong.status == 422
        assert "Type 1000, the number of people who get it" in words(wrong)
    asked = start(at, cleo, page, typed="1,000")
    assert asked.status == 401
    assert "Confirm that it's you" in words(asked)
    assert at.starts == []
    assert start(at, at.as_("cleo", fresh=True), page, typed="1,000").status == 303


def test_an_audience_a_fifth_off_the_last_one_is_asked_about(at: Room, cleo: Signed) -> None:
    start(at, cleo)
    at.begin()
    at.hand_over()
    at.site.subscribe(*(f"more{number}@readers.example" for number in range(20)))
    at.write("The library closes at six.", slug="closing")
    at.approve(slug="closing")
    page = cleo.get("/statements/closing/start")
    assert "32 people would get it, and the last one to the same lists went to 12" in words(page)
    form = "/desk/statements/closing/start"
    refused = at.press(cleo, page, form)
    assert refused.status == 422
    assert "Confirm that the number of people is right" in words(refused)
    assert at.press(cleo, page, form, right="yes").status == 303


def test_what_nobody_approved_waits_for_that(at: Room, cleo: Signed) -> None:
    at.write("The library opens at eight.")
    page = cleo.get(PAGE)
    said = words(page)
    assert "It can't be sent yet." in said
    assert "Its text changed after Ben approved it" in said
    assert f'action="{HERE}/start"' not in page.text
    answer = cleo.post(PAGE, {"digest": at.content_hash, "shown": "12", "when": "now"})
    assert answer.status == 409
    assert at.starts == []


def test_what_cannot_go_out_says_why(at: Room, cleo: Signed) -> None:
    at.write("This is right.", corrects="nowhere")
    at.approve()
    said = words(cleo.get(PAGE))
    assert "It can't be sent like this." in said
    assert "there is no statement of that name" in said


def test_to_nobody_the_button_does_not_go(at: Room, cleo: Signed) -> None:
    at.write("To nobody yet.", lists=["events"])
    at.approve(despite="they come")
    page = cleo.get(PAGE)
    assert "Send to 0 people?" in words(page)
    assert " disabled" in page.text


def test_the_time_of_what_was_started_can_be_changed(at: Room, cleo: Signed) -> None:
    start(at, cleo)
    at.services.tick.run()
    page = cleo.get(PAGE)
    said = words(page)
    assert "Leaves at 07:05:00 ( 5:00 ). It goes to about 12 people." in said
    assert 'data-countdown="2026-11-24T12:05:00+00:00"' in page.text
    assert (
        "Scheduled by Cleo on Tue 24 Nov 2026, 07:00 New York. It was for 12 people then." in said
    )
    assert "Send to 12 people now" in said
    answer = at.press(cleo, page, f"{HERE}/time", when="at", at=TOMORROW)
    assert answer.headers["location"] == f"{HERE}?done=time"
    again = at.press(cleo, page, f"{HERE}/time", when="at", at=TOMORROW)
    assert again.headers["location"] == f"{HERE}?done=time", "a second press changes nothing"
    stale = at.press(at.as_("dan"), page, f"{HERE}/time", when="at", at="2026-11-25T10:00")
    assert stale.status == 409
    assert "It would leave no earlier than Wed 25 Nov 2026, 09:00 New York now" in words(stale)
    answer = at.press(cleo, cleo.get(PAGE), f"{HERE}/time", when="written")
    assert answer.headers["location"] == HERE, "it stays as it is set, and no page denies that"
    assert "Goes out on Wed 25 Nov 2026, 09:00 New York" in words(
        cleo.get(PAGE.removesuffix("/start"))
    )
    at.services.tick.run()
    assert at.campaign.release_at.isoformat() == "2026-11-25T14:00:00+00:00"
    assert len(at.starts) == 1
    assert at.press(cleo, cleo.get(PAGE), f"{HERE}/time", when="at", at="").status == 422
    answer = at.press(cleo, cleo.get(PAGE), f"{HERE}/time", when="now")
    assert answer.headers["location"] == f"{HERE}?done=started"


def test_undone_in_time_it_stays_approved(at: Room, cleo: Signed) -> None:
    start(at, cleo)
    at.services.tick.run()
    answer = at.press(cleo, cleo.get(PAGE), f"{HERE}/undo")
    assert answer.headers["location"] == f"{HERE}?done=undone"
    assert at.campaign.state is CampaignState.CANCELLED
    at.begin()
    at.hand_over()
    assert at.site.mails == []
    assert len(at.approvals) == 1
    assert at.deeds().count((address_of("cleo"), "undo")) == 1
    twice = cleo.post(f"/statements/{SLUG}/undo")
    assert twice.status == 409
    assert "That was not done" in words(twice)


def test_too_late_it_says_how_many_have_it_and_offers_to_pause(at: Room, cleo: Signed) -> None:
    start(at, cleo)
    at.begin()
    at.hand_over(batches=1)
    answer = cleo.post(f"/statements/{SLUG}/undo")
    said = words(answer)
    accepted = at.campaign.counts.accepted
    assert answer.status == 409
    assert f"It began before it could be undone, and went to {accepted} pe" in said
    assert "What was sent cannot be taken out of a mailbox." in said
    paused = at.press(cleo, answer, f"/desk/campaigns/{at.campaign.id}/pause")
    assert paused.status == 303
    assert at.campaign.state is CampaignState.PAUSED


def test_the_code_of_an_app_is_sent_along_with_what_it_confirms(
    tmp_path: Path, migrated: Path
) -> None:
    with room(tmp_path, migrated, desk={"typed_count": 12}) as at:
        at.approve()
        hash_cheaply(at.services)
        browser, eve = Browser(site=at.site), address_of("eve")
        browser.join(eve, Role.SENDER)
        at.clock.advance(minutes=11)
        form = form_of(browser.get(PAGE), f"{HERE}/start") | {"typed": "12"}
        asked = browser.post(PAGE, form)
        assert asked.status == 401
        assert at.starts == []
        again = {name: values[0] for name, values in hidden(asked).items()}
        assert browser.post(action(asked), again | {"step-up": "000000"}).status == 401
        assert at.starts == []
        done = browser.post(action(asked), again | {"step-up": browser.code(eve)})
        assert done.headers["location"] == f"{HERE}?done=started"
        assert [start.by for start in at.starts] == [eve]


def test_who_sends_a_correction_is_told_what_becomes_of_what_it_corrects(
    at: Room, cleo: Signed
) -> None:
    waits = "The library opens earlier"
    at.write("At ten, not at nine.", slug="right", title="Correction", corrects=SLUG)
    at.approve(slug="right")
    start(at, cleo)
    at.services.tick.run()
    said = words(cleo.get("/statements/right/start"))
    assert f"It goes out in the place of “{waits}”, which ends when this begins." in said
    at.begin()
    at.hand_over(1)
    told = (
        f"It goes to everybody who has “{waits}” or may have it, even if they left since."
        " 7 people still wait for it and get only the correction: the original ends when the"
        " correction begins."
    )
    said = words(cleo.get("/statements/right/start"))
    assert told in said
    assert "Anyone who subscribes" not in said
    assert told in words(cleo.get("/statements/right/review"))
    at.hand_over()
    assert words(cleo.get("/statements/right/start")).count(told[:60]) == 1
    assert "still wait" not in words(cleo.get("/statements/right/start"))
    at.start("right")
    at.begin()
    report = cleo.get(f"/campaigns/{at.campaign.id}")
    assert 'Corrected by <a href="/desk/statements/right">Correction</a>.' in report.text
    with at.services.store.read() as tx:
        correction = tx.campaigns.find_latest("right")
    cancel = words(cleo.get(f"/campaigns/{correction.id}/cancel"))
    assert f"they are not told what was wrong with “{waits}”" in cancel


def test_whose_language_is_not_started_is_told_before_they_get_the_original(
    at: Room, cleo: Signed
) -> None:
    told = "If this one goes first, its readers get this one instead, and not their own language."
    with at.services.store.begin() as tx:
        entry = Entry(address="es@readers.example", lists=("press",), language="es")
        tx.readers.upsert([entry], at.clock.now())
    at.write("Abre a las nueve.", slug="horas", title="Horas", language="es", translation_of=SLUG)
    assert f"Horas (es) is not approved. {told}" in words(cleo.get(PAGE))
    assert f"Horas (es) is not approved. {told}" in words(cleo.get(f"/statements/{SLUG}/review"))
    at.approve(slug="horas")
    assert f"Horas (es) has not been started. {told}" in words(cleo.get(PAGE))
    assert told not in words(cleo.get("/statements/horas/start"))
    at.start("horas")
    assert told not in words(cleo.get(PAGE))
