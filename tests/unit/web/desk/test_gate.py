"""The checks on every request to the desk."""

import json
from datetime import timedelta
from urllib.parse import quote

import pytest

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.web.pages import desk_routes
from tests.desk import OURS, Staffed, words
from tests.pages import Forum
from tests.rows import rows
from tests.unit.web.desk.test_matrix import asked_of
from tests.unit.web.desk.visitor import PASSWORD


def test_who_is_not_signed_in_is_led_to_the_door_and_back(staffed: Staffed) -> None:
    answer = staffed.site.get("/desk?x=1")
    assert answer.status == 303
    assert answer.headers["location"] == f"/desk/sign-in?next={quote('/desk?x=1', safe='')}"


def test_who_is_signed_in_sees_a_page_that_is_kept_nowhere(staffed: Staffed) -> None:
    answer = staffed.as_("vera").get("")
    assert "Vera" in words(answer)
    assert answer.headers["cache-control"] == "no-store"


def test_a_session_ends_after_a_while_and_with_the_role(staffed: Staffed) -> None:
    ana = staffed.as_("ana")
    staffed.site.clock.advance(seconds=timedelta(hours=7).total_seconds())
    assert ana.get("").status == 200
    staffed.site.clock.advance(seconds=timedelta(hours=7).total_seconds())
    assert ana.get("").status == 200  # the last request counts, and was no more than a GET
    staffed.site.clock.advance(seconds=timedelta(hours=9).total_seconds())
    assert ana.get("").status == 303


def test_a_session_ends_after_seven_days_however_busy(staffed: Staffed) -> None:
    ana = staffed.as_("ana")
    for _ in range(23):
        staffed.site.clock.advance(seconds=timedelta(hours=7).total_seconds())
        answered = ana.get("").status
    assert answered == 200
    staffed.site.clock.advance(seconds=timedelta(hours=7).total_seconds())
    assert ana.get("").status == 303


def test_whoever_is_no_longer_among_the_staff_is_out_at_once(staffed: Staffed) -> None:
    ana = staffed.as_("ana")
    staffed.site.change("DELETE FROM staff WHERE address = 'ana@forum.example'")
    assert ana.get("").status == 303


@rows(
    "fields",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example", "Host": "news.forum.example"},
        {"Origin": "null", "Host": "news.forum.example"},
    ],
)
def test_a_post_from_elsewhere_is_refused(staffed: Staffed, fields: dict[str, str]) -> None:
    before = staffed.site.everything()
    answer = staffed.site.ask("POST", "/desk/sign-in", form={"email": "x"}, headers=fields)
    assert answer.status in {403, 405}
    assert staffed.site.everything() == before


def test_the_log_of_such_a_post_names_no_link_that_opens_something(
    staffed: Staffed, caplog: pytest.LogCaptureFixture
) -> None:
    staffed.site.ask("POST", "/desk/invitation/secret", form={"name": "x"})
    [said] = [record.getMessage() for record in caplog.records]
    assert said == "a post to /desk/invitation/{word} from another site was refused"


@rows("path", ["/nowhere", "//", "/../desk", "/Home", "/%2e", "/static/x/../y"])
def test_what_is_not_there_is_not_found_and_says_so(staffed: Staffed, path: str) -> None:
    answer = staffed.as_("dan").get(path)
    assert answer.status == 404
    assert "does not exist" in words(answer)


def test_the_style_sheet_is_kept_for_ever_under_an_address_of_its_own(staffed: Staffed) -> None:
    page = staffed.as_("vera").get("").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = staffed.site.get(address)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert staffed.site.get("/desk/static/x/frame.html.j2").status == 404


def test_stopped_sending_stands_on_every_page(staffed: Staffed) -> None:
    with staffed.site.services.store.begin() as tx:
        tx.hold.put(next(iter(HoldKind)), "Cleo, 14:20: wrong list")
    said = words(staffed.as_("vera").get(""))
    assert "All sending is stopped." in said
    assert "wrong list" in said


