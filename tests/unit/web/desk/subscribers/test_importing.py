"""Upload a file of readers, rehearse, import once, and undo, with the right role."""

import re
import time
from pathlib import Path

import pytest

from newsletter.domain.subscribers.audience import (
    Subscriber,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.domain.wording import Sentence
from newsletter.pipeline.delivery.transactional import forget
from newsletter.pipeline.subscribers import imports
from newsletter.rendering.mail.words import desk_languages
from newsletter.web.pages import make
from tests.desk import Signed, Staffed, desk, words
from tests.pages import Answer, kept_after
from tests.unit.subscriber_files.test_exported import EXPORTS, packed, read
from tests.unit.web.desk.writing import multipart

ANA, BEN = "ana@readers.example", "ben@readers.example"
FILE = f"email,name,tags\n{ANA},Ana Ruiz,efe\n{BEN},Ben,\n"


LISTS = [{"name": "press", "title": "Press releases"}]
kept = kept_after(desk, lambda staffed: staffed.site.subscribe(BEN), lists=LISTS)


def upload(who: Signed, text: str = FILE, name: str = "people.csv", **more: str) -> Answer:
    fields = {"list": "press", "agreed": "the congress in May", **more}
    data = text.encode(errors="surrogateescape")
    return who.ask("POST", "/readers/import", **multipart(fields, file=(name, data)))


def rehearse(who: Signed, text: str = FILE, name: str = "people.csv", **more: str) -> Answer:
    """The page that an upload leads to, once the file is read."""
    return result(who, upload(who, text, name, **more))


def result(who: Signed, answer: Answer) -> Answer:
    """The page of a file that is not at work any more."""
    assert answer.status == 303, words(answer)
    at = answer.headers["location"].removeprefix("/desk")
    while 'http-equiv="refresh"' in (page := who.get(at)).text:
        time.sleep(0.1)
    return page


def button(page: Answer) -> str:
    [path] = re.findall(r'action="/desk(/readers/import/\d+)"', page.text)
    return str(path)


def reader(staffed: Staffed, address: str) -> Subscriber | None:
    with staffed.site.services.store.read() as tx:
        return tx.readers.find(address)


@pytest.mark.parametrize(
    "tool", ["buttondown", "ghost", "keila-excel", "listmonk", "mailchimp", "substack"]
)
def test_each_note_of_an_export_is_a_sentence_that_has_translations(
    tmp_path: Path, tool: str
) -> None:
    file = EXPORTS / f"{tool}.csv"
    notes = read(file if file.is_file() else packed(tmp_path, tool)).notes
    # out of the sandbox they are text
    told = [desk_languages()["de"].recognize(note[:]) for note in notes]
    assert [note for note in told if not isinstance(note, Sentence)] == []


@pytest.mark.slow("each upload is read in a process of its own")
def test_a_file_is_rehearsed_imported_once_and_undone(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    page = rehearse(cleo)
    said = words(page)
    assert "new readers 1 known readers change 1 known readers stay as they are 0" in said
    assert "Press releases 1" in said
    assert reader(staffed, ANA) is None, "a rehearsal changes nothing"
    done = result(cleo, cleo.post(button(page)))
    assert done.headers["location"].endswith("done=imported-people")
    ana = reader(staffed, ANA)
    assert (ana.lists, ana.tags) == (("press",), ("efe",))
    with staffed.site.services.store.read() as tx:
        noted = tx.consents.find_recorded(ana.id)
    assert noted.source == "the congress in May"
    assert cleo.post(button(page)).status == 404, "a second press imports nothing"
    assert "people.csv" in words(cleo.get("/readers/import"))
    dan = staffed.as_("dan", fresh=True)
    asked = words(dan.get("/readers/import/1/undo"))
    assert "Removed at most: 1 person. Changed back at most: 1 person. Subscriptions" in asked
    assert "Undo the import of 2 people" in asked
    assert reader(staffed, ANA) is not None, "it only asks"
    undone = result(dan, dan.post("/readers/import/1/undo"))
    assert "1 person removed" in words(undone)
    assert "Import a file Audience" in words(undone), "what comes next"
    assert reader(staffed, ANA) is None
    again = result(dan, dan.post("/readers/import/1/undo"))
    assert (again.status, "undone already" in words(again)) == (409, True)
    assert dan.get("/readers/import/1/undo").status == 404, "it is told once"
    assert result(dan, dan.post("/readers/import/4711/undo")).status == 404


@pytest.mark.slow("each upload is read in a process of its own")
def test_a_file_is_still_there_when_the_service_has_started_again(staffed: Staffed) -> None:
    cleo, site = staffed.as_("cleo"), staffed.site
    path = upload(cleo, "mail;first;\nnew@readers.example;New;x\n").headers["location"]
    path = path.removeprefix("/desk")
    site.pages = make(site.services)
    assert "What is in each column?" in words(result(cleo, cleo.get(path)))
    site.pages = make(site.services)
    chosen = cleo.post(
        f"{path}/columns", {"column-0": "email", "column-1": "name", "column-2": "-"}
    )
    assert "new readers 1" in words(result(cleo, chosen))
    site.pages = make(site.services)
    page = result(cleo, cleo.get(path))
    assert "new readers 1" in words(page)
    assert staffed.as_("dan").get(path).status == 404, "it is another person's"
    site.pages = make(site.services)
    assert result(cleo, cleo.post(button(page))).headers["location"].endswith("imported-people")
    site.pages = make(site.services)
    assert cleo.get(path).status == 404, "it was imported"


@pytest.mark.slow("each upload is read in a process of its own")
def test_a_file_with_faults_names_each_line_and_brings_nobody(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    page = rehearse(cleo, f"email,language\nana,en\n{ANA},english\n")
    assert page.status == 422
    said = words(page)
    assert "Line 2, column email: 'ana' is not an address" in said
    assert "Line 3, column language: 'english'" in said
    assert "--" not in said, "no options of commands"
    german = words(rehearse(cleo, f"E-Mail-Adresse;Medium;Ressort\nana;Bote;Kultur\n{ANA};;\n"))
    assert "Line 2, column E-Mail-Adresse: 'ana' is not an address" in german
    assert "Not recognized" not in german
    for name, text, fault in (
        ("a.pdf", "%PDF-1.4", "The file is no table by its name; save it as .csv"),
        ("a.yaml", "subscribers: []", "The file names its own lists and keys, so choose none"),
        (
            "a.csv",
            f"email,lists\n{ANA},press\n",
            "Line 1 has a column lists, and a list is chosen too: use one of them",
        ),
    ):
        said = words(rehearse(cleo, text, name))
        assert (fault in said, " --" in said) == (True, False), said
    binary = rehearse(cleo, "\udcff\udcfe\0", "pasted.csv")
    assert binary.status == 422, "it may be called as pasted rows are"
    many = rehearse(cleo, "email\n" + "ana\n" * 80)
    assert "And 30 more" in words(many)
    assert reader(staffed, ANA) is None


@pytest.mark.slow("each upload is read in a process of its own")
def test_bad_rows_are_left_out_on_a_press_that_has_shown_them(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    page = rehearse(cleo, "", name="", pasted="new@readers.example\nnew@reader\n")
    assert (page.status, "Line 3, column email: 'new@reader'" in words(page)) == (422, True)
    [path] = re.findall(r'action="/desk(/readers/import/\d+/columns)"', page.text)
    again = result(cleo, cleo.post(path, {"column-0": "email"}))
    assert again.status == 422, "nobody said to leave them out"
    number = int(path.split("/")[3])
    with staffed.site.services.store.begin() as tx:  # as on another machine
        tx.imports.configure_upload(number, ("email",), omits_bad_rows=True)
    shown = result(cleo, cleo.get(f"/readers/import/{number}"))
    assert "1 bad row is left out" in words(shown), "what the import would do is shown"
    page = result(cleo, cleo.post(path, {"column-0": "email", "omit": "yes"}))
    said = words(page)
    assert "1 bad row is left out Line 3, column email: 'new@reader' has no domain" in said
    assert "Each row is imported" not in said
    done = result(cleo, cleo.post(button(page)))
    assert done.headers["location"].endswith("done=imported-people")
    assert reader(staffed, "new@readers.example") is not None
    with staffed.site.services.store.read() as tx:
        assert tx.audit.list_newest(1)[0].values["bad_rows"] == 1
    wrong = upload(cleo, "", name="", pasted=FILE, agreed="")
    assert FILE.strip() in wrong.text, "what was pasted is still there"


@pytest.mark.slow("each upload is read in a process of its own")
def test_a_spanish_table_of_excel_needs_no_other_program(staffed: Staffed) -> None:
    cleo, german = staffed.as_("cleo"), {"Accept-Language": "de"}
    rows = (
        "Correo electrónico;Nombre;Fecha de alta;Estado",
        "maria@diario.example;María García;03/11/2024;suscrito",
        "luis@diario.example;Luis Peña;15/09/2024;dado de baja",
        "iris@diario.example;Íris Núñez;15/09/2024;quizá",
    )
    table = "\r\n".join(rows).encode("cp1252").decode(errors="surrogateescape")
    page = rehearse(cleo, table)
    assert "Correo electrónico" in words(page), "the letters of all rows are those of one language"
    [at] = re.findall(r'action="/desk(/readers/import/\d+/columns)"', page.text)
    names = ("email", "name", "consent_at", "suppressed")
    fields = {f"column-{number}": name for number, name in enumerate(names)}
    answer = cleo.post(at, fields)
    said = words(cleo.get(answer.headers["location"].removeprefix("/desk"), headers=german))
    assert "Zeile 4, Spalte Estado: „quizá“ ist kein Grund; bekannt sind unsubscribed" in said
    table = "\r\n".join(rows[:3]).encode("cp1252").decode(errors="surrogateescape")
    [at] = re.findall(r'action="/desk(/readers/import/\d+/columns)"', rehearse(cleo, table).text)
    result(cleo, cleo.post(button(result(cleo, cleo.post(at, fields)))))
    maria = reader(staffed, "maria@diario.example")
    with staffed.site.services.store.read() as tx:
        assert str(tx.consents.find_recorded(maria.id).at)[:10] == "2024-11-03"
    luis = reader(staffed, "luis@diario.example")
    assert (maria.suppressed, luis.suppressed) == (None, SuppressionReason.UNSUBSCRIBED)
    bad = "email;estado\nnew@;suscrito\nnew@reader.example;activa\n"
    [at] = re.findall(r'/desk(/readers/import/\d+/columns)"', rehearse(cleo, bad).text)
    fields = {"column-0": "email", "column-1": "suppressed"}
    assert "Leave these rows out" in words(result(cleo, cleo.post(at, fields)))
    [at] = re.findall(r'/desk(/readers/import/\d+/columns)"', rehearse(cleo, "email\nnew\n").text)
    none = words(result(cleo, cleo.post(at, {"column-0": "email", "omit": "yes"})))
    assert "Each row has a fault, so nobody is imported." in none


def test_a_form_without_file_or_consent_is_refused(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    assert "Choose a file" in words(upload(cleo, "", name=""))
    assert "'Climate desk' is not the name of a list" in words(
        upload(cleo, **{"new-list": "Climate desk"})
    )
    for wrong in ("", "x" * 201):
        page = upload(cleo, agreed=wrong)
        assert (page.status, "how they agreed" in words(page)) == (422, True), wrong
    assert "at most 32 MB" in words(upload(cleo, "x" * 32_000_001))


@pytest.mark.slow("each upload is read in a process of its own")
def test_an_upload_is_its_owners_and_goes_with_a_day_or_an_erasure(staffed: Staffed) -> None:
    cleo, dan = staffed.as_("cleo"), staffed.as_("dan", fresh=True)
    path = button(rehearse(cleo))
    assert dan.get(path).status == 404
    assert dan.post(path).status == 404
    dan.post("/readers/erase", {"email": BEN, "sure": "yes"})
    assert cleo.post(path).status == 404
    path = button(rehearse(cleo))
    staffed.site.clock.advance(days=2)
    forget(store=staffed.site.services.store)
    assert staffed.as_("cleo").post(path).status == 404


@pytest.mark.slow("each upload is read in a process of its own")
def test_a_person_says_what_is_in_each_column_that_nobody_knows(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    table = f"Correo,Nombre,Status,Consent at\n{ANA},Ana Ruiz,active,2024-03-12\n"
    page = rehearse(cleo, table, **{"new-list": "climate-desk"})
    said = words(page)
    assert "newsletter recognized 3 of 4 columns" in said
    assert "“Choose …” may say who must not get email" in said
    assert f"{ANA} Import Correo as" in said
    [at] = re.findall(r'action="/desk(/readers/import/\d+/columns)"', page.text)
    choice = {"column-0": "email", "column-1": "name", "column-2": "", "column-3": "consent_at"}
    undecided = result(cleo, cleo.post(at, choice))
    assert undecided.status == 422
    assert "may say who must not be written to" in words(undecided)
    twice = result(cleo, cleo.post(at, choice | {"column-1": "email", "column-2": "-"}))
    assert "column 'email' stands twice" in words(twice)
    page = result(cleo, cleo.post(at, choice | {"column-2": "-"}))
    assert "new readers 1" in words(page)
    assert "Columns ignored: Status." in words(page)
    assert "Choose" not in words(cleo.get(f"{button(page)}?columns=1"))
    result(cleo, cleo.post(button(page)))
    ana = reader(staffed, ANA)
    assert (ana.name, ana.lists) == ("Ana Ruiz", ("climate-desk", "press"))
    assert "climate-desk 1" in words(cleo.get("/readers"))
    with staffed.site.services.store.read() as tx:
        noted = tx.consents.find_recorded(ana.id)
    assert (noted.source, str(noted.at)[:10]) == ("the congress in May", "2024-03-12")


def chosen(who: Signed, act: str, **more: str) -> Answer:
    """The rehearsal of an act on many readers."""
    return result(who, who.post("/readers/acts", {"act": act, **more}))


@pytest.mark.slow("each act reads its people in a process of its own")
def test_many_readers_join_leave_and_get_a_tag_by_the_rules_of_imports(staffed: Staffed) -> None:
    cleo, site = staffed.as_("cleo"), staffed.site
    site.subscribe(ANA, "left@readers.example", "gone@readers.example", lists=("board",))
    left = reader(staffed, "left@readers.example")
    with site.services.store.begin() as tx:
        tx.choices.join(left.id, ["press"], tx.now, ())
        tx.choices.leave(left.id, ["press"], tx.now)
        gone = SuppressedEntry(address="gone@readers.example", reason=SuppressionReason.BOUNCED)
        tx.readers.suppress([gone], tx.now, "test")
    page = chosen(cleo, "add:press", list="board", agreed="at the congress")
    said = words(page)
    assert "Press releases 1" in said
    assert "1 person stays away: unsubscribed here earlier. First: left@readers.example" in said
    assert "1 person stays away: bounced here earlier. First: gone@readers.example" in said
    assert reader(staffed, ANA).lists == ("board",), "a rehearsal changes nothing"
    result(cleo, cleo.post(button(page)))
    assert reader(staffed, ANA).lists == ("board", "press")
    assert reader(staffed, "left@readers.example").lists == ("board",)
    assert reader(staffed, "gone@readers.example").lists == ("board",)

    page = chosen(cleo, "tag", list="press", **{"tag-name": "vip"})
    assert "No one is left out." in words(page)
    result(cleo, cleo.post(button(page)))
    assert (reader(staffed, ANA).tags, reader(staffed, BEN).tags) == (("vip",), ("vip",))
    assert reader(staffed, "left@readers.example").tags == ()

    page = chosen(
        cleo, "untag", tag="vip", **{"tag-name": "vip", "one": str(reader(staffed, BEN).id)}
    )
    assert "known readers change 1" in words(page)
    result(cleo, cleo.post(button(page)))
    assert (reader(staffed, ANA).tags, reader(staffed, BEN).tags) == (("vip",), ())
    imports.undo(3, by=staffed.as_("dan").address, store=site.services.store)
    assert reader(staffed, BEN).tags == ("vip",)

    page = chosen(cleo, "off:press", one=str(reader(staffed, ANA).id))
    assert "Subscriptions that end: 1. Only they can come back." in words(page)
    result(cleo, cleo.post(button(page)))
    assert (reader(staffed, ANA).lists, reader(staffed, ANA).left) == (("board",), ("press",))
    assert reader(staffed, BEN).lists == ("press",)
    assert "1 person stays away" in words(chosen(cleo, "add:press", tag="vip", agreed="again"))


def test_nobody_is_taken_off_a_list_that_they_are_not_on(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    staffed.site.subscribe(ANA, lists=("board",))
    path = cleo.post("/readers/acts", {"act": "off:press"}).headers["location"]
    [(body,)] = staffed.site.rows(f"SELECT body FROM upload WHERE id = {path.rpartition('/')[2]}")
    assert body.decode() == f"email,left\n{BEN},press\n"


def test_an_act_on_many_says_what_it_lacks(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    for form, told in (
        ({"act": ""}, "Choose what to do with these people"),
        ({"act": "add:press"}, "Say how they agreed"),
        ({"act": "tag", "tag-name": "Board Member"}, "is not a tag"),
        ({"act": "untag", "tag-name": "vip"}, "No one of these people has this tag"),
    ):
        page = cleo.post("/readers/acts", {**form, "one": "1", "list": "press"})
        assert (page.status, told in words(page)) == (422, True), form
        assert 'value="1" id="one-1" checked' in page.text
    assert cleo.post("/readers/acts", {"act": "off:pres"}).status == 404
    nobody = cleo.post("/readers/acts", {"act": "off:press", "state": "left"})
    assert "No one of these people is on this list" in words(nobody)
