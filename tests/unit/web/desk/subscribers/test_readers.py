"""Readers are found by part of a name or address, added, edited, stopped, told all, and erased."""

import csv
import json
import re
from datetime import timedelta
from io import StringIO
from urllib.parse import urlencode

import pytest

from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from tests.desk import Signed, Staffed, desk, seen, words
from tests.pages import Answer, kept_after

ANA, CHEN = "ana.ruiz@readers.example", "chen@readers.example"


def put_two(staffed: Staffed) -> None:
    staffed.site.subscribe(ANA)
    entry = Entry(address=CHEN, name="Chen <b>Wei</b>", lists=(), tags=("board",), place="Austin")
    with staffed.site.services.store.begin() as tx:
        tx.readers.upsert([entry], staffed.site.clock.now())


kept = kept_after(desk, put_two, lists=[{"name": "press", "title": "Press releases"}])


@pytest.fixture
def cleo(staffed: Staffed) -> Signed:
    return staffed.as_("cleo")


@pytest.fixture
def dan(staffed: Staffed) -> Signed:
    return staffed.as_("dan", fresh=True)


def find(who: Signed, words: str, **more: str) -> Answer:
    """The page that the search leads to."""
    answer = who.post("/readers", {"q": words, **more})
    if answer.status != 303:
        return answer
    return who.get(answer.headers["location"].removeprefix("/desk"))


def here(staffed: Staffed) -> str:
    """The address of Ana's page."""
    with staffed.site.services.store.read() as tx:
        ana = tx.readers.find(ANA)
    return f"/desk/readers/{ana.id}"


def suppress(staffed: Staffed, address: str, reason: SuppressionReason) -> None:
    with staffed.site.services.store.begin() as tx:
        entry = SuppressedEntry(address=address, reason=reason)
        tx.readers.suppress([entry], staffed.site.clock.now(), "test")


def test_a_whole_address_leads_to_its_reader_in_any_case(cleo: Signed) -> None:
    said = words(find(cleo, " Ana.Ruiz@Readers.example "))
    assert ANA in said
    assert "Gets email on: Press releases." in said
    assert "No one here has this address." in words(find(cleo, "ana@readers.example"))


def test_readers_are_found_by_any_part_of_a_name_or_an_address(cleo: Signed) -> None:
    for part in ("wei", "CHEN@", "n <b>W"):
        said = words(find(cleo, part))
        assert (CHEN in said, ANA in said) == (True, False), part
    assert "Nobody matches" in words(find(cleo, "nobody"))
    of_list = find(cleo, "readers.example", list="press")
    assert (ANA in words(of_list), CHEN in words(of_list)) == (True, False)
    assert '<option value="press" selected>Press releases</option>' in of_list.text
    assert cleo.get("/readers?list=pres").status == 404
    assert "Joined in 30 days" not in cleo.get("/readers?list=press").text


def test_filters_are_in_the_address_and_in_a_sentence_but_no_words_of_a_search(
    cleo: Signed,
) -> None:
    filters = {"list": "press", "state": "subscribed", "origin": "staff", "since": "2026-01-01"}
    answer = cleo.post("/readers", {"q": "", **filters})
    assert answer.headers["location"] == f"/desk/readers?{urlencode(filters)}"
    page = cleo.get(answer.headers["location"].removeprefix("/desk"))
    said = words(page)
    assert "Press releases: subscribed; added by staff; added since 1 Jan 2026." in said
    assert (ANA in said, CHEN in said) == (True, False)
    of_words = cleo.post("/readers", {"q": "readers.example", "tag": "board"})
    assert "tagged board; “readers.example” in name" in words(of_words)
    assert (ANA in words(of_words), CHEN in words(of_words)) == (False, True)
    for none in ({"until": "2020-01-01"}, {"language": "cy"}, {"state": "left"}):
        assert "Nobody matches" in words(cleo.get(f"/readers?{urlencode(none)}")), none


def test_all_readers_are_listed_fifty_at_a_time_without_one_twice(
    staffed: Staffed, cleo: Signed
) -> None:
    staffed.site.subscribe(*(f"many{number}@readers.example" for number in range(60)))
    first = cleo.get("/readers")
    before = re.findall(r'name="before" value="(\d+)"', first.text)[0]
    second = find(cleo, "", before=before)
    assert 'name="before"' not in second.text
    shown = [re.findall(r'href="/desk/readers/(\d+)"', page.text) for page in (first, second)]
    assert (len(shown[0]), len(shown[1])) == (50, 12)
    assert len({*shown[0], *shown[1]}) == 62