def test_every_page_for_staff_says_that_a_restart_is_needed(staffed: Staffed) -> None:
    path = staffed.site.folder / "newsletter.yaml"
    path.write_text(path.read_text().replace("Example Forum", "Another Forum"))
    for page in ("", "/statements", "/account", "/nowhere"):
        assert "A restart is needed." in words(staffed.as_("vera").get(page))
    assert "restart" not in staffed.site.get("/desk/sign-in").text
    assert json.loads(staffed.site.get("/readyz").body)["restart_needed"]


def test_a_large_file_of_somebody_who_is_not_signed_in_is_not_read_whole(staffed: Staffed) -> None:
    answer = staffed.site.ask(
        "POST",
        "/desk/drafts/new",
        body=b"x" * 3_000_000,
        headers={
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "multipart/form-data; boundary=b",
        },
    )
    assert answer.status == 413
    assert "copy your text, then sign in" in words(answer)


@rows("path", ["/sign-in", "/second", "/drafts/new", "/account/password", "/step-up"])
def test_a_stranger_sends_64_kb_to_no_page_of_the_desk(staffed: Staffed, path: str) -> None:
    form = {"again": "x" * (64 << 10)}
    assert staffed.site.post(f"/desk{path}", form, headers=OURS).status == 413
    assert staffed.site.post(f"/desk{path}", {"again": "x" * 60_000}, headers=OURS).status != 413


def test_what_is_too_large_is_refused_with_the_limit(staffed: Staffed) -> None:
    answer = staffed.as_("ana").post("/account/language", {"language": "x" * (65 << 10)})
    assert answer.status == 413
    assert "What you sent has more than 65 kB. Nothing was changed." in words(answer)


def test_a_form_of_more_fields_than_any_of_ours_is_refused(staffed: Staffed) -> None:
    fields = {**OURS, "Content-Type": "application/x-www-form-urlencoded"}
    body = b"&" * (60 << 10)
    assert staffed.site.ask("POST", "/desk/sign-in", body=body, headers=fields).status == 400


def test_with_no_staff_there_is_no_page_on_which_somebody_becomes_one(site: Forum) -> None:
    told = {
        **dict.fromkeys(("email", "address", "to"), "eve@elsewhere.example"),
        **dict.fromkeys(("password", "new", "old", "step-up"), PASSWORD),
        "name": "Eve",
        "role": "admin",
        "code": "000000",
        "next": "/desk",
    }
    for route in desk_routes(site.services):
        form = {} if route.method == "GET" else {"form": told}
        path = asked_of(route).replace("nothing-there", "eve@elsewhere.example")
        answer = site.ask(route.method, f"/desk{path}", headers=OURS, **form)
        assert answer.status != 500
        assert "set-cookie" not in answer.headers or "Max-Age=0" in answer.headers["set-cookie"]
    for table in ("staff", "credential", "session", "staff_link"):
        assert site.rows(f"SELECT count(*) FROM {table}") == [(0,)], table


def test_an_unforeseen_error_has_a_page_of_the_desk(staffed: Staffed) -> None:
    failing = Staffed(site=staffed.site.with_error(ArithmeticError)).as_("cleo")
    form = {"email": "ana@example.org", "list": "press", "agreed": "by telephone"}
    answer = failing.post("/readers/new", form, headers={"Accept-Language": "de"})
    assert (answer.status, 'lang="de"' in answer.text) == (500, True)
    assert "Cleo" in words(answer)
    assert "Nichts wurde" not in words(answer)
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["cache-control"] == "no-store"


def test_a_database_that_is_gone_is_said_on_a_page_that_needs_none(staffed: Staffed) -> None:
    vera = staffed.as_("vera")
    staffed.site.change("ALTER TABLE session RENAME TO lost")
    answer = vera.get("/readers")
    assert (answer.status, "Nothing has been changed" in answer.text) == (503, True)
