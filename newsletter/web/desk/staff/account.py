"""One's own account: password, second factor, passkeys, recovery codes, sessions."""

from starlette.responses import Response

from newsletter.domain.campaigns.notices import NoticeKind
from newsletter.domain.staff.account import Stage
from newsletter.domain.staff.passkey import LONGEST_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from newsletter.pipeline.staff import account
from newsletter.pipeline.staff.proofs import Denied, SignedIn
from newsletter.runtime.services import Staff
from newsletter.web.desk.browser import elsewhere, party_at, place_of, set_cookie, word_of
from newsletter.web.desk.page import PROOF_FAULTS, Desk
from newsletter.web.desk.request import DeskRequest, Route
from newsletter.web.desk.staff.sign_in import codes_page, set_up_page

_HERE = "/account"
_PASSKEYS = "/account/passkeys"
_NOBODY = "You've been signed out, or you have no passkey for this website. Use a code instead."


class Account:
    """The pages on which people see and change their own account."""

    def __init__(self, desk: Desk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff
        self._proofs = staff.proofs

    def routes(self) -> list[Route]:
        see = Role.VIEWER
        return [
            Route("GET", "/account", see, self.overview),
            Route("GET", "/account/password", see, self._password),
            Route("POST", "/account/password", see, self.password),
            Route("GET", "/account/factor", see, self._factor, step_up=True),
            Route("POST", "/account/factor", see, self.factor, step_up=True),
            Route("POST", "/account/factor/confirm", see, self.confirm, step_up=True),
            Route("POST", "/account/factor/remove", see, self.remove, step_up=True),
            Route("POST", "/account/codes", see, self.codes, step_up=True),
            Route("POST", "/account/notices", see, self.notices),
            Route("POST", "/account/language", see, self.language),
            Route("POST", "/account/sessions", see, self.end_others),
            Route("POST", "/account/sessions/{key}", see, self.end),
            Route("POST", "/passkey", None, self.ask_for_passkey),
            Route("GET", _PASSKEYS, see, self._passkey_form, step_up=True),
            Route("POST", _PASSKEYS, see, self.add_passkey, step_up=True),
            Route("POST", f"{_PASSKEYS}/options", see, self.passkey_options, step_up=True),
            Route("POST", f"{_PASSKEYS}/{{key}}/remove", see, self.remove_passkey, step_up=True),
        ]

    def overview(self, request: DeskRequest) -> Response:
        """Show the account."""
        return self._desk.page(
            request,
            "account.html.j2",
            title=say("Your account"),
            mine=account.overview(request.who.address, proofs=self._proofs),
            session=request.who.session.key,
            kinds=NoticeKind,
            languages=self._desk.languages,
        )

    def language(self, request: DeskRequest) -> Response:
        """Choose the language of the desk; any other value leaves it to the browser."""
        chosen = request.field("language")
        chosen = chosen if chosen in self._desk.languages else ""
        account.choose_language(request.who.session.hash, chosen, proofs=self._proofs)
        return self._desk.go(request, _HERE, done="saved")

    def notices(self, request: DeskRequest) -> Response:
        """Choose the notices that are mailed."""
        muted = [kind for kind in NoticeKind if kind.name not in request.posted.all("notice")]
        account.choose_notices(request.who.session.hash, muted, proofs=self._proofs)
        return self._desk.go(request, _HERE, done="notices")

    # --- password

    def _password(self, request: DeskRequest, field: str = "", fault: str = "") -> Response:
        return self._desk.page(
            request,
            "password.html.j2",
            title=say("Change your password"),
            faults=[(field, fault)] if fault else (),
        )

    def password(self, request: DeskRequest) -> Response:
        """Set another password; all other sessions end."""
        done = account.change_password(
            request.who.session.hash,
            request.field("old"),
            request.field("new"),
            place=place_of(request.http),
            proofs=self._proofs,
        )
        if not isinstance(done, SignedIn):
            return self._password(request, *done)
        return self._went(request, done, "password")

    # --- second factor

    def _factor(self, request: DeskRequest, denied: Denied | None = None) -> Response:
        return set_up_page(self._desk, self._staff, request, request.who.session, denied)

    def factor(self, request: DeskRequest) -> Response:
        """Make a secret for an app. The former factor is valid until the new one is proved."""
        account.begin_factor(request.who.session.hash, stage=Stage.WHOLE, proofs=self._proofs)
        return self._desk.go(request, "/account/factor")

    def confirm(self, request: DeskRequest) -> Response:
        """Turn the factor on by a first code."""
        done = account.confirm_factor(
            request.who.session.hash,
            request.field("code"),
            stage=Stage.WHOLE,
            place=place_of(request.http),
            proofs=self._proofs,
        )
        if isinstance(done, Denied):
            return self._factor(request, done)
        response = codes_page(self._desk, request, done.codes, onward="/desk/account")
        set_cookie(response, request.http, done.signed_in.word)
        return response

    def remove(self, request: DeskRequest) -> Response:
        """Remove the factor."""
        done = account.drop_factor(
            request.who.session.hash, place=place_of(request.http), proofs=self._proofs
        )
        return self._went(request, done, "factor-removed")

    # --- passkeys

    def ask_for_passkey(self, request: DeskRequest) -> Response:
        """Return the browser's options for using a passkey, as JSON for the script."""
        party = party_at(request, self._staff)
        asked = party and account.ask_for_passkey(
            word_of(request.http), party=party, proofs=self._proofs
        )
        if not asked:
            return self._desk.data({"fault": _NOBODY}, status=409)
        return self._desk.data(asked)

    def _passkey_form(self, request: DeskRequest, fault: str = "") -> Response:
        return self._desk.page(
            request,
            "passkey.html.j2",
            title=say("Add a passkey"),
            faults=[("", fault)] if fault else (),
            name=request.field("name")[:LONGEST_NAME] or place_of(request.http).browser,
            longest=LONGEST_NAME,
            elsewhere=elsewhere(request, self._staff),
            app=account.overview(request.who.address, proofs=self._proofs).factor_at,
        )

    def passkey_options(self, request: DeskRequest) -> Response:
        """Return the browser's options for creating a passkey, as JSON for the script."""
        party = party_at(request, self._staff)
        if party is None:
            return self._desk.data({"fault": elsewhere(request, self._staff)}, status=409)
        hashed = request.who.session.hash
        return self._desk.data(account.begin_passkey(hashed, party=party, proofs=self._proofs))

    def add_passkey(self, request: DeskRequest) -> Response:
        """Store the passkey that the browser made."""
        party, place = party_at(request, self._staff), place_of(request.http)
        if party is None:
            return self._passkey_form(request, elsewhere(request, self._staff))
        done = account.add_passkey(
            request.who.session.hash,
            request.field("made"),
            name=request.field("name"),
            party=party,
            place=place,
            proofs=self._proofs,
        )
        if isinstance(done, Denied):
            return self._passkey_form(request, PROOF_FAULTS[done])
        return self._went(request, done, "passkey")

    def remove_passkey(self, request: DeskRequest) -> Response:
        """Remove a passkey."""
        done = account.remove_passkey(
            request.who.session.hash,
            request.param("key"),
            place=place_of(request.http),
            proofs=self._proofs,
        )
        return self._went(request, done, "passkey-removed")

    # --- recovery codes

    def codes(self, request: DeskRequest) -> Response:
        """Make new recovery codes and show them once."""
        made = account.renew_codes(request.who.session.hash, proofs=self._proofs)
        return codes_page(self._desk, request, made, onward="/desk/account")

    # --- sessions

    def end(self, request: DeskRequest) -> Response:
        """End a session of this account."""
        key = request.param("key")
        account.end_session(request.who.session.hash, key, proofs=self._proofs)
        return self._desk.go(request, _HERE, done="session-ended")

    def end_others(self, request: DeskRequest) -> Response:
        """End all other sessions of this account."""
        account.end_others(request.who.session.hash, proofs=self._proofs)
        return self._desk.go(request, _HERE, done="sessions-ended")

    def _went(self, request: DeskRequest, done: SignedIn, what: str) -> Response:
        response = self._desk.go(request, _HERE, done=what)
        set_cookie(response, request.http, done.word)
        return response