def test_lists_show_who_is_on_them_joined_and_left(staffed: Staffed, cleo: Signed) -> None:
    suppress(staffed, "eve@readers.example", SuppressionReason.BOUNCED)
    cleo.post("/readers/unsubscribe", {"email": ANA, "person": "1", "list": "press"})
    staffed.site.subscribe("ben@readers.example", "eve@readers.example")
    said = words(cleo.get("/readers"))
    assert "Press releases 1 2 1" in said
    assert "Addresses that get no email Bounced 1" in said
    staffed.site.clock.advance(days=31)
    assert "Press releases 1 0 0" in words(staffed.as_("cleo").get("/readers"))


def test_the_weeks_show_who_joined_left_and_bounced(staffed: Staffed, cleo: Signed) -> None:
    assert words(cleo.get("/readers")).count("Week from") == 1
    staffed.site.subscribe("ben@readers.example")
    with staffed.site.services.store.begin() as tx:
        ana = tx.readers.find(ANA)
        tx.choices.leave(ana.id, ["press"], tx.now)
    suppress(staffed, "gone@readers.example", SuppressionReason.BOUNCED)
    suppress(staffed, "lost@readers.example", SuppressionReason.BOUNCED)
    text = cleo.get("/readers").text
    table = text[text.index("Week from") : text.index("</table>", text.index("Week from"))]
    counts = re.findall(r'<td class="r">(\d+)</td>', table)
    assert counts == ["0"] * 33 + ["1", "1", "2"]


def test_what_is_known_of_a_reader_stands_there_and_is_no_markup(cleo: Signed) -> None:
    page = find(cleo, CHEN)
    assert "On no list, so they get no statements." in words(page)
    assert "Chen &lt;b&gt;Wei&lt;/b&gt;" in page.text
    assert 'value="Austin"' in page.text
    assert 'value="board"' in page.text
    assert "staff added or imported them" in words(page)
    assert cleo.get("/readers/4711").status == 404


def test_a_reader_is_added_once_they_agreed(cleo: Signed) -> None:
    form = {"email": "eve@readers.example", "list": "press", "agreed": "asked on the telephone"}
    more = {"name": "Eve", "tags": "reuters, beat-courts", "new-list": "courts"}
    answer = cleo.post("/readers/new", form | more)
    page = cleo.get(answer.headers["location"].removeprefix("/desk"))
    assert "Added." in words(page)
    assert "Gets email on: courts and Press releases." in words(page)
    assert "added by cleo@forum.example: asked on the telephone." in words(page)
    assert 'value="beat-courts, reuters"' in page.text
    for wrong, told in (
        ({"email": "eve"}, "is not an address"),
        ({"list": ""}, "Choose at least one list"),
        ({"new-list": "Climate desk"}, "is not the name of a list"),
        ({"agreed": " "}, "Say how they agreed"),
        ({"agreed": "x" * 201}, "Say how they agreed"),
        ({"language": "english"}, "english"),
        ({"timezone": "Berlin"}, "Berlin"),
        ({"tags": "Board Member"}, "is not a tag"),
    ):
        page = cleo.post("/readers/new", form | wrong)
        assert (page.status, told in words(page)) == (422, True), wrong
        assert 'value="eve' in page.text
    assert cleo.post("/readers/new", {**form, "list": "pres"}).status == 404


