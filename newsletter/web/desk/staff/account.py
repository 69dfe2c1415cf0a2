"""A person's own account: password, second factor, passkeys, recovery codes, sessions."""

from starlette.responses import Response

from newsletter.domain.campaigns.notices import NoticeKind
from newsletter.domain.staff.account import MAX_NAME_CHARACTERS, SignInBy, Stage
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from newsletter.pipeline.staff import account
from newsletter.pipeline.staff.proofs import Refusal, SignedIn
from newsletter.web.desk import browser
from newsletter.web.desk.page import PROOF_FAULT_WORDS, StaffPart
from newsletter.web.desk.request import DeskRequest, go, route
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
            mine=account.overview(request.who.address, proofs=self._proofs),
            session=request.who.session.key,
            kinds=NoticeKind,
            SignInBy=SignInBy,
            languages=request.desk.languages,
        )

    @route("POST", "/account/language", Role.VIEWER)
    def language(self, request: DeskRequest) -> Response:
        """Set the language of the desk; an unknown value means the browser's."""
        chosen = request.field("language")
        chosen = chosen if chosen in request.desk.languages else ""
        account.choose_language(request.who.session.hash, chosen, proofs=self._proofs)
        return go(_ACCOUNT_PATH, done="saved")

    @route("POST", "/account/notices", Role.VIEWER)
    def notices(self, request: DeskRequest) -> Response:
        """Set which notices are mailed to the person."""
        muted = [kind for kind in NoticeKind if kind.name not in request.posted.all("notice")]
        account.choose_notices(request.who.session.hash, muted, proofs=self._proofs)
        return go(_ACCOUNT_PATH, done="notices")

    # --- password

    @route("GET", "/account/password", Role.VIEWER)
    def _password(self, request: DeskRequest) -> Response:
        return request.page("password.html.j2", title=say("Change your password"))

    @route("POST", "/account/password", Role.VIEWER)
    def password(self, request: DeskRequest) -> Response:
        """Change the password, and end all other sessions."""
        done = account.change_password(
            request.who.session.hash,
            request.field("old"),
            request.field("new"),
            client=request.client,
            proofs=self._proofs,
        )
        if not isinstance(done, SignedIn):
            return self._password(request.with_faults(done))
        return self._report(request, done, "password")

    @route("POST", "/account/provider/remove", Role.VIEWER, step_up=True)
    def disconnect(self, request: DeskRequest) -> Response:
        """Disconnect the account from the one at the identity provider."""
        done = account.disconnect(
            request.who.session.hash, client=request.client, proofs=self._proofs
        )
        return self._report(request, done, "provider-removed")

    # --- second factor

    @route("GET", "/account/factor", Role.VIEWER, step_up=True)
    def _factor(self, request: DeskRequest) -> Response:
        return set_up_page(request, request.who.session, self._staff)

    @route("POST", "/account/factor", Role.VIEWER, step_up=True)
    def factor(self, request: DeskRequest) -> Response:
        """Create a secret for an app. The old factor stays valid until the new one is confirmed."""
        account.begin_factor(request.who.session.hash, stage=Stage.WHOLE, proofs=self._proofs)
        return go("/account/factor")

    @route("POST", "/account/factor/confirm", Role.VIEWER, step_up=True)
    def confirm(self, request: DeskRequest) -> Response:
        """Check the first code of the app, and turn the factor on."""
        done = account.confirm_factor(
            request.who.session.hash,
            request.field("code"),
            stage=Stage.WHOLE,
            client=request.client,
            proofs=self._proofs,
        )
        if isinstance(done, Refusal):
            return self._factor(request.with_faults(("code", say(PROOF_FAULT_WORDS[done]))))
        response = codes_page(request, done.codes, next_path="/desk/account")
        browser.set_cookie(response, request.http, done.signed_in.token)
        return response

    @route("POST", "/account/factor/remove", Role.VIEWER, step_up=True)
    def remove(self, request: DeskRequest) -> Response:
        """Remove the second factor."""
        done = account.drop_factor(
            request.who.session.hash, client=request.client, proofs=self._proofs
        )
        return self._report(request, done, "factor-removed")

    # --- passkeys

    @route("POST", "/passkey", None)
    def ask_for_passkey(self, request: DeskRequest) -> Response:
        """Return the browser's options for using a passkey, as JSON for the script."""
        party = browser.relying_party(request.http, self._staff)
        asked = party and account.ask_for_passkey(
            browser.session_token(request.http), party=party, proofs=self._proofs
        )
        if not asked:
            return request.data({"fault": _SIGNED_OUT_MESSAGE}, status=409)
        return request.data(asked)

    @route("GET", "/account/passkeys", Role.VIEWER, step_up=True)
    def _passkey_form(self, request: DeskRequest) -> Response:
        return request.page(
            "passkey.html.j2",
            title=say("Add a passkey"),
            name=request.field("name")[:MAX_NAME_CHARACTERS] or request.client.browser,
            longest=MAX_NAME_CHARACTERS,
            elsewhere=browser.passkey_hint(request.http, self._staff),
            mine=account.overview(request.who.address, proofs=self._proofs).credential,
        )

    @route("POST", "/account/passkeys/options", Role.VIEWER, step_up=True)
    def passkey_options(self, request: DeskRequest) -> Response:
        """Return the browser's options for creating a passkey, as JSON for the script."""
        party = browser.relying_party(request.http, self._staff)
        if party is None:
            return request.data(
                {"fault": browser.passkey_hint(request.http, self._staff)}, status=409
            )
        hashed = request.who.session.hash
        return request.data(account.begin_passkey(hashed, party=party, proofs=self._proofs))

    @route("POST", "/account/passkeys", Role.VIEWER, step_up=True)
    def add_passkey(self, request: DeskRequest) -> Response:
        """Store the passkey that the browser made."""
        party = browser.relying_party(request.http, self._staff)
        if party is None:
            hint = browser.passkey_hint(request.http, self._staff)
            return self._passkey_form(request.with_faults(("", hint)))
        done = account.add_passkey(
            request.who.session.hash,
            request.field("made"),
            name=request.field("name"),
            party=party,
            client=request.client,
            proofs=self._proofs,
        )
        if isinstance(done, Refusal):
            return self._passkey_form(request.with_faults(("", PROOF_FAULT_WORDS[done])))
        return self._report(request, done, "passkey")

    @route("POST", "/account/passkeys/{key}/remove", Role.VIEWER, step_up=True)
    def remove_passkey(self, request: DeskRequest) -> Response:
        done = account.remove_passkey(
            request.who.session.hash,
            request.param("key"),
            client=request.client,
            proofs=self._proofs,
        )
        return self._report(request, done, "passkey-removed")

    # --- recovery codes

    @route("POST", "/account/codes", Role.VIEWER, step_up=True)
    def codes(self, request: DeskRequest) -> Response:
        """Create recovery codes, which replace the old ones, and show them once."""
        made = account.renew_codes(request.who.session.hash, proofs=self._proofs)
        return codes_page(request, made, next_path="/desk/account")

    # --- sessions

    @route("POST", "/account/sessions/{key}", Role.VIEWER)
    def end(self, request: DeskRequest) -> Response:
        key = request.param("key")
        account.end_session(request.who.session.hash, key, proofs=self._proofs)
        return go(_ACCOUNT_PATH, done="session-ended")

    @route("POST", "/account/sessions", Role.VIEWER)
    def end_others(self, request: DeskRequest) -> Response:
        account.end_others(request.who.session.hash, proofs=self._proofs)
        return go(_ACCOUNT_PATH, done="sessions-ended")

    def _report(self, request: DeskRequest, done: SignedIn, what: str) -> Response:
        response = go(_ACCOUNT_PATH, done=what)
        browser.set_cookie(response, request.http, done.token)
        return response
