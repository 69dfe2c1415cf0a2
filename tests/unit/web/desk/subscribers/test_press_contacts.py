"""Press contacts: noted, found, kept out of every email, and erased."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Staffed, desk, seen, words

ANA, CANARY = "ana@readers.example", "Prefers-Calls-At-Nine"
NOTED = {
    "outlet": "Example Herald",
    "beat": "water, schools",
    "phone": "+1 202 555 0101",
    "notes": CANARY,
}


@pytest.fixture
def staffed(tmp_path: Path, migrated: Path) -> Iterator[Staffed]:
    with desk(tmp_path, database=migrated) as staffed:
        staffed.site.subscribe(ANA)
        cleo = staffed.as_("cleo")
        shown = {"email": ANA, "seen": seen(cleo.get("/readers/1"))}
        assert cleo.post("/readers/edit", shown | {"name": "Ana Ruiz"} | NOTED).status == 303
        yield staffed


def test_a_press_contact_is_found_by_outlet_and_beat_and_shown_with_all_notes(
    staffed: Staffed,
) -> None:
    cleo = staffed.as_("cleo")
    for part in ("herald", "SCHOOLS"):
        assert "Ana Ruiz" in words(cleo.post("/readers", {"q": part}))
    assert "Example Herald: water, schools" in words(cleo.get("/readers"))
    page = cleo.get("/readers/1").text
    assert all(f'value="{value}"' in page for value in NOTED.values())
    assert CANARY not in words(cleo.post("/readers", {"q": CANARY[2:]})).replace(CANARY[2:], "")
    faulty = cleo.post("/readers/edit", {"email": ANA, "notes": "a\x07b"})
    assert faulty.status == 422
    with staffed.site.services.store.read() as tx:
        person = tx.readers.find(ANA)
    assert person.noted == NOTED | {"place": ""}


def test_no_email_and_no_page_for_the_public_holds_a_note(staffed: Staffed) -> None:
    site = staffed.site
    site.send(text="Dear {name|friend}, the library opens.")
    mails = b"".join(site.mails)
    assert b"Ana Ruiz" in mails
    pages = [site.get(site.preferences_link()), site.get("/"), site.get("/archive/news")]
    shown = mails.decode() + "".join(page.text for page in pages)
    assert not [value for value in NOTED.values() if value in shown]


def test_the_person_gets_the_notes_with_their_data_and_an_erasure_removes_them(
    staffed: Staffed,
) -> None:
    dan = staffed.as_("dan", fresh=True)
    data = dan.post("/readers/data", {"email": ANA}).text
    assert all(value in data for value in NOTED.values())
    dan.post("/readers/erase", {"email": ANA, "sure": "yes"})
    assert not [value for value in NOTED.values() if value in staffed.site.everything()]
