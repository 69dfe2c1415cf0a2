"""Writing at the desk: the form, autosave, two writers, the email next to it."""

import re
from html import unescape
from pathlib import Path

import pytest

from newsletter.credentials import codes
from newsletter.domain.statements.draft import VersionKind
from newsletter.pipeline.statements.approve import ApprovalRequest
from newsletter.web.desk.statements.editing import ActiveEditors
from tests.desk import desk as at_the_desk
from tests.desk import words
from tests.fakes import NOON
from tests.rows import rows
from tests.unit.web.desk.deciding import form_of
from tests.unit.web.desk.writing import FORM, Desk, as_json, said


def test_the_form_shows_the_text_and_what_browsers_need_to_save_it(desk: Desk) -> None:
    desk.keep(send_at="1 Dec 2026, 9am", embargo_until="2026-11-01 09:00")
    page = desk.ana.get(f"{desk.at}/edit")
    assert page.status == 200
    for part in (
        f'data-autosave="/desk{desk.at}/save"',
        'data-base="2"',
        'data-editor="visual"',
        f'data-paste="/desk{desk.at}/paste"',
        f'data-pictures="/desk{desk.at}/pictures"',
        f'data-preview="/desk{desk.at}/preview"',
        "data-saved",
        "data-others",
    ):
        assert part in page.text
    assert "The library opens at 9." in page.text
    assert "Tue 1 Dec 2026, 09:00 New York" in words(page)
    assert "1 Nov 2026, 09:00 New York – this has passed" in words(page)
    assert "Press releases 0" in words(page)
    assert "Recipients 0 people" in words(page)
    assert "data-tools hidden" in page.text


def test_an_hour_by_each_readers_own_clock_is_told_in_words(desk: Desk) -> None:
    desk.keep(send_at="2026-12-01 09:00 local")
    page = words(desk.ana.get(f"{desk.at}/edit"))
    assert "At 09:00 by each reader's own clock on 1 Dec 2026" in page
    desk.keep(send_at="09:00 local")
    assert "At 09:00 by each reader's own clock" in words(desk.ana.get(f"{desk.at}/edit"))


def test_each_button_of_the_form_keeps_the_text_and_goes_on(desk: Desk) -> None:
    saved = desk.keep(body="One.")
    assert (saved.status, saved.headers["location"]) == (303, f"/desk{desk.at}/edit?done=saved")
    handed = desk.keep(act="hand-in", body="Three.")
    assert handed.headers["location"] == "/desk/statements/library-hours?done=handed-in"
    assert desk.stored().statement.body == "Three."
    assert desk.stored().content_hash


def test_ticks_that_are_taken_away_are_gone(desk: Desk) -> None:
    desk.keep(lists=["press", "events"], urgent="yes", welcome="yes")
    text = desk.draft.version.text
    assert (text.lists, text.urgent, text.welcome) == (("press", "events"), True, True)
    form = {"base": str(desk.draft.revision), "act": "save", "title": "T", "body": "B"}
    desk.ana.post(f"{desk.at}/edit", form)
    text = desk.draft.version.text
    assert (text.lists, text.urgent, text.welcome) == ((), False, False)


def test_all_that_is_wrong_is_told_above_the_form_which_keeps_what_was_typed(desk: Desk) -> None:
    page = desk.keep(act="hand-in", title="", send_at="tomorrow", body="{{first_name}}")
    assert page.status == 422
    assert "Title: write a title." in words(page)
    assert "Send time: Add a time of day, such as 9am." in words(page)
    assert 'href="#send_at"' in page.text
    assert "{{first_name}}" in unescape(page.text)
    assert desk.draft.version.text.send_at == "tomorrow"
    page = desk.keep(
        act="hand-in",
        send_at="",
        body="One.\n\n**{{first_name}}** and more words than one can show here, or wants to",
    )
    assert "Text, “{{first_name}} and more words than one can show" in words(page)
    assert desk.draft.slug == ""


