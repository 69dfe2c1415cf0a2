"""Signing in and out: pages, cookies, and secrets that stay secret."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.credentials.passwords import Busy, Passwords
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from tests.contracts.books import audited
from tests.desk import OURS, desk, words
from tests.pages import Forum, forum
from tests.rows import rows
from tests.unit.web.desk.staff.test_notices import posted
from tests.unit.web.desk.visitor import OTHER, PASSWORD, Browser, action, hidden
from tests.unit.web.desk.writing import multipart

ANA, CLEO = "ana@forum.example", "cleo@forum.example"


def again(site: Forum) -> Browser:
    """Another browser of the same person."""
    return Browser(site=site)


@pytest.fixture
def joined(browser: Browser) -> Browser:
    """Ana's, who has accepted her invitation."""
    browser.join(ANA)
    return browser


def test_an_invitation_opens_an_account_and_is_spent_by_its_form_alone(
    browser: Browser, site: Forum
) -> None:
    link = people.invite(ANA, Role.WRITER, by=OPERATOR_NAME, proofs=site.services.staff.proofs)
    before = site.everything()
    for _ in range(3):
        offered = browser.get(f"/invitation/{link.token}")
        assert "Your role is writer" in words(offered)
    assert site.everything() == before
    answer = browser.post(f"/invitation/{link.token}", {"name": "Ana R.", "password": PASSWORD})
    assert answer.headers["location"] == "/desk"
    assert "Ana R." in words(browser.get("/account"))
    for method in ("GET", "POST"):
        spent = again(site).ask(method, f"/invitation/{link.token}")
        assert spent.status == 404
        assert "This link doesn't work any more" in words(spent)


def test_a_bad_password_is_said_beside_its_field_and_never_shown_again(
    browser: Browser, site: Forum
) -> None:
    link = people.invite(ANA, Role.WRITER, by=OPERATOR_NAME, proofs=site.services.staff.proofs)
    answer = browser.post(
        f"/invitation/{link.token}", {"name": "A. R.", "password": "qwerty-123456"}
    )
    assert answer.status == 422
    assert "easy to guess" in words(answer)
    assert 'value="A. R."' in answer.text
    assert "qwerty-123456" not in answer.text
    assert browser.cookie == ""


def test_a_role_that_needs_a_second_factor_sets_it_up_first(browser: Browser, site: Forum) -> None:
    link = people.invite(CLEO, Role.SENDER, by=OPERATOR_NAME, proofs=site.services.staff.proofs)
    answer = browser.post(f"/invitation/{link.token}", {"password": PASSWORD})
    assert answer.headers["location"] == "/desk/second/set-up"
    assert not browser.is_in
    assert "takes two minutes" in words(browser.get("/second/set-up"))
    assert browser.post("/second/set-up").status == 303
    shown = browser.get("/second/set-up")
    assert 'src="data:image/svg+xml;charset=utf-8,' in shown.text
    assert browser.post("/second/set-up/confirm", {"code": "000000"}).status == 401
    assert not browser.is_in
    done = browser.post("/second/set-up/confirm", {"code": browser.code(CLEO, pending=True)})
    made = re.findall(r"<li><code>([a-z0-9]{5}-[a-z0-9]{5})</code></li>", done.text)
    assert len(made) == 10
    assert browser.is_in


def test_a_role_that_needs_a_second_factor_from_now_on_opens_no_page_without_one(
    tmp_path: Path,
) -> None:
    """Sessions from before the setting changed lead to the sign-in, which sets it up."""
    with forum(tmp_path / "forum") as site:
        before = Browser(site=site)
        before.join(ANA)
        assert before.is_in
    with forum(tmp_path / "forum", site.clock, desk={"second_factor": "writer"}) as site:
        after = replace(before, site=site)
        assert not after.is_in
        answer = after.sign_in(ANA)
        assert answer.headers["location"] == "/desk/second/set-up"


def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(browser: Browser) -> None:
    browser.join(ANA)
    for said in browser.seen:
        assert said.startswith("__Host-desk=")
        fields = {one.strip().lower() for one in said.split(";")[1:]}
        assert fields >= {"secure", "httponly", "path=/", "samesite=lax"}
        assert not any(one.startswith(("domain", "expires")) for one in fields)


