"""A person's own account: password, second factor, passkeys, recovery codes, sessions."""

from starlette.responses import Response

from newsletter.domain.campaigns.notices import EVENT_KINDS
from newsletter.domain.staff.account import MAX_NAME_CHARS, SignInBy
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from newsletter.pipeline.staff import account
from newsletter.pipeline.staff.proofs import Refusal, SignedIn
from newsletter.web.desk import browser
from newsletter.web.desk.page import PROOF_FAULT_WORDS, StaffPart
from newsletter.web.desk.request import DeskRequest, redirect, route
from newsletter.web.desk.staff.sign_in import codes_page, set_up_page

_ACCOUNT_PATH = "/account"
_SIGNED_OUT_MESSAGE = say(
    "You've been signed out, or you have no passkey for this website. Use a code instead."
)


class Account(StaffPart):
    """The pages on which staff see and change their own account."""

    @route("GET", "/account", Role.VIEWER)
    def overview(self, request: DeskRequest) -> Response:
        return request.page(
            "account.html.j2",
            title=say("Your account"),
            overview=account.load_overview(request.who.address, proofs=request.proofs),
            session_key=request.who.session.key,
            kinds=EVENT_KINDS,
            SignInBy=SignInBy,
            languages=request.desk.languages,
        )

    @route("POST", "/account/language", Role.VIEWER)
    def choose_language(self, request: DeskRequest) -> Response:
        """Set the language of the desk; an unknown value means the browser's."""
        chosen = request.field("language")
        request.own_account().choose_language(chosen if chosen in request.desk.languages else "")
        return redirect(_ACCOUNT_PATH, done="saved")

    @route("POST", "/account/notices", Role.VIEWER)
    def choose_notices(self, request: DeskRequest) -> Response:
        chosen = request.posted.all("notice")
        unwanted = [kind for kind in EVENT_KINDS if kind.name not in chosen]
        request.own_account().choose_notices(unwanted)
        return redirect(_ACCOUNT_PATH, done="notices")

    @route("GET", "/account/password", Role.VIEWER)
    def _password_form(self, request: DeskRequest) -> Response:
        return request.page("password.html.j2", title=say("Change your password"))

    @route("POST", "/account/password", Role.VIEWER)
    def change_password(self, request: DeskRequest) -> Response:
        """Change the password, and end all other sessions."""
        result = request.own_account().change_password(request.field("old"), request.field("new"))
        if not isinstance(result, SignedIn):
            return self._password_form(request.with_faults(result))
        return self._redirect(request, result, "password")

    @route("POST", "/account/provider/remove", Role.VIEWER, step_up=True)
    def disconnect(self, request: DeskRequest) -> Response:
        return self._redirect(request, request.own_account().disconnect(), "provider-removed")

    @route("GET", "/account/factor", Role.VIEWER, step_up=True)
    def _factor_form(self, request: DeskRequest) -> Response:
        return set_up_page(request, request.own_account())

    @route("POST", "/account/factor", Role.VIEWER, step_up=True)
    def begin_factor(self, request: DeskRequest) -> Response:
        """Create a secret for an app. The old factor stays valid until the new one is confirmed."""
        request.own_account().begin_factor()
        return redirect("/account/factor")

    @route("POST", "/account/factor/confirm", Role.VIEWER, step_up=True)
    def confirm_factor(self, request: DeskRequest) -> Response:
        """Check the first code of the app, and turn the factor on."""
        result = request.own_account().confirm_factor(request.field("code"))
        if isinstance(result, Refusal):
            return self._factor_form(request.with_faults(("code", PROOF_FAULT_WORDS[result])))
        session, codes = result
        response = codes_page(request, codes, next_path="/desk/account")
        browser.set_cookie(response, request.http, session.token)
        return response

    @route("POST", "/account/factor/remove", Role.VIEWER, step_up=True)
    def remove_factor(self, request: DeskRequest) -> Response:
        return self._redirect(request, request.own_account().drop_factor(), "factor-removed")

    @route("POST", "/passkey", None)
    def ask_for_passkey(self, request: DeskRequest) -> Response:
        """Return the browser's options for using a passkey, as JSON for the script."""
        party = browser.relying_party(request.http, self._staff)
        challenge = party and account.ask_for_passkey(
            browser.session_token(request.http), party=party, proofs=request.proofs
        )
        if not challenge:
            return request.json_response({"fault": _SIGNED_OUT_MESSAGE}, status=409)
        return request.json_response(challenge)

    @route("GET", "/account/passkeys", Role.VIEWER, step_up=True)
    def _passkey_form(self, request: DeskRequest) -> Response:
        return request.page(
            "passkey.html.j2",
            title=say("Add a passkey"),
            name=request.field("name")[:MAX_NAME_CHARS] or request.client.browser,
            name_limit=MAX_NAME_CHARS,
            hindrance=browser.passkey_hint(request.http, self._staff),
            credential=account.load_overview(request.who.address, proofs=request.proofs).credential,
        )

    @route("POST", "/account/passkeys/options", Role.VIEWER, step_up=True)
    def passkey_options(self, request: DeskRequest) -> Response:
        """Return the browser's options for creating a passkey, as JSON for the script."""
        party = browser.relying_party(request.http, self._staff)
        if party is None:
            hint = browser.passkey_hint(request.http, self._staff)
            return request.json_response({"fault": hint}, status=409)
        return request.json_response(request.own_account().begin_passkey(party=party))

    @route("POST", "/account/passkeys", Role.VIEWER, step_up=True)
    def add_passkey(self, request: DeskRequest) -> Response:
        party = browser.relying_party(request.http, self._staff)
        if party is None:
            hint = browser.passkey_hint(request.http, self._staff)
            return self._passkey_form(request.with_faults(("", hint)))
        result = request.own_account().add_passkey(
            request.field("made"), name=request.field("name"), party=party
        )
        if isinstance(result, Refusal):
            return self._passkey_form(request.with_faults(("", PROOF_FAULT_WORDS[result])))
        return self._redirect(request, result, "passkey")

    @route("POST", "/account/passkeys/{key}/remove", Role.VIEWER, step_up=True)
    def remove_passkey(self, request: DeskRequest) -> Response:
        result = request.own_account().remove_passkey(request.param("key"))
        return self._redirect(request, result, "passkey-removed")

    @route("POST", "/account/codes", Role.VIEWER, step_up=True)
    def renew_codes(self, request: DeskRequest) -> Response:
        """Create recovery codes, which replace the old ones, and show them once."""
        return codes_page(request, request.own_account().renew_codes(), next_path="/desk/account")

    @route("POST", "/account/sessions/{key}", Role.VIEWER)
    def end_session(self, request: DeskRequest) -> Response:
        request.own_account().end_session(request.param("key"))
        return redirect(_ACCOUNT_PATH, done="session-ended")

    @route("POST", "/account/sessions", Role.VIEWER)
    def end_others(self, request: DeskRequest) -> Response:
        request.own_account().end_others()
        return redirect(_ACCOUNT_PATH, done="sessions-ended")

    def _redirect(self, request: DeskRequest, result: SignedIn, notice: str) -> Response:
        response = redirect(_ACCOUNT_PATH, done=notice)
        browser.set_cookie(response, request.http, result.token)
        return response
