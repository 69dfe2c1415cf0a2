"""Upload a file of readers, rehearse, import once, and undo, with the right role."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.domain.subscribers.audience import Subscriber
from newsletter.pipeline.delivery.transactional import forget
from tests.desk import Signed, Staffed, desk, words
from tests.pages import Answer, Kept
from tests.unit.web.desk.writing import multipart

ANA, BEN = "ana@readers.example", "ben@readers.example"
FILE = f"email,name,tags\n{ANA},Ana Ruiz,efe\n{BEN},Ben,\n"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Kept]:
    lists = [{"name": "press", "title": "Press releases"}]
    with desk(tmp_path_factory.mktemp("desk"), database=migrated, lists=lists) as staffed:
        staffed.site.subscribe(BEN)
        yield Kept(staffed.site)


def upload(who: Signed, text: str = FILE, name: str = "people.csv", **more: str) -> Answer:
    fields = {"list": "press", "agreed": "the congress in May", **more}
    return who.ask("POST", "/readers/import", **multipart(fields, file=(name, text.encode())))


def button(page: Answer) -> str:
    [path] = re.findall(r'action="/desk(/readers/import/\d+)"', page.text)
    return str(path)


def reader(staffed: Staffed, address: str) -> Subscriber | None:
    with staffed.site.services.store.read() as tx:
        return tx.readers.find(address)


@pytest.mark.slow("each upload is read in a process of its own")
def test_a_file_is_rehearsed_imported_once_and_undone(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    page = upload(cleo)
    said = words(page)
    assert "New readers 1" in said
    assert "Known readers 1 (1 change)" in said
    assert "1 person joins Press releases." in said
    assert reader(staffed, ANA) is None, "a rehearsal changes nothing"
    assert cleo.post(button(page)).headers["location"].endswith("done=imported-people")
    ana = reader(staffed, ANA)
    assert ana is not None
    assert (ana.lists, ana.tags) == (("press",), ("efe",))
    with staffed.site.services.store.read() as tx:
        noted = tx.consents.noted(ana.id)
    assert noted is not None
    assert noted.source == "the congress in May"
    assert cleo.post(button(page)).status == 404, "a second press imports nothing"
    assert "people.csv" in words(cleo.get("/readers/import"))
    assert cleo.post("/readers/import/1/undo").status == 403
    dan = staffed.as_("dan", fresh=True)
    assert "1 person removed" in words(dan.post("/readers/import/1/undo"))
    assert reader(staffed, ANA) is None
    again = dan.post("/readers/import/1/undo")
    assert (again.status, "undone already" in words(again)) == (409, True)
    assert dan.post("/readers/import/4711/undo").status == 404


@pytest.mark.slow("each upload is read in a process of its own")
def test_a_file_with_faults_names_each_line_and_brings_nobody(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    page = upload(cleo, f"email,language\nana,en\n{ANA},english\n")
    assert page.status == 422
    said = words(page)
    assert "'ana' is not an address" in said
    assert "english" in said
    assert "--" not in said, "no options of commands"
    many = upload(cleo, "email\n" + "ana\n" * 80)
    assert "And 30 more" in words(many)
    assert reader(staffed, ANA) is None


def test_a_form_without_file_or_consent_is_refused(staffed: Staffed) -> None:
    cleo = staffed.as_("cleo")
    assert "Choose a file" in words(upload(cleo, "", name=""))
    for wrong in ("", "x" * 201):
        page = upload(cleo, agreed=wrong)
        assert (page.status, "how they agreed" in words(page)) == (422, True), wrong
    assert "at most 5 MB" in words(upload(cleo, "x" * 5_000_001))


@pytest.mark.slow("each upload is read in a process of its own")
def test_an_upload_is_its_owners_and_goes_with_a_day_or_an_erasure(staffed: Staffed) -> None:
    cleo, dan = staffed.as_("cleo"), staffed.as_("dan", fresh=True)
    path = button(upload(cleo))
    assert dan.post(path).status == 404
    dan.post("/readers/erase", {"email": BEN, "sure": "yes"})
    assert cleo.post(path).status == 404
    path = button(upload(cleo))
    staffed.site.clock.advance(days=2)
    forget(store=staffed.site.services.store)
    assert staffed.as_("cleo").post(path).status == 404
