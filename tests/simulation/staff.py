"""Colleagues who come and go: invitations, sign-ins, accounts, tokens, and pages that are read."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pyotp import TOTP

from newsletter.credentials import codes
from newsletter.credentials.codes import link_token
from newsletter.domain.errors import Refused
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from tests.simulation.cast import KEY, SETTINGS
from tests.simulation.doors import Page
from tests.simulation.effects import judge_done
from tests.simulation.expected import Rule, Violation
from tests.simulation.host import Host, Process
from tests.simulation.oracle import judge_public
from tests.unit.credentials.authenticator import Authenticator
from tests.unit.pipeline.staff.office import OTHER, PASSWORD

if TYPE_CHECKING:
    from tests.simulation.world import World

ROLES = (Role.WRITER, Role.APPROVER, Role.SENDER, Role.ADMIN)
_PAGES = (
    *("", "/account", "/audit", "/calendar", "/channels", "/drafts/new", "/readers"),
    *("/readers/form", "/readers/new", "/readers/2", "/staff"),
    *("/staff/ed@forum.example", "/statements", "/stop", "/time?typed=tomorrow+9am", "/tokens"),
    *("/campaigns/1", "/campaigns/1/people", "/campaigns/1/amend", "/campaigns/1/report.csv"),
    *("/campaigns/1/cancel", "/campaigns/1/unknown", "/statements/{0}", "/statements/{0}/checks"),
    *("/statements/{0}/history", "/statements/{0}/look", "/statements/{0}/mail"),
    *(
        "/statements/{0}/review",
        "/statements/{0}/start",
        "/statements/{0}/mail/2",
        "/account/factor",
    ),
    *("/readers/import", "/readers/import/1", "/readers/import/1/undo", "/campaigns/1/figures"),
    *("/settings", "/account/password"),
)
_OF_DRAFT = ("", "/edit", "/versions", "/versions/1", "/preview", "/download", "/pictures")
_PUBLIC = (
    *("/", "/search?q=read", "/archive/{}", "/feed.atom", "/subscribe", "/healthz", "/metrics"),
    *("/u/t-1-2", "/u/t-1-2/preferences", "/preferences/{1}", "/preferences/{1}/data"),
    *("/preferences/{1}/delete", "/page/2", "/sitemap.xml", "/confirm/l-1"),
)


_SIGNED_IN = frozenset({"new password", "factor", "no factor", "settles", "passkey", "codes"})


@dataclass(kw_only=True)
class Colleague:
    """A member of staff with an account, as the scenario knows them."""

    address: str
    role: Role
    password: str = PASSWORD
    cookie: str = ""
    """The session; empty while they are signed out."""
    has_factor: bool = False
    is_gone: bool = False


class Colleagues:
    """The staff with accounts of one world. A restore ends what they did."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._known: list[Colleague] = []

    def act(self, host: Host, deed: str, number: int) -> None:
        """Do one act, as the newest colleague or an admin."""
        if host.expected.put_back or self._world.is_copied:
            return  # a restored database has other accounts
        if deed in {"look", "read"}:
            self._look(host, number)
        elif deed == "joins":
            self._join(host, ROLES[number % len(ROLES)])
        elif self._known:
            self._act(host, deed, self._known[-1])

    def _look(self, host: Host, number: int) -> None:
        """Look at a page, which changes nothing."""
        slug = SETTINGS[self._world.kind].slugs[0]
        places, who = (_PAGES, "ada") if number % 4 else (_PUBLIC, "")
        if draft := self._world.editors.draft if who else "":
            places += tuple(f"/drafts/{draft}{page}" for page in _OF_DRAFT)
        link = f"p-2-{host.now():%Y%m%dT%H%M}"
        path = places[(number if who else number // 4) % len(places)].format(slug, link)
        seen: list[int] = []

        def look(process: Process) -> None:
            cookie = self._world.door.session(process, who) if who else ""
            seen.append(host.books.total_changes)
            path_ = f"/desk{path}" if who else path
            try:
                page = self._world.door.ask(process, "GET", path_, cookie=cookie)
                if not who:
                    judge_public(path, page.words, host.expected)
            finally:
                seen.append(host.books.total_changes)

        self._world.office(host, look)
        if len(set(seen)) > 1:
            raise Violation(Rule.FAULT, f"GET {path} changed {seen[1] - seen[0]} rows")

    def _join(self, host: Host, role: Role) -> None:
        """Invite a colleague by command, who follows the link and sets up what the role demands."""
        address = f"colleague{self._world.number()}@forum.example"
        one = Colleague(address=address, role=role)
        proofs = self._world.door.services.staff.proofs

        def join(process: Process) -> None:
            self._world.door.at(process)
            word = people.invite(address, role, by=OPERATOR_NAME, proofs=proofs).token
            self._follow(process, one, word)

        if self._world.office(host, join):
            judge_done(host.books, "hire", address, role.value)
            self._known.append(one)
            self._check(host, one)

    def _follow(self, process: Process, one: Colleague, word: str) -> None:
        """Use the link of an email, and set up the second factor or show it."""
        page = self._post(process, one, f"/invitation/{word}", name="", password=one.password)
        if page.headers.get("location", "").endswith("/second/set-up"):
            self._post(process, one, "/second/set-up")
            code = self._code(process, one, pending=True)
            self._post(process, one, "/second/set-up/confirm", code=code)
            one.has_factor = True
        elif 'action="/desk/second"' in page.text:
            self._show_factor(process, one)

    def _show_factor(self, process: Process, one: Colleague) -> None:
        """Show the second factor after the password. The session is lost if it is refused."""
        half = one.cookie
        try:
            self._post(process, one, "/second", code=self._code(process, one))
        finally:
            one.cookie = "" if one.cookie == half else one.cookie

    def _post(self, process: Process, one: Colleague, path: str, **form: str) -> Page:
        """Send a form in the colleague's browser, which keeps the cookie of the answer."""
        page = self._world.door.ask(process, "POST", f"/desk{path}", form=form, cookie=one.cookie)
        one.cookie = page.cookie if page.cookie is not None else one.cookie
        return page

    def _code(self, process: Process, one: Colleague, *, pending: bool = False) -> str:
        """Return the code in the colleague's app now."""
        with process.store.read() as tx:
            found = tx.accounts.get(one.address)
        if found is None:
            raise Refused("there is no such account")
        secret = codes.secret(KEY, found.pending if pending else found.factor)
        return str(TOTP(secret).at(int(process.host.now().timestamp())))

    def _act(self, host: Host, deed: str, one: Colleague) -> None:
        acts: Mapping[str, Callable[[Process, Colleague], None]] = {
            "signs in": self._sign_in,
            "guesses": self._guess,
            "signs out": self._sign_out,
            "new password": self._change_password,
            "let in again": self._let_in_again,
            "forgets": self._forget,
            "no factor": self._drop_factor,
            "factor": self._add_factor,
            "settles": self._settle,
            "passkey": self._use_passkey,
            "codes": self._use_code,
            "role": self._change_role,
            "removed": self._remove,
        }

        def act(process: Process) -> None:
            if deed in _SIGNED_IN and not one.cookie:
                self._sign_in(process, one)
            acts[deed](process, one)

        self._world.office(host, act, is_noted=True)
        self._check(host, one)

    def _sign_in(self, process: Process, one: Colleague, password: str = "") -> None:
        one.cookie = ""
        form = {"email": one.address, "password": password or one.password}
        page = self._post(process, one, "/sign-in", **form)
        if page.headers.get("location", "").endswith("/second"):
            self._show_factor(process, one)
        if page.headers.get("location", "") == "/desk" and not self._opens(process, one.cookie):
            raise Violation(Rule.UNDONE, f"{one.address} signed in, and is not in")

    def _guess(self, process: Process, one: Colleague) -> None:
        """Try a wrong password, and another person's code."""
        stranger = Colleague(address=one.address, role=one.role)
        try:
            self._sign_in(process, stranger, password="wrong " + one.password)
        finally:
            if self._opens(process, stranger.cookie):
                raise Violation(Rule.INTRUDER, f"a wrong password opens {one.address}")

    def _sign_out(self, process: Process, one: Colleague) -> None:
        before = one.cookie
        self._post(process, one, "/sign-out")
        one.cookie = ""
        if before and self._opens(process, before):
            raise Violation(Rule.INTRUDER, f"{one.address} signed out, and is in")

    def _change_password(self, process: Process, one: Colleague) -> None:
        new = OTHER if one.password == PASSWORD else PASSWORD
        if self._post(process, one, "/account/password", old=one.password, new=new).status == 303:
            self._judge_password(process, one)
            one.password = new

    def _judge_password(self, process: Process, one: Colleague) -> None:
        just_now = process.host.now() - timedelta(seconds=1)
        judge_done(process.host.books, "change a password", one.address, just_now)

    def _let_in_again(self, process: Process, one: Colleague) -> None:
        """Replace a colleague's password and factor by command."""
        proofs = self._world.door.services.staff.proofs
        word = people.reset(one.address, by=OPERATOR_NAME, proofs=proofs).token
        self._replace_password(process, one, word)

    def _forget(self, process: Process, one: Colleague) -> None:
        """Ask for a new password by mail. The second factor stays."""
        self._world.door.ask(process, "POST", "/desk/forgotten", form={"email": one.address})
        with process.store.read() as tx:
            links = [
                one_.email_id
                for one_ in tx.staff_links.list_usable(tx.now)
                if one_.address == one.address
            ]
        if links and links[0]:
            self._replace_password(process, one, link_token(KEY, links[0]))

    def _replace_password(self, process: Process, one: Colleague, word: str) -> None:
        """Use a link once, after which neither the link nor a former session opens anything."""
        before, one.cookie = one.cookie, ""
        one.password = OTHER if one.password == PASSWORD else PASSWORD
        self._follow(process, one, word)
        self._judge_password(process, one)
        if before and self._opens(process, before):
            raise Violation(
                Rule.INTRUDER, f"{one.address} has a new password; a former session is in"
            )
        stranger = Colleague(address=one.address, role=one.role)
        try:
            self._follow(process, stranger, word)
        finally:
            if self._opens(process, stranger.cookie):
                raise Violation(Rule.INTRUDER, f"a used link opens {one.address}")

    def _drop_factor(self, process: Process, one: Colleague) -> None:
        self._step_up(process, one)
        self._post(process, one, "/account/factor/remove")
        judge_done(process.host.books, "remove a factor", one.address)
        one.has_factor = False

    def _add_factor(self, process: Process, one: Colleague) -> None:
        self._step_up(process, one)
        self._post(process, one, "/account/factor")
        code = self._code(process, one, pending=True)
        self._post(process, one, "/account/factor/confirm", code=code)
        judge_done(process.host.books, "add a factor", one.address)
        one.has_factor = True
        self._post(process, one, "/account/codes")

    def _step_up(self, process: Process, one: Colleague) -> None:
        proof = self._code(process, one) if one.has_factor else one.password
        self._post(process, one, "/step-up", **{"step-up": proof, "next": "/desk/account"})

    def _settle(self, process: Process, one: Colleague) -> None:
        """Set language, notices and calendar, and end other sessions."""
        self._post(process, one, "/account/language", language="en")
        self._post(process, one, "/account/notices", notice="SENT_BACK")
        self._post(process, one, "/calendar/link")
        self._post(process, one, "/account/sessions")
        judge_done(process.host.books, "choose a language", one.address, "en")
        judge_done(process.host.books, "choose notices", one.address)
        judge_done(process.host.books, "share a calendar", one.address)

    def _use_passkey(self, process: Process, one: Colleague) -> None:
        """Add a passkey, sign in with it, and remove it."""
        device = Authenticator()
        self._step_up(process, one)
        asked = json.loads(self._post(process, one, "/account/passkeys/options").text)
        made = json.dumps(device.make(asked))
        self._post(process, one, "/account/passkeys", name="Laptop", made=made)
        one.has_factor, one.cookie = True, ""
        self._post(process, one, "/sign-in", email=one.address, password=one.password)
        asked = json.loads(self._post(process, one, "/passkey").text)
        self._post(process, one, "/second", code="", passkey=json.dumps(device.sign(asked)))
        page = self._world.door.ask(process, "GET", "/desk/account", cookie=one.cookie)
        for path in re.findall(r'action="/desk(/account/passkeys/[^"]+/remove)"', page.text):
            self._post(process, one, path)
            judge_done(process.host.books, "remove a passkey", one.address)

    def _use_code(self, process: Process, one: Colleague) -> None:
        """Make new recovery codes, and sign in with one."""
        self._step_up(process, one)
        page = self._post(process, one, "/account/codes")
        codes_ = re.findall(r"<code>([^<]+)</code>", page.text)
        self._post(process, one, "/sign-out")
        one.cookie = ""
        self._post(process, one, "/sign-in", email=one.address, password=one.password)
        for code in codes_[:1]:
            self._post(process, one, "/second", code=code)
            judge_done(process.host.books, "use a code", one.address)

    def _change_role(self, process: Process, one: Colleague) -> None:
        role = ROLES[(ROLES.index(one.role) + 1) % len(ROLES)]
        door = self._world.door
        door.send(process, "ada", f"/staff/{one.address}/role", {"role": role.value})
        judge_done(process.host.books, "give a role", one.address, role.value)
        one.role = role

    def _remove(self, process: Process, one: Colleague) -> None:
        self._world.door.send(process, "ada", f"/staff/{one.address}/remove", {})
        judge_done(process.host.books, "dismiss", one.address)
        one.is_gone = True

    def _opens(self, process: Process, cookie: str) -> bool:
        return self._world.door.ask(process, "GET", "/desk/account", cookie=cookie).status == 200

    def _check(self, host: Host, one: Colleague) -> None:
        """Check that only a colleague who is still one gets in, and only as far as their role."""
        inside: list[bool] = []

        def look(process: Process) -> None:
            inside.append(self._opens(process, one.cookie))
            self._world.door.ask(process, "GET", "/desk/audit", cookie=one.cookie)
            if inside[0] and one.role is not Role.ADMIN:
                raise Violation(Rule.INTRUDER, f"{one.address}, a {one.role}, reads the audit log")

        if one.cookie:
            self._world.office(host, look)
        if inside and inside[0] and one.is_gone:
            raise Violation(Rule.INTRUDER, f"{one.address} was removed, and is in")


def deeds() -> dict[str, Any]:
    """Return the acts with their weights."""
    return {
        "look": 12,
        "joins": 3,
        **dict.fromkeys(("signs in", "guesses", "signs out", "new password", "factor"), 1),
        **dict.fromkeys(("settles", "role", "removed"), 1),
        **dict.fromkeys(("let in again", "forgets", "no factor"), 1),
        **dict.fromkeys(("passkey", "codes"), 1),
    }
