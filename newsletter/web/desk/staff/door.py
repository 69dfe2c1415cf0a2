"""The door of the desk: sign in, second factor, its first set-up, invitations, sign out.

These pages are open to whoever is not signed in. What they learn is decided by the pipeline.
"""

import json
from collections.abc import Callable
from typing import Any, Literal

from starlette.responses import Response

from newsletter.credentials import qr
from newsletter.credentials.links import hash_of
from newsletter.domain.errors import NotFound
from newsletter.domain.staff.account import Invitation, LinkKind, Session, Stage, name_of
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.staff import account, people, signin
from newsletter.pipeline.staff.proofs import Denied, SignedIn
from newsletter.runtime.staff import Staff
from newsletter.web.desk.browser import HOME, inside, place_of, set_cookie, word_of
from newsletter.web.desk.page import PROOF, PROOF_FAULTS, ROLES, Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.touching import offer, shown
from newsletter.web.desk.visit import Visit
from newsletter.web.http.forms import shown_again

_CARRIES = 4 << 20
"""Bytes of a form that carries along what somebody was sending when their session was over."""
_NOT_IN = (
    "We couldn't sign you in. Check your email address and your password."
    " After several failures, wait 5 minutes before you try again."
)
"""For a wrong password, an unknown address and too many failures alike."""
_SET_UP = "/desk/second/set-up"