def test_ones_own_other_window_is_told_as_such(desk: Desk) -> None:
    desk.keep(body="In one window.")
    page = desk.keep(body="In another.", base=1)
    told = "You changed this text at 07:00 in another window, after you opened it here."
    assert told in words(page)
    assert "Take the other" in words(page)
    third = desk.save(base=1, body="In a third.")
    assert (third.status, said(third)["own"]) == (409, True)
    assert said(desk.save(desk.ben, base=1, body="Ben's."))["own"] is False


def test_the_newest_statements_are_offered_where_one_is_named(desk: Desk) -> None:
    desk.keep(act="hand-in", title="Hours of the <library>")
    desk.staffed.site.services.tick.run()
    other = Desk(desk.staffed)
    page = other.ana.get(f"{other.at}/edit")
    offered = '<option value="hours-of-the-library">Hours of the &lt;library&gt;</option>'
    assert page.text.count(offered) == 2
    other.keep(corrects="hours-of-the-library", translation_of="gone")
    page = other.ana.get(f"{other.at}/edit")
    assert page.text.count(offered.replace('">', '" selected>')) == 1
    assert '<option value="gone" selected>gone</option>' in page.text
    assert offered not in desk.ana.get(f"{desk.at}/edit").text, "nothing corrects itself"


def test_a_language_is_chosen_by_its_name_in_the_language_of_the_desk(desk: Desk) -> None:
    desk.keep(language="pt-BR")
    chosen = '<option value="pt-BR" selected>{}</option>'
    assert chosen.format("Brazilian Portuguese") in desk.ana.get(f"{desk.at}/edit").text
    german = desk.ana.get(f"{desk.at}/edit", headers={"Accept-Language": "de"}).text
    assert chosen.format("Portugiesisch (Brasilien)") in german
    desk.keep(language="es-419")
    assert (
        '<option value="es-419" selected>Spanish (419)</option>'
        in desk.ana.get(f"{desk.at}/edit").text
    )


def test_two_writers_see_both_texts_and_choose_and_both_are_kept(desk: Desk) -> None:
    desk.keep(desk.ben, body="Ben's text.")
    page = desk.keep(body="Ana's text.", base=1)
    assert page.status == 409
    assert "Ben changed this text at 07:00" in words(page)
    assert "Ben's text." in words(page)
    assert "Ana's text." in words(page)
    for label in ("Keep mine", "Take Ben's", "Keep both, one below the other"):
        assert label in words(page)
    assert desk.draft.version.text.body == "Ben's text."
    forms = re.findall(r'(?s)<form method="post" action="/desk/drafts.*?</form>', page.text)
    third = dict(re.findall(r'(?s)name="(\w+)" hidden>\n(.*?)</textarea>', unescape(forms[2])))
    desk.ana.post(f"{desk.at}/edit", {"base": "2", "act": "save", **third})
    assert desk.draft.version.text.body == "Ben's text.\n\nAna's text."
    bodies = [one.text.body for one in desk.versions()]
    assert bodies == ["", "Ben's text.", "Ana's text.", "Ben's text.\n\nAna's text."]


def test_a_script_is_told_what_was_saved_under_which_number(desk: Desk) -> None:
    answer = desk.save(base="1", body="Typed.")
    assert answer.status == 200
    unset: dict[str, object] = {"words": "", "wrong": False}
    assert said(answer) == {
        "version": 2,
        "saved_at": NOON.isoformat(),
        "others": [],
        "told": {"send_at": unset, "embargo_until": unset},
        "settled": {"send_at": "", "embargo_until": ""},
        "wrong": [],
    }
    assert desk.draft.version.text.body == "Typed."
    assert said(desk.save(base="2", body="Typed.", lists="events"))["recipients"] == "0 people"
    answer = desk.save(base="3", lists="events", segment="unknown", title="")
    assert (said(answer)["recipients"], said(answer)["wrong"]) == ("", ["title", "segment"])


