"""A workspace of the desk in which each thing that can be done finds, or makes, what it needs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.pipeline.delivery.provider_pool import PooledProvider, ProviderPool
from newsletter.pipeline.staff import people
from tests.desk import Signed
from tests.fakes import RecordingProvider, always
from tests.pages import Answer, Forum
from tests.unit.pipeline.staff.office import hash_cheaply
from tests.unit.web.desk.deciding import Room
from tests.unit.web.desk.visitor import PASSWORD, Browser
from tests.unit.web.desk.writing import Desk, multipart, png


@dataclass(kw_only=True)
class World:
    """A workspace in which each example finds, or makes, something of its own."""

    room: Room
    site: Forum = field(init=False)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        services = self.room.services
        hash_cheaply(services)
        self.site = Forum(services=services, folder=self.room.site.folder, clock=self.room.clock)
        self.room.site.pages = self.site.pages

    def as_(self, name: str) -> Signed:
        """One of the staff, with a fresh factor."""
        return self.room.as_(name, fresh=True)

    def submit_text(self) -> str:
        """The slug of a statement that waits for approval."""
        slug = f"hours-{next(self._numbers)}"
        self.room.write(slug=slug, subject=slug)
        self.room.services.tick.run()
        return slug

    def approved(self) -> str:
        slug = self.submit_text()
        self.room.approve(slug=slug)
        return slug

    def started(self) -> str:
        slug = self.approved()
        self.press("cleo", f"/statements/{slug}/start", f"/statements/{slug}/start")
        return slug

    def sending(self) -> Campaign:
        """Twelve readers, five of whom have it."""
        slug = self.started()
        self.room.begin()
        self.room.hand_over(batches=1)
        with self.room.services.store.read() as tx:
            found = tx.campaigns.find_latest(slug)
        assert found is not None
        return found

    def lost(self) -> Campaign:
        """Those who waited are unknown."""
        campaign, delivery = self.sending(), self.room.services.delivery
        losing, before = RecordingProvider(max_recipients=5), delivery.pool
        losing.answer = always(Verdict.UNKNOWN)
        vars(delivery)["pool"] = ProviderPool(
            first=PooledProvider(provider=losing, limiter=before.first.limiter)
        )
        for _ in range(3):  # after some calls in a row without an answer the next ones wait
            self.room.hand_over()
            self.site.clock.advance(minutes=10)
        vars(delivery)["pool"] = before
        return campaign

    def press(self, name: str, page: str, action: str, **typed: str) -> Answer:
        """Fill in the form of a page that leads there, and send it."""
        who = self.as_(name)
        return self.room.press(who, who.get(page), f"/desk{action}", **typed)

    def text(self) -> Desk:
        """A text that Ana began and filled in."""
        desk = Desk(self.room.staffed)
        desk.keep()
        return desk

    def submitted(self) -> Desk:
        desk = self.text()
        assert desk.keep(act="hand-in").status == 303
        return desk

    def illustrated(self) -> tuple[Desk, str]:
        """A text, and the name of a picture of it."""
        desk = self.text()
        give_picture(desk)
        with self.room.services.store.read() as tx:
            [picture] = tx.pictures.list_for(desk.key)
        return desk, picture.name

    def address(self) -> str:
        return f"new{next(self._numbers)}@forum.example"

    def joined(self, role: Role = Role.WRITER) -> tuple[Browser, str]:
        """Somebody who came in just now; from a sender up with a second factor."""
        browser, address = Browser(site=self.site), self.address()
        browser.join(address, role)
        if role is Role.WRITER:
            browser.post("/step-up", {"step-up": PASSWORD, "next": "/desk/account"})
        return browser, address

    def find_half_session(self) -> tuple[Browser, str]:
        """A sender whose password was right, and of whom a code is asked."""
        _, address = self.joined(Role.SENDER)
        self.site.clock.advance(minutes=1)
        browser = Browser(site=self.site)
        browser.sign_in(address)
        return browser, address

    def link(self, role: Role = Role.WRITER) -> str:
        proofs = self.room.services.staff.proofs
        return people.invite(self.address(), role, by=OPERATOR_NAME, proofs=proofs).token

    def enrolling(self) -> tuple[Browser, str]:
        """Somebody whose role demands a second factor, who has none yet."""
        browser, address = Browser(site=self.site), self.address()
        proofs = self.room.services.staff.proofs
        word = people.invite(address, Role.SENDER, by=OPERATOR_NAME, proofs=proofs).token
        browser.post(f"/invitation/{word}", {"name": "", "password": PASSWORD})
        return browser, address


def give_picture(desk: Desk) -> Answer:
    return desk.ana.ask(
        "POST", f"{desk.at}/pictures", **multipart({"alt": "A desk"}, picture=("a.png", png()))
    )