def test_what_staff_note_of_a_reader_is_changed(cleo: Signed) -> None:
    noted = {"email": ANA, "name": "Ana Ruiz", "language": "es", "tags": "efe", "place": "Madrid"}
    first = {"seen": seen(find(cleo, ANA))}
    answer = cleo.post("/readers/edit", noted | first)
    page = cleo.get(answer.headers["location"].removeprefix("/desk"))
    assert "Saved." in words(page)
    assert [f'value="{value}"' in page.text for value in ("Ana Ruiz", "es", "efe", "Madrid")] == [
        True
    ] * 4
    wrong = cleo.post("/readers/edit", {**noted, "name": "Ana R.", "timezone": "Madrid"})
    assert wrong.status == 422
    assert 'value="Ana R."' in wrong.text
    for stale in (first, {}):
        late = cleo.post("/readers/edit", {"email": ANA, "name": "Ana of another tab", **stale})
        assert (late.status, "Somebody saved other data meanwhile" in words(late)) == (409, True)
        assert "Saved by now: “Ana Ruiz”" in words(late), "beside the name that was typed"
        assert 'value="Ana of another tab"' in late.text
        assert 'value="efe"' in find(cleo, ANA).text, "what another browser saved is kept"
    assert cleo.post("/readers/edit", {"email": ANA, "seen": seen(late)}).status == 303
    assert 'value="efe"' not in find(cleo, ANA).text
    assert cleo.post("/readers/edit", {"email": "nobody@readers.example"}).status == 404


def test_a_reader_shows_what_they_got_and_what_became_of_it(staffed: Staffed, cleo: Signed) -> None:
    assert "None of the last 30 statements was for them." in words(find(cleo, ANA))
    staffed.site.send("news", title="Opening hours")
    said = words(find(cleo, ANA))
    assert "Opening hours Accepted by the provider" in said
    assert said.index("What they got") < said.index("Stop all email to this address")
    assert "Opening hours" not in words(find(cleo, CHEN))


def test_what_is_no_address_stays_in_the_field_and_blocks_nobody(cleo: Signed) -> None:
    page = find(cleo, "ana.example")
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
    page = cleo.post("/readers/suppress", {"email": ANA, "why": f"{ANA} called"})
    assert (page.status, "Say why" in words(page)) == (422, True)
    answer = cleo.post("/readers/suppress", {"email": ANA, "why": "Asked by telephone"})
    assert answer.headers["location"] == f"{here(staffed)}?done=suppressed"
    said = words(find(cleo, ANA))
    assert "Gets no email. Cleo blocked the address: Asked by telephone." in said
    assert "suppressed an address: Asked by telephone." in words(dan.get("/audit"))
    assert "An admin can allow it again." in said
    assert "Erase" not in said
    for reason in ("", " ", f"{ANA} asked", "x" * 201):
        page = dan.post("/readers/lift", {"email": ANA, "reason": reason})
        assert (page.status, "Say why" in words(page)) == (422, True), reason
    answer = dan.post("/readers/lift", {"email": ANA, "reason": "A slip."})
    assert answer.headers["location"] == f"{here(staffed)}?done=lifted"
    assert "Gets email on: Press releases." in words(find(cleo, ANA))
    assert dan.post("/readers/lift", {"email": ANA, "reason": "A slip."}).status == 404


def test_an_admin_gets_all_that_is_kept_of_a_person_as_a_file(
    staffed: Staffed, dan: Signed
) -> None:
    answer = dan.post("/readers/data", {"email": ANA, "person": "1"})
    assert "attachment" in answer.headers["content-disposition"]
    assert json.loads(answer.text)["subscriber"]["address"] == ANA
    assert dan.post("/readers/data", {"email": "nobody@readers.example"}).status == 404


def test_an_admin_exports_whom_the_filters_or_ticks_find_and_the_log_has_no_address(
    staffed: Staffed, dan: Signed
) -> None:
    answer = dan.post("/readers/export", {"tag": "board", "q": "readers.example"})
    assert "attachment" in answer.headers["content-disposition"]
    [row] = csv.DictReader(StringIO(answer.body.decode("utf-8-sig")))
    assert (row["email"], row["name"], row["tags"]) == (CHEN, "Chen <b>Wei</b>", "board")
    number = here(staffed).rpartition("/")[2]
    ticked = dan.post("/readers/export", {"one": number}).body.decode("utf-8-sig")
    assert (ANA in ticked, CHEN in ticked) == (True, False)
    log = words(dan.get("/audit"))
    assert "exported 1 person, q: …, tag: board." in log
    assert "exported 1 person." in log
    assert "Export as CSV" not in staffed.as_("cleo").get("/readers").text


