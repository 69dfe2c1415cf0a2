"""A wrong password, an unknown address and too many failures cost the same, and look the same.

Work is counted: so many hashes, so many statements of SQL. A request that a limit refuses computes
no hash, and its answer waits for as long.
"""

import time
from dataclasses import replace

from newsletter.credentials.passwords import Passwords
from newsletter.domain.staff.role import Role
from tests.counting import counted
from tests.pages import Forum
from tests.unit.web.desk.visitor import OTHER, PASSWORD, Browser

ANA, CLEO = "ana@forum.example", "cleo@forum.example"


class Counting(Passwords):
    """Counts the hashes; each takes a while."""

    def __init__(self) -> None:
        super().__init__(memory=64, passes=1)
        self.done: list[str] = []

    def matches(self, password: str, hashed: str) -> bool:
        self.done.append(password)
        time.sleep(0.01)
        return super().matches(password, hashed)


def counting(site: Forum) -> tuple[Counting, Forum]:
    passwords = Counting()
    proofs = replace(site.services.staff.proofs, passwords=passwords)
    vars(site.services.staff)["proofs"] = proofs
    return passwords, Forum(services=site.services, folder=site.folder, clock=site.clock)


def test_all_that_fails_costs_the_same(browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    Browser(site=site).join(CLEO, Role.SENDER)
    passwords, again = counting(site)
    costs = {}
    for address in (ANA, CLEO, "nobody@forum.example", "no address"):
        stranger = Browser(site=again, client="93.184.216.34")
        with counted() as said:
            stranger.sign_in(address, OTHER)
        costs[address] = (len(said), len(passwords.done))
        passwords.done.clear()
    assert len(set(costs.values())) == 1, costs
    assert costs[ANA][1] == 1


def test_what_a_limit_refuses_works_out_no_password_and_is_answered_no_sooner(
    browser: Browser, site: Forum
) -> None:
    browser.join(ANA)
    passwords, again = counting(site)
    for address in (ANA, "nobody@forum.example"):
        stranger = Browser(site=again, client="93.184.216.34")
        for _ in range(10):
            stranger.sign_in(address, OTHER)
        began = time.monotonic()
        with counted() as said:
            stranger.sign_in(address, OTHER)
        assert time.monotonic() - began >= 0.02
        assert not any(one.startswith(("INSERT", "UPDATE", "DELETE")) for one in said)
    assert len(passwords.done) == 20


def test_a_stranger_who_tries_to_change_a_password_works_none_out_beyond_the_limit(
    browser: Browser, site: Forum
) -> None:
    browser.join(ANA)
    passwords, again = counting(site)
    thief = Browser(site=again, cookie=browser.cookie)
    for _ in range(4):
        thief.post("/account/password", {"old": OTHER, "new": PASSWORD})
    for _ in range(4):
        thief.post("/step-up", {"step-up": OTHER})
    assert len(passwords.done) == 5
