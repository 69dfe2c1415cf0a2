"""Sign-in: password, second factor, its first set-up, invitations, and sign-out.

These pages are open to everyone. The pipeline decides what they reveal.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
from pydantic import TypeAdapter, ValidationError
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from newsletter.credentials import codes
from newsletter.credentials.codes import hash_token
from newsletter.credentials.passwords import Busy
from newsletter.domain.errors import NotFound
from newsletter.domain.staff.account import LinkKind, Session, SignInBy, SignInStage, name_of
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import one_line, say
from newsletter.pipeline.staff import people, signin
from newsletter.pipeline.staff.account import OwnAccount
from newsletter.pipeline.staff.proofs import Refusal, SignedIn
from newsletter.pipeline.staff.signin import SignInPurpose
from newsletter.runtime.services import Staff
from newsletter.web.desk import browser
from newsletter.web.desk.page import PROOF_FIELD, StaffPart
from newsletter.web.desk.request import DeskRequest, redirect, route

if TYPE_CHECKING:
    from newsletter.credentials.identity_provider import IdentityProvider

_MAX_NAME_CHARS = 200
"""Characters of a typed name that are stored with the sign-in at the provider."""
_MAX_RESENT_BYTES = 4 << 20
"""Bytes of a sign-in form, which may carry the form that was sent after the session ended."""
_SIGN_IN_REFUSED = say(
    "We couldn't sign you in. Check your email address and your password."
    " After several failures, wait 5 minutes before you try again."
)
"""The same text for a wrong password, an unknown address and too many failures."""
_BUSY_MESSAGE = say("Too many people are signing in just now. Try again in a minute.")
_SET_UP_PATH = "/desk/second/set-up"


class SignIn(StaffPart):
    """The pages for people who are not signed in yet."""

    def __init__(self, staff: Staff) -> None:
        super().__init__(staff)
        self._delay = _RefusalDelay()

    @route("GET", "/sign-in", None)
    def form(self, request: DeskRequest) -> Response:
        """Show the sign-in form; redirect a person who is signed in."""
        target = browser.desk_path(request.query("next"))
        if request.member is not None:
            return redirect(target)
        return self._form(request, target)

    def _form(self, request: DeskRequest, next_path: str) -> Response:
        return request.page(
            "sign-in.html.j2",
            title=say("Sign in"),
            address=one_line(request.field("email")),
            next=next_path,
            again=request.field("again"),
        )

    @route("POST", "/sign-in", None, max_bytes=_MAX_RESENT_BYTES)
    def sign_in(self, request: DeskRequest) -> Response:
        target, began = browser.desk_path(request.field("next")), time.monotonic()
        if request.member is not None and not request.field("email"):  # signed in elsewhere
            return self._carry_on(request, target, request.member.address)
        try:
            result = signin.sign_in(
                request.field("email"),
                request.field("password"),
                # it ends: a word that somebody planted is worth nothing
                before=browser.session_token(request.http),
                proofs=request.proofs,
            )
        except Busy:
            busy_request = request.with_faults(("email", _BUSY_MESSAGE), status=503)
            page = self._form(busy_request, target)  # with what it carries along
            page.headers["Retry-After"] = "60"
            return self._delay.delay_page(page, began, is_measured=False)
        if isinstance(result, Refusal):
            page = self._form(request.with_faults(("email", _SIGN_IN_REFUSED), status=401), target)
            return self._delay.delay_page(page, began, is_measured=result is Refusal.WRONG)
        return self._enter(request, result, target)

    def _enter(self, request: DeskRequest, signed_in: SignedIn, next_path: str) -> Response:
        """Return the page after this step of the sign-in, with the session's cookie."""
        if signed_in.stage is SignInStage.HALF:
            response = self._code_page(request, next_path, signed_in.address)
        elif signed_in.stage is SignInStage.ENROLLING:
            response = redirect(_SET_UP_PATH)
        else:
            response = self._carry_on(request, next_path, signed_in.address)
        self._set_cookies(response, request, signed_in)
        return response

    def _set_cookies(self, response: Response, request: DeskRequest, signed_in: SignedIn) -> None:
        is_known = codes.find_device(request.proofs.key, signed_in.address, request.client.device)
        if signed_in.stage is SignInStage.WHOLE and not is_known:
            device = codes.new_device_cookie(request.proofs.key, signed_in.address)
            browser.set_cookie(response, request.http, device, browser.DEVICE_COOKIE, days=90)
        browser.set_cookie(response, request.http, signed_in.token)

    def _carry_on(self, request: DeskRequest, next_path: str, address: str) -> Response:
        """Show the form that was sent after the session ended, or redirect to ``next_path``."""
        form = _parse_resent_form(request.field("again"))
        if form is None:
            return redirect(next_path)
        return request.page(
            "again.html.j2", title=say("You are signed in again"), who=address, **vars(form)
        )

    @route("POST", "/sign-in/provider", None, calls_provider=True)
    def leave_for_provider(self, request: DeskRequest) -> Response:
        """Redirect to the identity provider, for a sign-in or a step-up."""
        target, member = browser.desk_path(request.field("next")), request.member
        if member is not None and request.field("again") == "login":
            return self._to_provider(request, SignInPurpose.PROVE, member.address, target)
        return self._to_provider(request, SignInPurpose.SIGN_IN, "", target)

    @route("POST", "/account/provider", Role.VIEWER, step_up=True, calls_provider=True)
    def connect(self, request: DeskRequest) -> Response:
        """Connect the signed-in person's account with one at the identity provider."""
        return self._to_provider(
            request, SignInPurpose.CONNECT, request.who.address, "/desk/account"
        )

    @route("POST", "/invitation/{word}/provider", None, calls_provider=True)
    def join(self, request: DeskRequest) -> Response:
        """Accept an invitation with an account at the identity provider instead of a password."""
        link, _ = people.load_link(request.param("word"), proofs=request.proofs)
        name = request.field("name")[:_MAX_NAME_CHARS]
        return self._to_provider(request, SignInPurpose.JOIN, link.address, "/desk", link.id, name)

    def _to_provider(self, request: DeskRequest, purpose: SignInPurpose, *about: Any) -> Response:
        provider = self._provider()
        token = signin.leave_for_provider(purpose, *about, proofs=request.proofs)
        back = browser.redirect_uri(request.http, self._staff)
        address = provider.authorization_url(
            token, redirect_uri=back, force_login=purpose is SignInPurpose.PROVE
        )
        title = say("On to {name}", name=provider.desk.name)
        page = request.page("provider.html.j2", title=title, address=address)
        # browsers hold form-action against redirects, wherever the provider then leads
        page.headers["Refresh"] = f"0; url={address}"
        browser.set_cookie(page, request.http, token, browser.PROVIDER_COOKIE_SUFFIX)
        return page

    @route("GET", "/sign-in/back", None)
    def back(self, request: DeskRequest) -> Response:
        """Show the form that posts the authorization code to ``return_from_provider``."""
        title = say("Back from {name}", name=self._provider().desk.name)
        code, state = request.query("code"), request.query("state")
        return request.page("back.html.j2", title=title, code=code, state=state)

    @route("POST", "/sign-in/back", None, calls_provider=True)
    def return_from_provider(self, request: DeskRequest) -> Response:
        """Exchange the authorization code, and sign in."""
        provider = self._provider()
        token = browser.session_token(request.http, browser.PROVIDER_COOKIE_SUFFIX)
        back = browser.redirect_uri(request.http, self._staff)
        result = signin.return_from_provider(
            token,
            request.field("state"),
            lambda: provider.exchange_code(request.field("code"), token, redirect_uri=back),
            join=people.join,
            proofs=request.proofs,
            before=browser.session_token(request.http),
        )
        if isinstance(result, Refusal):
            return self._form(request.with_refusal("email", result), browser.HOME_PATH)
        return self._enter(request, *result)

    def _provider(self) -> "IdentityProvider":
        if self._staff.provider is None:
            raise NotFound(say("There is nothing at this address."))
        return self._staff.provider

    @route("GET", "/second", None)
    def second_factor_form(self, request: DeskRequest) -> Response:
        """Show the form for a code; redirect to the sign-in if no password was accepted before."""
        half = self._halfway_session(request)
        if half is None or half.stage is not SignInStage.HALF:
            return redirect("/sign-in")
        return self._code_page(request, browser.desk_path(request.query("next")), half.address)

    def _code_page(self, request: DeskRequest, next_path: str, address: str) -> Response:
        return request.page(
            "second.html.j2",
            title=say("Enter your code"),
            next=next_path,
            again=request.field("again"),
            passkeys=browser.offer_passkey(request.http, address, self._staff),
        )

    @route("POST", "/second", None, max_bytes=_MAX_RESENT_BYTES)
    def check_second_factor(self, request: DeskRequest) -> Response:
        """Check a one-time code, a recovery code or a passkey, and sign in."""
        target = browser.desk_path(request.field("next"))
        result = signin.confirm_second_factor(
            browser.session_token(request.http), request.proof("code"), proofs=request.proofs
        )
        if result is Refusal.OVER:
            return self._form(request.with_refusal("email", result), target)
        if isinstance(result, Refusal):
            half = self._halfway_session(request)
            return self._code_page(
                request.with_refusal("code", result), target, half.address if half else ""
            )
        return self._enter(request, result, target)

    def _halfway_session(self, request: DeskRequest) -> Session | None:
        return signin.find_half_session(browser.session_token(request.http), proofs=request.proofs)

    @route("GET", "/second/set-up", None)
    def set_up_form(self, request: DeskRequest) -> Response:
        """Show the QR code of the secret, or the button that creates a secret."""
        half = self._halfway_session(request)
        if half is None or half.stage is not SignInStage.ENROLLING:
            return redirect("/sign-in")
        return set_up_page(request, request.own_account(half.stage))

    @route("POST", "/second/set-up", None)
    def set_up(self, request: DeskRequest) -> Response:
        """Create the secret for an authenticator app."""
        request.own_account(SignInStage.ENROLLING).begin_factor()
        return redirect(_SET_UP_PATH)

    @route("POST", "/second/set-up/confirm", None)
    def confirm(self, request: DeskRequest) -> Response:
        """Check the first code of the app, turn the factor on, and sign in."""
        account = request.own_account(SignInStage.ENROLLING)
        result = account.confirm_factor(request.field("code"))
        if isinstance(result, Refusal):
            if self._halfway_session(request) is None:
                return redirect("/sign-in")
            return set_up_page(request.with_refusal("code", result), account)
        session, codes = result
        response = codes_page(request, codes, next_path=browser.HOME_PATH)
        self._set_cookies(response, request, session)
        return response

    @route("GET", "/forgotten", None)
    def forgotten_form(self, request: DeskRequest) -> Response:
        """Show the form that requests a link to reset a password."""
        return request.page("forgotten.html.j2", title=say("Forgotten password"))

    @route("POST", "/forgotten", None)
    def request_reset(self, request: DeskRequest) -> Response:
        """Mail a reset link to an account's owner. The answer is the same for unknown addresses."""
        people.request_reset(request.field("email"), proofs=request.proofs)
        return redirect("/account" if request.member else "/sign-in", done="forgotten")

    @route("GET", "/invitation/{word}", None)
    def invitation(self, request: DeskRequest) -> Response:
        """Show the invitation of a link. A GET does not use the link up."""
        try:
            return self._invitation(request)
        except NotFound as error:
            return self._spent_link_page(request, error)

    def _spent_link_page(self, request: DeskRequest, error: NotFound) -> Response:
        return request.failure_page(say("This link doesn't work any more"), str(error), status=404)

    def _invitation(self, request: DeskRequest) -> Response:
        invitation, ways = people.load_link(request.param("word"), proofs=request.proofs)
        is_invitation = invitation.kind is LinkKind.INVITATION
        return request.page(
            "invitation.html.j2",
            title=say("Welcome") if is_invitation else say("Choose a new password"),
            is_invitation=is_invitation,
            has_kept_factor=invitation.kind is LinkKind.FORGOTTEN,
            address=invitation.address,
            name=one_line(request.field("name")) or name_of(invitation.address),
            role=say(invitation.role.value),
            action=request.path,
            ways=ways,
            SignInBy=SignInBy,
        )

    @route("POST", "/invitation/{word}", None)
    def accept(self, request: DeskRequest) -> Response:
        """Use an invitation or reset link: set the password, and sign in."""
        try:
            result = people.accept(
                request.param("word"),
                name=request.field("name"),
                password=request.field("password"),
                proofs=request.proofs,
            )
            if isinstance(result, str):
                return self._invitation(request.with_faults(("password", result)))
        except NotFound as error:
            return self._spent_link_page(request, error)
        return self._enter(request, result, browser.HOME_PATH)

    @route("POST", "/sign-out", None)
    def sign_out(self, request: DeskRequest) -> Response:
        """End the session and delete its cookie. Without a session it does nothing."""
        signin.sign_out(hash_token(browser.session_token(request.http)), proofs=request.proofs)
        response = redirect("/sign-in", done="signed-out")
        browser.set_cookie(response, request.http, "")
        return response

    @route("POST", "/step-up", Role.VIEWER)
    def step_up(self, request: DeskRequest) -> Response:
        """Check a second factor, and redirect to the page that required it."""
        result = signin.step_up(
            request.who.session.hash, request.proof(PROOF_FIELD), proofs=request.proofs
        )
        if isinstance(result, Refusal):
            return request.step_up(result)
        response = redirect(browser.desk_path(request.field("next")))
        browser.set_cookie(response, request.http, result.token)
        return response


