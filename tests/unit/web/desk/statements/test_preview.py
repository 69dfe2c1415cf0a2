"""The email of a statement as its readers see it, and in one's own inbox."""

from email import message_from_bytes, policy

from newsletter.domain.delivery.batch import Outcome, Verdict
from newsletter.web.desk.statements import preview
from tests.contracts.books import audited
from tests.desk import Staffed, desk, words
from tests.pages import kept_after
from tests.rows import rows
from tests.unit.web.desk.statements.test_reading import SETTINGS
from tests.unit.web.desk.work import READERS, send, write
from tests.unit.web.desk.writing import Desk

BOARD = ("chair@home.example", "dee@home.example")
PICTURE = "![The library](https://forum.example/library.jpg)"


def write_with_picture(staffed: Staffed) -> None:
    staffed.site.subscribe(*READERS)
    write(staffed, body=f"The library opens at nine.\n\n{PICTURE}")


GROUPS = {"Newsroom": ["ana@forum.example", "ben@forum.example"], "Board": [*BOARD]}
kept = kept_after(desk, write_with_picture, desk={"test_groups": GROUPS}, **SETTINGS)


def test_the_page_shows_the_inbox_line_and_a_tab_for_each_way_of_looking(staffed: Staffed) -> None:
    page = staffed.as_("vera").get("/statements/hours/look")
    assert "Subject: The library opens earlier Summary: From the first of December" in words(page)
    assert "Desktop Phone Dark Plain text Pictures off" in words(page)
    assert 'src="/desk/statements/hours/mail?view=desktop"' in page.text
    phone = staffed.as_("vera").get("/statements/hours/look?view=phone").text
    assert 'class="mail phone" src="/desk/statements/hours/mail?view=phone"' in phone
    unknown = staffed.as_("vera").get("/statements/hours/look?view=x").text
    assert "/mail?view=desktop" in unknown


@rows(
    ["view", "there", "not_there"],
    [
        ("desktop", "color-scheme: only light", "<pre"),
        ("phone", "color-scheme: only light", "<pre"),
        ("dark", "color-scheme: only dark", "only light"),
        ("text", "<pre", "<table"),
        ("no-pictures", "The library", 'src="https://forum.example'),
        ("nonsense", "color-scheme: only light", "<pre"),
    ],
)
def test_each_way_of_looking_shows_the_very_email(
    staffed: Staffed, view: str, there: str, not_there: str
) -> None:
    answer = staffed.as_("vera").get(f"/statements/hours/mail?view={view}")
    assert answer.status == 200
    assert "The library opens at nine." in answer.text
    assert there in answer.text
    assert not_there not in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script" not in answer.headers["content-security-policy"]


def test_where_there_is_no_email_it_is_said(staffed: Staffed) -> None:
    write(staffed, body="{{ name }} <script>")
    staffed.site.change("UPDATE statement SET content_hash = '' WHERE slug = 'hours'")
    assert "There is no email of this statement" in words(
        staffed.as_("vera").get("/statements/hours/look")
    )
    assert staffed.as_("vera").get("/statements/hours/mail").status == 404


def test_what_went_out_is_shown_as_it_went_out_whatever_its_file_says_now(staffed: Staffed) -> None:
    send(staffed, "sent", body="As it was sent.")
    write(staffed, "sent", body="As it is now.")
    assert "As it was sent." in staffed.as_("vera").get("/statements/sent/mail").text
    (staffed.site.folder / "statements" / "sent.md").unlink()
    staffed.site.services.tick.run()
    assert "As it was sent." in staffed.as_("vera").get("/statements/sent/mail").text


def test_a_sender_sees_it_as_a_reader_gets_it(staffed: Staffed) -> None:
    page = staffed.as_("cleo").post("/statements/hours/look", {"reader": f" {READERS[1]} "})
    assert f"As {READERS[1]} gets it." in words(page)
    assert 'src="/desk/statements/hours/mail/2?view=desktop"' in page.text
    assert staffed.as_("cleo").get("/statements/hours/mail/2").status == 200