def test_an_erasure_is_asked_for_twice_and_leaves_nothing(staffed: Staffed, dan: Signed) -> None:
    page = dan.post("/readers/erase", {"email": ANA})
    assert page.status == 422
    assert "Confirm that you are sure" in words(page)
    assert "Gets email on: Press releases." in words(page)
    answer = dan.post("/readers/erase", {"email": ANA, "person": "1", "sure": "yes"})
    assert answer.headers["location"] == "/desk/readers?done=erased"
    said = words(find(dan, ANA))
    assert "Gets no email: erased." in said
    assert "About them" not in said
    with staffed.site.services.store.read() as tx:
        assert tx.readers.find(ANA) is None
        assert ANA not in str(tx.audit.list_newest(None)[::-1])


def test_a_page_of_a_person_acts_on_no_one_who_has_the_address_since(
    staffed: Staffed, dan: Signed
) -> None:
    staffed.site.subscribe("bo@readers.example")
    with staffed.site.services.store.begin() as tx:
        bo = tx.readers.find("bo@readers.example")
        assert bo
        assert tx.readers.change_address(1, "ana@second.example")
        assert tx.readers.change_address(bo.id, ANA)
        tx.readers.suppress(
            [SuppressedEntry(address=ANA, reason=SuppressionReason.MANUAL)], tx.now, "by cleo"
        )
        bo = tx.readers.find(ANA)
        assert bo
    acts = {"unsubscribe": {"list": "press"}, "move": {"new": "c@readers.example"}, "data": {}}
    acts |= {"suppress": {}, "lift": {"reason": "A slip."}, "erase": {"sure": "yes"}}
    for act, fields in acts.items():
        answer = dan.post(f"/readers/{act}", {"email": ANA, "person": "1", **fields})
        assert answer.status in {409, 422}, act
        assert "has changed since you looked" in words(answer)
    with staffed.site.services.store.read() as tx:
        assert tx.readers.get(bo.id) == bo


def test_a_page_of_a_person_who_moved_stops_or_allows_no_email_to_the_former_address(
    staffed: Staffed, dan: Signed
) -> None:
    page = find(dan, ANA)
    with staffed.site.services.store.begin() as tx:
        assert tx.readers.change_address(1, "ana@second.example")
    assert page.text.count('name="person" value="1"') >= 3
    answer = dan.post("/readers/suppress", {"email": ANA, "person": "1"})
    assert (answer.status, "has changed since you looked" in words(answer)) == (409, True)
    with staffed.site.services.store.read() as tx:
        assert tx.readers.suppression_reason(ANA) is None


def test_no_address_of_a_page_and_no_line_of_the_log_holds_a_readers(
    staffed: Staffed, cleo: Signed, dan: Signed, caplog: pytest.LogCaptureFixture
) -> None:
    for page in (find(cleo, ANA), find(dan, ANA)):
        assert "readers.example" not in "".join(
            part for part in page.text.split('"') if part.startswith("/desk")
        )
    assert "readers.example" not in caplog.text


@pytest.mark.parametrize(("decision", "said"), [("admit", "Added."), ("decline", "Declined.")])
def test_a_request_to_join_waits_until_staff_decide(
    staffed: Staffed, cleo: Signed, decision: str, said: str
) -> None:
    number = int(here(staffed).rpartition("/")[2])
    with staffed.site.services.store.begin() as tx:
        tx.choices.join(number, ["board"], tx.now, {"board"})
    assert f"{ANA} wants board" in words(cleo.get("/readers"))

    form = {"person": str(number), "list": "board", "decision": decision}
    done = cleo.post("/readers/requests", form)

    assert said in words(cleo.get(done.headers["location"].removeprefix("/desk")))
    assert "wants board" not in words(cleo.get("/readers"))
    assert cleo.post("/readers/requests", form).status == 404
    assert ("board" in staffed.site.lists_of(number)) == (decision == "admit")


def test_the_form_for_another_site_is_shown_ready_to_copy(staffed: Staffed, cleo: Signed) -> None:
    assert "Your form" not in cleo.get("/readers/form").text
    made = cleo.post("/readers/form", {"language": "es", "list": "press"}).text
    assert "&lt;form action=&#34;https://news.forum.example/subscribe&#34;" in made
    assert "signup.origins" in made
    assert staffed.site.rows("SELECT language FROM wording") == [("es",)]
    assert cleo.post("/readers/form", {"list": "none"}).status == 404
