"""The staff of a workspace, and what they sign in with."""

from dataclasses import dataclass, field, replace

from pyotp import TOTP

from newsletter.credentials import codes
from newsletter.credentials.codes import hash_token, link_token
from newsletter.credentials.passwords import Passwords
from newsletter.domain.staff.account import SignInStage
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import DeskRules, Role
from newsletter.domain.wording import read_words
from newsletter.pipeline.staff import people, signin
from newsletter.pipeline.staff.account import OwnAccount
from newsletter.pipeline.staff.proofs import Client, Proofs, Refusal, SignedIn
from newsletter.runtime.services import Services
from newsletter.store.sql import Store
from tests.contracts.books import audited
from tests.fakes import FixedClock

PASSWORD = "umbrella kettle forest nine"  # noqa: S105 - made up
OTHER = "lantern gravel violin sixty"
HERE = Client(browser="Firefox, Linux", network="203.0.113.0/24")
THERE = Client(browser="Chrome, Mac", network="198.51.100.0/24")
PASSWORDS = Passwords(memory=64, passes=1)
"""Cheap ones, for tests."""
ANA, BEN, CLEO, DAN = (f"{name}@forum.example" for name in ("ana", "ben", "cleo", "dan"))


def hash_cheaply(services: Services) -> None:
    """Let the staff of a workspace have cheap passwords, from now on."""
    vars(services.staff)["proofs"] = replace(services.staff.proofs, passwords=PASSWORDS)


@dataclass(kw_only=True)
class Office:
    """Accounts on a store, with a clock that stands still."""

    store: Store
    clock: FixedClock
    rules: DeskRules = field(default_factory=DeskRules)

    @property
    def proofs(self) -> Proofs:
        return Proofs(
            store=self.store,
            key=b"k" * 32,
            passwords=PASSWORDS,
            rules=self.rules,
            zone="Europe/Berlin",
            client=HERE,
        )

    def hire(self, address: str, role: Role) -> None:
        """Add a member of staff without an account, or change their role."""
        with self.store.begin() as tx:
            tx.staff.put(address, role, tx.now)

    def dismiss(self, address: str) -> None:
        with self.store.begin() as tx:
            tx.staff.remove(address)

    def link(
        self, address: str, role: Role = Role.WRITER, *, by: str = OPERATOR_NAME
    ) -> people.Link:
        return people.invite(address, role, by=by, proofs=self.proofs)

    def mailed(self, address: str) -> str:
        """The word of the link that somebody was mailed and has not used."""
        with self.store.read() as tx:
            [email_id] = [
                one.email_id for one in tx.staff_links.list_usable(tx.now) if one.address == address
            ]
        assert email_id is not None
        return link_token(self.proofs.key, email_id)

    def accept(self, word: str, password: str = PASSWORD, name: str = "") -> SignedIn:
        done = people.accept(word, name=name, password=password, proofs=self.proofs)
        assert isinstance(done, SignedIn), done
        return done

    def join(self, address: str, role: Role = Role.WRITER) -> SignedIn:
        """Somebody who has an account, and is signed in, with a second factor where it is due."""
        entered = self.accept(self.link(address, role).token)
        if entered.stage is SignInStage.ENROLLING:
            entered, _ = self.enrol(entered, stage=SignInStage.ENROLLING)
        return entered

    def own(self, entered: SignedIn, stage: SignInStage = SignInStage.WHOLE) -> OwnAccount:
        return OwnAccount(proofs=self.proofs, token_hash=hash_token(entered.token), stage=stage)

    def enrol(
        self, entered: SignedIn, *, stage: SignInStage = SignInStage.WHOLE
    ) -> tuple[SignedIn, tuple[str, ...]]:
        """Set up a second factor. Return the new session, and the recovery codes."""
        own = self.own(entered, stage)
        own.begin_factor()
        done = own.confirm_factor(self.code(entered.address, pending=True))
        assert isinstance(done, tuple)
        return done

    def code(self, address: str, *, pending: bool = False, away: int = 0) -> str:
        """Return the code in a person's app now, or so many seconds away from now."""
        with self.store.read() as tx:
            credential = tx.accounts.get(address)
        secret = codes.secret(self.proofs.key, credential.pending if pending else credential.factor)
        return str(TOTP(secret).at(int(self.clock.now().timestamp()) + away))

    def sign_in(
        self, address: str, password: str = PASSWORD, client: Client = HERE
    ) -> SignedIn | Refusal:
        return signin.sign_in(address, password, proofs=replace(self.proofs, client=client))

    def second(self, entered: SignedIn, code: str, client: Client = HERE) -> SignedIn | Refusal:
        proofs = replace(self.proofs, client=client)
        return signin.confirm_second_factor(entered.token, code, proofs=proofs)

    def is_in(self, entered: SignedIn) -> bool:
        """Return whether the session's token opens the desk."""
        with self.store.read() as tx:
            return tx.sessions.get(hash_token(entered.token)) is not None

    def told(self, address: str) -> list[str]:
        """Return the mails to a person, the oldest first."""
        with self.store.read() as tx:
            found = [tx.emails.get(number) for number in range(1, 100)]
        return [
            read_words(one.source) for one in found if one is not None and one.address == address
        ]

    def deeds(self) -> list[tuple[str, str, str]]:
        """(actor, action, subject) of each line of the audit log, which is whole."""
        return [(one.actor, one.action, one.subject) for one in audited(self.store)]
