"""One reader is found by the address alone, stopped, written to again, told all, and erased."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from tests.desk import Signed, Staffed, desk, words
from tests.pages import Answer, Kept

ANA, CHEN = "ana.ruiz@readers.example", "chen@readers.example"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Kept]:
    lists = [{"name": "press", "title": "Press releases"}]
    with desk(tmp_path_factory.mktemp("desk"), database=migrated, lists=lists) as staffed:
        staffed.site.subscribe(ANA)
        entry = Entry(
            address=CHEN, name="Chen <b>Wei</b>", lists=(), tags=("board",), place="Austin"
        )
        with staffed.site.services.store.begin() as tx:
            tx.readers.upsert([entry], staffed.site.clock.now())
        yield Kept(staffed.site)


@pytest.fixture
def staffed(kept: Kept) -> Staffed:
    return Staffed(site=kept.again())


@pytest.fixture
def cleo(staffed: Staffed) -> Signed:
    return staffed.as_("cleo")


@pytest.fixture
def dan(staffed: Staffed) -> Signed:
    return staffed.as_("dan", fresh=True)


def find(who: Signed, address: str) -> Answer:
    return who.post("/readers", {"email": address})


def suppress(staffed: Staffed, address: str, reason: SuppressionReason) -> None:
    with staffed.site.services.store.begin() as tx:
        entry = SuppressedEntry(address=address, reason=reason)
        tx.readers.suppress([entry], staffed.site.clock.now(), "test")


def test_a_reader_is_found_by_the_whole_address_in_any_case(cleo: Signed) -> None:
    assert "Find a reader" in words(cleo.get("/readers"))
    said = words(find(cleo, " Ana.Ruiz@Readers.example "))
    assert ANA in said
    assert "Gets email on: Press releases." in said
    assert "Lists Press releases" in said
    assert "No one here has this address." in words(find(cleo, "ana@readers.example"))


def test_what_is_known_of_a_reader_stands_there_and_is_no_markup(cleo: Signed) -> None:
    page = find(cleo, CHEN)
    assert "On no list, so they get no statements." in words(page)
    assert "Chen &lt;b&gt;Wei&lt;/b&gt;" in page.text
    assert "Place Austin Tags board" in words(page)
    assert "staff added or imported them" in words(page)


def test_what_is_no_address_is_told_and_stays_in_the_field(cleo: Signed) -> None:
    page = find(cleo, "ana.example")
    assert page.status == 422
    assert "is not an address like name@example.org" in words(page)
    assert 'value="ana.example"' in page.text
    assert cleo.post("/readers/suppress", {"email": "ana.example"}).status == 404


def test_a_pause_is_told_with_its_end(staffed: Staffed, cleo: Signed) -> None:
    until = staffed.site.clock.now() + timedelta(days=2)
    with staffed.site.services.store.begin() as tx:
        tx.readers.upsert([Entry(address=ANA, lists=("press",), paused_until=until)], until)
    assert "Paused: gets nothing before Thu 26 Nov 2026" in words(find(cleo, ANA))


def test_a_sender_stops_email_to_an_address_and_only_an_admin_allows_it_again(
    staffed: Staffed, cleo: Signed, dan: Signed
) -> None:
    answer = cleo.post("/readers/suppress", {"email": ANA})
    assert answer.headers["location"] == "/desk/readers?done=suppressed"
    said = words(find(cleo, ANA))
    assert "Gets no email: blocked by staff." in said
    assert "An admin can allow it again." in said
    assert "Erase" not in said
    assert cleo.post("/readers/lift", {"email": ANA, "reason": "A slip."}).status == 403
    for reason in ("", " ", f"{ANA} asked", "x" * 201):
        page = dan.post("/readers/lift", {"email": ANA, "reason": reason})
        assert (page.status, "Say why" in words(page)) == (422, True), reason
    answer = dan.post("/readers/lift", {"email": ANA, "reason": "A slip."})
    assert answer.headers["location"] == "/desk/readers?done=lifted"
    assert "Gets email on: Press releases." in words(find(cleo, ANA))
    assert dan.post("/readers/lift", {"email": ANA, "reason": "A slip."}).status == 404


def test_a_reader_is_taken_off_one_list_and_stays_off(staffed: Staffed, cleo: Signed) -> None:
    assert "Take off Press releases" in words(find(cleo, ANA))
    answer = cleo.post("/readers/unsubscribe", {"email": ANA, "list": "press"})
    assert answer.headers["location"] == "/desk/readers?done=left"
    said = words(find(cleo, ANA))
    assert "Left Press releases" in said
    assert "Take off" not in said
    assert cleo.post("/readers/unsubscribe", {"email": ANA, "list": "pres"}).status == 404


def test_an_admin_changes_an_address_but_to_nobody_elses(staffed: Staffed, dan: Signed) -> None:
    new = "ana.new@readers.example"
    for wrong, told in ((CHEN, "is another subscriber"), ("ana", "is not an address")):
        page = dan.post("/readers/move", {"email": ANA, "new": wrong})
        assert (page.status, told in words(page)) == (422, True), wrong
    answer = dan.post("/readers/move", {"email": ANA, "new": new})
    assert answer.headers["location"] == "/desk/readers?done=moved"
    assert "Gets email on: Press releases." in words(find(dan, new))
    assert "No one here has this address." in words(find(dan, ANA))


def test_an_erasure_of_which_nothing_is_kept_blocks_nobody(staffed: Staffed, dan: Signed) -> None:
    eve = "eve@readers.example"
    answer = dan.post("/readers/erase", {"email": eve, "sure": "yes"})
    assert (answer.status, "nothing to erase" in words(answer)) == (409, True)
    with staffed.site.services.store.read() as tx:
        assert tx.readers.suppressed(eve) is None


def test_who_complained_comes_back_by_themselves_alone(staffed: Staffed, dan: Signed) -> None:
    suppress(staffed, ANA, SuppressionReason.COMPLAINED)
    said = words(find(dan, ANA))
    assert "Gets no email: reported spam." in said
    assert "Only they can come back, by the page to subscribe." in said
    assert "Allow email again" not in said
    answer = dan.post("/readers/lift", {"email": ANA, "reason": "They rang."})
    assert (answer.status, ANA in answer.text) == (409, False)


def test_an_admin_gets_all_that_is_kept_of_a_person_as_a_file(
    staffed: Staffed, dan: Signed
) -> None:
    answer = dan.post("/readers/data", {"email": ANA})
    assert "attachment" in answer.headers["content-disposition"]
    assert json.loads(answer.text)["subscriber"]["address"] == ANA
    assert dan.post("/readers/data", {"email": "nobody@readers.example"}).status == 404
    assert staffed.as_("dan").post("/readers/data", {"email": ANA}).status == 401


def test_an_erasure_is_asked_for_twice_and_leaves_nothing(staffed: Staffed, dan: Signed) -> None:
    page = dan.post("/readers/erase", {"email": ANA})
    assert page.status == 422
    assert "Tick that you are sure" in words(page)
    assert "Lists Press releases" in words(page)
    answer = dan.post("/readers/erase", {"email": ANA, "sure": "yes"})
    assert answer.headers["location"] == "/desk/readers?done=erased"
    said = words(find(dan, ANA))
    assert "Gets no email: erased." in said
    assert "About them" not in said
    with staffed.site.services.store.read() as tx:
        assert tx.readers.find(ANA) is None
        assert ANA not in str(tx.audit.all())


def test_no_address_of_a_page_and_no_line_of_the_log_holds_a_readers(
    staffed: Staffed, cleo: Signed, dan: Signed, caplog: pytest.LogCaptureFixture
) -> None:
    for page in (find(cleo, ANA), find(dan, ANA)):
        assert "readers.example" not in "".join(
            part for part in page.text.split('"') if part.startswith("/desk")
        )
    assert staffed.as_("ben").post("/readers", {"email": ANA}).status == 403
    assert "readers.example" not in caplog.text