def test_a_browser_keeps_for_ninety_days_that_it_signed_in(browser: Browser, site: Forum) -> None:
    answer = browser.join(ANA)
    [said] = [one for one in answer.cookies if one.startswith("__Host-desk-device=")]
    for flag in ("Max-Age=7776000", "HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert flag in said
    assert "desk-device" not in str(browser.sign_in(ANA).cookies)  # it has it already
    assert Browser(site=site, device=browser.device).get("/account").status == 303
    assert Browser(site=site, cookie=browser.device).get("/account").status == 303


def test_nobody_learns_who_has_an_account(browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    answers = []
    for address in (ANA, "who@forum.example"):
        stranger = Browser(site=site, client="198.51.100.9")
        for _ in range(11):
            answers.append(stranger.sign_in(address, OTHER))
        stranger.client = "192.0.2.1"
    bodies = {re.sub(r'value="(ana|who)@', 'value="x@', one.text) for one in answers}
    assert len(bodies) == 1
    assert {one.status for one in answers} == {401}
    assert "set-cookie" not in answers[0].headers


def test_a_forwarded_address_that_anybody_can_write_is_no_help(
    browser: Browser, site: Forum
) -> None:
    browser.join(ANA)
    stranger = Browser(site=site, client="93.184.216.34")
    for number in range(11):
        headers = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
        stranger.post("/sign-in", {"email": ANA, "password": OTHER}, headers=headers)
    assert stranger.sign_in(ANA).status == 401  # right, and not looked at
    assert browser.sign_in(ANA).status == 303  # its owner is not shut out


@rows("field", ["email", "password", "next"])
@rows("said", ["", "\0", "x" * 20_000, "<script>alert(1)</script>", "é\u202e"])
def test_whatever_is_typed_is_answered_and_shown_as_text(
    browser: Browser, field: str, said: str
) -> None:
    form = {"email": ANA, "password": PASSWORD, "next": "/desk"} | {field: said}
    answer = browser.post("/sign-in", form)
    assert answer.status == 401
    assert "<script>alert" not in answer.text


def test_a_second_factor_comes_between_and_no_detour_avoids_it(
    browser: Browser, site: Forum
) -> None:
    browser.join(CLEO, Role.SENDER)
    site.clock.advance(minutes=1)
    other = again(site)
    asked = other.sign_in(CLEO, next="/desk/staff", stage="whole", factor="none", skip="1")
    assert asked.status == 200
    assert "authenticator app" in words(asked)
    for path in ("", "/", "/account", "/staff", "/ACCOUNT", "/account/", "//account", "/%61ccount"):
        assert other.get(path).status in {303, 404}
    for header in ("X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Forwarded-User"):
        assert other.ask("GET", "/account", headers={header: "/desk/account"}).status == 303
    half = other.cookie
    assert other.post("/second", {"code": "000000"}).status == 401
    assert not other.is_in
    done = other.post("/second", {"code": other.code(CLEO), "next": "/desk/account"})
    assert done.headers["location"] == "/desk/account"
    assert other.cookie != half
    assert other.is_in


def test_who_is_signed_in_is_led_on(browser: Browser) -> None:
    browser.join(ANA)
    assert browser.get("/sign-in?next=/desk/account").headers["location"] == "/desk/account"


@rows(
    "next_",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/desk/..//evil.example",
        "/deskevil",
        "javascript:alert(1)",
        "/desk/sign-out",
        "/desk/second",
        "/desk\n/x",
        "http://[",
        "/desk/" + "x" * 3000,
        "",
    ],
)
def test_nobody_is_led_out_of_the_desk(joined: Browser, next_: str) -> None:
    assert joined.sign_in(ANA, next=next_).headers["location"] == "/desk"


def test_signing_out_ends_it_on_the_server_and_in_the_browser(browser: Browser) -> None:
    browser.join(ANA)
    word = browser.cookie
    answer = browser.post("/sign-out")
    assert answer.headers["location"] == "/desk/sign-in?done=signed-out"
    assert "max-age=0" in browser.seen[-1].lower()
    browser.cookie = word
    assert not browser.is_in
    assert browser.post("/sign-out").status == 303
    assert "You are signed out." in words(browser.get("/sign-in?done=signed-out"))


def test_what_was_being_sent_is_kept_through_signing_in_and_sent_by_a_press(
    browser: Browser, site: Forum
) -> None:
    browser.join(ANA)
    site.clock.advance(hours=9)
    form = {"title": "Tïtle\nof two lines", "lists": ["press", "events"]}
    out = browser.post("/account/sessions?x=1", form)
    assert out.status == 401
    assert "what you were sending is kept" in words(out)
    carried = hidden(out)
    back = browser.sign_in(ANA, **{name: values[0] for name, values in carried.items()})
    assert back.status == 200
    assert "signed in again as ana@forum.example" in words(back)
    assert action(back) == "/account/sessions?x=1"
    assert hidden(back) == {"title": ["Tïtle\nof two lines"], "lists": ["press", "events"]}
    assert browser.post(action(back), hidden(back)).status == 303

    site.clock.advance(hours=9)
    out = browser.ask("POST", "/readers/import", **multipart({}, file=("press.csv", b"email")))
    back = browser.sign_in(ANA, again=hidden(out)["again"][0])
    assert "choose the file again: press.csv." in words(back)


def test_it_is_kept_through_the_second_factor_too(browser: Browser, site: Forum) -> None:
    browser.join(CLEO, Role.SENDER)
    site.clock.advance(hours=9)
    out = browser.post("/account/sessions", {"title": "x" * 100_000})
    assert out.status == 413  # more than the route takes
    out = browser.post("/account/sessions", {"title": "x" * 50_000})
    asked = browser.sign_in(CLEO, **{name: values[0] for name, values in hidden(out).items()})
    form = {name: values[0] for name, values in hidden(asked).items()}
    back = browser.post("/second", {"code": browser.code(CLEO), **form})
    assert hidden(back) == {"title": ["x" * 50_000]}


@rows("path", ["/step-up", "/sign-out", "/account/codes", "/staff/a@b/role", "/readers/edit"])
def test_what_only_a_form_leads_to_says_so_when_it_is_loaded(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert "can't be loaded again" in words(answer)


def test_no_secret_is_carried_along(browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    site.clock.advance(hours=9)
    out = browser.post("/account/password", {"old": PASSWORD, "new": OTHER, "more": "1"})
    assert PASSWORD not in out.text
    assert OTHER not in out.text
    assert json.loads(hidden(out)["again"][0])["fields"] == {"more": ["1"]}


@rows(
    "said",
    [
        "nonsense",
        "[]",
        "{}",
        '{"action": "https://evil.example", "fields": {}}',
        '{"action": "/desk/sign-out", "fields": {}}',
        '{"action": "/desk/x", "fields": []}',
        '{"action": "/desk/x", "fields": {"a": "b"}}',
        '{"action": "/desk/x", "fields": {"a": [1]}}',
        '{"action": 1, "fields": {}}',
        "[" * 100_000,
    ],
)
def test_what_is_made_up_is_not_carried_along(joined: Browser, said: str) -> None:
    assert joined.sign_in(ANA, again=said).status == 303


def test_a_fresh_factor_is_sent_along_and_the_act_is_done(browser: Browser, site: Forum) -> None:
    browser.join(CLEO, Role.SENDER)
    site.clock.advance(minutes=11)
    asked = browser.post("/account/codes")
    assert asked.status == 401
    assert "Nothing was changed yet." in words(asked)
    before = browser.cookie
    assert browser.post("/account/codes", {"step-up": "000000"}).status == 401
    assert browser.cookie == before
    done = browser.post(action(asked), {**hidden(asked), "step-up": browser.code(CLEO)})
    assert done.status == 200
    assert "Your recovery codes" in words(done)
    assert browser.cookie != before
    assert browser.post("/account/codes").status == 200  # for ten minutes
    site.clock.advance(minutes=10)
    assert browser.post("/account/codes").status == 401


def test_a_page_that_needs_a_fresh_factor_is_come_back_to(browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    asked = browser.get("/account/factor")
    assert asked.status == 401
    assert "Your password" in words(asked)
    form = {"next": hidden(asked)["next"][0], "step-up": PASSWORD}
    assert browser.post("/step-up", form | {"step-up": OTHER}).status == 401
    done = browser.post(action(asked), form)
    assert done.headers["location"] == "/desk/account/factor"
    assert browser.get("/account/factor").status == 200
    other = [again(site).post("/step-up", form) for _ in range(2)]
    assert {one.status for one in other} == {401}


def test_a_workspace_without_a_desk_has_none(tmp_path: Path, migrated: Path) -> None:
    with desk(tmp_path, database=migrated, desk={"enabled": False}) as staffed:
        assert staffed.site.get("/desk/sign-in").status == 404
        assert staffed.site.get("/desk").status == 404


def test_who_comes_while_too_many_sign_in_is_told(browser: Browser, site: Forum) -> None:
    proofs = site.services.staff.proofs

    class Crowded(Passwords):
        def matches(self, password: str, hashed: str) -> bool:
            raise Busy("too many people are signing in just now; try again in a minute")

    vars(site.services.staff)["proofs"] = replace(proofs, passwords=Crowded())
    crowded = Browser(site=Forum(services=site.services, folder=site.folder, clock=site.clock))
    kept = '{"action": "/desk/drafts/new", "fields": {"title": ["Hours"]}}'
    answer = crowded.sign_in(ANA, again=kept)
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert "Try again in a minute." in words(answer)
    assert hidden(answer)["again"] == [kept]  # nothing is lost


def test_thirty_guesses_at_once_are_ten(browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    asked = [("POST", "/desk/sign-in")] * 30
    form = {"email": ANA, "password": OTHER}
    answers = site.ask_all(asked, form=form, headers=OURS, client="93.184.216.34")
    assert {answer.status for answer in answers} <= {401, 503}  # 503: four of a network wait
    assert len(audited(site.services.store, "sign-in refused")) <= 10


def test_a_forgotten_password_comes_back_by_mail_and_the_answer_tells_nothing(
    browser: Browser,
) -> None:
    browser.join(ANA)
    browser.post("/sign-out")
    assert 'href="/desk/forgotten"' in browser.get("/sign-in").text
    assert "Your second factor stays as it is." in words(browser.get("/forgotten"))
    answers = [browser.post("/forgotten", {"email": who}) for who in (ANA, "x@forum.example")]
    assert {(one.status, one.headers["location"]) for one in answers} == {
        (303, "/desk/sign-in?done=forgotten")
    }
    [(to, _, text)] = posted(browser.site)
    assert to == ANA
    link = re.search(r"https://news\.forum\.example/desk(/invitation/\S+)", text)
    assert link is not None
    assert "Your second factor stays as it is." in words(browser.get(link[1]))
    done = browser.post(link[1], {"password": OTHER})
    assert (done.status, done.headers["location"]) == (303, "/desk")
