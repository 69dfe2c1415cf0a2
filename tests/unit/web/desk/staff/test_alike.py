"""A wrong password, an unknown address and too many failures cost the same: nobody learns which.

Work is counted, not time: so many passwords worked out, so many statements of SQL.
"""

from dataclasses import dataclass, field, replace

from newsletter.domain.staff.role import Role
from tests.counting import counted
from tests.pages import Forum
from tests.unit.pipeline.staff.office import PASSWORDS
from tests.unit.web.desk.visitor import OTHER, Browser

ANA, CLEO = "ana@forum.example", "cleo@forum.example"


@dataclass
class Counting:
    """Counts what is worked out, and with which parameters."""

    done: list[str] = field(default_factory=list)

    def hash(self, password: str) -> str:
        return PASSWORDS.hash(password)

    def fits(self, password: str, hashed: str) -> bool:
        self.done.append(password)
        return PASSWORDS.fits(password, hashed)


def test_all_that_fails_costs_the_same(browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    Browser(site=site).join(CLEO, Role.SENDER)
    counting = Counting()
    proofs = replace(site.services.staff.proofs, passwords=counting)  # type: ignore[arg-type]
    vars(site.services.staff)["proofs"] = proofs
    again = Forum(services=site.services, folder=site.folder, clock=site.clock)
    costs = {}
    for address in (ANA, CLEO, "nobody@forum.example", "no address"):
        stranger = Browser(site=again, client="93.184.216.34")
        with counted() as said:
            stranger.sign_in(address, OTHER)
        costs[address] = (len(said), len(counting.done))
        counting.done.clear()
    assert len(set(costs.values())) == 1, costs
    assert costs[ANA][1] == 1


def test_who_tries_too_often_costs_a_password_all_the_same(browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    counting = Counting()
    proofs = replace(site.services.staff.proofs, passwords=counting)  # type: ignore[arg-type]
    vars(site.services.staff)["proofs"] = proofs
    again = Forum(services=site.services, folder=site.folder, clock=site.clock)
    for address in (ANA, "nobody@forum.example"):
        stranger = Browser(site=again, client="93.184.216.34")
        statuses = [stranger.sign_in(address, OTHER).status for _ in range(11)]
        assert statuses[-1] == 429
    assert len(counting.done) == 22
