"""Passkeys on the desk: added, signed in with, asked for again; and where there are none."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request

from newsletter.domain.staff.role import Role
from newsletter.web.desk.browser import passkey_hint
from tests.desk import OURS, words
from tests.pages import Answer, Forum
from tests.rows import rows
from tests.unit.credentials.authenticator import Authenticator
from tests.unit.web.desk.visitor import PASSWORD, Browser, action, hidden

ANA, CLEO = "ana@forum.example", "cleo@forum.example"
ADD, ASK = "/account/passkeys", "/passkey"


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


def options(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = json.loads(answer.text)
    return found


def add(browser: Browser, device: Authenticator, name: str = "Laptop") -> Answer:
    made = device.make(options(browser.post(f"{ADD}/options")))
    return browser.post(ADD, {"name": name, "made": json.dumps(made)})


def signed(browser: Browser, device: Authenticator) -> str:
    return json.dumps(device.sign(options(browser.post(ASK))))


@pytest.fixture
def cleo(browser: Browser, site: Forum, device: Authenticator) -> Browser:
    """A sender with a passkey."""
    browser.join(CLEO, Role.SENDER)
    before = browser.cookie
    assert add(browser, device).headers["location"] == "/desk/account?done=passkey"
    assert browser.cookie != before
    return browser


def test_one_is_added_named_and_removed(cleo: Browser) -> None:
    shown = cleo.get("/account")
    assert "Laptop Added Tue 24 Nov 2026, 07:00 New York. Not used yet." in words(shown)
    assert cleo.get(ADD).status == 200
    [path] = {one for one in shown.text.split('"') if one.endswith("/remove") and "passkeys" in one}
    done = cleo.post(path.removeprefix("/desk"))
    assert done.headers["location"] == "/desk/account?done=passkey-removed"
    assert "Laptop" not in words(cleo.get("/account"))
    assert cleo.post(path.removeprefix("/desk")).status == 404


def test_what_is_wrong_is_said_in_the_form(cleo: Browser) -> None:
    for said in ("", "{}", "nonsense"):
        answer = cleo.post(ADD, {"name": "<b>", "made": said})
        assert answer.status == 422
        assert "was not accepted" in words(answer)
        assert "&lt;b&gt;" in answer.text


def test_a_passkey_signs_in_and_is_known_from_then_on(
    cleo: Browser, site: Forum, device: Authenticator
) -> None:
    other = Browser(site=site)
    asked = other.sign_in(CLEO, next="/desk/account")
    assert 'data-passkey="get"' in asked.text
    half = other.cookie
    form = {name: values[0] for name, values in hidden(asked).items()}
    wrong = other.post("/second", form | {"passkey": "{}"})
    assert wrong.status == 401
    assert "passkey was not accepted" in words(wrong)
    assert 'data-passkey="get"' in wrong.text
    done = other.post("/second", form | {"passkey": signed(other, device), "code": ""})
    assert done.headers["location"] == "/desk/account"
    assert other.cookie != half
    assert other.is_in
    assert "Last used" in words(other.get("/account"))
    assert other.post("/account/codes").status == 200  # the factor is fresh


def test_the_code_still_signs_in(cleo: Browser, site: Forum) -> None:
    site.clock.advance(minutes=1)
    other = Browser(site=site)
    other.sign_in(CLEO)
    assert other.post("/second", {"code": other.code(CLEO), "passkey": ""}).status == 303


def test_it_is_a_fresh_factor_for_an_act_and_for_a_page(
    cleo: Browser, site: Forum, device: Authenticator
) -> None:
    site.clock.advance(minutes=11)
    asked = cleo.post("/account/codes")
    assert 'data-passkey="get"' in asked.text
    said = signed(cleo, device)
    form = {**hidden(asked), "step-up": "", "passkey": said}
    done = cleo.post(action(asked), form)
    assert "Your recovery codes" in words(done)
    site.clock.advance(minutes=11)
    again = cleo.post("/account/codes", form)
    assert again.status == 401
    assert said not in again.text  # and it is carried along by no page
    page = cleo.get("/account/factor")
    done = cleo.post(
        action(page), {"next": "/desk/account/factor", "passkey": signed(cleo, device)}
    )
    assert done.headers["location"] == "/desk/account/factor"


def test_who_is_not_in_or_has_none_is_asked_for_none(browser: Browser) -> None:
    assert browser.post(ASK).status == 409
    browser.join(ANA)
    answer = browser.post(ASK)
    assert answer.status == 409
    assert "Use a code instead" in json.loads(answer.text)["fault"]
    assert browser.post(f"{ADD}/options", {"step-up": ""}).status == 401


def test_who_has_no_app_is_told_to_set_one_up_first(browser: Browser) -> None:
    browser.join(ANA)
    assert "Add a passkey" not in words(browser.get("/account"))
    browser.post("/step-up", {"step-up": PASSWORD, "next": f"/desk{ADD}"})
    assert "Set up an authenticator app first." in words(browser.get(ADD))
    answer = browser.post(f"{ADD}/options")
    assert answer.status == 409
    assert "Set up an authenticator app first" in words(answer)


def test_at_another_address_pages_say_where_passkeys_work(
    cleo: Browser, site: Forum, device: Authenticator
) -> None:
    host = {"Host": "other.example"}
    asked = cleo.ask("GET", ADD, headers=host)
    other = Browser(site=site)
    half = other.post("/sign-in", {"email": CLEO, "password": PASSWORD}, headers=OURS | host)
    for page in (asked, half):
        assert "Passkeys work only at https://news.forum.example/desk." in words(page)
        assert "data-passkey" not in page.text


@rows(
    ("url", "said"),
    [
        ("https://news.forum.example/desk", ""),
        ("http://localhost:8000/desk", ""),
        ("http://127.0.0.1:8000/desk/second", "Use http://localhost:8000/desk instead."),
        ("http://[::1]/desk", "Use http://localhost/desk instead."),
        ("https://192.0.2.7/desk", "Passkeys work only at https://news.forum.example/desk."),
    ],
)
def test_a_browser_wants_a_name(site: Forum, url: str, said: str) -> None:
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "scheme": parts.scheme,
        "path": parts.path,
        "query_string": b"",
        "headers": [(b"host", parts.netloc.encode())],
        "client": ("127.0.0.1", 4711),
    }
    asked = Request(scope)
    assert passkey_hint(asked, site.services.staff).endswith(said)
    assert bool(passkey_hint(asked, site.services.staff)) == bool(said)
