"""Texts at the desk before they are statements: begun, brought in, handed in, taken back."""

import base64
import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from newsletter.documents.sandbox import DOCUMENT_GATE
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.statements.statement import Progress
from newsletter.domain.wording import Sentence, recognize
from newsletter.web.desk.page import NOTE_NAMES
from tests.desk import desk as at_the_desk
from tests.desk import words
from tests.rows import rows
from tests.unit.web.desk.work import send
from tests.unit.web.desk.writing import FORM, Desk, key_in, multipart


def brought(desk: Desk, name: str, data: bytes) -> DraftText:
    """The text that came of a file."""
    answer = desk.ana.ask("POST", "/drafts/new", **multipart({"pasted": ""}, file=(name, data)))
    assert answer.status == 303, words(answer)
    desk.key = key_in(answer)
    return desk.draft.version.text


def test_a_new_text_begins_with_its_title_the_day_and_what_is_usual(desk: Desk) -> None:
    assert "Write it here" in words(desk.ana.get("/drafts/new"))
    assert desk.draft.version.text == DraftText(
        title="Library hours", lists=("press",), language="en", date="2026-11-24"
    )
    assert desk.deeds() == [("ana", "write")]
    desk.ana.post("/drafts/new", {"title": "  "})
    assert "Untitled" in words(desk.ana.get(""))
    long = desk.ana.post("/drafts/new", {"title": "x" * 1001})
    assert (long.status, "Title: is longer than 1,000 characters." in words(long)) == (422, True)


@pytest.mark.slow("reads in a sandbox")
def test_a_file_in_another_language_is_a_text_in_that(desk: Desk) -> None:
    said = "Die Bücherei in der Mitte der Stadt öffnet ab Montag eine Stunde früher als bisher."
    page = f"<html lang=de-AT><h1>Die Bücherei öffnet früher</h1><p>{said}</p>"

    assert brought(desk, "a.html", page.encode()).language == "de-AT"
    assert "The text was taken to be in German" in words(desk.ana.get(f"/drafts/{desk.key}/edit"))


@pytest.mark.slow("reads in a sandbox")
def test_notes_about_a_file_are_in_the_language_of_their_reader(desk: Desk) -> None:
    page = (
        "<nav>Home</nav><h1>Library opens earlier</h1><p>EMBARGOED UNTIL 1 December 2026, 9:00</p>"
        "<p>The library in the middle of the <u>town</u> opens an hour earlier from Monday on. See"
        " <a href='http://forum.example'>our page</a> and <a href='b.html'>another</a>.</p>"
        "<p>Media contact: Ana Ruiz</p><svg><path/></svg>"
    )
    brought(desk, "a.html", page.encode())
    found = desk.draft.import_findings
    told = [*found.notes, *(why for _, _, why in found.left_out)]
    assert len(told) > 6
    assert [one for one in told if not isinstance(recognize(one, NOTE_NAMES), Sentence)] == []
    desk.ana.post("/account/language", {"language": "de"})
    said = words(desk.ana.get(f"/drafts/{desk.key}/edit"))
    desk.ana.post("/account/language", {"language": ""})
    assert "spricht von einer Sperrfrist: Geben Sie 2026-12-01 09:00 als ihr Ende ein" in said
    assert "„Home“, Navigation" in said


@pytest.mark.slow("reads in a sandbox")
def test_pictures_of_a_file_are_pictures_of_the_text(desk: Desk) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (6, 4), "navy").save(drawn, "PNG")
    source = "data:image/png;base64," + base64.b64encode(drawn.getvalue()).decode()
    said = "The library in the middle of the town opens an hour earlier from Monday on."
    page = f"<h1>Library opens earlier</h1><p>{said}</p><img src='{source}' alt='The library'>"

    brought(desk, "a.html", page.encode())

    shown = words(desk.ana.get(f"/drafts/{desk.key}/pictures"))
    assert "The library" in shown
    [note] = [one for one in desk.draft.import_findings.notes if "Pictures" in one]
    assert note.startswith("The picture “The library” is kept under Pictures")