def test_what_a_time_means_or_why_it_means_nothing_is_told_as_it_is_typed(desk: Desk) -> None:
    def told(typed: str, field: str = "send_at") -> tuple[bool, str]:
        answer = said(desk.save(base=desk.draft.revision, **{field: typed}))
        return answer["told"][field]["wrong"], answer["told"][field]["words"]

    assert told("1 Dec 2026, 9am") == (False, "Tue 1 Dec 2026, 09:00 New York")
    assert told("1 Dec 10:00 London") == (False, "Tue 1 Dec 2026, 05:00 New York")
    skipped = "2027-03-14 02:30 does not exist in America/New_York: the clocks go forward over it;"
    wrong, words_below = told("14 March 2027 2:30")
    assert (wrong, words_below.startswith(skipped)) == (True, True)
    assert told("3/12 6am") == (True, "3/12 can be 3 Dec or 12 Mar. Write the month as a word.")
    assert told("9am local") == (False, "At 09:00 by each reader's own clock")
    assert "comes twice in America/New_York" in told("1 Nov 2026 1:30", "embargo_until")[1]
    assert told("2026-12-24 10:00", "embargo_until") == (False, "Thu 24 Dec 2026, 10:00 New York")
    page = desk.keep(act="hand-in", send_at="soon")
    assert words(page).count("“soon” is not a date and time") == 2, "above, and at the field"


def test_words_that_depend_on_the_day_are_kept_as_what_they_meant_then(desk: Desk) -> None:
    answer = said(desk.save(base=desk.draft.revision, send_at="tomorrow 9am", embargo_until="soon"))
    assert answer["settled"] == {"send_at": "2026-11-25 09:00", "embargo_until": "soon"}
    assert desk.draft.version.text.send_at == "2026-11-25 09:00"
    desk.keep(send_at="Friday 10am", embargo_until="")
    assert desk.draft.version.text.send_at == "2026-11-27 10:00"
    assert 'value="2026-11-27 10:00"' in desk.ana.get(f"{desk.at}/edit").text


def test_an_answer_that_was_lost_is_given_again(desk: Desk) -> None:
    first = desk.save(base=1, body="Typed.")
    assert said(desk.save(base=1, body="Typed.")) == said(first)


def test_a_script_is_told_what_another_typed(desk: Desk) -> None:
    desk.save(desk.ben, base=1, body="Ben's.")
    answer = desk.save(base=1, body="Ana's.")
    assert answer.status == 409
    told = said(answer)
    assert (told["version"], told["by"]) == (2, "Ben")
    assert told["fields"]["body"] == ["Ben's."]
    assert told["fields"]["lists"] == ["press"]
    assert [one.kind for one in desk.versions()][-1] is VersionKind.ASIDE
    assert said(desk.save(base=2, body="Ana's."))["version"] == 3


def test_a_script_is_told_why_nothing_was_saved(desk: Desk) -> None:
    def asked(body: bytes) -> tuple[int, str]:
        answer = desk.ana.ask("POST", f"{desk.at}/save", body=body)
        return answer.status, said(answer)["error"]

    assert asked(b"[]")[0] == asked(b"{")[0] == 422
    long = desk.save(base=1, title="x" * 1001)
    assert (long.status, said(long)["error"]) == (422, "Title: is longer than 1,000 characters.")
    gone = desk.ana.ask("POST", f"/drafts/{'z' * 16}/save", body=b"{}")
    assert (gone.status, "no such text" in said(gone)["error"]) == (404, True)


@rows("fields", [None, [], "x", {"body": 7}, {"body": [7]}, {"unknown": "x"}])
def test_fields_that_are_none_change_nothing(desk: Desk, fields: object) -> None:
    answer = desk.ana.ask("POST", f"{desk.at}/save", **as_json({"base": "one", "fields": fields}))
    assert said(answer)["version"] == 1


@rows("script", [True, False])
def test_an_embargo_that_is_typed_keeps_the_text_from_approval(desk: Desk, script: bool) -> None:
    body = "Embargoed until 1 December 2026, 10:00 London time.\n\nThe library opens at nine."
    body = f"{body} {script}"  # approved, it stays so
    if script:
        desk.save(base=desk.draft.revision, **(FORM | {"body": body}))
        desk.keep(act="hand-in", body=body)
    else:
        desk.keep(act="hand-in", body=body)
    page = desk.ben.get("/statements/library-hours/review")
    assert "The text speaks of an embargo (Embargoed until 1 December 2026, 10:00" in words(page)
    assert "There is no embargo" in words(page)
    form = form_of(page, "/desk/statements/library-hours/review") | {"despite": "No"}
    refused = desk.ben.post("/statements/library-hours/review", form)
    assert refused.status == 409
    waived = desk.ben.post("/statements/library-hours/review", form | {"no_embargo": "yes"})
    assert waived.headers["location"].endswith("?done=approved")
    desk.ana.post(f"{desk.at}/take-back")