class Door:
    """What stands before the desk."""

    def __init__(self, desk: Desk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff
        self._proofs = staff.proofs

    def routes(self) -> list[Route]:
        """Path and method → page."""

        def open_to_all(
            method: Literal["GET", "POST"],
            path: str,
            answer: Callable[[Visit], Response],
            most: int = 64 << 10,
        ) -> Route:
            return Route(method=method, path=path, role=None, answer=answer, most=most)

        return [
            open_to_all("GET", "/sign-in", self.form),
            open_to_all("POST", "/sign-in", self.sign_in, most=_CARRIES),
            open_to_all("GET", "/second", self.second_form),
            open_to_all("POST", "/second", self.second, most=_CARRIES),
            open_to_all("GET", "/second/set-up", self.set_up_form),
            open_to_all("POST", "/second/set-up", self.set_up),
            open_to_all("POST", "/second/set-up/confirm", self.confirm),
            open_to_all("GET", "/invitation/{word}", self.invitation),
            open_to_all("POST", "/invitation/{word}", self.accept),
            open_to_all("POST", "/sign-out", self.sign_out),
            Route(method="POST", path="/step-up", role=Role.VIEWER, answer=self.step_up),
        ]

    # --- password

    def form(self, visit: Visit) -> Response:
        """The form to sign in; whoever is signed in goes on."""
        onward = inside(visit.query("next"))
        if visit.member is not None:
            return self._on(visit, onward)
        return self._form(visit, onward)

    def _form(self, visit: Visit, onward: str, *, status: int = 200, fault: str = "") -> Response:
        return self._desk.page(
            visit,
            "sign-in.html.j2",
            title="Sign in",
            status=status,
            faults=[("email", fault)] if fault else [],
            address=shown_again(visit.field("email")),
            next=onward,
            again=visit.field("again"),
        )

    def sign_in(self, visit: Visit) -> Response:
        """Take an address and a password."""
        onward = inside(visit.field("next"))
        done = signin.sign_in(
            visit.field("email"),
            visit.field("password"),
            place=place_of(visit.request),
            before=word_of(visit.request),
            proofs=self._proofs,
        )
        if isinstance(done, Denied):
            status = 429 if done is Denied.TOO_OFTEN else 401
            return self._form(visit, onward, status=status, fault=_NOT_IN)
        return self._entered(visit, done, onward)

    def _entered(self, visit: Visit, done: SignedIn, onward: str) -> Response:
        """One step further, with the word of the session in the cookie."""
        response = self._next(visit, done, onward)
        set_cookie(response, visit.request, done.word)
        return response

    def _next(self, visit: Visit, done: SignedIn, onward: str) -> Response:
        if done.stage is Stage.HALF:
            return self._second(visit, onward, done.address)
        if done.stage is Stage.ENROLLING:
            return self._desk.go(visit, _SET_UP.removeprefix(HOME))
        carried = _carried(visit.field("again"))
        if carried is None:
            return self._on(visit, onward)
        return self._desk.page(
            visit,
            "again.html.j2",
            title="You are signed in again",
            who=done.address,
            **carried,
        )

    def _on(self, visit: Visit, onward: str) -> Response:
        return self._desk.go(visit, onward.removeprefix(HOME))

    # --- second factor

    def second_form(self, visit: Visit) -> Response:
        """The form for a code; whoever is not halfway in begins again."""
        half = self._half(visit)
        if half is None or half.stage is not Stage.HALF:
            return self._desk.go(visit, "/sign-in")
        return self._second(visit, inside(visit.query("next")), half.address)

    def _second(
        self, visit: Visit, onward: str, address: str, *, status: int = 200, fault: str = ""
    ) -> Response:
        return self._desk.page(
            visit,
            "second.html.j2",
            title="Enter your code",
            status=status,
            faults=[("code", fault)] if fault else [],
            next=onward,
            again=visit.field("again"),
            passkeys=offer(visit, address, self._staff),
        )

    def second(self, visit: Visit) -> Response:
        """Take a one-time or recovery code, or a passkey."""
        onward = inside(visit.field("next"))
        done = signin.second(
            word_of(visit.request),
            shown(visit, "code", self._staff),
            place=place_of(visit.request),
            proofs=self._proofs,
        )
        if done is Denied.OVER:
            return self._form(visit, onward, status=401, fault=PROOF_FAULTS[done])
        if isinstance(done, Denied):
            status = 429 if done is Denied.TOO_OFTEN else 401
            half, said = self._half(visit), PROOF_FAULTS[done]
            address = half.address if half else ""
            return self._second(visit, onward, address, status=status, fault=said)
        return self._entered(visit, done, onward)

    def _half(self, visit: Visit) -> Session | None:
        return signin.halfway(word_of(visit.request), proofs=self._proofs)

    # --- its first set-up, where the role demands it

    def set_up_form(self, visit: Visit) -> Response:
        """The QR code, or the button that makes one."""
        half = self._half(visit)
        if half is None or half.stage is not Stage.ENROLLING:
            return self._desk.go(visit, "/sign-in")
        return self._set_up(visit, half)

    def _set_up(self, visit: Visit, half: Session, *, fault: str = "") -> Response:
        shown = account.enrolment(
            half.hash,
            stage=Stage.ENROLLING,
            issuer=self._staff.settings.organisation.name,
            proofs=self._proofs,
        )
        return self._desk.page(
            visit,
            "set-up.html.j2",
            title="Set up a second factor",
            status=401 if fault else 200,
            faults=[("code", fault)] if fault else [],
            demanded=True,
            picture=qr.picture(shown.address) if shown else "",
            secret=shown.secret if shown else "",
            action=_SET_UP,
            next=HOME,
        )

    def set_up(self, visit: Visit) -> Response:
        """Make a secret for an app."""
        hashed = hash_of(word_of(visit.request))
        account.begin_factor(hashed, stage=Stage.ENROLLING, proofs=self._proofs)
        return self._desk.go(visit, _SET_UP.removeprefix(HOME))

    def confirm(self, visit: Visit) -> Response:
        """A first code turns it on, and signs in."""
        hashed = hash_of(word_of(visit.request))
        done = account.confirm_factor(
            hashed,
            visit.field("code"),
            stage=Stage.ENROLLING,
            place=place_of(visit.request),
            proofs=self._proofs,
        )
        half = self._half(visit)
        if isinstance(done, Denied):
            if half is None:
                return self._desk.go(visit, "/sign-in")
            return self._set_up(visit, half, fault=PROOF_FAULTS[done])
        return codes_page(self._desk, visit, done, onward=HOME)

    # --- invitations

    def invitation(self, visit: Visit) -> Response:
        """What a link offers. To look at it spends nothing."""
        try:
            offered = people.look_at(visit.param("word"), proofs=self._proofs)
        except NotFound as error:
            return self._spent(visit, error)
        return self._invitation(visit, offered)

    def _spent(self, visit: Visit, error: NotFound) -> Response:
        title = "This link doesn't work any more"
        return self._desk.failed(visit, title, str(error), status=404)

    def _invitation(self, visit: Visit, offered: Invitation, *, fault: str = "") -> Response:
        joins = offered.kind is LinkKind.INVITATION
        return self._desk.page(
            visit,
            "invitation.html.j2",
            title="Welcome" if joins else "Choose a new password",
            status=422 if fault else 200,
            faults=[("password", fault)] if fault else [],
            fault=fault,
            joins=joins,
            address=offered.address,
            name=shown_again(visit.field("name")) or name_of(offered.address),
            role=offered.role.value,
            does=ROLES[offered.role],
            action=visit.path,
        )

    def accept(self, visit: Visit) -> Response:
        """Use a link: set the password, and sign in."""
        word = visit.param("word")
        try:
            done = people.accept(
                word,
                name=visit.field("name"),
                password=visit.field("password"),
                place=place_of(visit.request),
                proofs=self._proofs,
            )
            if isinstance(done, str):
                offered = people.look_at(word, proofs=self._proofs)
                return self._invitation(visit, offered, fault=done)
        except NotFound as error:
            return self._spent(visit, error)
        return self._entered(visit, done, HOME)

    # --- out, and a fresh factor for a page that is only looked at

    def sign_out(self, visit: Visit) -> Response:
        """End the session here and on the server. It does no harm twice."""
        signin.sign_out(hash_of(word_of(visit.request)), proofs=self._proofs)
        response = self._desk.go(visit, "/sign-in", done="signed-out")
        set_cookie(response, visit.request, "")
        return response

    def step_up(self, visit: Visit) -> Response:
        """Take a fresh factor, and go on to the page that asked for it."""
        done = signin.step_up(
            visit.who.session.hash,
            shown(visit, PROOF, self._staff),
            place=place_of(visit.request),
            proofs=self._proofs,
        )
        if isinstance(done, Denied):
            return self._desk.step_up(visit, done)
        response = self._on(visit, inside(visit.field("next")))
        set_cookie(response, visit.request, done.word)
        return response


def codes_page(desk: Desk, visit: Visit, done: account.Enrolled, *, onward: str) -> Response:
    """The recovery codes, once, and the new word of the session."""
    response = desk.page(
        visit,
        "codes.html.j2",
        title="Your recovery codes",
        nav="account",
        faults=[],
        codes=done.codes,
        next=onward,
    )
    set_cookie(response, visit.request, done.signed_in.word)
    return response


def _carried(text: str) -> dict[str, Any] | None:
    """What somebody was sending, to one of our own addresses; None where there is nothing."""
    try:
        read = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict):
        return None
    action, fields = read.get("action"), read.get("fields")
    if not isinstance(action, str) or not isinstance(fields, dict) or inside(action) != action:
        return None
    lists = all(isinstance(values, list) for values in fields.values())
    if not lists or not all(isinstance(one, str) for values in fields.values() for one in values):
        return None
    return {"action": action, "fields": fields}
