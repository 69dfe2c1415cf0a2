"""Signing in by an identity provider: whom it lets in, and whom it does not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.credentials.codes import link_token
from newsletter.domain.delivery.provider import Level
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import DeskRules, Role
from newsletter.domain.wording import read_words
from newsletter.pipeline.history import describe_entry
from newsletter.pipeline.staff import people
from newsletter.runtime.diagnosis import check_sign_in
from tests.contracts.books import audited
from tests.desk import words
from tests.fakes import FixedClock
from tests.openid import CLIENT, SECRET, OpenIdServer
from tests.pages import Forum, forum
from tests.servers import reply
from tests.unit.pipeline.staff.office import hash_cheaply
from tests.unit.web.desk.visitor import OTHER, Browser, came_back, provide, sent

ANA, BEN, CLEO = (f"{name}@forum.example" for name in ("ana", "ben", "cleo"))


@pytest.fixture
def server(site: Forum) -> Iterator[OpenIdServer]:
    with OpenIdServer(site.clock) as server:
        provide(site, server)
        yield server


@pytest.fixture
def home(site: Forum) -> Browser:
    """Ana's browser, in which she accepted her invitation."""
    browser = Browser(site=site)
    browser.join(ANA)
    return browser


def deeds(site: Forum) -> list[tuple[Any, ...]]:
    lines = audited(site.services.store)
    told = [describe_entry(line, None, "UTC") for line in lines]
    return [
        (one.actor, one.action, one.subject, said) for one, said in zip(lines, told, strict=True)
    ]


def told(site: Forum) -> str:
    notes = site.rows("SELECT source FROM transactional_email")
    return "\n".join(read_words(note) for (note,) in notes)


def stepped_up(site: Forum, address: str) -> None:
    """Let the sessions of a person have a fresh factor."""
    at = int(site.clock.now().timestamp() * 1_000)
    site.change(f"UPDATE session SET stepped_up_at = {at} WHERE address = '{address}'")