@pytest.mark.slow("reads in a sandbox")
def test_an_import_of_nothing_and_a_template_without_a_name_are_refused(desk: Desk) -> None:
    for form, told in (
        ({"pasted": " "}, "Choose a file, or paste the text."),
        ({"from": "new-template", "name": " "}, "Enter its name."),
    ):
        answer = desk.ana.post("/drafts/new", form)
        assert (answer.status, told in words(answer)) == (422, True)


def test_a_pasted_text_becomes_a_text_with_what_was_left_out_beside_it(desk: Desk) -> None:
    pasted = (
        "EMBARGOED UNTIL 1 December 2026, 9:00\n\nFOR IMMEDIATE RELEASE\n\n"
        "Library opens earlier\n\n"
        "The library in the middle of the town opens an hour earlier from Monday on.\n\n###\n"
    )
    answer = desk.ana.post("/drafts/new", {"pasted": pasted})
    desk.key = key_in(answer)
    text = desk.draft.version.text
    assert (text.title, text.lists) == ("Library opens earlier", ("press",))
    assert text.embargo.startswith("EMBARGOED UNTIL")
    page = words(desk.ana.get(f"{desk.at}/edit"))
    assert "From the pasted text: " in page
    assert "enter 2026-12-01 09:00 as its end" in page
    assert "embargo_until" not in page
    assert "FOR IMMEDIATE RELEASE" in page
    assert "Embargo in the text" in page
    desk.ana.post(f"{desk.at}/looked")
    assert "FOR IMMEDIATE RELEASE" not in words(desk.ana.get(f"{desk.at}/edit"))
    assert desk.deeds()[-1] == ("ana", "look through")


def test_a_markdown_file_is_read_in_the_sandbox(desk: Desk) -> None:
    file = ("a.md", b"---\ntitle: A\n---\nText.")
    DOCUMENT_GATE.close()
    try:
        page = words(desk.ana.ask("POST", "/drafts/new", **multipart({"pasted": ""}, file=file)))
    finally:
        DOCUMENT_GATE.open()
    assert "a.md was not read: newsletter is about to end; try again" in page


@pytest.mark.slow("reads in a sandbox")
def test_a_file_of_a_folder_keeps_all_of_its_fields(desk: Desk) -> None:
    file = (
        "---\ntitle: Horario\nlists: [events]\nlanguage: es\nsend_at: 2026-12-01 09:00 local\n"
        "urgent: true\n---\nAbre a las 9."
    )
    assert brought(desk, "horario.md", file.encode()) == DraftText(
        title="Horario",
        body="Abre a las 9.",
        lists=("events",),
        language="es",
        send_at="2026-12-01 09:00 local",
        urgent=True,
    )


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b" " * 7_000_000)
    return out.getvalue()


