"""One's own account: password, second factor, recovery codes, sessions."""

from collections.abc import Callable
from typing import Literal

from starlette.responses import Response

from newsletter.credentials import qr
from newsletter.domain.staff.account import Stage
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.staff import account
from newsletter.pipeline.staff.proofs import Denied, SignedIn
from newsletter.runtime.staff import Staff
from newsletter.web.desk.browser import inside, place_of, set_cookie
from newsletter.web.desk.page import PROOF_FAULTS, Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.staff.door import codes_page
from newsletter.web.desk.visit import Visit

Method = Literal["GET", "POST"]
Answer = Callable[[Visit], Response]
_HERE = "/account"


class Account:
    """What everybody sees and changes of their own account, and of nobody else's."""

    def __init__(self, desk: Desk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff
        self._proofs = staff.proofs

    def routes(self) -> list[Route]:
        """Path and method → page."""

        def route(method: Method, path: str, answer: Answer, *, fresh: bool = False) -> Route:
            return Route(method=method, path=path, role=Role.VIEWER, answer=answer, step_up=fresh)

        return [
            route("GET", "/account", self.overview),
            route("GET", "/account/password", self.password_form),
            route("POST", "/account/password", self.password),
            route("GET", "/account/factor", self.factor_form, fresh=True),
            route("POST", "/account/factor", self.factor, fresh=True),
            route("POST", "/account/factor/confirm", self.confirm, fresh=True),
            route("POST", "/account/factor/remove", self.remove, fresh=True),
            route("POST", "/account/codes", self.codes, fresh=True),
            route("POST", "/account/codes/kept", self.kept),
            route("POST", "/account/sessions", self.end_others),
            route("POST", "/account/sessions/{key}", self.end),
        ]

    def overview(self, visit: Visit) -> Response:
        """All of it on one page."""
        return self._desk.page(
            visit,
            "account.html.j2",
            title="Your account",
            nav="account",
            mine=account.overview(visit.who.address, proofs=self._proofs),
            session=visit.who.session.key,
        )

    # --- password

    def password_form(self, visit: Visit) -> Response:
        """The form for another password."""
        return self._password(visit)

    def _password(self, visit: Visit, field: str = "", fault: str = "") -> Response:
        return self._desk.page(
            visit,
            "password.html.j2",
            title="Change your password",
            nav="account",
            status=422 if fault else 200,
            faults=[(field, fault)] if fault else [],
        )

    def password(self, visit: Visit) -> Response:
        """Set another password; all other sessions end."""
        done = account.change_password(
            visit.who.session.hash,
            visit.field("old"),
            visit.field("new"),
            place=place_of(visit.request),
            proofs=self._proofs,
        )
        if not isinstance(done, SignedIn):
            return self._password(visit, *done)
        return self._went(visit, done, "password")

    # --- second factor

    def factor_form(self, visit: Visit) -> Response:
        """The QR code of what is being set up, or the button that makes one."""
        return self._factor(visit)

    def _factor(self, visit: Visit, denied: Denied | None = None) -> Response:
        shown = account.enrolment(
            visit.who.session.hash,
            stage=Stage.WHOLE,
            issuer=self._staff.settings.organisation.name,
            proofs=self._proofs,
        )
        return self._desk.page(
            visit,
            "set-up.html.j2",
            title="Set up a second factor",
            nav="account",
            status=422 if denied else 200,
            faults=[("code", PROOF_FAULTS[denied])] if denied else [],
            demanded=False,
            picture=qr.picture(shown.address) if shown else "",
            secret=shown.secret if shown else "",
            action="/desk/account/factor",
            next="/desk/account",
        )

    def factor(self, visit: Visit) -> Response:
        """Make a secret for an app; the factor of before goes on until it is proved."""
        account.begin_factor(visit.who.session.hash, stage=Stage.WHOLE, proofs=self._proofs)
        return self._desk.go(visit, "/account/factor")

    def confirm(self, visit: Visit) -> Response:
        """A first code turns it on."""
        done = account.confirm_factor(
            visit.who.session.hash,
            visit.field("code"),
            stage=Stage.WHOLE,
            place=place_of(visit.request),
            proofs=self._proofs,
        )
        if isinstance(done, Denied):
            return self._factor(visit, done)
        return codes_page(self._desk, visit, done, onward="/desk/account")

    def remove(self, visit: Visit) -> Response:
        """Sign in with the password alone from now on."""
        done = account.drop_factor(
            visit.who.session.hash, place=place_of(visit.request), proofs=self._proofs
        )
        return self._went(visit, done, "factor-removed")

    # --- recovery codes

    def codes(self, visit: Visit) -> Response:
        """New ones, shown once."""
        made = account.renew_codes(visit.who.session.hash, proofs=self._proofs)
        return self._codes(visit, made)

    def _codes(self, visit: Visit, made: tuple[str, ...], fault: str = "") -> Response:
        return self._desk.page(
            visit,
            "codes.html.j2",
            title="Your recovery codes",
            nav="account",
            status=422 if fault else 200,
            faults=[("code", fault)] if fault else [],
            codes=made,
            next=inside(visit.field("next") or "/desk/account"),
        )

    def kept(self, visit: Visit) -> Response:
        """One is typed back."""
        hashed, code = visit.who.session.hash, visit.field("code")
        if account.type_back(hashed, code, proofs=self._proofs):
            onward = inside(visit.field("next") or "/desk/account")
            return self._desk.go(visit, onward.removeprefix("/desk"), done="codes-kept")
        fault = "This is none of your codes. Look at what you kept, or make new codes."
        return self._codes(visit, (), fault)

    # --- sessions

    def end(self, visit: Visit) -> Response:
        """End one of one's own sessions."""
        key = visit.param("key")
        account.end_session(visit.who.session.hash, key, proofs=self._proofs)
        return self._desk.go(visit, _HERE, done="session-ended")

    def end_others(self, visit: Visit) -> Response:
        """End all but this one."""
        account.end_others(visit.who.session.hash, proofs=self._proofs)
        return self._desk.go(visit, _HERE, done="sessions-ended")

    def _went(self, visit: Visit, done: SignedIn, what: str) -> Response:
        response = self._desk.go(visit, _HERE, done=what)
        set_cookie(response, visit.request, done.word)
        return response