def test_a_known_person_is_connected_by_the_verified_address_and_then_by_the_subject(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    browser = Browser(site=site)
    assert "Sign in with Forum ID" in words(browser.get("/sign-in"))
    answer = came_back(browser, server, next="/desk/statements?q=water")
    assert (answer.status, answer.headers["location"]) == (303, "/desk/statements?q=water")
    assert browser.is_in
    connected, entered = deeds(site)[-2:]
    assert connected[:3] == (ANA, "connect", ANA)
    assert f"1001 at {server.url}, by its email address" in connected[3]
    assert entered[:3] == (ANA, "sign-in", ANA)
    assert f"with an account of {server.url}" in entered[3]
    server.claims["email"] = BEN
    assert came_back(Browser(site=site), server).status == 303
    assert deeds(site)[-1][:3] == (ANA, "sign-in", ANA)
    assert "It signs you in here." in words(browser.get("/account"))


def test_nothing_happens_when_the_browser_comes_back_until_the_button_is_pressed(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    browser = Browser(site=site)
    asked = sent(browser.post("/sign-in/provider"))
    before = site.everything()
    page = browser.get(f"/sign-in/back?code=c&state={asked['state']}")
    assert page.status == 200
    assert "not signed in there" in words(browser.get("/sign-in/back?error=access_denied"))
    assert site.everything() == before
    assert [one.path for one in server.requests if one.path == "/token"] == []


def test_an_invitation_is_accepted_with_an_account_instead_of_a_password(
    site: Forum, server: OpenIdServer
) -> None:
    proofs, browser = site.services.staff.proofs, Browser(site=site)
    word = people.invite(ANA, Role.APPROVER, by=OPERATOR_NAME, proofs=proofs).token
    path = f"/invitation/{word}"
    assert "Continue with Forum ID" in words(browser.get(path))
    assert browser.get(f"{path}/provider").status == 405
    answer = came_back(browser, server, f"{path}/provider", name="Ana  Ruiz")
    assert (answer.status, answer.headers["location"]) == (303, "/desk")
    assert deeds(site)[-1][:3] == (ANA, "accept invitation", ANA)
    assert f"1001 at {server.url}" in deeds(site)[-1][3]
    page = words(browser.get("/account"))
    assert "Ana Ruiz" in page
    assert "You have none." in page
    assert "no other way to sign in" in page
    assert browser.get("/account/factor").status == 200
    assert came_back(Browser(site=site), server).status == 303
    assert Browser(site=site).sign_in(ANA, "").status == 401
    assert browser.get(path).status == 404
    assert browser.post(f"{path}/provider").status == 404
    browser.post("/forgotten", {"email": ANA})
    with site.services.store.read() as tx:
        [link] = tx.staff_links.list_usable(tx.now)
    assert link.address == ANA
    gone = people.reset(ANA, by=OPERATOR_NAME, proofs=proofs).token
    server.claims |= {"sub": "1002", "email_verified": None}
    assert came_back(browser, server, f"/invitation/{gone}/provider").status == 303
    assert f"1002 at {server.url}" in deeds(site)[-1][3]
    assert "A link that operator made was used, with 1002" in told(site)


def _withdrawn(site: Forum, word: str) -> None:
    [unused] = [
        one for one in people.load_unused_links(proofs=site.services.staff.proofs) if one.works
    ]
    people.withdraw(unused.link.id, by=OPERATOR_NAME, proofs=site.services.staff.proofs)


def _used(site: Forum, word: str) -> None:
    Browser(site=site).post(f"/invitation/{word}", {"name": "", "password": OTHER})


def _removed(site: Forum, word: str) -> None:
    people.disable(CLEO, by=OPERATOR_NAME, proofs=site.services.staff.proofs)


MISFITS: Sequence[tuple[dict[str, Any], Callable[[Forum, str], None] | None, int, str]] = [
    ({"email": ANA}, None, 409, f"there as {ANA}"),
    ({"sub": "of ana"}, None, 409, "there as another person"),
    ({"nonce": "of another"}, None, 401, "You were not signed in"),
    ({"aud": "another"}, None, 401, "You were not signed in"),
    ({}, _withdrawn, 404, "does nothing any more"),
    ({}, _used, 401, "took too long"),
    ({}, _removed, 404, "does nothing any more"),
]


def test_a_link_is_not_used_with_the_account_of_another_person_or_too_late(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    server.claims["sub"] = "of ana"
    came_back(home, server)
    Browser(site=site).join(CLEO, Role.ADMIN)
    Browser(site=site).join("dan@forum.example", Role.ADMIN)
    proofs = site.services.staff.proofs
    for number, (claims, happens, status, said) in enumerate(MISFITS):
        who, browser = f"new{number}@forum.example", Browser(site=site)
        people.invite(who, Role.WRITER, by=CLEO, proofs=proofs)
        with site.services.store.read() as tx:
            word = link_token(proofs.key, tx.staff_links.list_usable(tx.now)[0].email_id or 0)
        asked = sent(browser.post(f"/invitation/{word}/provider", {"name": "A" * 9_000}))
        if happens:
            happens(site, word)
        server.claims = {"sub": who, "email": who, "email_verified": True, **claims}
        back = {"code": server.code_for(asked), "state": asked["state"]}
        answer = browser.post("/sign-in/back", back)
        assert (answer.status, said in words(answer), browser.cookie) == (status, True, ""), said
        assert deeds(site)[-1][1:3] == ("sign-in refused", who) or happens is _used
        with site.services.store.read() as tx:
            account = tx.accounts.get(who)
            assert account is None or account.subject == ""
        if happens is None:
            _withdrawn(site, word)


def test_a_person_without_a_factor_confirms_by_a_new_sign_in_at_the_provider(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    came_back(Browser(site=site), server)
    assert "Sign in with Forum ID again" in words(home.get("/account/factor"))
    now, again = int(site.clock.now().timestamp()), {"again": "login"}
    for claims, why in (
        ({"auth_time": now - 61}, "not asked there who you are"),
        ({"auth_time": None}, "Use your code or password instead"),
        ({"sub": "of ben"}, "there as another person"),
        ({"nonce": "of another"}, "You were not signed in"),
    ):
        right = dict(server.claims)
        server.claims |= claims
        assert why in words(came_back(home, server, **again)), claims
        assert home.get("/account/factor").status == 401
        server.claims = right
    assert deeds(site)[-1][:3] == ("nobody", "sign-in refused", ANA)
    assert came_back(home, server).status == 303
    assert home.get("/account/factor").status == 401
    cookie = home.cookie
    answer = came_back(home, server, **again, next="/desk/account/factor")
    assert answer.headers["location"] == "/desk/account/factor"
    assert deeds(site)[-1][:3] == (ANA, "step-up", ANA)
    assert home.get("/account/factor").status == 200
    assert Browser(site=site, cookie=cookie).get("/account").status == 303
    site.clock.advance(minutes=10)
    asked = sent(home.post("/sign-in/provider", again))
    people.disable(ANA, by=OPERATOR_NAME, proofs=site.services.staff.proofs)
    back = {"code": server.code_for(asked), "state": asked["state"]}
    assert home.post("/sign-in/back", back).status == 401


def test_an_account_is_disconnected_if_another_way_in_is_left(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    assert "Disconnect it" not in words(home.get("/account"))
    came_back(Browser(site=site), server)
    assert home.post("/account/provider/remove").status == 401
    stepped_up(site, ANA)
    assert "Disconnect it" in words(home.get("/account"))
    assert home.get("/account/provider/remove").status == 405
    answer = home.post("/account/provider/remove")
    assert (answer.status, home.is_in) == (303, True)
    assert deeds(site)[-1][:3] == (ANA, "disconnect", ANA)
    assert f"1001 at {server.url}" in deeds(site)[-1][3]
    assert "does not sign you in any more" in told(site)
    assert came_back(Browser(site=site), server).status == 401
    stepped_up(site, ANA)
    assert "No account is connected." in words(home.post("/account/provider/remove"))
    came_back(home, server, "/account/provider")
    site.change(f"UPDATE credential SET password = '' WHERE address = '{ANA}'")
    stepped_up(site, ANA)
    kept = home.post("/account/provider/remove")
    assert (kept.status, "with this account alone" in words(kept)) == (409, True)
    assert came_back(Browser(site=site), server).status == 303
    site.clock.advance(minutes=11)
    assert "Your password" not in words(home.get("/account/factor"))


OTHERS: Sequence[tuple[dict[str, Any], str]] = [
    ({"email_verified": False}, "no account is of"),
    ({"email_verified": None}, "no account is of"),
    ({"email": "stranger@forum.example"}, "no account is of"),
    ({"email": "ana+2@forum.example"}, "no account is of"),
    ({"email": "no address"}, "no account is of"),
    ({"email": "invited@forum.example"}, "no account is of"),
    ({"email": "gone@forum.example"}, "no account is of"),
    ({"email": BEN}, "no account is of"),
    ({"iss": "https://other.example"}, "the ID token is refused"),
]


def test_others_stay_out(site: Forum, home: Browser, server: OpenIdServer) -> None:
    proofs = site.services.staff.proofs
    for address in (BEN, "gone@forum.example"):
        Browser(site=site).join(address)
    people.disable("gone@forum.example", by=OPERATOR_NAME, proofs=proofs)
    people.invite("invited@forum.example", Role.WRITER, by=OPERATOR_NAME, proofs=proofs)
    server.claims |= {"sub": "of ben", "email": BEN}
    came_back(Browser(site=site), server)
    right = {**server.claims, "sub": "1001", "email": ANA}
    for claims, why in OTHERS:
        server.claims = {**right, **claims}
        browser, before = Browser(site=site), len(deeds(site))
        answer = came_back(browser, server)
        assert (answer.status, browser.cookie) == (401, ""), claims
        assert "connect your account" in words(answer)
        [refused] = deeds(site)[before:]
        assert refused[:2] == ("nobody", "sign-in refused")
        assert why in refused[3]


def test_a_reset_disconnects_and_a_removed_person_stays_out(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    came_back(Browser(site=site), server)
    link = people.reset(ANA, by=OPERATOR_NAME, proofs=site.services.staff.proofs)
    home.post(f"/invitation/{link.token}", {"password": "lantern gravel violin sixty"})
    assert "once it is connected" in words(home.get("/account"))
    came_back(Browser(site=site), server)
    Browser(site=site).join(CLEO, Role.ADMIN)
    people.disable(ANA, by=CLEO, proofs=site.services.staff.proofs)
    assert came_back(Browser(site=site), server).status == 401


def test_a_second_factor_is_asked_for_unless_the_provider_proves_one(
    site: Forum, server: OpenIdServer
) -> None:
    Browser(site=site).join(CLEO, Role.SENDER)
    site.clock.advance(minutes=11)
    server.claims |= {"email": CLEO, "amr": ["pwd", "mfa"]}
    browser = Browser(site=site)
    assert "Enter your code" in words(came_back(browser, server))
    assert not browser.is_in
    assert browser.post("/second", {"code": browser.code(CLEO)}).status == 303
    again = came_back(browser, server, again="login")
    assert "No second factor was asked for there." in words(again)
    provide(site, server, factor="mfa")
    browser = Browser(site=site)
    assert came_back(browser, server).status == 303
    page = browser.get("/account/factor")
    assert (page.status, "Sign in with Forum ID again" in words(page)) == (401, True)
    assert came_back(browser, server, again="login", next="/desk/account/factor").status == 303
    assert browser.get("/account/factor").status == 200
    site.clock.advance(minutes=10)
    asked = browser.post("/account/factor")
    assert "Then go on here." in words(asked)
    server.claims["auth_time"] = int(site.clock.now().timestamp()) - 600
    came_back(browser, server, again="login")
    assert browser.get("/account/factor").status == 401


def test_a_person_without_a_verified_address_connects_the_account_when_signed_in(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    server.claims["email_verified"] = None
    assert home.post("/account/provider").status == 401
    stepped_up(site, ANA)
    answer = came_back(home, server, "/account/provider")
    assert (answer.status, answer.headers["location"]) == (303, "/desk/account")
    connected = deeds(site)[-1]
    assert f"1001 at {server.url}, while signed in" in connected[3]
    assert home.is_in
    assert came_back(Browser(site=site), server).status == 303
    other = Browser(site=site)
    other.join(BEN)
    stepped_up(site, BEN)
    asked = sent(other.post("/account/provider"))
    server.claims["sub"] = "1002"
    site.clock.advance(minutes=9, seconds=30)
    back = {"code": server.code_for(asked), "state": asked["state"]}
    site.change(f"UPDATE session SET stepped_up_at = NULL WHERE address = '{BEN}'")
    assert "That took too long." in words(other.post("/sign-in/back", back))
    stepped_up(site, ANA)
    came_back(home, server, "/account/provider")
    assert f"1002 at {server.url}" in deeds(site)[-1][3]
    stepped_up(site, BEN)
    taken = came_back(other, server, "/account/provider")
    assert (taken.status, "there as another person" in words(taken)) == (409, True)
    assert "Ben" in words(other.get("/account"))
    asked = sent(home.post("/account/provider"))
    back = {"code": server.code_for(asked), "state": asked["state"]}
    home.cookie = other.cookie
    assert "took too long" in words(home.post("/sign-in/back", back))


def test_a_way_back_is_for_one_browser_once_and_within_ten_minutes(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    browser, thief = Browser(site=site), Browser(site=site)
    asked = sent(browser.post("/sign-in/provider"))
    other = sent(thief.post("/sign-in/provider"))
    back = {"code": server.code_for(asked), "state": asked["state"]}
    for form in (back, {**back, "state": other["state"]}, {**back, "state": "ä"}, {}):
        answer = (browser if form["state"] != back["state"] else thief) if form else browser
        assert "took too long" in words(answer.post("/sign-in/back", form or {}))
    assert "/token" not in [one.path for one in server.requests]
    fields = {"Cookie": f"__Host-desk-away={browser.away}", "Sec-Fetch-Site": "same-origin"}
    twice = [("POST", "/desk/sign-in/back")] * 2
    answers = site.ask_all(twice, form=back, headers=fields)
    assert sorted(answer.status for answer in answers) == [303, 401]
    assert [one.path for one in server.requests].count("/token") == 1
    late = Browser(site=site)
    asked = sent(late.post("/sign-in/provider"))
    site.clock.advance(minutes=10)
    back = {"code": server.code_for(asked), "state": asked["state"]}
    assert "took too long" in words(late.post("/sign-in/back", back))
    half = Browser(site=site, away=home.cookie)
    assert half.post("/sign-in/back", back).status == 401


def test_a_provider_that_fails_is_said_and_leaves_the_password(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    server.steps["/.well-known/openid-configuration"] = reply(503)
    browser = Browser(site=site)
    answer = browser.post("/sign-in/provider", {"next": "/desk/account"})
    assert (answer.status, "no JSON object" in words(answer)) == (409, True)
    assert browser.sign_in(ANA).status == 303
    [finding, other] = check_sign_in(site.services.staff)
    assert (finding.level, other.level) == (Level.FAULT, Level.FAULT)
    assert "no admin has one" in other.detail
    server.steps.clear()
    Browser(site=site).join(CLEO, Role.ADMIN)
    assert [one.level for one in check_sign_in(site.services.staff)] == [Level.OK] * 2
    site.change(f"UPDATE credential SET password = '' WHERE address = '{CLEO}'")
    assert [one.level for one in check_sign_in(site.services.staff)] == [Level.OK, Level.FAULT]
    asked = sent(browser.post("/sign-in/provider"))
    server.steps["/token"] = reply(500)
    back = {"code": server.code_for(asked), "state": asked["state"]}
    assert browser.post("/sign-in/back", back).status == 401
    assert "/token answered HTTP 500" in deeds(site)[-1][3]


def test_a_network_leaves_for_the_provider_sixty_times_in_five_minutes(
    site: Forum, server: OpenIdServer
) -> None:
    browser, other = (Browser(site=site, client=client) for client in ("8.8.8.8", "9.9.9.9"))
    statuses = [browser.post("/sign-in/provider").status for _ in range(61)]
    assert statuses == [200] * 60 + [409]
    assert other.post("/sign-in/provider").status == 200


def test_a_desk_without_a_provider_knows_none_of_it(site: Forum, home: Browser) -> None:
    stepped_up(site, ANA)
    for path in ("/sign-in/provider", "/sign-in/back", "/account/provider"):
        assert home.post(path).status == 404
    assert home.get("/sign-in/back?code=c&state=s").status == 404
    assert list(check_sign_in(site.services.staff)) == []


def test_what_somebody_was_sending_goes_on_after_a_sign_in_in_another_tab(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    asked = Browser(site=site).post("/account/language", {"language": "de"})
    assert "in another tab" in words(asked)
    again = '{"action": "/desk/account/language", "fields": {"language": ["de"]}, "files": []}'
    page = home.post("/sign-in", {"again": again})
    assert 'action="/desk/account/language"' in page.text
    assert Browser(site=site).post("/sign-in", {"again": again}).status == 401


def test_a_role_whose_passwords_are_off_signs_in_by_the_provider_alone(
    site: Forum, home: Browser, server: OpenIdServer
) -> None:
    rules = DeskRules(passwords=Role.ADMIN)
    proofs = replace(site.services.staff.proofs, rules=rules)
    vars(site.services.staff)["proofs"] = proofs
    Browser(site=site).join(CLEO, Role.ADMIN)
    word = people.invite(BEN, Role.WRITER, by=OPERATOR_NAME, proofs=proofs).token
    ben = Browser(site=site)
    assert "New password" not in words(ben.get(f"/invitation/{word}"))
    refused = ben.post(f"/invitation/{word}", {"name": "", "password": OTHER})
    assert "does not sign in this way" in words(refused)
    server.claims |= {"sub": "of ben", "email": BEN}
    assert came_back(ben, server, f"/invitation/{word}/provider").status == 303
    stepped_up(site, BEN)
    assert ben.post("/account/provider/remove").status == 409
    assert "your role signs in without one" in words(ben.get("/account"))
    assert Browser(site=site).sign_in(ANA).status == 401
    assert deeds(site)[-1][1:3] == ("sign-in refused", ANA)
    assert "passwords are off for this role" in deeds(site)[-1][3]
    assert Browser(site=site).sign_in(CLEO).status == 200
    for address in (ANA, CLEO):
        Browser(site=site).post("/forgotten", {"email": address})
    with site.services.store.read() as tx:
        assert [link.address for link in tx.staff_links.list_usable(tx.now)] == [CLEO]


@pytest.mark.slow("a workspace of its own, with the provider in its settings")
def test_the_settings_name_the_provider(tmp_path: Path, migrated: Path) -> None:
    with OpenIdServer(FixedClock()) as server:
        oidc = {"name": "ID", "issuer": f"{server.url}/", "client_id": CLIENT}
        desk = {"oidc": oidc | {"client_secret": SECRET}}
        with forum(tmp_path, database=migrated, desk=desk) as site:
            hash_cheaply(site.services)
            Browser(site=site).join(ANA)
            browser = Browser(site=site)
            assert "Sign in with ID" in words(browser.get("/sign-in"))
            assert came_back(browser, server).status == 303
            assert browser.is_in