@pytest.mark.slow("reads in a sandbox")
@rows(
    ["name", "data", "said"],
    [
        ("a.docx", bomb(), "a.docx"),
        ("a.docx", b"no Word file", "a.docx"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old kind of Word file"),
        ("a.exe", b"MZ", "of a kind that is not read"),
        ("a.txt", b"x" * 20_000_001, "larger than 20 MB"),
        ("a.html", b"", "a.html"),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_do(
    desk: Desk, name: str, data: bytes, said: str
) -> None:
    before = desk.staffed.site.rows("SELECT count(*) FROM draft")
    page = desk.ana.ask("POST", "/drafts/new", **multipart({}, file=(name, data)))
    assert page.status == 422
    assert said in words(page)
    assert desk.staffed.site.rows("SELECT count(*) FROM draft") == before


def in_a_folder(desk: Desk, slug: str, text: str) -> Path:
    path = desk.staffed.site.folder / "statements" / f"{slug}.md"
    path.write_text(text, "utf-8")
    desk.staffed.site.services.statements.refresh()
    return path


def test_a_statement_of_a_folder_is_copied_to_the_desk_and_edited_there(desk: Desk) -> None:
    file = in_a_folder(desk, "old", "---\ntitle: Old\nlists: [events]\n---\nOld text.")
    answer = desk.ana.post("/statements/old/copy")
    assert answer.headers["location"].endswith("?done=copied")
    desk.key = key_in(answer)
    assert (desk.draft.version.text.title, desk.draft.copied_of) == ("Old", "old")
    file.unlink()
    desk.staffed.site.services.statements.refresh()
    desk.keep(act="hand-in", title="Old", body="New text.")
    assert desk.stored("old").statement.body == "New text."
    assert desk.ana.post("/statements/nothing/copy").status == 404
    desk.key = key_in(desk.ana.post("/statements/old/copy"))
    assert desk.draft.copied_of == ""


def test_a_document_is_read_for_the_editor_and_keeps_its_pictures(desk: Desk) -> None:
    sent = multipart({}, file=("more.md", b"# More hours\n\nThe text."))
    answer = desk.ana.ask("POST", f"{desk.at}/import", **sent)
    read = json.loads(answer.text)
    assert (read["title"], read["markdown"]) == ("More hours", "The text.")
    assert (read["left_out"], desk.draft.version.text.body) == ([], ""), "the script saves it"
    for wrong in (multipart({}), multipart({}, file=("a.docx", b"no archive"))):
        refused = desk.ana.ask("POST", f"{desk.at}/import", **wrong)
        assert refused.status == 422
        assert json.loads(refused.text)["error"]


def test_texts_that_nobody_handed_in_are_listed_with_who_wrote_last(desk: Desk) -> None:
    board = "/statements?state=drafts"
    page = words(desk.ana.get(board))
    assert "Library hours Ana Draft Changed Tue 24 Nov 2026, 07:00" in page
    assert "New statement" in page
    assert "New statement" not in words(desk.staffed.as_("vera").get(board))
    desk.keep(act="hand-in")
    assert "Library hours Ana" not in words(desk.ana.get(board))


def test_many_texts_come_page_by_page(desk: Desk) -> None:
    writing = desk.staffed.site.services.statements.writer(desk.ana.address)
    for number in range(55):
        writing.new(DraftText(title=f"Text {number}"))
    pages = [desk.ana.get(f"/statements?state=drafts&page={number}").text for number in (1, 2)]
    assert [page.count('href="/desk/drafts/') - 1 for page in pages] == [50, 6]
    assert 'rel="next"' in pages[0]
    assert 'rel="prev"' in pages[1]


def test_its_page_says_where_it_stands_at_each_step(desk: Desk) -> None:
    def stands() -> str:
        return words(desk.ana.get(desk.at))

    assert "Only staff see it. Next: you, or another writer, submit it." in stands()
    assert "Write the text. Text" in stands()
    assert "Delete this text" in stands()
    desk.keep(act="hand-in")
    assert "It is submitted. The statement's page says who acts next." in stands()
    assert "Take back" in stands()
    assert "Delete this text" not in stands()
    desk.keep(body="More.")
    assert "newer than the submitted one" in stands()
    back = desk.ana.post(f"{desk.at}/take-back")
    assert back.headers["location"] == f"/desk{desk.at}?done=taken-back"
    assert "It was taken back. Only staff see it." in stands()
    assert desk.stored().statement.progress is Progress.DRAFT
    done = desk.ana.post(f"{desk.at}/hand-in", {"base": str(desk.draft.revision)})
    assert done.headers["location"] == "/desk/statements/library-hours?done=handed-in"
    assert desk.stored().statement.progress is Progress.REVIEW
    page = words(desk.staffed.as_("vera").get(desk.at))
    assert "Take back" not in page
    assert "See what was submitted" in page


def test_the_page_of_its_statement_leads_back_to_the_text(desk: Desk) -> None:
    assert f'href="/desk{desk.at}"' in desk.ana.get("/statements").text
    desk.keep(act="hand-in")
    page = desk.ana.get("/statements/library-hours")
    assert page.status == 200
    assert f'href="/desk{desk.at}"' in page.text
    assert "Take back" in words(page)
    desk.ana.post(f"{desk.at}/take-back")
    assert f'href="/desk{desk.at}/edit"' in desk.ana.get("/statements/library-hours").text


def test_what_cannot_be_handed_in_says_why_on_its_page(desk: Desk) -> None:
    page = desk.ana.post(f"{desk.at}/hand-in", {"base": "1"})
    assert page.status == 422
    assert "Text: write the text." in words(page)
    desk.keep(desk.ben)
    for base in ("1", "x", ""):
        refused = desk.ana.post(f"{desk.at}/hand-in", {"base": base})
        assert refused.status == 409
        assert "Ben changed this text after you opened it" in words(refused)


def test_its_checks_know_the_day_on_which_it_goes_out(desk: Desk) -> None:
    for when in ("2026-12-01 09:00", "2026-12-01T09:00+01:00", ""):
        desk.keep(send_at=when, body="It opens on Monday, 1 December 2026.")
        assert "Warning" in words(desk.ana.get(desk.at))


def test_the_email_is_shown_for_a_desktop_and_for_a_telephone(desk: Desk) -> None:
    assert 'class="mail desktop"' in desk.ana.get(desk.at).text
    assert 'class="mail phone"' in desk.ana.get(f"{desk.at}?view=phone").text


def test_the_page_of_what_went_out_leads_to_a_correction_of_it(desk: Desk) -> None:
    """The form works without the internal name and the lists."""
    desk.staffed.site.subscribe("r1@example.org")
    send(desk.staffed, lists=["press", "events"], language="es")
    link = "/drafts/new?corrects=hours"
    assert f"/desk{link}" in desk.ana.get("/statements/hours").text
    page = desk.ana.get(link)
    assert "Correction of The library opens earlier" in words(page)
    assert 'value="Correction: The library opens earlier"' in page.text
    answer = desk.ana.post("/drafts/new", {"title": "Correction: at ten", "corrects": "hours"})
    desk.key = key_in(answer)
    text = desk.draft.version.text
    assert (text.corrects, text.lists, text.language) == ("hours", ("press", "events"), "es")
    send(desk.staffed, "again", title="Correction: at ten")
    assert 'value="Correction: at ten"' in desk.ana.get("/drafts/new?corrects=again").text


@pytest.mark.slow("opens two workspaces")
def test_what_is_downloaded_makes_the_same_email_in_a_folder(
    desk: Desk, tmp_path: Path, migrated: Path
) -> None:
    desk.keep(
        act="hand-in",
        title="Library hours: “earlier” #1",
        body="\n\nThe library **opens** at 9.\n\n- a\n- b\n",
        lists=["events", "press"],
        send_at="1 Dec 2026, 9am",
        embargo_until="2026-12-01 08:00",
        summary="In short: earlier",
        subject="Hours",
        language="en-GB",
    )
    slug = desk.draft.slug
    file = desk.ana.get(f"{desk.at}/download")
    assert file.headers["content-disposition"].startswith("attachment; filename*=UTF-8''library-")
    assert file.headers["content-type"] == "text/markdown; charset=utf-8"
    with at_the_desk(tmp_path / "other", database=migrated) as other:
        (other.site.folder / "statements" / f"{slug}.md").write_bytes(file.body)
        other.site.services.statements.refresh()
        with other.site.services.store.read() as tx:
            known = tx.statements.get(slug)
            theirs = tx.statements.get_content(known.content_hash)
    with desk.staffed.site.services.store.read() as tx:
        ours = tx.statements.get_content(desk.stored(slug).content_hash)
    assert ours is not None
    assert ours == theirs


def test_the_file_says_that_it_is_a_draft_and_who_began_it(desk: Desk) -> None:
    text = desk.ana.get(f"{desk.at}/download").text
    assert "\nauthor: ana@forum.example\nstatus: draft\n" in text


def test_a_statement_of_the_desk_stands_before_a_file_of_the_same_name(desk: Desk) -> None:
    desk.keep(act="hand-in")
    in_a_folder(desk, "library-hours", "---\ntitle: Other\n---\nOther.")
    faults = desk.staffed.site.services.statements.refresh()
    assert any(f"is taken by desk{desk.at}" in fault.message for fault in faults)
    assert desk.stored().statement.title == FORM["title"]