@rows(
    ["typed", "why"],
    [
        ("nobody@readers.example", "There is no reader with the address nobody@readers.example"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_who_is_no_reader_is_said_and_what_was_typed_stays(
    staffed: Staffed, typed: str, why: str
) -> None:
    page = staffed.as_("cleo").post("/statements/hours/look", {"reader": typed})
    assert page.status == 422
    assert why in words(page)
    assert f'value="{typed}"' in page.text


@rows("number", ["0", "99", "x", "-1", "9" * 30, "١"])
def test_a_number_that_nobody_has_is_not_found(staffed: Staffed, number: str) -> None:
    assert staffed.as_("cleo").get(f"/statements/hours/mail/{number}").status == 404


def test_a_writer_sends_a_test_to_themselves(staffed: Staffed) -> None:
    answer = staffed.as_("ana").post("/statements/hours/test", {})
    assert answer.headers["location"] == "/desk/statements/hours/look?done=test-file"
    [mail] = (message_from_bytes(one, policy=policy.default) for one in staffed.site.mails)
    assert (mail["To"], mail["Subject"]) == (
        "ana@forum.example",
        "[Test] The library opens earlier",
    )
    [line] = audited(staffed.site.services.store, "test")
    assert line.actor == "ana@forum.example"
    assert "Ana sent a test email." in words(staffed.as_("vera").get("/statements/hours/history"))


def test_or_to_a_colleague_and_a_sender_to_any_address(staffed: Staffed) -> None:
    ana = staffed.as_("ana")
    assert ana.post("/statements/hours/test", {"to": "ben@forum.example"}).status == 303
    refused = ana.post("/statements/hours/test", {"to": READERS[0]})
    assert refused.status == 409
    assert "Choose somebody among the staff" in words(refused)
    assert len(staffed.site.mails) == 1
    assert "You, if it is empty." not in words(ana.get("/statements/hours/look"))
    cleo = staffed.as_("cleo")
    assert "You, if it is empty." in words(cleo.get("/statements/hours/look"))
    assert cleo.post("/statements/hours/test", {"to": " chair@home.example "}).status == 303
    assert any(b"To: chair@home.example" in mail for mail in staffed.site.mails)
    typed = cleo.post("/statements/hours/test", {"to": "chair"})
    assert typed.status == 409
    assert 'value="chair"' in typed.text


def receivers(staffed: Staffed) -> list[str]:
    mails = (message_from_bytes(one, policy=policy.default) for one in staffed.site.mails)
    return sorted(mail["To"] for mail in mails)


def test_or_to_each_address_of_a_group_by_the_same_rules(staffed: Staffed) -> None:
    ana, cleo, at = staffed.as_("ana"), staffed.as_("cleo"), "/statements/hours"
    assert "Newsroom (2 addresses)" in words(ana.get(f"{at}/look"))
    assert "Board" not in words(ana.get(f"{at}/look"))
    assert '<option value="Board">' in cleo.get(f"{at}/look").text
    assert ana.post(f"{at}/test", {"to": "Newsroom"}).status == 303
    assert receivers(staffed) == ["ana@forum.example", "ben@forum.example"]
    refused = ana.post(f"{at}/test", {"to": "Board"})
    assert refused.status == 409
    assert "Choose somebody among the staff" in words(refused)
    staffed.site.services.subscribers.acts_of(cleo.address).suppress(BOARD[0], reason="a test")
    none = cleo.post(f"{at}/test", {"to": "Board"})
    assert none.status == 409
    assert "chair@home.example is suppressed" in words(none)
    assert receivers(staffed) == ["ana@forum.example", "ben@forum.example"]
    written = Desk(staffed)
    assert "Newsroom (2 addresses)" in words(written.ana.get(written.at))
    assert written.ana.post(f"{written.at}/test", {"to": "Newsroom"}).status == 303
    with staffed.site.services.store.read() as tx:
        tests = [one.actor for one in tx.audit.list_newest(None) if one.action == "test"]
    assert sorted(tests) == ["ana@forum.example"] * 4


def test_why_a_test_was_not_sent_is_said(staffed: Staffed) -> None:
    staffed.site.change("UPDATE statement SET content_hash = '' WHERE slug = 'hours'")
    refused = staffed.as_("ana").post("/statements/hours/test", {})
    assert refused.status == 409
    assert "Hours cannot be rendered." in words(refused)
    assert staffed.site.mails == []


@rows(
    ("verdict", "said"),
    [
        (Verdict.CONFIGURATION, "until your operator has corrected its settings: wrong key"),
        (Verdict.REJECTED, "The provider did not take the test email: wrong key"),
    ],
)
def test_a_refused_test_says_who_can_help(verdict: Verdict, said: str) -> None:
    assert said in preview._describe_fault(Outcome(verdict=verdict, reason="wrong key"))


def test_a_text_is_tested_before_it_is_handed_in(staffed: Staffed) -> None:
    written = Desk(staffed)
    written.keep(title="Library hours", body="The library opens at ten.")
    answer = written.ana.post(f"{written.at}/test", {})
    assert answer.headers["location"] == f"/desk{written.at}?done=test-file"
    [mail] = (message_from_bytes(one, policy=policy.default) for one in staffed.site.mails)
    assert (mail["To"], mail["Subject"]) == ("ana@forum.example", "[Test] Library hours")
    body = mail.get_body(("plain",))
    assert "The library opens at ten." in body.get_content()
    [line] = audited(staffed.site.services.store, "test")
    assert (line.actor, line.subject) == ("ana@forum.example", f"desk{written.at}")
    assert written.draft.submitted_version is None


def test_a_text_that_is_ahead_is_tested_as_it_was_saved(staffed: Staffed) -> None:
    written = Desk(staffed)
    written.keep(act="hand-in")
    written.keep(body="The library opens at eleven.")
    assert written.ben.post(f"{written.at}/test", {"to": "ana@forum.example"}).status == 303
    [mail] = (message_from_bytes(one, policy=policy.default) for one in staffed.site.mails)
    body = mail.get_body(("plain",))
    assert "The library opens at eleven." in body.get_content()


def test_a_test_of_a_text_goes_to_staff_alone_and_says_why_it_did_not_go(staffed: Staffed) -> None:
    written = Desk(staffed)
    refused = written.ana.post(f"{written.at}/test", {"to": READERS[0]})
    assert refused.status == 409
    assert "Choose somebody among the staff" in words(refused)
    assert "Send a test" not in words(staffed.as_("vera").get(written.at))
    assert staffed.site.mails == []