_PACE_SAMPLES = 20
_UNMEASURED_SECONDS = 0.2


class _RefusalDelay:
    """Delays refused sign-ins, so that the time does not reveal whether a password was hashed.

    A refusal by a limit hashes nothing. Each refusal takes twice as long as the fastest of the
    last failed comparisons: that one did not wait in a queue. The event loop waits, not a
    thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._durations: deque[float] = deque(maxlen=_PACE_SAMPLES)

    def delay_page(self, page: Response, began: float, *, is_measured: bool) -> Response:
        """Return the page, which is sent after the delay; ``began`` is a monotonic time."""
        with self._lock:
            if is_measured:
                self._durations.append(time.monotonic() - began)
            pause = 2 * min(self._durations, default=_UNMEASURED_SECONDS / 2)
        return _Delayed(page, until=began + pause)


class _Delayed(HTMLResponse):
    """A response that is sent at ``until``, a time of the monotonic clock."""

    def __init__(self, page: Response, *, until: float) -> None:
        super().__init__(page.body, page.status_code)
        self.raw_headers = page.raw_headers
        self._until = until

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep(max(0.0, self._until - time.monotonic()))
        await super().__call__(scope, receive, send)


def set_up_page(request: DeskRequest, account: OwnAccount) -> Response:
    """Return the page with the QR code of an unconfirmed secret, or the button that creates one."""
    is_required = account.stage is SignInStage.ENROLLING
    secret, uri = account.enrolment(issuer=request.desk.staff.settings.organisation.name)
    return request.page(
        "set-up.html.j2",
        title=say("Set up a second factor"),
        is_required=is_required,
        qr_code=codes.qr_code(uri) if uri else "",
        secret=secret,
        action=_SET_UP_PATH if is_required else "/desk/account/factor",
        next=browser.HOME_PATH if is_required else "/desk/account",
    )


def codes_page(request: DeskRequest, codes: Sequence[str], *, next_path: str) -> Response:
    return request.page(
        "codes.html.j2", title=say("Your recovery codes"), codes=codes, next=next_path
    )


@dataclass(frozen=True, kw_only=True)
class _ResentForm:
    """A form that was sent after the session ended."""

    action: str
    fields: dict[str, list[str]]
    files: list[str]
    """Names of the files, whose content is not kept."""


_RESENT_FORM = TypeAdapter(_ResentForm)


def _parse_resent_form(text: str) -> _ResentForm | None:
    """Parse a form to resend; None unless its action is a page of the desk."""
    try:
        form = _RESENT_FORM.validate_json(text, strict=True)
    except ValidationError:
        return None
    return form if browser.desk_path(form.action) == form.action else None