def test_who_edits_what_was_approved_is_told_before_what_a_change_costs(desk: Desk) -> None:
    desk.keep(act="hand-in")
    services = desk.staffed.site.services
    services.statements.approve(
        ApprovalRequest(
            slug="library-hours",
            by=desk.ben.address,
            shown=services.campaigns.current_terms("library-hours"),
            despite="a test",
        )
    )
    desk.save(base=desk.draft.revision, body="One comma, corrected.")
    for page in (desk.ana.get(f"{desk.at}/edit"), desk.ana.get(desk.at)):
        assert (
            "Ben approved this text. Once you submit a change or take it back, it needs a new"
            " approval." in words(page)
        )
    approved = desk.stored().content_hash
    # a page that was opened before the approval says nothing of it
    unaware = desk.keep(act="hand-in", base=desk.draft.revision, body="Two.")
    assert unaware.status == 409
    assert "Not submitted yet, but saved. Ben approved this text." in words(unaware)
    assert (
        desk.ana.post(f"{desk.at}/hand-in", {"base": str(desk.draft.revision)}).status
        == desk.ana.post(
            f"{desk.at}/hand-in", {"base": str(desk.draft.revision), "lapses": "x"}
        ).status
        == 409
    )
    assert desk.stored().content_hash == approved
    assert 'name="lapses" value="1"' in unaware.text
    told = desk.keep(act="hand-in", base=desk.draft.revision, body="Two.", lapses="1")
    assert told.status == 303
    assert desk.stored().content_hash != approved


def test_whoever_is_in_the_text_too_is_named_for_a_while(desk: Desk) -> None:
    assert "is in this text" not in words(desk.ana.get(f"{desk.at}/edit"))
    assert "Ana is in this text" in words(desk.ben.get(f"{desk.at}/edit"))
    assert said(desk.save(base=1, body="x"))["others"] == ["Ben"]
    desk.staffed.site.clock.advance(minutes=3)
    assert "is in this text" not in words(desk.ben.get(f"{desk.at}/edit"))


def test_of_those_who_are_in_texts_a_bounded_number_is_known() -> None:
    present = ActiveEditors()
    for number in range(600):
        present.record(f"{number}", "Ana", NOON)
    assert present.record("0", "Ben", NOON) == []
    assert present.record("599", "Ben", NOON) == ["Ana"]


def test_the_email_is_made_of_what_the_form_holds_and_nothing_is_kept(desk: Desk) -> None:
    before = desk.staffed.site.rows("SELECT count(*) FROM version")
    answer = desk.ana.post(f"{desk.at}/preview", FORM | {"body": "Only **seen**."})
    assert answer.status == 200
    assert "Only <strong>seen</strong>." in re.sub(r" style=\"[^\"]*\"", "", answer.text)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "NLMERGE" not in answer.text
    assert desk.draft.revision == 1
    assert desk.staffed.site.rows("SELECT count(*) FROM version") == before


def test_the_email_is_shown_although_something_is_missing_or_wrong(desk: Desk) -> None:
    wrong = {
        "title": " ",
        "body": "",
        "lists": "Not A List",
        "send_at": "soon",
        "language": "?",
        "corrects": "No slug",
    }
    page = desk.ana.post(f"{desk.at}/preview", wrong)
    assert "No title yet" in words(page)
    assert "There is no text yet." in words(page)


def test_where_no_email_can_be_made_the_frame_says_what_to_change(desk: Desk) -> None:
    for body in ("{{first_name}}", "a\x07b"):
        page = desk.ana.post(f"{desk.at}/preview", FORM | {"body": body})
        assert page.status == 200
        assert "The email cannot be shown yet" in words(page)
        assert "Text, “" in words(page)


def test_a_version_has_its_own_email_and_that_of_another_text_is_not_found(desk: Desk) -> None:
    first = desk.draft.version.number
    desk.staffed.site.clock.advance(minutes=6)
    desk.keep(body="Later.")
    old = desk.ana.get(f"{desk.at}/preview?version={first}")
    assert "Later." not in words(old)
    assert "Later." in words(desk.ana.get(f"{desk.at}/preview"))
    other = Desk(desk.staffed)
    assert desk.ana.get(f"{other.at}/preview?version={first}").status == 404
    assert desk.ana.get(f"{desk.at}/preview?version=x").status == 404


@pytest.mark.slow("reads in a sandbox")
def test_what_is_pasted_comes_back_as_markdown_with_what_was_left_out(desk: Desk) -> None:
    html = '<p>One <b>two</b> <img src="data:x" alt="A chart"></p>'
    answer = desk.ana.ask("POST", f"{desk.at}/paste", **as_json({"html": html}))
    assert answer.status == 200
    assert said(answer)["markdown"] == "One **two**"
    assert "A chart" in said(answer)["left_out"][0]
    nothing = desk.ana.ask("POST", f"{desk.at}/paste", **as_json({"html": 7}))
    assert nothing.status == 422
    assert "what was pasted" in said(nothing)["error"] or "Text" in said(nothing)["error"]


def test_where_all_languages_go_in_one_mail_the_preview_has_them(
    tmp_path: Path, migrated: Path
) -> None:
    with at_the_desk(tmp_path, database=migrated, translations="together") as staffed:
        desk = Desk(staffed)
        desk.keep(act="hand-in")
        text = (
            "---\ntitle: Horario\nlanguage: es\ntranslation_of: library-hours\n---\nAbre a las 9."
        )
        (staffed.site.folder / "statements" / "horario.md").write_text(text, "utf-8")
        staffed.site.services.statements.refresh()
        assert "Abre a las 9." in words(desk.ana.get(f"{desk.at}/preview"))


def test_a_role_that_is_lost_while_somebody_writes_loses_no_text(desk: Desk) -> None:
    long = "The library opens at 9. " * 4_000
    desk.staffed.site.change("UPDATE staff SET role = 'viewer' WHERE address = 'ana@forum.example'")
    page = desk.ana.post(f"{desk.at}/edit", FORM | {"base": "1", "act": "save", "body": long})
    assert page.status == 403
    assert "What you wrote" in words(page)
    assert long in unescape(page.text)
    assert desk.save(base=1, body="Typed.").status == 403
    assert desk.draft.version.text.body == ""


@rows(
    ("before", "path", "status"),
    [
        ("", "/statements/nothing/comments", 404),
        ("UPDATE draft SET template = 1", "{at}/edit", 409),
        ("UPDATE draft SET deleted_at = 1", "{at}/edit", 404),
    ],
)
def test_a_page_that_refuses_shows_what_was_written(
    desk: Desk, before: str, path: str, status: int
) -> None:
    if before:
        desk.staffed.site.change(before)
    long = "The library opens at 9. " * 4
    form = FORM | {"base": "1", "act": "hand-in", "body": long, "comment": long}
    page = desk.ana.post(path.format(at=desk.at), form)
    assert (page.status, long in unescape(page.text)) == (status, True)


def test_a_session_that_ends_while_somebody_writes_loses_no_text(desk: Desk) -> None:
    long = "The library opens at 9. " * 4_000
    with desk.staffed.site.services.store.begin() as tx:
        tx.db.change("DELETE FROM session")
    # 93 KB: a browser without an earlier session may send 64 KB
    ana = desk.ana
    form = FORM | {"base": "1", "act": "save", "body": long}
    assert ana.post(f"{desk.at}/edit", form).status == 413
    device = codes.new_device_cookie(desk.staffed.site.services.staff.key, ana.address)
    cookies = {"Cookie": f"__Host-desk={ana.cookie}; __Host-desk-device={device}"}
    page = ana.post(f"{desk.at}/edit", form, headers=cookies)
    assert page.status == 401
    assert long in unescape(page.text).replace("\\n", "\n")
    saved = desk.save(base=1, body="Typed.")
    assert saved.status == 401
    assert desk.draft.version.text.body == ""
